//! How much memory a span takes: an estimate for budgets.

use telemetry_core::model::{AttributeValue, KeyValue, Span};

/// Bytes that the allocator adds to a block, about.
const ALLOCATION_BYTES: usize = 16;

/// Bytes of memory of a span without its resource and scope, which are shared.
pub(crate) fn memory_bytes(span: &Span) -> usize {
    let events = span
        .events
        .iter()
        .map(|event| size_of_val(event) + text(&event.name) + attributes(&event.attributes));
    let links = span
        .links
        .iter()
        .map(|link| size_of_val(link) + text(&link.trace_state) + attributes(&link.attributes));
    size_of::<Span>()
        + ALLOCATION_BYTES
        + text(&span.name)
        + text(&span.trace_state)
        + text(&span.status.message)
        + attributes(&span.attributes)
        + events.sum::<usize>()
        + links.sum::<usize>()
}

/// Bytes of memory of attributes.
pub(crate) fn attributes(attributes: &[KeyValue]) -> usize {
    let each = |attribute: &KeyValue| {
        size_of::<KeyValue>() + text(&attribute.key) + value(&attribute.value)
    };
    ALLOCATION_BYTES + attributes.iter().map(each).sum::<usize>()
}

fn text(text: &str) -> usize {
    if text.is_empty() { 0 } else { text.len() + ALLOCATION_BYTES }
}

/// Bytes that a value takes beyond itself. It nests as deep as the limits allow at most.
fn value(of: &AttributeValue) -> usize {
    match of {
        AttributeValue::String(string) => text(string),
        AttributeValue::Bytes(bytes) => bytes.len() + ALLOCATION_BYTES,
        AttributeValue::Array(values) => {
            let each = |item: &AttributeValue| size_of::<AttributeValue>() + value(item);
            ALLOCATION_BYTES + values.iter().map(each).sum::<usize>()
        }
        AttributeValue::Map(entries) => attributes(entries),
        _ => 0,
    }
}
