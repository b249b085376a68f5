//! The pages that a query gets: of a head, or a run of a block.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::{LogColumns, LogPage, LogWant, PageStatistics, SourceError};
use telemetry_core::storage::store::LiveBlock;
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::{Nanos, NanosRange};

use crate::block::Run;
use crate::engine::{Logs, is_deleted};
use crate::error::into_source;
use crate::page::select_rows;

/// Lines of one stream, wherever they lie.
#[derive(Clone)]
pub(super) struct StreamPage {
    pub(super) labels: Labels,
    pub(super) window: NanosRange,
    pub(super) tombstones: Vec<Arc<Tombstone>>,
    pub(super) lines: Lines,
}

/// Where lines lie.
#[derive(Clone)]
pub(super) enum Lines {
    Head(Arc<LogColumns>),
    Block(Arc<LiveBlock<Logs>>, Run),
}

impl StreamPage {
    /// Times of the first and the last line that lie there, selected or not.
    pub(super) fn range(&self) -> (i64, i64) {
        match &self.lines {
            Lines::Head(columns) => {
                let first = columns.times.first().copied().unwrap_or(i64::MAX);
                (first, columns.times.last().copied().unwrap_or(i64::MIN))
            }
            Lines::Block(_, run) => (run.first, run.last),
        }
    }

    fn is_whole(&self) -> bool {
        let (first, last) = self.range();
        let inside = self.window.contains(Nanos(first)) && self.window.contains(Nanos(last));
        inside && !self.tombstones.iter().any(|t| t.start <= last && t.end >= first)
    }

    fn keeps(&self, time: i64) -> bool {
        self.window.contains(Nanos(time)) && !is_deleted(&self.tombstones, time)
    }
}

impl LogPage for StreamPage {
    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn statistics(&self) -> PageStatistics {
        let (first, last) = self.range();
        let (count, line_bytes, has_metadata) = match &self.lines {
            Lines::Head(columns) => {
                (columns.len() as u64, columns.text.len() as u64, !columns.metadata_ends.is_empty())
            }
            Lines::Block(_, run) => (u64::from(run.rows), run.text_bytes, run.has_metadata),
        };
        PageStatistics {
            count,
            line_bytes,
            first: Nanos(first),
            last: Nanos(last),
            has_metadata,
            is_whole: self.is_whole(),
        }
    }

    fn decode(&self, want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        match &self.lines {
            Lines::Head(columns) => into.clone_from(columns),
            Lines::Block(block, run) => {
                let opened = block.open().map_err(into_source)?;
                opened.read(*run, want, into).map_err(into_source)?;
            }
        }
        if !self.is_whole() {
            select_rows(into, |time| self.keeps(time));
        }
        Ok(())
    }
}
