//! One trace, narrowed to the spans that a query keeps.

use std::collections::HashSet;

use telemetry_core::model::{SpanId, Trace, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{MemorySpans, SpanRequest, SpanSource};

use crate::ast::{Body, Query};
use crate::engine::Engine;
use crate::error::Error;
use crate::eval::group::Group;
use crate::eval::spanset;
use crate::plan::{Plan, Steps};

impl Engine {
    /// The spans of a trace that a query keeps, by start time; none if the trace is not stored. With `hierarchy`
    /// also the spans above them, so that what is left is a tree where the trace was one.
    ///
    /// # Errors
    /// [`Error::Shape`] for a metrics query, and what the source reports.
    pub fn trace(
        &self,
        id: TraceId,
        query: &Query,
        hierarchy: bool,
        source: &dyn SpanSource,
        context: &QueryContext,
    ) -> Result<Option<Trace>, Error> {
        let Body::Search(pipeline) = &query.body else {
            return Err(Error::Shape { wanted: "traces", found: "series" });
        };
        let Some(trace) = source.trace(id, context)? else { return Ok(None) };
        let mut plan = Plan::default();
        let steps = Steps::compile(&mut plan, pipeline)?;
        // The rows of a source of one trace are its spans in their order.
        let memory = MemorySpans::new(trace.spans);
        let request = SpanRequest { conditions: plan.conditions(), ..SpanRequest::default() };
        let groups = memory.select(&request, context)?;
        let mut keep = HashSet::new();
        for at in 0..groups.len() {
            let opened = groups.open(at, context)?;
            let group = Group::new(&*opened, &plan, context);
            for set in spanset::run(&group, &steps, spanset::whole_traces(&group))? {
                keep.extend(set.rows.list().iter().copied());
            }
        }
        let spans = memory.traces().iter().flat_map(|trace| &trace.spans);
        let mut spans: Vec<_> = (0_u32..).zip(spans).collect();
        if hierarchy {
            add_ancestors(&spans, &mut keep);
        }
        spans.retain(|(row, _)| keep.contains(row));
        Ok(Some(Trace { id, spans: spans.into_iter().map(|(_, span)| span.clone()).collect() }))
    }
}

/// Adds the rows of all spans above those that are kept.
fn add_ancestors(spans: &[(u32, &telemetry_core::model::Span)], keep: &mut HashSet<u32>) {
    let mut wanted: Vec<SpanId> = spans
        .iter()
        .filter(|(row, _)| keep.contains(row))
        .filter_map(|(_, span)| span.parent_span_id)
        .collect();
    let mut by_id = hashbrown::HashMap::<SpanId, Vec<usize>>::new();
    for (at, (_, span)) in spans.iter().enumerate() {
        by_id.entry(span.span_id).or_default().push(at);
    }
    // Each row is added once, so loops of parents end.
    while let Some(parent) = wanted.pop() {
        for at in by_id.get(&parent).into_iter().flatten() {
            if let Some((row, span)) = spans.get(*at)
                && keep.insert(*row)
            {
                wanted.extend(span.parent_span_id);
            }
        }
    }
}
