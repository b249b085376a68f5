//! Exemplars, from when they come until their blocks expire.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::Exemplar;
use telemetry_core::query::{Limits as QueryLimits, QueryContext};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{Builder, Limits, OutOfOrder, Retention, Tsdb};

const HOUR: i64 = 3_600_000;

fn bucket(le: &str) -> Labels {
    labels! { "__name__" => "took_seconds_bucket", "le" => le }
}

fn exemplar(trace: i64, time: i64) -> Exemplar {
    let labels = labels! { "trace_id" => &format!("{trace:032x}") };
    Exemplar { labels, value: trace as f64 / 10.0, time: Millis(time) }
}

fn manual() -> Builder {
    Builder::in_memory().maintenance(&Maintenance::manual())
}

/// A sample with its exemplar.
fn observe(db: &Tsdb, labels: &Labels, trace: i64, time: i64) {
    let series = db.series(labels).unwrap();
    let mut batch = db.batch();
    batch.append(&series, time, trace as f64).exemplar(series.reference(), exemplar(trace, time));
    assert!(batch.commit().unwrap().is_complete());
}

/// Traces by series.
fn traces(db: &Tsdb, selectors: &[Vec<Matcher>], range: MillisRange) -> Vec<(String, Vec<i64>)> {
    let found = db.query_exemplars(selectors, range, &QueryContext::new()).unwrap();
    let trace = |exemplar: &Exemplar| {
        let trace = exemplar.labels.get("trace_id").unwrap();
        let trace = i64::from_str_radix(trace, 16).unwrap();
        assert_eq!(exemplar.value.to_bits(), (trace as f64 / 10.0).to_bits());
        trace
    };
    let series = found.iter().map(|series| {
        let le = series.labels.get("le").unwrap_or_default().to_owned();
        (le, series.exemplars.iter().map(trace).collect())
    });
    series.collect()
}

fn all(db: &Tsdb) -> Vec<(String, Vec<i64>)> {
    traces(db, &[vec![]], MillisRange::ALL)
}

#[test]
fn they_are_found_by_series_and_time_wherever_they_are() {
    let db = manual().open().unwrap();
    for hour in 1..=12 {
        observe(&db, &bucket("0.5"), hour, hour * HOUR);
        observe(&db, &bucket("0.1"), 100 + hour, hour * HOUR + 1);
        if hour % 4 == 0 {
            db.flush().unwrap();
        }
    }
    observe(&db, &bucket("0.5"), 13, 13 * HOUR);
    let le = |value: &str| vec![Matcher::equal("le", value)];
    let check = |db: &Tsdb| {
        let expected =
            [("0.1".to_owned(), (101..=112).collect()), ("0.5".to_owned(), (1..=13).collect())];
        assert_eq!(all(db), expected);
        let window = MillisRange::new(4 * HOUR, 5 * HOUR);
        let found = traces(db, &[le("0.5")], window);
        assert_eq!(found, [("0.5".to_owned(), vec![4, 5])]);
        // Any of the selectors.
        let found = traces(db, &[le("0.5"), le("0.1")], window);
        assert_eq!(found, [("0.1".to_owned(), vec![104]), ("0.5".to_owned(), vec![4, 5])]);
        assert!(traces(db, &[le("0.7")], window).is_empty());
        assert!(traces(db, &[], window).is_empty());
    };
    check(&db);
    assert!(db.compact().unwrap() > 0);
    check(&db);
    db.flush().unwrap();
    check(&db);
    assert!(db.verify().unwrap().is_intact());
}

#[test]
fn what_is_in_a_block_takes_no_place_in_memory() {
    let limits = Limits { exemplars_max: 5, ..Limits::default() };
    let db = manual().limits(limits).open().unwrap();
    for trace in 1..=4 {
        observe(&db, &bucket("1"), trace, trace * 1_000);
    }
    db.flush().unwrap();
    for trace in 5..=12 {
        observe(&db, &bucket("1"), trace, trace * 1_000);
    }
    // The oldest of those in memory made room.
    let expected = [("1".to_owned(), vec![1, 2, 3, 4, 8, 9, 10, 11, 12])];
    assert_eq!(all(&db), expected);
    db.flush().unwrap();
    assert_eq!(all(&db), expected);
}

#[test]
fn scrapes_may_repeat_them_and_late_ones_have_their_window() {
    let window = OutOfOrder::Within(Duration::from_secs(60));
    let db = manual().out_of_order(window).open().unwrap();
    let series = db.series(&bucket("1")).unwrap();
    let hand_in = |trace: i64, time: i64| {
        let mut batch = db.batch();
        batch.exemplar(series.reference(), exemplar(trace, time));
        batch.commit().unwrap();
    };
    for _ in 0..3 {
        hand_in(7, 100_000);
        db.flush().unwrap();
    }
    hand_in(6, 100_000 - 60_000);
    hand_in(5, 100_000 - 60_001);
    hand_in(7, 100_000);
    assert_eq!(all(&db), [("1".to_owned(), vec![5, 6, 7])]);
    hand_in(4, 100_000 - 60_001);
    assert_eq!(all(&db), [("1".to_owned(), vec![5, 6, 7])]);
    assert_eq!(db.stats().refused.exemplars, 1);
    db.flush().unwrap();
    db.compact().unwrap();
    assert_eq!(all(&db), [("1".to_owned(), vec![5, 6, 7])]);
    assert!(db.verify().unwrap().is_intact());
}

