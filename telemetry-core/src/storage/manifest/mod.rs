//! The manifest: which blocks there are and where the log goes on. The single truth on open.
//!
//! It is one small file that is replaced as a whole. A block that it does not name is not there,
//! whatever the directory holds; a segment of the log before its offset is not read.

mod format;

use super::error::{Error, Result};
use super::fs::Volume;
use super::tombstone::Tombstone;
use super::ulid::Ulid;
use std::path::Path;
use std::sync::Arc;

/// The name of the file in a store's directory.
pub const MANIFEST_FILE: &str = "MANIFEST";
/// A larger one is not read. A million blocks fit.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;

/// Which kind of store it is, and in which format its records and blocks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineFormat {
    /// Four letters that tell the kinds of stores apart.
    pub engine: [u8; 4],
    /// Raised with every change of the engine's records or blocks.
    pub revision: u32,
}

/// The state of a store that survives everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The kind of store.
    pub format: EngineFormat,
    /// Rises with every version of the manifest.
    pub sequence: u64,
    /// Log offset of the first record that is not in a block.
    pub replay_from: u64,
    /// Commits before that offset.
    pub commits: u64,
    /// Deletes that may still hide something.
    pub tombstones: Vec<Arc<Tombstone>>,
    /// The live blocks, by rising id.
    pub blocks: Vec<BlockEntry>,
    /// Whatever the engine keeps for the whole store, in its own encoding; small.
    pub extra: Vec<u8>,
}

/// What the manifest knows about a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEntry {
    /// Its name.
    pub id: Ulid,
    /// How often its content was merged: zero when it comes from the head.
    pub level: u32,
    /// Earliest time in it, in the engine's unit.
    pub min_time: i64,
    /// Latest time in it.
    pub max_time: i64,
    /// First commit that is in it.
    pub first_commit: u64,
    /// Last commit that is in it.
    pub last_commit: u64,
    /// Tombstones up to this one were carried out in it.
    pub cleaned: u64,
    /// Size of its files.
    pub bytes: u64,
    /// Samples, lines, spans or whatever the engine counts.
    pub items: u64,
    /// Whatever the engine wants to know without opening the block, in its own encoding; small.
    pub meta: Vec<u8>,
}

impl BlockEntry {
    /// Whether a tombstone may hide something in the block.
    pub fn is_hit_by(&self, tombstone: &Tombstone) -> bool {
        tombstone.sequence >= self.last_commit
            && tombstone.sequence > self.cleaned
            && tombstone.overlaps(self.min_time, self.max_time)
    }
}

impl Manifest {
    /// Of a store in which nothing is yet.
    pub fn new(format: EngineFormat) -> Self {
        Manifest {
            format,
            sequence: 0,
            replay_from: 0,
            commits: 0,
            tombstones: Vec::new(),
            blocks: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Reads the manifest of the store in `directory`; [`None`] where there is none.
    ///
    /// # Errors
    /// The file system's; it is damaged; it belongs to another engine or format.
    pub fn load(
        volume: &Volume,
        directory: &Path,
        format: EngineFormat,
    ) -> Result<Option<Manifest>> {
        let path = directory.join(MANIFEST_FILE);
        if !volume.exists(&path)? {
            return Ok(None);
        }
        let bytes = volume.read(&path, MANIFEST_BYTES_MAX)?;
        format::decode(&bytes, format, &path).map(Some)
    }

    /// Replaces the manifest in `directory`. When it returns, the new one survives power loss.
    ///
    /// # Errors
    /// The file system's; see [`Volume::replace`] for which of the two is found afterwards.
    pub fn store(&self, volume: &Volume, directory: &Path) -> Result<()> {
        volume.replace(&directory.join(MANIFEST_FILE), &format::encode(self))
    }

    /// Removes tombstones that can hide nothing any more: every block has been cleaned of them, and
    /// all that was committed before them is in blocks.
    pub fn drop_spent_tombstones(&mut self) {
        let (blocks, commits) = (&self.blocks, self.commits);
        self.tombstones.retain(|tombstone| {
            tombstone.sequence > commits || blocks.iter().any(|block| block.is_hit_by(tombstone))
        });
    }
}

impl Error {
    /// Whether it is unknown, after this error, what is on disk.
    pub(crate) fn leaves_unknown(&self) -> bool {
        use super::error::Action;
        matches!(self, Error::Io { action: Action::Sync | Action::SyncDirectory, .. })
    }
}
