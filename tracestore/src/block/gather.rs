//! Values of fields at some rows of a group.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::BTreeSet;
use std::sync::Arc;

use telemetry_core::source::span::{
    AttributeScope, Intrinsic, RowBits, SpanColumn, SpanField, SpanValue, SpanValues, TraceFacts,
};
use telemetry_core::storage::Result;
use telemetry_core::time::Nanos;

use super::answer::{Facts, duration, since_start};
use super::column::{Texts, Values};
use super::format::Owner;
use super::group::{Group, items_of, kind_of, status_of};
use crate::search::column::{Multiple, column};
use crate::search::value::Value;

/// Where a column has no value.
const ABSENT: usize = usize::MAX;

impl Group<'_> {
    /// Facts of a trace.
    ///
    /// # Errors
    ///
    /// A page cannot be read or is damaged; likewise below.
    pub(crate) fn facts(&self, trace: usize) -> Result<TraceFacts> {
        let traces = self.traces()?;
        let root = traces.root(trace);
        let text = |fact| -> Result<Option<Arc<str>>> {
            let Some(_) = root else { return Ok(None) };
            match Facts::new(*self, &traces, fact)?.value(trace) {
                Value::Text(text) => Ok(Some(Arc::from(text))),
                _ => Ok(None),
            }
        };
        Ok(TraceFacts {
            id: traces.id(trace),
            root_name: text(Intrinsic::TraceRootName)?,
            root_service: text(Intrinsic::TraceRootService)?,
            start: Nanos(traces.start(trace)),
            duration_nanos: duration(&traces, trace),
        })
    }

    /// Values of `field`, which is neither of the trace nor of the tree, at ascending rows.
    pub(crate) fn column(&self, field: &SpanField, rows: &[u32]) -> Result<SpanColumn> {
        match field {
            SpanField::Attribute { scope, name } => match scope {
                AttributeScope::Span => self.span_attribute(name, rows),
                AttributeScope::Any => self.any_attribute(name, rows),
                AttributeScope::Resource => {
                    let (ids, resources) = (self.resource_ids()?, self.block.resources()?);
                    Ok(by_origin(&ids, rows, |id| match resources.get(id) {
                        Some(resource) => Value::find(&resource.attributes, name),
                        None => Value::Nil,
                    }))
                }
                AttributeScope::Instrumentation => {
                    let (ids, scopes) = (self.scope_ids()?, self.block.scopes()?);
                    Ok(by_origin(&ids, rows, |id| match scopes.get(id) {
                        Some(scope) => Value::find(&scope.attributes, name),
                        None => Value::Nil,
                    }))
                }
                AttributeScope::Event => self.item_attribute(Owner::Event, name, rows),
                AttributeScope::Link => self.item_attribute(Owner::Link, name, rows),
            },
            SpanField::Intrinsic(intrinsic) => self.intrinsic(*intrinsic, rows),
        }
    }

    fn span_attribute(&self, name: &str, rows: &[u32]) -> Result<SpanColumn> {
        let Some((positions, values)) = self.values_at(Owner::Span, name, rows)? else {
            return Ok(SpanColumn::absent(rows.len()));
        };
        let present = if positions.contains(&ABSENT) {
            let there = |at: usize| positions.get(at).is_some_and(|position| *position != ABSENT);
            Some(RowBits::from_fn(positions.len(), there))
        } else {
            None
        };
        macro_rules! pick {
            ($values:expr) => {
                positions.iter().map(|at| $values.get(*at).copied().unwrap_or_default()).collect()
            };
        }
        let values = match &*values {
            Values::Ints(values) => SpanValues::Int(pick!(values)),
            Values::Floats(values) => SpanValues::Float(pick!(values)),
            Values::Bools(values) => SpanValues::Bool(pick!(values)),
            Values::Texts(texts) => {
                SpanValues::String { dictionary: texts.shared().clone(), ids: pick!(texts.ids()) }
            }
            values @ Values::Mixed { .. } => {
                let values: Vec<Value<'_>> =
                    positions.iter().map(|at| borrowed(values, *at)).collect();
                return Ok(column(&values));
            }
        };
        Ok(SpanColumn { present, values })
    }

    fn any_attribute(&self, name: &str, rows: &[u32]) -> Result<SpanColumn> {
        let resource = SpanField::attribute(AttributeScope::Resource, name);
        let Some((positions, own)) = self.values_at(Owner::Span, name, rows)? else {
            return self.column(&resource, rows);
        };
        let resources = self.block.resources()?;
        if !resources.iter().any(|r| r.attributes.iter().any(|a| a.key == name)) {
            return self.span_attribute(name, rows);
        }
        let ids = self.resource_ids()?;
        let of_resource = |row: u32| {
            let id = ids.get(row as usize).map_or(usize::MAX, |id| *id as usize);
            resources.get(id).map_or(Value::Nil, |r| Value::find(&r.attributes, name))
        };
        let values: Vec<Value<'_>> = positions
            .iter()
            .zip(rows)
            .map(|(at, row)| match borrowed(&own, *at) {
                Value::Nil => of_resource(*row),
                value => value,
            })
            .collect();
        Ok(column(&values))
    }

    /// Positions in an attribute's column at ascending rows, and the column; none if no span of the
    /// group has the attribute.
    fn values_at(
        &self,
        owner: Owner,
        name: &str,
        items: &[u32],
    ) -> Result<Option<(Vec<usize>, Arc<Values>)>> {
        let column = self.block.name(name).and_then(|name| self.entry.column(owner, name));
        let Some(column) = column else { return Ok(None) };
        let shapes = self.shapes(owner)?;
        let values = self.values(column, &shapes)?;
        let mut positions = vec![ABSENT; items.len()];
        let mut at = 0;
        shapes.for_each(column, |item, position| {
            while items.get(at).is_some_and(|wanted| *wanted < item) {
                at += 1;
            }
            if items.get(at) == Some(&item) {
                positions.get_mut(at).into_iter().for_each(|slot| *slot = position);
            }
        });
        Ok(Some((positions, values)))
    }

    /// Values of an attribute of events or links.
    fn item_attribute(&self, owner: Owner, name: &str, rows: &[u32]) -> Result<SpanColumn> {
        let (events, links) = (self.events()?, self.links()?);
        let starts: &[u32] = match owner {
            Owner::Event => events.as_ref().map_or(&[], |events| &events.starts),
            _ => links.as_ref().map_or(&[], |links| &links.starts),
        };
        let items = starts.last().copied().unwrap_or_default();
        let all: Vec<u32> = (0..items).collect();
        let found = if items == 0 { None } else { self.values_at(owner, name, &all)? };
        let mut multiple = Multiple::new();
        for row in rows {
            if let Some((positions, values)) = &found {
                for item in items_of(starts, *row as usize) {
                    let at = positions.get(item).copied().unwrap_or(ABSENT);
                    multiple.push(borrowed(values, at).to_owned());
                }
            }
            multiple.end_row();
        }
        Ok(multiple.build())
    }

    fn intrinsic(&self, intrinsic: Intrinsic, rows: &[u32]) -> Result<SpanColumn> {
        use Intrinsic as I;
        macro_rules! pick {
            ($values:expr) => {
                rows.iter().map(|row| $values.get(*row as usize).copied().unwrap_or_default())
            };
        }
        Ok(SpanColumn::full(match intrinsic {
            I::Name => texts_at(&*self.names()?, rows),
            I::StatusMessage => match self.messages()? {
                Some(messages) => texts_at(&messages, rows),
                None => SpanValues::Constant(SpanValue::from(""), rows.len()),
            },
            I::TraceState => return self.trace_states(rows),
            I::Status => {
                let outcomes = self.outcomes()?;
                SpanValues::Status(pick!(outcomes).map(status_of).collect())
            }
            I::Kind => {
                let outcomes = self.outcomes()?;
                SpanValues::Kind(pick!(outcomes).map(kind_of).collect())
            }
            I::Duration => {
                let lengths = self.lengths()?;
                SpanValues::Duration(pick!(lengths).map(|length| length.max(0)).collect())
            }
            I::StartTime => {
                let starts = self.starts()?;
                SpanValues::Int(pick!(starts).collect())
            }
            I::SpanId => {
                let ids = self.span_ids()?;
                SpanValues::SpanId(pick!(ids).collect())
            }
            I::ParentId => return self.parent_ids(rows),
            I::InstrumentationName | I::InstrumentationVersion => {
                let (ids, scopes) = (self.scope_ids()?, self.block.scopes()?);
                return Ok(by_origin(&ids, rows, |id| {
                    Value::Text(scopes.get(id).map_or("", |scope| match intrinsic {
                        I::InstrumentationName => &scope.name,
                        _ => &scope.version,
                    }))
                }));
            }
            I::EventName | I::EventTimeSinceStart => return self.event_facts(intrinsic, rows),
            I::LinkTraceId | I::LinkSpanId => return self.link_ids(intrinsic, rows),
            _ => return Ok(SpanColumn::absent(rows.len())),
        }))
    }

    fn trace_states(&self, rows: &[u32]) -> Result<SpanColumn> {
        let Some(states) = self.states()? else { return Ok(SpanColumn::absent(rows.len())) };
        let there =
            |at: usize| rows.get(at).is_some_and(|row| !states.value(*row as usize).is_empty());
        let present = Some(RowBits::from_fn(rows.len(), there));
        Ok(SpanColumn { present, values: texts_at(&states, rows) })
    }

    fn parent_ids(&self, rows: &[u32]) -> Result<SpanColumn> {
        let (traces, parents, ids) = (self.traces()?, self.parents()?, self.span_ids()?);
        let id = |row: &u32| {
            let first = traces.rows(traces.of_row(*row)).start;
            parents.id(*row, first, &ids).map_or(Value::Nil, Value::SpanId)
        };
        Ok(column(&rows.iter().map(id).collect::<Vec<_>>()))
    }

    fn event_facts(&self, intrinsic: Intrinsic, rows: &[u32]) -> Result<SpanColumn> {
        let mut multiple = Multiple::new();
        let Some(events) = self.events()? else {
            rows.iter().for_each(|_| multiple.end_row());
            return Ok(multiple.build());
        };
        let (names, starts) = (self.event_names()?, self.starts()?);
        for row in rows {
            let row = *row as usize;
            let start = starts.get(row).copied().unwrap_or_default();
            for item in items_of(&events.starts, row) {
                multiple.push(match intrinsic {
                    Intrinsic::EventName => {
                        let id = names.ids().get(item).map(|id| *id as usize);
                        let text = id.and_then(|id| names.shared().get(id)).cloned();
                        text.map_or(SpanValue::Nil, SpanValue::String)
                    }
                    _ => {
                        let since = events.since.get(item).copied().unwrap_or_default();
                        SpanValue::Duration(since_start(start, since))
                    }
                });
            }
            multiple.end_row();
        }
        Ok(multiple.build())
    }

    fn link_ids(&self, intrinsic: Intrinsic, rows: &[u32]) -> Result<SpanColumn> {
        let mut multiple = Multiple::new();
        let links = self.links()?;
        for row in rows {
            if let Some(links) = &links {
                for item in items_of(&links.starts, *row as usize) {
                    let (trace, span) = links.ids.get(item).copied().unwrap_or_default();
                    let id = if intrinsic == Intrinsic::LinkTraceId {
                        Value::TraceId(trace)
                    } else {
                        Value::SpanId(span)
                    };
                    multiple.push(id.to_owned());
                }
            }
            multiple.end_row();
        }
        Ok(multiple.build())
    }

    /// Attributes that occur at these rows.
    pub(crate) fn fields(&self, rows: &[u32]) -> Result<BTreeSet<SpanField>> {
        let mut fields = BTreeSet::new();
        let (events, links) = (self.events()?, self.links()?);
        let of_rows = |starts: &[u32]| -> Vec<usize> {
            rows.iter().flat_map(|row| items_of(starts, *row as usize)).collect()
        };
        let items = [
            (Owner::Span, AttributeScope::Span, rows.iter().map(|row| *row as usize).collect()),
            (
                Owner::Event,
                AttributeScope::Event,
                events.map_or_else(Vec::new, |events| of_rows(&events.starts)),
            ),
            (
                Owner::Link,
                AttributeScope::Link,
                links.map_or_else(Vec::new, |links| of_rows(&links.starts)),
            ),
        ];
        for (owner, scope, items) in items {
            if items.is_empty() {
                continue;
            }
            let columns = &self.entry.columns;
            let used = self.shapes(owner)?.used(items.into_iter(), columns.len());
            for (column, _) in columns.iter().zip(used).filter(|(_, used)| *used) {
                let name = self.block.names().get(column.name as usize);
                fields.extend(name.map(|name| SpanField::attribute(scope, name)));
            }
        }
        let ids = self.resource_ids()?;
        for resource in used(&ids, rows, &self.block.resources()?) {
            let names = resource.attributes.iter().map(|attribute| &attribute.key);
            fields.extend(names.map(|name| SpanField::attribute(AttributeScope::Resource, name)));
        }
        let ids = self.scope_ids()?;
        for scope in used(&ids, rows, &self.block.scopes()?) {
            let names = scope.attributes.iter().map(|attribute| &attribute.key);
            let field = |name| SpanField::attribute(AttributeScope::Instrumentation, name);
            fields.extend(names.map(field));
        }
        Ok(fields)
    }
}

