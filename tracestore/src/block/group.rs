//! A group of a block: its pages, read when they are asked for.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{SpanId, SpanKind, StatusCode, TraceId};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, Result};

use super::column::{
    Shapes, Texts, Values, read_ids, read_ints, read_shapes, read_texts, read_values,
};
use super::format::{GroupEntry, Owner, Part};
use super::reader::Block;
use super::traces::TraceTable;

/// A group of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<'a> {
    pub(super) block: &'a Block,
    pub(super) entry: &'a GroupEntry,
}

/// Parents of the rows of a group.
#[derive(Debug)]
pub(crate) struct Parents {
    /// 0 no parent, 1 elsewhere, else 2 and the row within the trace.
    codes: Vec<u32>,
    /// Rows whose parent is elsewhere, with its id.
    elsewhere: Vec<(u32, SpanId)>,
}

impl Parents {
    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The id of the parent of a row. `first` is the first row of the trace.
    pub(super) fn id(&self, row: u32, first: u32, ids: &[SpanId]) -> Option<SpanId> {
        match self.codes.get(row as usize)? {
            0 => None,
            1 => {
                let found = self.elsewhere.binary_search_by_key(&row, |(row, _)| *row).ok()?;
                self.elsewhere.get(found).map(|(_, id)| *id)
            }
            code => ids.get(first.saturating_add(code - 2) as usize).copied(),
        }
    }
}

/// The events of a group.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// First event of each row, and the number of events.
    pub(super) starts: Vec<u32>,
    /// Time minus start of the span.
    pub(super) since: Vec<i64>,
    pub(super) dropped: Vec<i64>,
}

/// The links of a group.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// First link of each row, and the number of links.
    pub(super) starts: Vec<u32>,
    pub(super) flags: Vec<i64>,
    pub(super) dropped: Vec<i64>,
    pub(super) ids: Vec<(TraceId, SpanId)>,
}

/// Flags and counts of what was dropped, mostly zero.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(super) flags: Vec<i64>,
    pub(super) attributes: Vec<i64>,
    pub(super) events: Vec<i64>,
    pub(super) links: Vec<i64>,
}

impl<'a> Group<'a> {
    pub(super) fn new(block: &'a Block, entry: &'a GroupEntry) -> Self {
        Group { block, entry }
    }

