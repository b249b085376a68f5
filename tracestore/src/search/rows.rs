//! A group over spans in memory: those of heads, and traces that were put together from several
//! places.

use std::collections::BTreeSet;
use std::sync::Arc;

use telemetry_core::model::Span;
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{
    AttributeScope, NestedSets, RowBits, SpanColumn, SpanCondition, SpanField, SpanGroup,
    TraceFacts,
};
use telemetry_core::time::Nanos;

use super::column::{Multiple, column};
use super::fields;

/// Rows between two looks at the deadline.
const ROWS_PER_CHECK: usize = 1024;

/// Whole traces, span by span.
#[derive(Debug)]
pub(crate) struct Rows {
    spans: Vec<Arc<Span>>,
    starts: Vec<u32>,
    conditions: Arc<[SpanCondition]>,
}

impl Rows {
    pub(crate) fn new(conditions: Arc<[SpanCondition]>) -> Self {
        Rows { spans: Vec::new(), starts: vec![0], conditions }
    }

    /// Adds a trace, whose spans are in row order.
    pub(crate) fn push(&mut self, spans: impl IntoIterator<Item = Arc<Span>>) {
        self.spans.extend(spans);
        self.starts.push(u32::try_from(self.spans.len()).unwrap_or(u32::MAX));
    }

    fn of_trace(&self, trace: usize) -> &[Arc<Span>] {
        match (self.starts.get(trace), self.starts.get(trace + 1)) {
            (Some(start), Some(end)) => {
                self.spans.get(*start as usize..*end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Rows that hold a condition on a fact of their trace.
    fn holds_of_trace(&self, condition: &SpanCondition) -> RowBits {
        let SpanField::Intrinsic(intrinsic) = condition.field else {
            return RowBits::none(self.spans.len());
        };
        let mut bits = RowBits::none(self.spans.len());
        for (trace, window) in self.starts.windows(2).enumerate() {
            let &[start, end] = window else { continue };
            if condition.test.holds(&facts(self.of_trace(trace)).value(intrinsic)) {
                (start..end).for_each(|row| bits.set(row));
            }
        }
        bits
    }

    /// Rows that hold a condition on an attribute of the resource: asked once while it stays the
    /// same.
    fn holds_of_resource(&self, condition: &SpanCondition) -> RowBits {
        let mut last = None;
        RowBits::from_fn(self.spans.len(), |row| {
            let Some(span) = self.spans.get(row) else { return false };
            let resource = Arc::as_ptr(&span.resource);
            match last {
                Some((known, answer)) if known == resource => answer,
                _ => {
                    let answer = fields::value(span, &condition.field).holds(&condition.test);
                    last = Some((resource, answer));
                    answer
                }
            }
        })
    }

    fn holds_of_span(&self, span: &Span, condition: &SpanCondition) -> bool {
        if !condition.field.is_multiple() {
            return fields::value(span, &condition.field).holds(&condition.test);
        }
        let mut any = false;
        fields::for_each_item(span, &condition.field, |item| {
            any = any || item.holds(&condition.test);
        });
        any
    }
}

/// Facts of the trace of these spans, which are in row order.
pub(crate) fn facts(spans: &[Arc<Span>]) -> TraceFacts {
    let root = spans.iter().rev().find(|span| span.parent_span_id.is_none());
    let start = spans.iter().map(|span| span.start).min().unwrap_or_default();
    let end = spans.iter().map(|span| span.end).max().unwrap_or_default();
    TraceFacts {
        id: spans.first().map(|span| span.trace_id).unwrap_or_default(),
        root_name: root.map(|root| Arc::from(root.name.as_str())),
        root_service: root.map(|root| Arc::from(root.resource.service_name().unwrap_or_default())),
        start: Nanos(start.0),
        duration_nanos: end.0.saturating_sub(start.0).max(0),
    }
}

impl SpanGroup for Rows {
    fn trace_starts(&self) -> &[u32] {
        &self.starts
    }

    fn trace(&self, trace: usize) -> Result<TraceFacts, SourceError> {
        Ok(facts(self.of_trace(trace)))
    }

    fn condition(
        &self,
        condition: usize,
        context: &QueryContext,
    ) -> Result<Option<RowBits>, SourceError> {
        context.check()?;
        let Some(condition) = self.conditions.get(condition) else { return Ok(None) };
        match &condition.field {
            SpanField::Intrinsic(intrinsic) if intrinsic.is_of_trace() => {
                return Ok(Some(self.holds_of_trace(condition)));
            }
            SpanField::Intrinsic(intrinsic) if intrinsic.is_of_tree() => {
                let nested = self.nested_sets(context)?;
                let holds = |row| condition.test.holds(&nested.value(*intrinsic, row));
                return Ok(Some(RowBits::from_fn(self.spans.len(), holds)));
            }
            SpanField::Attribute { scope: AttributeScope::Resource, .. } => {
                return Ok(Some(self.holds_of_resource(condition)));
            }
            _ => {}
        }
        let mut bits = RowBits::none(self.spans.len());
        for (chunk, spans) in (0_u32..).zip(self.spans.chunks(ROWS_PER_CHECK)) {
            context.check()?;
            let rows = chunk * ROWS_PER_CHECK as u32..;
            for (row, span) in rows.zip(spans) {
                if self.holds_of_span(span, condition) {
                    bits.set(row);
                }
            }
        }
        Ok(Some(bits))
    }

    fn column(
        &self,
        field: &SpanField,
        rows: &[u32],
        context: &QueryContext,
    ) -> Result<SpanColumn, SourceError> {
        context.check()?;
        let spans = rows.iter().filter_map(|row| self.spans.get(*row as usize));
        if field.is_multiple() {
            let mut multiple = Multiple::new();
            for span in spans {
                fields::for_each_item(span, field, |item| multiple.push(item.to_owned()));
                multiple.end_row();
            }
            return Ok(multiple.build());
        }
        let values: Vec<_> = spans.map(|span| fields::value(span, field)).collect();
        Ok(column(&values))
    }

    fn nested_sets(&self, context: &QueryContext) -> Result<Arc<NestedSets>, SourceError> {
        let mut sets = NestedSets::default();
        for trace in 0..self.traces() {
            context.check()?;
            let spans = self.of_trace(trace).iter();
            sets.push_rows(spans.map(|span| (span.span_id, span.parent_span_id, span.kind)));
        }
        Ok(Arc::new(sets))
    }

    fn fields(&self, _context: &QueryContext) -> Result<Vec<SpanField>, SourceError> {
        let mut names = BTreeSet::new();
        for span in &self.spans {
            fields::for_each_name(span, |scope, name| {
                names.insert((scope, name));
            });
        }
        Ok(names.into_iter().map(|(scope, name)| SpanField::attribute(scope, name)).collect())
    }
}
