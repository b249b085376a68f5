//! A line from append to retention: what every reader may rely on.
#![cfg(test)]

use std::sync::Arc;

use logstore::{Limits, LogStore};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::sink::RefusalReason;
use telemetry_core::source::{Direction, LogColumns, LogRequest, LogSource, LogWant};
use telemetry_core::storage::fs::{FaultyFileSystem, FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::NanosRange;

fn open(files: &Arc<dyn FileSystem>) -> LogStore {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    LogStore::builder().file_system(files.clone()).storage(options).open("/logs").unwrap()
}

fn files() -> Arc<dyn FileSystem> {
    Arc::new(MemoryFileSystem::new())
}

fn api() -> Labels {
    labels! { "app" => "api" }
}

/// Every line in the window, as `time:text`, page by page.
fn lines(store: &LogStore, window: NanosRange, direction: Direction) -> Vec<String> {
    let request = LogRequest {
        matchers: vec![Matcher::equal("app", "api")],
        window,
        direction,
        filters: vec![],
    };
    let pages = store.select(&request, &QueryContext::new()).unwrap();
    let mut columns = LogColumns::default();
    let mut found = Vec::new();
    for index in 0..pages.len() {
        pages.page(index).unwrap().decode(LogWant::ALL, &mut columns).unwrap();
        for row in 0..columns.len() {
            let text = String::from_utf8_lossy(columns.line(row)).into_owned();
            let metadata: Vec<String> =
                columns.metadata(row).map(|(name, value)| format!(" {name}={value}")).collect();
            found.push(format!("{}:{text}{}", columns.times[row], metadata.concat()));
        }
    }
    found
}

fn all(store: &LogStore) -> Vec<String> {
    lines(store, NanosRange::ALL, Direction::Forward)
}

#[test]
fn lines_survive_flush_compaction_and_reopening() {
    let files = files();
    let store = open(&files);
    let mut expected = Vec::new();
    for round in 0..5_i64 {
        for time in 0..50 {
            let time = round * 50 + time;
            let entry = LogEntry::new(time, format!("line {time}")).with("n", time.to_string());
            store.push_entry(&api(), &entry).unwrap();
            expected.push(format!("{time}:line {time} n={time}"));
        }
        assert_eq!(all(&store), expected);
        store.flush().unwrap();
        assert_eq!(all(&store), expected);
    }
    store.compact().unwrap();
    assert_eq!(all(&store), expected);
    store.close().unwrap();
    drop(store);
    let store = open(&files);
    assert_eq!(all(&store), expected);
    assert!(store.verify().unwrap().problems.is_empty());
}

#[test]
fn late_lines_come_in_order_and_equal_lines_once() {
    let store = open(&files());
    for time in [10, 20, 30] {
        store.push(&api(), time, "on time").unwrap();
    }
    store.flush().unwrap();
    for (time, line) in [(15, "late"), (20, "on time"), (20, "other"), (40, "new")] {
        store.push(&api(), time, line).unwrap();
    }
    let expected = ["10:on time", "15:late", "20:on time", "20:other", "30:on time", "40:new"];
    assert_eq!(all(&store), expected);
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(all(&store), expected);
}

#[test]
fn of_equal_time_lines_keep_their_order_and_only_those_equal_in_everything_are_one() {
    let store = open(&files());
    let entry = |line: &str, pod: &str| LogEntry::new(5, line).with("pod", pod);
    let expected = ["5:b pod=1", "5:a pod=1", "5:b pod=2", "5:c"];
    for round in 0..3 {
        for entry in [entry("b", "1"), entry("a", "1"), entry("b", "2"), LogEntry::new(5, "c")] {
            // It is stored, as far as the caller is concerned, and there once.
            store.push_entry(&api(), &entry).unwrap();
        }
        assert_eq!(all(&store), expected, "round {round}");
        store.flush().unwrap();
        assert_eq!(all(&store), expected, "round {round}, flushed");
    }
    store.compact().unwrap();
    assert_eq!(all(&store), expected);
    let other = labels! { "app" => "api", "pod" => "1" };
    store.push_entry(&other, &entry("b", "1")).unwrap();
    assert_eq!(all(&store).len(), 5, "another stream is another matter");
}

#[test]
fn the_end_of_the_window_is_not_in() {
    let store = open(&files());
    for time in 0..10 {
        store.push(&api(), time, "x").unwrap();
    }
    assert_eq!(lines(&store, NanosRange::new(3, 5), Direction::Forward), ["3:x", "4:x"]);
    store.flush().unwrap();
    assert_eq!(lines(&store, NanosRange::new(3, 5), Direction::Forward), ["3:x", "4:x"]);
}

#[test]
fn deleted_lines_are_gone_and_later_ones_are_not() {
    let files = files();
    let store = open(&files);
    for time in 0..6 {
        store.push(&api(), time, "x").unwrap();
    }
    store.push(&labels! { "app" => "api", "other" => "1" }, 3, "kept").unwrap();
    store.delete(vec![Matcher::equal("other", "")], NanosRange::new(2, 5)).unwrap();
    store.push(&api(), 4, "again").unwrap();
    let expected = ["0:x", "1:x", "4:again", "5:x"];
    let without_kept = |store: &LogStore| {
        let mut found = all(store);
        found.retain(|line| !line.ends_with("kept"));
        found.sort();
        found
    };
    assert_eq!(without_kept(&store), expected);
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(without_kept(&store), expected);
    drop(store);
    assert_eq!(without_kept(&open(&files)), expected);
}

#[test]
fn lines_that_break_a_limit_are_refused_one_by_one() {
    let mut limits = Limits::default();
    limits.line_bytes_max = 5;
    limits.out_of_order_nanos = 10;
    let store = LogStore::builder().limits(limits).in_memory().unwrap();
    let mut batch = store.batch();
    for (time, line) in [(100, "fine"), (100, "too long"), (80, "old"), (95, "late")] {
        batch.push(&api(), &LogEntry::new(time, line));
    }
    batch.push(&Labels::default(), &LogEntry::new(1, "x"));
    let committed = batch.commit().unwrap();
    assert_eq!(committed.stored, 2);
    let refused: Vec<(u64, RefusalReason)> =
        committed.refused.into_iter().map(|refusal| (refusal.index, refusal.reason)).collect();
    assert_eq!(
        refused,
        [
            (1, RefusalReason::TooLong { what: "a line", found: 8, limit: 5 }),
            (2, RefusalReason::TooOld { time: 80, oldest: 90 }),
            (4, RefusalReason::NoLabels),
        ]
    );
    assert_eq!(all(&store), ["95:late", "100:fine"]);
}

#[test]
fn many_small_streams_share_pages() {
    let files = files();
    let store = open(&files);
    let mut batch = store.batch();
    for number in 0..500_i64 {
        let labels = labels! { "app" => "api", "pod" => &*number.to_string() };
        batch.push(&labels, &LogEntry::new(number, format!("line of pod {number}")));
    }
    batch.commit().unwrap();
    let mut expected = all(&store);
    store.flush().unwrap();
    let mut found = all(&store);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 500);
}

