//! The section ROOT of a block: what is read when a block is opened. It grows with the pages of the
//! block, not with its series.
//!
//! ~~~text
//! series   varint
//! names    varint count, then per name, ascending:
//!            text    length varint, bytes
//!            series  length varint, a list as in lists.rs: those that have it
//!            pages   varint count, then per page of TEXTS and the one of LISTS that goes with it:
//!                    values varint · first value (length varint, bytes) · bytes of each (varint twice)
//! shapes   varint count, then per shape: varint count of labels, name numbers (varint each)
//! columns  varint count, then per time column: samples varint, first time (zigzag distance to the
//!          first of the column before), span to its last time varint, bytes varint
//! pages    of TIMES, of VALUES, of STRIPS, as in pages.rs
//! strips   varint: chunks in the last page of STRIPS; 0 without one
//! pages    varint count, then per page of SERIES and the one of CHUNKS that goes with it:
//!          series varint · bytes of their chunks in VALUES varint · bytes of each (varint twice)
//! ~~~
//!
//! Chunks lie in VALUES, and columns in TIMES, in the order in which they are listed, without gaps;
//! none lies in two pages. So their lengths say where they are.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use telemetry_core::storage::block::PageRef;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use super::pages::{self, Pages};
use super::series::{self, Shape};
use super::strips;
use super::texts::{self, TextPage};
use crate::chunk::SAMPLES_MAX;

/// A time column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeColumn {
    pub(super) samples: u32,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) bytes: u32,
}

/// A name of labels as it is written.
#[derive(Debug)]
pub(super) struct ListedName {
    pub(super) text: String,
    pub(super) series: Vec<u8>,
    pub(super) pages: Vec<ListedTexts>,
}

/// A page of TEXTS as it is listed.
#[derive(Debug)]
pub(super) struct ListedTexts {
    pub(super) values: u32,
    pub(super) first: String,
    pub(super) text_bytes: u32,
    pub(super) list_bytes: u32,
}

/// A page of SERIES as it is listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListedSeries {
    pub(super) series: u32,
    pub(super) content: u64,
    pub(super) series_bytes: u32,
    pub(super) place_bytes: u32,
}

/// Everything that is listed.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) names: Vec<ListedName>,
    pub(super) shapes: Vec<Shape>,
    pub(super) columns: Vec<TimeColumn>,
    pub(super) time_pages: Vec<u32>,
    pub(super) value_pages: Vec<u32>,
    pub(super) strip_pages: Vec<u32>,
    /// Chunks of the last of these.
    pub(super) last_strip: u32,
    pub(super) series: Vec<ListedSeries>,
}

impl Listed {
    /// Appends the section.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        varint::put_u64(out, self.series.iter().map(|page| u64::from(page.series)).sum());
        varint::put_u64(out, self.names.len() as u64);
        for name in &self.names {
            varint::put_str(out, &name.text);
            varint::put_bytes(out, &name.series);
            varint::put_u64(out, name.pages.len() as u64);
            for page in &name.pages {
                varint::put_u64(out, page.values.into());
                varint::put_str(out, &page.first);
                varint::put_u64(out, page.text_bytes.into());
                varint::put_u64(out, page.list_bytes.into());
            }
        }
        varint::put_u64(out, self.shapes.len() as u64);
        for shape in &self.shapes {
            varint::put_u64(out, shape.len() as u64);
            shape.iter().for_each(|name| varint::put_u64(out, (*name).into()));
        }
        varint::put_u64(out, self.columns.len() as u64);
        let mut previous = 0;
        for column in &self.columns {
            varint::put_u64(out, column.samples.into());
            varint::put_i64(out, column.first.wrapping_sub(previous));
            varint::put_u64(out, column.last.wrapping_sub(column.first).cast_unsigned());
            varint::put_u64(out, column.bytes.into());
            previous = column.first;
        }
        pages::put(&self.time_pages, out);
        pages::put(&self.value_pages, out);
        pages::put(&self.strip_pages, out);
        varint::put_u64(out, self.last_strip.into());
        varint::put_u64(out, self.series.len() as u64);
        for page in &self.series {
            varint::put_u64(out, page.series.into());
            varint::put_u64(out, page.content);
            varint::put_u64(out, page.series_bytes.into());
            varint::put_u64(out, page.place_bytes.into());
        }
    }
}

