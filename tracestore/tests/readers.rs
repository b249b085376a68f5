//! Readers while somebody writes: in the same process, and with a store of their own beside it.
#![cfg(test)]

mod spans;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use spans::{commit, numbered, open, quiet, scanned, try_contents};
use telemetry_core::model::{Span, SpanId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::SpanSource;
use telemetry_core::storage::Error as StorageError;
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::store::Durability;
use telemetry_core::time::NanosRange;
use tracestore::{Error, TraceStore};

/// A commit: a span in each of five traces.
fn spans_of(number: i64) -> Vec<Span> {
    (0..5)
        .map(|trace| {
            let mut span = numbered((1 + trace, 1, number), 0);
            span.span_id = SpanId((number + 1).to_be_bytes());
            span
        })
        .collect()
}

#[test]
fn a_reader_beside_a_writer_sees_what_it_refreshes() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let read_only = || {
        let builder = TraceStore::builder().file_system(files.clone()).storage(quiet());
        builder.open_read_only("/data/traces")
    };
    assert!(matches!(read_only(), Err(Error::Storage(StorageError::NoStore { .. }))));
    let writer = open(files.clone(), Durability::Off).unwrap();
    let reader = read_only().unwrap();
    let mut before = Vec::new();
    for number in 0..10 {
        commit(&writer, &spans_of(number)).unwrap();
        if number % 4 == 3 {
            writer.flush().unwrap();
            writer.compact().unwrap();
        }
        if number == 5 {
            writer.delete(Vec::new(), NanosRange::new(0, 2)).unwrap();
        }
        assert_eq!(try_contents(&reader).unwrap(), before, "nothing moves without a refresh");
        reader.refresh().unwrap();
        before = try_contents(&writer).unwrap();
        assert_eq!(try_contents(&reader).unwrap(), before);
        assert_eq!(scanned(&reader).unwrap(), scanned(&writer).unwrap());
    }
    assert!(matches!(
        reader.push(spans_of(99).remove(0)),
        Err(Error::Storage(StorageError::ReadOnly))
    ));
}

#[test]
fn readers_see_whole_commits_while_heads_become_blocks() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = open(files, Durability::Off).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut most = 0;
                    while !done.load(Ordering::Acquire) {
                        let scan = scanned(&store).unwrap();
                        assert_eq!(scan.len() % 5, 0, "a commit is seen by half");
                        assert!(scan.len() >= most, "a commit is not seen any more");
                        most = scan.len();
                        let id = spans_of(0)[0].trace_id;
                        let trace = store.trace(id, &QueryContext::new()).unwrap();
                        let spans = trace.map_or(0, |trace| trace.spans.len());
                        assert!(spans >= most / 5, "a span of the trace is missing");
                    }
                    most
                })
            })
            .collect();
        for number in 0..300 {
            commit(&store, &spans_of(number)).unwrap();
            if number % 20 == 19 {
                store.flush().unwrap();
            }
            if number % 60 == 59 {
                store.compact().unwrap();
            }
        }
        done.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().unwrap() <= 1500);
        }
    });
    assert_eq!(scanned(&store).unwrap().len(), 1500);
}

#[test]
fn a_backup_is_a_store() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = open(files.clone(), Durability::Always).unwrap();
    commit(&store, &spans_of(1)).unwrap();
    store.flush().unwrap();
    commit(&store, &spans_of(2)).unwrap();
    store.backup("/data/copy").unwrap();
    commit(&store, &spans_of(3)).unwrap();
    let copy = TraceStore::builder().file_system(files).storage(quiet());
    let copy = copy.open("/data/copy").unwrap();
    assert_eq!(scanned(&copy).unwrap().len(), 10);
}
