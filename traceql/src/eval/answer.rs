//! From the spansets of a group to what a search gives back.
//!
//! Only the traces that can be among the latest are put together, and of each spanset only the
//! spans that are shown.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::model::{StatusCode, TraceId};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::span::{
    AttributeScope, Intrinsic, SpanColumn, SpanField, SpanGroup, SpanValue, SpanValues, TraceFacts,
};
use telemetry_core::time::Nanos;

use super::group::Group;
use super::spanset::{self, Spanset};
use crate::engine::SearchOptions;
use crate::error::Error;
use crate::plan::{Plan, Steps};
use crate::value::{ServiceStatistics, SpanMatch, SpansetMatch, TraceMatch};

/// A trace of the answer.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) TraceMatch);

impl Found {
    /// The order of the answer: the latest first, then by id.
    pub(crate) fn order(&self) -> (Reverse<Nanos>, TraceId) {
        (Reverse(self.0.start), self.0.id)
    }
}

/// What is the same for all groups of a search.
pub(crate) struct Assembler<'a> {
    plan: &'a Plan,
    steps: &'a Steps,
    shown: Vec<SpanField>,
    options: &'a SearchOptions,
}

/// Fields of every span of the answer.
const OWN: [Intrinsic; 4] =
    [Intrinsic::SpanId, Intrinsic::Name, Intrinsic::StartTime, Intrinsic::Duration];

impl<'a> Assembler<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        steps: &'a Steps,
        mut shown: Vec<SpanField>,
        options: &'a SearchOptions,
    ) -> Self {
        // These have places of their own in the answer.
        let elsewhere = [
            Intrinsic::SpanId,
            Intrinsic::Duration,
            Intrinsic::TraceId,
            Intrinsic::TraceDuration,
            Intrinsic::TraceRootName,
            Intrinsic::TraceRootService,
        ];
        shown.retain(|field| !elsewhere.iter().any(|i| *field == SpanField::Intrinsic(*i)));
        Assembler { plan, steps, shown, options }
    }

    /// The traces of a group that may be in the answer, in its order.
    pub(crate) fn group(
        &self,
        rows: &dyn SpanGroup,
        context: &QueryContext,
    ) -> Result<Vec<Found>, Error> {
        let group = Group::new(rows, self.plan, context);
        let spansets = spanset::run(&group, self.steps, spanset::whole_traces(&group))?;
        let mut traces = Vec::new();
        for same in spansets.chunk_by(|a, b| a.trace == b.trace) {
            let Some(first) = same.first() else { continue };
            let facts = group.facts(first.trace)?;
            if self.in_window(&facts) {
                traces.push((Reverse(facts.start), facts.id, same));
            }
        }
        traces.sort_by_key(|(start, id, _)| (*start, *id));
        traces.truncate(self.options.limit);
        let mut shown: Vec<u32> = Vec::new();
        for spanset in traces.iter().flat_map(|(_, _, spansets)| *spansets) {
            shown.extend(spanset.rows.list().iter().take(self.options.spans_per_spanset));
        }
        shown.sort_unstable();
        shown.dedup();
        context.bound(Resource::Rows, shown.len() as u64)?;
        let columns = self.columns(&group, &shown)?;
        let services = if self.options.services {
            let of = traces.iter().filter_map(|(_, _, spansets)| spansets.first());
            Some(Services::read(&group, of.map(|spanset| spanset.trace).collect())?)
        } else {
            None
        };
        let assemble = |(_, _, spansets): &(_, _, &[Spanset])| {
            self.trace(&group, spansets, &shown, &columns, services.as_ref()).map(Found)
        };
        traces.iter().map(assemble).collect()
    }

    /// A source may give more traces than the window holds.
    fn in_window(&self, facts: &TraceFacts) -> bool {
        let window = self.options.window;
        facts.start < window.end && facts.start.saturating_add(facts.duration_nanos) >= window.start
    }

    fn columns(&self, group: &Group<'_>, rows: &[u32]) -> Result<Vec<SpanColumn>, Error> {
        let own = OWN.iter().map(|intrinsic| SpanField::Intrinsic(*intrinsic));
        let fields = own.chain(self.shown.iter().cloned());
        fields.map(|field| group.fetch(&field, rows).map_err(Error::from)).collect()
    }

    fn trace(
        &self,
        group: &Group<'_>,
        spansets: &[Spanset],
        rows: &[u32],
        columns: &[SpanColumn],
        services: Option<&Services>,
    ) -> Result<TraceMatch, Error> {
        let trace = spansets.first().map(|spanset| spanset.trace).unwrap_or_default();
        let facts = group.facts(trace)?;
        let spanset = |spanset: &Spanset| {
            let list = spanset.rows.list();
            let shown = list.iter().take(self.options.spans_per_spanset);
            let position = |row: &u32| rows.binary_search(row).unwrap_or_default();
            SpansetMatch {
                attributes: spanset.attributes.clone(),
                matched: spanset.rows.len(),
                spans: shown.map(|row| self.span(position(row), columns)).collect(),
            }
        };
        Ok(TraceMatch {
            id: facts.id,
            root_name: facts.root_name.clone(),
            root_service: facts.root_service.clone(),
            start: facts.start,
            duration_nanos: facts.duration_nanos,
            spansets: spansets.iter().map(spanset).collect(),
            services: services.map(|services| services.of(group, trace)).unwrap_or_default(),
        })
    }

    fn span(&self, at: usize, columns: &[SpanColumn]) -> SpanMatch {
        let own = |index: usize| columns.get(index).map(|column| column.value(at));
        let number = |index: usize| match own(index) {
            Some(SpanValue::Int(value) | SpanValue::Duration(value)) => value,
            _ => 0,
        };
        let id = columns.first().map(|column| match &column.values {
            SpanValues::SpanId(ids) => ids.get(at).copied().unwrap_or_default(),
            _ => column.value(at).as_str().and_then(|text| text.parse().ok()).unwrap_or_default(),
        });
        let name = match own(1) {
            Some(SpanValue::String(name)) => name,
            _ => Arc::from(""),
        };
        let shown = self.shown.iter().zip(columns.iter().skip(OWN.len()));
        let values =
            shown.map(|(field, column)| (field.clone(), self.shown_value(field, column, at)));
        SpanMatch {
            id: id.unwrap_or_default(),
            name,
            start: Nanos(number(2)),
            duration_nanos: number(3),
            attributes: values.filter(|(_, value)| !value.is_nil()).collect(),
        }
    }

    /// Of several values the one that made the span match is worth showing; without such the last, as
    /// in Tempo.
    fn shown_value(&self, field: &SpanField, column: &SpanColumn, at: usize) -> SpanValue {
        let items = column.items(at);
        if items.len() < 2 {
            return column.value(at);
        }
        let slot = self.plan.fields.iter().position(|known| known == field);
        let tests = || self.plan.tests.iter().filter(|(of, _)| Some(*of) == slot);
        let matching = items.iter().find(|item| tests().any(|(_, test)| test.holds(item)));
        matching.or(items.last()).cloned().unwrap_or_default()
    }
}

