//! How fast a series rises: `rate`, `increase`, `delta`, `irate`, `idelta`.
//!
//! ~~~text
//!  start            first                      last      end
//!    (───to_start─────●────●────●────●────●──────●──to_end──]
//!                     └─────── sampled ──────────┘
//! ~~~
//!
//! The rise between the first and the last sample is extrapolated to the whole window: up to its end
//! where the gap is shorter than 1.1 times the mean distance of samples, else by half that distance.
//! A counter is not extrapolated below zero. A fall of a counter is a reset: what it had reached is
//! added. Source: `extrapolatedRate` of Prometheus 3.14.
//!
//! Everything but the values depends on the times alone, so it is computed once per column of times
//! ([`RateSteps`]); what remains per series and step is a subtraction, a comparison and a product.
//! Falls are found once per series, so that windows without one pay nothing for them.

use telemetry_core::model::SampleValue;
use telemetry_core::vector::Presence;

use super::range::{Outcome, RangeFunction, Remarks, RowInput, Samples, Window, float};
use super::{extended, histograms};
use crate::eval::{EvaluationError, Note, Row, WindowTimes, Windows};

/// Gaps to the ends of the window below this multiple of the mean distance are bridged.
const BRIDGED: f64 = 1.1;

pub(crate) const FUNCTIONS: &[RangeFunction] = &[
    RangeFunction {
        name: "delta",
        window: |window, remarks| extrapolated(window, remarks, Rise::DELTA),
        row: Some(|input, out| row(input, out, Rise::DELTA)),
        keeps_name: false,
        extended: Some(|extended, remarks| extended::rise(extended, remarks, Rise::DELTA)),
        digest: None,
        asks_resets: false,
    },
    RangeFunction {
        name: "idelta",
        window: |window, remarks| between_last_two(window, remarks, Rise::DELTA),
        row: Some(|input, out| last_two_row(input, out, Rise::DELTA)),
        keeps_name: false,
        extended: None,
        digest: None,
        asks_resets: false,
    },
    RangeFunction {
        name: "increase",
        window: |window, remarks| extrapolated(window, remarks, Rise::INCREASE),
        row: Some(|input, out| row(input, out, Rise::INCREASE)),
        keeps_name: false,
        extended: Some(|extended, remarks| extended::rise(extended, remarks, Rise::INCREASE)),
        digest: None,
        asks_resets: true,
    },
    RangeFunction {
        name: "irate",
        window: |window, remarks| between_last_two(window, remarks, Rise::RATE),
        row: Some(|input, out| last_two_row(input, out, Rise::RATE)),
        keeps_name: false,
        extended: None,
        digest: None,
        asks_resets: false,
    },
    RangeFunction {
        name: "rate",
        window: |window, remarks| extrapolated(window, remarks, Rise::RATE),
        row: Some(|input, out| row(input, out, Rise::RATE)),
        keeps_name: false,
        extended: Some(|extended, remarks| extended::rise(extended, remarks, Rise::RATE)),
        digest: None,
        asks_resets: true,
    },
];

/// Which rise is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rise {
    /// A fall is a reset.
    pub(crate) counter: bool,
    /// Per second, not for the whole window.
    pub(crate) per_second: bool,
}

impl Rise {
    const DELTA: Rise = Rise { counter: false, per_second: false };
    const INCREASE: Rise = Rise { counter: true, per_second: false };
    const RATE: Rise = Rise { counter: true, per_second: true };

    fn scaled(self, factor: f64, when: &WindowTimes) -> f64 {
        if self.per_second { factor / (when.range as f64 / 1e3) } else { factor }
    }
}

/// The gaps and the sampled part of a window, in seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    sampled: f64,
    to_start: f64,
    to_end: f64,
}

/// What the windows of a column of times make of the values.
#[derive(Debug)]
pub(crate) struct RateSteps {
    /// What the factors are for.
    rise: Rise,
    steps: Vec<Step>,
    /// The windows with at least two samples.
    enough: Presence,
}

