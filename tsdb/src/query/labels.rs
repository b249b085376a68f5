//! Names and values of labels.
//!
//! Where the window holds whole blocks and heads of which nothing is hidden, every series of them
//! counts, and their indexes are asked; else series are selected as for a query.

use telemetry_core::labels::Labels;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{LabelRequest, SourceError};
use telemetry_core::storage;
use telemetry_core::storage::store::Snapshot;
use telemetry_core::time::MillisRange;

use super::select;
use crate::engine::Metrics;
use crate::registry::Registry;

/// Series or values between two looks at the clock.
const CHECK_EVERY: usize = 1_024;

/// Names of labels of the series that a request selects.
pub(crate) fn label_names(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    request: &LabelRequest,
    context: &QueryContext,
) -> Result<Vec<String>, SourceError> {
    let mut names = Vec::new();
    if request.matchers.is_empty() && is_whole(snapshot, request.window) {
        for live in overlapping(snapshot, request.window) {
            let block = live.open().map_err(SourceError::store)?;
            names.extend(block.names().map(str::to_owned));
        }
        for ids in head_series(snapshot, request.window) {
            names.extend(registry.names_of(&ids));
        }
    } else {
        let of_series = |labels: &Labels, names: &mut Vec<String>| {
            // Names are few: looked up rather than collected and sorted.
            for (name, _) in labels {
                if let Err(at) = names.binary_search_by(|known| (**known).cmp(name)) {
                    names.insert(at, name.to_owned());
                }
            }
        };
        each_selected(snapshot, registry, request, context, |labels| {
            of_series(labels, &mut names)
        })?;
    }
    Ok(in_order(names, request.limit))
}

/// Values of a label on the series that a request selects.
pub(crate) fn label_values(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    name: &str,
    request: &LabelRequest,
    context: &QueryContext,
) -> Result<Vec<String>, SourceError> {
    let mut values = Vec::new();
    if is_whole(snapshot, request.window) {
        for live in overlapping(snapshot, request.window) {
            let block = live.open().map_err(SourceError::store)?;
            let mut seen = 0;
            let mut take = |value: &str| {
                if seen % CHECK_EVERY == 0 {
                    context.check()?;
                }
                seen += 1;
                values.push(value.to_owned());
                Ok(seen < request.limit)
            };
            block.each_value(name, &request.matchers, &mut take)?;
        }
        for mut ids in head_series(snapshot, request.window) {
            if !request.matchers.is_empty() {
                let selected = registry.select(&request.matchers).map_err(SourceError::store)?;
                ids.retain(|id| selected.binary_search(id).is_ok());
            }
            context.check()?;
            values.extend(registry.values_of(name, &ids));
        }
    } else {
        each_selected(snapshot, registry, request, context, |labels| {
            values.extend(labels.get(name).map(str::to_owned));
        })?;
    }
    Ok(in_order(values, request.limit))
}

/// The texts sorted, each once, at most so many. Best where they come in sorted runs.
fn in_order(mut texts: Vec<String>, limit: usize) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts.truncate(limit);
    texts
}

type Live = std::sync::Arc<storage::store::LiveBlock<Metrics>>;

fn overlapping(snapshot: &Snapshot<Metrics>, window: MillisRange) -> impl Iterator<Item = &Live> {
    let blocks = snapshot.blocks().iter();
    blocks.filter(move |live| {
        window.overlaps(&range_of((live.entry().min_time, live.entry().max_time)))
    })
}

fn range_of((first, last): (i64, i64)) -> MillisRange {
    MillisRange::new(first, last)
}

/// Whether what overlaps the window lies in it, with nothing hidden.
fn is_whole(snapshot: &Snapshot<Metrics>, window: MillisRange) -> bool {
    let holds = |range: MillisRange| window.covers(&range);
    let mut blocks = overlapping(snapshot, window);
    let mut heads = snapshot.heads();
    blocks.all(|live| {
        holds(range_of((live.entry().min_time, live.entry().max_time)))
            && snapshot.tombstones_of(live).is_empty()
    }) && heads.all(|(head, tombstones)| {
        let range = head.range().map(range_of).filter(|range| window.overlaps(range));
        range.is_none_or(|range| holds(range) && tombstones.is_empty())
    })
}

/// The series of each head that overlaps the window.
fn head_series(
    snapshot: &Snapshot<Metrics>,
    window: MillisRange,
) -> impl Iterator<Item = Vec<u32>> {
    let overlaps = move |range: (i64, i64)| window.overlaps(&range_of(range));
    let heads = snapshot.heads().filter(move |(head, _)| head.range().is_some_and(overlaps));
    heads.map(|(head, _)| head.series())
}

fn each_selected(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    request: &LabelRequest,
    context: &QueryContext,
    mut see: impl FnMut(&Labels),
) -> Result<(), SourceError> {
    let selection = select(snapshot, registry, &request.matchers, request.window, false, context)?;
    for (at, (labels, _)) in selection.series.iter().enumerate() {
        if at % CHECK_EVERY == 0 {
            context.check()?;
        }
        see(labels);
    }
    Ok(())
}
