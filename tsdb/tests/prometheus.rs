//! Blocks of a Prometheus: written, read, taken over.
#![cfg(test)]

use std::sync::Arc;

use proptest::prelude::*;
use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::{
    BucketSpan, CUSTOM_BUCKETS_SCHEMA, Histogram, STALE_MARKER, SampleValue,
};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, LabelRequest, MemoryMetrics, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;
use tsdb::Tsdb;
use tsdb::prometheus::{Block, Directory, ExportOptions, ImportOptions, export, import};

const HOUR_MS: i64 = 3600 * 1000;

type Rows = Vec<(String, Vec<(i64, String)>)>;

/// Everything a source has, printed, since NaN differs from itself.
fn all(source: &dyn MetricSource, matchers: Vec<Matcher>) -> Rows {
    let request = SeriesRequest { sorted: true, ..SeriesRequest::new(matchers, MillisRange::ALL) };
    let context = QueryContext::new();
    let set = source.select(&request, &context).unwrap();
    let mut rows = Vec::new();
    for at in 0..set.len() {
        let mut columns = Columns::default();
        for chunk in set.chunks(at).unwrap() {
            chunk.decode(MillisRange::ALL, &mut columns).unwrap();
        }
        let floats = columns.floats.times.iter().zip(&columns.floats.values);
        let mut samples: Vec<_> =
            floats.map(|(time, value)| (*time, format!("{:x}", value.to_bits()))).collect();
        let histograms = columns.histograms.times.iter().zip(&columns.histograms.values);
        samples.extend(histograms.map(|(time, value)| {
            let Histogram { schema, count, sum, .. } = **value;
            let buckets: Vec<_> = value.positive().filter(|(_, n)| *n != 0.0).collect();
            (*time, format!("{schema} {count} {:x} {buckets:?}", sum.to_bits()))
        }));
        samples.sort();
        rows.push((set.labels(at).to_string(), samples));
    }
    rows
}

fn histogram(schema: i32, scale: f64, i: i64) -> SampleValue {
    let n = i as f64 * scale;
    SampleValue::Histogram(Arc::new(Histogram {
        schema,
        count: 3.0 * n,
        sum: n / 3.0,
        positive_spans: vec![BucketSpan { offset: 0, length: 2 }],
        positive_buckets: vec![n, 2.0 * n],
        custom_bounds: if schema == CUSTOM_BUCKETS_SCHEMA { vec![0.5, 1.0] } else { vec![] },
        ..Histogram::default()
    }))
}

/// Floats, all kinds of histograms, staleness markers and UTF-8 names over five hours.
fn metrics() -> MemoryMetrics {
    let mut metrics = MemoryMetrics::new();
    let utf8 = labels! { "__name__" => "a.b", "label.ü" => "x\"\\\n" };
    for i in 0..1_200_i64 {
        let time = i * 15_000;
        metrics.insert(&utf8, time, (i as f64).sin());
        metrics.insert(&labels! { "__name__" => "c", "n" => "1" }, time, i as f64);
        metrics.insert(&labels! { "__name__" => "h" }, time, histogram(2, 1.0, i % 300));
        metrics.insert(&labels! { "__name__" => "f" }, time, histogram(0, 0.5, i));
        metrics.insert(&labels! { "__name__" => "n" }, time, histogram(-53, 1.0, i));
    }
    metrics.insert(&utf8, 1_200 * 15_000, STALE_MARKER);
    metrics
}

#[test]
fn what_is_exported_is_in_blocks_of_two_hours() {
    let directory = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let mut last = Default::default();
    let options = ExportOptions::default();
    let exported =
        export(&metrics, directory.path(), &options, &mut |progress| last = *progress).unwrap();
    assert!(exported.verified);
    assert_eq!((exported.blocks.len(), exported.samples), (3, 6_001));
    assert_eq!((last.windows_done, last.samples), (3, 6_001));
    let starts: Vec<i64> = exported.blocks.iter().map(|block| block.min_time / HOUR_MS).collect();
    assert_eq!(starts, [0, 2, 4]);
    let opened = Directory::open(directory.path()).unwrap();
    assert_eq!(opened.blocks().count(), 3);
    assert_eq!(all(&opened, Vec::new()), all(&metrics, Vec::new()));
    let matcher = Matcher::equal("__name__", "c");
    assert_eq!(all(&opened, vec![matcher.clone()]), all(&metrics, vec![matcher]));
    let request = LabelRequest { matchers: Vec::new(), window: MillisRange::ALL, limit: 10 };
    let names = opened.label_names(&request, &QueryContext::new()).unwrap();
    assert_eq!(names, ["__name__", "label.ü", "n"]);
    let values = opened.label_values("__name__", &request, &QueryContext::new()).unwrap();
    assert_eq!(values, ["a.b", "c", "f", "h", "n"]);
}

