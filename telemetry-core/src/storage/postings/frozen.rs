//! The index of a block, read in place: nothing is decoded before it is asked for.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::bitmap::Postings;
use super::format::{HEADER_BYTES, NAME_ROW_BYTES, VALUE_ROW_BYTES, add_list};
use super::list::Union;
use super::select::PostingsIndex;
use crate::storage::cursor::Cursor;
use crate::storage::error::{Damage, Damaged, Result};
use bytes::Bytes;
use std::cmp::Ordering;
use std::ops::Range;

/// Names and values with their ids, over the bytes that [`super::MemoryPostings::freeze`] gave.
///
/// Opening checks that the parts fit the bytes, in constant time. What a row points to is checked
/// when it is used; damage is then an error, never a panic.
#[derive(Clone, Debug)]
pub struct FrozenPostings {
    bytes: Bytes,
    names: usize,
    values: usize,
    id_end: u32,
    value_rows: usize,
    name_texts: usize,
    value_texts: usize,
    all: usize,
    name_lists: usize,
    value_lists: usize,
}

/// A label: its text, its values, the ids that have it.
struct NameRow<'a> {
    text: &'a str,
    values: Range<usize>,
    list: Range<usize>,
}

impl FrozenPostings {
    /// Over the bytes of an index.
    ///
    /// # Errors
    /// The parts do not fit the bytes.
    pub fn open(bytes: Bytes) -> Result<Self, Damaged> {
        let mut cursor = Cursor::new(&bytes);
        let names = cursor.u32()? as usize;
        let values = cursor.u32()? as usize;
        let all_bytes = cursor.u32()? as usize;
        let id_end = cursor.u32()?;
        // Sums of a few products of 32-bit numbers do not overflow 64 bits; on machines with
        // fewer the bytes would not be there in the first place.
        let value_rows = sum(HEADER_BYTES, product(names, NAME_ROW_BYTES)?)?;
        let name_texts = sum(value_rows, product(values, VALUE_ROW_BYTES)?)?;
        let mut index = FrozenPostings {
            names,
            values,
            id_end,
            value_rows,
            name_texts,
            value_texts: 0,
            all: 0,
            name_lists: 0,
            value_lists: 0,
            bytes: Bytes::new(),
        };
        if name_texts > bytes.len() {
            let (needed, available) = (name_texts as u64, bytes.len() as u64);
            return Err(Damaged::at(0, Damage::Truncated { needed, available }));
        }
        index.bytes = bytes;
        let name_ends = index.name_ends(names)?;
        let value_ends = index.value_ends(values)?;
        if name_ends.1 != values {
            return Err(Damaged::field(value_rows, "the number of values"));
        }
        index.value_texts = sum(name_texts, name_ends.0)?;
        index.all = sum(index.value_texts, value_ends.0)?;
        index.name_lists = sum(index.all, all_bytes)?;
        index.value_lists = sum(index.name_lists, name_ends.2)?;
        let end = sum(index.value_lists, value_ends.1)?;
        if end != index.bytes.len() {
            let (needed, available) = (end as u64, index.bytes.len() as u64);
            return Err(Damaged::at(0, Damage::Truncated { needed, available }));
        }
        Ok(index)
    }

    /// How many labels occur.
    pub fn name_count(&self) -> usize {
        self.names
    }

    /// The ends that the row before `row` says: of text, values and list.
    fn name_ends(&self, row: usize) -> Result<(usize, usize, usize), Damaged> {
        let Some(before) = row.checked_sub(1) else { return Ok((0, 0, 0)) };
        let at = HEADER_BYTES + before * NAME_ROW_BYTES;
        let mut cursor = Cursor::new(self.bytes.get(at..).unwrap_or_default());
        Ok((cursor.u32()? as usize, cursor.u32()? as usize, cursor.u32()? as usize))
    }

    /// The ends that the row before `row` says: of text and list.
    fn value_ends(&self, row: usize) -> Result<(usize, usize), Damaged> {
        let Some(before) = row.checked_sub(1) else { return Ok((0, 0)) };
        let at = self.value_rows + before * VALUE_ROW_BYTES;
        let mut cursor = Cursor::new(self.bytes.get(at..).unwrap_or_default());
        Ok((cursor.u32()? as usize, cursor.u32()? as usize))
    }

    fn text(&self, base: usize, range: Range<usize>) -> Result<&str, Damaged> {
        let start = sum(base, range.start)?;
        let bytes = self.bytes.get(start..sum(base, range.end)?);
        let bytes = bytes.ok_or_else(|| Damaged::field(start, "the place of a text"))?;
        std::str::from_utf8(bytes).map_err(|_| Damaged::at(start, Damage::Utf8))
    }

