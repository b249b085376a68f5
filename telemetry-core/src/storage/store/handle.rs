//! [`Store`]: what an engine's own store is built around.

use super::commit::Commit;
use super::engine::Engine;
use super::opened::Opened;
use super::options::StoreOptions;
use super::snapshot::Snapshot;
use super::verify::VerifyReport;
use crate::storage::error::{Error, Result};
use crate::storage::fs::FileSystem;
use crate::storage::runtime::Runtime;
use crate::storage::stats::StoreStats;
use crate::storage::tombstone::Tombstone;
use crate::storage::ulid::Ulid;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A store of one engine in one directory. A clone is the same store; dropping the last one closes
/// it.
pub struct Store<E: Engine> {
    handle: Arc<Handle<E>>,
}

/// Its drop is what tells that nobody is left; maintenance holds the inside only.
struct Handle<E: Engine> {
    opened: Arc<Opened<E>>,
}

impl<E: Engine> Drop for Handle<E> {
    fn drop(&mut self) {
        self.opened.close_on_drop();
    }
}

impl<E: Engine> Clone for Store<E> {
    fn clone(&self) -> Self {
        Store { handle: self.handle.clone() }
    }
}

impl<E: Engine> std::fmt::Debug for Store<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "store in {}", self.opened().place.directory.display())
    }
}

impl<E: Engine> Store<E> {
    fn opened(&self) -> &Opened<E> {
        &self.handle.opened
    }

    /// Opens the store in a directory, creating it where needed.
    ///
    /// # Errors
    /// [`Error::Locked`] where it is open elsewhere; [`Error::Corrupt`]; [`Error::Format`]; the
    /// file system's.
    pub fn open(
        engine: E,
        fs: Arc<dyn FileSystem>,
        path: &Path,
        options: StoreOptions,
    ) -> Result<Self> {
        let opened = Opened::open(engine, fs, path, options)?;
        Ok(Store { handle: Arc::new(Handle { opened }) })
    }

    /// Opens the store in a directory for reading, beside a writer or without one. Nothing is
    /// written; calls that write give [`Error::ReadOnly`].
    ///
    /// # Errors
    /// [`Error::NoStore`]; as [`Store::open`].
    pub fn open_read_only(
        engine: E,
        fs: Arc<dyn FileSystem>,
        path: &Path,
        options: StoreOptions,
    ) -> Result<Self> {
        let opened = Opened::open_read_only(engine, fs, path, options)?;
        Ok(Store { handle: Arc::new(Handle { opened }) })
    }

    /// The engine.
    pub fn engine(&self) -> &E {
        &self.opened().engine
    }

