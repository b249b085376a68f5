//! What all handles of a store, its maintenance and its snapshots share.
//!
//! Locks, outermost first: `compacting` · `flushing` · `writer` · `manifest` · `view`. A thread
//! takes them in this order and may leave any out. Readers take `view` only, for as long as it
//! takes to clone a pointer.

use super::engine::Engine;
use super::options::{Durability, StoreOptions};
use super::retire::Retired;
use super::snapshot::{LiveBlock, Snapshot, View};
use super::upkeep::Seen;
use crate::storage::block::{BLOCKS_DIRECTORY, BlockReader};
use crate::storage::budget::MemoryShare;
use crate::storage::error::{Action, Error, Result};
use crate::storage::event::Event;
use crate::storage::fs::Volume;
use crate::storage::lock::{ReaderLock, WriterLock};
use crate::storage::maintenance::{ChoreId, Maintenance};
use crate::storage::manifest::{BlockEntry, Manifest};
use crate::storage::monotonic;
use crate::storage::runtime::Runtime;
use crate::storage::stats::RecoveryReport;
use crate::storage::wal::{LogSync, LogWriter};
use parking_lot::{Mutex, RwLock};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The directory of the log in a store's directory.
pub(super) const LOG_DIRECTORY: &str = "wal";

pub(super) struct Opened<E: Engine> {
    pub(super) engine: Arc<E>,
    pub(super) place: Place,
    pub(super) options: StoreOptions,
    pub(super) runtime: Arc<Runtime>,
    pub(super) maintenance: Arc<Maintenance>,
    pub(super) chore: Mutex<Option<ChoreId>>,
    /// [`None`] when closed, and always when open for reading.
    pub(super) writer: Mutex<Option<Writer<E>>>,
    pub(super) manifest: Mutex<Manifest>,
    /// The manifest's, for those who do not want to wait while that is written.
    pub(super) replay_from: AtomicU64,
    pub(super) view: RwLock<Arc<View<E>>>,
    pub(super) visible: AtomicU64,
    pub(super) flushing: Mutex<()>,
    pub(super) compacting: Mutex<()>,
    pub(super) log_sync: Option<Arc<LogSync>>,
    pub(super) memory: MemoryShare,
    /// Bytes in heads that wait to be flushed.
    pub(super) sealed_bytes: AtomicU64,
    /// The maintenance was asked to flush.
    pub(super) flush_wanted: AtomicBool,
    /// None before the maintenance has looked.
    pub(super) newest_seen: Mutex<Option<Seen>>,
    pub(super) retired: Mutex<Vec<Retired<E>>>,
    pub(super) failures: Failures,
    pub(super) unsynced: Unsynced,
    pub(super) counters: Counters,
    pub(super) recovery: Mutex<RecoveryReport>,
    pub(super) writer_lock: Mutex<Option<Arc<WriterLock>>>,
    pub(super) reader: Option<Mutex<Reader>>,
    /// Closing has begun: what takes long stops.
    pub(super) closing: AtomicBool,
    pub(super) closed: AtomicBool,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) volume: Volume,
    pub(super) directory: PathBuf,
    pub(super) log: PathBuf,
    pub(super) blocks: PathBuf,
}

/// What only the one who commits touches.
pub(super) struct Writer<E: Engine> {
    /// [`None`] for a store in memory.
    pub(super) log: Option<LogWriter>,
    /// Where the log ended when it was replayed.
    pub(super) replay_end: u64,
    pub(super) head: Arc<E::Head>,
    /// First commit that can be in the head.
    pub(super) head_first_commit: u64,
    /// The number of the last commit.
    pub(super) last_commit: u64,
    /// The record of the next commit, kept for its memory.
    pub(super) record: Vec<u8>,
}

/// What a store that is open for reading remembers.
pub(super) struct Reader {
    /// Given back when the store is closed.
    pub(super) lock: Option<ReaderLock>,
    /// Log offset up to which records were applied.
    pub(super) applied: u64,
    pub(super) last_commit: u64,
    pub(super) head_first_commit: u64,
}

