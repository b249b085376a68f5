//! Which spans a delete hides.
//!
//! A matcher is about an attribute of the resource, whose values that are not text match as they
//! print; an attribute that is absent, like one without a value, is the empty text. Four names mean
//! the span: `trace:id` and `span:id` (hexadecimal digits), `span:name`, `span:kind`, `span:status`.
//! The time of a span is its start.

use std::sync::Arc;

use telemetry_core::labels::Matcher;
use telemetry_core::model::{AttributeValue, KeyValue, Resource, Span};
use telemetry_core::storage::tombstone::Tombstone;

/// The trace's id.
pub(crate) const TRACE_ID: &str = "trace:id";
/// The span's id.
pub(crate) const SPAN_ID: &str = "span:id";
/// The span's name.
pub(crate) const NAME: &str = "span:name";
/// The span's kind.
pub(crate) const KIND: &str = "span:kind";
/// The span's status.
pub(crate) const STATUS: &str = "span:status";

/// Whether one of the tombstones hides the span.
pub(crate) fn hides(tombstones: &[Arc<Tombstone>], span: &Span) -> bool {
    tombstones.iter().any(|tombstone| {
        tombstone.covers(span.start.0)
            && tombstone.matchers.iter().all(|matcher| selects(matcher, span))
    })
}

fn selects(matcher: &Matcher, span: &Span) -> bool {
    match matcher.name() {
        TRACE_ID => matcher.matches(&span.trace_id.to_string()),
        SPAN_ID => matcher.matches(&span.span_id.to_string()),
        NAME => matcher.matches(&span.name),
        KIND => matcher.matches(span.kind.as_str()),
        STATUS => matcher.matches(span.status.code.as_str()),
        _ => selects_resource(matcher, &span.resource),
    }
}

/// Whether a matcher on an attribute of the resource selects it.
pub(crate) fn selects_resource(matcher: &Matcher, resource: &Resource) -> bool {
    match KeyValue::find(&resource.attributes, matcher.name()) {
        None => matcher.matches(""),
        Some(AttributeValue::String(text)) => matcher.matches(text),
        Some(value) => matcher.matches(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::model::{SpanKind, TraceId};
    use telemetry_core::time::Nanos;

    #[test]
    fn matchers_are_about_the_resource_or_the_span() {
        let span = Span {
            trace_id: TraceId([1; 16]),
            name: "GET".into(),
            kind: SpanKind::Server,
            start: Nanos(10),
            resource: Arc::new(Resource {
                attributes: vec![KeyValue::new("service.name", "api"), KeyValue::new("pid", 7_i64)],
                ..Resource::default()
            }),
            ..Span::default()
        };
        let hides = |matchers: &[(&str, &str)], start| {
            let matchers = matchers.iter().map(|(name, value)| Matcher::equal(*name, *value));
            hides(&[Arc::new(Tombstone::new(matchers.collect(), start, 20))], &span)
        };
        assert!(hides(&[], 10) && !hides(&[], 11));
        assert!(hides(&[("service.name", "api"), ("pid", "7"), ("other", "")], 0));
        assert!(hides(&[(TRACE_ID, &"01".repeat(16)), (NAME, "GET"), (KIND, "server")], 0));
        assert!(!hides(&[("service.name", "api"), (STATUS, "error")], 0));
        assert!(!hides(&[("name", "GET")], 0));
    }
}
