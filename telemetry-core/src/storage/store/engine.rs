//! What an engine says about its data; everything else is the kernel's.

use super::output::BlockOutput;
use super::plan;
use crate::storage::block::BlockReader;
use crate::storage::error::Result;
use crate::storage::manifest::{BlockEntry, EngineFormat};
use crate::storage::tombstone::Tombstone;
use crate::storage::ulid::Ulid;
use std::sync::Arc;

/// A kind of store. Times are `i64` in the engine's unit; ranges include both ends.
pub trait Engine: Send + Sync + Sized + 'static {
    /// Memory that the log backs. Readers hold it while the one writer applies commits, so it
    /// locks itself.
    type Head: Send + Sync + 'static;
    /// An opened block: tables read, pages on demand.
    type Block: Send + Sync + 'static;

    /// The kind of store and the revision of its records and blocks.
    fn format(&self) -> EngineFormat;

    /// An empty head.
    fn new_head(&self) -> Self::Head;

    /// How large a head is. Asked after every commit, so it must be cheap. A head without items is
    /// empty.
    fn head_size(&self, head: &Self::Head) -> HeadSize;

    /// Earliest and latest time in a head.
    fn head_range(&self, head: &Self::Head) -> Option<(i64, i64)>;

    /// Applies a record that [`super::Commit::finish`] logged.
    ///
    /// # Errors
    /// The record cannot be read; opening fails.
    fn replay(&self, head: &Self::Head, record: &[u8]) -> Result<()>;

    /// Applies a record that [`Engine::seal`] carried over.
    ///
    /// # Errors
    /// As [`Engine::replay`].
    fn replay_carry(&self, head: &Self::Head, record: &[u8]) -> Result<()> {
        self.replay(head, record)
    }

    /// The head is sealed: gives the next one. No commit runs beside, so be quick.
    ///
    /// What moves on to the next head is also pushed into `carry`, and comes back through
    /// [`Engine::replay_carry`] if a replay begins at this point. With [`Seal::Delete`] nothing may
    /// move on that a tombstone could hide, and what is carried is not logged, since a replay seals
    /// at the same point itself.
    ///
    /// # Errors
    /// The engine's own; the head stays as it is.
    fn seal(&self, head: &Self::Head, reason: Seal, carry: &mut Carry) -> Result<Self::Head> {
        let _ = (head, reason, carry);
        Ok(self.new_head())
    }

    /// Writes a sealed head as any number of blocks, without what the tombstones hide. Commits and
    /// readers go on beside.
    ///
    /// # Errors
    /// The file system's or the engine's own; the head stays and is flushed again later.
    fn flush(
        &self,
        head: &Self::Head,
        tombstones: &[Arc<Tombstone>],
        output: &mut BlockOutput<'_>,
    ) -> Result<()>;

    /// Opens a block. Called once, when it is first used.
    ///
    /// # Errors
    /// The file system's, or it is damaged.
    fn open_block(&self, block: BlockReader) -> Result<Self::Block>;

    /// Which blocks to merge next, if any: a pure choice. `blocks` are all of them, in the order of
    /// their commits. One block alone is written again, without what its tombstones hide.
    fn plan(&self, blocks: &[PlanBlock<'_>]) -> Option<Vec<Ulid>> {
        plan::by_tier(blocks, &plan::Tiers::default())
    }

    /// As [`Engine::plan`], of a store that nobody writes to at the moment: what is merged then does not
    /// wait for more to come. What it gives must come to an end by itself.
    fn plan_at_rest(&self, blocks: &[PlanBlock<'_>]) -> Option<Vec<Ulid>> {
        self.plan(blocks)
    }

    /// Writes the content of `inputs`, in the order of their commits, as any number of blocks,
    /// without what their tombstones hide.
    ///
    /// # Errors
    /// The file system's, the engine's own, or a block is damaged.
    fn merge(&self, inputs: &[MergeInput<'_, Self>], output: &mut BlockOutput<'_>) -> Result<()>;

    /// Checks a block beyond its checksums.
    ///
    /// # Errors
    /// What is wrong.
    fn verify_block(&self, block: &Self::Block) -> Result<()> {
        let _ = block;
        Ok(())
    }
}

/// How large a head is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadSize {
    /// Bytes of memory.
    pub bytes: u64,
    /// Samples, lines, spans or whatever the engine counts.
    pub items: u64,
}

/// Why a head is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It is to be written as blocks.
    Flush,
    /// A tombstone is to hide what is in it, and nothing that comes later.
    Delete,
}

/// Records that move on to the next head.
#[derive(Debug, Default)]
pub struct Carry {
    pub(super) records: Vec<Vec<u8>>,
}

impl Carry {
    /// Adds a record. Each must fit a record of the log.
    pub fn push(&mut self, record: Vec<u8>) {
        self.records.push(record);
    }
}

/// A block as a plan sees it.
#[derive(Clone, Copy, Debug)]
pub struct PlanBlock<'a> {
    /// What the manifest knows about it.
    pub entry: &'a BlockEntry,
    /// Whether a tombstone may hide something in it.
    pub has_tombstones: bool,
}

/// A block that is merged.
pub struct MergeInput<'a, E: Engine> {
    /// What the manifest knows about it.
    pub entry: &'a BlockEntry,
    /// The block.
    pub block: &'a E::Block,
    /// What hides a part of it.
    pub tombstones: Vec<Arc<Tombstone>>,
}
