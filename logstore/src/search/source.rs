//! Selects pages and puts them in order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{
    Direction, LabelRequest, LogPage, LogPageSet, LogRequest, LogSource, SourceError,
};
use telemetry_core::storage::store::{LiveBlock, Snapshot};
use telemetry_core::time::NanosRange;

use super::merged::MergedPage;
use super::page::{Lines, StreamPage};
use crate::engine::{Logs, concerning};
use crate::error::into_source;
use crate::store::LogStore;

fn overlaps(window: NanosRange, first: i64, last: i64) -> bool {
    first < window.end.0 && last >= window.start.0
}

impl LogSource for LogStore {
    fn select(
        &self,
        request: &LogRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn LogPageSet + '_>, SourceError> {
        let streams = stream_pages(self, &request.matchers, request.window, context)?;
        context.bound(Resource::Series, streams.len() as u64)?;
        context.statistics().add_series(streams.len() as u64);
        let mut pages: Vec<Page> = streams.into_values().flat_map(without_overlap).collect();
        match request.direction {
            Direction::Forward => pages.sort_by_key(|page| page.range().0),
            Direction::Backward => pages.sort_by_key(|page| Reverse(page.range().1)),
        }
        Ok(Box::new(Pages { pages }))
    }

    fn streams(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, SourceError> {
        let window = NanosRange::from(request.window);
        let streams = stream_pages(self, &request.matchers, window, context)?;
        let names: BTreeSet<Labels> = streams.into_keys().collect();
        Ok(names.into_iter().take(request.limit).collect())
    }
}

/// Pages with lines in the window, by stream; of one stream those from blocks first.
fn stream_pages(
    store: &LogStore,
    matchers: &[Matcher],
    window: NanosRange,
    context: &QueryContext,
) -> Result<BTreeMap<Labels, Vec<StreamPage>>, SourceError> {
    context.check()?;
    let snapshot = store.kernel().snapshot();
    let mut streams: BTreeMap<Labels, Vec<StreamPage>> = BTreeMap::new();
    for block in snapshot.blocks() {
        context.check()?;
        let entry = block.entry();
        if overlaps(window, entry.min_time, entry.max_time) {
            add_block(&snapshot, block, matchers, window, &mut streams)?;
        }
    }
    for (head, tombstones) in snapshot.heads() {
        context.check()?;
        for (labels, pages) in head.select(matchers) {
            let tombstones = concerning(&tombstones, &labels);
            for columns in pages {
                let page = StreamPage {
                    labels: labels.clone(),
                    window,
                    tombstones: tombstones.clone(),
                    lines: Lines::Head(columns),
                };
                let (first, last) = page.range();
                if overlaps(window, first, last) {
                    streams.entry(labels.clone()).or_default().push(page);
                }
            }
        }
    }
    Ok(streams)
}

fn add_block(
    snapshot: &Snapshot<Logs>,
    block: &Arc<LiveBlock<Logs>>,
    matchers: &[Matcher],
    window: NanosRange,
    streams: &mut BTreeMap<Labels, Vec<StreamPage>>,
) -> Result<(), SourceError> {
    let tombstones = snapshot.tombstones_of(block);
    let opened = block.open().map_err(into_source)?;
    for stream in opened.streams() {
        if !matchers.iter().all(|matcher| matcher.matches_labels(&stream.labels)) {
            continue;
        }
        let tombstones = concerning(&tombstones, &stream.labels);
        let runs = stream.runs.iter().filter(|run| overlaps(window, run.first, run.last));
        let mut pages = runs
            .map(|run| StreamPage {
                labels: stream.labels.clone(),
                window,
                tombstones: tombstones.clone(),
                lines: Lines::Block(block.clone(), *run),
            })
            .peekable();
        if pages.peek().is_some() {
            streams.entry(stream.labels.clone()).or_default().extend(pages);
        }
    }
    Ok(())
}

/// The pages of one stream; those that overlap in time become one.
fn without_overlap(mut pages: Vec<StreamPage>) -> Vec<Page> {
    // Stable: of pages that begin together the older place stays first.
    pages.sort_by_key(|page| page.range().0);
    let mut groups: Vec<(i64, Vec<StreamPage>)> = Vec::new();
    for page in pages {
        let (first, last) = page.range();
        match groups.last_mut() {
            Some((end, group)) if first <= *end => {
                *end = last.max(*end);
                group.push(page);
            }
            _ => groups.push((last, vec![page])),
        }
    }
    let page = |mut group: Vec<StreamPage>| match group.len() {
        1 => group.pop().map(Page::One),
        _ => Some(Page::Merged(MergedPage { pages: group, none: Labels::default() })),
    };
    groups.into_iter().filter_map(|(_, group)| page(group)).collect()
}

/// A page of the answer.
enum Page {
    One(StreamPage),
    Merged(MergedPage),
}

impl Page {
    fn range(&self) -> (i64, i64) {
        match self {
            Page::One(page) => page.range(),
            Page::Merged(page) => {
                let statistics = page.statistics();
                (statistics.first.0, statistics.last.0)
            }
        }
    }
}

struct Pages {
    pages: Vec<Page>,
}

impl LogPageSet for Pages {
    fn len(&self) -> usize {
        self.pages.len()
    }

    fn page<'a>(&'a self, index: usize) -> Option<Box<dyn LogPage + 'a>> {
        self.pages.get(index).map(|page| match page {
            Page::One(page) => Box::new(page) as Box<dyn LogPage>,
            Page::Merged(page) => Box::new(page) as Box<dyn LogPage>,
        })
    }
}
