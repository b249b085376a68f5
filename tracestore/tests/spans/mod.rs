//! What the tests of the store share: random spans, and pictures of what a source gives.
#![cfg(test)]
#![allow(dead_code, reason = "every test file uses a part")]

#[path = "../../src/span/sample.rs"]
pub(crate) mod sample;
pub(crate) mod subject;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use telemetry_core::labels::Matcher;
use telemetry_core::labels::regex::Regex;
use telemetry_core::model::{KeyValue, Resource, Span, SpanId, SpanKind, StatusCode, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{
    AttributeScope, Comparison, Intrinsic, SpanCondition, SpanField, SpanRequest, SpanSource,
    SpanTest, SpanValue, TraceSkip,
};
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::{Durability, StoreOptions};
use telemetry_core::time::NanosRange;

use sample::Random;
use tracestore::TraceStore;

/// Options under which nothing happens by itself.
pub(crate) fn quiet() -> StoreOptions {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    options
}

/// The spans that a store keeps: of those with one id and kind in a trace, the first.
pub(crate) fn once(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut known = BTreeSet::new();
    let mut kept: Vec<Span> = spans.into_iter().collect();
    kept.retain(|span| known.insert((span.trace_id, span.span_id, span.kind)));
    kept
}

/// Every field there is.
pub(crate) fn all_fields() -> Vec<SpanField> {
    use Intrinsic as I;
    let intrinsics = [
        I::Name,
        I::Status,
        I::StatusMessage,
        I::Kind,
        I::Duration,
        I::StartTime,
        I::SpanId,
        I::ParentId,
        I::TraceState,
        I::EventName,
        I::EventTimeSinceStart,
        I::LinkTraceId,
        I::LinkSpanId,
        I::InstrumentationName,
        I::InstrumentationVersion,
        I::TraceId,
        I::TraceRootName,
        I::TraceRootService,
        I::TraceDuration,
        I::TraceStartTime,
        I::NestedSetLeft,
        I::NestedSetRight,
        I::NestedSetParent,
        I::ChildCount,
    ];
    let mut fields: Vec<SpanField> = intrinsics.into_iter().map(SpanField::from).collect();
    let names =
        ["http.method", "code", "ratio", "ok", "tags", "blob", "shared", "service.name", "absent"];
    for scope in AttributeScope::STORED.into_iter().chain([AttributeScope::Any]) {
        fields.extend(names.map(|name| SpanField::attribute(scope, name)));
    }
    fields
}

/// A condition on some field.
pub(crate) fn condition(random: &mut Random) -> SpanCondition {
    let fields = all_fields();
    let field = fields[random.below(fields.len() as u64) as usize].clone();
    let operands = [
        SpanValue::Int(200),
        SpanValue::Int(1),
        SpanValue::Int(3_000),
        SpanValue::Float(0.5),
        SpanValue::Float(200.0),
        SpanValue::Duration(300),
        SpanValue::from("GET"),
        SpanValue::from("GET /"),
        SpanValue::from("api"),
        SpanValue::from("retry"),
        SpanValue::from(""),
        SpanValue::from("0303030303030303"),
        SpanValue::from(true),
        SpanValue::Status(StatusCode::Error),
        SpanValue::Kind(SpanKind::Server),
        SpanValue::Nil,
    ];
    let comparisons = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessEqual,
        Comparison::Greater,
        Comparison::GreaterEqual,
    ];
    let test = match random.below(8) {
        0 => SpanTest::Exists,
        1 => SpanTest::Regex(Regex::new("G.*|.*03|a.*").unwrap()),
        2 => SpanTest::NotRegex(Regex::new("G.*|.*03|a.*").unwrap()),
        _ => SpanTest::Compare(
            comparisons[random.below(6) as usize],
            operands[random.below(operands.len() as u64) as usize].clone(),
        ),
    };
    SpanCondition { field, test }
}

/// A request with some conditions, over all time or a part.
pub(crate) fn request(random: &mut Random) -> SpanRequest {
    let window = if random.one_in(2) {
        NanosRange::ALL
    } else {
        let start = random.below(14_000) as i64;
        NanosRange::new(start, start + random.below(4_000) as i64)
    };
    let conditions: Vec<SpanCondition> = (0..random.below(4)).map(|_| condition(random)).collect();
    let skip = match random.below(3) {
        0 => TraceSkip::Never,
        1 => TraceSkip::UnlessAll((0..conditions.len()).filter(|_| random.one_in(2)).collect()),
        _ => TraceSkip::UnlessAny,
    };
    SpanRequest { conditions, skip, ..SpanRequest::all(window) }
}

/// A trace as a source shows it.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    facts: String,
    rows: Vec<String>,
    /// Conditions that each row holds.
    holds: Vec<Vec<usize>>,
}

