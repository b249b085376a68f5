//! The pages that a query gets: of a head, or a run of a block.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::{
    LogColumns, LogPage, LogWant, PageBuckets, PageStatistics, SourceError,
};
use telemetry_core::storage::store::LiveBlock;
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::{Nanos, NanosRange};

use crate::block::Run;
use crate::engine::{Logs, is_deleted};
use crate::error::into_source;
use crate::page::{Piece, select_rows};

/// Lines of one stream, wherever they lie.
#[derive(Clone)]
pub(super) struct StreamPage {
    pub(super) labels: Labels,
    /// Number of the head or block.
    pub(super) place: usize,
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

    pub(super) fn piece(&self) -> Piece {
        let (first, last) = self.range();
        let text_bytes = self.statistics().line_bytes;
        Piece { first, last, text_bytes, place: self.place }
    }

    /// Without what is before `start` or after `last`.
    pub(super) fn within(mut self, start: i64, last: i64) -> Self {
        self.window.start = self.window.start.max(Nanos(start));
        // The end is not in; a window that ends with time itself stays as it is.
        if let Some(end) = last.checked_add(1) {
            self.window.end = self.window.end.min(Nanos(end));
        }
        self
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
        let is_whole = self.is_whole();
        let (first, last) = if is_whole {
            (Nanos(first), Nanos(last))
        } else {
            let end = Nanos(self.window.end.0.saturating_sub(1));
            (Nanos(first).max(self.window.start), Nanos(last).min(end))
        };
        PageStatistics { count, line_bytes, first, last, has_metadata, is_whole }
    }

    fn decode(&self, want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        match &self.lines {
            Lines::Head(columns) => into.clone_from(columns),
            Lines::Block(block, run) => {
                let opened = block.open().map_err(into_source)?;
                opened.read(run, want, into).map_err(into_source)?;
            }
        }
        if !self.is_whole() {
            select_rows(into, |time| self.keeps(time));
        }
        Ok(())
    }

    fn buckets(&self, into: &mut PageBuckets) -> Result<bool, SourceError> {
        match &self.lines {
            Lines::Block(_, Run { buckets: Some(buckets), .. }) if self.is_whole() => {
                into.clone_from(buckets);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
