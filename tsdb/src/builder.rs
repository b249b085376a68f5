//! Options for opening a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use telemetry_core::storage::backup;
use telemetry_core::storage::event::{Event, EventHook};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem, OsFileSystem};
use telemetry_core::storage::lock::WriterLock;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::runtime::Runtime;
use telemetry_core::storage::store::{Durability, OnCorruption, Retention, Store, StoreOptions};

use crate::db::Tsdb;
use crate::engine::Metrics;
use crate::error::Result;
use crate::options::{Limits, OutOfOrder};

/// How a store is opened. What is not set has its default.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before `open`"]
pub struct Builder {
    path: PathBuf,
    file_system: Arc<dyn FileSystem>,
    store: StoreOptions,
    limits: Limits,
    out_of_order: OutOfOrder,
}

impl Builder {
    /// Options for a store in a directory.
    pub fn new(path: &Path) -> Self {
        Builder {
            path: path.to_path_buf(),
            file_system: Arc::new(OsFileSystem),
            store: StoreOptions::default(),
            limits: Limits::default(),
            out_of_order: OutOfOrder::default(),
        }
    }

    /// Options for a store that lives in memory only.
    pub fn in_memory() -> Self {
        let mut builder = Builder::new(Path::new("/"));
        builder.file_system = Arc::new(MemoryFileSystem::new());
        builder.store.log = false;
        builder
    }

    /// What a commit survives once it has returned; at first
    /// [`Durability::Interval`] of a second.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.store.durability = durability;
        self
    }

    /// How late samples may come; at first an hour.
    pub fn out_of_order(mut self, out_of_order: OutOfOrder) -> Self {
        self.out_of_order = out_of_order;
        self
    }

    /// Bounds on series and labels.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// When old blocks are removed; at first never. Ages are in milliseconds.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.store.retention = retention;
        self
    }

    /// Memory that samples may take before they are written as a block; at first 64 MiB.
    pub fn head_bytes_max(mut self, bytes: u64) -> Self {
        self.store.head_bytes_max = bytes;
        self
    }

    /// What opening does about damage that a crash cannot explain; at first it fails.
    pub fn on_corruption(mut self, on_corruption: OnCorruption) -> Self {
        self.store.on_corruption = on_corruption;
        self
    }

    /// Who is told of flushes, compactions, repairs and failures. Called from whatever thread it
    /// happens on.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.store.on_event = Some(EventHook::new(hook));
        self
    }

    /// Threads, cache, memory and clock, shared with other stores; at first its own.
    pub fn runtime(mut self, runtime: &Arc<Runtime>) -> Self {
        self.store.runtime = Some(Arc::clone(runtime));
        self
    }

    /// Who flushes and compacts; at first a thread of its own.
    pub fn maintenance(mut self, maintenance: &Arc<Maintenance>) -> Self {
        self.store.maintenance = Some(Arc::clone(maintenance));
        self
    }

    /// A lock on a directory above that is held already; at first it takes its own.
    pub fn lock(mut self, lock: &Arc<WriterLock>) -> Self {
        self.store.lock = Some(Arc::clone(lock));
        self
    }

    /// The file system; at first the machine's.
    pub fn file_system(mut self, file_system: Arc<dyn FileSystem>) -> Self {
        self.file_system = file_system;
        self
    }

    /// All options that engines have in common at once, for what has no call of its own here.
    pub fn store_options(mut self, change: impl FnOnce(&mut StoreOptions)) -> Self {
        change(&mut self.store);
        self
    }

    /// Opens the store, creating it where needed.
    ///
    /// # Errors
    ///
    /// The directory is open elsewhere; it is damaged or of another format; the file system's.
    pub fn open(self) -> Result<Tsdb> {
        let engine = Metrics::new(self.limits, self.out_of_order, self.store.retention.age);
        let logs = self.store.log;
        let store = Store::open(engine, self.file_system, &self.path, self.store)?;
        Ok(Tsdb::new(store, logs))
    }

    /// Copies a backup that [`Tsdb::backup`] made to the directory, which is new or empty, and opens
    /// it.
    ///
    /// # Errors
    ///
    /// The directory is not empty; the file system's; as [`Builder::open`].
    pub fn restore(self, backup: impl AsRef<Path>) -> Result<Tsdb> {
        backup::restore(&self.file_system, backup.as_ref(), &self.path)?;
        self.open()
    }

    /// Opens the store for reading, beside a writer or without one. Nothing is written; calls
    /// that write fail.
    ///
    /// # Errors
    ///
    /// There is no store; as [`Builder::open`].
    pub fn open_read_only(self) -> Result<Tsdb> {
        let engine = Metrics::new(self.limits, self.out_of_order, self.store.retention.age);
        let store = Store::open_read_only(engine, self.file_system, &self.path, self.store)?;
        Ok(Tsdb::new(store, false))
    }
}
