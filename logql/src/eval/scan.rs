//! Lines out of a source and through a pipeline.

use super::Access;
use crate::error::Error;
use crate::plan::LinesPlan;
use crate::stage::hints::Hints;
use crate::stage::labels::LineLabels;
use crate::stage::{Entry, LineText, Pipeline};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, LogColumns, LogPage, LogPageSet, LogRequest, LogWant};
use telemetry_core::time::NanosRange;

/// Lines between two looks at the clock: some hundred microseconds of work at most.
const CHECK_LINES: usize = 256;

/// Asks the source for the pages of a plan.
pub(super) fn select<'s>(
    access: &Access<'s>,
    lines: &LinesPlan,
    window: NanosRange,
    direction: Direction,
) -> Result<Box<dyn LogPageSet + 's>, Error> {
    let request = LogRequest {
        matchers: lines.matchers.clone(),
        window,
        direction,
        filters: lines.filters.clone(),
    };
    Ok(access.source.select(&request, access.context)?)
}

/// The first filters of `lines` that `page` has not applied.
fn open_filters(lines: &LinesPlan, page: &dyn LogPage) -> Vec<usize> {
    let is_open = |at: &usize| {
        let pushed = lines.pushed.get(*at).copied().flatten();
        !pushed.is_some_and(|index| page.has_applied(index))
    };
    (0..lines.pipeline.first_filters().len()).filter(is_open).collect()
}

/// What one page after the other goes through; keeps its buffers.
pub(super) struct Scan<'p> {
    lines: &'p LinesPlan,
    hints: &'p Hints,
    pipeline: Pipeline,
    labels: LineLabels,
    columns: LogColumns,
    buffer: Vec<u8>,
    context: &'p QueryContext,
    now: i64,
}

/// Whether a scan goes on behind a line.
pub(super) enum Next {
    Line,
    /// Nothing more is wanted of this page.
    Page,
}

impl<'p> Scan<'p> {
    pub(super) fn new(lines: &'p LinesPlan, hints: &'p Hints, access: &Access<'p>) -> Self {
        Scan {
            lines,
            hints,
            pipeline: lines.pipeline.clone(),
            labels: LineLabels::default(),
            columns: LogColumns::default(),
            buffer: Vec::new(),
            context: access.context,
            now: access.now,
        }
    }

    /// Decodes `page` and runs its lines through the pipeline, the newest first if `backward`.
    /// `visit` is called with each line that is kept and its row on the page; `skip` may drop a
    /// line by its time and row before anything is done with it.
    pub(super) fn page(
        &mut self,
        page: &dyn LogPage,
        want: LogWant,
        backward: bool,
        mut visit: impl FnMut(&mut Entry<'_>, usize) -> Result<Next, Error>,
        mut skip: impl FnMut(i64, usize) -> Next,
    ) -> Result<(), Error> {
        let filters = open_filters(self.lines, page);
        let want = LogWant { text: want.text || !filters.is_empty(), ..want };
        self.context.check()?;
        page.decode(want, &mut self.columns)?;
        let lines = self.columns.len();
        self.context.statistics().add_chunks(1);
        self.context.charge_samples(lines as u64)?;
        self.context.charge_bytes(self.columns.text.len() as u64)?;
        self.labels.enter(page.labels());
        let first = self.lines.pipeline.first_filters();
        for count in 0..lines {
            if count % CHECK_LINES == CHECK_LINES - 1 {
                self.context.check()?;
            }
            let row = if backward { lines - 1 - count } else { count };
            let Some(time) = self.columns.times.get(row).copied() else { continue };
            if let Next::Page = skip(time, row) {
                break;
            }
            let line = self.columns.line(row);
            if !filters.iter().all(|at| first.get(*at).is_none_or(|filter| filter.keeps(line))) {
                continue;
            }
            self.labels.reset();
            for (name, value) in self.columns.metadata(row) {
                self.labels.add_metadata(name, value);
            }
            let text = LineText::new(line, &mut self.buffer);
            let stored_bytes = self.columns.line_bytes(row);
            let mut entry =
                Entry { time, now: self.now, line: text, stored_bytes, labels: &mut self.labels };
            if !self.pipeline.apply(&mut entry, self.hints) {
                continue;
            }
            if let Next::Page = visit(&mut entry, row)? {
                break;
            }
        }
        Ok(())
    }
}