/// What one window makes of the values.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    /// Indexes of the first and the last sample; equal where there are too few.
    first: u32,
    last: u32,
    /// By how much the sampled rise is multiplied, where a counter does not stop at zero.
    factor: f64,
    /// A counter may stop at zero only if its first value is at most this share of the rise.
    zero_share: f64,
}

impl Extent {
    /// The extent of a window whose samples span `first..last` in `gaps` distances. `anchored` at its
    /// first sample: nothing lies before it.
    fn new(first: i64, last: i64, gaps: f64, start: i64, end: i64, anchored: bool) -> Self {
        let sampled = last.saturating_sub(first) as f64 / 1e3;
        let distance = sampled / gaps;
        let threshold = distance * BRIDGED;
        let bridge = |gap: f64| if gap >= threshold { distance / 2.0 } else { gap };
        let to_start = if anchored { 0.0 } else { first.saturating_sub(start) as f64 / 1e3 };
        let to_end = end.saturating_sub(last) as f64 / 1e3;
        Extent { sampled, to_start: bridge(to_start), to_end: bridge(to_end) }
    }

    fn factor(self) -> f64 {
        (self.sampled + self.to_start + self.to_end) / self.sampled
    }

    /// The factor for a counter that rose from `first` by `rise`: it did not start below zero.
    fn counter_factor(self, first: f64, rise: f64) -> f64 {
        let mut extent = self;
        if rise > 0.0 && first >= 0.0 {
            let to_zero = self.sampled * (first / rise);
            if to_zero < self.to_start {
                extent.to_start = to_zero;
            }
        }
        extent.factor()
    }
}

