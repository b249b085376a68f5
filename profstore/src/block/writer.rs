//! Writes a set of profiles as a block.

use std::sync::Arc;

use telemetry_core::storage::block::{BlockSummary, FileWriter};
use telemetry_core::storage::store::BlockOutput;
use telemetry_core::storage::{Result, lz4};

use super::format::{self, Page, SeriesPages};
use crate::samples::{self, Row};
use crate::set::ProfileSet;
use crate::{stacks, symbols};

/// Writes `set`; nothing if it has no rows.
pub(crate) fn write(set: &ProfileSet, output: &mut BlockOutput<'_>) -> Result<()> {
    let times = || set.rows().map(|(_, row)| row.time);
    let (Some(min_time), Some(max_time)) = (times().min(), times().max()) else { return Ok(()) };
    let mut block = output.begin()?;
    let mut file = block.file(format::FILE)?;
    file.begin(format::ROWS);
    let mut series = Vec::with_capacity(set.series.len());
    for (labels, rows) in &set.series {
        let pages = rows.chunks(format::PAGE_ROWS).map(|rows| write_page(rows, &mut file));
        series.push(SeriesPages { labels: labels.clone(), pages: pages.collect::<Result<_>>()? });
    }
    let mut raw = Vec::new();
    symbols::format::write(&set.symbols, &mut raw);
    write_section(format::SYMBOLS, &raw, &mut file)?;
    raw.clear();
    stacks::format::write(&set.stacks, &mut raw);
    write_section(format::STACKS, &raw, &mut file)?;
    raw.clear();
    format::write_series(&series, &mut raw);
    write_section(format::SERIES, &raw, &mut file)?;
    block.finish_file(file)?;
    let items = times().count() as u64;
    output.finish(block, BlockSummary { min_time, max_time, items, meta: Vec::new() })?;
    Ok(())
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
