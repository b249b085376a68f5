//! One writer per directory, and readers beside it.
//!
//! ~~~text
//! LOCK      held alone by the writer as long as the directory is open
//! READERS   shared by everyone who opened for reading; the writer takes it alone, for a moment,
//!           to delete files, and puts the deletion off where it cannot
//! ~~~
//!
//! A store inside a larger directory (`<root>/metrics` beside `<root>/FORMAT`) is locked by the
//! files of that directory, so that it cannot be opened alone while the whole is open.

use super::error::{Error, Result};
use super::fs::{FileLock, LockMode, Volume, parent};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The writer's lock.
pub const LOCK_FILE: &str = "LOCK";
/// The readers' lock.
pub const READERS_FILE: &str = "READERS";
/// Says that a directory holds stores, each in a directory of its own.
pub const FORMAT_FILE: &str = "FORMAT";

/// How often and how long a reader waits for a writer that is just deleting.
const READER_ATTEMPTS: u32 = 200;
const READER_PAUSE: Duration = Duration::from_millis(5);

/// The right to write to a directory; given back when it is dropped. Several stores under one
/// root share one.
#[derive(Debug)]
pub struct WriterLock {
    volume: Volume,
    directory: PathBuf,
    _lock: Box<dyn FileLock>,
}

/// Keeps the files of a directory from being deleted; given back when it is dropped.
#[derive(Debug)]
pub struct ReaderLock {
    _lock: Box<dyn FileLock>,
}

/// Files may be deleted while this is held: nobody reads them from another process.
#[derive(Debug)]
pub struct DeletionLock {
    _lock: Box<dyn FileLock>,
}

impl WriterLock {
    /// Locks a directory, which must exist.
    ///
    /// # Errors
    /// [`Error::Locked`] where somebody else has it.
    pub fn acquire(volume: &Volume, directory: &Path) -> Result<Arc<WriterLock>> {
        let directory = lock_directory(volume, directory)?;
        let path = directory.join(LOCK_FILE);
        match volume.try_lock(&path, LockMode::Exclusive)? {
            Some(lock) => {
                Ok(Arc::new(WriterLock { volume: volume.clone(), directory, _lock: lock }))
            }
            None => Err(Error::Locked { path }),
        }
    }

    /// The right to delete files, unless somebody reads.
    ///
    /// # Errors
    /// The file system's.
    pub fn try_delete(&self) -> Result<Option<DeletionLock>> {
        let path = self.directory.join(READERS_FILE);
        let lock = self.volume.try_lock(&path, LockMode::Exclusive)?;
        Ok(lock.map(|lock| DeletionLock { _lock: lock }))
    }
}

impl ReaderLock {
    /// Announces a reader. It waits for a writer that is deleting at the moment.
    ///
    /// # Errors
    /// [`Error::Locked`] where the writer does not finish within a second.
    pub fn acquire(volume: &Volume, directory: &Path) -> Result<ReaderLock> {
        let path = lock_directory(volume, directory)?.join(READERS_FILE);
        for _ in 0..READER_ATTEMPTS {
            if let Some(lock) = volume.try_lock(&path, LockMode::Shared)? {
                return Ok(ReaderLock { _lock: lock });
            }
            std::thread::sleep(READER_PAUSE);
        }
        Err(Error::Locked { path })
    }
}

/// Where the lock files of a store's directory are.
fn lock_directory(volume: &Volume, directory: &Path) -> Result<PathBuf> {
    let above = parent(directory);
    let is_root = above != directory && volume.exists(&above.join(FORMAT_FILE))?;
    Ok(if is_root { above } else { directory.to_path_buf() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::fs::MemoryFileSystem;

    #[test]
    fn a_store_under_a_root_is_locked_with_the_root() {
        let volume = Volume::new(Arc::new(MemoryFileSystem::new()));
        let root = Path::new("/root");
        volume.create_dir_all(&root.join("metrics")).unwrap();
        let alone = WriterLock::acquire(&volume, &root.join("metrics")).unwrap();
        drop(alone);
        volume.write(&root.join(FORMAT_FILE), b"").unwrap();
        let whole = WriterLock::acquire(&volume, root).unwrap();
        let refused = WriterLock::acquire(&volume, &root.join("metrics")).unwrap_err();
        assert!(matches!(refused, Error::Locked { path } if path == root.join(LOCK_FILE)));
        drop(whole);
        assert!(WriterLock::acquire(&volume, &root.join("metrics")).is_ok());
    }

    #[test]
    fn a_reader_puts_deletion_off() {
        let volume = Volume::new(Arc::new(MemoryFileSystem::new()));
        let path = Path::new("/store");
        volume.create_dir_all(path).unwrap();
        let writer = WriterLock::acquire(&volume, path).unwrap();
        let reader = ReaderLock::acquire(&volume, path).unwrap();
        assert!(writer.try_delete().unwrap().is_none());
        drop(reader);
        assert!(writer.try_delete().unwrap().is_some());
    }
}
