//! The store gives what plain spans in memory give: from the head, from blocks, from both, with traces
//! spread over several of them, and after they were merged.
#![cfg(test)]

mod spans;

use proptest::prelude::*;
use spans::sample::{self, Random};
use spans::{assert_same, assert_same_names, contents, once, quiet, request, sample_ids};
use telemetry_core::model::Span;
use telemetry_core::query::{Interrupt, Limits, QueryContext};
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{MemorySpans, SpanRequest, SpanSource};
use tracestore::TraceStore;

fn store() -> TraceStore {
    TraceStore::builder().storage(quiet()).in_memory().unwrap()
}

fn push(store: &TraceStore, spans: &[Span]) {
    let mut batch = store.batch();
    spans.iter().for_each(|span| batch.push(span.clone()));
    assert!(batch.commit().unwrap().is_complete());
}

fn some(seed: u64, count: usize) -> Vec<Span> {
    let mut random = Random(seed);
    (0..count).map(|_| sample::span(random.next())).collect()
}

fn check(store: &TraceStore, spans: &[Span], random: &mut Random) {
    let double = MemorySpans::new(once(spans.iter().cloned()));
    assert_same(store, &double, &SpanRequest::default());
    for _ in 0..12 {
        assert_same(store, &double, &request(random));
    }
    assert_same_names(store, &double);
    assert_eq!(contents(store, sample_ids()), contents(&double, sample_ids()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn head_blocks_and_both_give_what_plain_spans_give(seed: u64, parts in prop::collection::vec(1_usize..40, 1..6)) {
        let mut random = Random(seed);
        let (store, mut all) = (store(), Vec::new());
        for part in parts {
            let spans = some(random.next(), part);
            push(&store, &spans);
            all.extend(spans);
            check(&store, &all, &mut random);
            if random.one_in(2) {
                store.flush().unwrap();
                check(&store, &all, &mut random);
            }
            if random.one_in(3) {
                store.compact().unwrap();
                check(&store, &all, &mut random);
            }
        }
        store.flush().unwrap();
        store.compact().unwrap();
        check(&store, &all, &mut random);
        prop_assert!(store.verify().unwrap().is_intact());
    }
}

#[test]
fn spans_that_come_late_join_their_trace_and_compaction_keeps_it_whole() {
    let (store, all) = (store(), some(5, 200));
    for part in all.chunks(40) {
        push(&store, part);
        store.flush().unwrap();
    }
    let mut random = Random(1);
    assert_eq!(store.stats().blocks, 5);
    check(&store, &all, &mut random);
    store.compact().unwrap();
    assert!(store.stats().blocks < 5);
    check(&store, &all, &mut random);
}

#[test]
fn a_large_store_has_many_groups_and_a_trace_may_be_larger_than_one() {
    let store = store();
    let mut all = Vec::new();
    for number in 0..9_000_u32 {
        let mut span = sample::span_of(&mut Random(number.into()), 1 + (number % 200) as u8);
        span.span_id = telemetry_core::model::SpanId(u64::from(number + 1).to_be_bytes());
        if number >= 4_000 {
            span.trace_id = telemetry_core::model::TraceId([201; 16]);
        }
        all.push(span);
    }
    push(&store, &all);
    store.flush().unwrap();
    let double = MemorySpans::new(all);
    let context = QueryContext::new();
    let groups = store.select(&SpanRequest::default(), &context).unwrap();
    assert!(groups.len() > 1);
    assert_same(&store, &double, &SpanRequest::default());
    let mut random = Random(3);
    for _ in 0..5 {
        assert_same(&store, &double, &request(&mut random));
    }
}

#[test]
fn a_query_sees_what_was_there_when_it_began() {
    let (store, all) = (store(), some(9, 60));
    let (before, after) = all.split_at(30);
    push(&store, before);
    let context = QueryContext::new();
    let groups = store.select(&SpanRequest::default(), &context).unwrap();
    push(&store, after);
    store.flush().unwrap();
    store.compact().unwrap();
    let spans = (0..groups.len()).map(|group| groups.open(group, &context).unwrap().spans());
    assert_eq!(spans.sum::<usize>(), once(before.iter().cloned()).len());
}

#[test]
fn limits_and_cancellation_stop_a_query() {
    let (store, all) = (store(), some(2, 60));
    push(&store, &all);
    store.flush().unwrap();
    let limits = Limits { samples: 10, ..Limits::default() };
    let context = QueryContext::new().with_limits(limits);
    let groups = store.select(&SpanRequest::default(), &context).unwrap();
    let refused = groups.open(0, &context).err();
    assert!(matches!(
        refused,
        Some(SourceError::Interrupted(Interrupt::LimitExceeded { limit: 10, .. }))
    ));
    let context = QueryContext::new().with_timeout(std::time::Duration::ZERO);
    assert!(store.select(&SpanRequest::default(), &context).is_err());
    assert!(store.trace(all[0].trace_id, &context).is_err());
}
