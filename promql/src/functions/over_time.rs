//! `…_over_time`, and what else looks at all samples of a window.

use telemetry_core::model::{Histogram, SampleValue};

use super::extended::anchored_count;
use super::extremes::{max, min};
use super::range::{Digest, Outcome, RangeFunction, Remarks, RowInput, Window, float};
use super::rate::is_restart;
use super::{extremes, histograms, kahan, quantile as rank, ranks, regression, sums};
use crate::eval::{EvaluationError, Note, Row};
use crate::native;

pub(super) const FUNCTIONS: &[RangeFunction] = &[
    RangeFunction {
        name: "avg_over_time",
        window: |window, remarks| {
            if mixed(window, remarks) {
                return Ok(None);
            }
            if !window.histograms.is_empty() {
                let mean = histograms::mean(window.histograms.values, remarks);
                return Ok(mean.and_then(|mean| histograms::value(mean.finish())));
            }
            float(kahan::mean(window.floats.values))
        },
        row: Some(|input, out| sums::row(input, out, true)),
        ..PLAIN
    },
    RangeFunction {
        name: "changes",
        window: |window, remarks| count_steps(window, remarks, CHANGES),
        row: Some(|input, out| count_row(input, out, is_change)),
        extended: Some(|extended, remarks| {
            anchored_count(extended, remarks, |window, remarks| {
                count_steps(window, remarks, CHANGES)
            })
        }),
        ..PLAIN
    },
    RangeFunction {
        name: "count_over_time",
        window: |window, _| float((window.floats.len() + window.histograms.len()) as f64),
        row: Some(|input, out| input.each_window(out, |low, high| (high - low) as f64)),
        digest: Some(Digest::Count),
        ..PLAIN
    },
    RangeFunction {
        name: "deriv",
        window: |window, remarks| {
            let floats = window.floats;
            window.remark_ignored(remarks);
            if floats.len() < 2 {
                return Ok(None);
            }
            float(regression::linear(floats.times, floats.values, floats.times[0]).0)
        },
        ..PLAIN
    },
    RangeFunction { name: "double_exponential_smoothing", window: smoothing, ..PLAIN },
    RangeFunction {
        name: "first_over_time",
        window: |window, _| {
            let (floats, histograms) = (window.floats, window.histograms);
            Ok(match (floats.times.first(), histograms.times.first()) {
                (Some(float), histogram) if histogram.is_none_or(|time| float <= time) => {
                    floats.values.first().copied().map(SampleValue::Float)
                }
                _ => histograms.values.first().cloned().map(SampleValue::Histogram),
            })
        },
        row: Some(|input, out| input.each(out, |values| values[0])),
        keeps_name: true,
        digest: Some(Digest::First),
        ..PLAIN
    },
    RangeFunction {
        name: "last_over_time",
        window: |window, _| {
            let (floats, histograms) = (window.floats, window.histograms);
            Ok(match (floats.times.last(), histograms.times.last()) {
                (Some(float), histogram) if histogram.is_none_or(|time| float > time) => {
                    floats.values.last().copied().map(SampleValue::Float)
                }
                _ => histograms.values.last().cloned().map(SampleValue::Histogram),
            })
        },
        row: Some(|input, out| input.each(out, |values| values[values.len() - 1])),
        keeps_name: true,
        digest: Some(Digest::Last),
        ..PLAIN
    },
    RangeFunction {
        name: "mad_over_time",
        window: |window, remarks| {
            only_floats(window, remarks, |values| {
                // A NaN is no deviation that could be left out.
                if values.iter().any(|value| value.is_nan()) {
                    return f64::NAN;
                }
                let median = rank::quantile(0.5, values);
                let away: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
                rank::quantile(0.5, &away)
            })
        },
        ..PLAIN
    },
    RangeFunction {
        name: "max_over_time",
        window: |window, remarks| only_floats(window, remarks, max),
        row: Some(|input, out| extremes::row(input, out, max, f64::max)),
        digest: Some(Digest::Greatest),
        ..PLAIN
    },
    RangeFunction {
        name: "min_over_time",
        window: |window, remarks| only_floats(window, remarks, min),
        row: Some(|input, out| extremes::row(input, out, min, f64::min)),
        digest: Some(Digest::Least),
        ..PLAIN
    },
    RangeFunction {
        name: "predict_linear",
        window: |window, remarks| {
            let floats = window.floats;
            window.remark_ignored(remarks);
            if floats.len() < 2 {
                return Ok(None);
            }
            let (slope, now) = regression::linear(floats.times, floats.values, window.time);
            float(slope * window.parameters[0] + now)
        },
        ..PLAIN
    },
    RangeFunction {
        name: "present_over_time",
        window: |_, _| float(1.0),
        row: Some(|input, out| input.each_window(out, |_, _| 1.0)),
        digest: Some(Digest::Presence),
        ..PLAIN
    },
    RangeFunction {
        name: "quantile_over_time",
        window: |window, remarks| {
            let phi = window.parameters[0];
            if window.floats.is_empty() {
                return Ok(None);
            }
            if phi.is_nan() || !(0.0..=1.0).contains(&phi) {
                remarks.add_on_parameter(Note::InvalidQuantile(phi.into()));
            }
            only_floats(window, remarks, |values| rank::quantile(phi, values))
        },
        row: Some(ranks::row),
        ..PLAIN
    },
    RangeFunction {
        name: "resets",
        window: |window, remarks| count_steps(window, remarks, RESETS),
        row: Some(|input, out| count_row(input, out, is_reset)),
        extended: Some(|extended, remarks| {
            anchored_count(extended, remarks, |window, remarks| {
                count_steps(window, remarks, RESETS)
            })
        }),
        ..PLAIN
    },
    RangeFunction {
        name: "stddev_over_time",
        window: |window, remarks| {
            only_floats(window, remarks, |values| kahan::variance(values).sqrt())
        },
        row: Some(|input, out| sums::variances(input, out, f64::sqrt)),
        ..PLAIN
    },
    RangeFunction {
        name: "stdvar_over_time",
        window: |window, remarks| only_floats(window, remarks, kahan::variance),
        row: Some(|input, out| sums::variances(input, out, |variance| variance)),
        ..PLAIN
    },
    RangeFunction {
        name: "sum_over_time",
        window: |window, remarks| {
            if mixed(window, remarks) {
                return Ok(None);
            }
            if !window.histograms.is_empty() {
                let sum = histograms::sum(window.histograms.values, remarks);
                return Ok(sum.and_then(|sum| histograms::value(sum.finish())));
            }
            float(kahan::sum(window.floats.values))
        },
        row: Some(|input, out| sums::row(input, out, false)),
        ..PLAIN
    },
    RangeFunction {
        name: "ts_of_first_over_time",
        window: |window, _| {
            let first = [window.floats.times.first(), window.histograms.times.first()];
            let first = first.into_iter().flatten().min();
            Ok(first.map(|time| SampleValue::Float(*time as f64 / 1e3)))
        },
        row: Some(|input, out| {
            let times = std::mem::take(&mut input.windows.times);
            let filled = input.each_window(out, |low, _| times[low] as f64 / 1e3);
            input.windows.times = times;
            filled
        }),
        ..PLAIN
    },
    RangeFunction {
        name: "ts_of_last_over_time",
        window: |window, _| {
            let last = [window.floats.times.last(), window.histograms.times.last()];
            let last = last.into_iter().flatten().max();
            Ok(last.map(|time| SampleValue::Float(*time as f64 / 1e3)))
        },
        row: Some(|input, out| {
            let times = std::mem::take(&mut input.windows.times);
            let filled = input.each_window(out, |_, high| times[high - 1] as f64 / 1e3);
            input.windows.times = times;
            filled
        }),
        ..PLAIN
    },
    RangeFunction {
        name: "ts_of_max_over_time",
        window: |window, remarks| time_of(window, remarks, |value, best| value >= best),
        row: Some(|input, out| extremes::times(input, out, |value, best| value >= best)),
        ..PLAIN
    },
    RangeFunction {
        name: "ts_of_min_over_time",
        window: |window, remarks| time_of(window, remarks, |value, best| value <= best),
        row: Some(|input, out| extremes::times(input, out, |value, best| value <= best)),
        ..PLAIN
    },
];

