//! Functions over ranges: of samples, and of sub-queries.

use std::sync::Arc;

use telemetry_core::model::Histogram;
use telemetry_core::source::Columns;
use telemetry_core::time::MillisRange;
use telemetry_core::vector::Presence;

use super::continuity::mark_resets;
use super::digest::digest_of;
use super::fetch::{Fetched, Known};
use super::row::Slot;
use super::scalar::ScalarColumn;
use super::stale::{any_stale, drop_stale};
use super::{
    Collected, EvaluationError, Evaluator, Grid, Identity, Note, Pace, Row, RowSet, Rows, Scratch,
    WindowTimes, Windows, continuity, digest,
};
use crate::ast::Extension;
use crate::functions::extended::ExtendedWindow;
use crate::functions::{Digest, RangeFunction, Remarks, RowInput, Samples, Window};
use crate::native::detect_reset;
use crate::plan::{OverTime, Range, Select, Subquery};
use telemetry_core::labels::Labels;

/// Endings of the names of counters.
const COUNTER_ENDINGS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

/// What the work on a float counts as where a window is looked at by itself: some functions sort.
const FLOAT_UNITS: usize = 8;

/// What the work on a histogram counts as.
const HISTOGRAM_UNITS: usize = 128;

/// The samples of a range vector, series by series.
pub(super) struct RangeSource<'a> {
    evaluator: &'a Evaluator<'a>,
    kind: SourceKind<'a>,
    when: WindowTimes,
    extension: Option<Extension>,
    counts_only: bool,
    slot: usize,
}

enum SourceKind<'a> {
    Samples(&'a Fetched<'a>),
    Subquery { inner: Box<dyn Rows + 'a>, grid: Grid },
}

/// Rows of a function over a range.
struct OverTimeRows<'a> {
    source: RangeSource<'a>,
    call: &'a OverTime,
    identities: Option<Vec<Identity>>,
    parameters: Vec<ScalarColumn>,
    /// What is enough to know of chunks that no window parts.
    digest: Option<Digest>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn over_time(
        &'a self,
        call: &'a OverTime,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let source = self.range_source(&call.range, grid)?;
        let parameters: Result<Vec<_>, _> =
            call.parameters.iter().map(|parameter| self.scalar(parameter, grid)).collect();
        let parameters = parameters?;
        let identities = match call.function.keeps_name {
            true => None,
            false => Some(self.nameless(source.identities())?),
        };
        let digest = digest_of(call, grid);
        let rows = OverTimeRows { source, call, identities, parameters, digest };
        self.distinct(RowSet::Lazy(Box::new(rows)), grid, call.span)
    }

    pub(super) fn range_source(
        &'a self,
        range: &'a Range,
        grid: Grid,
    ) -> Result<RangeSource<'a>, EvaluationError> {
        match range {
            Range::Samples { select, range } => {
                let when =
                    WindowTimes { grid, at: select.at, offset: select.offset, range: *range };
                let kind = SourceKind::Samples(&self.fetched[select.selector]);
                let Select { extension, counts_only, slot, .. } = *select;
                Ok(RangeSource { evaluator: self, kind, when, extension, counts_only, slot })
            }
            Range::Subquery(subquery) => self.subquery_source(subquery, grid),
        }
    }

    fn subquery_source(
        &'a self,
        subquery: &'a Subquery,
        grid: Grid,
    ) -> Result<RangeSource<'a>, EvaluationError> {
        let Subquery { range, step, offset, at, slot, .. } = *subquery;
        let when = WindowTimes { grid, at, offset, range };
        let inner_grid = when.inner_grid(step);
        let inner = match inner_grid.count {
            0 => RowSet::none().into_rows(),
            _ => self.rows(&subquery.inner, inner_grid)?.into_rows(),
        };
        let kind = SourceKind::Subquery { inner, grid: inner_grid };
        let (extension, counts_only) = (None, false);
        Ok(RangeSource { evaluator: self, kind, when, extension, counts_only, slot })
    }

    /// A series of ones where no series of the range has a sample.
    pub(super) fn absent_over_time(
        &'a self,
        range: &'a Range,
        labels: &Labels,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let source = self.range_source(range, grid)?;
        let mut scratch = Scratch::default();
        let mut row = Row::of_floats(vec![1.0; grid.count]);
        for index in 0..source.identities().len() {
            let mut slot = scratch.take(source.slot);
            source.load(index, &mut slot, &mut scratch)?;
            for times in [&slot.columns.floats.times, &slot.columns.histograms.times] {
                row.presence.subtract(&slot.windows.over(times, source.when).populated);
            }
            scratch.put(source.slot, slot);
            if row.presence.is_none() {
                return Ok(RowSet::none());
            }
        }
        Ok(RowSet::Ready(vec![Collected::new(Identity::new(labels.clone()), row)]))
    }
}

