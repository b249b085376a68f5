//! Spans, resources, scopes and attribute values as bytes.
//! ~~~text
//! value       tag u8, then
//!               0 empty · 1 text: length, UTF-8 · 2 false · 3 true · 4 integer: signed varint
//!               5 float: 8 bytes LE · 6 bytes: length, bytes · 7 array: count, values
//!               8 map: attributes
//! attributes  count varint │ each: name (length, UTF-8), value
//! resource    attributes │ dropped varint │ schema URL
//! scope       name │ version │ attributes │ dropped varint │ schema URL
//! span        trace id 16 │ span id 8 │ bits u8 │ parent id 8, if bit 0 │ start 8 LE
//!             │ end minus start, signed varint │ name │ attributes
//!             │ if bit 6: trace state, flags, dropped attributes, events and links, status message
//!             │ if bit 7: count varint and events, count varint and links
//!               bits: 0 has a parent · 1-2 status · 3-5 kind · 6 has extras · 7 has events or links
//! event       time minus start of the span, signed varint │ name │ attributes │ dropped varint
//! link        trace id 16 │ span id 8 │ trace state │ flags varint │ attributes │ dropped varint
//! ~~~
//! Lengths and counts are varints. Differences of times wrap, so that every pair of times comes
//! back. Values nest at most [`DEPTH_MAX`] deep.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{
    AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanLink,
    SpanStatus, StatusCode, TraceId,
};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, varint};
use telemetry_core::time::Nanos;

/// Arrays and maps within one another, at most.
pub(crate) const DEPTH_MAX: usize = 64;

const HAS_PARENT: u8 = 1;
const HAS_EXTRAS: u8 = 1 << 6;
const HAS_LISTS: u8 = 1 << 7;

/// Appends a value. It must nest at most [`DEPTH_MAX`] deep.
pub(crate) fn put_value(out: &mut Vec<u8>, value: &AttributeValue) {
    match value {
        AttributeValue::Empty => out.push(0),
        AttributeValue::String(text) => {
            out.push(1);
            varint::put_str(out, text);
        }
        AttributeValue::Bool(value) => out.push(2 + u8::from(*value)),
        AttributeValue::Int(value) => {
            out.push(4);
            varint::put_i64(out, *value);
        }
        AttributeValue::Double(value) => {
            out.push(5);
            out.extend_from_slice(&value.to_le_bytes());
        }
        AttributeValue::Bytes(bytes) => {
            out.push(6);
            varint::put_bytes(out, bytes);
        }
        AttributeValue::Array(values) => {
            out.push(7);
            varint::put_u64(out, values.len() as u64);
            values.iter().for_each(|value| put_value(out, value));
        }
        AttributeValue::Map(entries) => {
            out.push(8);
            put_attributes(out, entries);
        }
    }
}

/// Reads a value.
///
/// # Errors
///
/// The bytes are no value.
pub(crate) fn read_value(input: &mut Cursor<'_>) -> Result<AttributeValue, Damaged> {
    read_value_at(input, 0)
}

fn read_value_at(input: &mut Cursor<'_>, depth: usize) -> Result<AttributeValue, Damaged> {
    if depth > DEPTH_MAX {
        return Err(input.field("depth of an attribute value"));
    }
    let at = input.position();
    Ok(match input.u8()? {
        0 => AttributeValue::Empty,
        1 => AttributeValue::String(input.str()?.to_owned()),
        2 => AttributeValue::Bool(false),
        3 => AttributeValue::Bool(true),
        4 => AttributeValue::Int(input.varint_i64()?),
        5 => AttributeValue::Double(input.f64()?),
        6 => AttributeValue::Bytes(input.bytes()?.to_vec()),
        7 => {
            let count = input.count(1)?;
            let values = (0..count).map(|_| read_value_at(input, depth + 1));
            AttributeValue::Array(values.collect::<Result<_, _>>()?)
        }
        8 => AttributeValue::Map(read_attributes_at(input, depth + 1)?),
        other => {
            let damage = Damage::Unknown { what: "attribute value", found: other.into() };
            return Err(Damaged::at(at, damage));
        }
    })
}

/// Appends attributes in their order.
pub(crate) fn put_attributes(out: &mut Vec<u8>, attributes: &[KeyValue]) {
    varint::put_u64(out, attributes.len() as u64);
    for attribute in attributes {
        varint::put_str(out, &attribute.key);
        put_value(out, &attribute.value);
    }
}

/// Reads attributes.
///
/// # Errors
///
/// The bytes are no attributes.
pub(crate) fn read_attributes(input: &mut Cursor<'_>) -> Result<Vec<KeyValue>, Damaged> {
    read_attributes_at(input, 0)
}

