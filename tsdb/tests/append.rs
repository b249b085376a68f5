//! What is accepted, what is refused, and what readers see of it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use telemetry_core::labels::{Labels, MatchOp, Matcher};
use telemetry_core::model::{Exemplar, Histogram, Metadata, MetricKind, SampleValue};
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};
use telemetry_core::source::{Columns, LabelRequest, MetricSource, SeriesRequest};
use telemetry_core::time::{Millis, MillisRange};
use telemetry_core::{labels, model};
use tsdb::{Builder, Error, Limits, OutOfOrder, Series, Tsdb};

fn up(job: &str) -> Labels {
    labels! { "__name__" => "up", "job" => job }
}

fn floats(
    db: &Tsdb,
    matchers: Vec<Matcher>,
    window: MillisRange,
) -> Vec<(Labels, Vec<(i64, f64)>)> {
    let mut request = SeriesRequest::new(matchers, window);
    request.sorted = true;
    let set = db.select(&request, &QueryContext::new()).unwrap();
    (0..set.len())
        .map(|index| {
            let mut columns = Columns::default();
            for chunk in set.chunks(index).unwrap() {
                chunk.decode(window, &mut columns).unwrap();
            }
            let samples = columns.floats.times.into_iter().zip(columns.floats.values);
            (set.labels(index).clone(), samples.collect())
        })
        .collect()
}

fn all(db: &Tsdb, series: &Series) -> Vec<(i64, f64)> {
    let matchers = series.labels().iter().map(|(name, value)| Matcher::equal(name, value));
    let mut found = floats(db, matchers.collect(), MillisRange::ALL);
    found.pop().map(|(_, samples)| samples).unwrap_or_default()
}

#[test]
fn what_is_appended_is_read() {
    let db = Tsdb::in_memory().unwrap();
    let api = db.series(&up("api")).unwrap();
    api.append(1_000, 1.0).unwrap();
    api.append(2_000, 2.5).unwrap();
    assert_eq!(all(&db, &api), [(1_000, 1.0), (2_000, 2.5)]);
    assert!(floats(&db, vec![Matcher::equal("job", "web")], MillisRange::ALL).is_empty());
}

#[test]
fn a_scrape_that_lacks_series_leaves_holes_that_nobody_sees() {
    let directory = tempfile::tempdir().unwrap();
    let db = Tsdb::open(directory.path()).unwrap();
    let series: Vec<_> =
        ["a", "b", "c", "d"].iter().map(|job| db.series(&up(job)).unwrap()).collect();
    let scrape = |time: i64, lacking: &[usize]| {
        let mut batch = db.batch();
        for (at, series) in series.iter().enumerate().filter(|(at, _)| !lacking.contains(at)) {
            batch.append(series, time, time as f64 + at as f64);
        }
        let committed = batch.commit().unwrap();
        assert!(committed.is_complete());
        assert_eq!(committed.stored, (series.len() - lacking.len()) as u64);
    };
    scrape(1_000, &[]);
    scrape(2_000, &[1]);
    scrape(3_000, &[1, 3]);
    assert_eq!(db.stats().head_items, 9);
    assert_eq!(all(&db, &series[0]).len(), 3);
    assert_eq!(all(&db, &series[1]), [(1_000, 1_001.0)]);
    // What was lacking may still come, once.
    series[1].append(2_000, 7.0).unwrap();
    let refused = series[1].append(2_000, 8.0).unwrap_err();
    assert!(matches!(refused, Error::Refused(RefusalReason::Duplicate { time: 2_000 })));
    series[3].append(3_000, 9.0).unwrap();
    let check = |db: &Tsdb| {
        assert_eq!(all(db, &series[1]), [(1_000, 1_001.0), (2_000, 7.0)]);
        assert_eq!(all(db, &series[3]), [(1_000, 1_003.0), (2_000, 2_003.0), (3_000, 9.0)]);
        assert_eq!(all(db, &series[0]).len(), 3);
    };
    check(&db);
    // Out of the log, and out of a block.
    db.close().unwrap();
    let db = Tsdb::open(directory.path()).unwrap();
    check(&db);
    db.flush().unwrap();
    check(&db);
}

