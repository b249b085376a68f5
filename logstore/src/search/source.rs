//! Selects pages and puts them in order.

use std::cmp::Reverse;
use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{
    Direction, LabelRequest, LogColumns, LogPage, LogPageSet, LogRequest, LogSource, LogWant,
    SourceError,
};
use telemetry_core::storage::store::LiveBlock;
use telemetry_core::time::NanosRange;

use super::filters::{Filters, Verdicts};
use super::merged::MergedPage;
use super::page::{Filtering, Lines, Origin, StreamPage};
use super::verdict::Verdict;
use super::view::View;
use crate::deletes::{Delete, Deletes};
use crate::engine::Logs;
use crate::error::into_source;
use crate::page::{self, Piece, Slice};
use crate::store::LogStore;

/// The pages of a stream.
type Stream = (Labels, Vec<StreamPage>);

fn overlaps(window: NanosRange, first: i64, last: i64) -> bool {
    first < window.end.0 && last >= window.start.0
}

impl LogSource for LogStore {
    fn select(
        &self,
        request: &LogRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn LogPageSet + '_>, SourceError> {
        let filters = Filters::new(&request.filters).unwrap_or_default();
        let selection = Selection {
            matchers: &request.matchers,
            window: request.window,
            filters: Arc::new(filters),
        };
        let streams = stream_pages(self, &selection, context)?;
        context.bound(Resource::Series, streams.len() as u64)?;
        context.statistics().add_series(streams.len() as u64);
        let mut pages = Vec::with_capacity(streams.iter().map(|(_, pages)| pages.len()).sum());
        for (_, of_stream) in streams {
            let from = pages.len();
            without_overlap(of_stream, &mut pages);
            if request.direction == Direction::Backward {
                // Of one stream the later page first, also where both end at one time.
                pages.get_mut(from..).unwrap_or_default().reverse();
            }
        }
        match request.direction {
            Direction::Forward => pages.sort_by_cached_key(|page| page.range().0),
            Direction::Backward => pages.sort_by_cached_key(|page| Reverse(page.range().1)),
        }
        Ok(Box::new(Pages(pages)))
    }

    fn streams(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, SourceError> {
        let window = NanosRange::from(request.window);
        let filters = Arc::default();
        let selection = Selection { matchers: &request.matchers, window, filters };
        let mut names = Vec::new();
        for (labels, pages) in stream_pages(self, &selection, context)? {
            if names.len() >= request.limit {
                break;
            }
            if is_there(&pages)? {
                names.push(labels);
            }
        }
        Ok(names)
    }
}

/// What is read.
struct Selection<'s> {
    matchers: &'s [Matcher],
    window: NanosRange,
    filters: Arc<Filters>,
}

/// Pages with lines in the window, by stream in the order of labels; of one stream those from blocks
/// first.
fn stream_pages(
    store: &LogStore,
    selection: &Selection<'_>,
    context: &QueryContext,
) -> Result<Vec<Stream>, SourceError> {
    context.check()?;
    let window = selection.window;
    let snapshot = store.kernel().snapshot();
    let conditions = &store.kernel().engine().conditions;
    let mut streams: Vec<Stream> = Vec::new();
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
    let filtering = match selection.filters.len() {
        0 => Filtering::AllPass,
        _ => Filtering::Done,
    };
    for (place, (head, tombstones)) in (blocks..).zip(snapshot.heads()) {
        context.check()?;
        let deletes = conditions.deletes(&tombstones).map_err(into_source)?;
        let filters = selection.filters.clone();
        let origin = Arc::new(Origin { place, filters, block: None });
        for (labels, pages) in head.select(selection.matchers).map_err(into_source)? {
            let deletes = Deletes::of_stream(&deletes, &labels);
            let page = |columns| StreamPage {
                labels: labels.clone(),
                origin: origin.clone(),
                window,
                deletes: deletes.clone(),
                filtering,
                lines: Lines::Head(columns),
            };
            let is_in_window = |page: &StreamPage| {
                let (first, last) = page.range();
                overlaps(window, first, last)
            };
            let pages: Vec<StreamPage> = pages.into_iter().map(page).filter(is_in_window).collect();
            if !pages.is_empty() {
                streams.push((labels, pages));
            }
        }
    }
    // Blocks have their streams in order, so there is little to sort. What is there twice comes by
    // place.
    streams.sort_by(|(a, _), (b, _)| a.cmp(b));
    streams.dedup_by(|(labels, later), (known, pages)| {
        let is_same = labels == known;
        if is_same {
            pages.append(later);
        }
        is_same
    });
    Ok(streams)
}

