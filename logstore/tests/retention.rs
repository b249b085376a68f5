//! Streams are kept for as long as their rule says, and no longer.
#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use logstore::{LogStore, RetentionRule, StreamRetention};
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, LogColumns, LogRequest, LogSource, LogWant};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::NanosRange;

const HOUR: i64 = 3_600_000_000_000;

fn open(files: &Arc<dyn FileSystem>) -> LogStore {
    let mut storage = StoreOptions::default();
    storage.maintenance = Some(Maintenance::manual());
    let rule = |selector: Matcher, priority, hours: u64| RetentionRule {
        selector: vec![selector],
        priority,
        period: Duration::from_secs(hours * 3_600),
    };
    let retention = StreamRetention {
        rules: vec![
            rule(Matcher::equal("env", "dev"), 1, 24),
            rule(Matcher::equal("keep", "long"), 2, 24 * 30),
        ],
        default_period: Some(Duration::from_secs(24 * 7 * 3_600)),
    };
    let builder = LogStore::builder().file_system(files.clone()).storage(storage);
    builder.retention(retention).open("/logs").unwrap()
}

/// The streams that have lines, by their label `n`.
fn streams(store: &LogStore) -> BTreeSet<String> {
    let request = LogRequest {
        matchers: vec![],
        window: NanosRange::ALL,
        direction: Direction::Forward,
        filters: vec![],
    };
    let pages = store.select(&request, &QueryContext::new()).unwrap();
    let mut columns = LogColumns::default();
    let mut found = BTreeSet::new();
    for page in (0..pages.len()).filter_map(|index| pages.page(index)) {
        page.decode(LogWant::ALL, &mut columns).unwrap();
        if !columns.is_empty() {
            found.insert(page.labels().get("n").unwrap_or_default().to_owned());
        }
    }
    found
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

#[test]
fn streams_go_when_their_rule_says() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = open(&files);
    let all = [
        labels! { "env" => "dev", "n" => "dev" },
        labels! { "env" => "dev", "keep" => "long", "n" => "kept" },
        labels! { "env" => "prod", "n" => "prod" },
    ];
    for labels in &all {
        store.push(labels, 0, "x").unwrap();
    }
    let clock = labels! { "n" => "a clock" };
    let tick = |store: &LogStore, hours: i64| store.push(&clock, hours * HOUR, "tick").unwrap();
    tick(&store, 24);
    assert_eq!(streams(&store), names(["kept", "dev", "prod", "a clock"]));
    tick(&store, 26);
    assert_eq!(streams(&store), names(["kept", "prod", "a clock"]));
    store.flush().unwrap();
    store.compact().unwrap();
    store.close().unwrap();
    drop(store);
    let store = open(&files);
    tick(&store, 24 * 8);
    assert_eq!(streams(&store), names(["kept", "a clock"]));
    // What is deleted leaves the disk with the next compaction.
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(store.stats().tombstones, 0);
    tick(&store, 24 * 32);
    assert_eq!(streams(&store), names(["a clock"]));
    assert!(store.verify().unwrap().problems.is_empty());
}

/// A stream may be far behind the others: a file that is read long after it was written.
#[test]
fn lines_that_come_when_they_are_too_old_go_as_well() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = open(&files);
    let clock = labels! { "n" => "a clock" };
    let tick = |store: &LogStore, hours: i64| store.push(&clock, hours * HOUR, "tick").unwrap();
    tick(&store, 0);
    tick(&store, 24 * 20);
    tick(&store, 24 * 21);
    store.push(&labels! { "n" => "file" }, HOUR, "x").unwrap();
    store.push(&labels! { "n" => "file 2", "keep" => "long" }, HOUR, "x").unwrap();
    assert_eq!(streams(&store), names(["a clock", "file", "file 2"]));
    store.flush().unwrap();
    store.close().unwrap();
    drop(store);
    let store = open(&files);
    tick(&store, 24 * 22);
    assert_eq!(streams(&store), names(["a clock", "file 2"]));
    store.push(&labels! { "n" => "file" }, HOUR, "x").unwrap();
    tick(&store, 24 * 23);
    assert_eq!(streams(&store), names(["a clock", "file 2"]));
}