impl RangeSource<'_> {
    pub(super) fn identities(&self) -> &[Identity] {
        match &self.kind {
            SourceKind::Samples(fetched) => &fetched.identities,
            SourceKind::Subquery { inner, .. } => inner.identities(),
        }
    }

    pub(super) fn when(&self) -> WindowTimes {
        self.when
    }

    pub(super) fn slot(&self) -> usize {
        self.slot
    }

    /// Brings the samples of series `index` into the columns of `slot`. False if staleness markers
    /// were taken out of them.
    pub(super) fn load(
        &self,
        index: usize,
        slot: &mut Slot,
        scratch: &mut Scratch,
    ) -> Result<bool, EvaluationError> {
        match &self.kind {
            SourceKind::Samples(fetched) => {
                let reach = self.evaluator.settings.lookback;
                let opened = fetched.open(index, self.evaluator.context)?;
                opened.decode(self.window(), reach, &mut slot.columns)?;
                let whole = !drop_stale(&mut slot.columns);
                if self.counts_only {
                    mark_resets(&mut slot.columns);
                }
                if !self.evaluator.settings.start_timestamps {
                    slot.columns.floats.starts.clear();
                    slot.columns.histograms.starts.clear();
                }
                Ok(whole)
            }
            SourceKind::Subquery { inner, grid } => {
                inner.fill(index, scratch, &mut slot.row)?;
                to_columns(&slot.row, *grid, &mut slot.columns);
                Ok(true)
            }
        }
    }

    /// The number of the column of times of series `index`, where nothing but times and values
    /// counts.
    fn time_column(&self, index: usize) -> Option<u64> {
        match &self.kind {
            SourceKind::Samples(fetched)
                if self.extension.is_none() && !self.evaluator.settings.start_timestamps =>
            {
                fetched.time_column(index)
            }
            _ => None,
        }
    }

    /// Brings the values of series `index` into `values`, if they are floats at the times of
    /// `windows`, none of them stale.
    fn load_values(
        &self,
        index: usize,
        windows: &Windows,
        values: &mut Vec<f64>,
    ) -> Result<Option<Known>, EvaluationError> {
        let SourceKind::Samples(fetched) = &self.kind else { return Ok(None) };
        let opened = fetched.open(index, self.evaluator.context)?;
        let known = opened.values(self.window(), values)?;
        let fits = |known: &Known| {
            values.len() == windows.times.len() && (known.numbers || !any_stale(values))
        };
        Ok(known.filter(fits))
    }

    /// The times of all samples that may be looked at.
    fn window(&self) -> MillisRange {
        let (start, end) = self.when.extent();
        let reach = self.evaluator.settings.lookback;
        let (before, after) = match self.extension {
            None => (0, 0),
            Some(Extension::Anchored) => (reach, 0),
            Some(Extension::Smoothed) => (reach, reach),
        };
        MillisRange::new(start.saturating_sub(before), end.saturating_add(after))
    }
}

/// The values of a row as samples at the times of its steps.
fn to_columns(row: &Row, grid: Grid, columns: &mut Columns) {
    columns.clear();
    for step in &row.presence {
        let time = grid.time(step);
        match row.histogram(step) {
            Some(histogram) => {
                let mut histogram = histogram.clone();
                continuity::forget(&mut histogram);
                columns.histograms.push(time, histogram, 0);
            }
            None => {
                columns.floats.times.push(time);
                columns.floats.values.push(row.floats[step]);
            }
        }
    }
}