    /// The runtime that it runs on.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.opened().runtime
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.opened().place.directory
    }

    /// Whether it is open for reading only.
    pub fn is_read_only(&self) -> bool {
        self.opened().reader.is_some()
    }

    /// A consistent state to read from. Never waits.
    pub fn snapshot(&self) -> Snapshot<E> {
        self.opened().snapshot()
    }

    /// The right to commit; waits for a commit that is under way.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::ReadOnly`], [`Error::Poisoned`]; [`Error::Background`] once for
    /// a failure that nobody waited for; memory is short and flushing fails.
    pub fn begin(&self) -> Result<Commit<'_, E>> {
        self.opened().begin()
    }

    /// Hides everything committed so far that the tombstone selects. Gives the number of the
    /// delete.
    ///
    /// # Errors
    /// As [`Store::begin`]; the log cannot be written.
    pub fn delete(&self, tombstone: Tombstone) -> Result<u64> {
        self.opened().delete(tombstone)
    }

    /// Writes everything in memory as blocks. Gives whether there was anything.
    ///
    /// # Errors
    /// The file system's, the engine's; nothing is lost then.
    pub fn flush(&self) -> Result<bool> {
        self.opened().flush()
    }

    /// Merges blocks until nothing is left to merge: all that the store would merge by itself if nobody
    /// wrote to it for a while. Gives how many merges that took.
    ///
    /// # Errors
    /// The file system's, the engine's; the blocks stay as they were.
    pub fn compact(&self) -> Result<u64> {
        let merges = self.opened().compact()?;
        self.opened().sweep();
        Ok(merges)
    }

    /// Removes blocks that retention says are too old or too much. Gives how many.
    ///
    /// # Errors
    /// The file system's; the blocks stay.
    pub fn expire(&self) -> Result<u64> {
        let blocks = self.opened().expire()?;
        self.opened().sweep();
        Ok(blocks)
    }

    /// Does what is due: syncs, flushes, merges, expires, deletes files. Gives how long from now it
    /// next wants to be called, if that is known; a commit may make it earlier.
    ///
    /// # Errors
    /// The first step that failed.
    pub fn run_maintenance(&self) -> Result<Option<Duration>> {
        self.opened().check_writable()?;
        let next = self.opened().maintain().map_err(|(_, error)| error)?;
        self.opened().background_succeeded();
        Ok(next)
    }

    /// Makes everything committed so far survive power loss.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub fn sync(&self) -> Result<()> {
        self.opened().check_writable()?;
        self.opened().sync_log()
    }

    /// Checks every byte. Writing goes on beside.
    ///
    /// # Errors
    /// The file system's; damage is in the report.
    pub fn verify(&self) -> Result<VerifyReport> {
        self.opened().verify()
    }

    /// Takes a damaged block out of the store, say one that [`Store::verify`] found, and moves its
    /// files to `quarantine/`. What was in it is not found any more. Gives where the files are;
    /// nothing where there is no such block.
    ///
    /// # Errors
    /// As [`Store::begin`]; the file system's; the block stays then.
    pub fn quarantine_block(&self, id: Ulid) -> Result<Vec<PathBuf>> {
        let paths = self.opened().quarantine_block(id)?;
        self.opened().sweep();
        Ok(paths)
    }

    /// Copies the store to an empty or new directory of the same file system, while writing goes
    /// on. The copy is a store. See [`crate::storage::backup::restore`].
    ///
    /// # Errors
    /// [`Error::NotEmpty`]; the file system's.
    pub fn backup(&self, to: &Path) -> Result<()> {
        self.opened().backup(to)
    }

    /// Of a store that is open for reading: reads what the writer has done since. Gives whether
    /// there was anything.
    ///
    /// # Errors
    /// As [`Store::open_read_only`]; what was read before stays.
    pub fn refresh(&self) -> Result<bool> {
        self.opened().refresh()
    }

    /// Whatever the engine keeps for the whole store in the manifest; see [`Store::set_extra`].
    pub fn extra(&self) -> Vec<u8> {
        self.opened().manifest.lock().extra.clone()
    }

    /// Replaces what the engine keeps for the whole store; small, since the manifest is written as
    /// a whole. Durable when it returns.
    ///
    /// # Errors
    /// As [`Store::begin`]; the file system's.
    pub fn set_extra(&self, extra: Vec<u8>) -> Result<()> {
        self.opened().check_writable()?;
        self.opened().change_manifest(|manifest| manifest.extra = extra, |_| {})
    }

    /// Whether writing works and nothing has failed in the background.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::Background`], [`Error::Closed`].
    pub fn health(&self) -> Result<()> {
        let opened = self.opened();
        opened.check_poison()?;
        if opened.closed.load(std::sync::atomic::Ordering::Acquire) {
            return Err(Error::Closed);
        }
        match opened.background_failure() {
            Some(cause) => Err(Error::Background { cause }),
            None => Ok(()),
        }
    }

    /// The state of the store in numbers.
    pub fn stats(&self) -> StoreStats {
        self.opened().stats()
    }

    /// Syncs the log, flushes a head that is large enough and gives the directory back. Clones
    /// answer [`Error::Closed`] from then on, except that snapshots can still be read while nobody
    /// else opens the directory.
    ///
    /// # Errors
    /// What could not be made safe; a failure in the background. The store is closed all the same.
    pub fn close(&self) -> Result<()> {
        self.opened().close()
    }
}
