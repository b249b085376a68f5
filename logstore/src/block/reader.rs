//! Reads a block.

use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::source::{LogColumns, LogWant};
use telemetry_core::storage::block::{BlockFile, BlockReader};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::postings::{self, FrozenPostings};
use telemetry_core::storage::{Damage, Damaged, Result, lz4};

use super::format::{self, Run, StreamRuns, Table};
use crate::page;

/// An opened block: its table in memory, its pages on disk.
#[derive(Debug)]
pub(crate) struct Block {
    file: BlockFile,
    table: Table,
    /// Runs of each page.
    page_runs: Vec<u32>,
    /// Which streams, by number, have which labels.
    postings: FrozenPostings,
}

impl Block {
    /// Reads the table of a block.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or is damaged.
    pub(crate) fn open(reader: &BlockReader) -> Result<Block> {
        let file = reader.file(format::FILE)?;
        let bytes = file.read_section(format::STREAMS)?;
        let decode = || {
            let mut input = Cursor::new(&bytes);
            let raw = lz4::read(&mut input)?;
            input.finish()?;
            let mut input = Cursor::new(&raw);
            let table = format::read(&mut input)?;
            input.finish()?;
            Ok(table)
        };
        let table = decode().map_err(|damaged| file.damaged_in(format::STREAMS, damaged))?;
        let mut page_runs = vec![0_u32; table.pages.len()];
        for run in table.streams.iter().flat_map(|stream| &stream.runs) {
            if let Some(count) = page_runs.get_mut(run.page as usize) {
                *count = count.saturating_add(1);
            }
        }
        let postings = FrozenPostings::open(file.read_section(format::POSTINGS)?)
            .map_err(|damaged| file.damaged_in(format::POSTINGS, damaged))?;
        Ok(Block { file, table, page_runs, postings })
    }

    /// The streams that satisfy every matcher, in order of their labels.
    ///
    /// # Errors
    ///
    /// Where the postings are damaged.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Result<Vec<&StreamRuns>> {
        let ids = postings::select(&self.postings, matchers)?;
        Ok(ids.iter().filter_map(|id| self.table.streams.get(id as usize)).collect())
    }

    /// Time of the newest line of a stream.
    pub(crate) fn newest(&self, labels: &Labels) -> Option<i64> {
        let streams = &self.table.streams;
        let at = streams.binary_search_by(|stream| stream.labels.cmp(labels)).ok()?;
        streams.get(at)?.runs.iter().map(|run| run.last).max()
    }

    /// The streams, in order of their labels.
    pub(crate) fn streams(&self) -> &[StreamRuns] {
        &self.table.streams
    }

    /// Fills `into` with the wanted columns of a run. What was in it is gone.
    ///
    /// # Errors
    ///
    /// Where the page cannot be read or is damaged.
    pub(crate) fn read(&self, run: Run, want: LogWant, into: &mut LogColumns) -> Result<()> {
        let Some(at) = self.table.pages.get(run.page as usize).copied() else {
            return Err(self.damaged(0, "page of a run"));
        };
        let damaged = |damaged: Damaged| {
            self.file.damaged(at.offset.saturating_add(damaged.offset), damaged.damage)
        };
        if self.is_shared(run) {
            // Read once for all the streams on it.
            let page: Arc<LogColumns> = self.file.decoded_page(format::PAGES, at, |bytes| {
                let mut columns = LogColumns::default();
                page::format::read(bytes, LogWant::ALL, &mut columns)?;
                let bytes = columns.text.len() + columns.metadata_text.len() + columns.len() * 32;
                Ok((columns, bytes as u64))
            })?;
            into.clear();
            let (start, rows) = (run.row as usize, run.rows as usize);
            page::copy_rows(&page, start, start + rows, into);
        } else {
            let bytes = self.file.read_page(format::PAGES, at)?;
            page::format::read(&bytes, want, into).map_err(damaged)?;
        }
        if into.len() == run.rows as usize {
            Ok(())
        } else {
            Err(self.damaged(at.offset, "rows of a page"))
        }
    }

    /// Whether a run shares its page.
    fn is_shared(&self, run: Run) -> bool {
        self.page_runs.get(run.page as usize).is_none_or(|runs| *runs > 1)
    }

    fn damaged(&self, offset: u64, what: &'static str) -> telemetry_core::storage::Error {
        self.file.damaged(offset, Damage::Field { what })
    }

    /// Reads every line.
    ///
    /// # Errors
    ///
    /// The first damage.
    pub(crate) fn verify(&self) -> Result<()> {
        self.postings
            .verify()
            .map_err(|damaged| self.file.damaged_in(format::POSTINGS, damaged))?;
        let mut columns = LogColumns::default();
        for run in self.table.streams.iter().flat_map(|stream| &stream.runs) {
            self.read(*run, LogWant::ALL, &mut columns)?;
        }
        Ok(())
    }
}
