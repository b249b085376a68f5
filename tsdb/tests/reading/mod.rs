//! Reading a store back in tests.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::SampleValue;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;
use tsdb::Tsdb;

/// Samples of series, by time. Floats are compared by their bits.
pub(crate) type Content = BTreeMap<Labels, BTreeMap<i64, Value>>;

/// A value and its start timestamp.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) bits: u64,
    pub(crate) histogram: Option<String>,
    pub(crate) start: i64,
}

impl Value {
    pub(crate) fn of(value: &SampleValue, start: i64) -> Self {
        match value {
            SampleValue::Float(value) => Value { bits: value.to_bits(), histogram: None, start },
            SampleValue::Histogram(value) => {
                Value { bits: 0, histogram: Some(format!("{value:?}")), start }
            }
        }
    }
}

/// What the store answers, checked against what the read trait promises.
pub(crate) fn read(db: &Tsdb, matchers: Vec<Matcher>, window: MillisRange) -> Content {
    try_read(db, matchers, window).unwrap()
}

/// [`read`], or the error of a store that cannot answer.
pub(crate) fn try_read(
    db: &Tsdb,
    matchers: Vec<Matcher>,
    window: MillisRange,
) -> Result<Content, telemetry_core::source::SourceError> {
    let mut request = SeriesRequest::new(matchers, window);
    request.sorted = true;
    let set = db.select(&request, &QueryContext::new())?;
    let mut content = Content::new();
    let mut columns_of: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    for index in 0..set.len() {
        let mut all = Columns::default();
        let mut end = None;
        for chunk in set.chunks(index)? {
            let statistics = chunk.statistics();
            assert!(end < Some(statistics.window.start), "chunks overlap");
            end = Some(statistics.window.end);
            let mut columns = Columns::default();
            chunk.decode(MillisRange::ALL, &mut columns)?;
            let count = columns.floats.times.len() + columns.histograms.times.len();
            assert_eq!(statistics.count, count as u64);
            assert_eq!(statistics.has_histograms, !columns.histograms.times.is_empty());
            if let Some(known) = statistics.floats {
                let (times, values) = (&columns.floats.times, &columns.floats.values);
                // What is known of the last value is taken for the sample at the end.
                let known_window = MillisRange::new(times[0], times[times.len() - 1]);
                assert_eq!(statistics.window, known_window);
                assert_eq!(known.first.to_bits(), values[0].to_bits());
                assert_eq!(known.last.to_bits(), values[values.len() - 1].to_bits());
                let sum = values.iter().fold(0.0, |sum, value| sum + value);
                assert_eq!(known.sum.to_bits(), sum.to_bits());
            }
            chunk.decode(window, &mut all)?;
        }
        let floats = &all.floats;
        assert!(floats.times.is_sorted_by(|a, b| a < b));
        let mut samples = BTreeMap::new();
        for (at, time) in floats.times.iter().enumerate() {
            let start = floats.starts.get(at).copied().unwrap_or(0);
            samples.insert(*time, Value::of(&floats.values[at].into(), start));
        }
        for (at, time) in all.histograms.times.iter().enumerate() {
            let start = all.histograms.starts.get(at).copied().unwrap_or(0);
            let value = SampleValue::Histogram(all.histograms.values[at].clone());
            assert!(samples.insert(*time, Value::of(&value, start)).is_none());
        }
        assert!(!samples.is_empty(), "a series without samples in the window");
        if let Some(column) = set.time_column(index) {
            let times: Vec<i64> = samples.keys().copied().collect();
            let known = columns_of.entry(column).or_insert_with(|| times.clone());
            assert_eq!(*known, times, "series share a column, but not their times");
        }
        let again = content.insert(set.labels(index).clone(), samples);
        assert!(again.is_none(), "a label set twice");
    }
    Ok(content)
}
