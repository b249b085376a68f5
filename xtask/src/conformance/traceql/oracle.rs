//! Questions to a data set of 2,000 traces, with the answers of a running Tempo.
//!
//! Of answers that contradict Tempo's own documentation (`quirk`), those that the crate `traceql` lists
//! as differences are taken with their documented meaning: what comes out is not compared, only that the query is
//! accepted or refused as it should be. All others must agree.

use super::json::{integer, list, text};
use super::search::{compare_spansets, digest, search};
use super::store::sources;
use super::{otlp, series, tags};
use crate::conformance::report::{Outcome, Report};
use serde_json::Value;
use std::collections::BTreeMap;
use telemetry_core::model::{KeyValue, Span, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{AttributeScope, SpanField, SpanSource};
use telemetry_core::time::NanosRange;

/// Offsets of the data set are counted from here: a multiple of an hour.
pub(super) const BASE_NANOS: i64 = 1_700_000_000 / 3600 * 3600 * NANOS_PER_SECOND;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Texts of quirks whose documented or plain meaning is ours; see the list of differences in the documentation of
/// the crate `traceql`.
const DIFFERENCES: [&str; 7] = [
    "typed column",
    "a literal on the left of an ordering operator",
    "two conditions on events (or links)",
    "negation of a condition on a missing attribute",
    "evaluation error instead of no match",
    "sum_over_time: a span without the attribute",
    "only the intrinsic duration is converted",
];

/// The data set, loaded.
struct Data {
    sources: Vec<(&'static str, Box<dyn SpanSource>)>,
    /// Line in the data set by id.
    lines: BTreeMap<TraceId, usize>,
}

/// Runs all cases.
pub(super) fn run(document: &Value, dataset: &str, report: &mut Report) {
    let mut spans = Vec::<Span>::new();
    let mut lines = BTreeMap::new();
    for (at, line) in dataset.lines().enumerate() {
        let trace = otlp::spans(&serde_json::from_str(line).unwrap_or_default(), BASE_NANOS);
        lines.extend(trace.first().map(|span| (span.trace_id, at)));
        spans.extend(trace);
    }
    let data = Data { sources: sources(&spans), lines };
    for case in list(&document["cases"]) {
        let (kind, id) = (text(&case["kind"]), text(&case["id"]));
        let question = text(&case["input"]["q"]);
        report.case(&format!("{kind} {id} {question}"), || one(&data, kind, case));
    }
}

fn one(data: &Data, kind: &str, case: &Value) -> Outcome {
    for (name, source) in &data.sources {
        let source = &**source;
        let outcome = match kind {
            "search" => search_case(data, source, case).into(),
            "search_metadata" => metadata(data, source, case).into(),
            "query_range" => series::range(source, case).into(),
            "query_instant" => series::instant(source, case).into(),
            "tags" => names(source, case).into(),
            "tag_values" => values(source, case).into(),
            "trace_by_id" => by_id(source, case),
            other => Outcome::Skipped(format!("unknown kind {other}")),
        };
        match outcome {
            Outcome::Passed => {}
            Outcome::Failed(error) => return Outcome::Failed(format!("{name}: {error}")),
            skipped => return skipped,
        }
    }
    Outcome::Passed
}

/// Whether the answer is one that we mean to differ from.
pub(super) fn differs(case: &Value) -> bool {
    let quirk = text(&case["quirk"]);
    DIFFERENCES.iter().any(|known| quirk.starts_with(known))
}

/// Whether the answer is an error of the query.
pub(super) fn refused(expect: &Value) -> bool {
    expect.get("error").is_some()
}

fn search_case(data: &Data, source: &dyn SpanSource, case: &Value) -> Result<(), String> {
    let (input, expect) = (&case["input"], &case["expect"]);
    let time = |value: &Value| integer(value).map(|s| BASE_NANOS + s * NANOS_PER_SECOND);
    let window = match (time(&input["start"]), time(&input["end"])) {
        // Tempo counts whole seconds and takes the last one in.
        (Some(start), Some(end)) => NanosRange::new(start, end + 1),
        _ => NanosRange::ALL,
    };
    let found = search(text(&input["q"]), source, window, 100_000);
    if differs(case) {
        return found.map(|_| ());
    }
    let found = match (found, refused(expect)) {
        (Err(_), true) => return Ok(()),
        (Ok(_), true) => return Err("should be refused".to_owned()),
        (found, false) => found?,
    };
    let sets = || found.traces.iter().flat_map(|trace| &trace.spansets);
    let counts = (found.traces.len() as u64, sets().map(|set| set.matched as u64).sum::<u64>());
    let wanted = (expect["traces"].as_u64(), expect["matched"].as_u64());
    if (Some(counts.0), Some(counts.1)) != wanted {
        return Err(format!("{counts:?} traces and spans, expected {wanted:?}"));
    }
    if expect["span_digest"].as_str() != Some(&digest(&found, &data.lines)) {
        return Err("the same number of spans, but others".to_owned());
    }
    let exact = text(&case["category"]) == "select";
    for trace in &found.traces {
        let line = data.lines.get(&trace.id).map(ToString::to_string).unwrap_or_default();
        if let Some(expected) = expect["result"].get(&line) {
            compare_spansets(&trace.spansets, list(expected), exact)
                .map_err(|error| format!("trace {line}: {error}"))?;
        }
        if let Some(counts) = expect["counts"].get(&line) {
            let mut ours: Vec<u64> = trace.spansets.iter().map(|set| set.matched as u64).collect();
            let mut wanted: Vec<u64> = list(counts).iter().filter_map(Value::as_u64).collect();
            ours.sort_unstable();
            wanted.sort_unstable();
            if ours != wanted {
                return Err(format!("trace {line}: {ours:?} spans, expected {wanted:?}"));
            }
        }
    }
    Ok(())
}

/// Root, start, duration and services of every trace.
fn metadata(data: &Data, source: &dyn SpanSource, case: &Value) -> Result<(), String> {
    let found = search("{ }", source, NanosRange::ALL, 1)?;
    for trace in &found.traces {
        let line = data.lines.get(&trace.id).map(ToString::to_string).unwrap_or_default();
        let Some(row) = case["expect"]["rows"].get(&line) else { continue };
        let missing = "<root span not yet received>";
        let service = trace.root_service.as_deref().unwrap_or(missing);
        let name = trace.root_name.as_deref().unwrap_or_default();
        let milliseconds = trace.duration_nanos / 1_000_000;
        let ours = (service, name, trace.start.0 - BASE_NANOS, milliseconds);
        let wanted = (text(&row[0]), text(&row[1]), integer(&row[2]), integer(&row[3]));
        if (ours.0, ours.1, Some(ours.2), Some(ours.3)) != wanted {
            return Err(format!("trace {line}: {ours:?}, expected {wanted:?}"));
        }
        for service in &trace.services {
            let counts = &row[4][&*service.service];
            let wanted = (counts[0].as_u64(), counts[1].as_u64());
            if wanted != (Some(service.spans.into()), Some(service.errors.into())) {
                return Err(format!("trace {line}: {service:?}, expected {counts}"));
            }
        }
    }
    Ok(())
}

fn names(source: &dyn SpanSource, case: &Value) -> Result<(), String> {
    let (input, expect) = (&case["input"], &case["expect"]);
    let scope = match input["scope"].as_str() {
        None => None,
        Some(name) => match super::search::scope(name) {
            Some(scope) => Some(scope),
            // What is no scope has no type here: the interface of a server refuses the text.
            None if refused(expect) || name == "intrinsic" => return Ok(()),
            None => return Err(format!("unknown scope {name}")),
        },
    };
    let query = text(&input["q"]);
    if text(&input["api"]) == "v2" {
        return tags::names(source, scope, query, &expect["scopes"]);
    }
    let found = tags::fields(source, scope, query)?;
    let name = |field: &SpanField| match field {
        SpanField::Attribute { name, .. } => name.to_string(),
        other => other.to_string(),
    };
    let found: std::collections::BTreeSet<String> = found.iter().map(name).collect();
    let intrinsics = |name: &&str| !INTRINSICS_V1.contains(name);
    let wanted = list(&expect["tagNames"]).iter().map(text).filter(intrinsics);
    let wanted: std::collections::BTreeSet<String> = wanted.map(str::to_owned).collect();
    if found == wanted { Ok(()) } else { Err(format!("{found:?}\nexpected {wanted:?}")) }
}

/// Intrinsics that the first interface lists among the tags.
const INTRINSICS_V1: [&str; 7] =
    ["duration", "kind", "name", "rootName", "rootServiceName", "status", "traceDuration"];

fn values(source: &dyn SpanSource, case: &Value) -> Result<(), String> {
    let (input, expect) = (&case["input"], &case["expect"]);
    let (tag, query) = (text(&input["tag"]), text(&input["q"]));
    if text(&input["api"]) == "v2" {
        return tags::values(source, tag, query, list(&expect["values"]));
    }
    let texts = list(&expect["values"]).iter();
    let wanted: Vec<Value> = texts.map(|value| serde_json::json!(["string", value])).collect();
    let field = SpanField::attribute(AttributeScope::Any, tag).to_string();
    tags::values(source, &field, query, &wanted)
}

fn by_id(source: &dyn SpanSource, case: &Value) -> Outcome {
    let (input, expect) = (&case["input"], &case["expect"]);
    if ["match_depth", "ancestor_depth"].iter().any(|depth| input.get(depth).is_some()) {
        return Outcome::Skipped(
            "levels around the spans of a filter belong to a later issue".to_owned(),
        );
    }
    let id = match text(&input["trace_id"]).parse::<TraceId>() {
        Ok(id) => id,
        Err(error) => {
            return Outcome::passed_if(refused(expect), || error.to_string());
        }
    };
    let context = QueryContext::new();
    let found = match input["q"].as_str() {
        None => source.trace(id, &context).map_err(|error| error.to_string()),
        Some(query) => {
            let hierarchy = text(&input["keep_hierarchy"]) == "true";
            let found = traceql::parse(query)
                .and_then(|query| traceql::Engine.trace(id, &query, hierarchy, source, &context));
            found.map_err(|error| error.render(query))
        }
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return Outcome::Failed(error),
    };
    let mut rows: Vec<Value> = found.iter().flat_map(|trace| &trace.spans).map(row).collect();
    rows.sort_by_key(|row| text(&row[0]).to_owned());
    let mut wanted = list(&expect["spans"]).to_vec();
    wanted.sort_by_key(|row| text(&row[0]).to_owned());
    Outcome::passed_if(rows == wanted, || format!("{rows:?}\nexpected {wanted:?}"))
}

/// A span as the columns of the case.
fn row(span: &Span) -> Value {
    let service = KeyValue::find(&span.resource.attributes, "service.name");
    let kind = format!("SPAN_KIND_{}", span.kind.as_str().to_uppercase());
    let status = match span.status.code.as_str() {
        "unset" => String::new(),
        code => format!("STATUS_CODE_{}", code.to_uppercase()),
    };
    serde_json::json!([
        span.span_id.to_string(),
        span.parent_span_id.map(|id| id.to_string()).unwrap_or_default(),
        service.map(ToString::to_string).unwrap_or_default(),
        span.scope.name,
        span.name,
        kind,
        span.start.0 - BASE_NANOS,
        span.end.0 - BASE_NANOS,
        status,
        span.attributes.len(),
        span.events.len(),
        span.links.len(),
    ])
}
