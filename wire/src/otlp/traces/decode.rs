//! Reads spans.
//!
//! ~~~text
//! Span     1 trace_id · 2 span_id · 3 trace_state · 4 parent_span_id · 5 name · 6 kind · 7 start · 8 end
//!          9 attributes* · 10 dropped · 11 events* · 12 dropped · 13 links* · 14 dropped · 15 status · 16 flags
//! Event    1 time · 2 name · 3 attributes* · 4 dropped
//! Link     1 trace_id · 2 span_id · 3 trace_state · 4 attributes* · 5 dropped · 6 flags
//! Status   2 message · 3 code
//! ~~~
//!
//! A span is refused where its ids have the wrong length or are zero, or a time is past 2262. The
//! spans of a scope share one resource and one scope.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{
    KeyValue, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, StatusCode,
    TraceId,
};
use telemetry_core::sink::{RefusalReason, SpanSink};
use telemetry_core::time::Nanos;

use crate::error::{Error, Fault};
use crate::otlp::json::{Encoding, request};
use crate::otlp::resource::{Group, groups};
use crate::otlp::texts::Texts;
use crate::otlp::time::nanos;
use crate::otlp::value::Attribute;
use crate::outcome::Outcome;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader};

/// Room is made beforehand for so many attributes at most.
const ATTRIBUTES_EXPECTED_MAX: usize = 16;

/// Hands the spans of an `ExportTraceServiceRequest` to `sink` and commits them.
///
/// Items are spans. One with an id that is missing, zero or of the wrong length is refused, the
/// others are stored.
///
/// # Errors
///
/// Where the input is not such a request, or the sink cannot store anything. Nothing is committed
/// then, but `sink` may hold spans: drop it.
pub fn decode_traces(
    input: &[u8],
    encoding: Encoding,
    sink: &mut dyn SpanSink,
) -> Result<Outcome, Error> {
    let request = request(input, encoding, &crate::otlp::json::TRACES)?;
    let mut texts = Texts::default();
    walk(&request, &mut texts, sink)?;
    Ok(Outcome::of(sink.commit()?, texts.replaced))
}

fn walk(request: &[u8], texts: &mut Texts, sink: &mut dyn SpanSink) -> Result<(), Fault> {
    let mut resource_groups = groups(request);
    while let Some(group) = resource_groups.next()? {
        let group = Group::of_resource(group)?;
        let resource = Arc::new(group.producer.to_resource(texts)?);
        let mut scope_groups = group.members();
        while let Some(group) = scope_groups.next()? {
            let group = Group::of_scope(group)?;
            let scope = Arc::new(group.producer.to_scope(texts)?);
            let mut spans = group.members();
            let mut expected = 0;
            while let Some(message) = spans.next()? {
                let span = empty_span(Arc::clone(&resource), Arc::clone(&scope));
                expected = read_span(message, span, expected, texts, sink)?;
            }
        }
    }
    Ok(())
}

/// A span of which nothing is known but who produced it.
fn empty_span(resource: Arc<Resource>, scope: Arc<Scope>) -> Span {
    Span {
        trace_id: TraceId::default(),
        span_id: SpanId::default(),
        parent_span_id: None,
        trace_state: String::new(),
        flags: 0,
        name: String::new(),
        kind: SpanKind::Unspecified,
        start: Nanos(0),
        end: Nanos(0),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: Vec::new(),
        dropped_events_count: 0,
        links: Vec::new(),
        dropped_links_count: 0,
        status: SpanStatus::default(),
        resource,
        scope,
    }
}

/// Reads a span into `span` and hands it over, or the reason why it is refused. A refused span is
/// still read to its end: damage in it is an error of the input. Returns how many attributes it has,
/// which is about as many as the next one will have: `expected`.
fn read_span(
    mut message: Reader<'_>,
    mut span: Span,
    expected: usize,
    texts: &mut Texts,
    sink: &mut dyn SpanSink,
) -> Result<usize, Fault> {
    let mut ids = Ids::default();
    let (mut start, mut end) = (0, 0);
    let mut fault = None;
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => ids.trace = message.bytes()?,
            (2, Len) => ids.span = message.bytes()?,
            (3, Len) => span.trace_state = texts.owned(message.bytes()?),
            (4, Len) => ids.parent = message.bytes()?,
            (5, Len) => span.name = texts.owned(message.bytes()?),
            (6, Varint) => span.kind = SpanKind::from_number(i64::from(message.int32()?)),
            (7, Fixed64) => start = message.fixed64()?,
            (8, Fixed64) => end = message.fixed64()?,
            (9, Len) => {
                if span.attributes.is_empty() {
                    span.attributes.reserve_exact(expected.clamp(1, ATTRIBUTES_EXPECTED_MAX));
                }
                span.attributes.push(read_attribute(message.message()?, texts)?);
            }
            (10, Varint) => span.dropped_attributes_count = message.uint32()?,
            (11, Len) => match read_event(message.message()?, texts)? {
                Ok(event) => span.events.push(event),
                Err(reason) => fault = Some(reason),
            },
            (12, Varint) => span.dropped_events_count = message.uint32()?,
            (13, Len) => match read_link(message.message()?, texts)? {
                Ok(link) => span.links.push(link),
                Err(reason) => fault = Some(reason),
            },
            (14, Varint) => span.dropped_links_count = message.uint32()?,
            (15, Len) => span.status = read_status(message.message()?, texts)?,
            (16, Fixed32) => span.flags = message.fixed32()?,
            _ => message.skip(tag)?,
        }
    }
    let attributes = span.attributes.len();
    let filled = fault.map_or(Ok(()), Err).and_then(|()| {
        ids.fill(&mut span)?;
        span.start = Nanos(nanos(start)?);
        span.end = Nanos(nanos(end)?);
        Ok(())
    });
    match filled {
        Ok(()) => sink.push(span),
        Err(reason) => sink.refuse(reason),
    }
    Ok(attributes)
}

