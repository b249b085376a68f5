//! Lines out of a source and through a pipeline.

use super::Access;
use super::typed::TypedColumns;
use crate::error::Error;
use crate::plan::LinesPlan;
use crate::stage::hints::Hints;
use crate::stage::labels::LineLabels;
use crate::stage::{Entry, LineText, Pipeline};
use std::ops::Range;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, LogColumns, LogPage, LogPageSet, LogRequest, LogWant};
use telemetry_core::time::NanosRange;

/// Lines that are filtered together, and between two looks at the clock: some hundred microseconds
/// of work at most.
const BLOCK_LINES: usize = 256;
/// Bytes of lines likewise: few enough to be in the cache still when they are parsed.
const BLOCK_BYTES: usize = 64 << 10;

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
    rows: Vec<usize>,
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
        let probe = if hints.wants_all() { lines.pipeline.probe() } else { None };
        Scan { probe, ..Scan::of(lines, lines.pipeline.clone(), hints, access) }
    }

    /// A scan through other stages than those of the plan.
    pub(super) fn of(
        lines: &'p LinesPlan,
        pipeline: Pipeline,
        hints: &'p Hints,
        access: &Access<'p>,
    ) -> Self {
        Scan {
            lines,
            hints,
            pipeline,
            probe: None,
            typed: TypedColumns::default(),
            labels: LineLabels::default(),
            columns: LogColumns::default(),
            rows: Vec::new(),
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
        let mut columns = std::mem::take(&mut self.columns);
        let lines = match page.decoded() {
            Some(lines) => lines,
            None => {
                page.decode(want, &mut columns)?;
                &columns
            }
        };
        self.context.statistics().add_chunks(1);
        let result = self.lines_of(page, lines, &filters, backward, visit, skip);
        self.columns = columns;
        result
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
        let mut columns = std::mem::take(&mut self.columns);
        page.decode_rows(rows, LogWant::ALL, &mut columns)?;
        let result = self.lines_of(page, &columns, &filters, false, visit, |_, _| Next::Line);
        self.columns = columns;
        result
    }

    fn lines_of(
        &mut self,
        page: &dyn LogPage,
        columns: &LogColumns,
        filters: &[usize],
        backward: bool,
        mut visit: impl FnMut(&mut Entry<'_>, usize) -> Result<Next, Error>,
        mut skip: impl FnMut(i64, usize) -> Next,
    ) -> Result<(), Error> {
        self.context.charge_samples(columns.len() as u64)?;
        self.context.charge_bytes(columns.text.len() as u64)?;
        self.labels.enter(page.labels());
        let mut rows = std::mem::take(&mut self.rows);
        let mut left = 0..columns.len();
        let mut next = Next::Line;
        while let (false, Next::Line) = (left.is_empty(), &next) {
            self.context.check()?;
            let block = block(columns, &mut left, backward);
            let nearest = if backward { block.end - 1 } else { block.start };
            if let Next::Page = skip(columns.times.get(nearest).copied().unwrap_or(0), nearest) {
                break;
            }
            rows.clear();
            rows.extend(block.clone());
            for filter in filters {
                if let Some(filter) = self.lines.pipeline.first_filters().get(*filter) {
                    filter.retain(columns, block.clone(), &mut rows);
                }
            }
            if backward {
                rows.reverse();
            }
            next = self.rows_of(columns, &rows, &mut visit, &mut skip)?;
        }
        self.rows = rows;
        Ok(())
    }

    /// Runs lines that have passed the first filters through the pipeline.
    fn rows_of(
        &mut self,
        columns: &LogColumns,
        rows: &[usize],
        visit: &mut impl FnMut(&mut Entry<'_>, usize) -> Result<Next, Error>,
        skip: &mut impl FnMut(i64, usize) -> Next,
    ) -> Result<Next, Error> {
        for row in rows.iter().copied() {
            let Some(time) = columns.times.get(row).copied() else { continue };
            if let Next::Page = skip(time, row) {
                return Ok(Next::Page);
            }
            let line = columns.line(row);
            let stored_bytes = columns.line_bytes(row);
            let begin = |labels: &mut LineLabels| {
                labels.reset();
                for (name, value) in columns.metadata(row) {
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
                return Ok(Next::Page);
            }
        }
        Ok(Next::Line)
    }
}

/// Takes the next lines that are looked at together off those that are left; never none.
fn block(columns: &LogColumns, left: &mut Range<usize>, backward: bool) -> Range<usize> {
    let end_of = |row: usize| columns.text_ends.get(row).copied().unwrap_or(0);
    if backward {
        let from = left.end.saturating_sub(BLOCK_LINES).max(left.start);
        let ends = columns.text_ends.get(from..left.end).unwrap_or_default();
        let bytes_end = end_of(left.end - 1);
        let over = ends.partition_point(|end| bytes_end - end > BLOCK_BYTES);
        let start = from + over;
        let bytes_start = start.checked_sub(1).map_or(0, end_of);
        let start = (start + usize::from(bytes_end - bytes_start > BLOCK_BYTES)).min(left.end - 1);
        let block = start..left.end;
        left.end = start;
        return block;
    }
    let to = (left.start + BLOCK_LINES).min(left.end);
    let ends = columns.text_ends.get(left.start..to);
    let bytes_start = left.start.checked_sub(1).map_or(0, end_of);
    let under = |ends: &[usize]| ends.partition_point(|end| end - bytes_start <= BLOCK_BYTES);
    let count = ends.map_or(to - left.start, under).max(1);
    let block = left.start..left.start + count;
    left.start = block.end;
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_every_line_once() {
        let lengths = [0, 1, BLOCK_BYTES + 1, 7, BLOCK_BYTES, 1, 0, 0, 3 * BLOCK_BYTES];
        let mut columns = LogColumns::default();
        for number in 0..2_000 {
            let length = if number < 100 { lengths[number % lengths.len()] } else { number % 900 };
            columns.push(0, &vec![b'x'; length], []);
        }
        for backward in [false, true] {
            let (mut left, mut rows) = (0..columns.len(), Vec::new());
            while !left.is_empty() {
                let block = block(&columns, &mut left, backward);
                let bytes: usize = block.clone().map(|row| columns.line_bytes(row)).sum();
                assert!(block.len() == 1 || bytes <= BLOCK_BYTES + BLOCK_BYTES / 2);
                assert!(!block.is_empty() && block.len() <= BLOCK_LINES);
                if backward { rows.extend(block.rev()) } else { rows.extend(block) }
            }
            if backward {
                rows.reverse();
            }
            assert_eq!(rows, (0..columns.len()).collect::<Vec<_>>());
        }
        let times = LogColumns { times: vec![0; 300], ..LogColumns::default() };
        assert_eq!(block(&times, &mut (0..300), false), 0..256);
        assert_eq!(block(&times, &mut (0..300), true), 44..300);
    }
}
