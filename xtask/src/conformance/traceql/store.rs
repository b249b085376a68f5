//! The sources that cases with data run over: the one seam between the suite and a store.

use telemetry_core::model::Span;
use telemetry_core::source::span::{MemorySpans, SpanSource};

/// The same spans in every source, each with the name that failures carry.
pub(super) fn sources(spans: &[Span]) -> Vec<(&'static str, Box<dyn SpanSource>)> {
    let memory = MemorySpans::new(spans.iter().cloned());
    vec![
        ("memory", Box::new(memory.clone())),
        // Small groups, no help with conditions, and all left out that may be.
        (
            "plain memory",
            Box::new(memory.with_group_spans(100).with_conditions(false).with_skipping(true)),
        ),
    ]
}
