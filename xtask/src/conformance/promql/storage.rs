//! Where the scripts put their data: a seam, so that they run over every store there is.

use super::histogram;
use super::script::{Load, LoadedSeries};
use super::store;
use std::collections::BTreeMap;
use telemetry_core::labels::{Labels, LabelsBuilder, METRIC_NAME};
use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::source::MetricSource;

/// A sample of a series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) time: i64,
    pub(super) value: SampleValue,
    /// The start timestamp, 0 where there is none.
    pub(super) start: i64,
}

/// A store under test, from empty to dropped.
pub(super) trait Storage {
    /// Adds samples to a series, in order of time. What the store refuses is missing in the answers.
    fn append(&mut self, labels: &Labels, points: &[Point]);

    /// Whatever is to happen between a load and the questions: nothing, or flush and reopen.
    ///
    /// # Errors
    /// What the store says.
    fn settle(&mut self) -> Result<(), String>;

    /// What the engine reads.
    fn source(&self) -> &dyn MetricSource;
}

/// A way to run the scripts.
pub(super) struct Mode {
    pub(super) name: &'static str,
    /// An empty store.
    pub(super) open: fn() -> Result<Box<dyn Storage>, String>,
}

/// Every script runs in each of these; a case passes where it passes in all.
pub(super) const MODES: &[Mode] =
    &[Mode { name: "head", open: store::head }, Mode { name: "reopened", open: store::reopened }];

/// Adds what `load` says.
pub(super) fn append(storage: &mut dyn Storage, load: &Load) {
    for series in &load.series {
        storage.append(&series.labels, &points(series, load.step_ms));
    }
    if load.with_nhcb {
        for (labels, histograms) in native(load) {
            let point = |(time, histogram): (i64, Histogram)| Point {
                time,
                value: SampleValue::Histogram(histogram.into()),
                start: 0,
            };
            let points: Vec<_> = histograms.into_iter().map(point).collect();
            storage.append(&labels, &points);
        }
    }
}

fn points(series: &LoadedSeries, step_ms: i64) -> Vec<Point> {
    let at = |index: usize| i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(step_ms);
    let slots = series.values.iter().enumerate();
    slots
        .filter_map(|(index, slot)| {
            let start = series.starts.get(index).copied().flatten();
            let start = start.map_or(0, |offset| at(index).saturating_add(offset));
            Some(Point { time: at(index), value: slot.clone()?, start })
        })
        .collect()
}

/// A classic histogram at one time.
#[derive(Default)]
struct Classic {
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: Option<f64>,
}

/// The native histograms with custom buckets that the classic ones of `load` amount to.
fn native(load: &Load) -> Vec<(Labels, Vec<(i64, Histogram)>)> {
    let mut classic: BTreeMap<Labels, BTreeMap<i64, Classic>> = BTreeMap::new();
    for series in &load.series {
        let Some((labels, part)) = classic_part(&series.labels) else { continue };
        let times = classic.entry(labels).or_default();
        for point in points(series, load.step_ms) {
            let SampleValue::Float(value) = point.value else { continue };
            let histogram = times.entry(point.time).or_default();
            match part {
                Part::Bucket(bound) => histogram.buckets.push((bound, value)),
                Part::Count => histogram.count = Some(value),
                Part::Sum => histogram.sum = Some(value),
            }
        }
    }
    let series = classic.into_iter().filter_map(|(labels, times)| {
        // Without a bucket it is a summary or something else.
        if times.values().all(|histogram| histogram.buckets.is_empty()) {
            return None;
        }
        let convert = |(time, classic): (i64, Classic)| {
            let Classic { buckets, count, sum } = classic;
            Some((time, histogram::from_classic(&buckets, count, sum)?))
        };
        Some((labels, times.into_iter().filter_map(convert).collect()))
    });
    series.collect()
}

/// Which part of a classic histogram a series is.
#[derive(Clone, Copy)]
enum Part {
    Bucket(f64),
    Count,
    Sum,
}

/// The labels of the histogram that a series is part of, and which part it is.
fn classic_part(labels: &Labels) -> Option<(Labels, Part)> {
    let name = labels.get(METRIC_NAME)?;
    let (base, part) = if let Some(base) = name.strip_suffix("_bucket") {
        (base, Part::Bucket(super::series::float(labels.get("le")?)?))
    } else if let Some(base) = name.strip_suffix("_count") {
        (base, Part::Count)
    } else {
        (name.strip_suffix("_sum")?, Part::Sum)
    };
    let mut builder = LabelsBuilder::from(labels);
    builder.set(METRIC_NAME, base);
    if matches!(part, Part::Bucket(_)) {
        builder.remove("le");
    }
    Some((builder.build(), part))
}