/// Services and statuses of all spans of some traces.
struct Services {
    /// Ascending.
    rows: Vec<u32>,
    names: SpanColumn,
    statuses: SpanColumn,
}

impl Services {
    fn read(group: &Group<'_>, mut traces: Vec<usize>) -> Result<Self, Error> {
        traces.sort_unstable();
        traces.dedup();
        let rows: Vec<u32> = traces.into_iter().flat_map(|trace| rows_of(group, trace)).collect();
        let name = SpanField::attribute(AttributeScope::Resource, "service.name");
        let names = group.fetch(&name, &rows)?;
        let statuses = group.fetch(&Intrinsic::Status.into(), &rows)?;
        Ok(Services { rows, names, statuses })
    }

    /// Spans and errors of each service in a trace, by name.
    fn of(&self, group: &Group<'_>, trace: usize) -> Vec<ServiceStatistics> {
        let rows = rows_of(group, trace);
        let first = self.rows.partition_point(|row| *row < rows.start);
        let mut counts = BTreeMap::<Arc<str>, (u32, u32)>::new();
        for at in first..first + rows.len() {
            let name = match self.names.value(at) {
                SpanValue::String(name) => name,
                _ => Arc::from(""),
            };
            let (spans, errors) = counts.entry(name).or_default();
            *spans += 1;
            let status = self.statuses.value(at);
            *errors += u32::from(status == SpanValue::Status(StatusCode::Error));
        }
        let statistics = |(service, (spans, errors))| ServiceStatistics { service, spans, errors };
        counts.into_iter().map(statistics).collect()
    }
}

/// The rows of a trace.
fn rows_of(group: &Group<'_>, trace: usize) -> std::ops::Range<u32> {
    let starts = group.rows.trace_starts();
    let bound = |at: usize| starts.get(at).copied().unwrap_or_default();
    bound(trace)..bound(trace + 1)
}
