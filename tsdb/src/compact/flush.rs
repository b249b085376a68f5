//! A sealed head as blocks, one per window.

use std::sync::Arc;

use telemetry_core::storage::Result;
use telemetry_core::storage::store::BlockOutput;
use telemetry_core::storage::tombstone::Tombstone;

use super::windows::{WINDOW, cover};
use crate::block::BlockBuilder;
use crate::head::Head;
use crate::query::{hidden, merge};
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
    let windows = cover(&view.windows(WINDOW), level_max);
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
        builder.finish(output)?;
    }
    Ok(())
}
