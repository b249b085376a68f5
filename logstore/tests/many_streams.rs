//! A hundred thousand streams: heads keep to their budget and nothing is lost.
#![cfg(test)]

use std::sync::Arc;

use logstore::LogStore;
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, LogRequest, LogSource};
use telemetry_core::storage::fs::MemoryFileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::NanosRange;

const STREAMS: usize = 100_000;
const STREAMS_PER_BATCH: usize = 1_000;
const HEAD_BYTES_MAX: u64 = 16 << 20;

fn count(store: &LogStore, matchers: Vec<Matcher>) -> u64 {
    let request = LogRequest {
        matchers,
        window: NanosRange::ALL,
        direction: Direction::Forward,
        filters: vec![],
    };
    let context = QueryContext::new();
    let pages = store.select(&request, &context).unwrap();
    (0..pages.len()).map(|at| pages.page(at).unwrap().statistics().count).sum()
}

/// Pushes one line of each stream. Gives the most bytes that heads took.
fn push_each(store: &LogStore, round: usize) -> u64 {
    let mut batch = store.batch();
    let mut most = 0;
    for first in (0..STREAMS).step_by(STREAMS_PER_BATCH) {
        for number in first..first + STREAMS_PER_BATCH {
            let labels = labels! { "app" => "api", "pod" => &*format!("pod-{number}") };
            let time = (round * STREAMS + number) as i64;
            batch.push(&labels, &LogEntry::new(time, format!("line {round} of pod {number}")));
        }
        batch.commit().unwrap();
        most = most.max(store.stats().head_bytes);
    }
    most
}

/// What one commit of this test takes in the head.
const COMMIT_BYTES: u64 = 2 << 20;

#[test]
fn the_head_keeps_to_its_budget() {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_max = HEAD_BYTES_MAX;
    options.log = false;
    let files = Arc::new(MemoryFileSystem::new());
    let store = LogStore::builder().file_system(files).storage(options).open("/logs").unwrap();
    // A commit goes over by itself at the most.
    assert!(push_each(&store, 0) < HEAD_BYTES_MAX + COMMIT_BYTES);
    assert!(store.stats().blocks > 0);
    assert_eq!(count(&store, vec![]), STREAMS as u64);
    assert_eq!(count(&store, vec![Matcher::equal("pod", "pod-77777")]), 1);
}

#[test]
fn heads_keep_to_it_while_a_thread_flushes_and_merges() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = StoreOptions::default();
    options.head_bytes_max = HEAD_BYTES_MAX;
    let store = LogStore::builder().storage(options).open(directory.path()).unwrap();
    for round in 0..2 {
        assert!(push_each(&store, round) < HEAD_BYTES_MAX * 3 / 2 + COMMIT_BYTES);
    }
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(count(&store, vec![]), 2 * STREAMS as u64);
    assert_eq!(count(&store, vec![Matcher::equal("pod", "pod-77777")]), 2);
}
