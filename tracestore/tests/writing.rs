//! What is refused, what is kept, and what deletes and retention take away.
#![cfg(test)]

mod spans;

use std::sync::Arc;

use spans::{commit, numbered, quiet, scanned};
use telemetry_core::labels::Matcher;
use telemetry_core::model::{KeyValue, Span, SpanId, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{RefusalReason, SpanSink};
use telemetry_core::source::span::SpanSource;
use telemetry_core::storage::store::Retention;
use telemetry_core::time::NanosRange;
use tracestore::{Error, TraceStore};

fn store() -> TraceStore {
    TraceStore::builder().storage(quiet()).in_memory().unwrap()
}

#[test]
fn items_are_refused_one_by_one_and_the_rest_is_stored() {
    let store = store();
    let mut sink = store.batch();
    sink.push(numbered((1, 1, 5), 0));
    sink.push(Span { trace_id: TraceId::default(), ..numbered((1, 2, 5), 0) });
    sink.refuse(RefusalReason::Malformed { rule: "of the decoder" });
    let mut long = numbered((1, 3, 5), 0);
    long.attributes.push(KeyValue::new("k".repeat(5_000), 1_i64));
    sink.push(long);
    sink.push(numbered((1, 4, 5), 0));
    let committed = sink.commit().unwrap();
    assert_eq!(committed.stored, 2);
    let refused: Vec<u64> = committed.refused.iter().map(|refusal| refusal.index).collect();
    assert_eq!(refused, [1, 2, 3]);
    assert_eq!(committed.refused[0].reason, RefusalReason::ZeroId { what: "trace id" });
    let zero = Span { span_id: SpanId::default(), ..numbered((1, 2, 5), 0) };
    assert!(matches!(store.push(zero), Err(Error::Refused(RefusalReason::ZeroId { .. }))));
    assert_eq!(scanned(&store).unwrap().len(), 2);
}

#[test]
fn a_parent_of_zeros_is_no_parent() {
    let store = store();
    let span = Span { parent_span_id: Some(SpanId::default()), ..numbered((1, 1, 5), 0) };
    store.push(span).unwrap();
    let trace = store.trace(TraceId([1; 16]), &QueryContext::new()).unwrap().unwrap();
    assert_eq!(trace.spans[0].parent_span_id, None);
}

#[test]
fn a_span_sent_twice_is_kept_as_it_came_first() {
    let store = store();
    store.push(numbered((1, 1, 5), 0)).unwrap();
    store.flush().unwrap();
    store.push(numbered((1, 1, 5), 1)).unwrap();
    store.flush().unwrap();
    store.push(numbered((1, 1, 5), 2)).unwrap();
    let spans = |store: &TraceStore| {
        store.trace(TraceId([1; 16]), &QueryContext::new()).unwrap().unwrap().spans
    };
    assert_eq!(spans(&store), [numbered((1, 1, 5), 0)]);
    assert_eq!(scanned(&store).unwrap().len(), 1);
}

#[test]
fn a_trace_is_deleted_by_its_id_and_what_comes_later_stays() {
    let store = store();
    for part in 0..3_u8 {
        let spans = [numbered((1, part + 1, 5), 0), numbered((2, part + 1, 5), 0)];
        commit(&store, &spans).unwrap();
        if part < 2 {
            store.flush().unwrap();
        }
    }
    let id = TraceId([1; 16]);
    store.delete(vec![Matcher::equal("trace:id", id.to_string())], NanosRange::ALL).unwrap();
    let spans = |store: &TraceStore, id| {
        store.trace(id, &QueryContext::new()).unwrap().map_or(0, |trace| trace.spans.len())
    };
    for _ in 0..2 {
        assert_eq!((spans(&store, id), spans(&store, TraceId([2; 16]))), (0, 3));
        assert_eq!(scanned(&store).unwrap().len(), 3);
        store.flush().unwrap();
        store.compact().unwrap();
    }
    assert_eq!(store.stats().tombstones, 0);
    commit(&store, &[numbered((1, 1, 5), 7)]).unwrap();
    assert_eq!(spans(&store, id), 1);
}

#[test]
fn old_blocks_leave_with_their_age() {
    let mut options = quiet();
    options.retention = Retention { age: Some(1_000), bytes: None };
    let store = TraceStore::builder().storage(options).in_memory().unwrap();
    commit(&store, &[numbered((1, 1, 0), 0)]).unwrap();
    store.flush().unwrap();
    commit(&store, &[numbered((1, 2, 10_000), 0), numbered((2, 2, 10_000), 0)]).unwrap();
    store.flush().unwrap();
    store.run_maintenance().unwrap();
    let times: Vec<i64> = scanned(&store).unwrap().iter().map(|span| span.1).collect();
    assert_eq!(times, [10_000, 10_000]);
}

#[test]
fn handles_are_one_store_and_closing_is_for_all() {
    let store = store();
    let other = store.clone();
    store.push(numbered((1, 1, 0), 0)).unwrap();
    assert_eq!(scanned(&other).unwrap().len(), 1);
    other.health().unwrap();
    store.close().unwrap();
    assert!(other.push(numbered((1, 2, 0), 0)).is_err());
    let shared: Arc<dyn SpanSource> = Arc::new(other);
    assert!(shared.trace(TraceId([9; 16]), &QueryContext::new()).unwrap().is_none());
}