impl OverTimeRows<'_> {
    /// Fills a row from what chunks know about themselves, as far as they do. False if that spares
    /// nothing.
    fn fill_digested(
        &self,
        index: usize,
        slot: &mut Slot,
        out: &mut Row,
    ) -> Result<bool, EvaluationError> {
        let (source, function) = (&self.source, self.call.function);
        let (Some(digest), Some(body)) = (self.digest, function.row) else { return Ok(false) };
        let SourceKind::Samples(fetched) = &source.kind else { return Ok(false) };
        let opened = fetched.open(index, source.evaluator.context)?;
        let Slot { columns, windows, .. } = slot;
        if !digest::load(&opened, source.when, digest, columns)? {
            return Ok(false);
        }
        let windows = windows.over(&columns.floats.times, source.when);
        let mut input = self.input(index, &columns.floats.values, windows, Known::default());
        match digest {
            Digest::Count => add_up(&mut input, out)?,
            _ => body(&mut input, out)?,
        }
        Ok(true)
    }

    fn fill_from(
        &self,
        index: usize,
        slot: &mut Slot,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        let (function, when) = (self.call.function, self.source.when);
        out.reset(when.grid.count);
        if self.fill_digested(index, slot, out)? {
            return Ok(());
        }
        let column = self.source.time_column(index).filter(|_| function.row.is_some());
        if let (Some(body), Some(column)) = (function.row, column)
            && let Some(windows) = slot.windows.numbered(column, when)
        {
            let values = &mut slot.columns.floats.values;
            if let Some(known) = self.source.load_values(index, windows, values)? {
                body(&mut self.input(index, values, windows, known), out)?;
                self.check_name(index, out);
                return Ok(());
            }
        }
        let whole = self.source.load(index, slot, scratch)?;
        let Slot { columns, windows, histogram_windows, .. } = slot;
        let times = &columns.floats.times;
        let plain = columns.histograms.times.is_empty() && columns.floats.starts.is_empty();
        match function.row {
            Some(body) if plain && self.source.extension.is_none() => {
                if let Some(column) = column.filter(|_| whole) {
                    windows.keep(column, times, when);
                }
                let windows = windows.over(times, when);
                let values = &columns.floats.values;
                body(&mut self.input(index, values, windows, Known::default()), out)?;
            }
            _ => {
                windows.over(times, when);
                histogram_windows.over(&columns.histograms.times, when);
                self.step_by_step(index, slot, out)?;
            }
        }
        self.check_name(index, out);
        Ok(())
    }

    fn input<'r>(
        &'r self,
        index: usize,
        values: &'r [f64],
        windows: &'r mut Windows,
        known: Known,
    ) -> RowInput<'r> {
        RowInput {
            values,
            windows,
            when: self.source.when,
            rising: known.rising,
            largest: known.largest,
            parameters: &self.parameters,
            remarks: self.remarks(index),
            pace: Pace::new(self.source.evaluator.context),
        }
    }

    fn step_by_step(
        &self,
        index: usize,
        slot: &Slot,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        let (when, function) = (self.source.when, self.call.function);
        let remarks = self.remarks(index);
        let columns = &slot.columns;
        let (floats, histograms) = (&columns.floats, &columns.histograms);
        let floats = Samples {
            times: &floats.times,
            values: &floats.values,
            starts: &floats.starts,
            resets: &[],
        };
        let (Some(windows), Some(histogram_windows)) =
            (slot.windows.last(), slot.histogram_windows.last())
        else {
            return Ok(());
        };
        let mut pace = Pace::new(self.source.evaluator.context);
        let mut resets = Vec::new();
        if function.asks_resets && histogram_windows.overlap() > 1 {
            resets = resets_of(&histograms.values, &mut pace)?;
        }
        let histograms = Samples {
            times: &histograms.times,
            values: &histograms.values,
            starts: &histograms.starts,
            resets: &resets,
        };
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for step in 0..when.grid.count {
            parameters.clear();
            parameters.extend(self.parameters.iter().map(|parameter| parameter.at(step)));
            let (start, end) = (when.start(step), when.end(step));
            let time = when.grid.time(step);
            let value = if let Some(extension) = self.source.extension {
                let (floats, histograms) = (
                    self.reached(floats, start, end, extension),
                    self.reached(histograms, start, end, extension),
                );
                if floats.is_empty() && histograms.is_empty() {
                    continue;
                }
                let parameters = &parameters;
                let window = Window { floats, histograms, time, start, end, parameters };
                let smoothed = extension == Extension::Smoothed;
                pace.spend(floats.len() * FLOAT_UNITS + histograms.len() * HISTOGRAM_UNITS)?;
                self.extended(&ExtendedWindow { window, smoothed }, function, &remarks)?
            } else {
                let (low, high) = windows.bounds(step);
                let floats = floats.slice(low, high);
                let (low, high) = histogram_windows.bounds(step);
                let histograms = histograms.slice(low, high);
                if floats.is_empty() && histograms.is_empty() {
                    continue;
                }
                let parameters = &parameters;
                let window = Window { floats, histograms, time, start, end, parameters };
                pace.spend(floats.len() * FLOAT_UNITS + histograms.len() * HISTOGRAM_UNITS)?;
                (function.window)(&window, &remarks)?
            };
            if let Some(value) = value {
                out.set(step, value);
            }
        }
        Ok(())
    }

    fn extended(
        &self,
        window: &ExtendedWindow<'_>,
        function: &RangeFunction,
        remarks: &Remarks<'_>,
    ) -> Result<Option<telemetry_core::model::SampleValue>, EvaluationError> {
        match function.extended {
            Some(extended) => extended(window, remarks),
            None => Err(EvaluationError::Misplaced { span: self.call.span }),
        }
    }

    /// The samples of a window and as far around it as an extended range looks.
    fn reached<'s, T>(
        &self,
        samples: Samples<'s, T>,
        start: i64,
        end: i64,
        extension: Extension,
    ) -> Samples<'s, T> {
        let reach = self.source.evaluator.settings.lookback;
        let after = if extension == Extension::Smoothed { reach } else { 0 };
        let low = samples.times.partition_point(|time| *time <= start.saturating_sub(reach));
        let high = samples.times.partition_point(|time| *time <= end.saturating_add(after));
        samples.slice(low, high.max(low))
    }

    fn remarks(&self, index: usize) -> Remarks<'_> {
        let labels = &self.source.identities()[index].labels;
        Remarks {
            annotations: self.source.evaluator.annotations,
            metric: labels.name().unwrap_or_default(),
            span: self.call.span,
            parameter_span: self.call.parameter_span,
        }
    }

    /// Remarks on rates of what is not called a counter.
    fn check_name(&self, index: usize, out: &Row) {
        if !matches!(self.call.function.name, "rate" | "increase") {
            return;
        }
        let remarks = self.remarks(index);
        let named = COUNTER_ENDINGS.iter().any(|ending| remarks.metric.ends_with(ending));
        if !named && !remarks.metric.is_empty() && has_float(out) {
            remarks.add(|metric| Note::PossibleNonCounter { metric });
        }
    }
}

