//! A sealed head as blocks, one per window.

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::Exemplar;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::BlockOutput;
use telemetry_core::storage::tombstone::Tombstone;

use super::windows::{WINDOW, cover};
use crate::block::BlockBuilder;
use crate::head::Head;
use crate::query::{exemplars_in_order, hidden, is_hidden, merge};
use crate::registry::Registry;

/// Series between two looks at whether to stop.
const CHECK_EVERY: usize = 1_024;

/// Writes a head, without what the tombstones hide.
pub(crate) fn flush(
    registry: &Registry,
    head: &Head,
    level_max: u32,
    tombstones: &[Arc<Tombstone>],
    output: &mut BlockOutput<'_>,
) -> Result<()> {
    let mut sorted = registry.sorted(head.series());
    let mut view = head.view(u64::MAX);
    let mut parts = Vec::new();
    let exemplars = exemplars_of(registry, head, tombstones);
    let mut present = view.windows(WINDOW);
    let times = exemplars.iter().flat_map(|(_, exemplars)| exemplars);
    present.extend(times.map(|exemplar| exemplar.time.0.div_euclid(WINDOW)));
    let windows = cover(&present, level_max);
    let mut left = windows.len();
    for window in windows {
        left -= 1;
        // The last block needs no copy of the texts.
        let pairs =
            if left == 0 { std::mem::take(&mut sorted.pairs) } else { sorted.pairs.clone() };
        let mut builder = BlockBuilder::begin(output, pairs)?;
        for (at, (id, ranks)) in sorted.iter().enumerate() {
            if at % CHECK_EVERY == 0 {
                output.check()?;
            }
            parts.clear();
            view.parts(id, &mut parts);
            parts.retain(|part| part.overlaps(window));
            if parts.is_empty() {
                continue;
            }
            if !tombstones.is_empty()
                && let Some(labels) = registry.labels(id)
            {
                let hidden = hidden(tombstones, &labels);
                parts.iter_mut().for_each(|part| part.hidden = hidden.clone());
            }
            builder.columns(&merge(&parts, window)?)?;
            builder.end_series(ranks);
        }
        for (labels, exemplars) in &exemplars {
            let start = exemplars.partition_point(|exemplar| exemplar.time < window.start);
            let end = exemplars.partition_point(|exemplar| exemplar.time <= window.end);
            builder.exemplars(labels, exemplars.get(start..end).unwrap_or_default())?;
        }
        builder.finish(output)?;
    }
    Ok(())
}

/// The exemplars of a head, by labels and time, without what the tombstones hide.
fn exemplars_of(
    registry: &Registry,
    head: &Head,
    tombstones: &[Arc<Tombstone>],
) -> Vec<(Labels, Vec<Exemplar>)> {
    let mut of_series: HashMap<u32, Vec<Exemplar>> = HashMap::new();
    for (id, exemplar) in head.notes().read().exemplars(u64::MAX) {
        of_series.entry(id).or_default().push(Exemplar::clone(exemplar));
    }
    let with_labels = of_series.into_iter().filter_map(|(id, mut exemplars)| {
        let labels = registry.labels(id)?;
        let hidden = hidden(tombstones, &labels);
        exemplars.retain(|exemplar| !is_hidden(&hidden, exemplar));
        exemplars_in_order(&mut exemplars);
        Some((labels, exemplars))
    });
    let mut all: Vec<_> = with_labels.collect();
    all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    all
}
