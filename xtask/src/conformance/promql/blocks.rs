//! `blocks/`: blocks that a Prometheus wrote, and what it answered about them.
//!
//! A case `NAME.expected.json` is a list of API matrix rows: the samples of the block `NAME`
//! without staleness markers. It passes when every sample is the one expected, floats bit for bit.

use crate::conformance::report::Report;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use telemetry_core::labels::Labels;
use telemetry_core::model::{Histogram, is_stale};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;
use tsdb::prometheus::Block;

#[derive(Deserialize)]
struct Row {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
    #[serde(default)]
    histograms: Vec<(f64, Shown)>,
}

/// A histogram as the API shows it: buckets with their bounds, those without a population left out.
#[derive(Deserialize)]
struct Shown {
    count: String,
    sum: String,
    #[serde(default)]
    buckets: Vec<(u8, String, String, String)>,
}

/// The block beside a file of expected rows.
pub(super) fn run(expected: &Path, report: &mut Report) {
    let name = expected.file_name().unwrap_or_default().to_string_lossy();
    let block = name.trim_end_matches(".expected.json").to_owned();
    report.case(&block, || compare(expected, &expected.with_file_name(&block)).into());
}

fn compare(expected: &Path, block: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(expected).map_err(|error| error.to_string())?;
    let rows: Vec<Row> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let block = Block::open(block).map_err(|error| error.to_string())?;
    compare_rows(&rows, &block)
}

fn compare_rows(rows: &[Row], source: &dyn MetricSource) -> Result<(), String> {
    let text = |error: telemetry_core::source::SourceError| error.to_string();
    let request = SeriesRequest::new(Vec::new(), MillisRange::ALL);
    let context = QueryContext::new();
    let set = source.select(&request, &context).map_err(text)?;
    if set.len() != rows.len() {
        return Err(format!("{} series, expected {}", set.len(), rows.len()));
    }
    let mut columns = Columns::default();
    for row in rows {
        let labels: Labels = row.metric.iter().collect();
        let found = (0..set.len()).find(|at| *set.labels(*at) == labels);
        let found = found.ok_or(format!("{labels} is missing"))?;
        columns.clear();
        for chunk in set.chunks(found).map_err(text)? {
            chunk.decode(MillisRange::ALL, &mut columns).map_err(text)?;
        }
        floats(row, &columns).map_err(|error| format!("{labels}: {error}"))?;
        histograms(row, &columns).map_err(|error| format!("{labels}: {error}"))?;
    }
    Ok(())
}

fn millis(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "times of fixtures")]
    let millis = (seconds * 1000.0).round() as i64;
    millis
}

fn floats(row: &Row, columns: &Columns) -> Result<(), String> {
    let found = columns.floats.times.iter().zip(&columns.floats.values);
    let found: Vec<_> = found.filter(|(_, value)| !is_stale(**value)).collect();
    if found.len() != row.values.len() {
        return Err(format!("{} floats, expected {}", found.len(), row.values.len()));
    }
    for ((time, value), (seconds, text)) in found.into_iter().zip(&row.values) {
        let expected = super::series::float(text).ok_or(format!("no float: {text}"))?;
        if *time != millis(*seconds) || value.to_bits() != expected.to_bits() {
            return Err(format!("got {value} at {time}, expected {text} at {seconds}"));
        }
    }
    Ok(())
}

fn histograms(row: &Row, columns: &Columns) -> Result<(), String> {
    let found = columns.histograms.times.iter().zip(&columns.histograms.values);
    let found: Vec<_> = found.filter(|(_, value)| !is_stale(value.sum)).collect();
    if found.len() != row.histograms.len() {
        return Err(format!("{} histograms, expected {}", found.len(), row.histograms.len()));
    }
    for ((time, value), (seconds, shown)) in found.into_iter().zip(&row.histograms) {
        if *time != millis(*seconds) || !same_histogram(value, shown) {
            return Err(format!("got {value:?} at {time}, expected that of {seconds}"));
        }
    }
    Ok(())
}

fn same_histogram(found: &Histogram, shown: &Shown) -> bool {
    let same = |value: f64, text: &str| {
        super::series::float(text).is_some_and(|expected| expected.to_bits() == value.to_bits())
    };
    // Bounds are not stored: they are computed from the schema, there and here.
    let near = |value: f64, text: &str| {
        let expected = super::series::float(text);
        expected.is_some_and(|expected| {
            expected == value || (expected - value).abs() <= 1e-9 * value.abs()
        })
    };
    let mut buckets = Vec::new();
    let live = |(_, population): &(i32, f64)| *population != 0.0;
    let mut negative: Vec<_> = found.negative().filter(live).collect();
    negative.reverse();
    for (index, population) in negative {
        buckets.push((-bound(found, index), -bound(found, index - 1), population));
    }
    if found.zero_count != 0.0 {
        buckets.push((-found.zero_threshold, found.zero_threshold, found.zero_count));
    }
    for (index, population) in found.positive().filter(live) {
        buckets.push((bound(found, index - 1), bound(found, index), population));
    }
    same(found.count, &shown.count)
        && same(found.sum, &shown.sum)
        && buckets.len() == shown.buckets.len()
        && buckets.iter().zip(&shown.buckets).all(|((low, high, population), shown)| {
            near(*low, &shown.1) && near(*high, &shown.2) && same(*population, &shown.3)
        })
}

/// The upper bound of a bucket.
fn bound(histogram: &Histogram, index: i32) -> f64 {
    if histogram.has_custom_bounds() {
        let at = usize::try_from(index);
        let known = at.map(|at| histogram.custom_bounds.get(at).copied());
        return match known {
            Ok(bound) => bound.unwrap_or(f64::INFINITY),
            Err(_) => f64::NEG_INFINITY,
        };
    }
    // Prometheus computes these the same way: a power of two, and a root of it.
    let width = 2.0_f64.powi(histogram.schema);
    (f64::from(index) / width).exp2()
}
