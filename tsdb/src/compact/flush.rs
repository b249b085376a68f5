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
    let mut ids = head.series();
    registry.sort(&mut ids);
    let mut view = head.view(u64::MAX);
    let mut parts = Vec::new();
    for window in cover(&view.windows(WINDOW), level_max) {
        let mut builder = BlockBuilder::begin(output)?;
        for (at, id) in ids.iter().enumerate() {
            if at % CHECK_EVERY == 0 {
                output.check()?;
            }
            parts.clear();
            view.parts(*id, &mut parts);
            parts.retain(|part| part.overlaps(window));
            if parts.is_empty() {
                continue;
            }
            let Some(labels) = registry.labels(*id) else { continue };
            let hidden = hidden(tombstones, &labels);
            parts.iter_mut().for_each(|part| part.hidden = hidden.clone());
            builder.columns(&merge(&parts, window)?)?;
            builder.end_series(&labels);
        }
        builder.finish(output)?;
    }
    Ok(())
}
