//! Fields of spans in memory.

use telemetry_core::model::Span;
use telemetry_core::source::span::{AttributeScope, Intrinsic, SpanField};

use super::value::Value;

/// The value of a field with one value per span, other than those of traces and trees.
pub(crate) fn value<'a>(span: &'a Span, field: &SpanField) -> Value<'a> {
    match field {
        SpanField::Attribute { scope, name } => match scope {
            AttributeScope::Any => match Value::find(&span.attributes, name) {
                Value::Nil => Value::find(&span.resource.attributes, name),
                own => own,
            },
            AttributeScope::Span => Value::find(&span.attributes, name),
            AttributeScope::Resource => Value::find(&span.resource.attributes, name),
            AttributeScope::Instrumentation => Value::find(&span.scope.attributes, name),
            AttributeScope::Event | AttributeScope::Link => Value::Nil,
        },
        SpanField::Intrinsic(intrinsic) => match intrinsic {
            Intrinsic::Name => Value::Text(&span.name),
            Intrinsic::Status => Value::Status(span.status.code),
            Intrinsic::StatusMessage => Value::Text(&span.status.message),
            Intrinsic::Kind => Value::Kind(span.kind),
            Intrinsic::Duration => Value::Duration(span.duration_nanos()),
            Intrinsic::StartTime => Value::Int(span.start.0),
            Intrinsic::SpanId => Value::SpanId(span.span_id),
            Intrinsic::ParentId => span.parent_span_id.map_or(Value::Nil, Value::SpanId),
            Intrinsic::TraceState if !span.trace_state.is_empty() => Value::Text(&span.trace_state),
            Intrinsic::InstrumentationName => Value::Text(&span.scope.name),
            Intrinsic::InstrumentationVersion => Value::Text(&span.scope.version),
            _ => Value::Nil,
        },
    }
}

/// Calls `each` with the values of a field with several values per span; nil ones are left out.
pub(crate) fn for_each_item<'a>(
    span: &'a Span,
    field: &SpanField,
    mut each: impl FnMut(Value<'a>),
) {
    let mut each = |value: Value<'a>| {
        if !value.is_nil() {
            each(value);
        }
    };
    match field {
        SpanField::Attribute { scope: AttributeScope::Event, name } => {
            span.events.iter().for_each(|event| each(Value::find(&event.attributes, name)));
        }
        SpanField::Attribute { scope: AttributeScope::Link, name } => {
            span.links.iter().for_each(|link| each(Value::find(&link.attributes, name)));
        }
        SpanField::Intrinsic(Intrinsic::EventName) => {
            span.events.iter().for_each(|event| each(Value::Text(&event.name)));
        }
        SpanField::Intrinsic(Intrinsic::EventTimeSinceStart) => {
            let since = |time: i64| Value::Duration(time.saturating_sub(span.start.0));
            span.events.iter().for_each(|event| each(since(event.time.0)));
        }
        SpanField::Intrinsic(Intrinsic::LinkTraceId) => {
            span.links.iter().for_each(|link| each(Value::TraceId(link.trace_id)));
        }
        SpanField::Intrinsic(Intrinsic::LinkSpanId) => {
            span.links.iter().for_each(|link| each(Value::SpanId(link.span_id)));
        }
        _ => {}
    }
}

/// Calls `each` with scope and name of every attribute.
pub(crate) fn for_each_name<'a>(span: &'a Span, mut each: impl FnMut(AttributeScope, &'a str)) {
    let lists = [
        (AttributeScope::Span, &span.attributes),
        (AttributeScope::Resource, &span.resource.attributes),
        (AttributeScope::Instrumentation, &span.scope.attributes),
    ];
    let events = span.events.iter().map(|event| (AttributeScope::Event, &event.attributes));
    let links = span.links.iter().map(|link| (AttributeScope::Link, &link.attributes));
    for (scope, attributes) in lists.into_iter().chain(events).chain(links) {
        attributes.iter().for_each(|attribute| each(scope, &attribute.key));
    }
}

/// Whether an attribute of the scope `stored` is one that the scope `asked` for means.
pub(crate) fn is_in_scope(asked: Option<AttributeScope>, stored: AttributeScope) -> bool {
    match asked {
        None => true,
        Some(AttributeScope::Any) => {
            matches!(stored, AttributeScope::Span | AttributeScope::Resource)
        }
        Some(scope) => scope == stored,
    }
}
