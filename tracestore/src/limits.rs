//! What a span may be, so that one producer cannot fill the store.
//!
//! Tempo cuts names and values of attributes after 2,048 bytes. Here nothing is cut: what is stored
//! is what came, so the bounds are wider, and a span beyond them is refused as a whole.

use telemetry_core::model::{AttributeValue, KeyValue, Resource, Scope, Span};
use telemetry_core::sink::RefusalReason;

use crate::span::format::DEPTH_MAX;

/// Bounds on a pushed span.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Attributes of a span, an event, a link, a resource or a scope.
    pub attributes_max: usize,
    /// Bytes of an attribute's name.
    pub attribute_name_bytes_max: usize,
    /// Bytes of an attribute's value: of all texts in it, for arrays and maps.
    pub attribute_value_bytes_max: usize,
    /// Arrays and maps within one another in a value; 64 at the most.
    pub attribute_depth_max: usize,
    /// Bytes of a name, a version, a status message, a trace state, a schema URL.
    pub text_bytes_max: usize,
    /// Events of a span.
    pub events_max: usize,
    /// Links of a span.
    pub links_max: usize,
}

impl Default for Limits {
    /// 1,024 attributes with names of 2 KiB and values of 1 MiB that nest 16 deep; texts of 64 KiB;
    /// 16,384 events and links.
    fn default() -> Self {
        Limits {
            attributes_max: 1024,
            attribute_name_bytes_max: 2 << 10,
            attribute_value_bytes_max: 1 << 20,
            attribute_depth_max: 16,
            text_bytes_max: 64 << 10,
            events_max: 1 << 14,
            links_max: 1 << 14,
        }
    }
}

impl Limits {
    /// Checks a span without its resource and scope.
    pub(crate) fn check_span(&self, span: &Span) -> Result<(), RefusalReason> {
        if span.trace_id.is_zero() {
            return Err(RefusalReason::ZeroId { what: "trace id" });
        }
        if span.span_id.is_zero() {
            return Err(RefusalReason::ZeroId { what: "span id" });
        }
        for time in [span.start.0, span.end.0] {
            // The ends of the range stand for "since ever" and "for ever".
            if time == i64::MIN || time == i64::MAX {
                return Err(RefusalReason::InvalidTime { time });
            }
        }
        self.text("the name of a span", &span.name)?;
        self.text("a status message", &span.status.message)?;
        self.text("a trace state", &span.trace_state)?;
        self.attributes(&span.attributes)?;
        bound_count("events of a span", span.events.len(), self.events_max)?;
        for event in &span.events {
            self.text("the name of an event", &event.name)?;
            self.attributes(&event.attributes)?;
        }
        bound_count("links of a span", span.links.len(), self.links_max)?;
        for link in &span.links {
            self.text("a trace state", &link.trace_state)?;
            self.attributes(&link.attributes)?;
        }
        Ok(())
    }

    /// Checks a resource.
    pub(crate) fn check_resource(&self, resource: &Resource) -> Result<(), RefusalReason> {
        self.text("a schema URL", &resource.schema_url)?;
        self.attributes(&resource.attributes)
    }

    /// Checks an instrumentation scope.
    pub(crate) fn check_scope(&self, scope: &Scope) -> Result<(), RefusalReason> {
        self.text("the name of a scope", &scope.name)?;
        self.text("the version of a scope", &scope.version)?;
        self.text("a schema URL", &scope.schema_url)?;
        self.attributes(&scope.attributes)
    }

    fn text(&self, what: &'static str, text: &str) -> Result<(), RefusalReason> {
        bound(what, text.len(), self.text_bytes_max)
    }

    fn attributes(&self, attributes: &[KeyValue]) -> Result<(), RefusalReason> {
        bound_count("attributes", attributes.len(), self.attributes_max)?;
        for attribute in attributes {
            let found = attribute.key.len();
            bound("an attribute name", found, self.attribute_name_bytes_max)?;
            let depth = self.attribute_depth_max.min(DEPTH_MAX);
            let bytes = value_bytes(&attribute.value, depth).ok_or(RefusalReason::Malformed {
                rule: "attribute values nest no deeper than the limit",
            })?;
            bound("an attribute value", bytes, self.attribute_value_bytes_max)?;
        }
        Ok(())
    }
}

/// Bytes of a value; none if it nests deeper than `depth`.
fn value_bytes(value: &AttributeValue, depth: usize) -> Option<usize> {
    let below = depth.checked_sub(1);
    Some(match value {
        AttributeValue::String(text) => text.len(),
        AttributeValue::Bytes(bytes) => bytes.len(),
        AttributeValue::Array(values) => {
            let below = below?;
            values.iter().map(|value| value_bytes(value, below)).sum::<Option<usize>>()?
                + values.len()
        }
        AttributeValue::Map(entries) => {
            let below = below?;
            let entry =
                |entry: &KeyValue| Some(entry.key.len() + value_bytes(&entry.value, below)?);
            entries.iter().map(entry).sum::<Option<usize>>()? + entries.len()
        }
        _ => 8,
    })
}

fn bound(what: &'static str, found: usize, limit: usize) -> Result<(), RefusalReason> {
    if found > limit { Err(RefusalReason::TooLong { what, found, limit }) } else { Ok(()) }
}

fn bound_count(what: &'static str, found: usize, limit: usize) -> Result<(), RefusalReason> {
    if found > limit { Err(RefusalReason::TooMany { what, limit: limit as u64 }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::model::{SpanEvent, SpanId, TraceId};
    use telemetry_core::time::Nanos;

    fn span() -> Span {
        Span { trace_id: TraceId([1; 16]), span_id: SpanId([1; 8]), ..Span::default() }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let limits =
            Limits { attributes_max: 1, attribute_value_bytes_max: 3, ..Limits::default() };
        let check = |span: Span| limits.check_span(&span);
        assert_eq!(check(span()), Ok(()));
        let zero = RefusalReason::ZeroId { what: "trace id" };
        assert_eq!(check(Span { trace_id: TraceId::default(), ..span() }), Err(zero));
        let zero = RefusalReason::ZeroId { what: "span id" };
        assert_eq!(check(Span { span_id: SpanId::default(), ..span() }), Err(zero));
        let time = i64::MAX;
        let invalid = Err(RefusalReason::InvalidTime { time });
        assert_eq!(check(Span { end: Nanos(time), ..span() }), invalid);
        let attributes = vec![KeyValue::new("a", 1_i64), KeyValue::new("b", 1_i64)];
        let many = Err(RefusalReason::TooMany { what: "attributes", limit: 1 });
        assert_eq!(check(Span { attributes, ..span() }), many);
        let event =
            SpanEvent { attributes: vec![KeyValue::new("a", "long")], ..SpanEvent::default() };
        let long = RefusalReason::TooLong { what: "an attribute value", found: 4, limit: 3 };
        assert_eq!(check(Span { events: vec![event], ..span() }), Err(long));
    }

    #[test]
    fn nesting_is_bounded_whatever_the_limit_says() {
        let limits = Limits { attribute_depth_max: usize::MAX, ..Limits::default() };
        let nested = |depth| {
            let wrap = |value, _| AttributeValue::Array(vec![value]);
            let value = (0..depth).fold(AttributeValue::Empty, wrap);
            limits.check_span(&Span { attributes: vec![KeyValue::new("a", value)], ..span() })
        };
        assert!(nested(DEPTH_MAX).is_ok());
        assert!(nested(DEPTH_MAX + 1).is_err());
    }
}
