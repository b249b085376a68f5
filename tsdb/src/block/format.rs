//! The section SERIES of a block.
//!
//! ~~~text
//! texts     dictionary.rs
//! shapes    varint count, then per shape: varint count of labels, name numbers (varint each)
//! columns   varint count, then per time column: samples varint, first time (zigzag distance to the
//!           first of the column before), span to its last time varint, bytes varint
//! pages     of TIMES, then of VALUES: varint count, then content bytes of each (varint)
//! series    varint count, then per series, ascending by labels:
//!           shape varint, value numbers (varint each), varint count of chunks, then per chunk:
//!             column  varint: (zigzag distance to the column of the chunk before) · 2
//!                     + 1 if it holds histograms
//!             bytes   varint
//! ~~~
//!
//! Chunks lie in VALUES, and columns in TIMES, in the order in which they are listed, without
//! gaps; none lies in two pages. So their lengths say where they are.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::{Labels, LabelsBuilder};
use telemetry_core::storage::block::PageRef;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use super::dictionary::{Dictionary, DictionaryBuilder};
use crate::chunk::SAMPLES_MAX;

/// Bytes of the checksum behind each page.
const PAGE_CRC_BYTES: u64 = 4;

/// A time column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeColumn {
    pub(super) samples: u32,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) bytes: u32,
}

/// Where the values of a chunk are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkPlace {
    /// Its times.
    pub(crate) column: u32,
    pub(crate) is_histogram: bool,
    /// Where it is in the content of all pages of VALUES.
    pub(super) position: u64,
    pub(super) bytes: u32,
}

/// A chunk as the writer lists it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListedChunk {
    pub(super) column: u32,
    pub(super) is_histogram: bool,
    pub(super) bytes: u32,
}

/// What is written: collected while the block grows.
#[derive(Debug, Default)]
pub(super) struct TableBuilder {
    pub(super) dictionary: DictionaryBuilder,
    shapes: Vec<Vec<u32>>,
    pub(super) columns: Vec<TimeColumn>,
    pub(super) time_pages: Vec<u32>,
    pub(super) value_pages: Vec<u32>,
    series: Vec<ListedSeries>,
    chunks: Vec<ListedChunk>,
}

#[derive(Debug)]
struct ListedSeries {
    shape: u32,
    values: Box<[u32]>,
    /// Where its chunks end in the list of all.
    chunks_end: usize,
}

impl TableBuilder {
    /// Adds a series behind those before it.
    pub(super) fn series(&mut self, labels: &Labels, chunks: &[ListedChunk]) {
        let mut shape = Vec::new();
        let mut values = Vec::new();
        for (name, value) in labels {
            let (name, value) = self.dictionary.number(name, value);
            shape.push(name);
            values.push(value);
        }
        let last = self.series.last().map(|series| series.shape);
        let same = |place: &u32| self.shapes.get(*place as usize) == Some(&shape);
        let known = last.filter(same).or_else(|| {
            (0..).zip(&self.shapes).find_map(|(at, known)| (*known == shape).then_some(at))
        });
        let shape = known.unwrap_or_else(|| {
            self.shapes.push(shape);
            u32::try_from(self.shapes.len() - 1).unwrap_or(u32::MAX)
        });
        self.chunks.extend_from_slice(chunks);
        let chunks_end = self.chunks.len();
        self.series.push(ListedSeries { shape, values: values.into(), chunks_end });
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// Appends the section.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        let renumbered = self.dictionary.finish(out);
        let name_of = |name: &u32| renumbered.names.get(*name as usize).copied().unwrap_or(0);
        varint::put_u64(out, self.shapes.len() as u64);
        for shape in &self.shapes {
            varint::put_u64(out, shape.len() as u64);
            shape.iter().for_each(|name| varint::put_u64(out, name_of(name).into()));
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
        for pages in [&self.time_pages, &self.value_pages] {
            varint::put_u64(out, pages.len() as u64);
            pages.iter().for_each(|bytes| varint::put_u64(out, (*bytes).into()));
        }
        varint::put_u64(out, self.series.len() as u64);
        let mut chunks = self.chunks.iter();
        let mut chunks_start = 0;
        for series in &self.series {
            varint::put_u64(out, series.shape.into());
            let shape = self.shapes.get(series.shape as usize).into_iter().flatten();
            for (name, value) in shape.zip(&series.values) {
                let sorted = renumbered.values.get(*name as usize);
                let sorted = sorted.and_then(|values| values.get(*value as usize)).copied();
                varint::put_u64(out, sorted.unwrap_or(0).into());
            }
            let count = series.chunks_end - chunks_start;
            chunks_start = series.chunks_end;
            varint::put_u64(out, count as u64);
            let mut previous = 0;
            for chunk in chunks.by_ref().take(count) {
                let distance = i64::from(chunk.column) - previous;
                previous = i64::from(chunk.column);
                let kind = u64::from(chunk.is_histogram);
                varint::put_u64(out, varint::fold(distance) << 1 | kind);
                varint::put_u64(out, chunk.bytes.into());
            }
        }
    }
}

/// Where pages lie, and what part of the content of their section each has.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Content before each page, and of all at the end.
    starts: Vec<u64>,
}

