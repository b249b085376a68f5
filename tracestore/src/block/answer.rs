//! Which rows of a group hold a condition: read from one column, asked once per dictionary entry.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::Resource;
use telemetry_core::source::span::{
    AttributeScope, Intrinsic, RowBits, SpanCondition, SpanField, SpanTest,
};
use telemetry_core::storage::Result;

use super::TraceTable;
use super::column::{Texts, Values};
use super::format::Owner;
use super::group::{Group, items_of, kind_of, status_of};
use crate::search::value::{Value, holds_bool, holds_float, holds_int, holds_text};

/// What a value says to a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// There is none that a language can see.
    Nil,
    No,
    Yes,
}

impl Answer {
    fn of(value: &Value<'_>, test: &SpanTest) -> Self {
        if value.is_nil() { Answer::Nil } else { Answer::from(value.holds(test)) }
    }
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Answer::Yes } else { Answer::No }
    }
}

impl Group<'_> {
    /// Rows that hold the condition, exactly.
    ///
    /// # Errors
    ///
    /// A page cannot be read or is damaged.
    pub(crate) fn holds(&self, condition: &SpanCondition) -> Result<RowBits> {
        let test = &condition.test;
        match &condition.field {
            SpanField::Attribute { scope, name } => match scope {
                AttributeScope::Span => self.holds_span_attribute(name, test),
                AttributeScope::Any => self.holds_any_attribute(name, test),
                AttributeScope::Resource => {
                    let ids = self.resource_ids()?;
                    let resources = self.block.resources()?;
                    let answer = of_resource(&resources, name, test);
                    Ok(by_origin(&ids, resources.len(), answer))
                }
                AttributeScope::Instrumentation => {
                    let (ids, scopes) = (self.scope_ids()?, self.block.scopes()?);
                    let answer = |at: usize| {
                        let scope = scopes.get(at);
                        let value = scope.map(|scope| Value::find(&scope.attributes, name));
                        Answer::of(&value.unwrap_or(Value::Nil), test)
                    };
                    Ok(by_origin(&ids, scopes.len(), answer))
                }
                AttributeScope::Event => self.holds_item(Owner::Event, name, test),
                AttributeScope::Link => self.holds_item(Owner::Link, name, test),
            },
            SpanField::Intrinsic(intrinsic) => self.holds_intrinsic(*intrinsic, test),
        }
    }

    fn holds_span_attribute(&self, name: &str, test: &SpanTest) -> Result<RowBits> {
        let mut bits = RowBits::none(self.spans());
        self.for_each_answer(Owner::Span, name, test, |row, answer| {
            if answer == Answer::Yes {
                bits.set(row);
            }
        })?;
        Ok(bits)
    }

    /// The span's attribute, or the resource's where the span's is not there or nil.
    fn holds_any_attribute(&self, name: &str, test: &SpanTest) -> Result<RowBits> {
        let ids = self.resource_ids()?;
        let resources = self.block.resources()?;
        let mut bits = by_origin(&ids, resources.len(), of_resource(&resources, name, test));
        let (mut own, mut held) = (RowBits::none(self.spans()), RowBits::none(self.spans()));
        self.for_each_answer(Owner::Span, name, test, |row, answer| {
            if answer != Answer::Nil {
                own.set(row);
            }
            if answer == Answer::Yes {
                held.set(row);
            }
        })?;
        bits.and_not(&own);
        bits.or(&held);
        Ok(bits)
    }

    /// Rows of which an event or a link has an attribute that holds the test.
    fn holds_item(&self, owner: Owner, name: &str, test: &SpanTest) -> Result<RowBits> {
        let items = if owner == Owner::Event { self.entry.events } else { self.entry.links };
        if items == 0 {
            return Ok(RowBits::none(self.spans()));
        }
        let mut held = RowBits::none(items as usize);
        self.for_each_answer(owner, name, test, |item, answer| {
            if answer == Answer::Yes {
                held.set(item);
            }
        })?;
        self.rows_of_items(owner, &held)
    }

    fn rows_of_items(&self, owner: Owner, held: &RowBits) -> Result<RowBits> {
        let none = || Ok(RowBits::none(self.spans()));
        if held.is_empty() {
            return none();
        }
        let of = |starts: &[u32]| {
            RowBits::from_fn(self.spans(), |row| match (starts.get(row), starts.get(row + 1)) {
                (Some(start), Some(end)) => start < end && held.any_in(*start, *end),
                _ => false,
            })
        };
        match owner {
            Owner::Event => self.events()?.map_or_else(none, |events| Ok(of(&events.starts))),
            _ => self.links()?.map_or_else(none, |links| Ok(of(&links.starts))),
        }
    }

    /// Calls `each` with every item that has the attribute.
    fn for_each_answer(
        &self,
        owner: Owner,
        name: &str,
        test: &SpanTest,
        mut each: impl FnMut(u32, Answer),
    ) -> Result<()> {
        let column = self.block.name(name).and_then(|name| self.entry.column(owner, name));
        let Some(column) = column else { return Ok(()) };
        let shapes = self.shapes(owner)?;
        match &*self.values(column, &shapes)? {
            Values::Ints(values) => shapes.for_each(column, |item, at| {
                each(item, values.get(at).map_or(Answer::Nil, |v| holds_int(test, *v).into()));
            }),
            Values::Floats(values) => shapes.for_each(column, |item, at| {
                each(item, values.get(at).map_or(Answer::Nil, |v| holds_float(test, *v).into()));
            }),
            Values::Bools(values) => shapes.for_each(column, |item, at| {
                each(item, values.get(at).map_or(Answer::Nil, |v| holds_bool(test, *v).into()));
            }),
            Values::Texts(texts) => {
                let answers: Vec<Answer> =
                    texts.dictionary().map(|text| holds_text(test, text).into()).collect();
                by_entry(&answers, texts.ids(), |answer| {
                    shapes.for_each(column, |item, at| each(item, answer(at)));
                });
            }
            Values::Mixed { dictionary, ids } => {
                let answers: Vec<Answer> =
                    dictionary.iter().map(|value| Answer::of(&Value::of(value), test)).collect();
                by_entry(&answers, ids, |answer| {
                    shapes.for_each(column, |item, at| each(item, answer(at)));
                });
            }
        }
        Ok(())
    }

    fn holds_intrinsic(&self, intrinsic: Intrinsic, test: &SpanTest) -> Result<RowBits> {
        use Intrinsic as I;
        let spans = self.spans();
        Ok(match intrinsic {
            I::Name => holds_texts(&*self.names()?, test),
            I::StatusMessage => match self.messages()? {
                Some(messages) => holds_texts(&messages, test),
                None if holds_text(test, "") => RowBits::all(spans),
                None => RowBits::none(spans),
            },
            I::TraceState => match self.states()? {
                Some(states) => {
                    let mut bits = holds_texts(&states, test);
                    // An empty state is no state.
                    let empty = |row| states.value(row).is_empty();
                    bits.and_not(&RowBits::from_fn(spans, empty));
                    bits
                }
                None => RowBits::none(spans),
            },
            I::Status | I::Kind => {
                let answers: Vec<bool> = (0..=u8::MAX)
                    .map(|outcome| match intrinsic {
                        I::Status => Value::Status(status_of(outcome)).holds(test),
                        _ => Value::Kind(kind_of(outcome)).holds(test),
                    })
                    .collect();
                let outcomes = self.outcomes()?;
                let holds = |outcome: &u8| answers.get(usize::from(*outcome)) == Some(&true);
                RowBits::from_fn(spans, |row| outcomes.get(row).is_some_and(holds))
            }
            I::Duration => {
                let lengths = self.lengths()?;
                let holds = |length: &i64| holds_int(test, (*length).max(0));
                RowBits::from_fn(spans, |row| lengths.get(row).is_some_and(holds))
            }
            I::StartTime => {
                let starts = self.starts()?;
                RowBits::from_fn(spans, |row| starts.get(row).is_some_and(|s| holds_int(test, *s)))
            }
            I::SpanId => {
                let ids = self.span_ids()?;
                let holds = |row| ids.get(row).is_some_and(|id| Value::SpanId(*id).holds(test));
                RowBits::from_fn(spans, holds)
            }
            I::ParentId => {
                let (parents, ids) = (self.parents()?, self.span_ids()?);
                self.by_trace(|_, rows, bits| {
                    for row in rows.clone() {
                        let parent = parents.id(row, rows.start, &ids);
                        if parent.is_some_and(|id| Value::SpanId(id).holds(test)) {
                            bits.set(row);
                        }
                    }
                })?
            }
            I::InstrumentationName | I::InstrumentationVersion => {
                let (ids, scopes) = (self.scope_ids()?, self.block.scopes()?);
                by_origin(&ids, scopes.len(), |at| {
                    let text = scopes.get(at).map_or("", |scope| match intrinsic {
                        I::InstrumentationName => &scope.name,
                        _ => &scope.version,
                    });
                    holds_text(test, text).into()
                })
            }
            I::EventName if self.entry.events > 0 => {
                self.rows_of_items(Owner::Event, &holds_texts(&*self.event_names()?, test))?
            }
            I::EventTimeSinceStart => match self.events()? {
                Some(events) => {
                    let starts = self.starts()?;
                    RowBits::from_fn(spans, |row| {
                        let start = starts.get(row).copied().unwrap_or_default();
                        let since = |at: usize| events.since.get(at).copied().unwrap_or_default();
                        items_of(&events.starts, row)
                            .any(|at| holds_int(test, since_start(start, since(at))))
                    })
                }
                None => RowBits::none(spans),
            },
            I::LinkTraceId | I::LinkSpanId => match self.links()? {
                Some(links) => {
                    let held = RowBits::from_fn(links.ids.len(), |at| {
                        links.ids.get(at).is_some_and(|(trace, span)| match intrinsic {
                            I::LinkTraceId => Value::TraceId(*trace).holds(test),
                            _ => Value::SpanId(*span).holds(test),
                        })
                    });
                    self.rows_of_items(Owner::Link, &held)?
                }
                None => RowBits::none(spans),
            },
            of_trace if of_trace.is_of_trace() => {
                let traces = self.traces()?;
                let facts = Facts::new(*self, &traces, of_trace)?;
                self.by_trace(|trace, rows, bits| {
                    if facts.value(trace).holds(test) {
                        rows.for_each(|row| bits.set(row));
                    }
                })?
            }
            of_tree if of_tree.is_of_tree() => {
                let sets = self.nested_sets()?;
                RowBits::from_fn(spans, |row| test.holds(&sets.value(of_tree, row)))
            }
            _ => RowBits::none(spans),
        })
    }

    fn by_trace(
        &self,
        mut each: impl FnMut(usize, std::ops::Range<u32>, &mut RowBits),
    ) -> Result<RowBits> {
        let traces = self.traces()?;
        let mut bits = RowBits::none(self.spans());
        (0..traces.len()).for_each(|trace| each(trace, traces.rows(trace), &mut bits));
        Ok(bits)
    }

    /// Start of each row.
    pub(super) fn starts(&self) -> Result<Vec<i64>> {
        let (traces, in_trace) = (self.traces()?, self.starts_in_trace()?);
        let mut starts = Vec::with_capacity(in_trace.len());
        for trace in 0..traces.len() {
            let rows = traces.rows(trace);
            let of = in_trace.get(rows.start as usize..rows.end as usize).unwrap_or_default();
            let first = traces.start(trace);
            starts.extend(of.iter().map(|start| first.wrapping_add(*start)));
        }
        Ok(starts)
    }
}

