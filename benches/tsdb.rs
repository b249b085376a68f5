//! How fast does the metrics store take samples in, and how fast are they read back?
//!
//! Corpus: seeded; even series are counters that rise by 0 to 49, odd ones gauges that walk in
//! steps of a thousandth; 15 s apart, all series of a store in one scrape. On disk, in the
//! system's temporary directory, `Durability::Interval` of a second, one thread appending.
//!
//! New series have five labels, one of them their own.
//!
//! Not measured: parsing, queries (see `peers.rs` for the whole way).

#![allow(clippy::expect_used, reason = "a failure ends the run")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use telemetry_core::labels;
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{MetricSink, RawLabels};
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;
use tsdb::{Series, Tsdb};

/// Milliseconds between two scrapes.
const PACE: i64 = 15_000;
/// Series of the store that is appended to.
const SERIES: usize = 1_000;

/// Scrapes: few where this runs as a test.
fn scrapes() -> usize {
    if std::env::args().any(|argument| argument == "--bench") { 1_000 } else { 20 }
}

/// Values of scrapes, row by row.
fn values(series: usize, scrapes: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut next = move |bound: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut last = vec![0_i64; series];
    let mut values = Vec::with_capacity(series * scrapes);
    for _ in 0..scrapes {
        for (index, last) in last.iter_mut().enumerate() {
            if index % 2 == 0 {
                *last += next(50) as i64;
                values.push(*last as f64);
            } else {
                *last += next(2_001) as i64 - 1_000;
                values.push(*last as f64 / 1_000.0);
            }
        }
    }
    values
}

fn make_series(db: &Tsdb, count: usize) -> Vec<Series> {
    let name = |index: usize| if index.is_multiple_of(2) { "m" } else { "g" };
    let labels = |index: usize| {
        labels! {
            "__name__" => name(index),
            "job" => &format!("job-{}", index % 10),
            "instance" => &format!("host-{index}"),
        }
    };
    (0..count).map(|index| db.series(&labels(index)).expect("labels are valid")).collect()
}

fn append_scrapes(db: &Tsdb, series: &[Series], values: &[f64]) {
    let mut batch = db.batch();
    for (scrape, row) in (0_i64..).zip(values.chunks(series.len())) {
        for (series, value) in series.iter().zip(row) {
            batch.append(series, 1_700_000_000_000 + scrape * PACE, *value);
        }
        let committed = batch.commit().expect("the disk has room");
        assert!(committed.is_complete());
    }
}

fn append(c: &mut Criterion) {
    let values = values(SERIES, scrapes());
    let mut group = c.benchmark_group("append");
    group.sample_size(10).throughput(Throughput::Elements(values.len() as u64));
    group.bench_function("scrapes of 1,000 series through handles", |b| {
        b.iter_batched(
            || {
                let directory = tempfile::tempdir().expect("a temporary directory");
                let db = Tsdb::open(directory.path()).expect("an empty directory");
                let series = make_series(&db, SERIES);
                (directory, db, series)
            },
            |(directory, db, series)| {
                append_scrapes(&db, &series, &values);
                // Dropped, and so closed and flushed, outside of the measurement.
                (directory, db, series)
            },
            BatchSize::PerIteration,
        );
    });
    let single = &values[..values.len().min(100_000)];
    group.throughput(Throughput::Elements(single.len() as u64));
    group.bench_function("one sample a commit", |b| {
        b.iter_batched(
            || {
                let directory = tempfile::tempdir().expect("a temporary directory");
                let db = Tsdb::open(directory.path()).expect("an empty directory");
                let series = make_series(&db, SERIES);
                (directory, db, series)
            },
            |(directory, db, series)| {
                for (at, value) in single.iter().enumerate() {
                    let time = 1_700_000_000_000 + (at / SERIES) as i64 * PACE;
                    series[at % SERIES].append(time, *value).expect("in order");
                }
                (directory, db, series)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Series that come for the first time, with a sample each; and the block that they become.
fn new_series(c: &mut Criterion) {
    let count: usize = if std::env::args().any(|it| it == "--bench") { 1_000_000 } else { 2_000 };
    let sets: Vec<[(&str, String); 5]> = (0..count)
        .map(|at| {
            [
                ("__name__", "requests_total".to_owned()),
                ("deployment", format!("deployment-{}", at % 997)),
                ("namespace", format!("namespace-{}", at % 97)),
                (
                    "pod",
                    format!(
                        "deployment-{}-{:08x}",
                        at % 997,
                        (at as u32).wrapping_mul(0x9e37_79b9)
                    ),
                ),
                ("status", ["200", "201", "404", "500"][at % 4].to_owned()),
            ]
        })
        .collect();
    let fill = |db: &Tsdb| {
        let mut sink = db.sink();
        for target in sets.chunks(5_000) {
            for labels in target {
                let pairs = labels.each_ref().map(|(name, value)| (*name, &**value));
                let series = sink.resolve(&RawLabels::new(&pairs)).expect("labels are valid");
                sink.append(series, 1_700_000_000_000, 1.0.into(), 0);
            }
            let committed = sink.commit().expect("the disk has room");
            assert!(committed.is_complete());
        }
    };
    let open = || {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let db = Tsdb::open(directory.path()).expect("an empty directory");
        (directory, db)
    };
    let mut group = c.benchmark_group("new series");
    group.sample_size(10).throughput(Throughput::Elements(count as u64));
    group.bench_function("a sample each", |b| {
        b.iter_batched(
            open,
            |(directory, db)| {
                fill(&db);
                (directory, db)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("flushed", |b| {
        b.iter_batched(
            || {
                let (directory, db) = open();
                fill(&db);
                (directory, db)
            },
            |(directory, db)| {
                db.flush().expect("the disk has room");
                (directory, db)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn scan(c: &mut Criterion) {
    let values = values(SERIES, scrapes());
    let mut group = c.benchmark_group("scan");
    group.sample_size(10).throughput(Throughput::Elements(values.len() as u64));
    for (name, flushed) in [("head", false), ("block", true)] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let db = Tsdb::open(directory.path()).expect("an empty directory");
        append_scrapes(&db, &make_series(&db, SERIES), &values);
        if flushed {
            db.flush().expect("the disk has room");
        }
        group.bench_function(name, |b| {
            let mut columns = Columns::default();
            b.iter(|| {
                let context = QueryContext::new();
                let request = SeriesRequest::new(Vec::new(), MillisRange::ALL);
                let set = db.select(&request, &context).expect("nothing is damaged");
                let mut samples = 0;
                for index in 0..set.len() {
                    columns.clear();
                    for chunk in set.chunks(index).expect("nothing is damaged") {
                        chunk.decode(MillisRange::ALL, &mut columns).expect("nothing is damaged");
                    }
                    samples += black_box(&columns).floats.values.len();
                }
                assert_eq!(samples, values.len());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, append, new_series, scan);
criterion_main!(benches);