impl Pages {
    fn read(input: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let count = input.count(1)?;
        let mut starts = Vec::with_capacity(count + 1);
        let mut start = 0_u64;
        starts.push(start);
        for _ in 0..count {
            start = start.saturating_add(input.varint_u32()?.into());
            starts.push(start);
        }
        Ok(Pages { starts })
    }

    /// Bytes of content.
    fn content_bytes(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The number of the page with a position, and the offset within.
    pub(super) fn find(&self, position: u64) -> Option<(usize, usize)> {
        let page = self.starts.partition_point(|start| *start <= position).checked_sub(1)?;
        let offset = position.checked_sub(*self.starts.get(page)?)?;
        Some((page, usize::try_from(offset).ok()?))
    }

    /// The place of a page.
    pub(super) fn place(&self, page: usize) -> Option<PageRef> {
        let (start, end) = (*self.starts.get(page)?, *self.starts.get(page + 1)?);
        let offset = start.checked_add(PAGE_CRC_BYTES.checked_mul(page as u64)?)?;
        Some(PageRef { offset, bytes: u32::try_from(end - start).ok()? })
    }

    /// Whether the bytes from `position` on lie in one page.
    fn holds(&self, position: u64, bytes: u32) -> bool {
        let end = position.saturating_add(bytes.into());
        self.find(position)
            .and_then(|(page, _)| self.starts.get(page + 1))
            .is_some_and(|page_end| end <= *page_end)
    }
}

/// The section, read. Everything that refers to something else has been checked.
#[derive(Debug, Default)]
pub(super) struct Table {
    dictionary: Dictionary,
    shapes: Vec<Vec<u32>>,
    pub(super) columns: Vec<TimeColumn>,
    /// Where each column is in the content of all pages of TIMES.
    pub(super) column_positions: Vec<u64>,
    pub(super) time_pages: Pages,
    pub(super) value_pages: Pages,
    series: Vec<SeriesPlace>,
}

/// Where a series is in the section, and its first chunk in VALUES.
#[derive(Clone, Copy, Debug)]
struct SeriesPlace {
    offset: u32,
    position: u64,
}

impl Table {
    /// Reads the section.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let mut table = Table { dictionary: Dictionary::read(&mut input)?, ..Table::default() };
        for _ in 0..input.count(1)? {
            let count = input.count(1)?;
            let mut shape = Vec::with_capacity(count);
            for _ in 0..count {
                let name = input.varint_u32()?;
                if name as usize >= table.dictionary.names() {
                    return Err(input.field("name of a label"));
                }
                shape.push(name);
            }
            table.shapes.push(shape);
        }
        table.read_columns(&mut input)?;
        table.time_pages = Pages::read(&mut input)?;
        table.value_pages = Pages::read(&mut input)?;
        table.check_columns(&input)?;
        table.read_series(&mut input)?;
        input.finish()?;
        Ok(table)
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
        let count = input.count(2)?;
        self.series.reserve(count);
        let mut position = 0_u64;
        for _ in 0..count {
            let offset =
                u32::try_from(input.position()).map_err(|_| input.field("place of a series"))?;
            self.series.push(SeriesPlace { offset, position });
            self.skip_labels(input)?;
            let mut column = 0;
            for _ in 0..input.count(2)? {
                let chunk = read_chunk(input, &mut column, position)?;
                let known = (chunk.column as usize) < self.columns.len();
                if !known || !self.value_pages.holds(position, chunk.bytes) {
                    return Err(input.field("place of a chunk"));
                }
                position += u64::from(chunk.bytes);
            }
        }
        let whole = position == self.value_pages.content_bytes();
        if whole { Ok(()) } else { Err(input.field("size of the chunks")) }
    }

    /// Moves behind the labels of a series and checks them.
    fn skip_labels(&self, input: &mut Cursor<'_>) -> Result<(), Damaged> {
        let shape = input.varint_u32()?;
        let shape = self.shapes.get(shape as usize).ok_or_else(|| input.field("shape"))?;
        for name in shape {
            let value = input.varint_u32()?;
            let values = self.dictionary.name(*name).map_or(0, |(_, values)| values);
            if value as usize >= values {
                return Err(input.field("value of a label"));
            }
        }
        Ok(())
    }

    /// Number of series.
    pub(super) fn len(&self) -> u32 {
        // The postings of a block have room for no more.
        u32::try_from(self.series.len()).unwrap_or(u32::MAX)
    }