#[derive(Default)]
pub(super) struct Failures {
    poison: Mutex<Option<Arc<Error>>>,
    is_poisoned: AtomicBool,
    /// A failure in the background; the next write reports it.
    background: Mutex<Background>,
    has_background: AtomicBool,
}

#[derive(Default)]
struct Background {
    error: Option<Arc<Error>>,
    reported: bool,
    /// How often in a row it failed the same way.
    times: u32,
}

/// Since when something in the log waits to be synced.
#[derive(Default)]
pub(super) struct Unsynced {
    since: Mutex<Option<Instant>>,
    any: AtomicBool,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) flushes: AtomicU64,
    pub(super) compactions: AtomicU64,
    pub(super) blocks_expired: AtomicU64,
    pub(super) last_maintenance: Mutex<Option<Duration>>,
}

impl Place {
    pub(super) fn new(volume: Volume, directory: &Path) -> Self {
        Place {
            volume,
            directory: directory.to_path_buf(),
            log: directory.join(LOG_DIRECTORY),
            blocks: directory.join(BLOCKS_DIRECTORY),
        }
    }
}

impl<E: Engine> Opened<E> {
    pub(super) fn snapshot(&self) -> Snapshot<E> {
        // The view first: a commit that is applied in between is then in it or after it.
        let view = self.view.read().clone();
        let visible = self.visible.load(Ordering::Acquire);
        Snapshot { view, visible }
    }

    pub(super) fn view(&self) -> Arc<View<E>> {
        self.view.read().clone()
    }

    /// Replaces the view. The caller holds the lock under which the change was prepared.
    pub(super) fn change_view(&self, change: impl FnOnce(&mut View<E>)) {
        let mut view = self.view.write();
        let mut next = View::clone(&view);
        change(&mut next);
        *view = Arc::new(next);
    }

    pub(super) fn live_block(&self, entry: BlockEntry) -> Arc<LiveBlock<E>> {
        let Place { volume, blocks, .. } = &self.place;
        let format = self.engine.format();
        let reader = BlockReader::new(volume, blocks, entry, format, self.runtime.cache());
        LiveBlock::new(&self.engine, reader)
    }

    pub(super) fn emit(&self, event: Event) {
        if let Some(hook) = &self.options.on_event {
            hook.call(&event);
        }
    }

    /// Remembers how much memory the heads take.
    pub(super) fn measure_heads(&self) {
        let view = self.view();
        let sealed: u64 =
            view.sealed.iter().map(|sealed| self.engine.head_size(&sealed.head).bytes).sum();
        self.sealed_bytes.store(sealed, Ordering::Relaxed);
        self.memory.set(sealed + self.engine.head_size(&view.head).bytes);
    }

