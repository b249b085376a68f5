//! Spans as they lie in the input, before anything is built from them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{
    AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanLink,
    SpanStatus, StatusCode, TraceId,
};
use crate::time::Nanos;

/// A span whose texts are borrowed from the input: a [`Span`] without its allocations.
///
/// A decoder fills the same one for every span of a scope. A sink takes what it needs from it, or
/// makes the [`Span`].
#[derive(Clone, Debug)]
pub struct RawSpan<'a> {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The span that caused it; none for a root.
    pub parent_span_id: Option<SpanId>,
    /// W3C trace state.
    pub trace_state: Cow<'a, str>,
    /// W3C flags and OTLP's additions.
    pub flags: u32,
    /// The operation.
    pub name: Cow<'a, str>,
    /// The kind of operation.
    pub kind: SpanKind,
    /// When it began.
    pub start: Nanos,
    /// When it ended.
    pub end: Nanos,
    /// Its attributes, in the order given.
    pub attributes: Vec<RawAttribute<'a>>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
    /// Its events.
    pub events: Vec<RawEvent<'a>>,
    /// How many events the producer dropped.
    pub dropped_events_count: u32,
    /// Its links.
    pub links: Vec<RawLink<'a>>,
    /// How many links the producer dropped.
    pub dropped_links_count: u32,
    /// How it ended.
    pub status_code: StatusCode,
    /// Why it ended so; empty if not said.
    pub status_message: Cow<'a, str>,
    /// Who produced it.
    pub resource: &'a Arc<Resource>,
    /// The library that produced it.
    pub scope: &'a Arc<Scope>,
}

impl<'a> RawSpan<'a> {
    /// A span of which nothing is known but who produced it.
    pub fn new(resource: &'a Arc<Resource>, scope: &'a Arc<Scope>) -> Self {
        RawSpan {
            trace_id: TraceId::default(),
            span_id: SpanId::default(),
            parent_span_id: None,
            trace_state: Cow::Borrowed(""),
            flags: 0,
            name: Cow::Borrowed(""),
            kind: SpanKind::Unspecified,
            start: Nanos(0),
            end: Nanos(0),
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: Vec::new(),
            dropped_events_count: 0,
            links: Vec::new(),
            dropped_links_count: 0,
            status_code: StatusCode::Unset,
            status_message: Cow::Borrowed(""),
            resource,
            scope,
        }
    }

    /// The span as the model keeps it. Resource and scope are shared, all else is copied.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use telemetry_core::model::KeyValue;
    /// use telemetry_core::sink::{RawAttribute, RawSpan, RawValue};
    ///
    /// let (resource, scope) = Default::default();
    /// let mut raw = RawSpan::new(&resource, &scope);
    /// raw.name = "GET /".into();
    /// raw.attributes.push(RawAttribute { key: "http.route".into(), value: RawValue::String("/".into()) });
    ///
    /// let span = raw.to_span();
    /// assert_eq!(span.name, "GET /");
    /// assert_eq!(span.attributes, [KeyValue::new("http.route", "/")]);
    /// assert!(Arc::ptr_eq(&span.resource, &resource));
    /// ```
    pub fn to_span(&self) -> Span {
        Span {
            trace_id: self.trace_id,
            span_id: self.span_id,
            parent_span_id: self.parent_span_id,
            trace_state: (*self.trace_state).to_owned(),
            flags: self.flags,
            name: (*self.name).to_owned(),
            kind: self.kind,
            start: self.start,
            end: self.end,
            attributes: owned(&self.attributes),
            dropped_attributes_count: self.dropped_attributes_count,
            events: self.events.iter().map(RawEvent::to_event).collect(),
            dropped_events_count: self.dropped_events_count,
            links: self.links.iter().map(RawLink::to_link).collect(),
            dropped_links_count: self.dropped_links_count,
            status: SpanStatus {
                code: self.status_code,
                message: (*self.status_message).to_owned(),
            },
            resource: Arc::clone(self.resource),
            scope: Arc::clone(self.scope),
        }
    }
}

/// Something that happened at one moment of a span.
#[derive(Clone, Debug, Default)]
pub struct RawEvent<'a> {
    /// When.
    pub time: Nanos,
    /// What.
    pub name: Cow<'a, str>,
    /// More about it.
    pub attributes: Vec<RawAttribute<'a>>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
}

impl RawEvent<'_> {
    fn to_event(&self) -> SpanEvent {
        SpanEvent {
            time: self.time,
            name: (*self.name).to_owned(),
            attributes: owned(&self.attributes),
            dropped_attributes_count: self.dropped_attributes_count,
        }
    }
}

/// A reference to a span, often of another trace.
#[derive(Clone, Debug, Default)]
pub struct RawLink<'a> {
    /// The trace referred to.
    pub trace_id: TraceId,
    /// The span referred to.
    pub span_id: SpanId,
    /// W3C trace state.
    pub trace_state: Cow<'a, str>,
    /// W3C flags.
    pub flags: u32,
    /// More about it.
    pub attributes: Vec<RawAttribute<'a>>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
}

impl RawLink<'_> {
    fn to_link(&self) -> SpanLink {
        SpanLink {
            trace_id: self.trace_id,
            span_id: self.span_id,
            trace_state: (*self.trace_state).to_owned(),
            flags: self.flags,
            attributes: owned(&self.attributes),
            dropped_attributes_count: self.dropped_attributes_count,
        }
    }
}

/// A named attribute.
#[derive(Clone, Debug)]
pub struct RawAttribute<'a> {
    /// The name; any UTF-8 text.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: RawValue<'a>,
}

/// The value of an attribute.
#[derive(Clone, Debug)]
pub enum RawValue<'a> {
    /// No value at all.
    Empty,
    /// Text.
    String(Cow<'a, str>),
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// A list, or named values: rare, and built.
    Nested(AttributeValue),
}

fn owned(attributes: &[RawAttribute<'_>]) -> Vec<KeyValue> {
    attributes
        .iter()
        .map(|RawAttribute { key, value }| KeyValue {
            key: (**key).to_owned(),
            value: match value {
                RawValue::Empty => AttributeValue::Empty,
                RawValue::String(text) => AttributeValue::String((**text).to_owned()),
                RawValue::Bool(value) => AttributeValue::Bool(*value),
                RawValue::Int(value) => AttributeValue::Int(*value),
                RawValue::Double(value) => AttributeValue::Double(*value),
                RawValue::Bytes(bytes) => AttributeValue::Bytes(bytes.to_vec()),
                RawValue::Nested(value) => value.clone(),
            },
        })
        .collect()
}
