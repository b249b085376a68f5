//! The newest sample of a series in blocks: what late samples are judged against after a store
//! was opened again.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::SampleValue;
use telemetry_core::source::Columns;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::Snapshot;
use telemetry_core::time::MillisRange;

use super::{Part, hidden};
use crate::block::SeriesReader;
use crate::engine::Metrics;
use crate::registry::{Newest, Print};

/// The newest sample that the blocks of a snapshot have of a series, deleted or not.
pub(crate) fn newest_in_blocks(
    snapshot: &Snapshot<Metrics>,
    labels: &Labels,
) -> Result<Option<Newest>> {
    let mut blocks: Vec<_> = snapshot.blocks().iter().collect();
    blocks.sort_by_key(|block| std::cmp::Reverse(block.entry().max_time));
    let mut newest: Option<Part> = None;
    for live in blocks {
        if newest.as_ref().is_some_and(|newest| newest.last >= live.entry().max_time) {
            break;
        }
        let block = live.open()?;
        let Some(series) = block.find(labels)? else { continue };
        let hidden = hidden(&snapshot.tombstones_of(live), labels);
        for chunk in SeriesReader::new(block).chunks(series)? {
            let part = Part::coded(block, *chunk, hidden.clone());
            if newest.as_ref().is_none_or(|newest| newest.last < part.last) {
                newest = Some(part);
            }
        }
    }
    newest.map(|part| last_sample(&part)).transpose()
}

fn last_sample(part: &Part) -> Result<Newest> {
    if part.hides(part.last) {
        return Ok(Newest { time: part.last, print: Print::Deleted });
    }
    let mut columns = Columns::default();
    part.decode(MillisRange::new(part.last, part.last), &mut columns)?;
    let value = match (columns.floats.values.last(), columns.histograms.values.last()) {
        (Some(value), _) => SampleValue::Float(*value),
        (None, Some(value)) => SampleValue::Histogram(Arc::clone(value)),
        // A column ends with its last time, which the block has checked.
        (None, None) => SampleValue::Float(0.0),
    };
    Ok(Newest { time: part.last, print: Print::of(&value) })
}
