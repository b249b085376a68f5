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

/// With less text than this, what is left of a stream shares a page with others.
const OWN_TEXT_BYTES: usize = 64 << 10;

/// Text of a page that streams share, roughly: who reads one of them opens it.
const SHARED_TEXT_BYTES: usize = 128 << 10;

/// Takes lines in order of stream and time. A stream fills pages of its own; what is left of it, if
/// that is little, goes to the page that small streams share.
pub(crate) struct Writer<'a, 'b> {
    output: &'a mut BlockOutput<'b>,
    open: Option<(BlockWriter, FileWriter)>,
    table: Table,
    coder: Coder,
    /// The last lines of the last stream, which are on no page yet.
    own: LogColumns,
    /// Those of small streams.
    shared: LogColumns,
    /// The number of the page of `shared`, once it has lines.
    shared_number: Option<u32>,
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
            own: LogColumns::default(),
            shared: LogColumns::default(),
            shared_number: None,
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
        if columns.is_empty() {
            return Ok(());
        }
        self.begin_stream(labels)?;
        let mut start = 0;
        while start < columns.len() {
            let end = self.take(columns, start);
            page::copy_rows(columns, start, end, &mut self.own);
            start = end;
            if self.own.text.len() >= PAGE_TEXT_BYTES || self.own.len() >= PAGE_LINES {
                self.put_own()?;
            }
        }
        Ok(())
    }

    /// Lines that come are of this stream.
    fn begin_stream(&mut self, labels: &Labels) -> Result<()> {
        if self.table.streams.last().is_some_and(|stream| stream.labels == *labels) {
            return Ok(());
        }
        self.end_stream()?;
        self.table.streams.push(StreamRuns { labels: labels.clone(), runs: Vec::new() });
        Ok(())
    }

    /// Lines that are on no page yet get one.
    fn end_stream(&mut self) -> Result<()> {
        match self.own.text.len() {
            OWN_TEXT_BYTES.. => self.put_own(),
            _ => self.share_own(),
        }
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
        let filter = block.filter(block.page_entry(run)?)?;
        self.begin_stream(labels)?;
        // What came before this page stands before it.
        self.end_stream()?;
        let start = self.filters.len();
        self.filters.extend_from_slice(&filter.0);
        let number = self.reserve();
        self.write_page(number, &bytes, templates, start)?;
        self.add_run(Run { page: number, row: 0, ..run.clone() });
        Ok(true)
    }

    /// How far the open page can take the rows from `start`: one row at least.
    fn take(&self, columns: &LogColumns, start: usize) -> usize {
        let (mut text, mut rows) = (self.own.text.len(), self.own.len());
        let mut end = start;
        while end < columns.len() && text < PAGE_TEXT_BYTES && rows < PAGE_LINES {
            text += columns.line_bytes(end);
            rows += 1;
            end += 1;
        }
        end.max(start + 1)
    }

    /// A number for a page, which may be written later.
    fn reserve(&mut self) -> u32 {
        // Pages are bounded far below four billion.
        let number = u32::try_from(self.table.pages.len()).unwrap_or(u32::MAX);
        let at = PageRef { offset: 0, bytes: 0 };
        self.table.pages.push(PageEntry { at, templates: Vec::new(), filter: at });
        number
    }

    /// Writes the lines that are on no page as one of their own.
    fn put_own(&mut self) -> Result<()> {
        let number = self.reserve();
        self.add_run(self.run_of_own(number, 0));
        let own = std::mem::take(&mut self.own);
        let written = self.put(number, &own);
        self.own = own;
        self.own.clear();
        written
    }

    /// Adds the lines that are on no page to the one that small streams share.
    fn share_own(&mut self) -> Result<()> {
        if self.own.is_empty() {
            return Ok(());
        }
        let number = match self.shared_number {
            Some(number) => number,
            None => self.reserve(),
        };
        self.shared_number = Some(number);
        self.add_run(self.run_of_own(number, self.shared.len()));
        page::copy_rows(&self.own, 0, self.own.len(), &mut self.shared);
        self.own.clear();
        match self.shared.text.len() >= SHARED_TEXT_BYTES || self.shared.len() >= PAGE_LINES {
            true => self.put_shared(),
            false => Ok(()),
        }
    }

    /// Writes the page that small streams share.
    fn put_shared(&mut self) -> Result<()> {
        let Some(number) = self.shared_number.take() else { return Ok(()) };
        let shared = std::mem::take(&mut self.shared);
        let written = self.put(number, &shared);
        self.shared = shared;
        self.shared.clear();
        written
    }

    /// The lines that are on no page, as a run from `row` of page `page` on.
    fn run_of_own(&self, page: u32, row: usize) -> Run {
        let own = &self.own;
        let line_bytes = (0..own.len()).map(|row| own.line_bytes(row) as u64);
        // Rows of a page are bounded far below four billion.
        let narrow = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        Run {
            page,
            row: narrow(row),
            rows: narrow(own.len()),
            first: own.times.first().copied().unwrap_or_default(),
            last: own.times.last().copied().unwrap_or_default(),
            text_bytes: own.text.len() as u64,
            has_metadata: !own.metadata_pairs.is_empty(),
            buckets: buckets::count(&own.times, line_bytes).map(Arc::new),
        }
    }

    /// Adds a run to the stream that was begun.
    fn add_run(&mut self, run: Run) {
        self.summary.min_time = self.summary.min_time.min(run.first);
        self.summary.max_time = self.summary.max_time.max(run.last);
        self.summary.items += u64::from(run.rows);
        if let Some(stream) = self.table.streams.last_mut() {
            stream.runs.push(run);
        }
    }

    fn put(&mut self, number: u32, columns: &LogColumns) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let templates = page::format::write(columns, &mut self.coder, &mut bytes);
        let start = self.filters.len();
        if !templates.is_empty() {
            values::write(&mut self.coder.values, &mut self.filters);
        }
        let written = self.write_page(number, &bytes, templates, start);
        self.bytes = bytes;
        written
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
        self.end_stream()?;
        self.put_shared()?;
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
