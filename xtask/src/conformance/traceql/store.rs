//! The sources that cases with data run over: the one seam between the suite and a store.

use std::sync::Arc;
use telemetry_core::model::Span;
use telemetry_core::source::span::{MemorySpans, SpanSource};
use telemetry_core::storage::fs::MemoryFileSystem;
use tracestore::TraceStore;

/// The same spans in every source, each with the name that failures carry: plain memory, the store's head, and the
/// store after flush, compaction and reopening.
#[expect(clippy::panic, reason = "no case means anything without the store it asks")]
pub(super) fn sources(spans: &[Span]) -> Vec<(&'static str, Box<dyn SpanSource>)> {
    let memory = MemorySpans::new(spans.iter().cloned());
    let mut sources: Vec<(&'static str, Box<dyn SpanSource>)> = vec![
        // Small groups, no help with conditions, and all left out that may be.
        (
            "memory",
            Box::new(memory.with_group_spans(100).with_conditions(false).with_skipping(true)),
        ),
    ];
    for (name, store) in [("head", head(spans)), ("reopened", reopened(spans))] {
        match store {
            Ok(store) => sources.push((name, Box::new(store))),
            Err(error) => panic!("the store cannot be loaded: {error}"),
        }
    }
    sources
}

/// Spans per commit.
const BATCH_SPANS: usize = 1000;

fn push(store: &TraceStore, spans: &[Span]) -> Result<(), tracestore::Error> {
    for some in spans.chunks(BATCH_SPANS) {
        let mut batch = store.batch();
        some.iter().for_each(|span| batch.push(span.clone()));
        let committed = batch.commit()?;
        assert!(committed.refused.is_empty(), "{:?}", committed.refused);
    }
    Ok(())
}

/// All spans in the head.
fn head(spans: &[Span]) -> Result<TraceStore, tracestore::Error> {
    let store = TraceStore::in_memory()?;
    push(&store, spans)?;
    Ok(store)
}

/// Blocks before compaction, which makes one of so many.
const BLOCKS: usize = 4;

/// Spans in blocks, those of one trace in all of them until compaction puts them together.
fn reopened(spans: &[Span]) -> Result<TraceStore, tracestore::Error> {
    let files = Arc::new(MemoryFileSystem::new());
    let builder = || TraceStore::builder().file_system(files.clone());
    let store = builder().open("/traces")?;
    for block in 0..BLOCKS {
        let part: Vec<Span> = spans.iter().skip(block).step_by(BLOCKS).cloned().collect();
        push(&store, &part)?;
        store.flush()?;
    }
    store.compact()?;
    store.close()?;
    drop(store);
    builder().open("/traces")
}
