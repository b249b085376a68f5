//! Readers beside the writer: in the same process, and with a handle that is open for reading.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod reading;

use std::sync::atomic::{AtomicBool, Ordering};

use reading::read;
use telemetry_core::labels;
use telemetry_core::query::{CancelToken, Interrupt, Limits, QueryContext};
use telemetry_core::source::{Columns, MetricSource, SeriesRequest, SourceError};
use telemetry_core::storage;
use telemetry_core::time::MillisRange;
use tsdb::{Builder, Error, Series, Tsdb};

const SERIES: usize = 5;

fn make_series(db: &Tsdb) -> Vec<Series> {
    (0..SERIES)
        .map(|at| db.series(&labels! { "__name__" => "m", "at" => &at.to_string() }).unwrap())
        .collect()
}

fn scrape(db: &Tsdb, series: &[Series], number: i64) {
    let mut batch = db.batch();
    for (at, series) in series.iter().enumerate() {
        batch.append(series, number * 1_000 + at as i64 % 2, number as f64);
    }
    assert!(batch.commit().unwrap().is_complete());
}

/// Number of scrapes that are seen; every series has seen all of them.
fn scrapes(db: &Tsdb) -> usize {
    let content = read(db, vec![], MillisRange::ALL);
    let mut counts: Vec<usize> = content.values().map(|samples| samples.len()).collect();
    counts.dedup();
    assert!(counts.len() <= 1, "a commit is seen in part: {counts:?}");
    assert!(content.is_empty() || content.len() == SERIES);
    counts.first().copied().unwrap_or(0)
}

#[test]
fn readers_see_whole_commits_while_blocks_come_and_go() {
    let db = Builder::in_memory().head_bytes_max(60_000).open().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut before = 0;
                while !done.load(Ordering::Relaxed) {
                    let now = scrapes(&db);
                    assert!(now >= before, "{now} scrapes after {before}");
                    before = now;
                }
            });
        }
        let series = make_series(&db);
        for number in 0..1_500 {
            scrape(&db, &series, number);
            if number % 301 == 300 {
                db.flush().unwrap();
            }
            if number % 700 == 699 {
                db.compact().unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(scrapes(&db), 1_500);
}

#[test]
fn a_selection_outlives_what_it_was_selected_from() {
    let db = Builder::in_memory().open().unwrap();
    let series = make_series(&db);
    for number in 0..10 {
        scrape(&db, &series, number);
    }
    db.flush().unwrap();
    scrape(&db, &series, 10);
    let request = SeriesRequest::new(vec![], MillisRange::ALL);
    let set = db.select(&request, &QueryContext::new()).unwrap();
    for number in 11..20 {
        scrape(&db, &series, number);
    }
    db.delete(&[], MillisRange::new(0, 5_500)).unwrap();
    db.flush().unwrap();
    db.compact().unwrap();
    let mut columns = Columns::default();
    for chunk in set.chunks(0).unwrap() {
        chunk.decode(MillisRange::ALL, &mut columns).unwrap();
    }
    assert_eq!(columns.floats.times.len(), 11);
    assert_eq!(scrapes(&db), 14);
}

#[test]
fn a_store_open_for_reading_follows_its_writer() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Tsdb::builder(directory.path());
    assert!(matches!(open().open_read_only(), Err(Error::Storage(storage::Error::NoStore { .. }))));
    let writer = open().open().unwrap();
    let series = make_series(&writer);
    for number in 0..10 {
        scrape(&writer, &series, number);
    }
    let reader = open().open_read_only().unwrap();
    assert_eq!(scrapes(&reader), 10);
    // It writes nothing.
    let refused = make_series(&reader)[0].append(1, 1.0);
    assert!(matches!(refused, Err(Error::Storage(storage::Error::ReadOnly))));
    assert!(reader.flush().is_err());
    // Blocks take the place of the log below it; it goes on with what it has.
    for number in 10..20 {
        scrape(&writer, &series, number);
    }
    writer.flush().unwrap();
    for number in 20..30 {
        scrape(&writer, &series, number);
    }
    writer.flush().unwrap();
    writer.compact().unwrap();
    scrape(&writer, &series, 30);
    assert_eq!(scrapes(&reader), 10);
    assert!(reader.refresh().unwrap());
    assert_eq!(scrapes(&reader), 31);
    assert!(!reader.refresh().unwrap());
    // Another writer is refused as long as there is one.
    assert!(matches!(open().open(), Err(Error::Storage(storage::Error::Locked { .. }))));
    drop(series);
    writer.close().unwrap();
    assert_eq!(scrapes(&reader), 31);
    assert_eq!(scrapes(&open().open().unwrap()), 31);
}

#[test]
fn a_reader_that_refreshes_shows_whole_commits() {
    let directory = tempfile::tempdir().unwrap();
    let writer = Tsdb::open(directory.path()).unwrap();
    let series = make_series(&writer);
    scrape(&writer, &series, 0);
    let reader = Tsdb::builder(directory.path()).open_read_only().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                scrapes(&reader);
            }
        });
        for number in 1..300 {
            scrape(&writer, &series, number);
            if number % 5 == 0 {
                reader.refresh().unwrap();
            }
            if number % 90 == 0 {
                writer.flush().unwrap();
            }
        }
        reader.refresh().unwrap();
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(scrapes(&reader), 300);
}

#[test]
fn a_backup_is_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let db = Tsdb::open(directory.path().join("store")).unwrap();
    let series = make_series(&db);
    for number in 0..10 {
        scrape(&db, &series, number);
    }
    db.flush().unwrap();
    scrape(&db, &series, 10);
    db.backup(directory.path().join("copy")).unwrap();
    scrape(&db, &series, 11);
    let copy = Tsdb::open(directory.path().join("copy")).unwrap();
    assert_eq!(scrapes(&copy), 11);
    assert!(copy.verify().unwrap().is_intact());
}

#[test]
fn queries_obey_their_context() {
    let db = Tsdb::in_memory().unwrap();
    scrape(&db, &make_series(&db), 0);
    let request = SeriesRequest::new(vec![], MillisRange::ALL);
    let token = CancelToken::new();
    token.cancel();
    let cancelled = db.select(&request, &QueryContext::new().with_cancel(&token));
    assert!(matches!(cancelled.err(), Some(SourceError::Interrupted(Interrupt::Cancelled))));
    let limits = Limits { series: 4, ..Limits::default() };
    let limited = db.select(&request, &QueryContext::new().with_limits(limits));
    assert!(matches!(
        limited.err(),
        Some(SourceError::Interrupted(Interrupt::LimitExceeded { limit: 4, .. }))
    ));
}
