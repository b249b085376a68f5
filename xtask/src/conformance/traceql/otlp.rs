//! Spans from OTLP JSON as the test data has it.

use super::json::{float, integer, list, text};
use serde_json::Value;
use std::sync::Arc;
use telemetry_core::model::{
    AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanLink,
    SpanStatus, StatusCode,
};
use telemetry_core::time::Nanos;

/// One case has a span whose ids are zeros, which no producer may send and no store takes. It stands for a span outside
/// of every tree; these ids make it one.
const INSTEAD_OF_ZERO: SpanId = SpanId([0xff; 8]);
const NOBODY: SpanId = SpanId([0xfe; 8]);

fn valid(id: SpanId, instead: SpanId) -> SpanId {
    if id.is_zero() { instead } else { id }
}

/// The id as the test data has it.
pub(super) fn original(id: SpanId) -> String {
    if id == INSTEAD_OF_ZERO { SpanId::default().to_string() } else { id.to_string() }
}

/// All spans of a document, their times moved by `base` nanoseconds.
pub(super) fn spans(document: &Value, base: i64) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in list(&document["resourceSpans"]) {
        let resource = Arc::new(Resource {
            attributes: attributes(&resource_spans["resource"]["attributes"]),
            ..Resource::default()
        });
        for scope_spans in list(&resource_spans["scopeSpans"]) {
            let scope = Arc::new(Scope {
                name: text(&scope_spans["scope"]["name"]).to_owned(),
                version: text(&scope_spans["scope"]["version"]).to_owned(),
                attributes: attributes(&scope_spans["scope"]["attributes"]),
                ..Scope::default()
            });
            let read = |value| span(value, base, resource.clone(), scope.clone());
            spans.extend(list(&scope_spans["spans"]).iter().map(read));
        }
    }
    spans
}

fn span(value: &Value, base: i64, resource: Arc<Resource>, scope: Arc<Scope>) -> Span {
    let time = |value: &Value| Nanos(integer(value).unwrap_or_default() + base);
    let event = |value: &Value| SpanEvent {
        time: time(&value["timeUnixNano"]),
        name: text(&value["name"]).to_owned(),
        attributes: attributes(&value["attributes"]),
        ..SpanEvent::default()
    };
    let link = |value: &Value| SpanLink {
        trace_id: text(&value["traceId"]).parse().unwrap_or_default(),
        span_id: text(&value["spanId"]).parse().unwrap_or_default(),
        trace_state: text(&value["traceState"]).to_owned(),
        attributes: attributes(&value["attributes"]),
        ..SpanLink::default()
    };
    Span {
        trace_id: text(&value["traceId"]).parse().unwrap_or_default(),
        span_id: valid(text(&value["spanId"]).parse().unwrap_or_default(), INSTEAD_OF_ZERO),
        parent_span_id: text(&value["parentSpanId"])
            .parse()
            .ok()
            .map(|parent| valid(parent, NOBODY)),
        trace_state: text(&value["traceState"]).to_owned(),
        name: text(&value["name"]).to_owned(),
        kind: SpanKind::from_number(value["kind"].as_i64().unwrap_or_default()),
        start: time(&value["startTimeUnixNano"]),
        end: time(&value["endTimeUnixNano"]),
        attributes: attributes(&value["attributes"]),
        events: list(&value["events"]).iter().map(event).collect(),
        links: list(&value["links"]).iter().map(link).collect(),
        status: SpanStatus {
            code: StatusCode::from_number(value["status"]["code"].as_i64().unwrap_or_default()),
            message: text(&value["status"]["message"]).to_owned(),
        },
        resource,
        scope,
        ..Span::default()
    }
}

fn attributes(value: &Value) -> Vec<KeyValue> {
    let attribute = |pair: &Value| KeyValue::new(text(&pair["key"]), any(&pair["value"]));
    list(value).iter().map(attribute).collect()
}

fn any(value: &Value) -> AttributeValue {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return AttributeValue::Empty;
    };
    match kind.as_str() {
        "stringValue" => text(inner).into(),
        "intValue" => integer(inner).unwrap_or_default().into(),
        "doubleValue" => float(inner).unwrap_or_default().into(),
        "boolValue" => (*inner == Value::Bool(true)).into(),
        "arrayValue" => AttributeValue::Array(list(&inner["values"]).iter().map(any).collect()),
        "kvlistValue" => AttributeValue::Map(attributes(&inner["values"])),
        "bytesValue" => AttributeValue::Bytes(text(inner).as_bytes().to_vec()),
        _ => AttributeValue::Empty,
    }
}
