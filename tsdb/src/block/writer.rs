//! Writing a block: series after series, in the order of their labels.

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Histogram};
use telemetry_core::source::{Columns, FloatColumn, HistogramColumn};
use telemetry_core::storage::Result;
use telemetry_core::storage::block::{BlockSummary, BlockWriter, FileWriter};
use telemetry_core::storage::store::BlockOutput;

use super::candidates::Candidates;
use super::exemplars::ExemplarWriter;
use super::format::TimeColumn;
use super::index::IndexBuilder;
use super::places::{ChunkKind, ListedChunk};
use super::strips::StripWriter;
use super::{INDEX_FILE, Pairs, SAMPLES_FILE, STRIPS, TIMES, VALUES};
use crate::chunk::{histogram, timestamps};

/// Samples of a chunk at most: what a query decodes to read one of them.
pub(crate) const CHUNK_SAMPLES: usize = 2_880;
/// Content of a page, unless a single chunk is larger.
const PAGE_BYTES: usize = 32 << 10;
/// Samples of a page of time columns, which is decoded as a whole.
const PAGE_SAMPLES: usize = 32 << 10;

/// A block under construction.
#[derive(Debug)]
pub(crate) struct BlockBuilder {
    block: BlockWriter,
    samples: FileWriter,
    index_file: FileWriter,
    index: IndexBuilder,
    /// The content of the page that is being filled: of values, and of times.
    value_page: Vec<u8>,
    time_page: Vec<u8>,
    /// Samples in `time_page`.
    time_page_samples: usize,
    /// Bytes of all chunks so far.
    position: u64,
    /// What the next chunks may refer to.
    candidates: Candidates,
    /// Columns that are written, by a hash of their times.
    columns: HashMap<(u64, u64), u32>,
    strip: StripWriter,
    /// Strips that are written, one behind the other: their section comes behind that of VALUES.
    strips: Vec<u8>,
    /// Chunks of the series that is being written.
    chunks: Vec<ListedChunk>,
    encoded: Vec<u8>,
    exemplars: Option<ExemplarWriter>,
    summary: BlockSummary,
}

impl BlockBuilder {
    /// Begins a block of series that have labels of `pairs`.
    pub(crate) fn begin(output: &mut BlockOutput<'_>, pairs: Pairs) -> Result<Self> {
        let block = output.begin()?;
        let mut samples = block.file(SAMPLES_FILE)?;
        samples.begin(VALUES);
        let mut index_file = block.file(INDEX_FILE)?;
        index_file.begin(TIMES);
        let summary =
            BlockSummary { min_time: i64::MAX, max_time: i64::MIN, ..BlockSummary::default() };
        Ok(BlockBuilder {
            block,
            samples,
            index_file,
            index: IndexBuilder::new(pairs),
            value_page: Vec::new(),
            time_page: Vec::new(),
            time_page_samples: 0,
            position: 0,
            candidates: Candidates::default(),
            columns: HashMap::new(),
            strip: StripWriter::default(),
            strips: Vec::new(),
            chunks: Vec::new(),
            encoded: Vec::new(),
            exemplars: None,
            summary,
        })
    }

    /// Adds samples to the current series, behind those before them.
    pub(crate) fn columns(&mut self, columns: &Columns) -> Result<()> {
        self.floats(&columns.floats)?;
        self.histograms(&columns.histograms)
    }

    fn floats(&mut self, column: &FloatColumn) -> Result<()> {
        for (start, end) in pieces(column.times.len()) {
            let values = column.values.get(start..end).unwrap_or_default();
            let starts = column.starts.get(start..end).unwrap_or_default();
            if starts.is_empty() && self.strip.push(values) {
                let times = column.times.get(start..end).unwrap_or_default();
                let column = self.listed_times(times)?;
                self.chunks.push(ListedChunk { column, kind: ChunkKind::Strip, bytes: 0 });
                if self.strip.is_full() {
                    self.end_strip();
                }
                continue;
            }
            let times = column.times.get(start..end).unwrap_or_default();
            let shared = self.column(times)?;
            let mut encoded = std::mem::take(&mut self.encoded);
            encoded.clear();
            let position = self.position;
            self.candidates.encode(values, starts, shared, position, &mut encoded);
            let added = self.chunk(times, false, &encoded);
            self.encoded = encoded;
            added?;
        }
        Ok(())
    }

    fn histograms(&mut self, column: &HistogramColumn) -> Result<()> {
        for (start, end) in pieces(column.times.len()) {
            let values: &[Arc<Histogram>] = column.values.get(start..end).unwrap_or_default();
            let starts = column.starts.get(start..end).unwrap_or_default();
            let mut encoded = std::mem::take(&mut self.encoded);
            encoded.clear();
            histogram::encode(values, starts, &mut encoded);
            let times = column.times.get(start..end).unwrap_or_default();
            let added = self.chunk(times, true, &encoded);
            self.encoded = encoded;
            added?;
        }
        Ok(())
    }

    /// Adds a chunk of another block, which refers to none, to the current series.
    pub(crate) fn copy(&mut self, times: &[i64], is_histogram: bool, bytes: &[u8]) -> Result<()> {
        if !is_histogram && !times.is_empty() {
            let shared = self.column(times)?;
            self.candidates.copied(bytes, times.len(), shared, self.position);
        }
        self.chunk(times, is_histogram, bytes)
    }

