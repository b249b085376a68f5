//! Samples of a series in blocks: what late samples are judged against.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::SampleValue;
use telemetry_core::source::Columns;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::Snapshot;
use telemetry_core::storage::tombstone::Tombstone;
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

/// The value that blocks and sealed heads of a snapshot have of a series at a time, unless it is
/// hidden: a late sample with another one is refused.
pub(crate) fn value_stored(
    snapshot: &Snapshot<Metrics>,
    series: u32,
    labels: &Labels,
    time: i64,
) -> Result<Option<Print>> {
    let point = MillisRange::new(time, time);
    for live in snapshot.blocks() {
        if time < live.entry().min_time || live.entry().max_time < time {
            continue;
        }
        let block = live.open()?;
        let Some(found) = block.find(labels)? else { continue };
        let hidden = hidden(&snapshot.tombstones_of(live), labels);
        for chunk in SeriesReader::new(block).chunks(found)? {
            let part = Part::coded(block, *chunk, hidden.clone());
            if part.has_samples(point)? {
                return Ok(Some(print_at(&part, time)?));
            }
        }
    }
    // The active head comes last, and has been asked.
    for (head, tombstones) in snapshot.heads() {
        let hides = |tombstone: &Arc<_>| hides_at(tombstone, labels, time);
        if let Some(print) = head.value_at(series, time)
            && !tombstones.iter().any(hides)
        {
            return Ok(Some(print));
        }
    }
    Ok(None)
}

fn hides_at(tombstone: &Tombstone, labels: &Labels, time: i64) -> bool {
    tombstone.covers(time) && tombstone.selects(labels)
}

fn last_sample(part: &Part) -> Result<Newest> {
    if part.hides(part.last) {
        return Ok(Newest { time: part.last, print: Print::Deleted });
    }
    Ok(Newest { time: part.last, print: print_at(part, part.last)? })
}

/// The value of a part at a time that it has.
fn print_at(part: &Part, time: i64) -> Result<Print> {
    let mut columns = Columns::default();
    part.decode(MillisRange::new(time, time), &mut columns)?;
    let value = match (columns.floats.values.last(), columns.histograms.values.last()) {
        (Some(value), _) => SampleValue::Float(*value),
        (None, Some(value)) => SampleValue::Histogram(Arc::clone(value)),
        // The block has checked that the column has it.
        (None, None) => SampleValue::Float(0.0),
    };
    Ok(Print::of(&value))
}