#[test]
fn deletes_hide_them_and_compaction_carries_that_out() {
    let db = manual().open().unwrap();
    for hour in 1..=6 {
        observe(&db, &bucket("1"), hour, hour * HOUR);
        observe(&db, &bucket("2"), hour, hour * HOUR);
        if hour == 3 {
            db.flush().unwrap();
        }
    }
    let one = vec![Matcher::equal("le", "1")];
    db.delete(&one, MillisRange::new(2 * HOUR, 5 * HOUR)).unwrap();
    observe(&db, &bucket("1"), 50, 7 * HOUR);
    let expected = [("1".to_owned(), vec![1, 6, 50]), ("2".to_owned(), vec![1, 2, 3, 4, 5, 6])];
    assert_eq!(all(&db), expected);
    db.flush().unwrap();
    assert_eq!(all(&db), expected);
    db.compact().unwrap();
    assert_eq!(all(&db), expected);
    db.delete(&[], MillisRange::ALL).unwrap();
    assert!(all(&db).is_empty());
    db.compact().unwrap();
    assert!(db.stats().blocks == 0 && all(&db).is_empty());
}

#[test]
fn they_expire_with_their_blocks() {
    let retention = Retention { age: Some(20 * HOUR), bytes: None };
    let db = manual().retention(retention).open().unwrap();
    for hour in [1, 9, 30] {
        observe(&db, &bucket("1"), hour, hour * HOUR);
        db.flush().unwrap();
    }
    db.run_maintenance().unwrap();
    assert_eq!(all(&db), [("1".to_owned(), vec![30])]);
}

#[test]
fn they_come_back_from_the_log_from_blocks_and_from_a_backup() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let open = |path: &str| {
        let builder = Builder::new(path.as_ref()).file_system(Arc::clone(&files));
        builder.maintenance(&Maintenance::manual()).open().unwrap()
    };
    let db = open("/store");
    observe(&db, &bucket("1"), 1, HOUR);
    db.flush().unwrap();
    observe(&db, &bucket("1"), 2, 2 * HOUR);
    db.backup("/backup").unwrap();
    let expected = [("1".to_owned(), vec![1, 2])];
    drop(db);
    for path in ["/store", "/backup"] {
        let db = open(path);
        assert_eq!(all(&db), expected);
        db.flush().unwrap();
        assert_eq!(all(&db), expected);
    }
}

#[test]
fn pages_of_many_series_and_of_one_are_read_in_order() {
    let db = manual().open().unwrap();
    let busy = db.series(&bucket("busy")).unwrap().reference();
    let mut batch = db.batch();
    for trace in 0..4_000 {
        batch.exemplar(busy, exemplar(trace, trace * 10));
        let other = db.series(&bucket(&format!("{:05}", trace % 1_999))).unwrap().reference();
        batch.exemplar(other, exemplar(trace, trace * 10));
    }
    batch.commit().unwrap();
    let before = all(&db);
    assert_eq!(before.len(), 2_000);
    db.flush().unwrap();
    assert_eq!(all(&db), before);
    assert!(db.verify().unwrap().is_intact());
    let window = MillisRange::new(100, 190);
    assert_eq!(traces(&db, &[vec![Matcher::equal("le", "busy")]], window)[0].1.len(), 10);
    let bytes = db.stats().block_bytes;
    assert!(bytes < 8_000 * 40, "{bytes} bytes for 8,000 exemplars");
}

#[test]
fn a_query_stops_at_its_bound_and_reads_no_further() {
    let db = manual().open().unwrap();
    for block in 0..4 {
        for minute in 1..=20 {
            let number = block * 20 + minute;
            observe(&db, &bucket("0.5"), number, number * HOUR / 10);
        }
        db.flush().unwrap();
    }
    observe(&db, &bucket("0.1"), 81, 81 * HOUR / 10);
    let query = |context: &QueryContext| {
        db.query_exemplars(&[vec![]], MillisRange::ALL, context).map(|found| found.len())
    };
    let all = QueryContext::new();
    assert_eq!(query(&all).unwrap(), 2);
    assert_eq!(all.statistics().snapshot().samples, 81);
    let bounded = |samples, series| {
        let limits = QueryLimits { samples, series, ..QueryLimits::NONE };
        QueryContext::new().with_limits(limits)
    };
    assert_eq!(query(&bounded(81, 2)).unwrap(), 2);
    let context = bounded(25, 2);
    assert!(query(&context).is_err());
    assert!(context.statistics().snapshot().samples <= 45);
    assert!(query(&bounded(81, 1)).is_err());
}

#[test]
fn an_exemplar_from_far_ahead_removes_nothing() {
    let retention = Retention { age: Some(24 * HOUR), ..Retention::default() };
    let db = manual().retention(retention).open().unwrap();
    let series = db.series(&bucket("0.5")).unwrap();
    let mut batch = db.batch();
    // Microseconds, where milliseconds are meant.
    let ahead = exemplar(1, 1_700_000_000_000_000);
    batch.append(&series, 1_700_000_000_000, 1.0).exemplar(series.reference(), ahead);
    batch.commit().unwrap();
    db.flush().unwrap();
    db.run_maintenance().unwrap();
    assert_eq!(db.stats().blocks_expired, 0);
    assert_eq!(db.time_range().unwrap().start, Millis(1_700_000_000_000));
}
