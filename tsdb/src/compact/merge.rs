//! Blocks as one: series by series, in the order of their labels.
//!
//! A chunk that is large enough, overlaps no other and has nothing hidden is copied as it is;
//! the others are decoded, joined and cut anew.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::Columns;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::{BlockOutput, MergeInput};
use telemetry_core::time::MillisRange;

use crate::block::{Block, BlockBuilder, CHUNK_SAMPLES};
use crate::engine::Metrics;
use crate::query::{self, Part, Samples, hidden};

/// Series between two looks at whether to stop.
const CHECK_EVERY: usize = 1_024;
/// A chunk of at least so many samples is not worth joining with others.
const COPIED_SAMPLES: usize = CHUNK_SAMPLES / 2;

/// A block on its way through its series.
struct Input<'a> {
    block: &'a Arc<Block>,
    input: &'a MergeInput<'a, Metrics>,
    next: u32,
    labels: Option<Labels>,
}

impl Input<'_> {
    /// Moves to the next series.
    fn advance(&mut self) {
        self.labels = (self.next < self.block.len()).then(|| self.block.labels(self.next));
        self.next += 1;
    }
}

/// Writes the content of `inputs`, older ones first, without what their tombstones hide.
pub(crate) fn merge(
    inputs: &[MergeInput<'_, Metrics>],
    output: &mut BlockOutput<'_>,
) -> Result<()> {
    let mut inputs: Vec<Input<'_>> = inputs
        .iter()
        .map(|input| Input { block: input.block, input, next: 0, labels: None })
        .collect();
    inputs.iter_mut().for_each(Input::advance);
    let mut builder = BlockBuilder::begin(output)?;
    let mut parts = Vec::new();
    let mut series = 0;
    while let Some(labels) = inputs.iter().filter_map(|input| input.labels.clone()).min() {
        if series % CHECK_EVERY == 0 {
            output.check()?;
        }
        series += 1;
        parts.clear();
        for input in inputs.iter_mut().filter(|input| input.labels.as_ref() == Some(&labels)) {
            let hidden = hidden(&input.input.tombstones, &labels);
            for chunk in input.block.chunks(input.next - 1)? {
                parts.push(Part::coded(input.block, chunk, hidden.clone()));
            }
            input.advance();
        }
        write_series(&parts, &mut builder)?;
        builder.end_series(&labels);
    }
    builder.finish(output)
}

fn write_series(parts: &[Part], builder: &mut BlockBuilder) -> Result<()> {
    let Some(parts) = query::in_order(parts) else {
        return builder.columns(&query::merge(parts, MillisRange::ALL)?);
    };
    let mut pending = Columns::default();
    for part in parts {
        let Samples::Coded { block, chunk } = &part.samples else { continue };
        if part.count() >= COPIED_SAMPLES {
            builder.columns(&pending)?;
            pending.clear();
            let times = block.times(chunk.column)?;
            builder.chunk(&times, chunk.is_histogram, &block.values(chunk)?)?;
            continue;
        }
        part.decode(MillisRange::ALL, &mut pending)?;
    }
    builder.columns(&pending)
}
