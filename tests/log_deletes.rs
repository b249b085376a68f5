//! A delete takes exactly the lines that its query shows, from everything that can be asked about
//! logs afterwards: a database from which they were deleted answers like one that never had them.
#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use quadra::logql::explore::{FieldOptions, PatternOptions, VolumeOptions};
use quadra::logql::{self, Instant, parse};
use quadra::model::LogEntry;
use quadra::storage::fs::{FileSystem, MemoryFileSystem};
use quadra::telemetry_core::query::QueryContext;
use quadra::time::NanosRange;
use quadra::{Error, Quadra, labels};

const SECOND: i64 = 1_000_000_000;
const LINES: i64 = 1_200;
const EVERYTHING: &str = r#"{app=~".+"}"#;

fn open(files: &Arc<dyn FileSystem>) -> Quadra {
    Quadra::builder().file_system(files.clone()).manual_maintenance().open("/db").unwrap()
}

/// A line per second over three streams: JSON, logfmt and free text, some with metadata. Stores those
/// that `keep` keeps, a part of them in a block of their own if `flushes`.
fn fill(db: &Quadra, keep: impl Fn(&str, i64) -> bool, flushes: bool) {
    for part in 0..3 {
        let mut batch = db.logs().batch();
        for n in part * LINES / 3..(part + 1) * LINES / 3 {
            let level = ["info", "warn", "error"][usize::try_from(n % 7 % 3).unwrap()];
            let (app, line) = match n % 3 {
                0 => ("json", format!(r#"{{"level":"{level}","user":{},"took":{n}}}"#, n % 10)),
                1 => ("fmt", format!("level={level} user={} took={n}ms", n % 10)),
                _ => ("text", format!("{level}: user {} was here from 10.0.0.{}", n % 10, n % 250)),
            };
            if !keep(&line, n) {
                continue;
            }
            let entry = LogEntry::new(n * SECOND, &line);
            let entry = if n % 4 == 0 { entry.with("trace", (n % 5).to_string()) } else { entry };
            batch.push(&labels! { "app" => app }, &entry);
        }
        batch.commit().unwrap();
        if flushes && part < 2 {
            db.flush().unwrap();
        }
    }
}

/// What can be asked about logs, as text.
fn answers(db: &Quadra) -> Vec<String> {
    let logs = db.logs();
    let (engine, context) = (logs.engine(), QueryContext::new());
    let everything = parse(EVERYTHING).unwrap();
    let mut all = Vec::new();
    for stages in ["", r#" |= "user 3""#, r#" != "error""#, r#" | json | user > 4"#] {
        let lines = db.logql(format!("{EVERYTHING}{stages}")).limit(usize::MAX).run().unwrap();
        all.push(format!("{lines:?}"));
    }
    for query in [
        "sum(count_over_time({app=~\".+\"}[300s]))",
        "sum by (app) (count_over_time({app=~\".+\"}[100s]))",
        "sum by (app) (bytes_over_time({app=~\".+\"} [2m]))",
        "sum by (level) (count_over_time({app=\"json\"} | json [5m]))",
        "sum by (level) (count_over_time({app=\"fmt\"} | logfmt [5m]))",
        "sum(count_over_time({app=~\".+\"} |= \"error\" [300s]))",
        "sum by (trace) (rate({app=~\".+\"} | trace=~\".+\" [1m]))",
        "max by (app) (max_over_time({app=\"fmt\"} | logfmt | unwrap duration(took) [3m]))",
        "quantile_over_time(0.9, {app=\"json\"} | json | unwrap took [300s]) by (user)",
        "absent_over_time({app=\"text\"} |= \"user 3\" [60s])",
    ] {
        let step = Duration::from_secs(60);
        all.push(format!("{:?}", db.logql(query).range(0, LINES * SECOND, step).unwrap()));
    }
    let window = NanosRange::new(0, LINES * SECOND);
    let volume = VolumeOptions { window, ..VolumeOptions::default() };
    all.push(format!("{:?}", engine.volume(&[], &volume, &context).unwrap()));
    all.push(format!("{:?}", engine.volume_range(&[], &volume, 77 * SECOND, &context).unwrap()));
    let counts = engine.counts(&[], window, &context).unwrap();
    all.push(format!("{} lines of {} bytes", counts.entries, counts.bytes));
    let fields = FieldOptions { line_limit: 5_000, ..FieldOptions::default() };
    let fields = engine.detected_fields(&everything, &fields, &context).unwrap();
    all.push(format!("{fields:?}"));
    let patterns = PatternOptions { lines_min: 2, ..PatternOptions::default() };
    all.push(format!("{:?}", engine.patterns(&everything, &patterns, &context).unwrap()));
    all
}

fn assert_same(found: &[String], expected: &[String], when: &str) {
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(found == expected, "answer {at} {when}:\n{found}\n{expected}");
    }
}

/// Deletes by `query` from a full database at every moment of its life, and compares it with one that
/// never had the lines that `takes` names.
fn holds(query: &str, window: NanosRange, takes: impl Fn(&str, i64) -> bool) {
    let without = Quadra::in_memory().unwrap();
    fill(&without, |line, n| !takes(line, n), false);
    let expected = answers(&without);
    for flushes in [false, true] {
        let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
        let db = open(&files);
        fill(&db, |_, _| true, flushes);
        db.logs().delete(query, window).unwrap();
        assert_same(&answers(&db), &expected, "after the delete");
        db.flush().unwrap();
        assert_same(&answers(&db), &expected, "flushed");
        drop(db);
        let db = open(&files);
        assert_same(&answers(&db), &expected, "reopened");
        db.compact().unwrap();
        assert_same(&answers(&db), &expected, "compacted");
        // What a query shows is what its delete takes: nothing is left.
        assert!(db.logql(query).between(window).run().unwrap().is_empty());
        let reports = db.verify().unwrap();
        assert!(reports.iter().all(|(_, report)| report.is_intact()));
    }
}

#[test]
fn by_a_text_in_the_line() {
    holds(r#"{app=~".+"} |= "error""#, NanosRange::ALL, |line, _| line.contains("error"));
}

#[test]
fn by_several_line_filters_in_a_window() {
    let window = NanosRange::new(100 * SECOND, 900 * SECOND);
    holds(r#"{app=~"json|fmt"} |~ "user\\W+[1-3]" != "warn" or "info""#, window, |line, n| {
        let is_user = ["user=1", "user=2", "user=3", "user\":1", "user\":2", "user\":3"]
            .iter()
            .any(|user| line.contains(user));
        let is_in_window = (100..900).contains(&n);
        is_user && is_in_window && !line.contains("warn") && !line.contains("info")
    });
}

#[test]
fn by_a_field_of_json() {
    holds(r#"{app="json"} | json | user="4" | line_format "gone""#, NanosRange::ALL, |line, _| {
        line.contains(r#""user":4,"#)
    });
}

#[test]
fn by_a_number_in_logfmt_and_an_address() {
    holds(r#"{app=~"fmt|text"} | logfmt | took > 500ms"#, NanosRange::ALL, |_, n| {
        n % 3 == 1 && n > 500
    });
    holds(r#"{app="text"} |= ip("10.0.0.16/28")"#, NanosRange::ALL, |_, n| {
        n % 3 == 2 && (16..32).contains(&(n % 250))
    });
}

