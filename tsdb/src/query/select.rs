//! Which series a request selects, and where their samples are.

use std::sync::Arc;

use hashbrown::HashTable;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::SourceError;
use telemetry_core::storage::store::Snapshot;
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::MillisRange;

use super::{Hidden, Part};
use crate::block::SeriesReader;
use crate::engine::Metrics;
use crate::registry::Registry;

/// Series between two looks at the clock.
const CHECK_EVERY: usize = 1_024;

/// Selected series with the parts that their samples are in.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) series: Vec<(Labels, Vec<Part>)>,
    by_labels: HashTable<usize>,
}

impl Selection {
    /// The parts of a series, which is added if it is not there.
    fn parts(&mut self, labels: &Labels) -> &mut Vec<Part> {
        let series = &mut self.series;
        let entry = self.by_labels.entry(
            labels.hash64(),
            |index| series.get(*index).is_some_and(|(known, _)| known == labels),
            |index| series.get(*index).map_or(0, |(known, _)| known.hash64()),
        );
        let index = *entry
            .or_insert_with(|| {
                series.push((labels.clone(), Vec::new()));
                series.len() - 1
            })
            .get();
        &mut self.series[index].1
    }
}

/// Selects series. With `sorted` they come in the order of their labels.
///
/// # Errors
///
/// Past a bound of `context`; a block that cannot be read.
pub(crate) fn select(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    matchers: &[Matcher],
    window: MillisRange,
    sorted: bool,
    context: &QueryContext,
) -> Result<Selection, SourceError> {
    context.check()?;
    let mut selection = Selection::default();
    if window.is_empty() {
        return Ok(selection);
    }
    select_from_blocks(snapshot, matchers, window, &mut selection, context)?;
    select_from_heads(snapshot, registry, matchers, window, &mut selection, context)?;
    let mut kept = Vec::with_capacity(selection.series.len());
    for (at, (labels, mut parts)) in std::mem::take(&mut selection.series).into_iter().enumerate() {
        if at % CHECK_EVERY == 0 {
            context.check()?;
        }
        parts.retain(|part| part.overlaps(window));
        let mut has_samples = false;
        for part in &parts {
            has_samples = has_samples || part.has_samples(window).map_err(SourceError::store)?;
        }
        if has_samples {
            kept.push((labels, parts));
        }
    }
    context.bound(Resource::Series, kept.len() as u64)?;
    context.statistics().add_series(kept.len() as u64);
    if sorted {
        kept.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    }
    selection.series = kept;
    Ok(selection)
}

fn select_from_blocks(
    snapshot: &Snapshot<Metrics>,
    matchers: &[Matcher],
    window: MillisRange,
    selection: &mut Selection,
    context: &QueryContext,
) -> Result<(), SourceError> {
    for live in snapshot.blocks() {
        if live.entry().max_time < window.start.0 || window.end.0 < live.entry().min_time {
            continue;
        }
        let tombstones = snapshot.tombstones_of(live);
        let block = live.open().map_err(SourceError::store)?;
        let found = block.select(matchers).map_err(SourceError::store)?;
        let mut reader = SeriesReader::new(block);
        for (at, series) in found.into_iter().enumerate() {
            if at % CHECK_EVERY == 0 {
                context.check()?;
            }
            let labels = reader.labels(series).map_err(SourceError::store)?;
            let hidden = hidden(&tombstones, &labels);
            let chunks = reader.chunks(series).map_err(SourceError::store)?.iter();
            let parts = chunks.map(|chunk| Part::coded(block, *chunk, hidden.clone()));
            selection.parts(&labels).extend(parts.filter(|part| part.overlaps(window)));
        }
    }
    Ok(())
}

fn select_from_heads(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    matchers: &[Matcher],
    window: MillisRange,
    selection: &mut Selection,
    context: &QueryContext,
) -> Result<(), SourceError> {
    let in_window = |(min, max): (i64, i64)| min <= window.end.0 && window.start.0 <= max;
    let heads: Vec<_> =
        snapshot.heads().filter(|(head, _)| head.range().is_some_and(in_window)).collect();
    if heads.is_empty() {
        return Ok(());
    }
    let ids = registry.select(matchers).map_err(SourceError::store)?;
    for (head, tombstones) in heads {
        let mut view = head.view(snapshot.visible());
        let mut found = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            if at % CHECK_EVERY == 0 {
                context.check()?;
            }
            view.parts(*id, &mut found);
            if found.is_empty() {
                continue;
            }
            let Some(labels) = registry.labels(*id) else { continue };
            let hidden = hidden(&tombstones, &labels);
            found.iter_mut().for_each(|part| part.hidden = hidden.clone());
            selection.parts(&labels).append(&mut found);
        }
    }
    Ok(())
}

/// The times of a series that tombstones hide.
pub(crate) fn hidden(tombstones: &[Arc<Tombstone>], labels: &Labels) -> Hidden {
    let ranges: Vec<MillisRange> = tombstones
        .iter()
        .filter(|tombstone| tombstone.selects(labels))
        .map(|tombstone| MillisRange::new(tombstone.start, tombstone.end))
        .collect();
    (!ranges.is_empty()).then(|| ranges.into())
}
