//! Reading a block: its tables at once, its pages on demand.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::storage::block::{BlockFile, BlockReader};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::postings::{self, FrozenPostings};
use telemetry_core::storage::{Damaged, Result};

use super::format::{ChunkPlace, Table, TimeColumn};
use super::{INDEX_FILE, POSTINGS, SAMPLES_FILE, SERIES, TIMES, VALUES};
use crate::chunk::timestamps;
use crate::registry::Slots;

/// An open block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(super) samples: BlockFile,
    pub(super) index: BlockFile,
    section: Bytes,
    pub(super) table: Table,
    pub(super) postings: FrozenPostings,
    /// Labels that have been asked for.
    labels: Slots<OnceLock<Labels>>,
}

/// The time columns of a page.
type TimePage = Vec<Arc<[i64]>>;

impl Block {
    /// Opens a block.
    pub(crate) fn open(reader: &BlockReader) -> Result<Self> {
        let samples = reader.file(SAMPLES_FILE)?;
        let index = reader.file(INDEX_FILE)?;
        let section = index.read_section(SERIES)?;
        let table = Table::read(&section).map_err(|damaged| index.damaged_in(SERIES, damaged))?;
        let postings = FrozenPostings::open(index.read_section(POSTINGS)?)
            .map_err(|damaged| index.damaged_in(POSTINGS, damaged))?;
        Ok(Block { samples, index, section, table, postings, labels: Slots::new() })
    }

    /// Number of series.
    pub(crate) fn len(&self) -> u32 {
        self.table.len()
    }

    /// The labels of a series; none past the end.
    pub(crate) fn labels(&self, series: u32) -> Labels {
        if series >= self.len() {
            return Labels::empty();
        }
        let labels = || self.table.labels(&self.section, series).unwrap_or_default();
        self.labels.grow(series).get_or_init(labels).clone()
    }

    /// Series that satisfy every matcher, ascending.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Result<Vec<u32>> {
        let selected = postings::select(&self.postings, matchers)?;
        Ok(selected.iter().filter(|series| *series < self.len()).collect())
    }

    /// The series with exactly these labels.
    pub(crate) fn find(&self, labels: &Labels) -> Option<u32> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.labels(middle).cmp(labels) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The chunks of a series.
    pub(crate) fn chunks(&self, series: u32) -> Result<Vec<ChunkPlace>> {
        let chunks = self.table.chunks(&self.section, series);
        chunks.map_err(|damaged| self.index.damaged_in(SERIES, damaged))
    }

    /// First and last time of a chunk, and its samples.
    pub(crate) fn extent(&self, chunk: &ChunkPlace) -> (i64, i64, usize) {
        let column = self.table.columns.get(chunk.column as usize);
        column.map_or((0, -1, 0), |column| (column.first, column.last, column.samples as usize))
    }

    /// The encoded values of a chunk.
    pub(crate) fn values(&self, chunk: &ChunkPlace) -> Result<Bytes> {
        let damaged = || Damaged::field(0, "place of a chunk");
        let place = self.table.value_pages.find(chunk.position);
        let (page, offset) = place.ok_or_else(|| self.index.damaged_in(SERIES, damaged()))?;
        let place = self.table.value_pages.place(page);
        let place = place.ok_or_else(|| self.index.damaged_in(SERIES, damaged()))?;
        let page = self.samples.read_page(VALUES, place)?;
        let end = offset.saturating_add(chunk.bytes as usize);
        if end > page.len() {
            return Err(self.samples.damaged_in(VALUES, damaged()));
        }
        Ok(page.slice(offset..end))
    }

    /// Damage in the values of a chunk.
    pub(crate) fn damaged(
        &self,
        chunk: &ChunkPlace,
        damaged: Damaged,
    ) -> telemetry_core::storage::Error {
        let offset = damaged.offset.saturating_add(chunk.position);
        self.samples.damaged_in(VALUES, Damaged { offset, ..damaged })
    }

    /// A time column.
    pub(crate) fn times(&self, column: u32) -> Result<Arc<[i64]>> {
        let table = &self.table;
        let found = || {
            let position = *table.column_positions.get(column as usize)?;
            let (page, _) = table.time_pages.find(position)?;
            let first = table
                .column_positions
                .partition_point(|position| table.page_of(*position) < Some(page));
            Some((page, table.time_pages.place(page)?, first))
        };
        let damaged = || Damaged::field(0, "place of a time column");
        let (page, place, first) =
            found().ok_or_else(|| self.index.damaged_in(SERIES, damaged()))?;
        let decoded = self.index.decoded_page(TIMES, place, |bytes| {
            self.read_times(page, first, bytes)
                .map_err(|damaged| self.index.damaged_in(TIMES, damaged))
        })?;
        let column = decoded.get((column as usize).saturating_sub(first));
        column.cloned().ok_or_else(|| self.index.damaged_in(SERIES, damaged()))
    }

    /// The columns of a page, of which `first` is the first, and their size in memory.
    fn read_times(
        &self,
        page: usize,
        first: usize,
        bytes: &[u8],
    ) -> Result<(TimePage, u64), Damaged> {
        let mut input = Cursor::new(bytes);
        let mut decoded: TimePage = Vec::new();
        let mut size = 0;
        let mut times = Vec::new();
        let rest = self.table.columns.iter().zip(&self.table.column_positions).skip(first);
        for (column, position) in rest {
            if self.table.page_of(*position) != Some(page) {
                break;
            }
            times.clear();
            let start = input.position();
            timestamps::read(&mut input, column.samples as usize, &mut times)?;
            if input.position() - start != column.bytes as usize || !fits(column, &times) {
                return Err(input.field("time column"));
            }
            size += times.len() as u64 * 8 + 32;
            decoded.push(times.as_slice().into());
        }
        input.finish()?;
        Ok((decoded, size))
    }
}

/// Whether a column is what the table says.
fn fits(column: &TimeColumn, times: &[i64]) -> bool {
    times.first() == Some(&column.first) && times.last() == Some(&column.last)
}

impl Table {
    /// The page of TIMES with a position.
    fn page_of(&self, position: u64) -> Option<usize> {
        self.time_pages.find(position).map(|(page, _)| page)
    }
}