#[test]
fn by_structured_metadata() {
    holds(r#"{app=~".+"} | trace="2""#, NanosRange::ALL, |_, n| n % 4 == 0 && n % 5 == 2);
}

#[test]
fn what_is_no_delete_is_refused_with_a_type() {
    let db = Quadra::in_memory().unwrap();
    let refused = |query: &str| db.logs().delete(query, NanosRange::ALL).unwrap_err();
    let metric = refused(r#"rate({app="a"}[5m])"#);
    assert!(matches!(metric, Error::Logql(logql::Error::NotLog { .. })));
    let now = refused(r#"{app="a"} | label_format t="{{now}}" | t=~"2.*""#);
    assert!(matches!(now, Error::Logql(logql::Error::DeleteAsksTime { .. })));
    let all = refused(r#"{app=~".*"}"#);
    assert!(matches!(all, Error::Logql(logql::Error::Check { .. })));
    assert!(refused("{app=").to_string().contains("syntax error"));
}

#[test]
fn lines_that_come_later_stay() {
    let db = Quadra::in_memory().unwrap();
    let push = |time: i64| db.logs().push(labels! { "app" => "a" }, time, "user=1").unwrap();
    push(1);
    db.logs().delete(r#"{app="a"} | logfmt | user="1""#, NanosRange::ALL).unwrap();
    push(1);
    push(2);
    let query = db.logql(r#"sum(count_over_time({app="a"}[1m]))"#);
    let Instant::Vector(found) = query.instant(10).unwrap() else { panic!("not a vector") };
    assert_eq!(found[0].value, 2.0);
}