#[test]
fn what_is_past_the_limit_of_a_commit_is_refused_and_counted() {
    let limits = Limits { samples_max: 3, ..Limits::default() };
    let db = Builder::in_memory().limits(limits).open().unwrap();
    let api = db.series(&up("api")).unwrap();
    let mut batch = db.batch();
    (1..=5).for_each(|time| {
        batch.append(&api, time, 1.0);
    });
    let committed = batch.commit().unwrap();
    assert_eq!(committed.stored, 3);
    let limit = RefusalReason::TooMany { what: "items of a commit", limit: 3 };
    let refused: Vec<_> = committed.refused.iter().map(|it| (it.index, &it.reason)).collect();
    assert_eq!(refused, [(3, &limit), (4, &limit)]);
    api.append(3, 2.0).unwrap_err();
    let counted = db.stats().refused;
    assert_eq!((counted.limits, counted.duplicate, counted.too_old), (2, 1, 0));
}

#[test]
fn windows_hold_both_ends_and_nothing_else() {
    let db = Tsdb::in_memory().unwrap();
    let api = db.series(&up("api")).unwrap();
    for time in [10, 20, 30] {
        api.append(time, 1.0).unwrap();
    }
    let times = |start: i64, end: i64| {
        let found = floats(&db, vec![], MillisRange::new(start, end));
        found.into_iter().flat_map(|(_, samples)| samples).map(|(time, _)| time).collect::<Vec<_>>()
    };
    assert_eq!(times(10, 20), [10, 20]);
    assert_eq!(times(11, 29), [20]);
    // A series without samples in the window is not selected, even if it has some on both sides.
    assert!(times(21, 29).is_empty());
    assert!(times(30, 10).is_empty());
}

#[test]
fn a_repeated_sample_is_accepted_and_a_different_one_refused() {
    let db = Tsdb::in_memory().unwrap();
    let api = db.series(&up("api")).unwrap();
    api.append(1_000, f64::NAN).unwrap();
    api.append(1_000, f64::NAN).unwrap();
    let refused = api.append(1_000, 2.0).unwrap_err();
    assert!(matches!(refused, Error::Refused(RefusalReason::Duplicate { time: 1_000 })));
    assert_eq!(all(&db, &api).len(), 1);
}

#[test]
fn late_samples_are_sorted_in_within_the_window() {
    let open = |window| Builder::in_memory().out_of_order(window).open().unwrap();
    let db = open(OutOfOrder::Within(Duration::from_secs(1)));
    let api = db.series(&up("api")).unwrap();
    api.append(5_000, 5.0).unwrap();
    api.append(4_000, 4.0).unwrap();
    api.append(4_500, 4.5).unwrap();
    // The same again, and another value at the same time.
    api.append(4_500, 4.5).unwrap();
    let refused = api.append(4_500, 0.0).unwrap_err();
    assert!(matches!(refused, Error::Refused(RefusalReason::Duplicate { time: 4_500 })));
    let refused = api.append(3_999, 0.0).unwrap_err();
    assert!(matches!(
        refused,
        Error::Refused(RefusalReason::TooOld { time: 3_999, oldest: 4_000 })
    ));
    assert_eq!(all(&db, &api), [(4_000, 4.0), (4_500, 4.5), (5_000, 5.0)]);

    let db = open(OutOfOrder::Refuse);
    let api = db.series(&up("api")).unwrap();
    api.append(5_000, 5.0).unwrap();
    let refused = api.append(4_999, 0.0).unwrap_err();
    assert!(matches!(
        refused,
        Error::Refused(RefusalReason::OutOfOrder { time: 4_999, newest: 5_000 })
    ));

    let db = open(OutOfOrder::Unlimited);
    let api = db.series(&up("api")).unwrap();
    api.append(5_000, 5.0).unwrap();
    api.append(-1_000_000_000, 0.0).unwrap();
    assert_eq!(all(&db, &api), [(-1_000_000_000, 0.0), (5_000, 5.0)]);
}

