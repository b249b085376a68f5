//! Where traces are at one moment, and which of them are in more than one place.

use std::sync::Arc;

use telemetry_core::model::{Span, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::{LiveBlock, Snapshot};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::ulid::Ulid;

use crate::block::Block;
use crate::block::spans::Assembler;
use crate::delete::hides;
use crate::engine::Traces;
use crate::head::Arranged;
use crate::lookup::{common, contains};
use crate::span::trace_hash;

/// A head or a block.
pub(super) enum Place {
    Block(BlockPlace),
    /// Without what deletes hide.
    Head(Arc<Arranged>),
}

/// A block of the snapshot.
pub(super) struct BlockPlace {
    pub(super) live: Arc<LiveBlock<Traces>>,
    pub(super) tombstones: Vec<Arc<Tombstone>>,
}

/// All places, in the order of commits.
pub(super) struct Places {
    pub(super) list: Vec<Place>,
    /// Hashes of the traces that have to be put together: they are in several places, or a delete
    /// hides a part of them. Ascending.
    shared: Vec<u32>,
}

impl Places {
    /// Takes a snapshot.
    ///
    /// # Errors
    ///
    /// A block cannot be read or is damaged; the query is stopped.
    pub(super) fn new(
        snapshot: &Snapshot<Traces>,
        engine: &Traces,
        context: &QueryContext,
    ) -> Result<Self, SourceError> {
        let blocks = snapshot.blocks();
        let ids: Vec<Ulid> = blocks.iter().map(|block| block.entry().id).collect();
        let mut list = Vec::with_capacity(blocks.len() + 1);
        let mut shared = Vec::new();
        for live in blocks {
            let tombstones = snapshot.tombstones_of(live);
            if !tombstones.is_empty() {
                let block = live.open().map_err(SourceError::store)?;
                let deleted = engine.deleted.of(live.entry().id, &tombstones, block, context)?;
                for ordinal in deleted.iter() {
                    let id = id_of(block, *ordinal).map_err(SourceError::store)?;
                    shared.extend(id.map(trace_hash));
                }
            }
            list.push(Place::Block(BlockPlace { live: live.clone(), tombstones }));
        }
        engine.deleted.keep(|id| ids.contains(id));
        let open = |at: usize| match blocks.get(at) {
            Some(block) => block.open(),
            // Never: positions are those of `blocks`.
            None => Err(telemetry_core::storage::Error::Closed),
        };
        let overlaps = engine.overlaps.of(&ids, open).map_err(SourceError::store)?;
        shared.extend_from_slice(&overlaps);
        let mut heads: Vec<Arc<Arranged>> = Vec::new();
        for (head, tombstones) in snapshot.heads() {
            context.check()?;
            let mut arranged = head.arranged();
            if !tombstones.is_empty() {
                arranged = Arc::new(arranged.without(|span| hides(&tombstones, span)));
            }
            if !arranged.traces().is_empty() {
                heads.push(arranged);
            }
        }
        for (at, head) in heads.iter().enumerate() {
            let hashes = hashes_of(head);
            for block in blocks {
                let block = block.open().map_err(SourceError::store)?;
                common(&hashes, block.hashes(), &mut shared);
            }
            for other in heads.iter().skip(at + 1) {
                common(&hashes, &hashes_of(other), &mut shared);
            }
        }
        list.extend(heads.into_iter().map(Place::Head));
        shared.sort_unstable();
        shared.dedup();
        Ok(Places { list, shared })
    }

    /// Whether the trace has to be put together.
    pub(super) fn is_shared(&self, hash: u32) -> bool {
        contains(&self.shared, hash)
    }

    /// Hashes of the traces that have to be put together.
    pub(super) fn shared(&self) -> &[u32] {
        &self.shared
    }
}

fn hashes_of(head: &Arranged) -> Vec<u32> {
    let mut hashes: Vec<u32> = head.by_hash().iter().map(|(hash, _)| *hash).collect();
    hashes.dedup();
    hashes
}

fn id_of(block: &Block, ordinal: u32) -> Result<Option<TraceId>> {
    let Some((group, trace)) = block.locate(ordinal) else { return Ok(None) };
    block.group(group).map(|group| Ok(group.traces()?.id(trace))).transpose()
}

impl BlockPlace {
    /// The opened block.
    pub(super) fn open(&self) -> Result<&Block> {
        self.live.open()
    }

    /// The spans of a trace that no delete hides.
    ///
    /// # Errors
    ///
    /// A page cannot be read or is damaged.
    pub(super) fn spans(&self, assembler: &Assembler, trace: usize) -> Vec<Arc<Span>> {
        let mut spans = assembler.trace(trace);
        if !self.tombstones.is_empty() {
            spans.retain(|span| !hides(&self.tombstones, span));
        }
        spans
    }
}
