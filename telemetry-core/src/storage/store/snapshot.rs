//! What a reader sees: heads, blocks and tombstones that belong together.

use super::engine::Engine;
use crate::storage::block::BlockReader;
use crate::storage::error::Result;
use crate::storage::manifest::BlockEntry;
use crate::storage::tombstone::Tombstone;
use parking_lot::Mutex;
use std::sync::{Arc, OnceLock};

/// A consistent state of a store. It never changes, except that the head in it goes on taking
/// commits: see [`Snapshot::visible`]. Cheap to clone; what it holds is not deleted while it lives.
pub struct Snapshot<E: Engine> {
    pub(super) view: Arc<View<E>>,
    pub(super) visible: u64,
}

/// What is replaced as a whole when a head is sealed, flushed or merged.
pub(super) struct View<E: Engine> {
    pub(super) head: Arc<E::Head>,
    /// Oldest first.
    pub(super) sealed: Vec<Arc<SealedHead<E>>>,
    /// In the order of their commits.
    pub(super) blocks: Vec<Arc<LiveBlock<E>>>,
    pub(super) tombstones: Vec<Arc<Tombstone>>,
}

/// A head that takes no more commits and waits to be flushed.
pub struct SealedHead<E: Engine> {
    pub(super) head: Arc<E::Head>,
    pub(super) first_commit: u64,
    pub(super) last_commit: u64,
}

/// A block that a manifest names. It is opened when it is first used.
pub struct LiveBlock<E: Engine> {
    pub(super) engine: Arc<E>,
    pub(super) reader: BlockReader,
    pub(super) opened: OnceLock<E::Block>,
    pub(super) opening: Mutex<()>,
}

impl<E: Engine> Clone for Snapshot<E> {
    fn clone(&self) -> Self {
        Snapshot { view: self.view.clone(), visible: self.visible }
    }
}

impl<E: Engine> Snapshot<E> {
    /// The heads, oldest first and the active one last, each with what hides a part of it. Nothing
    /// hides a part of the active one.
    pub fn heads(&self) -> impl Iterator<Item = (&E::Head, Vec<Arc<Tombstone>>)> {
        let sealed = self
            .view
            .sealed
            .iter()
            .map(|sealed| (&*sealed.head, self.view.tombstones_after(sealed.last_commit)));
        sealed.chain(std::iter::once((&*self.view.head, Vec::new())))
    }

    /// The active head.
    pub fn head(&self) -> &Arc<E::Head> {
        &self.view.head
    }

    /// The blocks, in the order of their commits.
    pub fn blocks(&self) -> &[Arc<LiveBlock<E>>] {
        &self.view.blocks
    }

    /// What hides a part of a block.
    pub fn tombstones_of(&self, block: &LiveBlock<E>) -> Vec<Arc<Tombstone>> {
        self.view.tombstones_of(block.entry())
    }

    /// The number of the last commit that had been applied when the snapshot was taken. The active
    /// head may hold later ones by now.
    pub fn visible(&self) -> u64 {
        self.visible
    }
}

impl<E: Engine> Clone for View<E> {
    fn clone(&self) -> Self {
        View {
            head: self.head.clone(),
            sealed: self.sealed.clone(),
            blocks: self.blocks.clone(),
            tombstones: self.tombstones.clone(),
        }
    }
}

impl<E: Engine> View<E> {
    pub(super) fn tombstones_of(&self, entry: &BlockEntry) -> Vec<Arc<Tombstone>> {
        self.tombstones.iter().filter(|tombstone| entry.is_hit_by(tombstone)).cloned().collect()
    }

    pub(super) fn tombstones_after(&self, last_commit: u64) -> Vec<Arc<Tombstone>> {
        let after = |tombstone: &&Arc<Tombstone>| tombstone.sequence >= last_commit;
        self.tombstones.iter().filter(after).cloned().collect()
    }

    /// The number of the newest tombstone.
    pub(super) fn newest_tombstone(&self) -> u64 {
        self.tombstones.iter().map(|tombstone| tombstone.sequence).max().unwrap_or_default()
    }

    pub(super) fn sort_blocks(&mut self) {
        self.blocks.sort_by_key(|block| (block.entry().first_commit, block.entry().id));
    }
}

impl<E: Engine> LiveBlock<E> {
    pub(super) fn new(engine: &Arc<E>, reader: BlockReader) -> Arc<Self> {
        Arc::new(LiveBlock {
            engine: engine.clone(),
            reader,
            opened: OnceLock::new(),
            opening: Mutex::new(()),
        })
    }

    /// What the manifest knows about it; nothing is read.
    pub fn entry(&self) -> &BlockEntry {
        self.reader.entry()
    }

    /// Its files.
    pub fn reader(&self) -> &BlockReader {
        &self.reader
    }

    /// The opened block.
    ///
    /// # Errors
    /// The engine's; the next call tries again.
    pub fn open(&self) -> Result<&E::Block> {
        if let Some(block) = self.opened.get() {
            return Ok(block);
        }
        let _one_at_a_time = self.opening.lock();
        if let Some(block) = self.opened.get() {
            return Ok(block);
        }
        let block = self.engine.open_block(self.reader.clone())?;
        Ok(self.opened.get_or_init(|| block))
    }
}
