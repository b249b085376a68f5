//! The traces of a group: what is known of each without its spans.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::TraceId;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

use super::column::{read_ids, read_ints};
use super::format::GroupEntry;

/// A row per trace of a group.
#[derive(Debug)]
pub(crate) struct TraceTable {
    ids: Vec<TraceId>,
    /// First row of each trace, and the number of rows.
    starts: Vec<u32>,
    start: Vec<i64>,
    end: Vec<i64>,
    reach: Vec<i64>,
    /// Row of the root within the trace, plus one.
    roots: Vec<u32>,
    repeats: Vec<u32>,
}

impl TraceTable {
    /// Reads the table of a group.
    ///
    /// # Errors
    ///
    /// The bytes are no such table.
    pub(super) fn read(input: &mut Cursor<'_>, group: &GroupEntry) -> Result<Self, Damaged> {
        let count = group.traces as usize;
        let bytes = input.take(count.saturating_mul(16))?;
        let id = |chunk: &[u8]| TraceId(chunk.try_into().unwrap_or_default());
        let ids = bytes.chunks_exact(16).map(id).collect();
        let rows = read_ids(input, count, group.spans as usize + 1)?;
        let mut starts = Vec::with_capacity(count + 1);
        let mut row = 0_u64;
        starts.push(0);
        for rows in &rows {
            row += u64::from(*rows);
            let within = u32::try_from(row).ok().filter(|row| *rows > 0 && *row <= group.spans);
            starts.push(within.ok_or_else(|| input.field("rows of a trace"))?);
        }
        if row != u64::from(group.spans) {
            return Err(input.field("rows of a group"));
        }
        let start = read_ints(input, count)?;
        let add = |column: &[i64], more: Vec<i64>| -> Vec<i64> {
            column.iter().zip(more).map(|(value, more)| value.wrapping_add(more)).collect()
        };
        let end = add(&start, read_ints(input, count)?);
        let reach = add(&end, read_ints(input, count)?);
        let roots = read_ids(input, count, group.spans as usize + 1)?;
        if roots.iter().zip(&rows).any(|(root, rows)| root > rows) {
            return Err(input.field("root of a trace"));
        }
        let repeats = read_ids(input, count, 2)?;
        Ok(TraceTable { ids, starts, start, end, reach, roots, repeats })
    }

    /// Number of traces.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// First row of each trace, and the number of rows.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Rows of a trace.
    pub(crate) fn rows(&self, trace: usize) -> std::ops::Range<u32> {
        match (self.starts.get(trace), self.starts.get(trace + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        }
    }

    /// The trace that a row is of.
    pub(crate) fn of_row(&self, row: u32) -> usize {
        self.starts.partition_point(|start| *start <= row).saturating_sub(1)
    }

    /// Its id.
    pub(crate) fn id(&self, trace: usize) -> TraceId {
        self.ids.get(trace).copied().unwrap_or_default()
    }

    /// Its earliest start.
    pub(crate) fn start(&self, trace: usize) -> i64 {
        self.start.get(trace).copied().unwrap_or_default()
    }

    /// Its latest end.
    pub(crate) fn end(&self, trace: usize) -> i64 {
        self.end.get(trace).copied().unwrap_or_default()
    }

    /// Its latest end, or start where that is later.
    pub(crate) fn reach(&self, trace: usize) -> i64 {
        self.reach.get(trace).copied().unwrap_or_default()
    }

    /// Row of its root in the group.
    pub(crate) fn root(&self, trace: usize) -> Option<u32> {
        let within = self.roots.get(trace)?.checked_sub(1)?;
        Some(self.starts.get(trace)? + within)
    }

    /// Whether two of its spans share an id.
    pub(crate) fn repeats(&self, trace: usize) -> bool {
        self.repeats.get(trace).is_some_and(|repeats| *repeats != 0)
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.ids.len() * (16 + 3 * 8 + 3 * 4)
    }
}
