//! The store as a [`SpanSource`].

use std::sync::Arc;

use telemetry_core::model::{Trace, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{
    AttributeScope, SpanCondition, SpanField, SpanGroup, SpanGroups, SpanRequest, SpanSource,
    SpanValue,
};
use telemetry_core::storage::{Error, Result};
use telemetry_core::time::{Nanos, NanosRange};

use super::block_rows::BlockRows;
use super::places::{Place, Places};
use super::prune::Pruner;
use super::rows::Rows;
use super::{names, trace};
use crate::block::format::GROUP_SPANS;
use crate::block::spans::Assembler;
use crate::head::{Arranged, ArrangedTrace, overlaps};
use crate::span::trace_hash;
use crate::store::TraceStore;

impl SpanSource for TraceStore {
    fn select(
        &self,
        request: &SpanRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SpanGroups + '_>, SourceError> {
        context.check()?;
        Ok(Box::new(self.selection(request, context)?))
    }

    fn trace(&self, id: TraceId, context: &QueryContext) -> Result<Option<Trace>, SourceError> {
        context.check()?;
        trace::by_id(&self.store.snapshot(), id, context)
    }

    fn attribute_names(
        &self,
        scope: Option<AttributeScope>,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanField>, SourceError> {
        let selection = self.selection(&SpanRequest::all(window), context)?;
        names::attribute_names(&selection, scope, context)
    }

    fn attribute_values(
        &self,
        field: &SpanField,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanValue>, SourceError> {
        let selection = self.selection(&SpanRequest::all(window), context)?;
        names::attribute_values(&selection, field, context)
    }
}

impl TraceStore {
    fn selection(
        &self,
        request: &SpanRequest,
        context: &QueryContext,
    ) -> Result<Selection, SourceError> {
        let snapshot = self.store.snapshot();
        let places = Places::new(&snapshot, self.store.engine(), context)?;
        let mut selection = Selection {
            places,
            window: request.window,
            conditions: request.conditions.clone().into(),
            groups: Vec::new(),
        };
        selection.choose(request, context)?;
        Ok(selection)
    }
}

/// Groups of a request.
pub(super) struct Selection {
    places: Places,
    window: NanosRange,
    conditions: Arc<[SpanCondition]>,
    groups: Vec<Chosen>,
}

/// A group, and the earliest and latest start of its traces.
struct Chosen {
    what: What,
    bounds: (i64, i64),
}

enum What {
    /// A group of a block, by place and number.
    Block(usize, usize),
    /// Traces of a head.
    Head(Arc<Arranged>, Vec<u32>),
    /// Traces that are put together.
    Together(Vec<Vec<Piece>>),
}

/// A part of a trace: place, and trace in it (ordinal or position).
#[derive(Clone, Copy)]
struct Piece {
    place: usize,
    trace: u32,
    start: i64,
    reach: i64,
    spans: usize,
}

impl Selection {
    fn choose(&mut self, request: &SpanRequest, context: &QueryContext) -> Result<(), SourceError> {
        let mut groups = Vec::new();
        for (at, place) in self.places.list.iter().enumerate() {
            context.check()?;
            match place {
                Place::Head(arranged) => self.choose_of_head(arranged, &mut groups),
                Place::Block(block) => {
                    let entry = block.live.entry();
                    if !overlaps(self.window, entry.min_time, entry.max_time) {
                        continue;
                    }
                    let block = block.open().map_err(SourceError::store)?;
                    let pruner = Pruner::new(block, &request.skip, &self.conditions);
                    let pruner = pruner.map_err(SourceError::store)?;
                    for group in 0..block.groups() {
                        let Some(entry) = block.entry(group) else { continue };
                        let inside = overlaps(self.window, entry.first_start, entry.reach);
                        if inside && pruner.may_matter(entry) {
                            let bounds = (entry.first_start, entry.last_start);
                            groups.push(Chosen { what: What::Block(at, group), bounds });
                        } else {
                            context.statistics().add_chunks_skipped(1);
                        }
                    }
                }
            }
        }
        self.choose_together(context, &mut groups)?;
        self.groups = groups;
        Ok(())
    }

    fn choose_of_head(&self, arranged: &Arc<Arranged>, groups: &mut Vec<Chosen>) {
        let mut filling = Filling::default();
        for (at, trace) in (0_u32..).zip(arranged.traces()) {
            let inside = overlaps(self.window, trace.start, trace.reach);
            if inside && !self.places.is_shared(trace.hash) {
                let full = filling.push(at, trace.len(), trace.start);
                groups.extend(full.map(|full| of_head(arranged, full)));
            }
        }
        groups.extend(filling.take().map(|full| of_head(arranged, full)));
    }

    /// The traces that are in several places, by earliest start.
    fn choose_together(
        &self,
        context: &QueryContext,
        groups: &mut Vec<Chosen>,
    ) -> Result<(), SourceError> {
        let mut traces: Vec<Vec<Piece>> = Vec::new();
        for hash in self.places.shared() {
            context.check()?;
            let pieces = self.pieces(*hash).map_err(SourceError::store)?;
            if overlaps(self.window, start_of(&pieces), reach_of(&pieces)) {
                traces.push(pieces);
            }
        }
        traces.sort_by_key(|pieces| start_of(pieces));
        let mut filling = Filling::default();
        for pieces in traces {
            let spans = pieces.iter().map(|piece| piece.spans).sum();
            // Two traces with one hash start at different times.
            let latest = pieces.iter().map(|piece| piece.start).max().unwrap_or_default();
            let (start, full) = (start_of(&pieces), filling.push(pieces, spans, latest));
            filling.include(start);
            groups.extend(full.map(together));
        }
        groups.extend(filling.take().map(together));
        Ok(())
    }

    /// Parts of the traces with this hash, in the order of commits.
    fn pieces(&self, hash: u32) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        for (at, place) in self.places.list.iter().enumerate() {
            match place {
                Place::Head(arranged) => {
                    let piece = |(trace, of): (u32, &ArrangedTrace)| Piece {
                        place: at,
                        trace,
                        start: of.start,
                        reach: of.reach,
                        spans: of.len(),
                    };
                    pieces.extend(arranged.with_hash(hash).map(piece));
                }
                Place::Block(block) => {
                    let block = block.open()?;
                    for ordinal in block.with_hash(hash) {
                        let Some((group, trace)) = block.locate(*ordinal) else { continue };
                        let Some(group) = block.group(group) else { continue };
                        let table = group.traces()?;
                        pieces.push(Piece {
                            place: at,
                            trace: *ordinal,
                            start: table.start(trace),
                            reach: table.reach(trace),
                            spans: table.rows(trace).len(),
                        });
                    }
                }
            }
        }
        Ok(pieces)
    }

    /// Puts traces together; those outside the window are left out.
    fn put_together(
        &self,
        traces: &[Vec<Piece>],
        context: &QueryContext,
    ) -> Result<Rows, SourceError> {
        let mut parts = Vec::new();
        let mut last: Option<(usize, usize, Assembler)> = None;
        for pieces in traces {
            context.check()?;
            let mut spans = Vec::new();
            for piece in pieces {
                match self.places.list.get(piece.place) {
                    Some(Place::Head(arranged)) => {
                        let trace = arranged.traces().get(piece.trace as usize);
                        spans.extend(trace.into_iter().flat_map(|t| arranged.spans(t)).cloned());
                    }
                    Some(Place::Block(place)) => {
                        let block = place.open().map_err(SourceError::store)?;
                        let Some((group, trace)) = block.locate(piece.trace) else { continue };
                        let known =
                            last.take().filter(|(p, g, _)| (*p, *g) == (piece.place, group));
                        let (_, _, assembler) = match (known, block.group(group)) {
                            (Some(known), _) => last.insert(known),
                            (None, Some(of)) => {
                                let opened = Assembler::new(of).map_err(SourceError::store)?;
                                last.insert((piece.place, group, opened))
                            }
                            (None, None) => continue,
                        };
                        spans.extend(place.spans(assembler, trace));
                    }
                    None => {}
                }
            }
            // Traces with one hash are told apart here. Sorting keeps the order of commits.
            spans.sort_by_key(|span| span.trace_id);
            parts.extend(spans.chunk_by(|a, b| a.trace_id == b.trace_id).map(<[_]>::to_vec));
        }
        let arranged = Arranged::from_traces(parts);
        let mut rows = Rows::new(self.conditions.clone());
        for trace in arranged.traces() {
            if overlaps(self.window, trace.start, trace.reach) {
                rows.push(arranged.spans(trace).iter().cloned());
            }
        }
        Ok(rows)
    }
}

fn start_of(pieces: &[Piece]) -> i64 {
    pieces.iter().map(|piece| piece.start).min().unwrap_or(i64::MAX)
}

fn reach_of(pieces: &[Piece]) -> i64 {
    pieces.iter().map(|piece| piece.reach).max().unwrap_or(i64::MIN)
}

fn of_head(arranged: &Arc<Arranged>, full: Full<u32>) -> Chosen {
    Chosen { what: What::Head(arranged.clone(), full.items), bounds: full.bounds }
}

fn together(full: Full<Vec<Piece>>) -> Chosen {
    Chosen { what: What::Together(full.items), bounds: full.bounds }
}

/// Traces collected until they make a group.
struct Filling<T> {
    items: Vec<T>,
    spans: usize,
    bounds: (i64, i64),
}

struct Full<T> {
    items: Vec<T>,
    bounds: (i64, i64),
}

impl<T> Default for Filling<T> {
    fn default() -> Self {
        Filling { items: Vec::new(), spans: 0, bounds: (i64::MAX, i64::MIN) }
    }
}

impl<T> Filling<T> {
    /// Adds a trace; gives the traces before it, if they make a group without it.
    fn push(&mut self, item: T, spans: usize, start: i64) -> Option<Full<T>> {
        let full = if self.spans + spans > GROUP_SPANS { self.take() } else { None };
        self.items.push(item);
        self.spans += spans;
        self.include(start);
        full
    }

    fn include(&mut self, start: i64) {
        self.bounds = (self.bounds.0.min(start), self.bounds.1.max(start));
    }

    fn take(&mut self) -> Option<Full<T>> {
        let Filling { items, bounds, .. } = std::mem::take(self);
        (!items.is_empty()).then_some(Full { items, bounds })
    }
}

impl SpanGroups for Selection {
    fn len(&self) -> usize {
        self.groups.len()
    }

    fn bounds(&self, group: usize) -> (Nanos, Nanos) {
        let bounds = self.groups.get(group).map_or((i64::MIN, i64::MAX), |group| group.bounds);
        (Nanos(bounds.0), Nanos(bounds.1))
    }

    fn open(
        &self,
        group: usize,
        context: &QueryContext,
    ) -> Result<Box<dyn SpanGroup + '_>, SourceError> {
        context.check()?;
        context.statistics().add_chunks(1);
        let opened: Box<dyn SpanGroup> = match self.groups.get(group).map(|group| &group.what) {
            None => Box::new(Rows::new(self.conditions.clone())),
            Some(What::Head(arranged, traces)) => {
                let mut rows = Rows::new(self.conditions.clone());
                for trace in traces.iter().filter_map(|at| arranged.traces().get(*at as usize)) {
                    rows.push(arranged.spans(trace).iter().cloned());
                }
                Box::new(rows)
            }
            Some(What::Together(traces)) => Box::new(self.put_together(traces, context)?),
            Some(What::Block(place, group)) => {
                let Some(Place::Block(block)) = self.places.list.get(*place) else {
                    // Never: the place is that of a block.
                    return Err(SourceError::store(Error::Closed));
                };
                let some_shared = !self.places.shared().is_empty();
                let conditions = self.conditions.clone();
                let rows =
                    BlockRows::new(block.live.clone(), *group, conditions, |table, trace| {
                        overlaps(self.window, table.start(trace), table.reach(trace))
                            && !(some_shared && self.places.is_shared(trace_hash(table.id(trace))))
                    });
                Box::new(rows.map_err(SourceError::store)?)
            }
        };
        context.charge_samples(opened.spans() as u64)?;
        context.statistics().add_series(opened.traces() as u64);
        Ok(opened)
    }
}
