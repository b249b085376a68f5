//! Blocks as one: series by series, in the order of their labels.
//!
//! A chunk that is large enough, overlaps no other and has nothing hidden is copied as it is;
//! the others are decoded, joined and cut anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::Columns;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::{BlockOutput, MergeInput};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::MillisRange;

use crate::block::{
    Block, BlockBuilder, CHUNK_SAMPLES, Merging, Pairs, SeriesReader, SortedExemplars, merge_texts,
};
use crate::chunk::format;
use crate::engine::Metrics;
use crate::query::{self, Part, Samples, hidden};

/// Series between two looks at whether to stop.
const CHECK_EVERY: usize = 1_024;
/// A chunk of at least so many samples is not worth joining with others. Those of the windows of six
/// hours at an interval of 15 s are.
const COPIED_SAMPLES: usize = CHUNK_SAMPLES / 3 * 2;
/// Fewer samples than these do not become a chunk of their own beside one that might be copied.
const ALONE_SAMPLES: usize = CHUNK_SAMPLES / 3;

/// A block on its way through its series.
struct Input<'a> {
    block: &'a Arc<Block>,
    tombstones: &'a [Arc<Tombstone>],
    reader: SeriesReader<'a>,
    ranks: Vec<Vec<u32>>,
    next: u32,
    /// The current series as ranks; empty at the end. No series is without labels.
    current: Vec<u32>,
    numbers: Vec<(u32, u32)>,
}

impl<'a> Input<'a> {
    fn new(input: &'a MergeInput<'a, Metrics>, ranks: Vec<Vec<u32>>) -> Result<Self> {
        let mut input = Input {
            block: input.block,
            tombstones: &input.tombstones,
            reader: SeriesReader::new(input.block),
            ranks,
            next: 0,
            current: Vec::new(),
            numbers: Vec::new(),
        };
        input.advance()?;
        Ok(input)
    }

    /// Moves to the next series.
    fn advance(&mut self) -> Result<()> {
        self.current.clear();
        if self.next < self.block.len() {
            self.reader.numbers(self.next, &mut self.numbers)?;
            let rank = |(name, value): &(u32, u32)| {
                let ranks = self.ranks.get(*name as usize);
                ranks.and_then(|ranks| ranks.get(*value as usize)).copied()
            };
            self.current.extend(self.numbers.iter().filter_map(rank));
        }
        self.next += 1;
        Ok(())
    }

    /// Adds the chunks of the current series.
    fn parts(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        let series = self.next - 1;
        let hidden = if self.tombstones.is_empty() {
            None
        } else {
            hidden(self.tombstones, &self.reader.labels(series)?)
        };
        let chunks = self.reader.chunks(series)?.iter();
        parts.extend(chunks.map(|chunk| Part::coded(self.block, *chunk, hidden.clone())));
        Ok(())
    }
}

