//! Labels of messages: at the head of a series or a metric, name before value.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use crate::error::Fault;
use crate::protobuf::{Bytes, Reader};

/// The first byte of a label: field 1, of a length.
pub(super) const LABEL_TAG: u8 = 0x0a;

/// The first bytes of its name and value: fields 1 and 2, of a length.
const NAME_TAG: u8 = 0x0a;
const VALUE_TAG: u8 = 0x12;

/// Lengths from here on take more than a byte.
const LONG: u8 = 0x80;

/// The labels at the head of `message`, tags included, and what follows them.
pub(super) fn head(message: Bytes<'_>) -> Result<(&[u8], Reader<'_>), Fault> {
    let mut fields = message.message();
    while fields.next_byte() == Some(LABEL_TAG) {
        fields.tag()?;
        fields.bytes()?;
    }
    let len = fields.position() - message.at;
    Ok((message.bytes.get(..len).unwrap_or_default(), fields))
}

/// Gives `take` the labels that are `fields`, tags included, if they are written as all senders do:
/// name, then value, each of less than 128 bytes. They are checked to be UTF-8 in one go, tags and
/// lengths with them, which costs a fraction of checking them one by one. None where one of them is
/// written otherwise or has no name; those in front of it have been taken then.
#[inline]
pub(super) fn plain<'a>(fields: &'a [u8], mut take: impl FnMut(&'a str, &'a str)) -> Option<()> {
    let mut fields = str::from_utf8(fields).ok()?;
    while !fields.is_empty() {
        let [LABEL_TAG, len, NAME_TAG, name_len, ..] = *fields.as_bytes() else { return None };
        // Cut between characters, or not at all: pieces of UTF-8 are UTF-8.
        let (name, rest) = fields.get(4..)?.split_at_checked(name_len.into())?;
        let [VALUE_TAG, value_len, ..] = *rest.as_bytes() else { return None };
        let (value, rest) = rest.get(2..)?.split_at_checked(value_len.into())?;
        let is_short = (len | name_len | value_len) < LONG;
        if !is_short || usize::from(len) != 4 + name.len() + value.len() || name.is_empty() {
            return None;
        }
        take(name, value);
        fields = rest;
    }
    Some(())
}
