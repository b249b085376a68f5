//! The pages of a group's parts: which there are, and their bytes.

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{Span, SpanId};

use super::column::{put_ids, put_ints, put_texts};
use super::format::Part;
use super::writer::{Pending, Shapes};

/// What the pages are made of.
pub(super) struct Given<'a> {
    pub(super) pending: &'a Pending,
    pub(super) resources: Vec<u32>,
    pub(super) scopes: Vec<u32>,
    pub(super) shapes: &'a Shapes,
}

impl<'a> Given<'a> {
    fn spans(&self) -> impl Iterator<Item = &'a Span> + Clone {
        self.pending.spans.iter().map(Arc::as_ref)
    }

    fn ints(&self, out: &mut Vec<u8>, of: impl Fn(&Span) -> i64) {
        put_ints(out, &self.spans().map(of).collect::<Vec<_>>());
    }

    fn texts(&self, out: &mut Vec<u8>, of: impl Fn(&'a Span) -> &'a str) -> bool {
        put_texts(out, self.spans().map(&of));
        self.spans().any(|span| !of(span).is_empty())
    }

    fn has_events(&self) -> bool {
        self.spans().any(|span| !span.events.is_empty())
    }

    fn has_links(&self) -> bool {
        self.spans().any(|span| !span.links.is_empty())
    }
}

/// Appends the page of the part with this number. Gives whether there is one.
pub(super) fn put(part: usize, given: &Given<'_>, out: &mut Vec<u8>) -> bool {
    const TRACES: usize = Part::Traces as usize;
    const SPAN_IDS: usize = Part::SpanIds as usize;
    const PARENTS: usize = Part::Parents as usize;
    const STARTS: usize = Part::Starts as usize;
    const LENGTHS: usize = Part::Lengths as usize;
    const OUTCOMES: usize = Part::Outcomes as usize;
    const NAMES: usize = Part::Names as usize;
    const MESSAGES: usize = Part::Messages as usize;
    const STATES: usize = Part::States as usize;
    const RESOURCES: usize = Part::Resources as usize;
    const SCOPES: usize = Part::Scopes as usize;
    const SHAPES: usize = Part::Shapes as usize;
    const EXTRAS: usize = Part::Extras as usize;
    match part {
        TRACES => put_traces(given, out),
        SPAN_IDS => given.spans().for_each(|span| out.extend_from_slice(&span.span_id.0)),
        PARENTS => put_parents(given, out),
        STARTS => put_starts(given, out),
        LENGTHS => given.ints(out, |span| span.end.0.wrapping_sub(span.start.0)),
        OUTCOMES => {
            out.extend(given.spans().map(|span| (span.kind as u8) << 2 | span.status.code as u8));
        }
        NAMES => {
            given.texts(out, |span| &span.name);
        }
        MESSAGES => return given.texts(out, |span| &span.status.message),
        STATES => return given.texts(out, |span| &span.trace_state),
        RESOURCES => put_ids(out, &given.resources),
        SCOPES => put_ids(out, &given.scopes),
        SHAPES => given.shapes.spans.put(out),
        EXTRAS => return put_extras(given, out),
        _ if part < Part::Links as usize => {
            return given.has_events() && put_events(part, given, out);
        }
        _ => return given.has_links() && put_links(part, given, out),
    }
    true
}

fn put_traces(given: &Given<'_>, out: &mut Vec<u8>) {
    let traces = || given.pending.traces().map(|(_, spans)| spans);
    let start = |spans: &[Arc<Span>]| spans.first().map_or(0, |span| span.start.0);
    let end = |spans: &[Arc<Span>]| spans.iter().map(|span| span.end.0).max().unwrap_or_default();
    let reach = |spans: &[Arc<Span>]| {
        spans.iter().map(|span| span.start.0.max(span.end.0)).max().unwrap_or_default()
    };
    let root = |spans: &[Arc<Span>]| {
        spans.iter().rposition(|span| span.parent_span_id.is_none()).map_or(0, |at| at as u32 + 1)
    };
    for spans in traces() {
        out.extend_from_slice(&spans.first().map(|span| span.trace_id).unwrap_or_default().0);
    }
    put_ids(out, &traces().map(|spans| spans.len() as u32).collect::<Vec<_>>());
    put_ints(out, &traces().map(start).collect::<Vec<_>>());
    put_ints(out, &traces().map(|s| end(s).wrapping_sub(start(s))).collect::<Vec<_>>());
    put_ints(out, &traces().map(|s| reach(s).wrapping_sub(end(s))).collect::<Vec<_>>());
    put_ids(out, &traces().map(root).collect::<Vec<_>>());
    put_ids(out, &traces().map(|spans| u32::from(repeats(spans))).collect::<Vec<_>>());
}