/// Writes the content of `inputs`, older ones first, without what their tombstones hide.
pub(crate) fn merge(
    inputs: &[MergeInput<'_, Metrics>],
    output: &mut BlockOutput<'_>,
) -> Result<()> {
    let all = inputs;
    let blocks: Vec<&Block> = inputs.iter().map(|input| &**input.block).collect();
    let _merging: Vec<Merging<'_>> = blocks.iter().map(|block| Merging::new(block)).collect();
    let (pairs, ranks) = union(&blocks)?;
    let inputs = inputs.iter().zip(ranks).map(|(input, ranks)| Input::new(input, ranks));
    let mut inputs = inputs.collect::<Result<Vec<_>>>()?;
    let mut builder = BlockBuilder::begin(output, pairs)?;
    let (mut parts, mut least) = (Vec::new(), Vec::new());
    let mut series = 0;
    while let Some(first) =
        inputs.iter().map(|input| &input.current).filter(|it| !it.is_empty()).min()
    {
        least.clone_from(first);
        if series % CHECK_EVERY == 0 {
            output.check()?;
        }
        series += 1;
        parts.clear();
        for input in inputs.iter_mut().filter(|input| input.current == least) {
            input.parts(&mut parts)?;
            input.advance()?;
        }
        write_series(&parts, &mut builder)?;
        builder.end_series(&least);
    }
    drop(inputs);
    merge_exemplars(all, &mut builder)?;
    builder.finish(output)
}

/// Adds the exemplars of all blocks, series by series, without what tombstones hide.
fn merge_exemplars(inputs: &[MergeInput<'_, Metrics>], builder: &mut BlockBuilder) -> Result<()> {
    let mut sources = Vec::new();
    for input in inputs {
        if let Some(exemplars) = input.block.exemplars(MillisRange::ALL)? {
            sources.push((SortedExemplars::new(exemplars), &input.tombstones));
        }
    }
    loop {
        let mut least: Option<Labels> = None;
        for (source, _) in &mut sources {
            if let Some(labels) = source.peek()?
                && least.as_ref().is_none_or(|least| labels < least)
            {
                least = Some(labels.clone());
            }
        }
        let Some(labels) = least else { return Ok(()) };
        let mut exemplars = Vec::new();
        for (source, tombstones) in &mut sources {
            let before = exemplars.len();
            source.take(&labels, &mut exemplars)?;
            let hidden = hidden(tombstones, &labels);
            if hidden.is_some() {
                let mut own = exemplars.split_off(before);
                own.retain(|exemplar| !query::is_hidden(&hidden, exemplar));
                exemplars.append(&mut own);
            }
        }
        query::exemplars_in_order(&mut exemplars);
        builder.exemplars(&labels, &exemplars)?;
    }
}

/// The labels of several blocks; and of each block, by name and value, the ranks of its own.
fn union(blocks: &[&Block]) -> Result<(Pairs, Vec<Vec<Vec<u32>>>)> {
    let mut pairs = Pairs::default();
    let mut ranks: Vec<Vec<Vec<u32>>> = blocks.iter().map(|_| Vec::new()).collect();
    let names: BTreeSet<&str> = blocks.iter().flat_map(|block| block.names()).collect();
    for name in names {
        let with_name = (0..).zip(blocks).filter(|(_, block)| block.has_name(name));
        let having: Vec<usize> = with_name.map(|(at, _)| at).collect();
        let values = having.iter().filter_map(|at| blocks.get(*at));
        let values = values.map(|block| block.values_of(name));
        let mut values = values.collect::<Result<Vec<_>>>()?;
        // Names of a block come in its order here.
        for at in &having {
            ranks[*at].push(Vec::new());
        }
        merge_texts(&mut values, |value, at| {
            let rank = pairs.push(name, value);
            for at in at {
                if let Some(ranks) = having.get(*at).and_then(|at| ranks[*at].last_mut()) {
                    ranks.push(rank);
                }
            }
        })?;
    }
    Ok((pairs, ranks))
}

fn write_series(parts: &[Part], builder: &mut BlockBuilder) -> Result<()> {
    let Some(parts) = query::in_order(parts) else {
        return builder.columns(&query::merge(parts, MillisRange::ALL)?);
    };
    let mut pending = Columns::default();
    for (part, is_copied) in parts.iter().zip(copied(&parts)?) {
        let Samples::Coded { block, chunk } = &part.samples else { continue };
        if is_copied {
            builder.columns(&pending)?;
            pending.clear();
            let times = block.times(chunk.column)?;
            builder.copy(&times, chunk.is_histogram, &block.values(chunk)?)?;
        } else {
            part.decode(MillisRange::ALL, &mut pending)?;
        }
    }
    builder.columns(&pending)
}

/// Which parts, in order of time, are copied as they are.
fn copied(parts: &[&Part]) -> Result<Vec<bool>> {
    let mut copied = Vec::with_capacity(parts.len());
    for part in parts {
        copied.push(match &part.samples {
            // What another chunk refers to lies elsewhere in the new block.
            Samples::Coded { block, chunk } if part.count() >= COPIED_SAMPLES => {
                chunk.is_histogram || !format::refers(&block.values(chunk)?)
            }
            _ => false,
        });
    }
    // Little between such is joined with the one before it, or else behind it.
    let mut start = 0;
    while start < parts.len() {
        let end = start + copied[start..].iter().take_while(|copied| !**copied).count();
        let samples = parts[start..end].iter().map(|part| part.count()).sum::<usize>();
        let neighbour = start.checked_sub(1).unwrap_or(end);
        if (1..ALONE_SAMPLES).contains(&samples)
            && let Some(copied) = copied.get_mut(neighbour)
        {
            *copied = false;
        }
        start = end + 1;
    }
    Ok(copied)
}
