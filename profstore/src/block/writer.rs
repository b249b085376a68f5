//! Writes a set of profiles as a block.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::storage::block::{BlockSummary, BlockWriter, FileWriter};
use telemetry_core::storage::store::BlockOutput;
use telemetry_core::storage::{Result, lz4};

use super::format::{self, Page, SeriesPages};
use crate::samples::{self, Row};
use crate::set::ProfileSet;
use crate::stacks::{self, StackTree};
use crate::symbols::{self, SymbolTable};

/// Writes `set`; nothing if it has no rows.
pub(crate) fn write(set: &ProfileSet, output: &mut BlockOutput<'_>) -> Result<()> {
    let mut writer = Writer::new(output);
    for (labels, rows) in &set.series {
        writer.push(labels, rows)?;
    }
    writer.finish(&set.symbols, &set.stacks)
}

/// Takes the rows of one series after the other, in order of their labels.
pub(super) struct Writer<'a, 'b> {
    output: &'a mut BlockOutput<'b>,
    open: Option<(BlockWriter, FileWriter)>,
    series: Vec<SeriesPages>,
    summary: BlockSummary,
}

impl<'a, 'b> Writer<'a, 'b> {
    /// Nothing yet; the block is begun with the first row.
    pub(super) fn new(output: &'a mut BlockOutput<'b>) -> Self {
        let summary =
            BlockSummary { min_time: i64::MAX, max_time: i64::MIN, items: 0, meta: Vec::new() };
        Writer { output, open: None, series: Vec::new(), summary }
    }

    /// Adds all rows of a series, in order of time.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub(super) fn push(&mut self, labels: &Labels, rows: &[Arc<Row>]) -> Result<()> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        self.output.check()?;
        if self.open.is_none() {
            let block = self.output.begin()?;
            let mut file = block.file(format::FILE)?;
            file.begin(format::ROWS);
            self.open = Some((block, file));
        }
        let Some((_, file)) = &mut self.open else { return Ok(()) };
        let pages = rows.chunks(format::PAGE_ROWS).map(|rows| write_page(rows, file));
        let pages = pages.collect::<Result<_>>()?;
        self.series.push(SeriesPages { labels: labels.clone(), pages });
        self.summary.min_time = self.summary.min_time.min(first.time);
        self.summary.max_time = self.summary.max_time.max(last.time);
        self.summary.items += rows.len() as u64;
        Ok(())
    }

    /// Ends the block, whose rows refer to these stacks; there is none if there were no rows.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(super) fn finish(self, symbols: &SymbolTable, stacks: &StackTree) -> Result<()> {
        let Some((mut block, mut file)) = self.open else { return Ok(()) };
        let mut raw = Vec::new();
        symbols::format::write(symbols, &mut raw);
        write_section(format::SYMBOLS, &raw, &mut file)?;
        raw.clear();
        stacks::format::write(stacks, &mut raw);
        write_section(format::STACKS, &raw, &mut file)?;
        raw.clear();
        format::write_series(&self.series, &mut raw);
        write_section(format::SERIES, &raw, &mut file)?;
        block.finish_file(file)?;
        self.output.finish(block, self.summary)
    }
}

fn write_page(rows: &[Arc<Row>], file: &mut FileWriter) -> Result<Page> {
    let mut raw = Vec::new();
    samples::format::write(rows.iter().map(Arc::as_ref), &mut raw);
    let mut packed = Vec::new();
    lz4::put(&mut packed, &raw);
    let at = file.page(&packed)?;
    let first = rows.first().map_or(0, |row| row.time);
    let last = rows.last().map_or(0, |row| row.time);
    Ok(Page { first, last, at })
}

fn write_section(id: u32, raw: &[u8], file: &mut FileWriter) -> Result<()> {
    let mut packed = Vec::new();
    lz4::put(&mut packed, raw);
    file.section(id, &packed)
}