/// The time of an event since the start of its span, as languages see it: it does not wrap.
pub(super) fn since_start(start: i64, since: i64) -> i64 {
    start.wrapping_add(since).saturating_sub(start)
}

fn holds_texts(texts: &Texts, test: &SpanTest) -> RowBits {
    let answers: Vec<bool> = texts.dictionary().map(|text| holds_text(test, text)).collect();
    let rows = texts.ids().len();
    if !answers.contains(&true) {
        return RowBits::none(rows);
    }
    let holds = |id: &u32| answers.get(*id as usize) == Some(&true);
    RowBits::from_fn(rows, |row| texts.ids().get(row).is_some_and(holds))
}

/// Runs `scan` with the answer per position, unless no entry of the dictionary matters.
fn by_entry(answers: &[Answer], ids: &[u32], scan: impl FnOnce(&dyn Fn(usize) -> Answer)) {
    let answer = |at: usize| {
        let id = ids.get(at).map_or(usize::MAX, |id| *id as usize);
        answers.get(id).copied().unwrap_or(Answer::Nil)
    };
    scan(&answer);
}

fn of_resource<'a>(
    resources: &'a [Arc<Resource>],
    name: &'a str,
    test: &'a SpanTest,
) -> impl Fn(usize) -> Answer + 'a {
    move |at| {
        let resource = resources.get(at);
        let value = resource.map(|resource| Value::find(&resource.attributes, name));
        Answer::of(&value.unwrap_or(Value::Nil), test)
    }
}

