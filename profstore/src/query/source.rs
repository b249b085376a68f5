//! The store as a [`ProfileSource`]: one group per head and per block.

use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{
    ProfileGroup, ProfileGroups, ProfileRequest, ProfileRow, ProfileSource, SourceError,
};
use telemetry_core::storage::store::{LiveBlock, Snapshot};
use telemetry_core::time::NanosRange;

use crate::engine::{Profiles, is_deleted};
use crate::error::Error;
use crate::samples::Row;
use crate::set::ProfileSet;
use crate::stacks::StackTree;
use crate::store::ProfStore;
use crate::symbols::SymbolTable;

/// Whether labels satisfy every matcher.
pub(super) fn matches(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches_labels(labels))
}

/// Whether a block or page from `first` to `last` can hold rows in the window.
pub(super) fn overlaps(window: NanosRange, first: i64, last: i64) -> bool {
    first < window.end.0 && last >= window.start.0
}

impl ProfileSource for ProfStore {
    fn select(
        &self,
        request: &ProfileRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn ProfileGroups + '_>, SourceError> {
        context.check()?;
        let snapshot = self.store.snapshot();
        let mut groups = Vec::new();
        for (head, tombstones) in snapshot.heads() {
            let set = head.snapshot();
            let rows: Vec<(Labels, Arc<Row>)> = set
                .series
                .iter()
                .filter(|(labels, _)| matches(&request.matchers, labels))
                .flat_map(|(labels, rows)| rows.iter().map(move |row| (labels, row)))
                .filter(|(labels, row)| {
                    request.window.contains(row.time.into())
                        && !is_deleted(&tombstones, labels, row.time)
                })
                .map(|(labels, row)| (labels.clone(), row.clone()))
                .collect();
            if !rows.is_empty() {
                groups.push(Group::Head { set, rows });
            }
        }
        for block in snapshot.blocks() {
            context.check()?;
            let entry = block.entry();
            if overlaps(request.window, entry.min_time, entry.max_time) {
                let group = block_group(&snapshot, block, request, context)?;
                groups.extend(group);
            }
        }
        let rows: usize = groups.iter().map(|group| group.rows().len()).sum();
        context.bound(Resource::Rows, rows as u64)?;
        Ok(Box::new(Groups { groups }))
    }
}

/// The selected rows of a block; none if there are none.
fn block_group(
    snapshot: &Snapshot<Profiles>,
    block: &Arc<LiveBlock<Profiles>>,
    request: &ProfileRequest,
    context: &QueryContext,
) -> Result<Option<Group>, SourceError> {
    let tombstones = snapshot.tombstones_of(block);
    let opened = block.open().map_err(Error::into_source)?;
    let mut rows = Vec::new();
    for series in &opened.series {
        if !matches(&request.matchers, &series.labels) {
            continue;
        }
        for page in &series.pages {
            if !overlaps(request.window, page.first, page.last) {
                continue;
            }
            context.check()?;
            let page = opened.rows(*page).map_err(Error::into_source)?;
            context.statistics().add_chunks(1);
            for (index, row) in page.iter().enumerate() {
                if request.window.contains(row.time.into())
                    && !is_deleted(&tombstones, &series.labels, row.time)
                {
                    context.charge_bytes(row.bytes() as u64)?;
                    rows.push((series.labels.clone(), page.clone(), index));
                }
            }
        }
    }
    Ok((!rows.is_empty()).then(|| Group::Block { block: block.clone(), rows }))
}

struct Groups {
    groups: Vec<Group>,
}

impl ProfileGroups for Groups {
    fn len(&self) -> usize {
        self.groups.len()
    }

    fn group<'a>(
        &'a self,
        index: usize,
    ) -> Result<Option<Box<dyn ProfileGroup + 'a>>, SourceError> {
        let Some(group) = self.groups.get(index) else { return Ok(None) };
        let (stacks, symbols) = match group {
            Group::Head { set, .. } => (&set.stacks, &set.symbols),
            Group::Block { block, .. } => {
                let opened = block.open().map_err(Error::into_source)?;
                (&opened.stacks, &opened.symbols)
            }
        };
        Ok(Some(Box::new(View { stacks, symbols, rows: group.rows() })))
    }
}

/// Selected rows and what keeps them alive.
enum Group {
    Head { set: Arc<ProfileSet>, rows: Vec<(Labels, Arc<Row>)> },
    Block { block: Arc<LiveBlock<Profiles>>, rows: Vec<(Labels, Arc<Vec<Row>>, usize)> },
}

impl Group {
    fn rows(&self) -> Rows<'_> {
        match self {
            Group::Head { rows, .. } => Rows::Head(rows),
            Group::Block { rows, .. } => Rows::Block(rows),
        }
    }
}

#[derive(Clone, Copy)]
enum Rows<'a> {
    Head(&'a [(Labels, Arc<Row>)]),
    Block(&'a [(Labels, Arc<Vec<Row>>, usize)]),
}

impl<'a> Rows<'a> {
    fn len(self) -> usize {
        match self {
            Rows::Head(rows) => rows.len(),
            Rows::Block(rows) => rows.len(),
        }
    }

    fn get(self, index: usize) -> Option<(&'a Labels, &'a Row)> {
        match self {
            Rows::Head(rows) => rows.get(index).map(|(labels, row)| (labels, &**row)),
            Rows::Block(rows) => {
                let (labels, page, at) = rows.get(index)?;
                Some((labels, page.get(*at)?))
            }
        }
    }
}

struct View<'a> {
    stacks: &'a StackTree,
    symbols: &'a SymbolTable,
    rows: Rows<'a>,
}

impl ProfileGroup for View<'_> {
    fn parents(&self) -> &[u32] {
        self.stacks.parents()
    }

    fn frames(&self, stack: u32, each: &mut dyn FnMut(&str)) {
        if let Some(location) = self.stacks.location(stack) {
            self.symbols.frames(location, each);
        }
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, index: usize) -> Option<ProfileRow<'_>> {
        let (labels, row) = self.rows.get(index)?;
        Some(ProfileRow {
            labels,
            time: row.time,
            duration: row.duration,
            stacks: &row.stacks,
            values: &row.values,
            spans: &row.spans,
        })
    }
}
