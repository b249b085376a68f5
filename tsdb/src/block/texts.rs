//! A page of TEXTS: values of one label, ascending.
//!
//! ~~~text
//! per value   shared varint   bytes in common with the value before; 0 for the first
//!             rest            length varint, bytes
//! ~~~
//!
//! How many there are stands in ROOT. Decoded they lie one behind the other, so that a literal is
//! looked for in all of them at once.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use memchr::memmem;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

/// Values of a page.
pub(super) const VALUES_MAX: usize = 1 << 10;
/// Bytes of the values of a page, decoded, unless it has only one.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct TextPageWriter {
    pub(super) bytes: Vec<u8>,
    last: Vec<u8>,
    values: usize,
    text_bytes: usize,
}

impl TextPageWriter {
    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.values
    }

    /// Whether a value has to go to the next page.
    pub(super) fn is_full_for(&self, value: &str) -> bool {
        let bytes = self.text_bytes + value.len();
        self.values >= VALUES_MAX || (self.values > 0 && bytes > TEXT_BYTES_MAX)
    }

    /// Adds a value behind those before it.
    pub(super) fn push(&mut self, value: &str) {
        put(&self.last, value.as_bytes(), &mut self.bytes);
        self.last.clear();
        self.last.extend_from_slice(value.as_bytes());
        self.values += 1;
        self.text_bytes += value.len();
    }

    /// Begins the next page.
    pub(super) fn clear(&mut self) {
        *self = TextPageWriter { bytes: std::mem::take(&mut self.bytes), ..Self::default() };
        self.bytes.clear();
    }
}

/// Appends a text as what differs from the one before.
pub(super) fn put(before: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let shared = before.iter().zip(text).take_while(|(a, b)| a == b).count();
    varint::put_u64(out, shared as u64);
    varint::put_bytes(out, text.get(shared..).unwrap_or_default());
}

/// Texts one behind the other.
#[derive(Debug, Default)]
pub(super) struct TextPage {
    pool: String,
    /// Where each ends in the pool.
    ends: Vec<u32>,
}

/// Reads texts as [`put`] wrote them.
#[derive(Debug, Default)]
pub(super) struct TextReader {
    pool: Vec<u8>,
    ends: Vec<u32>,
}

impl TextReader {
    /// Reads a text. All together have at most `bytes_max` bytes, or are one.
    pub(super) fn read(&mut self, input: &mut Cursor<'_>, bytes_max: usize) -> Result<(), Damaged> {
        let end = self.pool.len();
        let before = self.ends.iter().rev().nth(1).copied().unwrap_or(0) as usize;
        let start = if self.ends.is_empty() { end } else { before };
        let shared = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
        if shared > end - start {
            return Err(input.field("shared bytes of a value"));
        }
        self.pool.extend_from_within(start..start + shared);
        self.pool.extend_from_slice(input.bytes()?);
        let is_large = self.pool.len() > bytes_max && !self.ends.is_empty();
        let end = u32::try_from(self.pool.len()).ok().filter(|_| !is_large);
        self.ends.push(end.ok_or_else(|| input.field("size of the values"))?);
        Ok(())
    }

    /// What was read.
    pub(super) fn finish(self, input: &Cursor<'_>) -> Result<TextPage, Damaged> {
        let pool = String::from_utf8(self.pool).map_err(|_| input.field("text of a value"))?;
        let ends = self.ends;
        if ends.iter().all(|end| pool.is_char_boundary(*end as usize)) {
            Ok(TextPage { pool, ends })
        } else {
            Err(input.field("text of a value"))
        }
    }
}

