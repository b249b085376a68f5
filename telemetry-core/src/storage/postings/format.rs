//! The index of a block.
//! ~~~text
//! offset  size        field
//! 0       4           names      u32 LE
//! 4       4           values     u32 LE  of all names together
//! 8       4           all_end    u32 LE  bytes of the list of all ids
//! 12      4           id_end     u32 LE  every id is smaller
//! 16      names·12    name rows, sorted by text
//!                       text_end   u32 LE  end of its text in the names' texts
//!                       value_end  u32 LE  end of its rows among the value rows
//!                       list_end   u32 LE  end of the list of ids that have it, in the names' lists
//! …       values·8    value rows, sorted by text within their name
//!                       text_end   u32 LE  end of its text in the values' texts
//!                       list_end   u32 LE  end of its list in the values' lists
//! …                   names' texts · values' texts · list of all ids · names' lists · values' lists
//!
//! list    tag u8, then
//!           0   ids as varints: the first, then the distance of each to the one before, less one
//!           1   a portable Roaring bitmap
//! ~~~
//! What a row describes begins where the row before ends, the first at zero. The bytes end with the
//! last list. Every list holds at least one id, except that of all ids, which may be empty.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::bitmap::Postings;
use super::list::{List, Union};
use super::memory::MemoryPostings;
use crate::storage::cursor::Cursor;
use crate::storage::error::{Damaged, Error, Result};
use crate::storage::varint::put_u64;

pub(super) const HEADER_BYTES: usize = 16;
pub(super) const NAME_ROW_BYTES: usize = 12;
pub(super) const VALUE_ROW_BYTES: usize = 8;
const TAG_VARINTS: u8 = 0;
const TAG_BITMAP: u8 = 1;

/// The parts in the order of the file.
#[derive(Default)]
struct Parts {
    name_rows: Vec<u8>,
    value_rows: Vec<u8>,
    name_texts: Vec<u8>,
    value_texts: Vec<u8>,
    name_lists: Vec<u8>,
    value_lists: Vec<u8>,
}

pub(super) fn encode(index: &MemoryPostings) -> Result<Vec<u8>> {
    let mut parts = Parts::default();
    let mut values = 0usize;
    for (name, label) in &index.names {
        parts.name_texts.extend_from_slice(name.as_bytes());
        for (value, list) in &label.values {
            parts.value_texts.extend_from_slice(value.as_bytes());
            encode_list(list, &mut parts.value_lists);
            put_end(&mut parts.value_rows, parts.value_texts.len())?;
            put_end(&mut parts.value_rows, parts.value_lists.len())?;
        }
        values += label.values.len();
        encode_set(&label.present, &mut parts.name_lists);
        put_end(&mut parts.name_rows, parts.name_texts.len())?;
        put_end(&mut parts.name_rows, values)?;
        put_end(&mut parts.name_rows, parts.name_lists.len())?;
    }
    let mut all = Vec::new();
    encode_set(&index.all, &mut all);
    let mut out = Vec::new();
    put_end(&mut out, index.names.len())?;
    put_end(&mut out, values)?;
    put_end(&mut out, all.len())?;
    let id_end = index.all.min_max().map_or(0, |(_, max)| u64::from(max) + 1);
    let id_end = u32::try_from(id_end).map_err(|_| Error::TooManyIds { limit: u32::MAX.into() })?;
    out.extend_from_slice(&id_end.to_le_bytes());
    for part in [&parts.name_rows, &parts.value_rows, &parts.name_texts, &parts.value_texts] {
        out.extend_from_slice(part);
    }
    for part in [&all, &parts.name_lists, &parts.value_lists] {
        out.extend_from_slice(part);
    }
    Ok(out)
}

fn put_end(out: &mut Vec<u8>, end: usize) -> Result<()> {
    let end = u32::try_from(end).map_err(|_| Error::TooManyIds { limit: u32::MAX.into() })?;
    out.extend_from_slice(&end.to_le_bytes());
    Ok(())
}

fn encode_list(list: &List, out: &mut Vec<u8>) {
    match (list.few(), list) {
        (Some(ids), _) => encode_ids(ids.iter().copied(), out),
        (None, List::Bitmap(set)) => encode_set(set, out),
        (None, _) => {}
    }
}

/// Whichever is shorter.
fn encode_set(set: &Postings, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(TAG_BITMAP);
    set.encode(out);
    if set.len() <= 64 {
        let mut ids = Vec::new();
        encode_ids(set.iter(), &mut ids);
        if ids.len() <= out.len() - start {
            out.truncate(start);
            out.append(&mut ids);
        }
    }
}

/// Appends a list of at least one id, by rising value: whichever form is shorter. It does not say how
/// long it is. [`Union::add_list`] reads it.
pub fn put_list(ids: &[u32], out: &mut Vec<u8>) {
    if ids.len() <= 2 {
        return encode_ids(ids.iter().copied(), out);
    }
    encode_set(&Postings::from_ids(ids), out);
}

fn encode_ids(ids: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
    out.push(TAG_VARINTS);
    let mut next = 0u64;
    for id in ids {
        put_u64(out, u64::from(id) - next);
        next = u64::from(id) + 1;
    }
}

/// Adds the ids of an encoded list; each must be smaller than `id_end`.
pub(super) fn add_list(bytes: &[u8], id_end: u32, union: &mut Union) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(bytes);
    match cursor.u8()? {
        TAG_VARINTS => {
            let mut next = 0u64;
            while !cursor.is_empty() {
                let id = next.saturating_add(cursor.varint_u64()?);
                match u32::try_from(id) {
                    Ok(id) if id < id_end => union.ids.push(id),
                    _ => return Err(cursor.field("an id")),
                }
                next = id + 1;
            }
        }
        TAG_BITMAP => {
            let set = Postings::decode(cursor.rest());
            let set = set.filter(|set| set.min_max().is_none_or(|(_, max)| max < id_end));
            union.set.union_with(&set.ok_or(cursor.field("a bitmap"))?);
        }
        _ => return Err(Damaged::field(0, "the kind of list")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;
    use crate::storage::postings::FrozenPostings;
    use bytes::Bytes;

    #[test]
    fn golden_bytes_are_as_in_the_diagram() {
        let mut index = MemoryPostings::new();
        index.insert(3, &labels! { "a" => "x", "b" => "y" });
        index.insert(300, &labels! { "a" => "zz" });
        let bytes = index.freeze().unwrap();
        let mut golden = b"\x02\0\0\0\x03\0\0\0\x04\0\0\0\x2d\x01\0\0".to_vec();
        golden.extend_from_slice(b"\x01\0\0\0\x02\0\0\0\x04\0\0\0");
        golden.extend_from_slice(b"\x02\0\0\0\x03\0\0\0\x06\0\0\0");
        golden.extend_from_slice(b"\x01\0\0\0\x02\0\0\0");
        golden.extend_from_slice(b"\x03\0\0\0\x05\0\0\0");
        golden.extend_from_slice(b"\x04\0\0\0\x07\0\0\0");
        golden.extend_from_slice(b"abxzzy");
        golden.extend_from_slice(b"\0\x03\xa8\x02");
        golden.extend_from_slice(b"\0\x03\xa8\x02\0\x03");
        golden.extend_from_slice(b"\0\x03\0\xac\x02\0\x03");
        assert_eq!(bytes, golden);
        assert!(FrozenPostings::open(Bytes::from(bytes)).is_ok());
    }
}
