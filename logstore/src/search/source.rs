//! Selects pages and puts them in order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{
    Direction, LabelRequest, LogPage, LogPageSet, LogRequest, LogSource, SourceError,
};
use telemetry_core::storage::store::LiveBlock;
use telemetry_core::time::NanosRange;

use super::filtered::Filtered;
use super::filters::{Filters, Verdicts};
use super::merged::MergedPage;
use super::page::{Lines, StreamPage, View};
use super::verdict::Verdict;
use crate::deletes::{Delete, Deletes};
use crate::engine::Logs;
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
        let filters = Filters::new(&request.filters).map(Arc::new);
        let applied = filters.as_ref().map_or(0, |filters| filters.len());
        let filters = filters.filter(|_| applied > 0);
        let selection = Selection { matchers: &request.matchers, window: request.window, filters };
        let streams = stream_pages(self, &selection, context)?;
        context.bound(Resource::Series, streams.len() as u64)?;
        context.statistics().add_series(streams.len() as u64);
        let streams = streams.into_values().map(without_overlap);
        let pages = match request.direction {
            Direction::Forward => {
                let mut pages: Vec<Page> = streams.flatten().collect();
                pages.sort_by_cached_key(|page| page.range().0);
                pages
            }
            Direction::Backward => {
                // Of one stream the later page first, also where both end at one time.
                let mut pages: Vec<Page> =
                    streams.flat_map(|pages| pages.into_iter().rev()).collect();
                pages.sort_by_cached_key(|page| Reverse(page.range().1));
                pages
            }
        };
        Ok(Box::new(Pages { pages, applied }))
    }

    fn streams(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, SourceError> {
        let window = NanosRange::from(request.window);
        let selection = Selection { matchers: &request.matchers, window, filters: None };
        let streams = stream_pages(self, &selection, context)?;
        let names: BTreeSet<Labels> = streams.into_keys().collect();
        Ok(names.into_iter().take(request.limit).collect())
    }
}

/// What is read.
struct Selection<'s> {
    matchers: &'s [Matcher],
    window: NanosRange,
    filters: Option<Arc<Filters>>,
}

/// Pages with lines in the window, by stream; of one stream those from blocks first.
fn stream_pages(
    store: &LogStore,
    selection: &Selection<'_>,
    context: &QueryContext,
) -> Result<BTreeMap<Labels, Vec<StreamPage>>, SourceError> {
    context.check()?;
    let window = selection.window;
    let snapshot = store.kernel().snapshot();
    let conditions = &store.kernel().engine().conditions;
    let mut streams: BTreeMap<Labels, Vec<StreamPage>> = BTreeMap::new();
    for (place, block) in snapshot.blocks().iter().enumerate() {
        context.check()?;
        let entry = block.entry();
        if overlaps(window, entry.min_time, entry.max_time) {
            let tombstones = snapshot.tombstones_of(block);
            let deletes = conditions.deletes(&tombstones).map_err(into_source)?;
            add_block(&deletes, (place, block), selection, &mut streams)?;
        }
    }
    let blocks = snapshot.blocks().len();
    for (place, (head, tombstones)) in (blocks..).zip(snapshot.heads()) {
        context.check()?;
        let deletes = conditions.deletes(&tombstones).map_err(into_source)?;
        for (labels, pages) in head.select(selection.matchers).map_err(into_source)? {
            let deletes = Deletes::of_stream(&deletes, &labels);
            for columns in pages {
                let page = StreamPage {
                    labels: labels.clone(),
                    place,
                    window,
                    deletes: deletes.clone(),
                    filters: selection.filters.clone(),
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
    deletes: &[Delete],
    (place, block): (usize, &Arc<LiveBlock<Logs>>),
    selection: &Selection<'_>,
    streams: &mut BTreeMap<Labels, Vec<StreamPage>>,
) -> Result<(), SourceError> {
    let opened = block.open().map_err(into_source)?;
    let filters = &selection.filters;
    let verdicts = filters.as_ref().map(|filters| filters.verdicts(opened.dictionary()));
    let verdicts: Arc<Verdicts> = Arc::new(verdicts.unwrap_or_default());
    for stream in opened.select(selection.matchers).map_err(into_source)? {
        let deletes = Deletes::of_stream(deletes, &stream.labels);
        let mut pages: Vec<StreamPage> = Vec::new();
        for run in &stream.runs {
            if !overlaps(selection.window, run.first, run.last) {
                continue;
            }
            let mut filters = filters.clone();
            if filters.is_some() {
                let entry = opened.page_entry(run).map_err(into_source)?;
                match verdicts.of_page(opened, entry).map_err(into_source)? {
                    Verdict::Out => continue,
                    Verdict::Open => {}
                    Verdict::Kept => filters = None,
                }
            }
            pages.push(StreamPage {
                labels: stream.labels.clone(),
                place,
                window: selection.window,
                deletes: opened.deletes_of(run, &deletes).map_err(into_source)?,
                filters,
                lines: Lines::Block(block.clone(), run.clone(), verdicts.clone()),
            });
        }
        if !pages.is_empty() {
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
    /// How many filters of the request the pages have applied.
    applied: usize,
}

impl LogPageSet for Pages {
    fn len(&self) -> usize {
        self.pages.len()
    }

    fn page<'a>(&'a self, index: usize) -> Option<Box<dyn LogPage + 'a>> {
        let applied = self.applied;
        self.pages.get(index).map(|page| match page {
            Page::One(page) => {
                Box::new(Filtered { page: View::new(page), applied }) as Box<dyn LogPage>
            }
            Page::Merged(page) => Box::new(Filtered { page, applied }) as Box<dyn LogPage>,
        })
    }
}
