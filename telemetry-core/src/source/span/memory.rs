//! Spans in memory as a source: the plain way, for tests, foreign data and small sets.
//!
//! Nothing is indexed and nothing is skipped beyond the window: every column is looked up in the spans
//! themselves, every condition is [`SpanTest::holds`](super::SpanTest::holds) on the value. Stores are
//! tested against it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    AttributeScope, Intrinsic, NestedSets, RowBits, SpanColumn, SpanColumnBuilder, SpanCondition,
    SpanField, SpanGroup, SpanGroups, SpanRequest, SpanSource, SpanValue, SpanValues, TraceFacts,
    TraceSkip, root_of, short_trace_id,
};
use crate::model::{KeyValue, Span, Trace, TraceId};
use crate::query::{QueryContext, Resource};
use crate::source::SourceError;
use crate::time::{Nanos, NanosRange};

/// Spans of a group at most, unless one trace has more.
const GROUP_SPANS_DEFAULT: usize = 4096;

/// Rows between two looks at the deadline.
const ROWS_PER_CHECK: usize = 1024;

/// A source over spans held in memory.
///
/// ```
/// use telemetry_core::model::{Span, SpanId, TraceId};
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::source::span::{MemorySpans, SpanRequest, SpanSource};
///
/// let span = Span { trace_id: TraceId([1; 16]), span_id: SpanId([2; 8]), ..Span::default() };
/// let source = MemorySpans::new([span]);
/// let groups = source.select(&SpanRequest::default(), &QueryContext::new())?;
/// assert_eq!(groups.len(), 1);
/// # Ok::<(), telemetry_core::source::SourceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemorySpans {
    /// By earliest start, then id.
    traces: Arc<[Trace]>,
    group_spans: usize,
    answers_conditions: bool,
    skips: bool,
}

impl MemorySpans {
    /// Groups spans by trace and orders them as a source has to.
    pub fn new(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut by_id = BTreeMap::<TraceId, Vec<Span>>::new();
        for span in spans {
            by_id.entry(span.trace_id).or_default().push(span);
        }
        let mut traces: Vec<Trace> = by_id
            .into_iter()
            .map(|(id, mut spans)| {
                spans.sort_by_key(|span| (span.start, span.span_id));
                Trace { id, spans }
            })
            .collect();
        traces.sort_by_key(|trace| trace.spans.first().map(|span| span.start));
        MemorySpans {
            traces: traces.into(),
            group_spans: GROUP_SPANS_DEFAULT,
            answers_conditions: true,
            skips: false,
        }
    }

    /// Makes groups of about `spans` spans.
    #[must_use]
    pub fn with_group_spans(mut self, spans: usize) -> Self {
        self.group_spans = spans.max(1);
        self
    }

    /// Whether conditions are answered here (the default) or left to the language.
    #[must_use]
    pub fn with_conditions(mut self, answered: bool) -> Self {
        self.answers_conditions = answered;
        self
    }

    /// Whether every trace that a request allows to leave out is left out. Off by default: finding out costs as
    /// much as the query.
    #[must_use]
    pub fn with_skipping(mut self, skips: bool) -> Self {
        self.skips = skips;
        self
    }

    /// The traces, by earliest start.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    fn spans_in(&self, window: NanosRange) -> impl Iterator<Item = &Span> {
        self.traces.iter().filter(move |trace| overlaps(trace, window)).flat_map(|t| &t.spans)
    }
}

fn overlaps(trace: &Trace, window: NanosRange) -> bool {
    let after = |span: &Span| span.end.max(span.start) >= window.start;
    trace.spans.iter().any(|span| span.start < window.end) && trace.spans.iter().any(after)
}

impl SpanSource for MemorySpans {
    fn select(
        &self,
        request: &SpanRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SpanGroups + '_>, SourceError> {
        context.check()?;
        let mut groups = Vec::<Vec<&Trace>>::new();
        let mut spans = usize::MAX;
        for trace in self.traces.iter().filter(|t| overlaps(t, request.window)) {
            if self.skips && may_skip(trace, request) {
                continue;
            }
            if spans.saturating_add(trace.spans.len()) > self.group_spans {
                groups.push(Vec::new());
                spans = 0;
            }
            spans += trace.spans.len();
            groups.last_mut().into_iter().for_each(|group| group.push(trace));
        }
        Ok(Box::new(Groups { source: self, request: request.clone(), groups }))
    }

