//! Messages of two fields that many formats have.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::Wire::*;
use super::read::{Bytes, Reader};
use crate::error::Fault;

/// Two texts: a label's name and value.
#[inline]
pub(crate) fn texts<'a>(mut message: Reader<'a>) -> Result<[Bytes<'a>; 2], Fault> {
    let [mut first, mut second] = [Bytes::default(); 2];
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => first = message.bytes()?,
            (2, Len) => second = message.bytes()?,
            _ => message.skip(tag)?,
        }
    }
    Ok([first, second])
}

/// Two `double`s: a quantile and its value.
pub(crate) fn doubles(mut message: Reader<'_>) -> Result<(f64, f64), Fault> {
    let (mut first, mut second) = (0.0, 0.0);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Fixed64) => first = message.double()?,
            (2, Fixed64) => second = message.double()?,
            _ => message.skip(tag)?,
        }
    }
    Ok((first, second))
}

/// A `google.protobuf.Timestamp`: seconds and nanoseconds.
#[inline]
pub(crate) fn timestamp(mut message: Reader<'_>) -> Result<(i64, i32), Fault> {
    let (mut seconds, mut nanos) = (0, 0);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => seconds = message.int64()?,
            (2, Varint) => nanos = message.int32()?,
            _ => message.skip(tag)?,
        }
    }
    Ok((seconds, nanos))
}