fn read_attributes_at(input: &mut Cursor<'_>, depth: usize) -> Result<Vec<KeyValue>, Damaged> {
    let count = input.count(2)?;
    let mut attributes = Vec::with_capacity(count);
    for _ in 0..count {
        let key = input.str()?.to_owned();
        attributes.push(KeyValue { key, value: read_value_at(input, depth)? });
    }
    Ok(attributes)
}

/// Appends a resource.
pub(crate) fn put_resource(out: &mut Vec<u8>, resource: &Resource) {
    put_attributes(out, &resource.attributes);
    varint::put_u64(out, resource.dropped_attributes_count.into());
    varint::put_str(out, &resource.schema_url);
}

/// Reads a resource.
///
/// # Errors
///
/// The bytes are no resource.
pub(crate) fn read_resource(input: &mut Cursor<'_>) -> Result<Resource, Damaged> {
    Ok(Resource {
        attributes: read_attributes(input)?,
        dropped_attributes_count: input.varint_u32()?,
        schema_url: input.str()?.to_owned(),
    })
}

/// Appends an instrumentation scope.
pub(crate) fn put_scope(out: &mut Vec<u8>, scope: &Scope) {
    varint::put_str(out, &scope.name);
    varint::put_str(out, &scope.version);
    put_attributes(out, &scope.attributes);
    varint::put_u64(out, scope.dropped_attributes_count.into());
    varint::put_str(out, &scope.schema_url);
}

/// Reads an instrumentation scope.
///
/// # Errors
///
/// The bytes are no scope.
pub(crate) fn read_scope(input: &mut Cursor<'_>) -> Result<Scope, Damaged> {
    Ok(Scope {
        name: input.str()?.to_owned(),
        version: input.str()?.to_owned(),
        attributes: read_attributes(input)?,
        dropped_attributes_count: input.varint_u32()?,
        schema_url: input.str()?.to_owned(),
    })
}

/// Appends a span without its resource and scope.
pub(crate) fn put_span(out: &mut Vec<u8>, span: &Span) {
    let has_extras = span.flags != 0
        || span.dropped_attributes_count != 0
        || span.dropped_events_count != 0
        || span.dropped_links_count != 0
        || !span.trace_state.is_empty()
        || !span.status.message.is_empty();
    let has_lists = !span.events.is_empty() || !span.links.is_empty();
    let mut bits = (span.status.code as u8) << 1 | (span.kind as u8) << 3;
    bits |= if span.parent_span_id.is_some() { HAS_PARENT } else { 0 };
    bits |= if has_extras { HAS_EXTRAS } else { 0 };
    bits |= if has_lists { HAS_LISTS } else { 0 };
    out.extend_from_slice(&span.trace_id.0);
    out.extend_from_slice(&span.span_id.0);
    out.push(bits);
    if let Some(parent) = span.parent_span_id {
        out.extend_from_slice(&parent.0);
    }
    out.extend_from_slice(&span.start.0.to_le_bytes());
    varint::put_i64(out, span.end.0.wrapping_sub(span.start.0));
    varint::put_str(out, &span.name);
    put_attributes(out, &span.attributes);
    if has_extras {
        varint::put_str(out, &span.trace_state);
        varint::put_u64(out, span.flags.into());
        varint::put_u64(out, span.dropped_attributes_count.into());
        varint::put_u64(out, span.dropped_events_count.into());
        varint::put_u64(out, span.dropped_links_count.into());
        varint::put_str(out, &span.status.message);
    }
    if has_lists {
        varint::put_u64(out, span.events.len() as u64);
        span.events.iter().for_each(|event| put_event(out, event, span.start));
        varint::put_u64(out, span.links.len() as u64);
        span.links.iter().for_each(|link| put_link(out, link));
    }
}