#[test]
fn refusals_name_their_items_and_the_rest_is_stored() {
    let db = Tsdb::in_memory().unwrap();
    let api = db.series(&up("api")).unwrap();
    let mut batch = db.batch();
    batch.append(&api, 10, 1.0).append(&api, 10, 2.0).append(&api, 20, 3.0);
    batch.append_ref(SeriesRef(77), 30, 1.0);
    batch.append_ref(api.reference(), i64::MAX, 1.0);
    let committed = batch.commit().unwrap();
    assert_eq!(committed.stored, 2);
    let refused: Vec<_> =
        committed.refused.into_iter().map(|refusal| (refusal.index, refusal.reason)).collect();
    assert_eq!(
        refused,
        [
            (1, RefusalReason::Duplicate { time: 10 }),
            (3, RefusalReason::UnknownSeries { handle: 77 }),
            (4, RefusalReason::InvalidTime { time: i64::MAX }),
        ]
    );
    assert_eq!(all(&db, &api), [(10, 1.0), (20, 3.0)]);
}

#[test]
fn a_commit_judges_its_own_samples_too() {
    let db = Tsdb::in_memory().unwrap();
    let (a, b) = (db.series(&up("a")).unwrap(), db.series(&up("b")).unwrap());
    let mut batch = db.batch();
    // The third scrape makes a row; the late sample and the repeated one follow it in its commit.
    for time in [10, 20, 30] {
        batch.append(&a, time, 1.0).append(&b, time, 2.0);
    }
    batch.append(&b, 25, 9.0).append(&a, 30, 1.0).append(&a, 20, 7.0).append(&a, 40, 4.0);
    let committed = batch.commit().unwrap();
    assert_eq!(committed.refused.len(), 1);
    assert_eq!(committed.refused[0].index, 8);
    assert_eq!(all(&db, &a), [(10, 1.0), (20, 1.0), (30, 1.0), (40, 4.0)]);
    assert_eq!(all(&db, &b), [(10, 2.0), (20, 2.0), (25, 9.0), (30, 2.0)]);
}

#[test]
fn scrapes_that_gain_and_lose_series_keep_their_samples() {
    let db = Tsdb::in_memory().unwrap();
    let series: Vec<_> = (0..5).map(|job| db.series(&up(&job.to_string())).unwrap()).collect();
    let mut batch = db.batch();
    for scrape in 0..200_i64 {
        for (at, series) in series.iter().enumerate() {
            let missing = scrape % 20 == 7 && at == 2 || scrape > 100 && at == 4;
            if !missing {
                batch.append(series, scrape * 15, (scrape * 10 + at as i64) as f64);
            }
        }
        assert!(batch.commit().unwrap().is_complete());
    }
    assert_eq!(all(&db, &series[0]).len(), 200);
    assert_eq!(all(&db, &series[2]).len(), 190);
    assert_eq!(all(&db, &series[4]).len(), 101);
    assert!(all(&db, &series[2]).iter().all(|(time, value)| *value == (time / 15 * 10 + 2) as f64));
}

#[test]
fn series_scraped_together_share_their_times() {
    let db = Tsdb::in_memory().unwrap();
    let series: Vec<_> = (0..4).map(|job| db.series(&up(&job.to_string())).unwrap()).collect();
    let mut batch = db.batch();
    for scrape in 0..50_i64 {
        for series in &series[..3] {
            batch.append(series, scrape * 15, 1.0);
        }
        let _ = batch.commit().unwrap();
        series[3].append(scrape * 15 + 1, 1.0).unwrap();
    }
    let mut request = SeriesRequest::new(vec![], MillisRange::ALL);
    request.sorted = true;
    let set = db.select(&request, &QueryContext::new()).unwrap();
    let columns: Vec<_> = (0..4).map(|index| set.time_column(index)).collect();
    assert!(columns[0].is_some() && columns[0] == columns[1] && columns[1] == columns[2]);
    assert_ne!(columns[0], columns[3]);
}

