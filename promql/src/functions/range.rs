//! What functions over ranges see, and what they are.

use std::sync::Arc;

use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::syntax::Span;

use super::extended::ExtendedWindow;
use crate::eval::{Annotations, EvaluationError, Note, Pace, Row, WindowTimes, Windows};

/// A function over the samples of a range.
pub(crate) struct RangeFunction {
    pub(crate) name: &'static str,
    /// What it makes of one window.
    pub(crate) window: fn(&Window<'_>, &Remarks<'_>) -> Outcome,
    /// The same for a whole row of a series of floats without start timestamps: not slower than
    /// window by window, and equal to the last bit.
    pub(crate) row: Option<RowBody>,
    /// Whether the result is still the metric it was.
    pub(crate) keeps_name: bool,
    /// What it makes of a window that is `anchored` or `smoothed`, if it can use that.
    pub(crate) extended: Option<fn(&ExtendedWindow<'_>, &Remarks<'_>) -> Outcome>,
}

/// What a function makes of a whole row.
pub(crate) type RowBody = fn(&mut RowInput<'_>, &mut Row) -> Result<(), EvaluationError>;

/// A value for the step, none, or a reason to stop the query.
pub(crate) type Outcome = Result<Option<SampleValue>, EvaluationError>;

/// The samples of one window, at least one.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) floats: Samples<'a, f64>,
    pub(crate) histograms: Samples<'a, Arc<Histogram>>,
    /// The time of the step.
    pub(crate) time: i64,
    /// Where the window starts; not in it.
    pub(crate) start: i64,
    /// Where it ends; in it.
    pub(crate) end: i64,
    /// The scalar arguments at this step.
    pub(crate) parameters: &'a [f64],
}

/// Samples of one kind, in order of time.
pub(crate) struct Samples<'a, T> {
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [T],
    /// Start timestamps, 0 where unknown; empty if none is known.
    pub(crate) starts: &'a [i64],
}

/// A whole series of floats and its windows.
pub(crate) struct RowInput<'a> {
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
    pub(crate) windows: &'a mut Windows,
    pub(crate) when: WindowTimes,
    pub(crate) pace: Pace<'a>,
}

/// Where a function leaves its remarks.
#[derive(Clone, Copy)]
pub(crate) struct Remarks<'a> {
    pub(crate) annotations: &'a Annotations,
    /// The name of the metric, empty if it has none.
    pub(crate) metric: &'a str,
    /// The range.
    pub(crate) span: Span,
    /// The first scalar argument, or the call.
    pub(crate) parameter_span: Span,
}

impl Remarks<'_> {
    pub(crate) fn add(&self, note: impl FnOnce(Box<str>) -> Note) {
        self.annotations.add(note(self.metric.into()), self.span);
    }

    pub(crate) fn add_on_parameter(&self, note: Note) {
        self.annotations.add(note, self.parameter_span);
    }
}

// Not derived: that would ask the same of the values.
impl<T> Clone for Samples<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Samples<'_, T> {}

impl<'a, T> Samples<'a, T> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The start timestamp of sample `index`, 0 if unknown.
    pub(crate) fn start(&self, index: usize) -> i64 {
        self.starts.get(index).copied().unwrap_or(0)
    }

    /// The samples from `low` to before `high`.
    #[inline]
    pub(crate) fn slice(&self, low: usize, high: usize) -> Samples<'a, T> {
        Samples {
            times: &self.times[low..high],
            values: &self.values[low..high],
            starts: self.starts.get(low..high).unwrap_or_default(),
        }
    }
}

impl Window<'_> {
    /// How long the window is, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.end.saturating_sub(self.start) as f64 / 1e3
    }

    /// Remarks where histograms are left out among floats.
    pub(crate) fn remark_ignored(&self, remarks: &Remarks<'_>) {
        if !self.histograms.is_empty() && !self.floats.is_empty() {
            remarks.add(|metric| Note::HistogramsIgnoredInRange { metric });
        }
    }
}

impl RowInput<'_> {
    /// Fills the steps whose window holds a sample with what `value` makes of the samples.
    #[inline]
    pub(crate) fn each(
        &mut self,
        out: &mut Row,
        value: impl Fn(&[f64]) -> f64,
    ) -> Result<(), EvaluationError> {
        let values = self.values;
        self.each_window(out, |low, high| value(&values[low..high]))
    }

    /// The same of the bounds of the windows; cheap whatever their lengths.
    #[inline]
    pub(crate) fn each_window(
        &mut self,
        out: &mut Row,
        mut value: impl FnMut(usize, usize) -> f64,
    ) -> Result<(), EvaluationError> {
        out.presence.clone_from(&self.windows.populated);
        let bounds = self.windows.low.iter().zip(&self.windows.high);
        for (slot, (low, high)) in out.floats.iter_mut().zip(bounds) {
            let (low, high) = (*low as usize, *high as usize);
            if low < high {
                *slot = value(low, high);
                self.pace.spend(high - low)?;
            }
        }
        Ok(())
    }

    /// How many samples the windows hold on average.
    pub(crate) fn mean_samples(&self) -> usize {
        let held = |(low, high): (&u32, &u32)| (high - low) as usize;
        let total: usize = self.windows.low.iter().zip(&self.windows.high).map(held).sum();
        total / self.windows.low.len().max(1)
    }
}

pub(crate) fn float(value: f64) -> Outcome {
    Ok(Some(SampleValue::Float(value)))
}
