//! How fast does the trace store take spans in, how small does it keep them, and how fast are
//! conditions and traces answered?
//!
//! Corpus: seeded; traces of 10 spans of an HTTP service that calls others and a database, random ids,
//! nanosecond times, 10 attributes per span (one of them never the same twice), 6 on the resource, an
//! exception with a stack trace in one of 50 spans. On disk, in the system's temporary directory,
//! `Durability::Interval` of a second, commits of 100 spans, one thread.
//!
//! Not measured: decoding, the query language.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench; a failure ends the run")]

mod workload;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use telemetry_core::model::{
    KeyValue, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanStatus, StatusCode, TraceId,
};
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{
    AttributeScope, Comparison, Intrinsic, SpanCondition, SpanField, SpanRequest, SpanSource,
    SpanTest, SpanValue, TraceSkip,
};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::Nanos;
use tracestore::TraceStore;
use workload::Numbers;

/// Spans of a commit.
const COMMIT: usize = 100;
/// Spans of a trace.
const TRACE: usize = 10;

/// Spans: few where this runs as a test.
fn count() -> usize {
    if std::env::args().any(|argument| argument == "--bench") { 100_000 } else { 2_000 }
}

fn resources() -> Vec<Arc<Resource>> {
    let names = ["frontend", "cart", "checkout", "payment", "shipping", "currency", "postgres"];
    let one = |(at, name): (usize, &&str)| {
        Arc::new(Resource {
            attributes: vec![
                KeyValue::new("service.name", *name),
                KeyValue::new("service.version", "1.4.2"),
                KeyValue::new("k8s.namespace.name", "shop"),
                KeyValue::new("k8s.pod.name", format!("{name}-7d9f8b6c5-x{at}k2p")),
                KeyValue::new("host.name", format!("node-{}", at % 3)),
                KeyValue::new("telemetry.sdk.language", "go"),
            ],
            ..Resource::default()
        })
    };
    names.iter().enumerate().map(one).collect()
}

fn spans(count: usize) -> Vec<Span> {
    let (mut numbers, resources) = (Numbers::new(11), resources());
    let scope = Arc::new(Scope {
        name: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp".into(),
        version: "0.49.0".into(),
        ..Scope::default()
    });
    let routes = ["/", "/cart", "/cart/checkout", "/product/{id}", "/api/currencies", "/health"];
    let mut spans = Vec::with_capacity(count);
    let mut ids: Vec<SpanId> = Vec::new();
    let (mut trace_id, mut start) = (TraceId::default(), 1_700_000_000_000_000_000_i64);
    for at in 0..count {
        if at % TRACE == 0 {
            ids.clear();
            let high = u128::from(numbers.next()) << 64;
            trace_id = TraceId((high | u128::from(numbers.next())).to_be_bytes());
            start += 1_000_000 + numbers.below(20_000_000) as i64;
        }
        let parent =
            ids.len().checked_sub(1).map(|last| ids[numbers.below(last as u64 + 1) as usize]);
        let span_id = SpanId((numbers.next() | 1).to_be_bytes());
        ids.push(span_id);
        let begin = start + ids.len() as i64 * 150_000 + numbers.below(1_000_000) as i64;
        let (route, failed) = (routes[numbers.below(6) as usize], numbers.below(50) == 0);
        let events = failed.then(|| SpanEvent {
            time: Nanos(begin + 50_000),
            name: "exception".into(),
            attributes: vec![
                KeyValue::new("exception.type", "io.timeout"),
                KeyValue::new("exception.message", "context deadline exceeded"),
                KeyValue::new("exception.stacktrace", STACK),
            ],
            ..SpanEvent::default()
        });
        spans.push(Span {
            trace_id,
            span_id,
            parent_span_id: parent,
            flags: 0x101,
            name: format!("GET {route}"),
            kind: if ids.len() % 2 == 1 { SpanKind::Server } else { SpanKind::Client },
            start: Nanos(begin),
            end: Nanos(begin + 20_000 + numbers.below(40_000_000) as i64),
            attributes: vec![
                KeyValue::new("http.request.method", "GET"),
                KeyValue::new("http.route", route),
                KeyValue::new("http.response.status_code", if failed { 500_i64 } else { 200 }),
                KeyValue::new("url.path", format!("{route}?session={:016x}", numbers.next())),
                KeyValue::new("server.address", format!("10.0.0.{}", numbers.below(20))),
                KeyValue::new("server.port", 8080_i64),
                KeyValue::new("network.protocol.version", "1.1"),
                KeyValue::new("user.id", numbers.below(5_000) as i64),
                KeyValue::new("thread.id", numbers.below(64) as i64),
                KeyValue::new("cache.hit", numbers.below(2) == 0),
            ],
            events: events.into_iter().collect(),
            status: SpanStatus {
                code: if failed { StatusCode::Error } else { StatusCode::Unset },
                message: if failed { "timeout".into() } else { String::new() },
            },
            resource: resources[numbers.below(7) as usize].clone(),
            scope: scope.clone(),
            ..Span::default()
        });
    }
    spans
}