fn add_block(
    deletes: &[Delete],
    (place, block): (usize, &Arc<LiveBlock<Logs>>),
    selection: &Selection<'_>,
    streams: &mut Vec<Stream>,
) -> Result<(), SourceError> {
    let opened = block.open().map_err(into_source)?;
    let Selection { window, filters, .. } = selection;
    let verdicts = match filters.len() {
        0 => Verdicts::default(),
        _ => filters.verdicts(opened.dictionary()),
    };
    let origin = Arc::new(Origin {
        place,
        filters: filters.clone(),
        block: Some((block.clone(), verdicts)),
    });
    let Some((_, verdicts)) = &origin.block else { return Ok(()) };
    for stream in opened.select(selection.matchers).map_err(into_source)? {
        let deletes = Deletes::of_stream(deletes, &stream.labels);
        let mut pages = Vec::with_capacity(stream.runs.len());
        for run in &stream.runs {
            if !overlaps(*window, run.first, run.last) {
                continue;
            }
            let mut filtering = Filtering::AllPass;
            if filters.len() > 0 {
                let entry = opened.page_entry(run).map_err(into_source)?;
                match verdicts.of_page(opened, entry).map_err(into_source)? {
                    Verdict::Out => continue,
                    Verdict::Open => filtering = Filtering::Done,
                    Verdict::Kept => {}
                }
            }
            pages.push(StreamPage {
                labels: stream.labels.clone(),
                origin: origin.clone(),
                window: *window,
                deletes: opened.deletes_of(run, &deletes).map_err(into_source)?,
                filtering,
                lines: Lines::Block(run.clone()),
            });
        }
        if !pages.is_empty() {
            streams.push((stream.labels.clone(), pages));
        }
    }
    Ok(())
}

/// Whether a stream has a line that no delete hides.
fn is_there(pages: &[StreamPage]) -> Result<bool, SourceError> {
    let may_be_hidden = |page: &StreamPage| {
        let (first, last) = page.range();
        page.deletes.touch(first, last)
    };
    if !pages.iter().all(may_be_hidden) {
        return Ok(true);
    }
    let mut lines = LogColumns::default();
    for page in pages {
        View::new(page).decode(LogWant::TIMES, &mut lines)?;
        if !lines.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Adds the pages of one stream to `into`, in order of time; those that overlap become one.
fn without_overlap(mut pages: Vec<StreamPage>, into: &mut Vec<Page>) {
    // Stable: of pages that begin together the older place stays first.
    pages.sort_by_key(|page| page.range().0);
    let is_apart = |pair: &[StreamPage]| {
        let [before, page] = pair else { return false };
        let ((_, last), (first, _)) = (before.range(), page.range());
        last < first || (last == first && before.origin.place == page.origin.place)
    };
    if pages.windows(2).all(is_apart) {
        into.extend(pages.into_iter().map(Page::alone));
        return;
    }
    let pieces: Vec<Piece> = pages.iter().map(StreamPage::piece).collect();
    let page = |slice: Slice| {
        let members = slice.members.iter().filter_map(|at| pages.get(*at));
        let members = members.map(|page| page.clone().within(slice.start, slice.last));
        let mut members: Vec<StreamPage> = members.collect();
        match members.len() {
            1 => members.pop().map(Page::alone),
            _ => Some(Page::Merged(MergedPage { pages: members, none: Labels::default() })),
        }
    };
    into.extend(page::slices(&pieces).into_iter().filter_map(page));
}

/// A page of the answer.
enum Page {
    One(StreamPage),
    Merged(MergedPage),
}

impl Page {
    /// A page that no other overlaps.
    fn alone(mut page: StreamPage) -> Self {
        if matches!(page.lines, Lines::Head(_)) {
            page.filtering = Filtering::Left;
        }
        Page::One(page)
    }

    fn range(&self) -> (i64, i64) {
        match self {
            Page::One(page) => page.selected_range(),
            Page::Merged(page) => {
                let statistics = page.statistics();
                (statistics.first.0, statistics.last.0)
            }
        }
    }
}

struct Pages(Vec<Page>);

impl LogPageSet for Pages {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn page<'a>(&'a self, index: usize) -> Option<Box<dyn LogPage + 'a>> {
        self.0.get(index).map(|page| match page {
            Page::One(page) => Box::new(View::new(page)) as Box<dyn LogPage>,
            Page::Merged(page) => Box::new(page) as Box<dyn LogPage>,
        })
    }
}
