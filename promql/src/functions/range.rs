//! What functions over ranges see, and what they are.

use std::sync::Arc;

use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::source::ChunkStatistics;
use telemetry_core::syntax::Span;

use super::extended::ExtendedWindow;
use super::segments::Segments;
use crate::eval::{
    Annotations, EvaluationError, Note, Pace, Row, ScalarColumn, WindowTimes, Windows,
};
use crate::native::detect_reset;

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
    /// What is enough to know of samples that are all in a window or all outside.
    pub(crate) digest: Option<Digest>,
    /// Whether it asks of every histogram whether it was reset.
    pub(crate) asks_resets: bool,
}

/// What stands for samples that are looked at together: a value that gives the same result to the last
/// bit.
///
/// There is none for sums and means, which compensate what rounding loses sample by sample, nor for
/// rates, which extrapolate by the number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Count,
    /// That there are any.
    Presence,
    First,
    Last,
    Least,
    Greatest,
}

impl Digest {
    /// The value for a chunk; none if it must be decoded.
    pub(crate) fn of(self, chunk: &ChunkStatistics) -> Option<f64> {
        // Where the floats are not known, there may be staleness markers among them.
        let floats = chunk.floats?;
        // Which zero is the least one depends on how they are compared.
        let not_zero = |value: f64| (value != 0.0).then_some(value);
        match self {
            Digest::Count => Some(chunk.count as f64),
            Digest::Presence => Some(1.0),
            Digest::First => Some(floats.first),
            Digest::Last => Some(floats.last),
            Digest::Least => not_zero(floats.min),
            Digest::Greatest => not_zero(floats.max),
        }
    }

    /// Whether a sample by itself counts as one, whatever its value.
    pub(crate) fn counts(self) -> bool {
        self == Digest::Count
    }
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
    /// Whether each histogram counts less than the one before, of the same series; empty if that was
    /// not found out beforehand.
    pub(crate) resets: &'a [bool],
}

/// A whole series of floats and its windows.
pub(crate) struct RowInput<'a> {
    pub(crate) values: &'a [f64],
    /// Their times, and the windows over them.
    pub(crate) windows: &'a mut Windows,
    pub(crate) when: WindowTimes,
    /// Whether it is known that no value is less than the one before.
    pub(crate) rising: bool,
    /// No value is farther from zero. Infinite where that is not known.
    pub(crate) largest: f64,
    /// The scalar arguments.
    pub(crate) parameters: &'a [ScalarColumn],
    pub(crate) remarks: Remarks<'a>,
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
            resets: self.resets.get(low..high).unwrap_or_default(),
        }
    }
}

impl Samples<'_, Arc<Histogram>> {
    /// Whether histogram `at`, which is not the first, counts less than the one before.
    pub(crate) fn is_reset(&self, at: usize) -> bool {
        match self.resets.get(at) {
            Some(reset) => *reset,
            None => detect_reset(&self.values[at], &self.values[at - 1]),
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

    /// In how many windows a sample is, on average.
    pub(crate) fn overlap(&self) -> usize {
        self.windows.overlap()
    }

    /// How many samples the longest window holds.
    pub(crate) fn longest(&self) -> usize {
        self.windows.longest()
    }

    /// What the windows are made of.
    pub(crate) fn segments(&mut self) -> &Segments {
        self.windows.segments()
    }

    /// Fills the steps whose window holds a sample with what `value` makes of the bounds of the
    /// window, first counted in segments, then in samples. Steps for which there is none stay absent.
    #[inline]
    pub(crate) fn each_segments(
        &mut self,
        out: &mut Row,
        mut value: impl FnMut((usize, usize), (usize, usize)) -> Option<f64>,
    ) -> Result<(), EvaluationError> {
        self.pace.spend(self.values.len() + out.floats.len())?;
        self.windows.segments();
        let bounds = self.windows.low.iter().zip(&self.windows.high);
        let Some(segments) = self.windows.known_segments() else { return Ok(()) };
        for (step, (segments, (low, high))) in segments.windows().zip(bounds).enumerate() {
            if low < high
                && let Some(value) = value(segments, (*low as usize, *high as usize))
            {
                out.set_float(step, value);
            }
        }
        Ok(())
    }

    /// Fills the steps that [`each_segments`](Self::each_segments) has left absent.
    pub(crate) fn fill_left_out(
        &mut self,
        out: &mut Row,
        value: impl Fn(&[f64]) -> f64,
    ) -> Result<(), EvaluationError> {
        let mut left_out = self.windows.populated.clone();
        left_out.subtract(&out.presence);
        for step in &left_out {
            let (low, high) = self.windows.bounds(step);
            self.pace.spend(high - low)?;
            out.set_float(step, value(&self.values[low..high]));
        }
        Ok(())
    }
}

pub(crate) fn float(value: f64) -> Outcome {
    Ok(Some(SampleValue::Float(value)))
}