    /// What the directory says of it.
    pub(crate) fn entry(&self) -> &'a GroupEntry {
        self.entry
    }

    /// Number of rows.
    pub(crate) fn spans(&self) -> usize {
        self.entry.spans as usize
    }

    /// The traces.
    ///
    /// # Errors
    ///
    /// The page cannot be read or is damaged; likewise below.
    pub(crate) fn traces(&self) -> Result<Arc<TraceTable>> {
        self.required(Part::Traces, |input| {
            let table = TraceTable::read(input, self.entry)?;
            let bytes = table.bytes();
            Ok((table, bytes))
        })
    }

    pub(crate) fn span_ids(&self) -> Result<Arc<Vec<SpanId>>> {
        self.required(Part::SpanIds, |input| {
            let bytes = input.take(self.spans().saturating_mul(8))?;
            let ids: Vec<SpanId> = bytes.chunks_exact(8).map(span_id).collect();
            Ok((ids, bytes.len()))
        })
    }

    pub(crate) fn parents(&self) -> Result<Arc<Parents>> {
        self.required(Part::Parents, |input| {
            let codes = read_ids(input, self.spans(), self.spans() + 2)?;
            let rows = (0_u32..).zip(&codes).filter(|(_, code)| **code == 1).map(|(row, _)| row);
            let elsewhere = rows.map(|row| Ok((row, SpanId(input.array()?))));
            let elsewhere = elsewhere.collect::<Result<Vec<_>, Damaged>>()?;
            let bytes = codes.len() * 4 + elsewhere.len() * 12;
            Ok((Parents { codes, elsewhere }, bytes))
        })
    }

    /// Start of each row minus the start of its trace.
    pub(super) fn starts_in_trace(&self) -> Result<Arc<Vec<i64>>> {
        self.ints(Part::Starts)
    }

    /// End of each row minus its start.
    pub(super) fn lengths(&self) -> Result<Arc<Vec<i64>>> {
        self.ints(Part::Lengths)
    }

    /// Kind and status of each row: see [`kind_of`] and [`status_of`].
    pub(super) fn outcomes(&self) -> Result<Arc<Vec<u8>>> {
        self.required(Part::Outcomes, |input| {
            let bytes = input.take(self.spans())?.to_vec();
            Ok((bytes, self.spans()))
        })
    }

    pub(crate) fn names(&self) -> Result<Arc<Texts>> {
        let spans = self.spans();
        self.required(Part::Names, |input| texts(input, spans))
    }

    /// Status messages, if not all are empty.
    pub(super) fn messages(&self) -> Result<Option<Arc<Texts>>> {
        self.optional(Part::Messages, |input| texts(input, self.spans()))
    }

    /// Trace states, if not all are empty.
    pub(super) fn states(&self) -> Result<Option<Arc<Texts>>> {
        self.optional(Part::States, |input| texts(input, self.spans()))
    }

    /// The resource of each row, by position in the block's.
    pub(crate) fn resource_ids(&self) -> Result<Arc<Vec<u32>>> {
        self.positions(Part::Resources, self.block.origin_counts().0)
    }

    /// The scope of each row, by position in the block's.
    pub(crate) fn scope_ids(&self) -> Result<Arc<Vec<u32>>> {
        self.positions(Part::Scopes, self.block.origin_counts().1)
    }

    /// Which attributes the spans, events or links have.
    pub(super) fn shapes(&self, owner: Owner) -> Result<Arc<Shapes>> {
        let (part, items) = match owner {
            Owner::Span => (Part::Shapes, self.entry.spans),
            Owner::Event => (Part::EventShapes, self.entry.events),
            Owner::Link => (Part::LinkShapes, self.entry.links),
        };
        self.required(part, |input| {
            let shapes = read_shapes(input, items as usize, self.entry.columns.len())?;
            let bytes = shapes.bytes();
            Ok((shapes, bytes))
        })
    }

    pub(super) fn extras(&self) -> Result<Option<Arc<Extras>>> {
        let spans = self.spans();
        self.optional(Part::Extras, |input| {
            let extras = Extras {
                flags: read_ints(input, spans)?,
                attributes: read_ints(input, spans)?,
                events: read_ints(input, spans)?,
                links: read_ints(input, spans)?,
            };
            Ok((extras, spans * 32))
        })
    }

    /// The events, if there are any.
    pub(super) fn events(&self) -> Result<Option<Arc<Events>>> {
        self.optional(Part::Events, |input| {
            let count = self.entry.events as usize;
            let starts = starts(input, self.spans(), count)?;
            let since = read_ints(input, count)?;
            let dropped = read_ints(input, count)?;
            Ok((Events { starts, since, dropped }, self.spans() * 4 + count * 16))
        })
    }

    pub(super) fn event_names(&self) -> Result<Arc<Texts>> {
        self.required(Part::EventNames, |input| texts(input, self.entry.events as usize))
    }

    /// The links, if there are any.
    pub(super) fn links(&self) -> Result<Option<Arc<Links>>> {
        self.optional(Part::Links, |input| {
            let count = self.entry.links as usize;
            let starts = starts(input, self.spans(), count)?;
            let flags = read_ints(input, count)?;
            let dropped = read_ints(input, count)?;
            let id = |_| Ok((TraceId(input.array()?), SpanId(input.array()?)));
            let ids = (0..count).map(id).collect::<Result<Vec<_>, Damaged>>()?;
            Ok((Links { starts, flags, dropped, ids }, self.spans() * 4 + count * 40))
        })
    }

    /// Trace states of links, if not all are empty.
    pub(super) fn link_states(&self) -> Result<Option<Arc<Texts>>> {
        self.optional(Part::LinkStates, |input| texts(input, self.entry.links as usize))
    }

    /// The values of a column, which is one of its owner's `shapes`.
    pub(super) fn values(&self, column: u32, shapes: &Shapes) -> Result<Arc<Values>> {
        let Some(entry) = self.entry.columns.get(column as usize) else {
            return Err(self.block.missing("a column of a group"));
        };
        self.block.page(entry.page, |input| {
            let values = read_values(input, shapes.count(column))?;
            let bytes = values.bytes();
            Ok((values, bytes))
        })
    }

    fn ints(&self, part: Part) -> Result<Arc<Vec<i64>>> {
        let spans = self.spans();
        self.required(part, |input| Ok((read_ints(input, spans)?, spans * 8)))
    }

    fn positions(&self, part: Part, bound: usize) -> Result<Arc<Vec<u32>>> {
        let spans = self.spans();
        self.required(part, |input| Ok((read_ids(input, spans, bound)?, spans * 4)))
    }

    fn required<T: Send + Sync + 'static>(
        &self,
        part: Part,
        decode: impl FnOnce(&mut Cursor<'_>) -> Result<(T, usize), Damaged>,
    ) -> Result<Arc<T>> {
        let page = self.entry.page(part);
        self.block.page(page.ok_or_else(|| self.block.missing("a part of a group"))?, decode)
    }

    fn optional<T: Send + Sync + 'static>(
        &self,
        part: Part,
        decode: impl FnOnce(&mut Cursor<'_>) -> Result<(T, usize), Damaged>,
    ) -> Result<Option<Arc<T>>> {
        self.entry.page(part).map(|page| self.block.page(page, decode)).transpose()
    }
}

/// The kind in a byte of [`Group::outcomes`].
pub(super) fn kind_of(outcome: u8) -> SpanKind {
    SpanKind::from_number((outcome >> 2).into())
}

/// The status in a byte of [`Group::outcomes`].
pub(super) fn status_of(outcome: u8) -> StatusCode {
    StatusCode::from_number((outcome & 3).into())
}

fn span_id(chunk: &[u8]) -> SpanId {
    SpanId(chunk.try_into().unwrap_or_default())
}

fn texts(input: &mut Cursor<'_>, count: usize) -> Result<(Texts, usize), Damaged> {
    let texts = read_texts(input, count)?;
    let bytes = texts.bytes();
    Ok((texts, bytes))
}

/// First item of each row from the number of items of each; `total` is all of them.
fn starts(input: &mut Cursor<'_>, rows: usize, total: usize) -> Result<Vec<u32>, Damaged> {
    let counts = read_ids(input, rows, total + 1)?;
    let mut starts = Vec::with_capacity(rows + 1);
    let mut at = 0_u64;
    starts.push(0);
    for count in counts {
        at += u64::from(count);
        let within = u32::try_from(at).ok().filter(|at| *at as usize <= total);
        starts.push(within.ok_or_else(|| input.field("items of a row"))?);
    }
    if at == total as u64 { Ok(starts) } else { Err(input.field("items of a group")) }
}

/// Items of a row.
pub(super) fn items_of(starts: &[u32], row: usize) -> std::ops::Range<usize> {
    match (starts.get(row), starts.get(row + 1)) {
        (Some(start), Some(end)) => *start as usize..*end as usize,
        _ => 0..0,
    }
}