/// The section, read.
#[derive(Debug, Default)]
pub(super) struct Root {
    pub(super) names: Vec<Name>,
    pub(super) shapes: Vec<Shape>,
    pub(super) columns: Vec<TimeColumn>,
    /// Where each column is in the content of all pages of TIMES.
    pub(super) column_positions: Vec<u64>,
    pub(super) time_pages: Pages,
    pub(super) value_pages: Pages,
    pub(super) strip_pages: Pages,
    last_strip: u32,
    /// Pages of TEXTS and of LISTS, of all names.
    text_pages: Pages,
    list_pages: Pages,
    /// The first value of each.
    firsts: TextPage,
    /// The number of that value among those of its name.
    first_numbers: Vec<u32>,
    series_pages: Pages,
    place_pages: Pages,
    /// The first series of each page, and behind the last.
    series_starts: Vec<u32>,
    /// Where the first chunk of each page is in the content of VALUES, and where all end.
    value_starts: Vec<u64>,
}

/// A name of labels.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: String,
    /// The list of the series that have it.
    pub(super) series: Box<[u8]>,
    /// Number of its values.
    pub(super) values: u32,
    /// Its pages of TEXTS.
    pub(super) pages: Range<usize>,
}

/// Some of the values of a name: those of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextsPlace {
    /// The number of the first.
    pub(super) first: u32,
    pub(super) count: usize,
    pub(super) texts: PageRef,
    pub(super) lists: PageRef,
}

/// Some series: those of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesPlace {
    pub(super) count: usize,
    pub(super) series: PageRef,
    pub(super) places: PageRef,
    /// Where their chunks are in the content of VALUES.
    pub(super) content: (u64, u64),
}