/// Whether each histogram counts less than the one before.
fn resets_of(values: &[Arc<Histogram>], pace: &mut Pace<'_>) -> Result<Vec<bool>, EvaluationError> {
    let mut resets = Vec::with_capacity(values.len());
    resets.extend(values.first().map(|_| false));
    for pair in values.windows(2) {
        pace.spend(HISTOGRAM_UNITS)?;
        resets.push(detect_reset(&pair[1], &pair[0]));
    }
    Ok(resets)
}

/// The sums of counts: whole numbers, so that no order matters.
fn add_up(input: &mut RowInput<'_>, out: &mut Row) -> Result<(), EvaluationError> {
    input.each(out, |counts| counts.iter().sum())
}

fn has_float(row: &Row) -> bool {
    let present: &Presence = &row.presence;
    if !row.has_histograms() {
        return !present.is_none();
    }
    present.ones().any(|step| row.histogram(step).is_none())
}

impl Rows for OverTimeRows<'_> {
    fn identities(&self) -> &[Identity] {
        match &self.identities {
            Some(identities) => identities,
            None => self.source.identities(),
        }
    }

    fn fill(
        &self,
        index: usize,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        let mut slot = scratch.take(self.source.slot);
        let filled = self.fill_from(index, &mut slot, scratch, out);
        scratch.put(self.source.slot, slot);
        filled
    }
}
