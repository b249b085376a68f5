//! From columns back to spans, exactly as they were handed in.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{KeyValue, Resource, Scope, Span, SpanEvent, SpanLink, SpanStatus};
use telemetry_core::storage::Result;
use telemetry_core::time::Nanos;

use super::column::{Shapes, Texts, Values};
use super::format::Owner;
use super::group::{Events, Extras, Group, Links, items_of, kind_of, status_of};

/// Everything of a group that spans are made of.
pub(crate) struct Assembler {
    traces: Arc<super::TraceTable>,
    ids: Arc<Vec<telemetry_core::model::SpanId>>,
    parents: Arc<super::group::Parents>,
    starts: Arc<Vec<i64>>,
    lengths: Arc<Vec<i64>>,
    outcomes: Arc<Vec<u8>>,
    names: Arc<Texts>,
    messages: Option<Arc<Texts>>,
    states: Option<Arc<Texts>>,
    resource_ids: Arc<Vec<u32>>,
    scope_ids: Arc<Vec<u32>>,
    resources: Arc<Vec<Arc<Resource>>>,
    scopes: Arc<Vec<Arc<Scope>>>,
    extras: Option<Arc<Extras>>,
    attributes: Attributes,
    events: Option<(Arc<Events>, Arc<Texts>, Attributes)>,
    links: Option<(Arc<Links>, Option<Arc<Texts>>, Attributes)>,
}

impl Assembler {
    /// Reads all pages of a group.
    ///
    /// # Errors
    ///
    /// One cannot be read or is damaged.
    pub(crate) fn new(group: Group<'_>) -> Result<Self> {
        let events = match group.events()? {
            Some(events) => {
                Some((events, group.event_names()?, Attributes::new(group, Owner::Event)?))
            }
            None => None,
        };
        let links = match group.links()? {
            Some(links) => {
                Some((links, group.link_states()?, Attributes::new(group, Owner::Link)?))
            }
            None => None,
        };
        Ok(Assembler {
            traces: group.traces()?,
            ids: group.span_ids()?,
            parents: group.parents()?,
            starts: group.starts_in_trace()?,
            lengths: group.lengths()?,
            outcomes: group.outcomes()?,
            names: group.names()?,
            messages: group.messages()?,
            states: group.states()?,
            resource_ids: group.resource_ids()?,
            scope_ids: group.scope_ids()?,
            resources: group.block.resources()?,
            scopes: group.block.scopes()?,
            extras: group.extras()?,
            attributes: Attributes::new(group, Owner::Span)?,
            events,
            links,
        })
    }

    /// The spans of a trace of the group, in row order.
    pub(crate) fn trace(&self, trace: usize) -> Vec<Arc<Span>> {
        let rows = self.traces.rows(trace);
        let mut attributes = self.attributes.from(rows.start as usize);
        let first = |starts: &[u32]| items_of(starts, rows.start as usize).start;
        let events = self.events.as_ref();
        let mut of_events = events.map(|(events, _, lists)| lists.from(first(&events.starts)));
        let links = self.links.as_ref();
        let mut of_links = links.map(|(links, _, lists)| lists.from(first(&links.starts)));
        rows.clone()
            .map(|row| {
                let mut span = self.plain(row, trace, rows.start);
                span.attributes = attributes.next();
                span.events = self.events(row as usize, span.start, &mut of_events);
                span.links = self.links(row as usize, &mut of_links);
                Arc::new(span)
            })
            .collect()
    }

