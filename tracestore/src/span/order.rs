//! The order of spans within a trace, and which of them are one and the same.
//!
//! As in Tempo, spans of a trace with one id and one kind are the same span, sent twice: the one
//! committed first is kept. (Client and server side of a call may share an id.) The rest is ordered
//! by start, then by id; what is equal in both keeps the order of commits.

use std::sync::Arc;

use hashbrown::HashSet;
use telemetry_core::model::Span;

/// Up to so many spans are compared with one another; beyond, a set pays.
const COMPARED_MAX: usize = 16;

/// Orders the spans of one trace, given in the order of their commits, and drops repeated ones.
pub(crate) fn settle(spans: &mut Vec<Arc<Span>>) {
    if spans.len() > COMPARED_MAX {
        let mut known = HashSet::with_capacity(spans.len());
        spans.retain(|span| known.insert((span.span_id, span.kind)));
    } else {
        let mut kept = 0;
        for at in 0..spans.len() {
            let (before, rest) = spans.split_at(at);
            let Some(span) = rest.first() else { break };
            let same = |other: &Arc<Span>| other.span_id == span.span_id && other.kind == span.kind;
            if !before.iter().take(kept).any(same) {
                spans.swap(kept, at);
                kept += 1;
            }
        }
        spans.truncate(kept);
    }
    if !spans.is_sorted_by_key(|span| (span.start, span.span_id)) {
        spans.sort_by_key(|span| (span.start, span.span_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::model::{SpanId, SpanKind};
    use telemetry_core::time::Nanos;

    fn span(id: u8, kind: SpanKind, start: i64, name: &str) -> Arc<Span> {
        Arc::new(Span {
            span_id: SpanId([id; 8]),
            kind,
            start: Nanos(start),
            name: name.into(),
            ..Span::default()
        })
    }

    fn names(mut spans: Vec<Arc<Span>>) -> Vec<String> {
        settle(&mut spans);
        spans.iter().map(|span| span.name.clone()).collect()
    }

    #[test]
    fn the_first_of_repeated_spans_is_kept_and_kinds_differ() {
        let spans = vec![
            span(2, SpanKind::Client, 5, "second"),
            span(1, SpanKind::Server, 5, "first"),
            span(2, SpanKind::Client, 1, "again"),
            span(2, SpanKind::Server, 5, "third"),
            span(3, SpanKind::Server, 0, "zeroth"),
        ];
        let expected = ["zeroth", "first", "second", "third"];
        assert_eq!(names(spans.clone()), expected);
        // The same with so many that a set is used.
        let many = spans.iter().cycle().take(5 * 7).cloned().collect();
        assert_eq!(names(many), expected);
    }
}