/// The things that rows refer to, each once.
fn used<'a, T>(ids: &[u32], rows: &[u32], table: &'a [T]) -> impl Iterator<Item = &'a T> {
    let mut used = vec![false; table.len()];
    for id in rows.iter().filter_map(|row| ids.get(*row as usize)) {
        used.get_mut(*id as usize).into_iter().for_each(|used| *used = true);
    }
    table.iter().zip(used).filter(|(_, used)| *used).map(|(item, _)| item)
}

fn texts_at(texts: &Texts, rows: &[u32]) -> SpanValues {
    let id = |row: &u32| texts.ids().get(*row as usize).copied().unwrap_or_default();
    SpanValues::String { dictionary: texts.shared().clone(), ids: rows.iter().map(id).collect() }
}

/// A column of values of resources or scopes: looked up once each, not once per row.
fn by_origin<'a>(ids: &[u32], rows: &[u32], value: impl Fn(usize) -> Value<'a>) -> SpanColumn {
    let id = |row: &u32| ids.get(*row as usize).map_or(usize::MAX, |id| *id as usize);
    let mut known: Vec<Option<Value<'a>>> = Vec::new();
    for id in rows.iter().map(id).filter(|id| *id != usize::MAX) {
        if id >= known.len() {
            known.resize(id + 1, None);
        }
        known.get_mut(id).into_iter().for_each(|slot| {
            slot.get_or_insert_with(|| value(id));
        });
    }
    let is_text = |value: &Value<'_>| matches!(value, Value::Text(_));
    if known.iter().flatten().all(is_text) {
        let text = |value: &Option<Value<'_>>| match value {
            Some(Value::Text(text)) => Arc::from(*text),
            _ => Arc::from(""),
        };
        let ids = rows.iter().map(|row| u32::try_from(id(row)).unwrap_or_default()).collect();
        let dictionary = known.iter().map(text).collect();
        return SpanColumn::full(SpanValues::String { dictionary, ids });
    }
    let at = |row: &u32| known.get(id(row)).cloned().flatten().unwrap_or(Value::Nil);
    column(&rows.iter().map(at).collect::<Vec<_>>())
}

/// The value at a position of a column, as a language sees it.
fn borrowed(values: &Values, at: usize) -> Value<'_> {
    if at >= values.len() {
        return Value::Nil;
    }
    match values {
        Values::Ints(values) => values.get(at).map_or(Value::Nil, |value| Value::Int(*value)),
        Values::Floats(values) => values.get(at).map_or(Value::Nil, |value| Value::Float(*value)),
        Values::Bools(values) => values.get(at).map_or(Value::Nil, |value| Value::Bool(*value)),
        Values::Texts(texts) => Value::Text(texts.value(at)),
        Values::Mixed { dictionary, ids } => {
            ids.get(at).and_then(|id| dictionary.get(*id as usize)).map_or(Value::Nil, Value::of)
        }
    }
}
