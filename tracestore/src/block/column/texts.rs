//! Texts: each once in a dictionary, and a position in it per value.
//! ~~~text
//! count    varint            texts in the dictionary
//! lengths  count × varint
//! texts    UTF-8, one after the other
//! ids      positions of the values (ints.rs)
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, varint};

use super::ints::{put_ids, read_ids};

/// A column of texts.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    text: Box<str>,
    /// Where each text of the dictionary ends.
    ends: Vec<u32>,
    ids: Vec<u32>,
    /// The dictionary as columns hand it out.
    shared: OnceLock<Arc<[Arc<str>]>>,
}

impl Texts {
    /// Position in the dictionary, per value.
    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// A text of the dictionary; empty past its end.
    pub(crate) fn entry(&self, id: u32) -> &str {
        let id = id as usize;
        let start = id.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        match (start, self.ends.get(id)) {
            (Some(start), Some(end)) => {
                self.text.get(start as usize..*end as usize).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// The texts of the dictionary.
    pub(crate) fn dictionary(&self) -> impl Iterator<Item = &str> {
        (0_u32..).take(self.ends.len()).map(|id| self.entry(id))
    }

    /// The text of a value; empty past the end.
    pub(crate) fn value(&self, at: usize) -> &str {
        self.ids.get(at).map_or("", |id| self.entry(*id))
    }

    /// The dictionary, made when first asked for.
    pub(crate) fn shared(&self) -> &Arc<[Arc<str>]> {
        self.shared.get_or_init(|| self.dictionary().map(Arc::from).collect())
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        // Twice the dictionary: once as handed out.
        2 * self.text.len() + self.ends.len() * 40 + self.ids.len() * 4
    }
}

/// Appends a column.
pub(crate) fn put_texts<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a str>) {
    let mut known = HashMap::<&str, u32>::new();
    let mut dictionary = Vec::<&str>::new();
    let mut ids = Vec::new();
    for value in values {
        ids.push(*known.entry(value).or_insert_with(|| {
            dictionary.push(value);
            // A group of rows is far smaller than that.
            u32::try_from(dictionary.len() - 1).unwrap_or(u32::MAX)
        }));
    }
    varint::put_u64(out, dictionary.len() as u64);
    dictionary.iter().for_each(|text| varint::put_u64(out, text.len() as u64));
    dictionary.iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
    put_ids(out, &ids);
}

/// Reads a column of `count` values.
///
/// # Errors
///
/// The bytes are no such column.
pub(crate) fn read_texts(input: &mut Cursor<'_>, count: usize) -> Result<Texts, Damaged> {
    let entries = input.count(1)?;
    let mut ends = Vec::with_capacity(entries);
    let mut end = 0_u32;
    for _ in 0..entries {
        let length = input.varint_u32()?;
        end = end.checked_add(length).ok_or_else(|| input.field("length of a text"))?;
        ends.push(end);
    }
    let at = input.position();
    let text = input.take(end as usize)?;
    let text = std::str::from_utf8(text).map_err(|_| Damaged::at(at, Damage::Utf8))?;
    if ends.iter().any(|end| !text.is_char_boundary(*end as usize)) {
        return Err(Damaged::at(at, Damage::Utf8));
    }
    let ids = read_ids(input, count, ends.len())?;
    Ok(Texts { text: text.into(), ends, ids, shared: OnceLock::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_texts() {
        let mut bytes = Vec::new();
        put_texts(&mut bytes, ["a", "bc", "a"].into_iter());
        assert_eq!(bytes, [2, 1, 2, b'a', b'b', b'c', 1, 0, 1, 0]);
    }

    #[test]
    fn a_text_that_ends_within_a_character_is_damage() {
        let bytes = [2, 1, 1, 0xc3, 0xa9, 1, 0];
        assert!(read_texts(&mut Cursor::new(&bytes), 1).is_err());
    }

    proptest! {
        #[test]
        fn texts_come_back(values in prop::collection::vec("[aé]{0,3}", 0..20)) {
            let mut bytes = Vec::new();
            put_texts(&mut bytes, values.iter().map(String::as_str));
            let mut input = Cursor::new(&bytes);
            let texts = read_texts(&mut input, values.len()).unwrap();
            prop_assert!(input.finish().is_ok());
            for (at, value) in values.iter().enumerate() {
                prop_assert_eq!(texts.value(at), value);
            }
            prop_assert_eq!(texts.shared().len(), texts.dictionary().count());
        }

        #[test]
        fn any_bytes_are_an_error_or_texts(bytes: Vec<u8>, count in 0_usize..50) {
            let _ = read_texts(&mut Cursor::new(&bytes), count);
        }
    }
}