const PLAIN: RangeFunction = RangeFunction {
    name: "",
    window: |_, _| Ok(None),
    row: None,
    keeps_name: false,
    extended: None,
    digest: None,
    asks_resets: false,
};

/// What `value` makes of the floats. Histograms are ignored.
fn only_floats(
    window: &Window<'_>,
    remarks: &Remarks<'_>,
    value: impl FnOnce(&[f64]) -> f64,
) -> Outcome {
    if window.floats.is_empty() {
        return Ok(None);
    }
    window.remark_ignored(remarks);
    float(value(window.floats.values))
}

/// Whether floats and histograms meet, which is remarked on.
fn mixed(window: &Window<'_>, remarks: &Remarks<'_>) -> bool {
    let mixed = !window.floats.is_empty() && !window.histograms.is_empty();
    if mixed {
        remarks.add(|metric| Note::MixedFloatsAndHistograms { metric });
    }
    mixed
}

/// How often something is counted between two samples in a row, in each window.
fn count_row(
    input: &mut RowInput<'_>,
    out: &mut Row,
    counts: fn(f64, f64) -> bool,
) -> Result<(), EvaluationError> {
    // How often up to each sample, from the start of the column.
    let mut count = 0_u32;
    let mut previous = input.values.first().copied().unwrap_or_default();
    let counted = input.values.iter().map(|value| {
        count += u32::from(counts(previous, *value));
        previous = *value;
        count
    });
    let counted: Vec<u32> = counted.collect();
    input.each_window(out, |low, high| f64::from(counted[high - 1] - counted[low]))
}