    fn trace(&self, id: TraceId, context: &QueryContext) -> Result<Option<Trace>, SourceError> {
        context.check()?;
        Ok(self.traces.iter().find(|trace| trace.id == id).cloned())
    }

    fn attribute_names(
        &self,
        scope: Option<AttributeScope>,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanField>, SourceError> {
        let mut names = BTreeSet::new();
        for (at, span) in self.spans_in(window).enumerate() {
            if at % ROWS_PER_CHECK == 0 {
                context.check()?;
            }
            add_names(span, scope, &mut names);
        }
        context.bound(Resource::Rows, names.len() as u64)?;
        Ok(names.into_iter().map(|(scope, name)| SpanField::attribute(scope, name)).collect())
    }

    fn attribute_values(
        &self,
        field: &SpanField,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanValue>, SourceError> {
        let mut values = BTreeSet::new();
        for trace in self.traces.iter().filter(|trace| overlaps(trace, window)) {
            context.check()?;
            let nested = OnceSets::new(trace);
            for (row, span) in trace.spans.iter().enumerate() {
                let mut add = |value: SpanValue| {
                    if !value.is_nil() {
                        values.insert(value);
                    }
                };
                match field {
                    SpanField::Intrinsic(intrinsic) if intrinsic.is_of_trace() => {
                        add(facts(trace).value(*intrinsic));
                    }
                    SpanField::Intrinsic(intrinsic) if intrinsic.is_of_tree() => {
                        add(nested.get().value(*intrinsic, row));
                    }
                    field if field.is_multiple() => {
                        items(span, field).iter().for_each(|item| item.for_each_element(&mut add))
                    }
                    field => value(span, field).for_each_element(add),
                }
            }
            context.bound(Resource::Rows, values.len() as u64)?;
        }
        Ok(values.into_iter().collect())
    }
}

/// Rows of a trace that hold a condition.
fn rows_holding<'a>(
    trace: &'a Trace,
    condition: &'a SpanCondition,
) -> impl Iterator<Item = u32> + 'a {
    let (facts, nested) = (facts(trace), OnceSets::new(trace));
    let holds = move |row: usize, span: &Span| match &condition.field {
        SpanField::Intrinsic(intrinsic) if intrinsic.is_of_tree() => {
            condition.test.holds(&nested.get().value(*intrinsic, row))
        }
        SpanField::Intrinsic(intrinsic) if intrinsic.is_of_trace() => {
            condition.test.holds(&facts.value(*intrinsic))
        }
        field if field.is_multiple() => {
            items(span, field).iter().any(|item| condition.test.holds(item))
        }
        field => condition.test.holds(&value(span, field)),
    };
    let rows = (0_u32..).zip(&trace.spans);
    rows.filter(move |(row, span)| holds(*row as usize, span)).map(|(row, _)| row)
}

/// Whether a request allows to leave a trace out.
fn may_skip(trace: &Trace, request: &SpanRequest) -> bool {
    let rows = |at: &usize| {
        let condition = request.conditions.get(*at);
        let rows = condition.into_iter().flat_map(|condition| rows_holding(trace, condition));
        RowBits::from_rows(trace.spans.len(), rows)
    };
    match &request.skip {
        TraceSkip::Never => false,
        TraceSkip::UnlessAll(conditions) => {
            let mut all = RowBits::all(trace.spans.len());
            conditions.iter().for_each(|condition| all.and(&rows(condition)));
            all.is_empty()
        }
        TraceSkip::UnlessAny => {
            (0..request.conditions.len()).all(|condition| rows(&condition).is_empty())
        }
    }
}

/// Nested-set numbers of one trace, computed when first asked for.
struct OnceSets<'a>(&'a Trace, std::cell::OnceCell<NestedSets>);

impl<'a> OnceSets<'a> {
    fn new(trace: &'a Trace) -> Self {
        OnceSets(trace, std::cell::OnceCell::new())
    }

    fn get(&self) -> &NestedSets {
        self.1.get_or_init(|| {
            let mut sets = NestedSets::default();
            sets.push_trace(&self.0.spans);
            sets
        })
    }
}

