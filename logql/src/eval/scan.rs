//! Lines out of a source and through a pipeline.

use super::Access;
use super::typed::TypedColumns;
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
/// Bytes of lines between two looks at the clock: a line may be megabytes long.
const CHECK_BYTES: usize = 256 << 10;

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
pub(super) fn open_filters(lines: &LinesPlan, page: &dyn LogPage) -> Vec<usize> {
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
    pub(super) pipeline: Pipeline,
    /// Tells which lines are dropped before all their labels are found, where all are wanted.
    probe: Option<(Pipeline, Hints)>,
    pub(super) labels: LineLabels,
    pub(super) typed: TypedColumns,
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
            probe: if hints.wants_all() { lines.pipeline.probe() } else { None },
            typed: TypedColumns::default(),
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
        visit: impl FnMut(&mut Entry<'_>, usize) -> Result<Next, Error>,
        skip: impl FnMut(i64, usize) -> Next,
    ) -> Result<(), Error> {
        let filters = open_filters(self.lines, page);
        let want = LogWant { text: want.text || !filters.is_empty(), ..want };
        self.context.check()?;
        page.decode(want, &mut self.columns)?;
        self.context.statistics().add_chunks(1);
        self.decoded(page, &filters, backward, visit, skip)
    }

    /// As [`page`](Self::page), forward and with all columns, for some rows of the page alone;
    /// `visit` is given their place in `rows`.
    pub(super) fn some_rows(
        &mut self,
        page: &dyn LogPage,
        rows: &[usize],
        visit: impl FnMut(&mut Entry<'_>, usize) -> Result<Next, Error>,
    ) -> Result<(), Error> {
        let filters = open_filters(self.lines, page);
        self.context.check()?;
        page.decode_rows(rows, LogWant::ALL, &mut self.columns)?;
        self.decoded(page, &filters, false, visit, |_, _| Next::Line)
    }

    fn decoded(
        &mut self,
        page: &dyn LogPage,
        filters: &[usize],
        backward: bool,
        mut visit: impl FnMut(&mut Entry<'_>, usize) -> Result<Next, Error>,
        mut skip: impl FnMut(i64, usize) -> Next,
    ) -> Result<(), Error> {
        let lines = self.columns.len();
        self.context.charge_samples(lines as u64)?;
        self.context.charge_bytes(self.columns.text.len() as u64)?;
        self.labels.enter(page.labels());
        let first = self.lines.pipeline.first_filters();
        let (mut checked_bytes, mut checked_count) = (0, 0);
        for count in 0..lines {
            let row = if backward { lines - 1 - count } else { count };
            let Some(time) = self.columns.times.get(row).copied() else { continue };
            if let Next::Page = skip(time, row) {
                break;
            }
            let line = self.columns.line(row);
            checked_bytes += line.len();
            if checked_bytes > CHECK_BYTES || count - checked_count >= CHECK_LINES {
                (checked_bytes, checked_count) = (0, count);
                self.context.check()?;
            }
            if !filters.iter().all(|at| first.get(*at).is_none_or(|filter| filter.keeps(line))) {
                continue;
            }
            let stored_bytes = self.columns.line_bytes(row);
            let begin = |labels: &mut LineLabels| {
                labels.reset();
                for (name, value) in self.columns.metadata(row) {
                    labels.add_metadata(name, value);
                }
            };
            begin(&mut self.labels);
            if let Some((probe, hints)) = &mut self.probe {
                let text = LineText::new(line, &mut self.buffer);
                let labels = &mut self.labels;
                let mut entry = Entry { time, now: self.now, line: text, stored_bytes, labels };
                if !probe.apply(&mut entry, hints) {
                    continue;
                }
                begin(&mut self.labels);
            }
            let text = LineText::new(line, &mut self.buffer);
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