#[test]
fn an_import_takes_everything_however_old() {
    let directory = tempfile::tempdir().unwrap();
    let metrics = metrics();
    export(&metrics, directory.path(), &ExportOptions::default(), &mut |_| ()).unwrap();
    let db = Tsdb::in_memory().unwrap();
    // Newer than all that comes, and the store takes an hour.
    let series = labels! { "__name__" => "c", "n" => "1" };
    db.series(&series).unwrap().append(100 * HOUR_MS, 7.0).unwrap();
    let from = Directory::open(directory.path()).unwrap();
    for _ in 0..2 {
        let imported = import(&from, &db, &ImportOptions::default(), &mut |_| ()).unwrap();
        assert_eq!((imported.samples, imported.refused), (6_001, 0));
    }
    let mut expected = metrics.clone();
    expected.insert(&series, 100 * HOUR_MS, 7.0);
    assert_eq!(all(&db, Vec::new()), all(&expected, Vec::new()));
}

#[test]
fn changed_bytes_are_found_or_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut metrics = MemoryMetrics::new();
    (0..300).for_each(|i| metrics.insert(&labels! { "a" => "b" }, i * 15_000, i as f64 * 0.1));
    let exported =
        export(&metrics, directory.path(), &ExportOptions::default(), &mut |_| ()).unwrap();
    let block = directory.path().join(exported.blocks[0].ulid.to_string());
    let expected = all(&Block::open(&block).unwrap(), Vec::new());
    for file in ["index", "chunks/000001", "tombstones"] {
        let path = block.join(file);
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            std::fs::write(&path, &changed).unwrap();
            let read = Block::open(&block).ok().and_then(|block| {
                let request = SeriesRequest::new(Vec::new(), MillisRange::ALL);
                let set = block.select(&request, &QueryContext::new()).ok()?;
                let mut columns = Columns::default();
                for at in 0..set.len() {
                    for chunk in set.chunks(at).ok()? {
                        chunk.decode(MillisRange::ALL, &mut columns).ok()?;
                    }
                }
                Some(columns.floats.times.len())
            });
            // Padding and the offsets of unused sections are not read.
            assert!(
                read.is_none_or(|count| count == expected[0].1.len() || count == 0),
                "{file} {at}"
            );
        }
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(all(&Block::open(&block).unwrap(), Vec::new()), expected);
}

#[test]
fn a_source_without_samples_gives_no_block() {
    let directory = tempfile::tempdir().unwrap();
    let exported =
        export(&MemoryMetrics::new(), directory.path(), &ExportOptions::default(), &mut |_| ());
    assert!(exported.unwrap().blocks.is_empty());
    assert!(Directory::open(directory.path()).unwrap().time_range().is_none());
    assert!(Directory::open(directory.path().join("nowhere")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_series_come_back(
        samples in prop::collection::vec((0_u8..20, 0_u8..4, -20_000_000_i64..20_000_000, any::<f64>()), 1..300),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut metrics = MemoryMetrics::new();
        for (name, label, time, value) in samples {
            let labels: Labels =
                [("__name__", format!("m{name}")), ("l", "x".repeat(label.into()))].into();
            metrics.insert(&labels, time, value);
        }
        export(&metrics, directory.path(), &ExportOptions::default(), &mut |_| ()).unwrap();
        let opened = Directory::open(directory.path()).unwrap();
        prop_assert_eq!(all(&opened, Vec::new()), all(&metrics, Vec::new()));
    }
}