impl RateSteps {
    fn new(windows: &Windows, when: WindowTimes, rise: Rise) -> Self {
        let mut enough = Presence::none(when.grid.count);
        let newest = u32::try_from(windows.times.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let bounds = windows.low.iter().zip(&windows.high).enumerate();
        let steps = bounds.map(|(step, (low, high))| {
            if high - low < 2 {
                let at = (*low).min(newest);
                return Step { first: at, last: at, ..Step::default() };
            }
            enough.insert(step);
            let (first, last) = (*low, *high - 1);
            let extent = extent(windows, &when, step, first as usize, last as usize);
            // `sampled · first / rise < to_start`, multiplied out; the slack keeps rounding from
            // hiding a case.
            let zero_share = extent.to_start / extent.sampled * 1.000_001;
            let zero_share = if rise.counter { zero_share } else { f64::NEG_INFINITY };
            Step { first, last, factor: rise.scaled(extent.factor(), &when), zero_share }
        });
        let steps = steps.collect();
        RateSteps { rise, steps, enough }
    }

    /// The steps whose window holds both the sample `at` and the one before it.
    fn around(&self, at: usize) -> std::ops::Range<usize> {
        // Windows never move back.
        let from = self.steps.partition_point(|step| (step.last as usize) < at);
        let to = self.steps.partition_point(|step| (step.first as usize) < at);
        from..to.max(from)
    }
}

fn extent(windows: &Windows, when: &WindowTimes, step: usize, first: usize, last: usize) -> Extent {
    let (from, to) = (windows.times[first], windows.times[last]);
    Extent::new(from, to, (last - first) as f64, when.start(step), when.end(step), false)
}

/// The rises of all windows of a series of floats.
fn row(input: &mut RowInput<'_>, out: &mut Row, rise: Rise) -> Result<(), EvaluationError> {
    let RowInput { values, windows, when, rising, pace, .. } = input;
    if values.is_empty() {
        return Ok(());
    }
    let rates = match windows.rates.take().filter(|rates| rates.rise == rise) {
        Some(rates) => rates,
        None => RateSteps::new(windows, *when, rise),
    };
    out.presence.clone_from(&rates.enough);
    let risen = |step: &Step| values[step.last as usize] - values[step.first as usize];
    let mut near_zero = false;
    for (slot, step) in out.floats.iter_mut().zip(&rates.steps) {
        let (first, risen) = (values[step.first as usize], risen(step));
        near_zero |= risen > 0.0 && first >= 0.0 && first <= step.zero_share * risen;
        *slot = risen * step.factor;
    }
    let again = |at: usize, risen: f64| {
        let step = &rates.steps[at];
        let first = values[step.first as usize];
        if !(risen > 0.0 && first >= 0.0 && first <= step.zero_share * risen) {
            return risen * step.factor;
        }
        let extent = extent(windows, when, at, step.first as usize, step.last as usize);
        risen * rise.scaled(extent.counter_factor(first, risen), when)
    };
    if near_zero {
        for at in &rates.enough {
            out.floats[at] = again(at, risen(&rates.steps[at]));
        }
    }
    if rise.counter && !*rising {
        let falls = falls(values);
        // Only windows over a fall are computed again.
        let mut done = 0;
        for fall in &falls {
            let around = rates.around(*fall);
            for at in around.start.max(done)..around.end {
                let step = &rates.steps[at];
                let behind = falls.partition_point(|fall| *fall <= step.last as usize);
                let before = falls.partition_point(|fall| *fall <= step.first as usize);
                pace.spend(behind - before)?;
                let lost = falls[before..behind].iter().map(|fall| values[fall - 1]);
                out.floats[at] = again(at, lost.fold(risen(step), |risen, lost| risen + lost));
            }
            done = done.max(around.end);
        }
    }
    windows.rates = Some(rates);
    pace.spend(out.floats.len())
}

/// Values that are looked at together, so that the loop over them vectorises.
const BLOCK: usize = 64;

/// Where the values fall.
fn falls(values: &[f64]) -> Vec<usize> {
    let mut falls = Vec::new();
    let Some(later) = values.get(1..) else { return falls };
    for (block, (before, after)) in values.chunks(BLOCK).zip(later.chunks(BLOCK)).enumerate() {
        let pairs = || before.iter().zip(after);
        if pairs().fold(false, |any, (before, after)| any | (after < before)) {
            let fall = |(at, (before, after)): (usize, (&f64, &f64))| {
                (after < before).then_some(block * BLOCK + at + 1)
            };
            falls.extend(pairs().enumerate().filter_map(fall));
        }
    }
    falls
}

/// The rise of one window.
fn extrapolated(window: &Window<'_>, remarks: &Remarks<'_>, rise: Rise) -> Outcome {
    let (floats, histograms) = (window.floats, window.histograms);
    if !histograms.is_empty() && !floats.is_empty() {
        remarks.add(|metric| Note::MixedFloatsAndHistograms { metric });
        return Ok(None);
    }
    if !histograms.is_empty() {
        return Ok(extrapolated_histogram(window, remarks, rise));
    }
    let started = rise.counter && starts_inside(floats, window.start);
    if floats.len() < 2 && !started {
        return Ok(None);
    }
    let first = floats.values[0];
    let mut sampled = floats.values[floats.len() - 1] - first;
    if rise.counter {
        for at in 1..floats.len() {
            let previous = floats.values[at - 1];
            if is_restart(floats, at, remarks) || floats.values[at] < previous {
                sampled += previous;
            }
        }
    }
    if started {
        sampled += first;
    }
    float(sampled * window_factor(window, floats, rise, started, first, sampled))
}

fn extrapolated_histogram(
    window: &Window<'_>,
    remarks: &Remarks<'_>,
    rise: Rise,
) -> Option<SampleValue> {
    let samples = window.histograms;
    let started = rise.counter && starts_inside(samples, window.start);
    if samples.len() < 2 && !started {
        return None;
    }
    let mut risen = histograms::rise(samples, rise, started, remarks)?;
    let (first, sampled) = (samples.values[0].count, risen.observations());
    risen.scale(window_factor(window, samples, rise, started, first, sampled));
    histograms::value(risen.finish())
}

/// By how much the rise `sampled` of the samples of a window is multiplied.
fn window_factor<T>(
    window: &Window<'_>,
    samples: Samples<'_, T>,
    rise: Rise,
    started: bool,
    first: f64,
    sampled: f64,
) -> f64 {
    let end_time = samples.times[samples.len() - 1];
    let (start_time, gaps) = if started {
        (samples.start(0), samples.len() as f64)
    } else {
        (samples.times[0], (samples.len() - 1) as f64)
    };
    let extent = Extent::new(start_time, end_time, gaps, window.start, window.end, started);
    let factor = match (rise.counter, started) {
        (true, false) => extent.counter_factor(first, sampled),
        _ => extent.factor(),
    };
    if rise.per_second { factor / window.seconds() } else { factor }
}

/// The rise between the last two samples.
fn between_last_two(window: &Window<'_>, remarks: &Remarks<'_>, rise: Rise) -> Outcome {
    let (floats, histograms) = (window.floats, window.histograms);
    if floats.len() + histograms.len() < 2 {
        return Ok(None);
    }
    // Which of the last two are floats: the newest of both kinds, side by side.
    let back = |times: &[i64], by: usize| times.len().checked_sub(by).map(|at| times[at]);
    let floats_last = back(floats.times, 2) >= back(histograms.times, 1);
    let histograms_last = back(histograms.times, 2) >= back(floats.times, 1);
    let seconds = |times: &[i64]| match times {
        [.., previous, last] => last.saturating_sub(*previous) as f64 / 1e3,
        _ => 0.0,
    };
    if floats_last && floats.len() > 1 {
        let (at, elapsed) = (floats.len() - 1, seconds(floats.times));
        let (previous, last) = (floats.values[at - 1], floats.values[at]);
        if elapsed == 0.0 {
            return Ok(None);
        }
        let reset = rise.counter && (is_restart(floats, at, remarks) || last < previous);
        let risen = if reset { last } else { last - previous };
        return float(if rise.per_second { risen / elapsed } else { risen });
    }
    if histograms_last && histograms.len() > 1 {
        let elapsed = seconds(histograms.times);
        let risen = histograms::step(histograms, histograms.len() - 1, rise, remarks);
        return Ok(risen.filter(|_| elapsed > 0.0).and_then(|mut risen| {
            if rise.per_second {
                risen.divide(elapsed);
            }
            histograms::value(risen.finish())
        }));
    }
    remarks.add(|metric| Note::MixedFloatsAndHistograms { metric });
    Ok(None)
}

/// The rises between the last two samples of all windows of a series of floats.
fn last_two_row(
    input: &mut RowInput<'_>,
    out: &mut Row,
    rise: Rise,
) -> Result<(), EvaluationError> {
    let (values, times) = (input.values, &input.windows.times);
    for step in &input.windows.populated {
        let (low, high) = input.windows.bounds(step);
        if high - low < 2 {
            continue;
        }
        let (previous, last) = (values[high - 2], values[high - 1]);
        let elapsed = times[high - 1].saturating_sub(times[high - 2]) as f64 / 1e3;
        let risen = if rise.counter && last < previous { last } else { last - previous };
        out.set_float(step, if rise.per_second { risen / elapsed } else { risen });
    }
    input.pace.spend(out.floats.len())
}

/// Whether the first sample counts from a time inside the window.
fn starts_inside<T>(samples: Samples<'_, T>, window_start: i64) -> bool {
    let start = samples.start(0);
    start != 0 && start > window_start && samples.times.first().is_some_and(|time| start < *time)
}

/// Whether sample `at` counts from a time at or after the sample before it.
pub(crate) fn is_restart<T>(samples: Samples<'_, T>, at: usize, remarks: &Remarks<'_>) -> bool {
    let (start, time) = (samples.start(at), samples.times[at]);
    if start == 0 || start >= time {
        return false;
    }
    let (before, before_start) = (samples.times[at - 1], samples.start(at - 1));
    if start < before && start != before_start {
        remarks.add(|metric| Note::StartOverlaps { metric });
    }
    // A start at the sample before is a delta if that sample had a start of its own; else the start
    // is only known not to be later.
    start > before || (start == before && before_start != 0 && before_start < before)
}
