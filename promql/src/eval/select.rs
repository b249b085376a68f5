//! Instant selectors: at each step the newest sample, if it is not too old.

use telemetry_core::model::{SampleValue, is_stale};
use telemetry_core::source::Columns;
use telemetry_core::syntax::Span;
use telemetry_core::time::MillisRange;

use super::continuity::mark_resets;
use super::fetch::{Fetched, Opened};
use super::row::Slot;
use super::stale::{any_stale, drop_stale};
use super::{EvaluationError, Evaluator, Grid, Identity, Row, Rows, Scratch, WindowTimes, Windows};
use crate::ast::Extension;
use crate::functions::Remarks;
use crate::functions::interpolate::value_at;
use crate::plan::Select;

/// What is wanted of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Its value.
    Values,
    /// Its time in seconds. The result is no longer the metric.
    Times,
    /// Its start timestamp in seconds, where known.
    Starts,
}

pub(super) struct SelectRows<'a> {
    evaluator: &'a Evaluator<'a>,
    fetched: &'a Fetched<'a>,
    /// Other names than those of the series.
    identities: Option<Vec<Identity>>,
    when: WindowTimes,
    smoothed: bool,
    counts_only: bool,
    look: Look,
    span: Span,
    slot: usize,
}

impl<'a> SelectRows<'a> {
    pub(super) fn new(
        evaluator: &'a Evaluator<'a>,
        select: &Select,
        look: Look,
        grid: Grid,
    ) -> Result<Self, EvaluationError> {
        let fetched = &evaluator.fetched[select.selector];
        let keeps_name = look == Look::Values;
        let identities = match keeps_name {
            true => None,
            false => Some(evaluator.nameless(&fetched.identities)?),
        };
        let range = evaluator.settings.lookback;
        let when = WindowTimes { grid, at: select.at, offset: select.offset, range };
        let smoothed = select.extension == Some(Extension::Smoothed);
        let Select { counts_only, span, slot, .. } = *select;
        Ok(SelectRows {
            evaluator,
            fetched,
            identities,
            when,
            smoothed,
            counts_only,
            look,
            span,
            slot,
        })
    }

    fn fill_from(
        &self,
        index: usize,
        slot: &mut Slot,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        out.reset(self.when.grid.count);
        if self.fill_newest(index, out)? {
            return Ok(());
        }
        let opened = self.fetched.open(index, self.evaluator.context)?;
        if self.fill_values(index, &opened, slot, out)? {
            return Ok(());
        }
        let reach = if self.smoothed { self.when.range } else { 0 };
        let Slot { columns, windows, histogram_windows, .. } = slot;
        let lookback = self.evaluator.settings.lookback;
        opened.decode(self.window(reach), lookback, columns)?;
        if self.counts_only {
            mark_resets(columns);
        }
        if self.smoothed {
            drop_stale(columns);
            return self.fill_smoothed(index, columns, out);
        }
        let plain = columns.histograms.times.is_empty() && self.look == Look::Values;
        if plain && let Some(column) = self.fetched.time_column(index) {
            windows.keep(column, &columns.floats.times, self.when);
        }
        let windows = windows.over(&columns.floats.times, self.when);
        if plain {
            fill_floats(&columns.floats.values, windows, out);
        } else {
            let histogram_windows = histogram_windows.over(&columns.histograms.times, self.when);
            self.fill_any(columns, windows, histogram_windows, out);
        }
        Ok(())
    }

    /// The times of all samples that may be looked at, `reach` milliseconds ahead too.
    fn window(&self, reach: i64) -> MillisRange {
        let (start, end) = self.when.extent();
        MillisRange::new(start, end.saturating_add(reach))
    }

    /// One step needs one sample, which the source may know without decoding. False if it is a
    /// histogram: whether that was reset depends on those before it.
    fn fill_newest(&self, index: usize, out: &mut Row) -> Result<bool, EvaluationError> {
        if self.when.grid.count != 1 || self.smoothed || self.look == Look::Starts {
            return Ok(false);
        }
        let newest = self.fetched.newest(index, self.window(0), self.evaluator.context)?;
        let Some(newest) = newest else { return Ok(true) };
        let value = match (self.look, newest.value) {
            (_, value) if value.is_stale() => return Ok(true),
            (Look::Values, SampleValue::Float(value)) => value,
            (Look::Values, _) => return Ok(false),
            _ => newest.time as f64 / 1e3,
        };
        out.set_float(0, value);
        Ok(true)
    }