#[test]
fn a_reader_beside_a_writer_sees_what_it_refreshes() {
    let files = files();
    let store = open(&files);
    store.push(&api(), 1, "first").unwrap();
    let reader = LogStore::builder().file_system(files.clone()).open_read_only("/logs").unwrap();
    assert_eq!(all(&reader), ["1:first"]);
    store.push(&api(), 2, "second").unwrap();
    store.flush().unwrap();
    assert_eq!(all(&reader), ["1:first"]);
    reader.refresh().unwrap();
    assert_eq!(all(&reader), ["1:first", "2:second"]);
    assert!(reader.push(&api(), 3, "x").is_err());
}

/// A store that takes lines up to 10 ns late.
fn open_impatient(files: &Arc<dyn FileSystem>) -> LogStore {
    let mut limits = Limits::default();
    limits.out_of_order_nanos = 10;
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    let builder = LogStore::builder().file_system(files.clone()).storage(options);
    builder.limits(limits).open("/logs").unwrap()
}

#[test]
fn lateness_counts_from_the_newest_line_wherever_it_lies() {
    let files = files();
    let is_too_late = |store: &LogStore| {
        let late = store.push(&api(), 89, "late");
        store.push(&labels! { "app" => "other" }, 0, "x").unwrap();
        store.push(&api(), 90, "in time").unwrap();
        matches!(late, Err(logstore::Error::Refused(RefusalReason::TooOld { oldest: 90, .. })))
    };
    let store = open_impatient(&files);
    store.push(&api(), 100, "newest").unwrap();
    assert!(is_too_late(&store), "in the head");
    // A delete seals the head.
    store.delete(vec![Matcher::equal("app", "none")], NanosRange::ALL).unwrap();
    assert!(is_too_late(&store), "in a sealed head");
    store.flush().unwrap();
    assert!(is_too_late(&store), "in a block");
    store.close().unwrap();
    drop(store);
    assert!(is_too_late(&open_impatient(&files)), "in a block, reopened");
}

#[test]
fn a_failed_commit_leaves_nothing_behind_in_its_batch() {
    let disk = FaultyFileSystem::new(1);
    let store = open(&(Arc::new(disk.clone()) as Arc<dyn FileSystem>));
    store.push(&api(), 1, "first").unwrap();
    let mut batch = store.batch();
    disk.limit_bytes(Some(0));
    batch.push(&api(), &LogEntry::new(2, "lost").with("k", "v"));
    assert!(batch.commit().is_err());
    disk.limit_bytes(None);
    batch.push(&api(), &LogEntry::new(3, "next").with("l", "w"));
    assert_eq!(batch.commit().unwrap().stored, 1);
    assert_eq!(all(&store), ["1:first", "3:next l=w"]);
}

#[test]
fn an_empty_metadata_value_is_kept() {
    let store = open(&files());
    let entry = LogEntry::new(1, "x").with("empty", "").with("full", "1");
    store.push_entry(&api(), &entry).unwrap();
    assert_eq!(all(&store), ["1:x empty= full=1"]);
    store.flush().unwrap();
    assert_eq!(all(&store), ["1:x empty= full=1"]);
}

#[test]
fn lines_of_one_time_keep_their_order_over_pages_and_blocks() {
    let store = open(&files());
    let mut expected = Vec::new();
    for number in 0..3000 {
        let line = format!("{number:04} {}", "x".repeat(200));
        store.push(&api(), 7, &line).unwrap();
        expected.push(format!("7:{line}"));
        if number == 2000 {
            store.flush().unwrap();
        }
    }
    assert_eq!(all(&store), expected);
    store.flush().unwrap();
    assert_eq!(all(&store), expected);
}