    /// Whether writing is possible at all.
    pub(super) fn check_writable(&self) -> Result<()> {
        if self.reader.is_some() {
            return Err(Error::ReadOnly);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        self.check_poison()
    }

    pub(super) fn check_poison(&self) -> Result<()> {
        match self.poisoned() {
            Some(cause) => Err(Error::Poisoned { cause }),
            None => Ok(()),
        }
    }

    pub(super) fn poisoned(&self) -> Option<Arc<Error>> {
        let failures = &self.failures;
        let poisoned = failures.is_poisoned.load(Ordering::Acquire);
        if poisoned { failures.poison.lock().clone() } else { None }
    }

    /// Passes a result on; an error after which the disk is not known poisons the store.
    pub(super) fn watch<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::Poisoned { cause }) => {
                self.poison(cause.clone());
                Err(Error::Poisoned { cause })
            }
            Err(error) if error.leaves_unknown() || matches!(error, Error::Panicked { .. }) => {
                let cause = Arc::new(error);
                self.poison(cause.clone());
                Err(Error::Poisoned { cause })
            }
            result => result,
        }
    }

    pub(super) fn poison(&self, cause: Arc<Error>) {
        let mut poison = self.failures.poison.lock();
        if poison.is_none() {
            *poison = Some(cause.clone());
            self.failures.is_poisoned.store(true, Ordering::Release);
            drop(poison);
            self.emit(Event::Poisoned { cause });
        }
    }

    /// Remembers a failure that nobody waited for. Gives how often in a row it happened: what
    /// fails the same way again is not reported again.
    pub(super) fn fail_in_background(&self, during: Action, error: Error) -> u32 {
        let error = Arc::new(error);
        let mut background = self.failures.background.lock();
        let before = background.error.as_ref().map(|error| error.to_string());
        if before == Some(error.to_string()) {
            background.times = background.times.saturating_add(1);
            return background.times;
        }
        *background = Background { error: Some(error.clone()), reported: false, times: 1 };
        drop(background);
        self.failures.has_background.store(true, Ordering::Release);
        self.emit(Event::Failed { during, error });
        1
    }

    pub(super) fn background_succeeded(&self) {
        if self.failures.has_background.swap(false, Ordering::AcqRel) {
            *self.failures.background.lock() = Background::default();
        }
    }

    /// A failure in the background that no write has reported yet.
    pub(super) fn take_background_failure(&self) -> Option<Arc<Error>> {
        if !self.failures.has_background.load(Ordering::Acquire) {
            return None;
        }
        let mut background = self.failures.background.lock();
        let taken = if background.reported { None } else { background.error.clone() };
        background.reported = true;
        taken
    }

    /// The failure in the background that nothing has made good yet.
    pub(super) fn background_failure(&self) -> Option<Arc<Error>> {
        self.failures.background.lock().error.clone()
    }

    /// After a commit that is not durable yet.
    pub(super) fn note_unsynced(&self, interval: Duration) -> Result<()> {
        if !self.unsynced.any.load(Ordering::Relaxed) {
            let mut since = self.unsynced.since.lock();
            since.get_or_insert_with(monotonic::now);
            self.unsynced.any.store(true, Ordering::Relaxed);
            drop(since);
            if let Some(chore) = *self.chore.lock() {
                self.maintenance.wake_in(chore, interval);
            }
        } else if self.maintenance.is_manual() {
            self.sync_if_due(interval)?;
        }
        Ok(())
    }

    /// Syncs the log if something waits for longer than `interval`. Gives how long it is until the
    /// next sync is due.
    pub(super) fn sync_if_due(&self, interval: Duration) -> Result<Option<Duration>> {
        let mut since = self.unsynced.since.lock();
        let Some(waits) = since.map(|since| since.elapsed()) else { return Ok(None) };
        if let Some(left) = interval.checked_sub(waits).filter(|left| !left.is_zero()) {
            return Ok(Some(left));
        }
        // Cleared before the sync: a commit from now on may not be covered by it.
        *since = None;
        self.unsynced.any.store(false, Ordering::Relaxed);
        drop(since);
        self.sync_log()?;
        Ok(None)
    }

    pub(super) fn sync_log(&self) -> Result<()> {
        match &self.log_sync {
            Some(sync) => self.watch(sync.sync()),
            None => Ok(()),
        }
    }

    /// How long commits may wait to be durable.
    pub(super) fn interval(&self) -> Option<Duration> {
        match self.options.durability {
            Durability::Interval(interval) => Some(interval),
            Durability::Always | Durability::Off => None,
        }
    }

    pub(super) fn wake(&self) {
        if let Some(chore) = *self.chore.lock() {
            self.maintenance.wake(chore);
        }
    }
}

/// Runs the engine's code; a panic in it becomes an error, which poisons the store.
pub(super) fn guarded<T>(during: Action, call: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call))
        .unwrap_or(Err(Error::Panicked { during }))
}