/// The ids of a span as they lie in the input.
#[derive(Default)]
struct Ids<'a> {
    trace: Bytes<'a>,
    span: Bytes<'a>,
    parent: Bytes<'a>,
}

impl Ids<'_> {
    fn fill(&self, span: &mut Span) -> Result<(), RefusalReason> {
        span.trace_id = trace_id(self.trace)?;
        if span.trace_id.is_zero() {
            return Err(RefusalReason::ZeroId { what: "trace id" });
        }
        span.span_id = span_id(self.span)?;
        if span.span_id.is_zero() {
            return Err(RefusalReason::ZeroId { what: "span id" });
        }
        // A root has no parent; some producers write zeros instead.
        span.parent_span_id = Some(span_id(self.parent)?).filter(|parent| !parent.is_zero());
        Ok(())
    }
}

/// An id that is not there is zero.
fn trace_id(bytes: Bytes<'_>) -> Result<TraceId, RefusalReason> {
    match bytes.bytes {
        [] => Ok(TraceId::default()),
        id => id
            .try_into()
            .map(TraceId)
            .map_err(|_| RefusalReason::Malformed { rule: "a trace id has 16 bytes" }),
    }
}

fn span_id(bytes: Bytes<'_>) -> Result<SpanId, RefusalReason> {
    match bytes.bytes {
        [] => Ok(SpanId::default()),
        id => id
            .try_into()
            .map(SpanId)
            .map_err(|_| RefusalReason::Malformed { rule: "a span id has 8 bytes" }),
    }
}

fn read_attribute(message: Reader<'_>, texts: &mut Texts) -> Result<KeyValue, Fault> {
    Attribute::read(message)?.to_model(texts, 0)
}

fn read_event(
    mut message: Reader<'_>,
    texts: &mut Texts,
) -> Result<Result<SpanEvent, RefusalReason>, Fault> {
    let mut event = SpanEvent::default();
    let mut time = 0;
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Fixed64) => time = message.fixed64()?,
            (2, Len) => event.name = texts.owned(message.bytes()?),
            (3, Len) => event.attributes.push(read_attribute(message.message()?, texts)?),
            (4, Varint) => event.dropped_attributes_count = message.uint32()?,
            _ => message.skip(tag)?,
        }
    }
    Ok(nanos(time).map(|time| SpanEvent { time: Nanos(time), ..event }))
}

fn read_link(
    mut message: Reader<'_>,
    texts: &mut Texts,
) -> Result<Result<SpanLink, RefusalReason>, Fault> {
    let mut link = SpanLink::default();
    let (mut trace, mut span) = (Bytes::default(), Bytes::default());
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => trace = message.bytes()?,
            (2, Len) => span = message.bytes()?,
            (3, Len) => link.trace_state = texts.owned(message.bytes()?),
            (4, Len) => link.attributes.push(read_attribute(message.message()?, texts)?),
            (5, Varint) => link.dropped_attributes_count = message.uint32()?,
            (6, Fixed32) => link.flags = message.fixed32()?,
            _ => message.skip(tag)?,
        }
    }
    Ok(trace_id(trace).and_then(|trace_id| {
        let span_id = span_id(span)?;
        Ok(SpanLink { trace_id, span_id, ..link })
    }))
}

fn read_status(mut message: Reader<'_>, texts: &mut Texts) -> Result<SpanStatus, Fault> {
    let mut status = SpanStatus::default();
    while let Some(tag) = message.tag()? {
        match tag {
            (2, Len) => status.message = texts.owned(message.bytes()?),
            (3, Varint) => status.code = StatusCode::from_number(i64::from(message.int32()?)),
            _ => message.skip(tag)?,
        }
    }
    Ok(status)
}
