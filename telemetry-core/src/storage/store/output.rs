//! Where an engine puts the blocks that it writes.

use super::engine::Engine;
use super::opened::Opened;
use crate::storage::block::{BlockSummary, BlockWriter};
use crate::storage::error::{Error, Result};
use crate::storage::manifest::{BlockEntry, EngineFormat};
use crate::storage::runtime::Runtime;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Collects the blocks of one flush or merge. None of them is live before all are written.
pub struct BlockOutput<'a> {
    place: &'a super::opened::Place,
    format: EngineFormat,
    runtime: &'a Arc<Runtime>,
    stop: &'a AtomicBool,
    level: u32,
    first_commit: u64,
    last_commit: u64,
    cleaned: u64,
    blocks: Vec<BlockEntry>,
}

impl BlockOutput<'_> {
    /// Begins a block. What is not given to [`BlockOutput::finish`] is removed.
    ///
    /// # Errors
    /// The file system's; the store is being closed.
    pub fn begin(&mut self) -> Result<BlockWriter> {
        self.check()?;
        let mut id = self.runtime.ulid();
        // A seeded runtime with a clock that stands still gives the names of an earlier run again.
        while self.place.volume.exists(&self.place.blocks.join(id.to_string()))? {
            id = self.runtime.ulid();
        }
        BlockWriter::create(&self.place.volume, &self.place.blocks, id, self.format)
    }

    /// Ends a block.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish(&mut self, block: BlockWriter, summary: BlockSummary) -> Result<()> {
        let id = block.id();
        // Remembered first, so that it is removed should the rest fail.
        let mut entry = BlockEntry {
            id,
            level: self.level,
            min_time: summary.min_time.min(summary.max_time),
            max_time: summary.max_time.max(summary.min_time),
            first_commit: self.first_commit.min(self.last_commit),
            last_commit: self.last_commit,
            cleaned: self.cleaned,
            bytes: 0,
            items: summary.items,
            meta: summary.meta,
        };
        entry.bytes = block.finish()?;
        self.blocks.push(entry);
        Ok(())
    }

    /// Says whether to go on: to be asked now and then by long merges.
    ///
    /// # Errors
    /// [`Error::Closed`] where the store is being closed.
    pub fn check(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Closed) } else { Ok(()) }
    }

    /// The level that the blocks will have.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// The blocks finished so far.
    pub fn blocks(&self) -> &[BlockEntry] {
        &self.blocks
    }

    pub(super) fn into_blocks(self) -> Vec<BlockEntry> {
        self.blocks
    }
}

/// What all blocks of one output have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lineage {
    pub(super) level: u32,
    pub(super) first_commit: u64,
    pub(super) last_commit: u64,
    pub(super) cleaned: u64,
}

impl<E: Engine> Opened<E> {
    pub(super) fn output<'a>(&'a self, lineage: Lineage, stop: &'a AtomicBool) -> BlockOutput<'a> {
        BlockOutput {
            place: &self.place,
            format: self.engine.format(),
            runtime: &self.runtime,
            stop,
            level: lineage.level,
            first_commit: lineage.first_commit,
            last_commit: lineage.last_commit,
            cleaned: lineage.cleaned,
            blocks: Vec::new(),
        }
    }

    /// Removes blocks that no manifest names: what cannot be removed is when the store is next
    /// opened.
    pub(super) fn discard(&self, blocks: &[BlockEntry]) {
        for entry in blocks {
            let path: PathBuf = self.place.blocks.join(entry.id.to_string());
            let _ = self.place.volume.remove_tree(&path);
        }
    }
}