const STACK: &str = "goroutine 41 [running]:\nmain.(*server).handle(0xc000112000)\n\t/src/main.go:118 \
                     +0x1f4\nnet/http.HandlerFunc.ServeHTTP(0xc00007e0c0)\n\t/go/net/http/server.go:2136 +0x29";

fn open(directory: &std::path::Path) -> TraceStore {
    open_with(directory, RuntimeOptions::default())
}

fn open_with(directory: &std::path::Path, runtime: RuntimeOptions) -> TraceStore {
    let mut options = StoreOptions::default();
    options.runtime = Some(Runtime::new(runtime));
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_max = 1 << 30;
    TraceStore::builder().storage(options).open(directory).expect("an empty directory")
}

fn push(store: &TraceStore, spans: Vec<Span>) {
    let mut batch = store.batch();
    for (at, span) in spans.into_iter().enumerate() {
        batch.push(span);
        if at % COMMIT == COMMIT - 1 {
            let _ = batch.commit().expect("an open store");
        }
    }
    let _ = batch.commit().expect("an open store");
}

/// Rows that hold the conditions, over all groups.
fn matching(store: &TraceStore, conditions: &[SpanCondition]) -> usize {
    let context = QueryContext::new();
    let request = SpanRequest {
        conditions: conditions.to_vec(),
        skip: TraceSkip::UnlessAll((0..conditions.len()).collect()),
        ..SpanRequest::default()
    };
    let groups = store.select(&request, &context).expect("an open store");
    let mut found = 0;
    for group in 0..groups.len() {
        let group = groups.open(group, &context).expect("an intact group");
        let holds = (0..conditions.len()).map(|at| {
            group.condition(at, &context).expect("an intact column").expect("stores answer")
        });
        let all = holds.reduce(|mut all, holds| {
            all.and(&holds);
            all
        });
        found += all.map_or(0, |all| all.count());
    }
    found
}

fn condition(field: SpanField, by: Comparison, operand: SpanValue) -> SpanCondition {
    SpanCondition { field, test: SpanTest::Compare(by, operand) }
}

fn conditions() -> Vec<(&'static str, Vec<SpanCondition>)> {
    let attribute = |scope, name| SpanField::attribute(scope, name);
    let status = attribute(AttributeScope::Span, "http.response.status_code");
    let service = attribute(AttributeScope::Resource, "service.name");
    let path = attribute(AttributeScope::Span, "url.path");
    let error = condition(status, Comparison::Equal, SpanValue::Int(500));
    let cart = condition(service, Comparison::Equal, "cart".into());
    let absent = condition(path, Comparison::Equal, "/nowhere".into());
    let slow =
        condition(Intrinsic::Duration.into(), Comparison::Greater, SpanValue::Duration(39_000_000));
    vec![
        ("span int", vec![error.clone()]),
        ("resource text", vec![cart.clone()]),
        ("duration", vec![slow.clone()]),
        ("text never the same twice", vec![absent]),
        ("three at once", vec![error, cart, slow]),
    ]
}

