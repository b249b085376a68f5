//! Writes streams, one after the other, as a block.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::LogColumns;
use telemetry_core::storage::Result;
use telemetry_core::storage::block::{BlockSummary, BlockWriter, FileWriter, PageRef};
use telemetry_core::storage::postings::MemoryPostings;
use telemetry_core::storage::store::BlockOutput;

use super::format::{self, PageEntry, Run, StreamRuns, Table};
use super::{Block, buckets, values};
use crate::page::{self, PAGE_TEXT_BYTES};
use crate::text::template::{Coder, PageTemplate};

/// Lines of one page at the most: empty lines have no text that would fill it.
const PAGE_LINES: usize = 1 << 16;

/// A page with this much text is not shared with the next stream.
const OWN_TEXT_BYTES: usize = 64 << 10;

/// Takes lines in order of stream and time. Pages are cut when they are full, or when another
/// stream comes and they are large enough; small streams share them.
pub(crate) struct Writer<'a, 'b> {
    output: &'a mut BlockOutput<'b>,
    open: Option<(BlockWriter, FileWriter)>,
    table: Table,
    coder: Coder,
    page: LogColumns,
    /// The number of the page that is filled, once it has lines.
    number: Option<u32>,
    bytes: Vec<u8>,
    /// The filters of the pages one behind the other, until they are written.
    filters: Vec<u8>,
    summary: BlockSummary,
}

impl<'a, 'b> Writer<'a, 'b> {
    /// Nothing yet; the block is begun with the first line.
    pub(crate) fn new(output: &'a mut BlockOutput<'b>) -> Self {
        let summary =
            BlockSummary { min_time: i64::MAX, max_time: i64::MIN, items: 0, meta: Vec::new() };
        Writer {
            output,
            open: None,
            table: Table::default(),
            coder: Coder::default(),
            page: LogColumns::default(),
            number: None,
            bytes: Vec::new(),
            filters: Vec::new(),
            summary,
        }
    }

    /// Adds lines of a stream, in order of time, behind those it already has.
    ///
    /// # Errors
    ///
    /// Where a page cannot be written.
    pub(crate) fn push(&mut self, labels: &Labels, columns: &LogColumns) -> Result<()> {
        let is_new = self.table.streams.last().is_none_or(|stream| stream.labels != *labels);
        if is_new && self.page.text.len() >= OWN_TEXT_BYTES {
            self.cut()?;
        }
        let mut start = 0;
        while start < columns.len() {
            let end = self.take(columns, start);
            self.extend_run(labels, columns, start, end);
            page::copy_rows(columns, start, end, &mut self.page);
            start = end;
            if self.page.text.len() >= PAGE_TEXT_BYTES || self.page.len() >= PAGE_LINES {
                self.cut()?;
            }
        }
        Ok(())
    }

    /// Takes a page over as it is, which has no other run than this. False, and nothing done, where
    /// there is no room for its templates.
    ///
    /// # Errors
    ///
    /// Where a page cannot be read or written.
    pub(crate) fn copy(&mut self, labels: &Labels, block: &Block, run: &Run) -> Result<bool> {
        let mut templates = Vec::new();
        for known in &block.page_entry(run)?.templates {
            let Some(number) = self.coder.dictionary.adopt(block.dictionary(), known.number) else {
                return Ok(false);
            };
            templates.push(PageTemplate { number, rows: known.rows });
        }
        let bytes = block.page_bytes(run)?;
        let start = self.filters.len();
        self.filters.extend_from_slice(&block.filter(block.page_entry(run)?)?.0);
        // The page that is filled keeps its place before this one.
        let number = self.reserve();
        self.write_page(number, &bytes, templates, start)?;
        self.add_run(labels, Run { page: number, row: 0, ..run.clone() });
        Ok(true)
    }

    /// How far the open page can take the rows from `start`: one row at least.
    fn take(&self, columns: &LogColumns, start: usize) -> usize {
        let (mut text, mut rows) = (self.page.text.len(), self.page.len());
        let mut end = start;
        while end < columns.len() && text < PAGE_TEXT_BYTES && rows < PAGE_LINES {
            text += columns.line_bytes(end);
            rows += 1;
            end += 1;
        }
        end.max(start + 1)
    }

    /// A number for a page that is written later.
    fn reserve(&mut self) -> u32 {
        // Pages are bounded far below four billion.
        let number = u32::try_from(self.table.pages.len()).unwrap_or(u32::MAX);
        let at = PageRef { offset: 0, bytes: 0 };
        self.table.pages.push(PageEntry { at, templates: Vec::new(), filter: at });
        number
    }

