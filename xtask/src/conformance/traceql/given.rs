//! Spans given by their fields, as one group of one trace: what a test of the evaluator wants.

use std::collections::BTreeMap;
use std::sync::Arc;
use telemetry_core::model::{Trace, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{
    AttributeScope, NestedSets, RowBits, SpanColumn, SpanColumnBuilder, SpanField, SpanGroup,
    SpanGroups, SpanRequest, SpanSource, SpanValue, TraceFacts,
};
use telemetry_core::time::{Nanos, NanosRange};

/// Spans given by their fields.
#[derive(Default)]
pub(super) struct Given {
    pub(super) rows: Vec<BTreeMap<SpanField, SpanValue>>,
    pub(super) nested: NestedSets,
    starts: Vec<u32>,
}

impl Given {
    pub(super) fn new(rows: Vec<BTreeMap<SpanField, SpanValue>>, nested: NestedSets) -> Self {
        let spans = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Given { rows, nested, starts: vec![0, spans] }
    }

    /// A field without a scope may be given with one.
    fn value(&self, row: u32, field: &SpanField) -> SpanValue {
        let Some(fields) = self.rows.get(row as usize) else { return SpanValue::Nil };
        if let Some(value) = fields.get(field) {
            return value.clone();
        }
        let SpanField::Attribute { scope: AttributeScope::Any, name } = field else {
            return SpanValue::Nil;
        };
        let scoped = |scope| fields.get(&SpanField::attribute(scope, name)).cloned();
        AttributeScope::STORED.into_iter().find_map(scoped).unwrap_or_default()
    }
}

impl SpanGroup for Given {
    fn trace_starts(&self) -> &[u32] {
        &self.starts
    }

    fn trace(&self, _trace: usize) -> Result<TraceFacts, SourceError> {
        Ok(TraceFacts::default())
    }

    fn condition(
        &self,
        _condition: usize,
        _context: &QueryContext,
    ) -> Result<Option<RowBits>, SourceError> {
        Ok(None)
    }

    fn column(
        &self,
        field: &SpanField,
        rows: &[u32],
        _context: &QueryContext,
    ) -> Result<SpanColumn, SourceError> {
        let mut builder = SpanColumnBuilder::new();
        rows.iter().for_each(|row| builder.push(self.value(*row, field)));
        Ok(builder.build())
    }

    fn nested_sets(&self, _context: &QueryContext) -> Result<Arc<NestedSets>, SourceError> {
        Ok(Arc::new(self.nested.clone()))
    }

    fn fields(&self, _context: &QueryContext) -> Result<Vec<SpanField>, SourceError> {
        let mut fields: Vec<SpanField> =
            self.rows.iter().flat_map(BTreeMap::keys).cloned().collect();
        fields.retain(|field| matches!(field, SpanField::Attribute { .. }));
        fields.sort();
        fields.dedup();
        Ok(fields)
    }
}

/// A source of nothing but one group of given spans.
pub(super) struct GivenSource(pub(super) Given);

impl SpanSource for GivenSource {
    fn select(
        &self,
        _request: &SpanRequest,
        _context: &QueryContext,
    ) -> Result<Box<dyn SpanGroups + '_>, SourceError> {
        Ok(Box::new(One(&self.0)))
    }

    fn trace(&self, _id: TraceId, _context: &QueryContext) -> Result<Option<Trace>, SourceError> {
        Ok(None)
    }

    fn attribute_names(
        &self,
        _scope: Option<AttributeScope>,
        _window: NanosRange,
        _context: &QueryContext,
    ) -> Result<Vec<SpanField>, SourceError> {
        Ok(Vec::new())
    }

    fn attribute_values(
        &self,
        _field: &SpanField,
        _window: NanosRange,
        _context: &QueryContext,
    ) -> Result<Vec<SpanValue>, SourceError> {
        Ok(Vec::new())
    }
}

struct One<'a>(&'a Given);

impl SpanGroups for One<'_> {
    fn len(&self) -> usize {
        1
    }

    fn bounds(&self, _group: usize) -> (Nanos, Nanos) {
        (Nanos::MIN, Nanos::MAX)
    }

    fn open(
        &self,
        _group: usize,
        _context: &QueryContext,
    ) -> Result<Box<dyn SpanGroup + '_>, SourceError> {
        Ok(Box::new(Given::new(self.0.rows.clone(), self.0.nested.clone())))
    }
}