impl Root {
    /// Reads the section.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let series = input.varint_u32()?;
        let mut root = Root::default();
        for pages in [
            &mut root.text_pages,
            &mut root.list_pages,
            &mut root.series_pages,
            &mut root.place_pages,
        ] {
            *pages = Pages::new();
        }
        for _ in 0..input.count(3)? {
            root.read_name(&mut input)?;
        }
        for _ in 0..input.count(1)? {
            root.read_shape(&mut input)?;
        }
        root.read_columns(&mut input)?;
        root.time_pages = Pages::read(&mut input)?;
        root.value_pages = Pages::read(&mut input)?;
        root.strip_pages = Pages::read(&mut input)?;
        root.last_strip = input.varint_u32()?;
        if root.last_strip > strips::ROWS {
            return Err(input.field("chunks of a strip"));
        }
        root.check_columns(&input)?;
        root.read_series(&mut input)?;
        if root.len() != series {
            return Err(input.field("number of series"));
        }
        input.finish()?;
        Ok(root)
    }

    fn read_name(&mut self, input: &mut Cursor<'_>) -> Result<(), Damaged> {
        let text = input.str()?;
        if self.names.last().is_some_and(|last| *last.text >= *text) {
            return Err(input.field("order of the names"));
        }
        let series = input.bytes()?.into();
        let start = self.text_pages.len();
        let mut values = 0_u32;
        for _ in 0..input.count(4)? {
            self.first_numbers.push(values);
            let count = input.varint_u32()?;
            let known = 1 <= count && count as usize <= texts::VALUES_MAX;
            let next = values.checked_add(count).filter(|_| known);
            values = next.ok_or_else(|| input.field("number of values"))?;
            self.firsts.push(input.str()?).ok_or_else(|| input.field("size of the values"))?;
            self.text_pages.push(input.varint_u32()?);
            self.list_pages.push(input.varint_u32()?);
        }
        let pages = start..self.text_pages.len();
        self.names.push(Name { text: text.to_owned(), series, values, pages });
        Ok(())
    }

    fn read_shape(&mut self, input: &mut Cursor<'_>) -> Result<(), Damaged> {
        let count = input.count(1)?;
        let mut shape = Vec::with_capacity(count);
        for _ in 0..count {
            let name = input.varint_u32()?;
            let rises = shape.last().is_none_or(|last| *last < name);
            if name as usize >= self.names.len() || !rises {
                return Err(input.field("name of a label"));
            }
            shape.push(name);
        }
        if shape.is_empty() {
            return Err(input.field("labels of a series"));
        }
        self.shapes.push(shape.into());
        Ok(())
    }

    fn read_columns(&mut self, input: &mut Cursor<'_>) -> Result<(), Damaged> {
        let count = input.count(4)?;
        self.columns.reserve(count);
        self.column_positions.reserve(count);
        let (mut first, mut position) = (0_i64, 0_u64);
        for _ in 0..count {
            let samples = input.varint_u32()?;
            first = first.wrapping_add(input.varint_i64()?);
            let last = first.checked_add_unsigned(input.varint_u64()?);
            let last = last.ok_or_else(|| input.field("span of a time column"))?;
            let bytes = input.varint_u32()?;
            if samples == 0 || samples as usize > SAMPLES_MAX {
                return Err(input.field("samples of a time column"));
            }
            self.columns.push(TimeColumn { samples, first, last, bytes });
            self.column_positions.push(position);
            position = position.saturating_add(bytes.into());
        }
        Ok(())
    }

    fn check_columns(&self, input: &Cursor<'_>) -> Result<(), Damaged> {
        let mut end = 0;
        for (column, position) in self.columns.iter().zip(&self.column_positions) {
            if !self.time_pages.holds(*position, column.bytes) {
                return Err(input.field("place of a time column"));
            }
            end = position + u64::from(column.bytes);
        }
        let whole = end == self.time_pages.content_bytes();
        if whole { Ok(()) } else { Err(input.field("size of the time columns")) }
    }

    fn read_series(&mut self, input: &mut Cursor<'_>) -> Result<(), Damaged> {
        let (mut first, mut position) = (0_u32, 0_u64);
        for _ in 0..input.count(4)? {
            self.series_starts.push(first);
            self.value_starts.push(position);
            let count = input.varint_u32()?;
            let known = 1 <= count && count as usize <= series::SERIES_MAX;
            let next = first.checked_add(count).filter(|_| known);
            first = next.ok_or_else(|| input.field("number of series"))?;
            position = position.saturating_add(input.varint_u64()?);
            self.series_pages.push(input.varint_u32()?);
            self.place_pages.push(input.varint_u32()?);
        }
        self.series_starts.push(first);
        self.value_starts.push(position);
        let whole = position == self.value_pages.content_bytes();
        if whole { Ok(()) } else { Err(input.field("size of the chunks")) }
    }

    /// Number of series.
    pub(super) fn len(&self) -> u32 {
        self.series_starts.last().copied().unwrap_or(0)
    }

    /// How many chunks a strip has.
    pub(super) fn strip_rows(&self, strip: usize) -> usize {
        let is_last = strip + 1 == self.strip_pages.len();
        (if is_last { self.last_strip } else { strips::ROWS }) as usize
    }

    /// The number of a name.
    pub(super) fn find_name(&self, text: &str) -> Option<u32> {
        let found = self.names.binary_search_by(|name| (*name.text).cmp(text)).ok()?;
        u32::try_from(found).ok()
    }

    /// The page of TEXTS that has a value, if any has, of those of a name.
    pub(super) fn find_texts(&self, name: &Name, value: &str) -> usize {
        let before = |page: &usize| self.firsts.get(*page).is_some_and(|first| first <= value);
        let Range { mut start, mut end } = name.pages;
        while start < end {
            let middle = start.midpoint(end);
            if before(&middle) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start.saturating_sub(1).max(name.pages.start)
    }

    /// The page of TEXTS with the value of that number.
    pub(super) fn texts_with(&self, name: &Name, value: u32) -> usize {
        let numbers = self.first_numbers.get(name.pages.clone()).unwrap_or_default();
        let page = numbers.partition_point(|first| *first <= value);
        name.pages.start + page.saturating_sub(1)
    }

    /// A page of TEXTS, and of LISTS.
    pub(super) fn texts(&self, name: &Name, page: usize) -> Option<TextsPlace> {
        let first = *self.first_numbers.get(page)?;
        let is_last = page + 1 == name.pages.end;
        let end = if is_last { name.values } else { *self.first_numbers.get(page + 1)? };
        Some(TextsPlace {
            first,
            count: end.saturating_sub(first) as usize,
            texts: self.text_pages.place(page)?,
            lists: self.list_pages.place(page)?,
        })
    }

    /// The page of a series, and its place there.
    pub(super) fn find_series(&self, series: u32) -> Option<(usize, usize)> {
        if series >= self.len() {
            return None;
        }
        let page = self.series_starts.partition_point(|start| *start <= series).checked_sub(1)?;
        Some((page, (series - *self.series_starts.get(page)?) as usize))
    }

    /// A page of SERIES, and of CHUNKS.
    pub(super) fn series(&self, page: usize) -> Option<SeriesPlace> {
        let (first, end) = (*self.series_starts.get(page)?, *self.series_starts.get(page + 1)?);
        Some(SeriesPlace {
            count: (end - first) as usize,
            series: self.series_pages.place(page)?,
            places: self.place_pages.place(page)?,
            content: (*self.value_starts.get(page)?, *self.value_starts.get(page + 1)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn example() -> Vec<u8> {
        let page = |values, first: &str| ListedTexts {
            values,
            first: first.to_owned(),
            text_bytes: 9,
            list_bytes: 5,
        };
        let name =
            |text: &str, pages| ListedName { text: text.to_owned(), series: vec![0, 0], pages };
        let listed = Listed {
            names: vec![
                name("__name__", vec![page(1, "up")]),
                name("job", vec![page(2, "a"), page(1, "w")]),
            ],
            shapes: vec![[0, 1].into()],
            columns: vec![TimeColumn { samples: 3, first: 1_000, last: 3_000, bytes: 5 }],
            time_pages: vec![5],
            value_pages: vec![40, 7],
            strip_pages: vec![30],
            last_strip: 9,
            series: vec![ListedSeries { series: 2, content: 47, series_bytes: 20, place_bytes: 8 }],
        };
        let mut bytes = Vec::new();
        listed.encode(&mut bytes);
        bytes
    }

    #[test]
    fn golden_section() {
        let mut golden = vec![2, 2, 8];
        golden.extend_from_slice(b"__name__\x02\0\0\x01\x01\x02up\x09\x05");
        golden.extend_from_slice(b"\x03job\x02\0\0\x02\x02\x01a\x09\x05\x01\x01w\x09\x05");
        golden.extend_from_slice(&[1, 2, 0, 1]); // one shape: both names
        golden.extend_from_slice(&[1, 3, 0xd0, 0x0f, 0xd0, 0x0f, 5]); // one column
        golden.extend_from_slice(&[1, 5, 2, 40, 7, 1, 30, 9]); // pages
        golden.extend_from_slice(&[1, 2, 47, 20, 8]); // pages of series
        assert_eq!(example(), golden);
    }

    #[test]
    fn what_was_listed_is_found() {
        let root = Root::read(&example()).unwrap();
        assert_eq!((root.len(), root.series_pages.len()), (2, 1));
        assert_eq!((root.find_name("job"), root.find_name("jo")), (Some(1), None));
        let name = &root.names[1];
        assert_eq!((name.values, name.pages.clone()), (3, 1..3));
        let found = ["", "a", "v", "w", "z"].map(|value| root.find_texts(name, value));
        assert_eq!(found, [1, 1, 1, 2, 2]);
        assert_eq!([0, 1, 2].map(|value| root.texts_with(name, value)), [1, 1, 2]);
        let texts = root.texts(name, 2).unwrap();
        assert_eq!((texts.first, texts.count), (2, 1));
        assert_eq!(texts.texts, PageRef { offset: 26, bytes: 9 });
        assert_eq!((root.find_series(1), root.find_series(2)), (Some((0, 1)), None));
        assert_eq!(root.series(0).unwrap().content, (0, 47));
        assert_eq!(root.strip_rows(0), 9);
    }

    #[test]
    fn a_truncated_section_is_an_error() {
        let bytes = example();
        for length in 0..bytes.len() {
            assert!(Root::read(&bytes[..length]).is_err());
        }
    }

    proptest! {
        #[test]
        fn changed_bytes_are_an_error_or_a_root(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = example();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(root) = Root::read(&bytes) {
                for name in &root.names {
                    for page in name.pages.clone() {
                        prop_assert!(root.texts(name, page).is_some());
                    }
                    root.find_texts(name, "b");
                }
                for page in 0..root.series_pages.len() {
                    prop_assert!(root.series(page).is_some());
                }
            }
        }
    }
}