    /// The labels of a series; `bytes` is the section that this was read from.
    pub(super) fn labels(&self, bytes: &[u8], series: u32) -> Option<Labels> {
        let place = self.series.get(series as usize)?;
        let mut input = Cursor::new(bytes.get(place.offset as usize..)?);
        let shape = self.shapes.get(input.varint_u32().ok()? as usize)?;
        let mut builder = LabelsBuilder::new();
        for name in shape {
            let value = input.varint_u32().ok()?;
            let (text, _) = self.dictionary.name(*name)?;
            builder.set(text, self.dictionary.value(*name, value)?);
        }
        Some(builder.build())
    }

    /// The chunks of a series.
    pub(super) fn chunks(&self, bytes: &[u8], series: u32) -> Result<Vec<ChunkPlace>, Damaged> {
        let Some(place) = self.series.get(series as usize) else { return Ok(Vec::new()) };
        let mut input = Cursor::new(bytes.get(place.offset as usize..).unwrap_or_default());
        self.skip_labels(&mut input)?;
        let count = input.count(2)?;
        let mut chunks = Vec::with_capacity(count);
        let (mut column, mut position) = (0, place.position);
        for _ in 0..count {
            let chunk = read_chunk(&mut input, &mut column, position)?;
            position += u64::from(chunk.bytes);
            chunks.push(chunk);
        }
        Ok(chunks)
    }
}

/// Reads a section and follows every reference in it: for the fuzz target.
pub(crate) fn exercise_table(bytes: &[u8]) {
    let Ok(table) = Table::read(bytes) else { return };
    for series in 0..table.len() {
        assert!(table.labels(bytes, series).is_some(), "labels that are there");
        for chunk in table.chunks(bytes, series).unwrap_or_default() {
            let page = table.value_pages.find(chunk.position);
            assert!(page.is_some() || chunk.bytes == 0, "a page for every chunk");
            assert!((chunk.column as usize) < table.columns.len(), "a column for every chunk");
        }
    }
}

fn read_chunk(
    input: &mut Cursor<'_>,
    column: &mut i64,
    position: u64,
) -> Result<ChunkPlace, Damaged> {
    let token = input.varint_u64()?;
    *column = column.wrapping_add(varint::unfold(token >> 1));
    let place = u32::try_from(*column).map_err(|_| input.field("column of a chunk"))?;
    let bytes = input.varint_u32()?;
    Ok(ChunkPlace { column: place, is_histogram: token & 1 == 1, position, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels;

    fn example() -> Vec<u8> {
        let mut table = TableBuilder::default();
        table.columns.push(TimeColumn { samples: 3, first: 1_000, last: 3_000, bytes: 5 });
        table.time_pages.push(5);
        table.value_pages.push(40);
        table.value_pages.push(7);
        let chunk = ListedChunk { column: 0, is_histogram: false, bytes: 40 };
        table.series(&labels! { "__name__" => "up", "job" => "api" }, &[chunk]);
        let chunk = ListedChunk { column: 0, is_histogram: true, bytes: 7 };
        table.series(&labels! { "__name__" => "up", "job" => "apt" }, &[chunk]);
        let mut bytes = Vec::new();
        table.encode(&mut bytes);
        bytes
    }

    #[test]
    fn golden_section() {
        let mut golden = vec![2, 8];
        golden.extend_from_slice(b"__name__\x01\0\x02up\x03job\x02\0\x03api\x02\x01t");
        golden.extend_from_slice(&[1, 2, 0, 1]); // one shape: both names
        golden.extend_from_slice(&[1, 3, 0xd0, 0x0f, 0xd0, 0x0f, 5]); // one column
        golden.extend_from_slice(&[1, 5, 2, 40, 7]); // pages
        golden.extend_from_slice(&[2, 0, 0, 0, 1, 0, 40, 0, 0, 1, 1, 1, 7]); // series
        assert_eq!(example(), golden);
    }

    #[test]
    fn what_was_listed_is_found() {
        let bytes = example();
        let table = Table::read(&bytes).unwrap();
        assert_eq!(table.len(), 2);
        assert_eq!(table.labels(&bytes, 1), Some(labels! { "__name__" => "up", "job" => "apt" }));
        let chunks = table.chunks(&bytes, 1).unwrap();
        assert_eq!(chunks, [ChunkPlace { column: 0, is_histogram: true, position: 40, bytes: 7 }]);
        assert_eq!(table.value_pages.find(40), Some((1, 0)));
        assert_eq!(table.value_pages.place(1), Some(PageRef { offset: 44, bytes: 7 }));
    }

    #[test]
    fn a_truncated_section_is_an_error() {
        let bytes = example();
        for length in 0..bytes.len() {
            assert!(Table::read(&bytes[..length]).is_err());
        }
    }

    proptest! {
        #[test]
        fn changed_bytes_are_an_error_or_a_table(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = example();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(table) = Table::read(&bytes) {
                for series in 0..table.len() {
                    table.labels(&bytes, series);
                    for chunk in table.chunks(&bytes, series).unwrap() {
                        table.value_pages.find(chunk.position).unwrap();
                    }
                }
            }
        }
    }
}