    /// The times of the series are known from another one. False if they are not, or if values are
    /// not all that is needed.
    fn fill_values(
        &self,
        index: usize,
        opened: &Opened<'_>,
        slot: &mut Slot,
        out: &mut Row,
    ) -> Result<bool, EvaluationError> {
        let values = &mut slot.columns.floats.values;
        let wanted = !self.smoothed && self.look == Look::Values;
        let column = self.fetched.time_column(index).filter(|_| wanted);
        let Some(windows) = column.and_then(|column| slot.windows.numbered(column, self.when))
        else {
            return Ok(false);
        };
        let known = opened.values(self.window(0), values)?;
        if known.is_none() || values.len() != windows.times.len() {
            return Ok(false);
        }
        fill_floats(values, windows, out);
        Ok(true)
    }

    /// The general form: floats and histograms, values or times.
    fn fill_any(
        &self,
        columns: &Columns,
        windows: &Windows,
        histogram_windows: &Windows,
        out: &mut Row,
    ) {
        let (floats, histograms) = (&columns.floats, &columns.histograms);
        for step in 0..self.when.grid.count {
            let (low, high) = windows.bounds(step);
            let float = (low < high).then(|| high - 1);
            let (low, high) = histogram_windows.bounds(step);
            let histogram = (low < high).then(|| high - 1);
            let histogram_newer = match (float, histogram) {
                (Some(float), Some(at)) => histograms.times[at] >= floats.times[float],
                (_, histogram) => histogram.is_some(),
            };
            let (at, times, starts, stale) = match (float, histogram) {
                (_, Some(at)) if histogram_newer => {
                    let stale = is_stale(histograms.values[at].sum);
                    (at, &histograms.times, &histograms.starts, stale)
                }
                (Some(at), _) => (at, &floats.times, &floats.starts, is_stale(floats.values[at])),
                _ => continue,
            };
            if stale {
                continue;
            }
            match self.look {
                Look::Values if histogram_newer => {
                    out.set_histogram(step, histograms.values[at].clone());
                }
                Look::Values => out.set_float(step, floats.values[at]),
                Look::Times => out.set_float(step, times[at] as f64 / 1e3),
                Look::Starts => {
                    let start = starts.get(at).copied().unwrap_or(0);
                    if start != 0 && self.evaluator.settings.start_timestamps {
                        out.set_float(step, start as f64 / 1e3);
                    }
                }
            }
        }
    }

    /// Values between samples, on the line that joins them.
    fn fill_smoothed(
        &self,
        index: usize,
        columns: &Columns,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        let remarks = Remarks {
            annotations: self.evaluator.annotations,
            metric: self.fetched.identities[index].labels.name().unwrap_or_default(),
            span: self.span,
            parameter_span: self.span,
        };
        for step in 0..self.when.grid.count {
            let time = self.when.end(step);
            if let Some(value) = value_at(columns, time, self.when.range, &remarks)? {
                match self.look {
                    Look::Values => out.set(step, value),
                    Look::Times => out.set_float(step, self.when.grid.time(step) as f64 / 1e3),
                    Look::Starts => {}
                }
            }
        }
        Ok(())
    }
}

fn fill_floats(values: &[f64], windows: &Windows, out: &mut Row) {
    out.presence.clone_from(&windows.populated);
    let bounds = windows.low.iter().zip(&windows.high);
    for (slot, (low, high)) in out.floats.iter_mut().zip(bounds) {
        if low < high {
            *slot = values[*high as usize - 1];
        }
    }
    if any_stale(values) {
        for (step, value) in out.floats.iter().enumerate() {
            if is_stale(*value) {
                out.presence.remove(step);
            }
        }
    }
}

impl Rows for SelectRows<'_> {
    fn identities(&self) -> &[Identity] {
        self.identities.as_deref().unwrap_or(&self.fetched.identities)
    }

    fn fill(
        &self,
        index: usize,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        let mut slot = scratch.take(self.slot);
        let filled = self.fill_from(index, &mut slot, out);
        scratch.put(self.slot, slot);
        filled
    }
}
