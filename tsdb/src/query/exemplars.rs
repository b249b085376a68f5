//! Exemplars of heads and blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::Exemplar;
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::SourceError;
use telemetry_core::storage::store::Snapshot;
use telemetry_core::time::MillisRange;

use super::{Hidden, hidden};
use crate::engine::Metrics;
use crate::head::is_same;
use crate::registry::Registry;

/// Exemplars between two looks at the clock.
const CHECK_EVERY: usize = 4_096;

/// The exemplars of a series, by time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeriesExemplars {
    /// The labels of the series.
    pub labels: Labels,
    /// Its exemplars.
    pub exemplars: Vec<Exemplar>,
}

/// What is found, as much as the query may hold.
struct Found<'q> {
    series: BTreeMap<Labels, Vec<Exemplar>>,
    window: MillisRange,
    context: &'q QueryContext,
}

impl Found<'_> {
    /// Adds those of a series that are in the window and not hidden.
    fn add(
        &mut self,
        labels: Labels,
        exemplars: impl IntoIterator<Item = Exemplar>,
        hidden: &Hidden,
    ) -> Result<(), SourceError> {
        let is_kept = |it: &Exemplar| self.window.contains(it.time) && !is_hidden(hidden, it);
        let mut kept = exemplars.into_iter().filter(is_kept).peekable();
        if kept.peek().is_none() {
            return Ok(());
        }
        let all = self.series.entry(labels).or_default();
        let before = all.len();
        all.extend(kept);
        self.context.charge_samples((all.len() - before) as u64)?;
        Ok(self.context.bound(Resource::Series, self.series.len() as u64)?)
    }
}

/// Exemplars in a window of series that satisfy all matchers of any selector, by labels and time.
pub(crate) fn exemplars(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    selectors: &[Vec<Matcher>],
    window: MillisRange,
    context: &QueryContext,
) -> Result<Vec<SeriesExemplars>, SourceError> {
    context.check()?;
    let selects = |labels: &Labels| {
        let all = |matchers: &Vec<Matcher>| matchers.iter().all(|it| it.matches_labels(labels));
        selectors.iter().any(all)
    };
    let mut found = Found { series: BTreeMap::new(), window, context };
    // Blocks without any need not be opened.
    for live in snapshot.blocks().iter().filter(|live| !live.entry().meta.is_empty()) {
        let block = live.open().map_err(SourceError::store)?;
        let exemplars = block.exemplars(window).map_err(SourceError::store)?;
        let Some(exemplars) = exemplars else { continue };
        let tombstones = snapshot.tombstones_of(live);
        for page in (0..exemplars.len()).filter(|page| exemplars.overlaps(*page, window)) {
            context.check()?;
            for (labels, exemplars) in exemplars.page(page).map_err(SourceError::store)? {
                if selects(&labels) {
                    let hidden = hidden(&tombstones, &labels);
                    found.add(labels, exemplars, &hidden)?;
                }
            }
        }
    }
    for (head, tombstones) in snapshot.heads() {
        let notes = head.notes().read();
        let mut of_series: BTreeMap<u32, Vec<Arc<Exemplar>>> = BTreeMap::new();
        for (at, (series, exemplar)) in notes.exemplars(snapshot.visible()).enumerate() {
            if at % CHECK_EVERY == 0 {
                context.check()?;
            }
            if window.contains(exemplar.time) {
                of_series.entry(series).or_default().push(Arc::clone(exemplar));
            }
        }
        drop(notes);
        for (series, exemplars) in of_series {
            let Some(labels) = registry.labels(series).filter(|labels| selects(labels)) else {
                continue;
            };
            let hidden = hidden(&tombstones, &labels);
            let exemplars = exemplars.iter().map(|exemplar| Exemplar::clone(exemplar));
            found.add(labels, exemplars, &hidden)?;
        }
    }
    let series = found.series.into_iter().map(|(labels, mut exemplars)| {
        in_order(&mut exemplars);
        SeriesExemplars { labels, exemplars }
    });
    Ok(series.collect())
}

/// Whether tombstones hide an exemplar of a series of which they hide these times.
pub(crate) fn is_hidden(hidden: &Hidden, exemplar: &Exemplar) -> bool {
    hidden.as_ref().is_some_and(|hidden| hidden.iter().any(|range| range.contains(exemplar.time)))
}

/// Sorts exemplars of a series by time, each once: scrapes repeat them.
pub(crate) fn in_order(exemplars: &mut Vec<Exemplar>) {
    let key = |exemplar: &Exemplar| (exemplar.time, exemplar.value.to_bits());
    exemplars.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.labels.cmp(&b.labels)));
    exemplars.dedup_by(|a, b| is_same(a, b));
}
