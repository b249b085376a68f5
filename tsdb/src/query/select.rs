//! Which series a request selects, and where their samples are.

use std::sync::Arc;

use hashbrown::HashTable;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::SourceError;
use telemetry_core::storage;
use telemetry_core::storage::store::Snapshot;
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::MillisRange;

use super::{Hidden, Part};
use crate::block::SeriesReader;
use crate::engine::Metrics;
use crate::head::Head;
use crate::registry::Registry;

/// Series between two looks at the clock.
const CHECK_EVERY: usize = 1_024;

/// Selected series with the parts that their samples are in.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) series: Vec<(Labels, Vec<Part>)>,
    /// Series by their labels, unless there is one place only that any can be from.
    by_labels: Option<HashTable<usize>>,
}

impl Selection {
    /// The parts of a series, which is added if it is not there.
    fn parts(&mut self, labels: &Labels) -> &mut Vec<Part> {
        let Selection { series, by_labels } = self;
        let index = match by_labels {
            Some(by_labels) => {
                let entry = by_labels.entry(
                    labels.hash64(),
                    |index| series.get(*index).is_some_and(|(known, _)| known == labels),
                    |index| series.get(*index).map_or(0, |(known, _)| known.hash64()),
                );
                *entry.or_insert(series.len()).get()
            }
            None => series.len(),
        };
        if index == series.len() {
            series.push((labels.clone(), Vec::with_capacity(1)));
        }
        &mut series[index].1
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
    let in_window = |(min, max): (i64, i64)| min <= window.end.0 && window.start.0 <= max;
    let heads = snapshot.heads().filter(|(head, _)| head.range().is_some_and(in_window));
    let heads: Vec<(&Head, Vec<Arc<Tombstone>>)> = heads.collect();
    let blocks = snapshot.blocks().iter();
    let blocks = blocks.filter(|it| in_window((it.entry().min_time, it.entry().max_time))).count();
    if blocks + heads.len() > 1 {
        selection.by_labels = Some(HashTable::new());
    }
    select_from_blocks(snapshot, matchers, window, &mut selection, context)?;
    select_from_heads(heads, snapshot.visible(), registry, matchers, &mut selection, context)?;
    let mut kept = std::mem::take(&mut selection.series);
    let (mut at, mut result) = (0, Ok(()));
    kept.retain_mut(|(_, parts)| {
        at += 1;
        if at % CHECK_EVERY == 0 && result.is_ok() {
            result = context.check().map_err(SourceError::from);
        }
        result.is_ok()
            && has_samples(parts, window).unwrap_or_else(|error| {
                result = Err(SourceError::store(error));
                false
            })
    });
    result?;
    context.bound(Resource::Series, kept.len() as u64)?;
    context.statistics().add_series(kept.len() as u64);
    if sorted {
        kept.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    }
    selection.series = kept;
    Ok(selection)
}

/// Whether any part has a sample in the window. Parts that cannot have one are taken out.
fn has_samples(parts: &mut Vec<Part>, window: MillisRange) -> storage::Result<bool> {
    parts.retain(|part| part.overlaps(window));
    for part in parts {
        if part.has_samples(window)? {
            return Ok(true);
        }
    }
    Ok(false)
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
    heads: Vec<(&Head, Vec<Arc<Tombstone>>)>,
    visible: u64,
    registry: &Registry,
    matchers: &[Matcher],
    selection: &mut Selection,
    context: &QueryContext,
) -> Result<(), SourceError> {
    if heads.is_empty() {
        return Ok(());
    }
    let ids = registry.select(matchers).map_err(SourceError::store)?;
    for (head, tombstones) in heads {
        let mut view = head.view(visible);
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
