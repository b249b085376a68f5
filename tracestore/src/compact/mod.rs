//! From the head to a block, and from blocks to one block.

mod merge;

pub(crate) use merge::merge;

use telemetry_core::storage::Result;
use telemetry_core::storage::store::BlockOutput;

use crate::block::Writer;
use crate::head::Arranged;

/// Writes arranged traces as a block; nothing if there are none.
///
/// # Errors
///
/// The file system's.
pub(crate) fn write(arranged: &Arranged, output: &mut BlockOutput<'_>) -> Result<()> {
    if arranged.traces().is_empty() {
        return Ok(());
    }
    let mut writer = Writer::new(output)?;
    for trace in arranged.traces() {
        writer.push(arranged.spans(trace))?;
    }
    writer.finish(output)
}
