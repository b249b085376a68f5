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
use crate::page::{self, Piece, Slice};
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
        let streams = streams.into_values().map(without_overlap);
        let pages = match request.direction {
            Direction::Forward => {
                let mut pages: Vec<Page> = streams.flatten().collect();
                pages.sort_by_key(|page| page.range().0);
                pages
            }
            Direction::Backward => {
                // Of one stream the later page first, also where both end at one time.
                let mut pages: Vec<Page> =
                    streams.flat_map(|pages| pages.into_iter().rev()).collect();
                pages.sort_by_key(|page| Reverse(page.range().1));
                pages
            }
        };
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
    for (place, block) in snapshot.blocks().iter().enumerate() {
        context.check()?;
        let entry = block.entry();
        if overlaps(window, entry.min_time, entry.max_time) {
            add_block(&snapshot, (place, block), matchers, window, &mut streams)?;
        }
    }
    let blocks = snapshot.blocks().len();
    for (place, (head, tombstones)) in (blocks..).zip(snapshot.heads()) {
        context.check()?;
        for (labels, pages) in head.select(matchers).map_err(into_source)? {
            let tombstones = concerning(&tombstones, &labels);
            for columns in pages {
                let page = StreamPage {
                    labels: labels.clone(),
                    place,
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
    (place, block): (usize, &Arc<LiveBlock<Logs>>),
    matchers: &[Matcher],
    window: NanosRange,
    streams: &mut BTreeMap<Labels, Vec<StreamPage>>,
) -> Result<(), SourceError> {
    let tombstones = snapshot.tombstones_of(block);
    let opened = block.open().map_err(into_source)?;
    for stream in opened.select(matchers).map_err(into_source)? {
        let tombstones = concerning(&tombstones, &stream.labels);
        let runs = stream.runs.iter().filter(|run| overlaps(window, run.first, run.last));
        let mut pages = runs
            .map(|run| StreamPage {
                labels: stream.labels.clone(),
                place,
                window,
                tombstones: tombstones.clone(),
                lines: Lines::Block(block.clone(), run.clone()),
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
    let pieces: Vec<Piece> = pages.iter().map(StreamPage::piece).collect();
    let page = |slice: Slice| {
        let members = slice.members.iter().filter_map(|at| pages.get(*at));
        let members = members.map(|page| page.clone().within(slice.start, slice.last));
        let mut members: Vec<StreamPage> = members.collect();
        match members.len() {
            1 => members.pop().map(Page::One),
            _ => Some(Page::Merged(MergedPage { pages: members, none: Labels::default() })),
        }
    };
    page::slices(&pieces).into_iter().filter_map(page).collect()
}

/// A page of the answer.
enum Page {
    One(StreamPage),
    Merged(MergedPage),
}

impl Page {
    fn range(&self) -> (i64, i64) {
        let statistics = match self {
            Page::One(page) => page.statistics(),
            Page::Merged(page) => page.statistics(),
        };
        (statistics.first.0, statistics.last.0)
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
