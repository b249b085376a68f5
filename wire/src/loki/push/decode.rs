//! Reads the messages of a body.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::batch::{Batch, Place};
use super::labels;
use crate::error::Fault;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, pairs};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Tags of fields as the bytes that they are.
mod tag {
    /// Of a stream.
    pub(super) const ENTRY: u8 = 2 << 3 | 2;
    /// Of an entry.
    pub(super) const TIMESTAMP: u8 = 1 << 3 | 2;
    pub(super) const LINE: u8 = 2 << 3 | 2;
    pub(super) const METADATA: u8 = 3 << 3 | 2;
    /// Of a timestamp.
    pub(super) const SECONDS: u8 = 1 << 3;
    pub(super) const NANOS: u8 = 2 << 3;
    /// Of a pair.
    pub(super) const NAME: u8 = 1 << 3 | 2;
    pub(super) const VALUE: u8 = 2 << 3 | 2;
}

/// Reads the `PushRequest` that `body` is.
pub(super) fn read(body: &[u8], batch: &mut Batch) -> Result<(), Fault> {
    let mut request = Reader::new(body);
    while let Some(tag) = request.tag()? {
        match tag {
            (1, Len) => stream(request.message()?, batch)?,
            _ => request.skip(tag)?,
        }
    }
    Ok(())
}

fn stream(message: Reader<'_>, batch: &mut Batch) -> Result<(), Fault> {
    batch.add_labels(&labels::read(text_of_labels(message)?)?);
    let mut fields = message;
    loop {
        // Nearly all fields are entries.
        let tag = if fields.take_tag(tag::ENTRY) { Some((2, Len)) } else { fields.tag()? };
        match tag {
            Some((2, Len)) => {
                let message = fields.message()?;
                if usual_entry(message, batch).is_none() {
                    batch.clear_metadata();
                    entry(message, batch)?;
                }
            }
            Some(tag) => fields.skip(tag)?,
            None => break,
        }
    }
    batch.end_stream();
    Ok(())
}

/// The text of a stream's labels: in front of its entries, but nothing says that it must be.
fn text_of_labels(mut stream: Reader<'_>) -> Result<Bytes<'_>, Fault> {
    let at = stream.position();
    while let Some(tag) = stream.tag()? {
        match tag {
            (1, Len) => return stream.bytes(),
            _ => stream.skip(tag)?,
        }
    }
    Ok(Bytes { bytes: b"", at })
}

/// Reads an entry whose fields come as every sender writes them: each once, in the order of their
/// numbers. None, where they do not.
#[inline]
fn usual_entry(mut fields: Reader<'_>, batch: &mut Batch) -> Option<()> {
    let mut time = Some(0);
    if fields.take_tag(tag::TIMESTAMP) {
        let mut timestamp = fields.message().ok()?;
        let mut part = |tag| match timestamp.take_tag(tag) {
            true => timestamp.varint().ok(),
            false => Some(0),
        };
        let (seconds, nanos) = (part(tag::SECONDS)?, part(tag::NANOS)?);
        // More are of the wrong kind.
        let nanos = i32::try_from(nanos).ok().filter(|_| timestamp.is_empty())?;
        time = nanoseconds(seconds.cast_signed(), nanos);
    }
    let line = match fields.take_tag(tag::LINE) {
        true => place(fields.bytes().ok()?),
        false => 0..0,
    };
    while fields.take_tag(tag::METADATA) {
        let mut pair = fields.message().ok()?;
        let mut part = |tag| match pair.take_tag(tag) {
            true => pair.bytes().ok().map(place),
            false => Some(0..0),
        };
        let (name, value) = (part(tag::NAME)?, part(tag::VALUE)?);
        if !pair.is_empty() {
            return None;
        }
        batch.add_metadata(name, value);
    }
    if !fields.is_empty() {
        return None;
    }
    batch.end_entry(time, line);
    Some(())
}

/// Reads an entry, however its fields come.
#[cold]
fn entry(mut fields: Reader<'_>, batch: &mut Batch) -> Result<(), Fault> {
    let (mut time, mut line) = (Some(0), 0..0);
    while let Some(tag) = fields.tag()? {
        match tag {
            (1, Len) => {
                let (seconds, nanos) = pairs::timestamp(fields.message()?)?;
                time = nanoseconds(seconds, nanos);
            }
            (2, Len) => line = place(fields.bytes()?),
            (3, Len) => {
                let [name, value] = pairs::texts(fields.message()?)?;
                batch.add_metadata(place(name), place(value));
            }
            _ => fields.skip(tag)?,
        }
    }
    batch.end_entry(time, line);
    Ok(())
}

#[inline]
fn nanoseconds(seconds: i64, nanos: i32) -> Option<i64> {
    let whole = seconds.checked_mul(NANOS_PER_SECOND);
    whole.and_then(|whole| whole.checked_add(nanos.into()))
}

#[inline]
fn place(bytes: Bytes<'_>) -> Place {
    bytes.at..bytes.at + bytes.bytes.len()
}