/// All that a source gives for a request, trace by trace.
pub(crate) fn pictures(
    source: &dyn SpanSource,
    request: &SpanRequest,
) -> BTreeMap<TraceId, Picture> {
    let context = QueryContext::new();
    let groups = source.select(request, &context).unwrap();
    let mut pictures = BTreeMap::new();
    for group in 0..groups.len() {
        let (earliest, latest) = groups.bounds(group);
        let group = groups.open(group, &context).unwrap();
        let spans = group.spans();
        let nested = group.nested_sets(&context).unwrap();
        assert_eq!(nested.left.len(), spans);
        let holds: Vec<_> = (0..request.conditions.len())
            .map(|at| group.condition(at, &context).unwrap().expect("stores answer conditions"))
            .collect();
        let mut lines = vec![String::new(); spans];
        for field in all_fields() {
            match &field {
                SpanField::Intrinsic(intrinsic) if intrinsic.is_of_trace() => continue,
                SpanField::Intrinsic(intrinsic) if intrinsic.is_of_tree() => {
                    for (row, line) in lines.iter_mut().enumerate() {
                        *line += &format!(" {field}={:?}", nested.value(*intrinsic, row));
                    }
                    continue;
                }
                _ => {}
            }
            // All rows at once, and some of them alone, give the same.
            let all: Vec<u32> = (0..spans as u32).collect();
            let some: Vec<u32> = all.iter().copied().filter(|row| row % 3 == 1).collect();
            let column = group.column(&field, &all, &context).unwrap();
            let part = group.column(&field, &some, &context).unwrap();
            assert_eq!((column.len(), part.len()), (all.len(), some.len()));
            for (row, line) in lines.iter_mut().enumerate() {
                *line += &format!(" {field}={:?}{:?}", column.value(row), column.items(row));
            }
            for (at, row) in some.iter().enumerate() {
                assert_eq!(part.value(at), column.value(*row as usize), "{field}");
                assert_eq!(part.items(at), column.items(*row as usize), "{field}");
            }
        }
        for trace in 0..group.traces() {
            let facts = group.trace(trace).unwrap();
            assert!(earliest <= facts.start && facts.start <= latest, "bounds");
            let rows = group.trace_starts()[trace]..group.trace_starts()[trace + 1];
            assert!(!rows.is_empty());
            let held = |row: u32| (0..holds.len()).filter(|at| holds[*at].contains(row)).collect();
            let picture = Picture {
                facts: format!("{facts:?}"),
                rows: rows.clone().map(|row| lines[row as usize].clone()).collect(),
                holds: rows.map(held).collect(),
            };
            let before = pictures.insert(facts.id, picture);
            assert!(before.is_none(), "trace {} twice", facts.id);
        }
    }
    pictures
}

/// Asserts that the two sources give the same, but for traces that the request lets them leave out.
pub(crate) fn assert_same(
    found: &dyn SpanSource,
    expected: &dyn SpanSource,
    request: &SpanRequest,
) {
    let mut found = pictures(found, request);
    for (id, expected) in pictures(expected, request) {
        match found.remove(&id) {
            Some(found) => assert_eq!(found, expected, "trace {id} of {request:?}"),
            None => {
                let matters = expected.holds.iter().any(|held| match &request.skip {
                    TraceSkip::Never => true,
                    TraceSkip::UnlessAll(all) => all.iter().all(|at| held.contains(at)),
                    TraceSkip::UnlessAny => !held.is_empty(),
                });
                assert!(!matters, "trace {id} is missing: {request:?}");
            }
        }
    }
    assert!(found.is_empty(), "traces that should not be there: {:?}", found.keys());
}

/// Asserts that names and values of attributes are the same.
pub(crate) fn assert_same_names(found: &dyn SpanSource, expected: &dyn SpanSource) {
    let (context, all) = (QueryContext::new(), NanosRange::ALL);
    let scopes = AttributeScope::STORED.into_iter().chain([AttributeScope::Any]).map(Some);
    for scope in scopes.chain([None]) {
        let names = |of: &dyn SpanSource| of.attribute_names(scope, all, &context).unwrap();
        assert_eq!(names(found), names(expected), "{scope:?}");
    }
    for field in all_fields() {
        let values = |of: &dyn SpanSource| of.attribute_values(&field, all, &context).unwrap();
        assert_eq!(values(found), values(expected), "{field}");
    }
}

/// All spans of the store, trace by trace, in row order.
pub(crate) fn contents(source: &dyn SpanSource, ids: impl Iterator<Item = TraceId>) -> Vec<Span> {
    let context = QueryContext::new();
    let traces = ids.filter_map(|id| source.trace(id, &context).unwrap());
    traces.flat_map(|trace| trace.spans).collect()
}

