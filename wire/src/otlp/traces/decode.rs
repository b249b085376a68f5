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

use std::borrow::Cow;
use std::sync::Arc;

use telemetry_core::model::{SpanId, SpanKind, StatusCode, TraceId};
use telemetry_core::sink::{RawAttribute, RawEvent, RawLink, RawSpan, RefusalReason, SpanSink};
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
            let mut decoder = Decoder::new(RawSpan::new(&resource, &scope));
            let mut spans = group.members();
            while let Some(message) = spans.next()? {
                decoder.read(message, texts)?;
                match decoder.fault.take() {
                    None => sink.push(&decoder.span),
                    Some(reason) => sink.refuse(reason),
                }
            }
        }
    }
    Ok(())
}

/// Reads the spans of a scope, one after the other into the same memory.
struct Decoder<'a> {
    span: RawSpan<'a>,
    /// Why the span is refused, if it is. It is still read to its end: damage in it is an error of
    /// the input.
    fault: Option<RefusalReason>,
    /// Memory for the attributes of events and links.
    spare: Vec<Vec<RawAttribute<'a>>>,
}

impl<'a> Decoder<'a> {
    fn new(span: RawSpan<'a>) -> Self {
        Decoder { span, fault: None, spare: Vec::new() }
    }

    /// Forgets the span before, but not its memory.
    fn clear(&mut self) {
        let Decoder { span, spare, .. } = self;
        let mut keep = |mut attributes: Vec<RawAttribute<'a>>| {
            attributes.clear();
            spare.push(attributes);
        };
        span.events.drain(..).for_each(|event| keep(event.attributes));
        span.links.drain(..).for_each(|link| keep(link.attributes));
        span.attributes.clear();
        span.trace_state = Cow::Borrowed("");
        span.name = Cow::Borrowed("");
        span.status_message = Cow::Borrowed("");
        span.status_code = StatusCode::Unset;
        span.kind = SpanKind::Unspecified;
        span.flags = 0;
        span.dropped_attributes_count = 0;
        span.dropped_events_count = 0;
        span.dropped_links_count = 0;
    }

    fn read(&mut self, mut message: Reader<'a>, texts: &mut Texts) -> Result<(), Fault> {
        self.clear();
        let mut ids = Ids::default();
        let (mut start, mut end) = (0, 0);
        while let Some(tag) = message.tag()? {
            let span = &mut self.span;
            match tag {
                (1, Len) => ids.trace = message.bytes()?,
                (2, Len) => ids.span = message.bytes()?,
                (3, Len) => span.trace_state = texts.read(message.bytes()?),
                (4, Len) => ids.parent = message.bytes()?,
                (5, Len) => span.name = texts.read(message.bytes()?),
                (6, Varint) => span.kind = SpanKind::from_number(i64::from(message.int32()?)),
                (7, Fixed64) => start = message.fixed64()?,
                (8, Fixed64) => end = message.fixed64()?,
                (9, Len) => {
                    span.attributes.push(Attribute::read(message.message()?)?.to_raw(texts)?);
                }
                (10, Varint) => span.dropped_attributes_count = message.uint32()?,
                (11, Len) => self.event(message.message()?, texts)?,
                (12, Varint) => span.dropped_events_count = message.uint32()?,
                (13, Len) => self.link(message.message()?, texts)?,
                (14, Varint) => span.dropped_links_count = message.uint32()?,
                (15, Len) => self.status(message.message()?, texts)?,
                (16, Fixed32) => span.flags = message.fixed32()?,
                _ => message.skip(tag)?,
            }
        }
        if self.fault.is_none() {
            self.fault = self.fill(&ids, start, end).err();
        }
        Ok(())
    }

    fn fill(&mut self, ids: &Ids<'_>, start: u64, end: u64) -> Result<(), RefusalReason> {
        let span = &mut self.span;
        span.trace_id = trace_id(ids.trace)?;
        if span.trace_id.is_zero() {
            return Err(RefusalReason::ZeroId { what: "trace id" });
        }
        span.span_id = span_id(ids.span)?;
        if span.span_id.is_zero() {
            return Err(RefusalReason::ZeroId { what: "span id" });
        }
        // A root has no parent; some producers write zeros instead.
        span.parent_span_id = Some(span_id(ids.parent)?).filter(|parent| !parent.is_zero());
        span.start = Nanos(nanos(start)?);
        span.end = Nanos(nanos(end)?);
        Ok(())
    }

    fn event(&mut self, mut message: Reader<'a>, texts: &mut Texts) -> Result<(), Fault> {
        let attributes = self.spare.pop().unwrap_or_default();
        let mut event = RawEvent { attributes, ..RawEvent::default() };
        let mut time = 0;
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Fixed64) => time = message.fixed64()?,
                (2, Len) => event.name = texts.read(message.bytes()?),
                (3, Len) => {
                    event.attributes.push(Attribute::read(message.message()?)?.to_raw(texts)?);
                }
                (4, Varint) => event.dropped_attributes_count = message.uint32()?,
                _ => message.skip(tag)?,
            }
        }
        match nanos(time) {
            Ok(time) => self.span.events.push(RawEvent { time: Nanos(time), ..event }),
            Err(reason) => self.fault = Some(reason),
        }
        Ok(())
    }

    fn link(&mut self, mut message: Reader<'a>, texts: &mut Texts) -> Result<(), Fault> {
        let attributes = self.spare.pop().unwrap_or_default();
        let mut link = RawLink { attributes, ..RawLink::default() };
        let (mut trace, mut span) = (Bytes::default(), Bytes::default());
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => trace = message.bytes()?,
                (2, Len) => span = message.bytes()?,
                (3, Len) => link.trace_state = texts.read(message.bytes()?),
                (4, Len) => {
                    link.attributes.push(Attribute::read(message.message()?)?.to_raw(texts)?);
                }
                (5, Varint) => link.dropped_attributes_count = message.uint32()?,
                (6, Fixed32) => link.flags = message.fixed32()?,
                _ => message.skip(tag)?,
            }
        }
        match trace_id(trace).and_then(|trace_id| Ok((trace_id, span_id(span)?))) {
            Ok((trace_id, span_id)) => {
                self.span.links.push(RawLink { trace_id, span_id, ..link });
            }
            Err(reason) => self.fault = Some(reason),
        }
        Ok(())
    }

    /// Of two statuses the last one counts, whole.
    fn status(&mut self, mut message: Reader<'a>, texts: &mut Texts) -> Result<(), Fault> {
        let span = &mut self.span;
        (span.status_code, span.status_message) = (StatusCode::Unset, Cow::Borrowed(""));
        while let Some(tag) = message.tag()? {
            match tag {
                (2, Len) => span.status_message = texts.read(message.bytes()?),
                (3, Varint) => {
                    span.status_code = StatusCode::from_number(i64::from(message.int32()?));
                }
                _ => message.skip(tag)?,
            }
        }
        Ok(())
    }
}

/// The ids of a span as they lie in the input.
#[derive(Default)]
struct Ids<'a> {
    trace: Bytes<'a>,
    span: Bytes<'a>,
    parent: Bytes<'a>,
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
