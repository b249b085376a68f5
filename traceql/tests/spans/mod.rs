//! Spans for tests, and searches over them.
#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::BTreeSet;
use std::sync::Arc;

use telemetry_core::model::{KeyValue, Resource, Span, SpanId, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{MemorySpans, SpanSource};
use telemetry_core::time::Nanos;
use traceql::{Engine, Error, SearchOptions, SearchResult};

/// A span by the numbers of its trace, itself and its parent; 0 is no parent.
pub(crate) fn span(trace: u8, id: u8, parent: u8) -> Span {
    let number = |id: u8| SpanId([0, 0, 0, 0, 0, 0, 0, id]);
    Span {
        trace_id: TraceId([trace; 16]),
        span_id: number(id),
        parent_span_id: (parent > 0).then(|| number(parent)),
        name: format!("span {id}"),
        start: Nanos(i64::from(trace) * 1_000 + i64::from(id)),
        end: Nanos(i64::from(trace) * 1_000 + i64::from(id) + 10),
        ..Span::default()
    }
}

/// The span with attributes added.
pub(crate) fn with(mut span: Span, attributes: impl IntoIterator<Item = KeyValue>) -> Span {
    span.attributes.extend(attributes);
    span
}

/// The span of a service.
pub(crate) fn of_service(mut span: Span, service: &str) -> Span {
    let attributes = vec![KeyValue::new("service.name", service)];
    span.resource = Arc::new(Resource { attributes, ..Resource::default() });
    span
}

/// Everything that a query finds.
pub(crate) fn search(source: &dyn SpanSource, query: &str) -> Result<SearchResult, Error> {
    let tree = traceql::parse(query)?;
    let options = SearchOptions {
        limit: usize::MAX,
        spans_per_spanset: usize::MAX,
        ..SearchOptions::default()
    };
    Engine.search(&tree, source, &options, &QueryContext::new())
}

/// Traces and spans that a query finds, by their numbers.
pub(crate) fn found(spans: &[Span], query: &str) -> BTreeSet<(u8, u8)> {
    let source = MemorySpans::new(spans.iter().cloned());
    numbers(&search(&source, query).unwrap_or_else(|error| panic!("{}", error.render(query))))
}

/// Traces and spans of an answer, by their numbers.
pub(crate) fn numbers(result: &SearchResult) -> BTreeSet<(u8, u8)> {
    let mut numbers = BTreeSet::new();
    for trace in &result.traces {
        for spanset in &trace.spansets {
            assert_eq!(spanset.matched, spanset.spans.len());
            numbers.extend(spanset.spans.iter().map(|span| (trace.id.0[0], span.id.0[7])));
        }
    }
    numbers
}
