//! A hundred thousand streams: the head keeps to its budget and nothing is lost.
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

#[test]
fn the_head_keeps_to_its_budget() {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_max = HEAD_BYTES_MAX;
    options.log = false;
    let files = Arc::new(MemoryFileSystem::new());
    let store = LogStore::builder().file_system(files).storage(options).open("/logs").unwrap();
    let mut batch = store.batch();
    for first in (0..STREAMS).step_by(STREAMS_PER_BATCH) {
        for number in first..first + STREAMS_PER_BATCH {
            let labels = labels! { "app" => "api", "pod" => &*format!("pod-{number}") };
            batch.push(&labels, &LogEntry::new(number as i64, format!("line of pod {number}")));
        }
        batch.commit().unwrap();
        // A commit goes over by itself at the most.
        assert!(store.stats().head_bytes < HEAD_BYTES_MAX + (2 << 20));
    }
    assert!(store.stats().blocks > 0);
    assert_eq!(count(&store, vec![]), STREAMS as u64);
    assert_eq!(count(&store, vec![Matcher::equal("pod", "pod-77777")]), 1);
}