struct Groups<'a> {
    source: &'a MemorySpans,
    request: SpanRequest,
    groups: Vec<Vec<&'a Trace>>,
}

impl SpanGroups for Groups<'_> {
    fn len(&self) -> usize {
        self.groups.len()
    }

    fn bounds(&self, group: usize) -> (Nanos, Nanos) {
        let starts = self.groups.get(group).into_iter().flatten().map(|trace| facts(trace).start);
        let (min, max) = (starts.clone().min(), starts.max());
        (min.unwrap_or(Nanos(i64::MIN)), max.unwrap_or(Nanos(i64::MAX)))
    }

    fn open(
        &self,
        group: usize,
        context: &QueryContext,
    ) -> Result<Box<dyn SpanGroup + '_>, SourceError> {
        let traces = self.groups.get(group).cloned().unwrap_or_default();
        let mut starts = vec![0_u32];
        let mut spans = Vec::new();
        for trace in &traces {
            spans.extend(&trace.spans);
            starts.push(u32::try_from(spans.len()).unwrap_or(u32::MAX));
        }
        context.charge_samples(spans.len() as u64)?;
        context.statistics().add_chunks(1);
        Ok(Box::new(Group { owner: self, traces, starts, spans }))
    }
}

struct Group<'a> {
    owner: &'a Groups<'a>,
    traces: Vec<&'a Trace>,
    starts: Vec<u32>,
    spans: Vec<&'a Span>,
}

impl SpanGroup for Group<'_> {
    fn trace_starts(&self) -> &[u32] {
        &self.starts
    }

    fn trace(&self, trace: usize) -> Result<TraceFacts, SourceError> {
        Ok(self.traces.get(trace).map(|trace| facts(trace)).unwrap_or_default())
    }

    fn condition(
        &self,
        condition: usize,
        context: &QueryContext,
    ) -> Result<Option<RowBits>, SourceError> {
        let Some(condition) = self.owner.request.conditions.get(condition) else {
            return Ok(None);
        };
        if !self.owner.source.answers_conditions {
            return Ok(None);
        }
        let mut bits = RowBits::none(self.spans.len());
        for (trace, start) in self.traces.iter().zip(&self.starts) {
            context.check()?;
            rows_holding(trace, condition).for_each(|row| bits.set(start.saturating_add(row)));
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
        let spans = rows.iter().map(|row| self.spans.get(*row as usize));
        if field.is_multiple() {
            let (mut starts, mut all) = (vec![0_u32], Vec::new());
            for span in spans {
                span.into_iter().for_each(|span| all.extend(items(span, field)));
                starts.push(u32::try_from(all.len()).unwrap_or(u32::MAX));
            }
            return Ok(SpanColumn::full(SpanValues::Multiple { starts, items: all }));
        }
        let mut builder = SpanColumnBuilder::new();
        spans.for_each(|span| builder.push(span.map(|s| value(s, field)).unwrap_or_default()));
        Ok(builder.build())
    }

    fn nested_sets(&self, context: &QueryContext) -> Result<Arc<NestedSets>, SourceError> {
        let mut sets = NestedSets::default();
        for trace in &self.traces {
            context.check()?;
            sets.push_trace(&trace.spans);
        }
        Ok(Arc::new(sets))
    }

    fn fields(&self, _context: &QueryContext) -> Result<Vec<SpanField>, SourceError> {
        let mut names = BTreeSet::new();
        self.spans.iter().for_each(|span| add_names(span, None, &mut names));
        Ok(names.into_iter().map(|(scope, name)| SpanField::attribute(scope, name)).collect())
    }
}

fn facts(trace: &Trace) -> TraceFacts {
    let root = root_of(&trace.spans).and_then(|at| trace.spans.get(at));
    let start = trace.spans.iter().map(|span| span.start).min().unwrap_or_default();
    let end = trace.spans.iter().map(|span| span.end).max().unwrap_or_default();
    TraceFacts {
        id: trace.id,
        root_name: root.map(|root| Arc::from(root.name.as_str())),
        root_service: root.map(|root| Arc::from(root.resource.service_name().unwrap_or_default())),
        start,
        duration_nanos: end.0.saturating_sub(start.0).max(0),
    }
}

