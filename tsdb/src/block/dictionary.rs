//! The texts of a block: label names, and the values of each.
//!
//! ~~~text
//! names    varint count, then per name, ascending:
//!          name     length varint, bytes
//!          values   varint count, then per value, ascending:
//!                   shared varint   bytes in common with the value before
//!                   rest            length varint, bytes
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::BTreeMap;

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

/// Texts under construction. Values are numbered as they come; sorting gives the final numbers.
#[derive(Debug, Default)]
pub(super) struct DictionaryBuilder {
    names: BTreeMap<Box<str>, Name>,
}

#[derive(Debug, Default)]
struct Name {
    number: u32,
    values: BTreeMap<Box<str>, u32>,
}

/// From the numbers in the order of appearance to the sorted ones.
#[derive(Debug, Default)]
pub(super) struct Renumbered {
    pub(super) names: Vec<u32>,
    /// By the name's first number.
    pub(super) values: Vec<Vec<u32>>,
}

impl DictionaryBuilder {
    /// The numbers of a name and of its value.
    pub(super) fn number(&mut self, name: &str, value: &str) -> (u32, u32) {
        if !self.names.contains_key(name) {
            let number = small(self.names.len());
            self.names.insert(name.into(), Name { number, ..Name::default() });
        }
        let Some(name) = self.names.get_mut(name) else { return (0, 0) };
        if let Some(number) = name.values.get(value) {
            return (name.number, *number);
        }
        let number = small(name.values.len());
        name.values.insert(value.into(), number);
        (name.number, number)
    }

    /// Appends the texts, and gives the numbers that they have there.
    pub(super) fn finish(self, out: &mut Vec<u8>) -> Renumbered {
        let mut renumbered = Renumbered {
            names: vec![0; self.names.len()],
            values: vec![Vec::new(); self.names.len()],
        };
        varint::put_u64(out, self.names.len() as u64);
        for (sorted, (text, name)) in (0..).zip(self.names) {
            let place = name.number as usize;
            if let Some(slot) = renumbered.names.get_mut(place) {
                *slot = sorted;
            }
            varint::put_str(out, &text);
            varint::put_u64(out, name.values.len() as u64);
            let mut numbers = vec![0; name.values.len()];
            let mut previous: &[u8] = &[];
            for (sorted, (value, number)) in (0..).zip(&name.values) {
                if let Some(slot) = numbers.get_mut(*number as usize) {
                    *slot = sorted;
                }
                let bytes = value.as_bytes();
                let same = previous.iter().zip(bytes).take_while(|(a, b)| a == b).count();
                varint::put_u64(out, same as u64);
                varint::put_bytes(out, bytes.get(same..).unwrap_or_default());
                previous = bytes;
            }
            if let Some(slot) = renumbered.values.get_mut(place) {
                *slot = numbers;
            }
        }
        renumbered
    }
}

/// Series and values of one block are fewer than 2³².
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The texts of a block.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    names: Vec<NameTexts>,
    /// All values, one behind the other.
    pool: String,
    /// Where each value ends in the pool.
    ends: Vec<u32>,
}

#[derive(Debug)]
struct NameTexts {
    text: String,
    /// The place of its first value in `ends`.
    first: usize,
    count: usize,
}

impl Dictionary {
    /// Reads the texts.
    pub(super) fn read(input: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let mut dictionary = Dictionary::default();
        let names = input.count(2)?;
        let mut value = Vec::new();
        for _ in 0..names {
            let text = input.str()?.to_owned();
            let count = input.count(2)?;
            let first = dictionary.ends.len();
            value.clear();
            for _ in 0..count {
                let shared = input.varint_u64()?;
                let shared = usize::try_from(shared).ok().filter(|shared| *shared <= value.len());
                value.truncate(shared.ok_or_else(|| input.field("shared bytes of a value"))?);
                value.extend_from_slice(input.bytes()?);
                let text =
                    std::str::from_utf8(&value).map_err(|_| input.field("text of a value"))?;
                dictionary.pool.push_str(text);
                let end = u32::try_from(dictionary.pool.len())
                    .map_err(|_| input.field("length of all values"))?;
                dictionary.ends.push(end);
            }
            dictionary.names.push(NameTexts { text, first, count });
        }
        Ok(dictionary)
    }

    pub(super) fn names(&self) -> usize {
        self.names.len()
    }

    /// The text of a name, and how many values it has.
    pub(super) fn name(&self, name: u32) -> Option<(&str, usize)> {
        let name = self.names.get(name as usize)?;
        Some((&name.text, name.count))
    }

    /// The text of a value.
    pub(super) fn value(&self, name: u32, value: u32) -> Option<&str> {
        let name = self.names.get(name as usize)?;
        let place = name.first + (value as usize).min(name.count);
        let end = *self.ends.get(place)? as usize;
        let start = match place.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.pool.get(start..end)
    }
}
