//! Writes streams, one after the other, as a block.

use telemetry_core::labels::Labels;
use telemetry_core::source::LogColumns;
use telemetry_core::storage::block::{BlockSummary, BlockWriter, FileWriter};
use telemetry_core::storage::postings::MemoryPostings;
use telemetry_core::storage::store::BlockOutput;
use telemetry_core::storage::{Result, lz4};

use super::format::{self, Run, StreamRuns, Table};
use crate::page::{self, PAGE_TEXT_BYTES};

/// Lines of one page at the most: empty lines have no text that would fill it.
const PAGE_LINES: usize = 1 << 16;

/// Takes lines in order of stream and time. Pages are cut when they are full, whichever stream
/// they are of, so that small streams share one.
pub(crate) struct Writer<'a, 'b> {
    output: &'a mut BlockOutput<'b>,
    open: Option<(BlockWriter, FileWriter)>,
    table: Table,
    page: LogColumns,
    bytes: Vec<u8>,
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
            page: LogColumns::default(),
            bytes: Vec::new(),
            summary,
        }
    }

    /// Adds lines of a stream, in order of time, behind those it already has.
    ///
    /// # Errors
    ///
    /// Where a page cannot be written.
    pub(crate) fn push(&mut self, labels: &Labels, columns: &LogColumns) -> Result<()> {
        let mut start = 0;
        while start < columns.len() {
            let end = self.take(columns, start);
            self.add_run(labels, columns, start, end);
            page::copy_rows(columns, start, end, &mut self.page);
            start = end;
            if self.page.text.len() >= PAGE_TEXT_BYTES || self.page.len() >= PAGE_LINES {
                self.cut()?;
            }
        }
        Ok(())
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

    fn add_run(&mut self, labels: &Labels, columns: &LogColumns, start: usize, end: usize) {
        let first = columns.times.get(start).copied().unwrap_or_default();
        let last = columns.times.get(end - 1).copied().unwrap_or_default();
        // Pages and rows are bounded far below four billion.
        let run = Run {
            page: u32::try_from(self.table.pages.len()).unwrap_or(u32::MAX),
            row: u32::try_from(self.page.len()).unwrap_or(u32::MAX),
            rows: u32::try_from(end - start).unwrap_or(u32::MAX),
            first,
            last,
            text_bytes: (start..end).map(|row| columns.line_bytes(row) as u64).sum(),
            has_metadata: (start..end).any(|row| columns.metadata(row).next().is_some()),
        };
        self.summary.min_time = self.summary.min_time.min(first);
        self.summary.max_time = self.summary.max_time.max(last);
        self.summary.items += (end - start) as u64;
        match self.table.streams.last_mut() {
            Some(stream) if stream.labels == *labels => stream.runs.push(run),
            _ => self.table.streams.push(StreamRuns { labels: labels.clone(), runs: vec![run] }),
        }
    }

    /// Writes the open page.
    fn cut(&mut self) -> Result<()> {
        let (block, mut file) = match self.open.take() {
            Some(open) => open,
            None => {
                let block = self.output.begin()?;
                let mut file = block.file(format::FILE)?;
                file.begin(format::PAGES);
                (block, file)
            }
        };
        self.bytes.clear();
        page::format::write(&self.page, &mut self.bytes);
        self.page.clear();
        self.table.pages.push(file.page(&self.bytes)?);
        self.open = Some((block, file));
        Ok(())
    }

    /// Ends the block; there is none if there were no lines.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(crate) fn finish(mut self) -> Result<()> {
        if !self.page.is_empty() {
            self.cut()?;
        }
        let Some((mut block, mut file)) = self.open.take() else { return Ok(()) };
        let mut raw = Vec::new();
        format::write(&self.table, &mut raw);
        self.bytes.clear();
        lz4::put(&mut self.bytes, &raw);
        file.section(format::STREAMS, &self.bytes)?;
        let mut postings = MemoryPostings::new();
        for (id, stream) in (0..).zip(&self.table.streams) {
            postings.insert(id, &stream.labels);
        }
        file.section(format::POSTINGS, &postings.freeze()?)?;
        block.finish_file(file)?;
        self.output.finish(block, self.summary)?;
        Ok(())
    }
}
