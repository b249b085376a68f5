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
    KeyValue, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, StatusCode, TraceId,
};
use telemetry_core::sink::{RefusalReason, SpanSink};
use telemetry_core::time::Nanos;

use crate::error::Error;
use crate::otlp::json::{Encoding, request};
use crate::otlp::resource::{Group, groups};
use crate::otlp::texts::Texts;
use crate::otlp::time::nanos;
use crate::otlp::value::Attribute;
use crate::outcome::Outcome;
use crate::protobuf::{Bytes, Reader};

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
    let mut resource_groups = groups(&request);
    while let Some(group) = resource_groups.next()? {
        let group = Group::of_resource(group)?;
        let resource = Arc::new(group.producer.to_resource(&mut texts)?);
        let mut scope_groups = group.members();
        while let Some(group) = scope_groups.next()? {
            let group = Group::of_scope(group)?;
            let scope = Arc::new(group.producer.to_scope(&mut texts)?);
            let mut spans = group.members();
            while let Some(span) = spans.next()? {
                match read_span(span, &mut texts)? {
                    Ok(mut span) => {
                        span.resource = Arc::clone(&resource);
                        span.scope = Arc::clone(&scope);
                        sink.push(span);
                    }
                    Err(reason) => sink.refuse(reason),
                }
            }
        }
    }
    Ok(Outcome::of(sink.commit()?, texts.replaced))
}

/// The span, or why it is refused. A refused span is still read to its end: damage in it is an
/// error of the input.
fn read_span(
    mut message: Reader<'_>,
    texts: &mut Texts,
) -> Result<Result<Span, RefusalReason>, Error> {
    // Empty ones, not the default ones, which would be allocated.
    let mut ids = Ids::default();
    let (mut start, mut end) = (0, 0);
    let mut fault = None;
    let mut span = Span::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => ids.trace = field.bytes()?,
            2 => ids.span = field.bytes()?,
            3 => span.trace_state = texts.owned(field.bytes()?),
            4 => ids.parent = field.bytes()?,
            5 => span.name = texts.owned(field.bytes()?),
            6 => span.kind = SpanKind::from_number(i64::from(field.int32()?)),
            7 => start = field.fixed64()?,
            8 => end = field.fixed64()?,
            9 => span.attributes.push(read_attribute(field.message()?, texts)?),
            10 => span.dropped_attributes_count = field.uint32()?,
            11 => match read_event(field.message()?, texts)? {
                Ok(event) => span.events.push(event),
                Err(reason) => fault = Some(reason),
            },
            12 => span.dropped_events_count = field.uint32()?,
            13 => match read_link(field.message()?, texts)? {
                Ok(link) => span.links.push(link),
                Err(reason) => fault = Some(reason),
            },
            14 => span.dropped_links_count = field.uint32()?,
            15 => span.status = read_status(field.message()?, texts)?,
            16 => span.flags = field.fixed32()?,
            _ => {}
        }
    }
    if let Some(reason) = fault {
        return Ok(Err(reason));
    }
    Ok(ids.fill(&mut span).and_then(|()| {
        span.start = Nanos(nanos(start)?);
        span.end = Nanos(nanos(end)?);
        Ok(span)
    }))
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

fn read_attribute(message: Reader<'_>, texts: &mut Texts) -> Result<KeyValue, Error> {
    Attribute::read(message)?.to_model(texts, 0)
}

fn read_event(
    mut message: Reader<'_>,
    texts: &mut Texts,
) -> Result<Result<SpanEvent, RefusalReason>, Error> {
    let mut event = SpanEvent::default();
    let mut time = 0;
    while let Some(field) = message.next()? {
        match field.number {
            1 => time = field.fixed64()?,
            2 => event.name = texts.owned(field.bytes()?),
            3 => event.attributes.push(read_attribute(field.message()?, texts)?),
            4 => event.dropped_attributes_count = field.uint32()?,
            _ => {}
        }
    }
    Ok(nanos(time).map(|time| SpanEvent { time: Nanos(time), ..event }))
}

fn read_link(
    mut message: Reader<'_>,
    texts: &mut Texts,
) -> Result<Result<SpanLink, RefusalReason>, Error> {
    let mut link = SpanLink::default();
    let (mut trace, mut span) = (Bytes::default(), Bytes::default());
    while let Some(field) = message.next()? {
        match field.number {
            1 => trace = field.bytes()?,
            2 => span = field.bytes()?,
            3 => link.trace_state = texts.owned(field.bytes()?),
            4 => link.attributes.push(read_attribute(field.message()?, texts)?),
            5 => link.dropped_attributes_count = field.uint32()?,
            6 => link.flags = field.fixed32()?,
            _ => {}
        }
    }
    Ok(trace_id(trace).and_then(|trace_id| {
        let span_id = span_id(span)?;
        Ok(SpanLink { trace_id, span_id, ..link })
    }))
}

fn read_status(mut message: Reader<'_>, texts: &mut Texts) -> Result<SpanStatus, Error> {
    let mut status = SpanStatus::default();
    while let Some(field) = message.next()? {
        match field.number {
            2 => status.message = texts.owned(field.bytes()?),
            3 => status.code = StatusCode::from_number(i64::from(field.int32()?)),
            _ => {}
        }
    }
    Ok(status)
}