impl TextPage {
    /// Reads a page of `count` values.
    pub(super) fn read(bytes: &[u8], count: usize) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let mut reader = TextReader::default();
        for _ in 0..count {
            reader.read(&mut input, TEXT_BYTES_MAX)?;
        }
        let page = reader.finish(&input)?;
        input.finish()?;
        Ok(page)
    }

    /// Adds a text; none where there is no more room.
    pub(super) fn push(&mut self, text: &str) -> Option<()> {
        self.pool.push_str(text);
        self.ends.push(u32::try_from(self.pool.len()).ok()?);
        Some(())
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Memory that it takes.
    pub(super) fn memory_bytes(&self) -> u64 {
        (self.pool.len() + self.ends.len() * 4 + 64) as u64
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize)
    }

    /// A value.
    pub(super) fn get(&self, at: usize) -> Option<&str> {
        self.pool.get(self.start(at)..*self.ends.get(at)? as usize)
    }

    /// Where a value is, or would be.
    pub(super) fn find(&self, value: &str) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle).unwrap_or_default().cmp(value) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// Whether they ascend.
    pub(super) fn is_sorted(&self) -> bool {
        (1..self.len()).all(|at| self.get(at - 1) < self.get(at))
    }

    /// Visits the values that hold `literal`, each once, in order.
    pub(super) fn each_with(
        &self,
        literal: &memmem::Finder<'_>,
        mut visit: impl FnMut(usize, &str),
    ) {
        let mut from = 0;
        while let Some(found) = self.pool.as_bytes().get(from..).and_then(|rest| literal.find(rest))
        {
            let found = from + found;
            let at = self.ends.partition_point(|end| *end as usize <= found);
            let end = self.ends.get(at).map_or(usize::MAX, |end| *end as usize);
            // A find across the end of a value is in none, but one that begins behind it can be.
            if found + literal.needle().len() > end {
                from = found + 1;
                continue;
            }
            if let Some(value) = self.get(at) {
                visit(at, value);
            }
            from = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(values: &[&str]) -> Vec<u8> {
        let mut page = TextPageWriter::default();
        values.iter().for_each(|value| page.push(value));
        assert_eq!(page.len(), values.len());
        page.bytes
    }

    #[test]
    fn golden_page() {
        let bytes = written(&["api", "apt", "b"]);
        assert_eq!(bytes, b"\0\x03api\x02\x01t\0\x01b");
        let page = TextPage::read(&bytes, 3).unwrap();
        assert_eq!((page.get(1), page.get(3), page.find("b")), (Some("apt"), None, Ok(2)));
        assert_eq!(page.find("aq"), Err(2));
    }

    #[test]
    fn a_page_ends_before_it_is_large() {
        let mut page = TextPageWriter::default();
        let value = "x".repeat(TEXT_BYTES_MAX);
        assert!(!page.is_full_for(&value));
        page.push(&value);
        assert!(page.is_full_for("y"));
        assert_eq!(TextPage::read(&page.bytes, 1).unwrap().get(0), Some(&*value));
        // Two values that share so much take little room, and would take much memory.
        page.push(&value);
        assert!(TextPage::read(&page.bytes, 2).is_err());
        page.clear();
        assert!(page.bytes.is_empty() && !page.is_full_for("y"));
    }

    #[test]
    fn a_literal_across_two_values_is_in_none() {
        let page = TextPage::read(&written(&["xab", "axb", "baab"]), 3).unwrap();
        let found = |literal: &str| {
            let mut found = Vec::new();
            page.each_with(&memmem::Finder::new(literal), |at, _| found.push(at));
            found
        };
        assert_eq!(found("ab"), [0, 2]);
        assert_eq!(found("ba"), [2]);
        assert_eq!(found("a"), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn values_come_back_and_are_found(
            values in prop::collection::btree_set("[abé]{0,6}", 1..80),
            literal in "[abé]{1,3}",
        ) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let page = TextPage::read(&written(&values), values.len()).unwrap();
            prop_assert!(page.is_sorted());
            for (at, value) in values.iter().enumerate() {
                prop_assert_eq!(page.get(at), Some(*value));
                prop_assert_eq!(page.find(value), Ok(at));
            }
            let mut found = Vec::new();
            page.each_with(&memmem::Finder::new(&literal), |at, _| found.push(at));
            let wanted = values.iter().enumerate().filter(|(_, value)| value.contains(&literal));
            prop_assert_eq!(found, wanted.map(|(at, _)| at).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_an_error_or_texts(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = TextPage::read(&bytes, 3);
        }
    }
}
