//! Series with gaps, resets, staleness markers, NaN, infinities, both zeros, histograms of both kinds,
//! start timestamps, and neighbours scraped at the same times.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::{BucketSpan, CounterReset, Histogram, STALE_MARKER, SampleValue};

use super::Numbers;

/// The distance of scrapes in milliseconds.
pub(crate) const SCRAPE: i64 = 15_000;

/// A sample: its time, its value, its start timestamp or 0.
pub(crate) type Sample = (i64, SampleValue, i64);

/// Series with samples in order of time.
pub(crate) type Data = Vec<(Labels, Vec<Sample>)>;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Gauge,
    Counter,
    Exponential,
    Custom,
    /// Now a float, now a histogram.
    Mixed,
}

/// Some series of metrics `a`, `b`, `c` and `h`, with buckets of a classic histogram and info series.
pub(crate) fn data(numbers: &mut Numbers) -> Data {
    let mut data = Data::new();
    let scrapes = 8 + numbers.below(80) as i64;
    for (job, instance) in [("x", "1"), ("x", "2"), ("y", "1")] {
        let first = numbers.below(40) as i64 * 1_000;
        let jitter = if numbers.chance(1, 2) { 0 } else { 1 + numbers.below(300) as i64 };
        let times: Vec<i64> =
            (0..scrapes).map(|at| first + at * SCRAPE + at * at % 7 * jitter).collect();
        for (name, kind) in [
            ("a", Kind::Gauge),
            ("b_total", Kind::Counter),
            ("c", if numbers.chance(1, 2) { Kind::Gauge } else { Kind::Mixed }),
            ("h", if numbers.chance(2, 3) { Kind::Exponential } else { Kind::Custom }),
            ("target_info", Kind::Gauge),
        ] {
            if numbers.chance(1, 8) {
                continue;
            }
            let version = if name == "target_info" { "7" } else { "" };
            let labels = Labels::from_pairs([
                ("__name__", name),
                ("job", job),
                ("instance", instance),
                ("version", version),
            ]);
            data.push((labels, series(numbers, &times, kind)));
        }
        for bound in ["0.1", "1", "+Inf"] {
            let labels = Labels::from_pairs([
                ("__name__", "a_bucket"),
                ("job", job),
                ("instance", instance),
                ("le", bound),
            ]);
            data.push((labels, series(numbers, &times, Kind::Counter)));
        }
    }
    data
}

fn series(numbers: &mut Numbers, times: &[i64], kind: Kind) -> Vec<Sample> {
    let (gaps, odd) = (numbers.chance(1, 3), numbers.chance(1, 3));
    let starts = numbers.chance(1, 4);
    let mut level = numbers.below(1_000) as f64;
    let mut start = times.first().map_or(0, |first| first - 5_000);
    let mut samples = Vec::new();
    for time in times {
        if gaps && numbers.chance(1, 6) {
            continue;
        }
        if numbers.chance(1, 20) {
            (level, start) = (0.0, time - 1_000);
        }
        level += numbers.below(64) as f64 / 8.0;
        let histogram = match kind {
            Kind::Mixed => numbers.chance(1, 3),
            other => matches!(other, Kind::Exponential | Kind::Custom),
        };
        let value = if numbers.chance(1, 25) {
            SampleValue::Float(STALE_MARKER)
        } else if histogram {
            SampleValue::Histogram(Arc::new(some_histogram(numbers, level, kind)))
        } else if odd && numbers.chance(1, 10) {
            let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0];
            odd[numbers.below(5) as usize].into()
        } else if kind == Kind::Counter {
            level.into()
        } else {
            ((numbers.below(400) as f64 - 100.0) / 8.0).into()
        };
        samples.push((*time, value, if starts { start } else { 0 }));
    }
    samples
}

fn some_histogram(numbers: &mut Numbers, level: f64, kind: Kind) -> Histogram {
    let custom = kind == Kind::Custom;
    let buckets: Vec<f64> = (0..3).map(|at| (level + at as f64).floor()).collect();
    let total: f64 = buckets.iter().sum();
    let hint = match numbers.below(12) {
        0 => CounterReset::Gauge,
        _ => CounterReset::Unknown,
    };
    let offset = if numbers.chance(1, 15) { 1 } else { 0 };
    Histogram {
        schema: if custom { -53 } else { numbers.below(2) as i32 },
        zero_threshold: if custom { 0.0 } else { 0.001 },
        zero_count: if custom { 0.0 } else { 2.0 },
        count: if custom { total } else { total + 2.0 },
        sum: level * 3.5,
        positive_spans: vec![BucketSpan { offset: if custom { 0 } else { offset }, length: 3 }],
        positive_buckets: buckets,
        custom_bounds: match (custom, numbers.chance(1, 12)) {
            (true, false) => vec![0.5, 2.0],
            (true, true) => vec![0.5, 4.0],
            _ => Vec::new(),
        },
        counter_reset: hint,
        ..Histogram::default()
    }
}
