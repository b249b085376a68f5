//! Files that are needed no more: deleted when nobody reads them.

use super::engine::Engine;
use super::opened::Opened;
use super::snapshot::LiveBlock;
use crate::storage::error::{Error, Result};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Something on disk that no manifest names.
pub(super) enum Retired<E: Engine> {
    /// A segment of the log.
    File(PathBuf),
    /// A block that a crash left over.
    Tree(PathBuf),
    /// A block that snapshots may still hold.
    Block(Arc<LiveBlock<E>>),
}

impl<E: Engine> Opened<E> {
    pub(super) fn retire(&self, retired: impl IntoIterator<Item = Retired<E>>) {
        self.retired.lock().extend(retired);
    }

    /// Deletes what nobody reads. The rest, and what cannot be deleted now, is tried again.
    pub(super) fn sweep(&self) {
        let mut retired = self.retired.lock();
        if retired.is_empty() {
            return;
        }
        let Some(lock) = self.writer_lock.lock().clone() else { return };
        // Kept until all is deleted, so that a reader that comes now waits.
        let Ok(Some(_alone)) = lock.try_delete() else { return };
        retired.retain(|retired| !self.remove(retired));
    }

    /// Whether it is gone.
    fn remove(&self, retired: &Retired<E>) -> bool {
        let volume = &self.place.volume;
        let result: Result<()> = match retired {
            Retired::File(path) => volume.remove_file(path),
            Retired::Tree(path) => volume.remove_tree(path),
            Retired::Block(block) if Arc::strong_count(block) > 1 => return false,
            Retired::Block(block) => volume.remove_tree(block.reader().directory()),
        };
        match result {
            Ok(()) => true,
            Err(Error::Io { source, .. }) => source.kind() == io::ErrorKind::NotFound,
            Err(_) => false,
        }
    }
}