#[test]
fn histograms_and_start_timestamps_come_back() {
    let db = Tsdb::in_memory().unwrap();
    let api = db.series(&up("api")).unwrap();
    let histogram =
        Arc::new(Histogram { count: 3.0, sum: 1.5, zero_count: 3.0, ..Histogram::default() });
    let mut batch = db.batch();
    batch.append_with_start(api.reference(), 10, 1.0, 5);
    batch.append(&api, 20, SampleValue::Histogram(Arc::clone(&histogram)));
    batch.append(&api, 30, 2.0);
    assert_eq!(batch.commit().unwrap().stored, 3);
    let request = SeriesRequest::new(vec![], MillisRange::ALL);
    let set = db.select(&request, &QueryContext::new()).unwrap();
    let mut columns = Columns::default();
    let mut seen = i64::MIN;
    for chunk in set.chunks(0).unwrap() {
        let statistics = chunk.statistics();
        assert!(statistics.window.start.0 > seen);
        seen = statistics.window.end.0;
        chunk.decode(MillisRange::ALL, &mut columns).unwrap();
    }
    assert_eq!(columns.floats.times, [10, 30]);
    assert_eq!(columns.floats.starts, [5, 0]);
    assert_eq!(columns.histograms.times, [20]);
    assert_eq!(columns.histograms.values, [histogram]);
}

#[test]
fn malformed_histograms_are_refused_but_markers_are_not() {
    let db = Tsdb::in_memory().unwrap();
    let api = db.series(&up("api")).unwrap();
    let bad = Histogram { schema: 40, ..Histogram::default() };
    let stale = Histogram { sum: model::STALE_MARKER, ..bad.clone() };
    assert!(api.append(10, SampleValue::Histogram(Arc::new(bad))).is_err());
    assert!(api.append(10, SampleValue::Histogram(Arc::new(stale))).is_ok());
}

#[test]
fn label_limits_are_refusals() {
    let limits = Limits { labels_max: 2, ..Limits::default() };
    let db = Builder::in_memory().limits(limits).open().unwrap();
    let refused = db.series(&labels! { "a" => "1", "b" => "2", "c" => "3" }).unwrap_err();
    assert!(matches!(refused, Error::Refused(RefusalReason::TooManyLabels { found: 3, limit: 2 })));
    assert!(matches!(
        db.series(&Labels::empty()).unwrap_err(),
        Error::Refused(RefusalReason::NoLabels)
    ));
}

#[test]
fn names_and_values_of_labels() {
    let db = Tsdb::in_memory().unwrap();
    for job in ["b", "a", "c"] {
        db.series(&up(job)).unwrap().append(10, 1.0).unwrap();
    }
    db.series(&labels! { "__name__" => "late", "zone" => "x" }).unwrap().append(99, 1.0).unwrap();
    let request = |matchers, window| LabelRequest { matchers, window, limit: usize::MAX };
    let context = QueryContext::new();
    let names = |window| db.label_names(&request(vec![], window), &context).unwrap();
    assert_eq!(names(MillisRange::ALL), ["__name__", "job", "zone"]);
    assert_eq!(names(MillisRange::new(0, 50)), ["__name__", "job"]);
    let not_a = Matcher::new(MatchOp::NotRegex, "job", "a").unwrap();
    let of_job = db.label_values("job", &request(vec![not_a], MillisRange::ALL), &context);
    assert_eq!(of_job.unwrap(), ["b", "c"]);
    let mut first = request(vec![], MillisRange::ALL);
    first.limit = 1;
    assert_eq!(db.label_values("job", &first, &context).unwrap(), ["a"]);
}