fn append(c: &mut Criterion) {
    let spans = spans(count());
    let mut group = c.benchmark_group("traces/append");
    group.sample_size(10).throughput(Throughput::Elements(spans.len() as u64));
    group.bench_function("commits of 100", |b| {
        b.iter_batched(
            || (tempfile::tempdir().expect("a temporary directory"), spans.clone()),
            |(directory, spans)| {
                let store = open(directory.path());
                push(&store, spans);
                (store, directory)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("flush", |b| {
        b.iter_batched(
            || {
                let directory = tempfile::tempdir().expect("a temporary directory");
                let store = open(directory.path());
                push(&store, spans.clone());
                (store, directory)
            },
            |(store, directory)| {
                store.flush().expect("an open store");
                (store, directory)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("merge of four blocks", |b| {
        b.iter_batched(
            || {
                let directory = tempfile::tempdir().expect("a temporary directory");
                let store = open(directory.path());
                // Traces are cut by the ends of blocks.
                for quarter in spans.chunks(spans.len() / 4 + 5) {
                    push(&store, quarter.to_vec());
                    store.flush().expect("an open store");
                }
                (store, directory)
            },
            |(store, directory)| {
                store.compact().expect("an open store");
                (store, directory)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn scan(c: &mut Criterion) {
    let spans = spans(count());
    let ids: Vec<TraceId> = spans.iter().step_by(TRACE * 7).map(|span| span.trace_id).collect();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    push(&store, spans.clone());
    measure_reads(&store, "head", &ids, spans.len(), c);
    store.flush().expect("an open store");
    measure_reads(&store, "block", &ids, spans.len(), c);
    store.close().expect("an open store");
    drop(store);
    let mut runtime = RuntimeOptions::default();
    runtime.cache_bytes = 0;
    measure_reads(
        &open_with(directory.path(), runtime),
        "block without cache",
        &ids,
        spans.len(),
        c,
    );
}

fn measure_reads(
    store: &TraceStore,
    place: &str,
    ids: &[TraceId],
    spans: usize,
    c: &mut Criterion,
) {
    let mut group = c.benchmark_group(format!("traces/{place}"));
    group.sample_size(10).throughput(Throughput::Elements(spans as u64));
    for (name, conditions) in conditions() {
        group.bench_function(name, |b| b.iter(|| matching(store, black_box(&conditions))));
    }
    let context = QueryContext::new();
    group.bench_function("nested sets", |b| {
        b.iter(|| {
            let groups = store.select(&SpanRequest::default(), &context).expect("open");
            for group in 0..groups.len() {
                let group = groups.open(group, &context).expect("an intact group");
                black_box(group.nested_sets(&context).expect("an intact group"));
            }
        });
    });
    group.throughput(Throughput::Elements(1));
    let mut next = ids.iter().cycle();
    group.bench_function("trace by id", |b| {
        b.iter(|| {
            let id = next.next().copied().unwrap_or_default();
            store.trace(id, &context).expect("an open store").expect("it was stored")
        });
    });
    group.finish();
}

/// Sizes, which no clock measures.
fn report() {
    let spans = spans(count());
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    let many = spans.len() as f64;
    push(&store, spans);
    let before = store.stats();
    store.flush().expect("an open store");
    let after = store.stats();
    println!(
        "{many} spans; bytes per span: head {:.0}, log {:.1}, block {:.1}",
        before.head_bytes as f64 / many,
        before.log_bytes as f64 / many,
        after.block_bytes as f64 / many,
    );
}

criterion_group!(benches, append, scan);

fn main() {
    report();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
