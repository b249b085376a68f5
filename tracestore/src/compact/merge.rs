//! Merging blocks: traces that live in several are put together.
//!
//! 1. Where each trace is, is read from the tables of the groups.
//! 2. Traces are taken by earliest start. Since blocks are in that order too, the groups that a trace is
//!    read from are mostly those of the trace before, and are kept.
//! 3. Of each trace the spans of all inputs are taken, in the order of commits, without what deletes
//!    hide, each once.

use std::sync::Arc;

use telemetry_core::model::{Span, TraceId};
use telemetry_core::storage::Result;
use telemetry_core::storage::store::{BlockOutput, MergeInput};

use crate::block::spans::Assembler;
use crate::block::{Block, Writer};
use crate::delete::hides;
use crate::engine::Traces;
use crate::span::settle;

/// Groups of an input that are kept for the traces that follow.
const GROUPS_KEPT: usize = 3;

/// Traces between two looks at whether to go on.
const TRACES_PER_CHECK: usize = 256;

/// A part of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    id: TraceId,
    input: u32,
    group: u32,
    trace: u32,
    start: i64,
}

/// Writes the content of the inputs as one block; nothing if nothing is left.
///
/// # Errors
///
/// The file system's; an input is damaged; the store is being closed.
pub(crate) fn merge(inputs: &[MergeInput<'_, Traces>], output: &mut BlockOutput<'_>) -> Result<()> {
    let pieces = pieces(inputs)?;
    let traces = by_start(&pieces);
    let mut readers: Vec<Reader<'_>> =
        inputs.iter().map(|input| Reader::new(input.block)).collect();
    let mut writer = Writer::new(output)?;
    let mut spans: Vec<Arc<Span>> = Vec::new();
    for (at, trace) in traces.into_iter().enumerate() {
        if at.is_multiple_of(TRACES_PER_CHECK) {
            output.check()?;
        }
        let mut touched = trace.len() > 1;
        spans.clear();
        for piece in trace {
            let (input, reader) = (piece.input as usize, piece.input as usize);
            let (Some(input), Some(reader)) = (inputs.get(input), readers.get_mut(reader)) else {
                continue;
            };
            let read = reader.trace(piece.group as usize, piece.trace as usize)?;
            let before = spans.len() + read.len();
            spans.extend(read.into_iter().filter(|span| !hides(&input.tombstones, span)));
            touched |= spans.len() < before;
        }
        if touched {
            settle(&mut spans);
        }
        writer.push(&spans)?;
    }
    writer.finish(output)
}

/// All pieces, those of one trace side by side and in the order of commits.
fn pieces(inputs: &[MergeInput<'_, Traces>]) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    for (input, of) in (0_u32..).zip(inputs) {
        for (number, group) in (0_u32..).zip(0..of.block.groups()) {
            let Some(group) = of.block.group(group) else { continue };
            let traces = group.traces()?;
            pieces.extend((0_u32..).zip(0..traces.len()).map(|(trace, at)| {
                let (id, start) = (traces.id(at), traces.start(at));
                Piece { id, input, group: number, trace, start }
            }));
        }
    }
    pieces.sort_unstable();
    Ok(pieces)
}

/// Traces by earliest start, then id, as writers want them.
///
/// A delete may take away the span that began first: the trace then comes a little early, which only
/// makes the times that groups span wider.
fn by_start(pieces: &[Piece]) -> Vec<&[Piece]> {
    let mut traces: Vec<&[Piece]> = pieces.chunk_by(|a, b| a.id == b.id).collect();
    let start = |trace: &[Piece]| trace.iter().map(|piece| piece.start).min();
    traces.sort_by_key(|trace| (start(trace), trace.first().map(|piece| piece.id)));
    traces
}

/// Reads traces of a block, remembering the groups that were used last.
struct Reader<'a> {
    block: &'a Block,
    groups: Vec<(usize, Assembler)>,
}

impl<'a> Reader<'a> {
    fn new(block: &'a Block) -> Self {
        Reader { block, groups: Vec::new() }
    }

    fn trace(&mut self, group: usize, trace: usize) -> Result<Vec<Arc<Span>>> {
        if let Some((_, spans)) = self.groups.iter().find(|(known, _)| *known == group) {
            return Ok(spans.trace(trace));
        }
        let Some(opened) = self.block.group(group) else { return Ok(Vec::new()) };
        let spans = Assembler::new(opened)?;
        let read = spans.trace(trace);
        if self.groups.len() == GROUPS_KEPT {
            self.groups.remove(0);
        }
        self.groups.push((group, spans));
        Ok(read)
    }
}