/// The ids that [`sample`] gives traces.
pub(crate) fn sample_ids() -> impl Iterator<Item = TraceId> {
    (1..=12).map(|byte| TraceId([byte; 16]))
}

/// A store that does nothing by itself, over these files.
pub(crate) fn open(
    files: Arc<dyn FileSystem>,
    durability: Durability,
) -> Result<TraceStore, tracestore::Error> {
    let mut options = quiet();
    options.durability = durability;
    options.head_bytes_kept_on_close = 0;
    TraceStore::builder().file_system(files).storage(options).open("/data/traces")
}

/// A span as the models below see it: trace, id, start.
pub(crate) type Brief = (u8, u8, i64);

/// Everything of the span follows from the three numbers, but for `variant`, which tells apart spans
/// that are sent twice.
pub(crate) fn numbered((trace, id, start): Brief, variant: i64) -> Span {
    let mut span = sample::span_of(&mut Random(start as u64), trace);
    span.span_id = SpanId([id; 8]);
    span.kind = SpanKind::Internal;
    span.end = (span.end.0 - span.start.0 + start).into();
    span.start = start.into();
    span.resource = Arc::new(Resource {
        attributes: vec![KeyValue::new("service.name", format!("s{}", id % 3))],
        ..Resource::default()
    });
    span.attributes.push(KeyValue::new("variant", variant));
    span
}

/// Stores spans as one commit.
pub(crate) fn commit(store: &TraceStore, spans: &[Span]) -> Result<u64, tracestore::Error> {
    let mut batch = store.batch();
    spans.iter().for_each(|span| batch.push(span.clone()));
    let committed = batch.commit()?;
    assert!(committed.is_complete(), "{committed:?}");
    Ok(committed.stored)
}

/// Deletes what the service with this number did in a window.
pub(crate) fn delete(
    store: &TraceStore,
    service: u8,
    window: NanosRange,
) -> Result<(), tracestore::Error> {
    store.delete(vec![Matcher::equal("service.name", format!("s{service}"))], window)
}

/// The plainest store there is.
#[derive(Clone, Default)]
pub(crate) struct Model {
    spans: BTreeMap<(TraceId, SpanId), Span>,
}

impl Model {
    /// Adds a span, unless its trace has one with its id: kinds are all the same.
    pub(crate) fn insert(&mut self, span: &Span) {
        self.spans.entry((span.trace_id, span.span_id)).or_insert_with(|| span.clone());
    }

    /// As [`delete`].
    pub(crate) fn delete(&mut self, service: u8, window: NanosRange) {
        self.spans.retain(|(_, id), span| !(id.0[0] % 3 == service && window.contains(span.start)));
    }

    /// As [`contents`], over [`sample_ids`].
    pub(crate) fn contents(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = self.spans.values().cloned().collect();
        spans.sort_by_key(|span| (span.trace_id, span.start, span.span_id));
        spans
    }
}

/// All spans of the store by way of its groups, in the order of [`contents`]: ids and starts.
pub(crate) fn scanned(store: &TraceStore) -> Result<Vec<(TraceId, i64, String)>, SourceError> {
    let context = QueryContext::new();
    let groups = store.select(&SpanRequest::default(), &context)?;
    let mut found = Vec::new();
    for group in 0..groups.len() {
        let group = groups.open(group, &context)?;
        let all: Vec<u32> = (0..group.spans() as u32).collect();
        let starts = group.column(&Intrinsic::StartTime.into(), &all, &context)?;
        let ids = group.column(&Intrinsic::SpanId.into(), &all, &context)?;
        for trace in 0..group.traces() {
            let id = group.trace(trace)?.id;
            for row in group.trace_starts()[trace]..group.trace_starts()[trace + 1] {
                let SpanValue::Int(start) = starts.value(row as usize) else { continue };
                found.push((id, start, ids.value(row as usize).to_string()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What [`scanned`] gives for these spans.
pub(crate) fn to_scan(spans: &[Span]) -> Vec<(TraceId, i64, String)> {
    let brief = |span: &Span| (span.trace_id, span.start.0, span.span_id.to_string());
    let mut found: Vec<_> = spans.iter().map(brief).collect();
    found.sort();
    found
}

/// As [`contents`] over [`sample_ids`], with errors given back.
pub(crate) fn try_contents(store: &TraceStore) -> Result<Vec<Span>, SourceError> {
    let context = QueryContext::new();
    let mut spans = Vec::new();
    for id in sample_ids() {
        spans.extend(store.trace(id, &context)?.into_iter().flat_map(|trace| trace.spans));
    }
    Ok(spans)
}