    /// Adds an encoded chunk to the current series.
    fn chunk(&mut self, times: &[i64], is_histogram: bool, bytes: &[u8]) -> Result<()> {
        if times.is_empty() {
            return Ok(());
        }
        let column = self.listed_times(times)?;
        if !self.value_page.is_empty() && self.value_page.len() + bytes.len() > PAGE_BYTES {
            self.end_value_page()?;
        }
        self.value_page.extend_from_slice(bytes);
        self.position += bytes.len() as u64;
        let kind = if is_histogram { ChunkKind::Histograms } else { ChunkKind::Floats };
        self.chunks.push(ListedChunk { column, kind, bytes: small(bytes.len()) });
        Ok(())
    }

    /// Counts the samples of a chunk; gives the number of their times, at least one.
    fn listed_times(&mut self, times: &[i64]) -> Result<u32> {
        if let (Some(first), Some(last)) = (times.first(), times.last()) {
            self.summary.min_time = self.summary.min_time.min(*first);
            self.summary.max_time = self.summary.max_time.max(*last);
        }
        self.summary.items += times.len() as u64;
        self.column(times)
    }

    fn end_strip(&mut self) {
        let before = self.strips.len();
        let listed = &mut self.index.listed;
        listed.last_strip = small(self.strip.len());
        self.strip.finish(&mut self.strips);
        listed.strip_pages.push(small(self.strips.len() - before));
    }

    fn write_strips(&mut self) -> Result<()> {
        if !self.strip.is_empty() {
            self.end_strip();
        }
        self.samples.begin(STRIPS);
        let mut start = 0;
        for bytes in &self.index.listed.strip_pages {
            let end = start + *bytes as usize;
            self.samples.page(self.strips.get(start..end).unwrap_or_default())?;
            start = end;
        }
        Ok(())
    }

    /// The number of a time column, which is written if it is new.
    fn column(&mut self, times: &[i64]) -> Result<u32> {
        let hash = times_hash(times);
        if let Some(column) = self.columns.get(&hash) {
            return Ok(*column);
        }
        let full = self.time_page.len() >= PAGE_BYTES
            || self.time_page_samples + times.len() > PAGE_SAMPLES;
        if full && !self.time_page.is_empty() {
            self.end_time_page()?;
        }
        let before = self.time_page.len();
        timestamps::write(times, &mut self.time_page);
        self.time_page_samples += times.len();
        let column = small(self.index.listed.columns.len());
        self.index.listed.columns.push(TimeColumn {
            samples: small(times.len()),
            first: times.first().copied().unwrap_or(0),
            last: times.last().copied().unwrap_or(0),
            bytes: small(self.time_page.len() - before),
        });
        self.columns.insert(hash, column);
        Ok(column)
    }

    fn end_value_page(&mut self) -> Result<()> {
        self.samples.page(&self.value_page)?;
        self.index.listed.value_pages.push(small(self.value_page.len()));
        self.value_page.clear();
        Ok(())
    }

    fn end_time_page(&mut self) -> Result<()> {
        self.index_file.page(&self.time_page)?;
        self.index.listed.time_pages.push(small(self.time_page.len()));
        self.time_page.clear();
        self.time_page_samples = 0;
        Ok(())
    }

    /// Ends the current series: these are its labels, as ranks, and they come behind those of all
    /// before. A series without samples is left out.
    pub(crate) fn end_series(&mut self, ranks: &[u32]) {
        if !self.chunks.is_empty() {
            self.index.series(ranks, &self.chunks);
            self.chunks.clear();
        }
    }

    /// Adds exemplars of a series, by time; series come in the order of their labels.
    pub(crate) fn exemplars(&mut self, labels: &Labels, exemplars: &[Exemplar]) -> Result<()> {
        if exemplars.is_empty() {
            return Ok(());
        }
        if self.exemplars.is_none() {
            self.exemplars = Some(ExemplarWriter::begin(&self.block)?);
        }
        self.exemplars.as_mut().map_or(Ok(()), |writer| writer.series(labels, exemplars))
    }

    /// Ends the block; one without samples and exemplars is given up.
    pub(crate) fn finish(mut self, output: &mut BlockOutput<'_>) -> Result<()> {
        if self.index.len() == 0 && self.exemplars.is_none() {
            return Ok(());
        }
        if let Some(writer) = self.exemplars.take() {
            let extent = writer.finish(&mut self.block)?;
            extent.put(&mut self.summary.meta);
            // They are part of what deletes may hide in the block.
            self.summary.min_time = self.summary.min_time.min(extent.first);
            self.summary.max_time = self.summary.max_time.max(extent.last);
        }
        if !self.value_page.is_empty() {
            self.end_value_page()?;
        }
        if !self.time_page.is_empty() {
            self.end_time_page()?;
        }
        self.write_strips()?;
        self.index.finish(&mut self.index_file)?;
        self.block.finish_file(self.samples)?;
        self.block.finish_file(self.index_file)?;
        output.finish(self.block, self.summary)
    }
}

/// Cuts so many samples into pieces of about the same size.
fn pieces(samples: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = samples.div_ceil(CHUNK_SAMPLES);
    (0..count).map(move |piece| (samples * piece / count, samples * (piece + 1) / count))
}

/// Sizes of pages and counts of a block fit 32 bits: pages are cut long before.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// 128 bits: columns with the same are taken to be the same.
fn times_hash(times: &[i64]) -> (u64, u64) {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let begin = (times.len() as u64, 0x243f_6a88_85a3_08d3);
    times.iter().fold(begin, |(one, other), time| {
        let time = time.cast_unsigned();
        (
            fold(one ^ time ^ 0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db),
            (other ^ time).wrapping_mul(0x8ebc_6af0_9c88_c6e3).rotate_left(31),
        )
    })
}