/// The value of a field with one value per span, other than those of traces and trees.
fn value(span: &Span, field: &SpanField) -> SpanValue {
    let text = |text: &str| SpanValue::String(Arc::from(text));
    match field {
        SpanField::Attribute { scope, name } => match scope {
            AttributeScope::Any => match find(&span.attributes, name) {
                SpanValue::Nil => find(&span.resource.attributes, name),
                own => own,
            },
            AttributeScope::Span => find(&span.attributes, name),
            AttributeScope::Resource => find(&span.resource.attributes, name),
            AttributeScope::Instrumentation => find(&span.scope.attributes, name),
            AttributeScope::Event | AttributeScope::Link => SpanValue::Nil,
        },
        SpanField::Intrinsic(intrinsic) => match intrinsic {
            Intrinsic::Name => text(&span.name),
            Intrinsic::Status => SpanValue::Status(span.status.code),
            Intrinsic::StatusMessage => text(&span.status.message),
            Intrinsic::Kind => SpanValue::Kind(span.kind),
            Intrinsic::Duration => SpanValue::Duration(span.duration_nanos()),
            Intrinsic::StartTime => SpanValue::Int(span.start.0),
            Intrinsic::SpanId => text(&span.span_id.to_string()),
            Intrinsic::ParentId => {
                span.parent_span_id.map(|id| text(&id.to_string())).unwrap_or_default()
            }
            Intrinsic::TraceState if !span.trace_state.is_empty() => text(&span.trace_state),
            Intrinsic::InstrumentationName => text(&span.scope.name),
            Intrinsic::InstrumentationVersion => text(&span.scope.version),
            _ => SpanValue::Nil,
        },
    }
}

/// The values of a field with several values per span.
fn items(span: &Span, field: &SpanField) -> Vec<SpanValue> {
    let text = |text: &str| SpanValue::String(Arc::from(text));
    let mut items: Vec<SpanValue> = match field {
        SpanField::Attribute { scope: AttributeScope::Event, name } => {
            span.events.iter().map(|event| find(&event.attributes, name)).collect()
        }
        SpanField::Attribute { scope: AttributeScope::Link, name } => {
            span.links.iter().map(|link| find(&link.attributes, name)).collect()
        }
        SpanField::Intrinsic(Intrinsic::EventName) => {
            span.events.iter().map(|event| text(&event.name)).collect()
        }
        SpanField::Intrinsic(Intrinsic::EventTimeSinceStart) => {
            let since = |time: Nanos| SpanValue::Duration(time.0.saturating_sub(span.start.0));
            span.events.iter().map(|event| since(event.time)).collect()
        }
        SpanField::Intrinsic(Intrinsic::LinkTraceId) => {
            span.links.iter().map(|link| SpanValue::String(short_trace_id(link.trace_id))).collect()
        }
        SpanField::Intrinsic(Intrinsic::LinkSpanId) => {
            span.links.iter().map(|link| text(&link.span_id.to_string())).collect()
        }
        _ => Vec::new(),
    };
    items.retain(|item| !item.is_nil());
    items
}

fn find(attributes: &[KeyValue], name: &str) -> SpanValue {
    KeyValue::find(attributes, name).map(SpanValue::from_attribute).unwrap_or_default()
}

fn add_names(
    span: &Span,
    scope: Option<AttributeScope>,
    names: &mut BTreeSet<(AttributeScope, String)>,
) {
    let mut add = |of: AttributeScope, attributes: &[KeyValue]| {
        let wanted = match scope {
            None => true,
            Some(AttributeScope::Any) => {
                matches!(of, AttributeScope::Span | AttributeScope::Resource)
            }
            Some(scope) => scope == of,
        };
        if wanted {
            names.extend(attributes.iter().map(|attribute| (of, attribute.key.clone())));
        }
    };
    add(AttributeScope::Span, &span.attributes);
    add(AttributeScope::Resource, &span.resource.attributes);
    add(AttributeScope::Instrumentation, &span.scope.attributes);
    span.events.iter().for_each(|event| add(AttributeScope::Event, &event.attributes));
    span.links.iter().for_each(|link| add(AttributeScope::Link, &link.attributes));
}