    fn name_row(&self, row: usize) -> Result<NameRow<'_>, Damaged> {
        let (start, end) = (self.name_ends(row)?, self.name_ends(row + 1)?);
        let text = self.text(self.name_texts, start.0..end.0)?;
        if start.1 > end.1 || end.1 > self.values {
            return Err(Damaged::field(
                HEADER_BYTES + row * NAME_ROW_BYTES,
                "the values of a name",
            ));
        }
        Ok(NameRow { text, values: start.1..end.1, list: start.2..end.2 })
    }

    fn value_text(&self, row: usize) -> Result<&str, Damaged> {
        let (start, end) = (self.value_ends(row)?, self.value_ends(row + 1)?);
        self.text(self.value_texts, start.0..end.0)
    }

    fn find_name(&self, name: &str) -> Result<Option<NameRow<'_>>, Damaged> {
        let at = partition(0..self.names, |row| Ok(self.name_row(row)?.text.cmp(name)))?;
        match at {
            Ok(row) => Ok(Some(self.name_row(row)?)),
            Err(_) => Ok(None),
        }
    }

    fn add_list(&self, base: usize, list: Range<usize>, union: &mut Union) -> Result<(), Damaged> {
        let start = sum(base, list.start)?;
        let bytes = self.bytes.get(start..sum(base, list.end)?);
        let bytes = bytes.ok_or_else(|| Damaged::field(start, "the place of a list"))?;
        add_list(bytes, self.id_end, union).map_err(|damaged| Damaged {
            offset: damaged.offset.saturating_add(start as u64),
            damage: damaged.damage,
        })
    }

    fn add_value(&self, row: usize, union: &mut Union) -> Result<(), Damaged> {
        let (start, end) = (self.value_ends(row)?, self.value_ends(row + 1)?);
        self.add_list(self.value_lists, start.1..end.1, union)
    }

    /// Reads everything: for a full check of a block.
    ///
    /// # Errors
    /// Something is damaged, or not sorted.
    pub fn verify(&self) -> Result<(), Damaged> {
        self.all_ids()?;
        let mut last_name = None;
        for row in 0..self.names {
            let name = self.name_row(row)?;
            let mut last_value = None;
            for row in name.values.clone() {
                let value = Some(self.value_text(row)?);
                if last_value >= value {
                    return Err(Damaged::field(self.value_rows, "the order of the values"));
                }
                last_value = value;
                self.add_value(row, &mut Union::default())?;
            }
            if last_name >= Some(name.text) {
                return Err(Damaged::field(HEADER_BYTES, "the order of the names"));
            }
            last_name = Some(name.text);
            self.add_list(self.name_lists, name.list, &mut Union::default())?;
        }
        Ok(())
    }

    fn all_ids(&self) -> Result<Postings, Damaged> {
        let mut union = Union::default();
        self.add_list(self.all, 0..self.name_lists - self.all, &mut union)?;
        Ok(union.finish())
    }
}

/// Where in sorted rows the one is that `compare` calls equal, or where it would be.
fn partition(
    rows: Range<usize>,
    mut compare: impl FnMut(usize) -> Result<Ordering, Damaged>,
) -> Result<Result<usize, usize>, Damaged> {
    let Range { mut start, mut end } = rows;
    while start < end {
        let middle = start + (end - start) / 2;
        match compare(middle)? {
            Ordering::Less => start = middle + 1,
            Ordering::Greater => end = middle,
            Ordering::Equal => return Ok(Ok(middle)),
        }
    }
    Ok(Err(start))
}

fn sum(one: usize, other: usize) -> Result<usize, Damaged> {
    one.checked_add(other).ok_or(Damaged::field(0, "the size of a part"))
}

fn product(one: usize, other: usize) -> Result<usize, Damaged> {
    one.checked_mul(other).ok_or(Damaged::field(0, "the size of a part"))
}

impl PostingsIndex for FrozenPostings {
    fn all(&self) -> Result<Postings> {
        Ok(self.all_ids()?)
    }

    fn with_name(&self, name: &str) -> Result<Postings> {
        let mut union = Union::default();
        if let Some(name) = self.find_name(name)? {
            self.add_list(self.name_lists, name.list, &mut union)?;
        }
        Ok(union.finish())
    }

    fn with_values(&self, name: &str, values: &mut dyn Iterator<Item = &str>) -> Result<Postings> {
        let mut union = Union::default();
        if let Some(name) = self.find_name(name)? {
            for value in values {
                let compare = |row| Ok(self.value_text(row)?.cmp(value));
                if let Ok(row) = partition(name.values.clone(), compare)? {
                    self.add_value(row, &mut union)?;
                }
            }
        }
        Ok(union.finish())
    }

    fn with_values_where(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Postings> {
        let mut union = Union::default();
        let Some(name) = self.find_name(name)? else { return Ok(union.finish()) };
        let first = partition(name.values.clone(), |row| Ok(self.value_text(row)?.cmp(prefix)))?;
        let (Ok(first) | Err(first)) = first;
        for row in first..name.values.end {
            let value = self.value_text(row)?;
            if !value.starts_with(prefix) {
                break;
            }
            if keep(value) {
                self.add_value(row, &mut union)?;
            }
        }
        Ok(union.finish())
    }

    fn names(&self) -> Result<Vec<String>> {
        (0..self.names).map(|row| Ok(self.name_row(row)?.text.to_owned())).collect()
    }

    fn values(&self, name: &str) -> Result<Vec<String>> {
        let Some(name) = self.find_name(name)? else { return Ok(Vec::new()) };
        name.values.map(|row| Ok(self.value_text(row)?.to_owned())).collect()
    }
}