/// Reads a span that has the given resource and scope.
///
/// # Errors
///
/// The bytes are no span.
pub(crate) fn read_span(
    input: &mut Cursor<'_>,
    resource: Arc<Resource>,
    scope: Arc<Scope>,
) -> Result<Span, Damaged> {
    let trace_id = TraceId(input.array()?);
    let span_id = SpanId(input.array()?);
    let bits = input.u8()?;
    let parent_span_id = if bits & HAS_PARENT != 0 { Some(SpanId(input.array()?)) } else { None };
    let start = input.i64()?;
    let mut span = Span {
        trace_id,
        span_id,
        parent_span_id,
        kind: SpanKind::from_number((bits >> 3 & 7).into()),
        start: Nanos(start),
        end: Nanos(start.wrapping_add(input.varint_i64()?)),
        name: input.str()?.to_owned(),
        attributes: read_attributes(input)?,
        status: SpanStatus {
            code: StatusCode::from_number((bits >> 1 & 3).into()),
            ..SpanStatus::default()
        },
        resource,
        scope,
        ..Span::default()
    };
    if bits & HAS_EXTRAS != 0 {
        span.trace_state = input.str()?.to_owned();
        span.flags = input.varint_u32()?;
        span.dropped_attributes_count = input.varint_u32()?;
        span.dropped_events_count = input.varint_u32()?;
        span.dropped_links_count = input.varint_u32()?;
        span.status.message = input.str()?.to_owned();
    }
    if bits & HAS_LISTS != 0 {
        let events = input.count(4)?;
        let events = (0..events).map(|_| read_event(input, span.start));
        span.events = events.collect::<Result<_, _>>()?;
        let links = input.count(28)?;
        span.links = (0..links).map(|_| read_link(input)).collect::<Result<_, _>>()?;
    }
    Ok(span)
}

fn put_event(out: &mut Vec<u8>, event: &SpanEvent, start: Nanos) {
    varint::put_i64(out, event.time.0.wrapping_sub(start.0));
    varint::put_str(out, &event.name);
    put_attributes(out, &event.attributes);
    varint::put_u64(out, event.dropped_attributes_count.into());
}

fn read_event(input: &mut Cursor<'_>, start: Nanos) -> Result<SpanEvent, Damaged> {
    Ok(SpanEvent {
        time: Nanos(start.0.wrapping_add(input.varint_i64()?)),
        name: input.str()?.to_owned(),
        attributes: read_attributes(input)?,
        dropped_attributes_count: input.varint_u32()?,
    })
}

fn put_link(out: &mut Vec<u8>, link: &SpanLink) {
    out.extend_from_slice(&link.trace_id.0);
    out.extend_from_slice(&link.span_id.0);
    varint::put_str(out, &link.trace_state);
    varint::put_u64(out, link.flags.into());
    put_attributes(out, &link.attributes);
    varint::put_u64(out, link.dropped_attributes_count.into());
}

fn read_link(input: &mut Cursor<'_>) -> Result<SpanLink, Damaged> {
    Ok(SpanLink {
        trace_id: TraceId(input.array()?),
        span_id: SpanId(input.array()?),
        trace_state: input.str()?.to_owned(),
        flags: input.varint_u32()?,
        attributes: read_attributes(input)?,
        dropped_attributes_count: input.varint_u32()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::sample;
    use proptest::prelude::*;

    #[test]
    fn golden_span() {
        let span = Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId([2; 8]),
            parent_span_id: Some(SpanId([3; 8])),
            name: "a".into(),
            kind: SpanKind::Client,
            start: Nanos(256),
            end: Nanos(258),
            attributes: vec![KeyValue::new("k", true), KeyValue::new("n", 300_i64)],
            status: SpanStatus { code: StatusCode::Error, message: String::new() },
            ..Span::default()
        };
        let mut bytes = Vec::new();
        put_span(&mut bytes, &span);
        let mut golden = vec![1; 16];
        golden.extend([2; 8]);
        golden.push(1 | 2 << 1 | 3 << 3);
        golden.extend([3; 8]);
        golden.extend([0, 1, 0, 0, 0, 0, 0, 0, 4, 1, b'a', 2]);
        golden.extend([1, b'k', 3, 1, b'n', 4, 0xd8, 0x04]);
        assert_eq!(bytes, golden);
    }

    #[test]
    fn a_value_that_nests_too_deep_is_damage() {
        let mut bytes = Vec::new();
        for _ in 0..10_000 {
            bytes.extend([7, 1]);
        }
        bytes.push(0);
        assert!(read_value(&mut Cursor::new(&bytes)).is_err());
    }

    proptest! {
        #[test]
        fn spans_come_back_and_truncation_is_an_error(seed in 0_u64..500) {
            let span = sample::span(seed);
            let mut bytes = Vec::new();
            put_span(&mut bytes, &span);
            let read = |bytes: &[u8]| {
                let mut input = Cursor::new(bytes);
                let span = read_span(&mut input, span.resource.clone(), span.scope.clone())?;
                input.finish()?;
                Ok::<Span, Damaged>(span)
            };
            prop_assert_eq!(read(&bytes).unwrap(), span.clone());
            for length in 0..bytes.len() {
                prop_assert!(read(bytes.get(..length).unwrap()).is_err());
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_a_span(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_span(&mut Cursor::new(&bytes), Arc::default(), Arc::default());
            let _ = read_resource(&mut Cursor::new(&bytes));
            let _ = read_scope(&mut Cursor::new(&bytes));
        }
    }
}