/// Whether two spans share an id.
fn repeats(spans: &[Arc<Span>]) -> bool {
    let mut ids: Vec<SpanId> = spans.iter().map(|span| span.span_id).collect();
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair.first() == pair.last())
}

fn put_parents(given: &Given<'_>, out: &mut Vec<u8>) {
    let (mut codes, mut elsewhere) = (Vec::new(), Vec::new());
    let mut rows = HashMap::<SpanId, u32>::new();
    for (_, spans) in given.pending.traces() {
        rows.clear();
        for (span, row) in spans.iter().zip(0..) {
            rows.entry(span.span_id).or_insert(row);
        }
        for span in spans {
            codes.push(match span.parent_span_id {
                None => 0,
                Some(parent) => match rows.get(&parent) {
                    Some(row) => row + 2,
                    None => {
                        elsewhere.push(parent);
                        1
                    }
                },
            });
        }
    }
    put_ids(out, &codes);
    elsewhere.iter().for_each(|parent| out.extend_from_slice(&parent.0));
}

fn put_starts(given: &Given<'_>, out: &mut Vec<u8>) {
    let mut starts = Vec::with_capacity(given.pending.spans.len());
    for (_, spans) in given.pending.traces() {
        let first = spans.first().map_or(0, |span| span.start.0);
        starts.extend(spans.iter().map(|span| span.start.0.wrapping_sub(first)));
    }
    put_ints(out, &starts);
}

fn put_extras(given: &Given<'_>, out: &mut Vec<u8>) -> bool {
    given.ints(out, |span| span.flags.into());
    given.ints(out, |span| span.dropped_attributes_count.into());
    given.ints(out, |span| span.dropped_events_count.into());
    given.ints(out, |span| span.dropped_links_count.into());
    given.spans().any(|span| {
        span.flags != 0
            || span.dropped_attributes_count != 0
            || span.dropped_events_count != 0
            || span.dropped_links_count != 0
    })
}

fn put_events(part: usize, given: &Given<'_>, out: &mut Vec<u8>) -> bool {
    let events = || given.spans().flat_map(|span| &span.events);
    if part == Part::EventNames as usize {
        put_texts(out, events().map(|event| event.name.as_str()));
    } else if part == Part::EventShapes as usize {
        given.shapes.events.put(out);
    } else {
        put_ids(out, &given.spans().map(|span| span.events.len() as u32).collect::<Vec<_>>());
        let since = given.spans().flat_map(|span| {
            span.events.iter().map(move |event| event.time.0.wrapping_sub(span.start.0))
        });
        put_ints(out, &since.collect::<Vec<_>>());
        let dropped = events().map(|event| i64::from(event.dropped_attributes_count));
        put_ints(out, &dropped.collect::<Vec<_>>());
    }
    true
}

fn put_links(part: usize, given: &Given<'_>, out: &mut Vec<u8>) -> bool {
    let links = || given.spans().flat_map(|span| &span.links);
    if part == Part::LinkStates as usize {
        put_texts(out, links().map(|link| link.trace_state.as_str()));
        return links().any(|link| !link.trace_state.is_empty());
    } else if part == Part::LinkShapes as usize {
        given.shapes.links.put(out);
    } else {
        put_ids(out, &given.spans().map(|span| span.links.len() as u32).collect::<Vec<_>>());
        put_ints(out, &links().map(|link| i64::from(link.flags)).collect::<Vec<_>>());
        let dropped = links().map(|link| i64::from(link.dropped_attributes_count));
        put_ints(out, &dropped.collect::<Vec<_>>());
        for link in links() {
            out.extend_from_slice(&link.trace_id.0);
            out.extend_from_slice(&link.span_id.0);
        }
    }
    true
}