/// The time of the last value that no other one beats.
fn time_of(
    window: &Window<'_>,
    remarks: &Remarks<'_>,
    beats: impl Fn(f64, f64) -> bool,
) -> Outcome {
    let floats = window.floats;
    let Some((first, rest)) = floats.values.split_first() else { return Ok(None) };
    window.remark_ignored(remarks);
    let (mut best, mut time) = (*first, floats.times[0]);
    for (value, at) in rest.iter().zip(&floats.times[1..]) {
        if beats(*value, best) || best.is_nan() {
            (best, time) = (*value, *at);
        }
    }
    float(time as f64 / 1e3)
}

fn is_change(previous: f64, value: f64) -> bool {
    value != previous && !(value.is_nan() && previous.is_nan())
}

fn is_reset(previous: f64, value: f64) -> bool {
    value < previous
}

/// What is counted between two samples in a row.
#[derive(Clone, Copy)]
struct Counted {
    floats: fn(f64, f64) -> bool,
    histograms: fn(&Histogram, &Histogram) -> bool,
    /// Whether a start timestamp may tell of one more.
    restarts: bool,
}

const CHANGES: Counted =
    Counted { floats: is_change, histograms: |a, b| !native::equal(a, b), restarts: false };

const RESETS: Counted = Counted {
    floats: is_reset,
    histograms: |previous, value| native::detect_reset(value, previous),
    restarts: true,
};

/// How often something is counted between two samples in a row. A step between a float and a
/// histogram counts always.
fn count_steps(window: &Window<'_>, remarks: &Remarks<'_>, counted: Counted) -> Outcome {
    let (floats, histograms) = (window.floats, window.histograms);
    let (mut float, mut histogram, mut count) = (0, 0, 0_u32);
    let mut previous_is_float = None;
    loop {
        let next_is_float = match (floats.times.get(float), histograms.times.get(histogram)) {
            (None, None) => break,
            (Some(a), Some(b)) => a < b,
            (a, _) => a.is_some(),
        };
        let counts = match (previous_is_float, next_is_float) {
            (None, _) => false,
            (Some(true), true) => {
                (counted.floats)(floats.values[float - 1], floats.values[float])
                    || (counted.restarts && is_restart(floats, float, remarks))
            }
            (Some(false), false) => {
                let (previous, value) =
                    (&histograms.values[histogram - 1], &histograms.values[histogram]);
                (counted.histograms)(previous, value)
                    || (counted.restarts && is_restart(histograms, histogram, remarks))
            }
            _ => true,
        };
        count += u32::from(counts);
        previous_is_float = Some(next_is_float);
        if next_is_float { float += 1 } else { histogram += 1 }
    }
    super::range::float(f64::from(count))
}

fn smoothing(window: &Window<'_>, remarks: &Remarks<'_>) -> Outcome {
    let (level, trend) = (window.parameters[0], window.parameters[1]);
    let valid = |factor: f64| factor > 0.0 && factor < 1.0;
    let span = remarks.parameter_span;
    if !valid(level) {
        let (factor, short) = ("smoothing", "sf");
        return Err(EvaluationError::Factor { factor, short, value: level, span });
    }
    if !valid(trend) {
        let (factor, short) = ("trend", "tf");
        return Err(EvaluationError::Factor { factor, short, value: trend, span });
    }
    if window.floats.len() < 2 {
        if window.floats.len() == 1 {
            window.remark_ignored(remarks);
        }
        return Ok(None);
    }
    window.remark_ignored(remarks);
    float(regression::double_exponential(window.floats.values, level, trend))
}