#[test]
fn a_sink_resolves_raw_labels_once() {
    let db = Tsdb::in_memory().unwrap();
    let mut sink = db.sink();
    let raw = [("job", "api"), ("__name__", "up")];
    let series = sink.resolve(&RawLabels::new(&raw)).unwrap();
    assert_eq!(sink.resolve(&RawLabels::new(&raw)), Ok(series));
    assert_eq!(db.labels_of(series), Some(up("api")));
    let twice = [("job", "api"), ("job", "web")];
    assert_eq!(
        sink.resolve(&RawLabels::new(&twice)),
        Err(RefusalReason::DuplicateLabel { name: "job".into() })
    );
    sink.append(series, 10, SampleValue::Float(1.0), 0);
    sink.refuse(RefusalReason::Malformed { rule: "a test" });
    sink.append(series, 10, SampleValue::Float(2.0), 0);
    let metadata =
        Metadata { kind: MetricKind::Gauge, unit: String::new(), help: "whether it is up".into() };
    sink.metadata("up", &metadata);
    let exemplar = Exemplar { labels: labels! { "trace_id" => "7" }, value: 1.0, time: Millis(10) };
    sink.exemplar(series, exemplar.clone());
    let committed = sink.commit().unwrap();
    assert_eq!(committed.stored, 1);
    let refused: Vec<_> = committed.refused.iter().map(|refusal| refusal.index).collect();
    assert_eq!(refused, [1, 2]);
    assert_eq!(db.metadata("up"), Some(metadata.clone()));
    assert_eq!(db.all_metadata(), [("up".to_owned(), metadata)]);
    let job = Matcher::equal("job", "api");
    let exemplars =
        |selector, window| db.query_exemplars(&[selector], window, &QueryContext::new()).unwrap();
    let found = exemplars(vec![job], MillisRange::ALL);
    assert_eq!((&found[0].labels, &found[0].exemplars), (&up("api"), &vec![exemplar]));
    assert!(exemplars(vec![], MillisRange::new(11, 20)).is_empty());
}

#[test]
fn an_import_behind_what_is_stored_is_taken_in() {
    let db = Builder::in_memory().out_of_order(OutOfOrder::Unlimited).open().unwrap();
    let series: Vec<_> = (0..3).map(|job| db.series(&up(&job.to_string())).unwrap()).collect();
    let mut batch = db.batch();
    for series in &series {
        batch.append(series, 1_000_000, 1.0);
    }
    let _ = batch.commit().unwrap();
    // Newest first, then the same again.
    for _ in 0..2 {
        for time in (0..20_000).rev() {
            for series in &series {
                batch.append(series, time, time as f64);
            }
        }
        assert!(batch.commit().unwrap().is_complete());
    }
    batch.append(&series[1], 77, -1.0);
    assert_eq!(batch.commit().unwrap().refused.len(), 1);
    for series in &series {
        assert_eq!(all(&db, series).len(), 20_001);
    }
}

#[test]
fn a_scrape_may_be_larger_than_a_block_of_rows() {
    let db = Tsdb::in_memory().unwrap();
    let count = 300_000;
    let series: Vec<_> = (0..count)
        .map(|at| db.series(&labels! { "at" => &at.to_string() }).unwrap().reference())
        .collect();
    let mut batch = db.batch();
    for time in 0..3 {
        for series in &series {
            batch.append_ref(*series, time, series.0 as f64);
        }
        assert_eq!(batch.commit().unwrap().stored, count);
    }
    let last = floats(&db, vec![Matcher::equal("at", "299999")], MillisRange::ALL);
    assert_eq!(last[0].1, [(0, 299_999.0), (1, 299_999.0), (2, 299_999.0)]);
}
