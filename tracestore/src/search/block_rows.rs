//! A group of a block as a language sees it: all of it, or some of its traces.

use std::sync::Arc;

use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{
    NestedSets, RowBits, SpanColumn, SpanCondition, SpanField, SpanGroup, TraceFacts,
};
use telemetry_core::storage::Error;
use telemetry_core::storage::store::LiveBlock;

use crate::block::{Group, TraceTable};
use crate::engine::Traces;

/// Traces of a group of a block.
pub(super) struct BlockRows {
    block: Arc<LiveBlock<Traces>>,
    group: usize,
    conditions: Arc<[SpanCondition]>,
    table: Arc<TraceTable>,
    /// Which traces; none if all are.
    chosen: Option<Chosen>,
}

/// Some traces of a group, whose rows are numbered anew.
struct Chosen {
    traces: Vec<usize>,
    /// First row of each trace, and the number of rows.
    starts: Vec<u32>,
    /// The row of the group, per row.
    rows: Vec<u32>,
}

impl BlockRows {
    /// The traces of a group that `keep` says.
    ///
    /// # Errors
    ///
    /// A page cannot be read or is damaged.
    pub(super) fn new(
        block: Arc<LiveBlock<Traces>>,
        group: usize,
        conditions: Arc<[SpanCondition]>,
        keep: impl Fn(&TraceTable, usize) -> bool,
    ) -> Result<Self, Error> {
        let table = match block.open()?.group(group) {
            Some(group) => group.traces()?,
            // Never: groups are those of the block.
            None => return Err(Error::Closed),
        };
        let traces: Vec<usize> = (0..table.len()).filter(|trace| keep(&table, *trace)).collect();
        let chosen = (traces.len() < table.len()).then(|| {
            let (mut starts, mut rows) = (vec![0], Vec::new());
            for trace in &traces {
                rows.extend(table.rows(*trace));
                starts.push(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            }
            Chosen { traces, starts, rows }
        });
        Ok(BlockRows { block, group, conditions, table, chosen })
    }

    fn group(&self) -> Result<Group<'_>, SourceError> {
        let block = self.block.open().map_err(SourceError::store)?;
        block.group(self.group).ok_or_else(|| SourceError::store(Error::Closed))
    }

    /// Rows of the group.
    fn rows(&self, rows: &[u32]) -> Vec<u32> {
        match &self.chosen {
            None => rows.to_vec(),
            Some(chosen) => {
                let row = |row: &u32| chosen.rows.get(*row as usize).copied();
                rows.iter().filter_map(row).collect()
            }
        }
    }
}

impl SpanGroup for BlockRows {
    fn trace_starts(&self) -> &[u32] {
        match &self.chosen {
            None => self.table.starts(),
            Some(chosen) => &chosen.starts,
        }
    }

    fn trace(&self, trace: usize) -> Result<TraceFacts, SourceError> {
        let trace = match &self.chosen {
            None => Some(trace),
            Some(chosen) => chosen.traces.get(trace).copied(),
        };
        let Some(trace) = trace else { return Ok(TraceFacts::default()) };
        self.group()?.facts(trace).map_err(SourceError::store)
    }

    fn condition(
        &self,
        condition: usize,
        context: &QueryContext,
    ) -> Result<Option<RowBits>, SourceError> {
        context.check()?;
        let Some(condition) = self.conditions.get(condition) else { return Ok(None) };
        let bits = self.group()?.holds(condition).map_err(SourceError::store)?;
        Ok(Some(match &self.chosen {
            None => bits,
            Some(chosen) => RowBits::from_fn(chosen.rows.len(), |row| {
                chosen.rows.get(row).is_some_and(|row| bits.contains(*row))
            }),
        }))
    }

    fn column(
        &self,
        field: &SpanField,
        rows: &[u32],
        context: &QueryContext,
    ) -> Result<SpanColumn, SourceError> {
        context.check()?;
        self.group()?.column(field, &self.rows(rows)).map_err(SourceError::store)
    }

    fn nested_sets(&self, context: &QueryContext) -> Result<Arc<NestedSets>, SourceError> {
        context.check()?;
        let sets = self.group()?.nested_sets().map_err(SourceError::store)?;
        let Some(chosen) = &self.chosen else { return Ok(Arc::new(sets)) };
        fn pick<T: Copy + Default>(column: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| column.get(*row as usize).copied().unwrap_or_default()).collect()
        }
        Ok(Arc::new(NestedSets {
            left: pick(&sets.left, &chosen.rows),
            right: pick(&sets.right, &chosen.rows),
            parent: pick(&sets.parent, &chosen.rows),
            children: pick(&sets.children, &chosen.rows),
        }))
    }

    fn fields(&self, context: &QueryContext) -> Result<Vec<SpanField>, SourceError> {
        context.check()?;
        let all: Vec<u32> = (0..self.spans() as u32).collect();
        let fields = self.group()?.fields(&self.rows(&all)).map_err(SourceError::store)?;
        Ok(fields.into_iter().collect())
    }
}
