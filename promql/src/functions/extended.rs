//! Ranges whose ends are samples: `anchored` and `smoothed`.
//!
//! ~~~text
//! anchored   ●        (   ●     ●        ]        from the newest sample at or before the start
//!            └────────────┴─────┘                 (or the first one inside) to the last one inside
//! smoothed   ●       (×   ●     ●       ×] ●      from and to values on the lines between samples
//! ~~~
//!
//! Nothing is extrapolated. A counter that was reset between two samples started again from zero, so
//! the line to the later one starts there. Source: Prometheus' proposal of 2025-04-04, "extended
//! range selectors", and its release 3.14.

use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram, SampleValue};

use super::histograms;
use super::interpolate::{line, share};
use super::range::{Outcome, Remarks, Window, float};
use super::rate::Rise;
use crate::eval::Note;
use crate::native::{Incompatible, Working, detect_reset};

/// A window with the samples around it that its ends need.
pub(crate) struct ExtendedWindow<'a> {
    /// The window; its samples reach past its ends.
    pub(crate) window: Window<'a>,
    pub(crate) smoothed: bool,
}

/// The rise of a window between its ends.
pub(crate) fn rise(extended: &ExtendedWindow<'_>, remarks: &Remarks<'_>, rise: Rise) -> Outcome {
    let window = &extended.window;
    let (floats, histograms) = (window.floats, window.histograms);
    if !floats.is_empty() && !histograms.is_empty() {
        remarks.add(|metric| Note::MixedFloatsAndHistograms { metric });
        return Ok(None);
    }
    if !histograms.is_empty() {
        return Ok(histogram_rise(extended, remarks, rise));
    }
    let Some((first, last)) = ends(extended, floats.times) else { return Ok(None) };
    let (left_between, right_between) = between_ends(extended, floats.times, first, last);
    let value = |at: usize, time: i64| {
        let share = share(floats.times[at], floats.times[at + 1], time);
        let (from, to) = (floats.values[at], floats.values[at + 1]);
        line(if rise.counter && to < from { 0.0 } else { from }, to, share)
    };
    let left = if left_between { value(first, window.start) } else { floats.values[first] };
    let right = if right_between { value(last - 1, window.end) } else { floats.values[last] };
    let mut risen = right - left;
    if rise.counter {
        // Where the left end is on a line, a reset on that line is accounted for.
        for at in first + 1 + usize::from(left_between)..=last {
            if floats.values[at] < floats.values[at - 1] {
                risen += floats.values[at - 1];
            }
        }
    }
    float(if rise.per_second { risen / window.seconds() } else { risen })
}

/// The same for histograms.
fn histogram_rise(
    extended: &ExtendedWindow<'_>,
    remarks: &Remarks<'_>,
    rise: Rise,
) -> Option<SampleValue> {
    let window = &extended.window;
    let samples = window.histograms;
    let (first, last) = ends(extended, samples.times)?;
    let (left_between, right_between) = between_ends(extended, samples.times, first, last);
    let values = &samples.values[first..=last];
    let custom = values[0].has_custom_bounds();
    if values.iter().any(|value| value.has_custom_bounds() != custom) {
        remarks.add(|metric| Note::MixedSchemas { metric });
        return None;
    }
    histograms::remark_on_kind(values, rise, remarks);
    let value = |at: usize, time: i64| {
        let share = share(samples.times[at], samples.times[at + 1], time);
        histograms::between(&samples.values[at], &samples.values[at + 1], share, rise.counter)
    };
    let left = match left_between {
        true => value(first, window.start).ok()?,
        false => Histogram::clone(&samples.values[first]),
    };
    let right = match right_between {
        true => value(last - 1, window.end).ok()?,
        false => Histogram::clone(&samples.values[last]),
    };
    let mut risen = Working::from(&right);
    histograms::joined(risen.add(&left, true), "subtraction", remarks)?;
    if rise.counter {
        for at in first + 1 + usize::from(left_between)..=last {
            if detect_reset(&samples.values[at], &samples.values[at - 1]) {
                let added = risen.add(&samples.values[at - 1], false);
                histograms::joined(added, "addition", remarks)?;
            }
        }
    }
    if rise.per_second {
        risen.divide(window.seconds());
    }
    risen.counter_reset = CounterReset::Gauge;
    histograms::value(risen.finish())
}

/// Whether the left and the right end of the window lie between samples.
fn between_ends(
    extended: &ExtendedWindow<'_>,
    times: &[i64],
    first: usize,
    last: usize,
) -> (bool, bool) {
    let window = &extended.window;
    let left = extended.smoothed && times[first] < window.start && first + 1 < times.len();
    let right = extended.smoothed && times[last] > window.end && last > 0;
    (left, right)
}

/// What `count` makes of the samples from the one that the window is anchored at.
pub(crate) fn anchored_count(
    extended: &ExtendedWindow<'_>,
    remarks: &Remarks<'_>,
    count: fn(&Window<'_>, &Remarks<'_>) -> Outcome,
) -> Outcome {
    let window = &extended.window;
    let anchor = |times: &[i64]| {
        let inside = times.partition_point(|time| *time <= window.start);
        (inside < times.len(), inside)
    };
    let (floats_inside, floats_from) = anchor(window.floats.times);
    let (histograms_inside, histograms_from) = anchor(window.histograms.times);
    if !floats_inside && !histograms_inside {
        return Ok(None);
    }
    // Of the samples before the window only the newest one counts.
    let newest = |times: &[i64], from: usize| from.checked_sub(1).map(|at| times[at]);
    let float = newest(window.floats.times, floats_from);
    let histogram = newest(window.histograms.times, histograms_from);
    let floats_from = floats_from - usize::from(float.is_some() && float >= histogram);
    let histograms_from = histograms_from - usize::from(histogram.is_some() && histogram > float);
    let floats = window.floats.slice(floats_from, window.floats.len());
    let histograms = window.histograms.slice(histograms_from, window.histograms.len());
    count(&Window { floats, histograms, ..*window }, remarks)
}

/// The samples that the ends of the window are at or next to; none if no sample is in it.
fn ends(extended: &ExtendedWindow<'_>, times: &[i64]) -> Option<(usize, usize)> {
    let window = &extended.window;
    let mut last = times.len().checked_sub(1)?;
    let first = times[..last].partition_point(|time| *time <= window.start).saturating_sub(1);
    if extended.smoothed {
        last = times[..last].partition_point(|time| *time < window.end);
    }
    (times[last] > window.start && times[first] <= window.end).then_some((first, last))
}

/// The histogram at `time`: of the sample there, on the line between those before and after, or of
/// the one before.
pub(crate) fn histogram_at(
    times: &[i64],
    values: &[Arc<Histogram>],
    time: i64,
    remarks: &Remarks<'_>,
) -> Outcome {
    let next = times.partition_point(|at| *at < time);
    Ok(match (next.checked_sub(1), times.get(next)) {
        (_, Some(at)) if *at == time => Some(SampleValue::Histogram(values[next].clone())),
        (Some(before), Some(after)) => {
            let (from, to) = (&values[before], &values[next]);
            let counter = to.counter_reset != CounterReset::Gauge;
            match histograms::between(from, to, share(times[before], *after, time), counter) {
                Ok(value) => histograms::value(value),
                Err(Incompatible) => {
                    remarks.add(|metric| Note::MixedSchemas { metric });
                    None
                }
            }
        }
        (Some(before), None) => Some(SampleValue::Histogram(values[before].clone())),
        (None, _) => None,
    })
}
