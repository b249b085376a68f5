//! Lines of one stream, wherever they lie: what a query knows of them before they are read.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::{LogColumns, PageStatistics};
use telemetry_core::storage;
use telemetry_core::storage::store::LiveBlock;
use telemetry_core::time::{Nanos, NanosRange};

use super::filters::{Filters, Verdicts};
use crate::block::{Block, Run};
use crate::deletes::Deletes;
use crate::engine::Logs;
use crate::page::Piece;

/// The head or block that pages lie in, and what a query asks of all of them.
pub(super) struct Origin {
    /// Its number.
    pub(super) place: usize,
    pub(super) filters: Arc<Filters>,
    /// The block, with what its templates say about the filters; none for a head.
    pub(super) block: Option<(Arc<LiveBlock<Logs>>, Verdicts)>,
}

/// Lines of one stream.
#[derive(Clone)]
pub(super) struct StreamPage {
    pub(super) labels: Labels,
    pub(super) origin: Arc<Origin>,
    /// The window of the query, or less of it.
    pub(super) window: NanosRange,
    pub(super) deletes: Deletes,
    pub(super) filtering: Filtering,
    pub(super) lines: Lines,
}

/// How a page stands to the filters of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filtering {
    /// Only lines that pass are given.
    Done,
    /// As that, and it is known that all lines do.
    AllPass,
    /// Lines are given whether they pass or not.
    Left,
}

/// Where lines lie.
#[derive(Clone)]
pub(super) enum Lines {
    Head(Arc<LogColumns>),
    Block(Run),
}

impl StreamPage {
    /// Times of the first and the last line that lie there, selected or not.
    pub(super) fn range(&self) -> (i64, i64) {
        match &self.lines {
            Lines::Head(columns) => {
                let first = columns.times.first().copied().unwrap_or(i64::MAX);
                (first, columns.times.last().copied().unwrap_or(i64::MIN))
            }
            Lines::Block(run) => (run.first, run.last),
        }
    }

    /// Times between which all selected lines are.
    pub(super) fn selected_range(&self) -> (i64, i64) {
        let (first, last) = self.range();
        if self.is_all_in_time() {
            return (first, last);
        }
        let end = self.window.end.0.saturating_sub(1);
        (first.max(self.window.start.0), last.min(end))
    }

    pub(super) fn piece(&self) -> Piece {
        let (first, last) = self.range();
        let text_bytes = match &self.lines {
            Lines::Head(columns) => columns.text.len() as u64,
            Lines::Block(run) => run.text_bytes,
        };
        Piece { first, last, text_bytes, place: self.origin.place }
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

    /// The block that it lies in, opened, and what its templates say; none for a head.
    pub(super) fn block(&self) -> Option<(storage::Result<&Block>, &Verdicts)> {
        let (block, verdicts) = self.origin.block.as_ref()?;
        Some((block.open(), verdicts))
    }

    /// The filters that are still to be asked of lines.
    pub(super) fn filters(&self) -> Option<&Filters> {
        (self.filtering == Filtering::Done).then_some(&*self.origin.filters)
    }

    /// Whether filter `index` of the query has been applied.
    pub(super) fn has_applied(&self, index: usize) -> bool {
        self.filtering != Filtering::Left && index < self.origin.filters.len()
    }

    /// Whether every line that lies there is selected by its time.
    pub(super) fn is_all_in_time(&self) -> bool {
        let (first, last) = self.range();
        let inside = self.window.contains(Nanos(first)) && self.window.contains(Nanos(last));
        inside && !self.deletes.touch(first, last)
    }

    /// Whether every line that lies there is selected.
    pub(super) fn is_whole(&self) -> bool {
        self.filters().is_none() && self.is_all_in_time()
    }

    /// Whether lines of this time are selected, unless a condition of a delete hides them.
    pub(super) fn keeps(&self, time: i64) -> bool {
        self.window.contains(Nanos(time)) && !self.deletes.hide_time(time)
    }

    pub(super) fn statistics(&self) -> PageStatistics {
        let (count, line_bytes, has_metadata) = match &self.lines {
            Lines::Head(columns) => {
                (columns.len() as u64, columns.text.len() as u64, !columns.metadata_ends.is_empty())
            }
            Lines::Block(run) => (u64::from(run.rows), run.text_bytes, run.has_metadata),
        };
        let (first, last) = self.selected_range();
        let (first, last) = (Nanos(first), Nanos(last));
        let is_whole = self.is_whole();
        PageStatistics { count, line_bytes, first, last, has_metadata, is_whole }
    }
}