/// Rows whose resource or scope, one of `count`, answers yes: each is asked once.
fn by_origin(ids: &[u32], count: usize, answer: impl Fn(usize) -> Answer) -> RowBits {
    let mut known: Vec<Option<bool>> = vec![None; count];
    RowBits::from_fn(ids.len(), |row| {
        let id = ids.get(row).map_or(usize::MAX, |id| *id as usize);
        let Some(slot) = known.get_mut(id) else { return false };
        *slot.get_or_insert_with(|| answer(id) == Answer::Yes)
    })
}

type Resources = Arc<Vec<Arc<Resource>>>;

/// A fact of the traces of a group.
pub(super) struct Facts<'a> {
    traces: &'a TraceTable,
    fact: Intrinsic,
    names: Option<Arc<Texts>>,
    /// The resource of each row, and the resources.
    services: Option<(Arc<Vec<u32>>, Resources)>,
}

impl<'a> Facts<'a> {
    /// Reads what the fact needs.
    pub(super) fn new(group: Group<'_>, traces: &'a TraceTable, fact: Intrinsic) -> Result<Self> {
        let names = (fact == Intrinsic::TraceRootName).then(|| group.names()).transpose()?;
        let services = if fact == Intrinsic::TraceRootService {
            Some((group.resource_ids()?, group.block.resources()?))
        } else {
            None
        };
        Ok(Facts { traces, fact, names, services })
    }

    /// The fact of a trace; for names, nil without a root would be empty text.
    pub(super) fn value(&self, trace: usize) -> Value<'_> {
        let root = self.traces.root(trace).map(|root| root as usize);
        match self.fact {
            Intrinsic::TraceId => Value::TraceId(self.traces.id(trace)),
            Intrinsic::TraceStartTime => Value::Int(self.traces.start(trace)),
            Intrinsic::TraceDuration => Value::Duration(duration(self.traces, trace)),
            Intrinsic::TraceRootName => {
                let names = self.names.as_ref().zip(root);
                Value::Text(names.map_or("", |(names, root)| names.value(root)))
            }
            Intrinsic::TraceRootService => {
                let service =
                    self.services.as_ref().zip(root).and_then(|((ids, resources), root)| {
                        resources.get(*ids.get(root)? as usize)?.service_name()
                    });
                Value::Text(service.unwrap_or_default())
            }
            _ => Value::Nil,
        }
    }
}

/// Latest end minus earliest start, never negative.
pub(super) fn duration(traces: &TraceTable, trace: usize) -> i64 {
    traces.end(trace).saturating_sub(traces.start(trace)).max(0)
}