    /// A span without its lists.
    fn plain(&self, row: u32, trace: usize, first: u32) -> Span {
        let at = row as usize;
        let int = |column: &[i64]| column.get(at).copied().unwrap_or_default();
        // Counts were 32 bits wide when they were written.
        let count = |of: fn(&Extras) -> &Vec<i64>| {
            let value = self.extras.as_ref().map_or(0, |extras| int(of(extras)));
            u32::try_from(value).unwrap_or_default()
        };
        let text = |texts: &Option<Arc<Texts>>| {
            texts.as_ref().map_or_else(String::new, |texts| texts.value(at).to_owned())
        };
        let origin = |ids: &[u32]| ids.get(at).map_or(usize::MAX, |id| *id as usize);
        let start = self.traces.start(trace).wrapping_add(int(&self.starts));
        let outcome = self.outcomes.get(at).copied().unwrap_or_default();
        Span {
            trace_id: self.traces.id(trace),
            span_id: self.ids.get(at).copied().unwrap_or_default(),
            parent_span_id: self.parents.id(row, first, &self.ids),
            trace_state: text(&self.states),
            flags: count(|extras| &extras.flags),
            name: self.names.value(at).to_owned(),
            kind: kind_of(outcome),
            start: Nanos(start),
            end: Nanos(start.wrapping_add(int(&self.lengths))),
            attributes: Vec::new(),
            dropped_attributes_count: count(|extras| &extras.attributes),
            events: Vec::new(),
            dropped_events_count: count(|extras| &extras.events),
            links: Vec::new(),
            dropped_links_count: count(|extras| &extras.links),
            status: SpanStatus { code: status_of(outcome), message: text(&self.messages) },
            resource: self.resources.get(origin(&self.resource_ids)).cloned().unwrap_or_default(),
            scope: self.scopes.get(origin(&self.scope_ids)).cloned().unwrap_or_default(),
        }
    }

    fn events(
        &self,
        row: usize,
        start: Nanos,
        attributes: &mut Option<Cursor<'_>>,
    ) -> Vec<SpanEvent> {
        let (Some((events, names, _)), Some(attributes)) = (&self.events, attributes) else {
            return Vec::new();
        };
        let event = |at: usize| SpanEvent {
            time: Nanos(start.0.wrapping_add(events.since.get(at).copied().unwrap_or_default())),
            name: names.value(at).to_owned(),
            attributes: attributes.next(),
            dropped_attributes_count: small(&events.dropped, at),
        };
        items_of(&events.starts, row).map(event).collect()
    }

    fn links(&self, row: usize, attributes: &mut Option<Cursor<'_>>) -> Vec<SpanLink> {
        let (Some((links, states, _)), Some(attributes)) = (&self.links, attributes) else {
            return Vec::new();
        };
        let link = |at: usize| {
            let (trace_id, span_id) = links.ids.get(at).copied().unwrap_or_default();
            SpanLink {
                trace_id,
                span_id,
                trace_state: states.as_ref().map_or("", |states| states.value(at)).to_owned(),
                flags: small(&links.flags, at),
                attributes: attributes.next(),
                dropped_attributes_count: small(&links.dropped, at),
            }
        };
        items_of(&links.starts, row).map(link).collect()
    }
}

/// A number that was 32 bits wide when it was written.
fn small(column: &[i64], at: usize) -> u32 {
    column.get(at).and_then(|value| u32::try_from(*value).ok()).unwrap_or_default()
}

/// The attribute lists of spans, events or links.
struct Attributes {
    shapes: Arc<Shapes>,
    /// Name and values by column; those of other owners are empty.
    columns: Vec<Option<(Arc<str>, Arc<Values>)>>,
}

impl Attributes {
    fn new(group: Group<'_>, owner: Owner) -> Result<Self> {
        let shapes = group.shapes(owner)?;
        let columns = group.entry.columns.iter().zip(0_u32..).map(|(column, at)| {
            if column.owner != owner {
                return Ok(None);
            }
            let name = group.block.names().get(column.name as usize).cloned();
            Ok(Some((name.unwrap_or_default(), group.values(at, &shapes)?)))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(Attributes { shapes, columns })
    }

    /// The lists from one item on.
    fn from(&self, item: usize) -> Cursor<'_> {
        let positions = self.shapes.ranks(item, self.columns.len());
        Cursor { attributes: self, item, positions }
    }
}

/// Goes through lists in order: the values of a column are used up one by one.
struct Cursor<'a> {
    attributes: &'a Attributes,
    item: usize,
    positions: Vec<usize>,
}

impl Cursor<'_> {
    fn next(&mut self) -> Vec<KeyValue> {
        let shape = self.attributes.shapes.columns(self.item);
        self.item += 1;
        let mut list = Vec::with_capacity(shape.len());
        for column in shape {
            let column = *column as usize;
            let of = self.attributes.columns.get(column).and_then(Option::as_ref);
            if let (Some((name, values)), Some(position)) = (of, self.positions.get_mut(column)) {
                let value = values.value(*position);
                list.push(KeyValue { key: name.as_ref().to_owned(), value });
                *position += 1;
            }
        }
        list
    }
}
