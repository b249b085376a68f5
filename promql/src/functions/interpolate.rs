//! Values between samples, for `smoothed`.

use telemetry_core::model::SampleValue;
use telemetry_core::source::Columns;

use super::extended::histogram_at;
use super::range::{Outcome, Remarks};
use crate::eval::Note;

/// The value at `time`: of the sample there; else on the line between the samples before and after,
/// neither of them further away than `reach`; else of the one before.
pub(crate) fn value_at(columns: &Columns, time: i64, reach: i64, remarks: &Remarks<'_>) -> Outcome {
    let within = |times: &[i64]| {
        let low = times.partition_point(|at| *at <= time.saturating_sub(reach));
        let high = times.partition_point(|at| *at <= time.saturating_add(reach));
        low..high.max(low)
    };
    let floats = within(&columns.floats.times);
    let histograms = within(&columns.histograms.times);
    if !floats.is_empty() && !histograms.is_empty() {
        remarks.add(|metric| Note::MixedFloatsAndHistograms { metric });
        return Ok(None);
    }
    if !histograms.is_empty() {
        let times = &columns.histograms.times[histograms.clone()];
        return histogram_at(times, &columns.histograms.values[histograms], time, remarks);
    }
    let (times, values) = (&columns.floats.times[floats.clone()], &columns.floats.values[floats]);
    let next = times.partition_point(|at| *at < time);
    Ok(match (next.checked_sub(1), times.get(next)) {
        (_, Some(at)) if *at == time => Some(SampleValue::Float(values[next])),
        (Some(before), Some(after)) => {
            let value = line(values[before], values[next], share(times[before], *after, time));
            Some(SampleValue::Float(value))
        }
        (Some(before), None) => Some(SampleValue::Float(values[before])),
        (None, _) => None,
    })
}

/// The value `share` of the way from `from` to `to`.
pub(crate) fn line(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

/// How much of the way from `start` to `end` has been gone at `time`.
pub(crate) fn share(start: i64, end: i64, time: i64) -> f64 {
    time.saturating_sub(start) as f64 / end.saturating_sub(start) as f64
}