    /// Notes rows of the page that is filled: more of the run before, or a run of their own.
    fn extend_run(&mut self, labels: &Labels, columns: &LogColumns, start: usize, end: usize) {
        let page = match self.number {
            Some(number) => number,
            None => self.reserve(),
        };
        self.number = Some(page);
        let run = Run {
            page,
            row: u32::try_from(self.page.len()).unwrap_or(u32::MAX),
            rows: u32::try_from(end - start).unwrap_or(u32::MAX),
            first: columns.times.get(start).copied().unwrap_or_default(),
            last: columns.times.get(end - 1).copied().unwrap_or_default(),
            text_bytes: (start..end).map(|row| columns.line_bytes(row) as u64).sum(),
            has_metadata: (start..end).any(|row| columns.metadata(row).next().is_some()),
            buckets: None,
        };
        if let Some(stream) = self.table.streams.last_mut()
            && stream.labels == *labels
            && let Some(before) = stream.runs.last_mut()
            && before.page == page
        {
            self.summary.max_time = self.summary.max_time.max(run.last);
            self.summary.items += u64::from(run.rows);
            before.rows += run.rows;
            before.last = before.last.max(run.last);
            before.text_bytes += run.text_bytes;
            before.has_metadata |= run.has_metadata;
            return;
        }
        self.add_run(labels, run);
    }

    fn add_run(&mut self, labels: &Labels, run: Run) {
        self.summary.min_time = self.summary.min_time.min(run.first);
        self.summary.max_time = self.summary.max_time.max(run.last);
        self.summary.items += u64::from(run.rows);
        match self.table.streams.last_mut() {
            Some(stream) if stream.labels == *labels => stream.runs.push(run),
            _ => self.table.streams.push(StreamRuns { labels: labels.clone(), runs: vec![run] }),
        }
    }

    /// Writes the page that is filled.
    fn cut(&mut self) -> Result<()> {
        let Some(number) = self.number.take() else { return Ok(()) };
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let templates = page::format::write(&self.page, &mut self.coder, &mut bytes);
        self.count(number);
        self.page.clear();
        let start = self.filters.len();
        if !templates.is_empty() {
            values::write(&mut self.coder.values, &mut self.filters);
        }
        self.write_page(number, &bytes, templates, start)?;
        self.bytes = bytes;
        Ok(())
    }

    /// Counts the lines of the runs on the page that is filled per stretch of time.
    fn count(&mut self, number: u32) {
        for stream in self.table.streams.iter_mut().rev() {
            let mut is_there = false;
            for run in stream.runs.iter_mut().rev().filter(|run| run.page == number) {
                is_there = true;
                let range = run.range();
                let times = self.page.times.get(range.clone()).unwrap_or_default();
                let bytes = range.map(|row| self.page.line_bytes(row) as u64);
                run.buckets = buckets::count(times, bytes).map(Arc::new);
            }
            if !is_there {
                break;
            }
        }
    }

    /// Writes a page, whose filter is in `filters` from `start` on.
    fn write_page(
        &mut self,
        number: u32,
        bytes: &[u8],
        templates: Vec<PageTemplate>,
        start: usize,
    ) -> Result<()> {
        let (block, mut file) = match self.open.take() {
            Some(open) => open,
            None => {
                let block = self.output.begin()?;
                let mut file = block.file(format::FILE)?;
                file.begin(format::PAGES);
                (block, file)
            }
        };
        let at = file.page(bytes)?;
        if let Some(entry) = self.table.pages.get_mut(number as usize) {
            // A page is bounded far below four GiB, and so is its filter.
            let bytes = u32::try_from(self.filters.len() - start).unwrap_or(u32::MAX);
            let filter = PageRef { offset: start as u64, bytes };
            *entry = PageEntry { at, templates, filter };
        }
        self.open = Some((block, file));
        Ok(())
    }

    /// Ends the block; there is none if there were no lines.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.cut()?;
        let Some((mut block, mut file)) = self.open.take() else { return Ok(()) };
        if !self.filters.is_empty() {
            file.begin(format::FILTERS);
        }
        for filter in self.table.pages.iter_mut().map(|page| &mut page.filter) {
            if filter.bytes > 0 {
                let start = usize::try_from(filter.offset).unwrap_or(usize::MAX);
                let end = start.saturating_add(filter.bytes as usize);
                *filter = file.page(self.filters.get(start..end).unwrap_or_default())?;
            }
        }
        let mut raw = Vec::new();
        format::write(&self.table, &mut raw);
        self.bytes.clear();
        self.coder.packer.put(&raw, &mut self.bytes);
        file.section(format::STREAMS, &self.bytes)?;
        let mut postings = MemoryPostings::new();
        for (id, stream) in (0..).zip(&self.table.streams) {
            postings.insert(id, &stream.labels);
        }
        file.section(format::POSTINGS, &postings.freeze()?)?;
        raw.clear();
        self.coder.dictionary.write(&mut raw);
        self.bytes.clear();
        self.coder.packer.put(&raw, &mut self.bytes);
        file.section(format::TEMPLATES, &self.bytes)?;
        block.finish_file(file)?;
        self.output.finish(block, self.summary)?;
        Ok(())
    }
}
