//! How a trace store is opened.

use std::path::Path;
use std::sync::Arc;

use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem, OsFileSystem};
use telemetry_core::storage::store::{Store, StoreOptions};

use crate::engine::Traces;
use crate::{Error, Limits, TraceStore};

/// Opens a store with other than the default settings.
#[derive(Clone, Debug)]
pub struct Builder {
    file_system: Arc<dyn FileSystem>,
    storage: StoreOptions,
    limits: Limits,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            file_system: Arc::new(OsFileSystem),
            storage: StoreOptions::default(),
            limits: Limits::default(),
        }
    }
}

impl Builder {
    /// Keeps files in another file system.
    #[must_use]
    pub fn file_system(mut self, file_system: Arc<dyn FileSystem>) -> Self {
        self.file_system = file_system;
        self
    }

    /// Durability, budgets, retention, maintenance and everything else of the kernel.
    #[must_use]
    pub fn storage(mut self, storage: StoreOptions) -> Self {
        self.storage = storage;
        self
    }

    /// Bounds on pushed spans.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Opens the store in `path`, made if there is none.
    ///
    /// # Errors
    ///
    /// As [`Store::open`]: the directory is in use, damaged, or of another kind.
    pub fn open(self, path: impl AsRef<Path>) -> Result<TraceStore, Error> {
        let is_logged = self.storage.log;
        let engine = Traces::default();
        let store = Store::open(engine, self.file_system, path.as_ref(), self.storage)?;
        Ok(TraceStore::new(store, self.limits, is_logged))
    }

    /// Opens the store in `path` for reading, beside a writer or without one.
    ///
    /// # Errors
    ///
    /// As [`Store::open_read_only`].
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<TraceStore, Error> {
        let engine = Traces::default();
        let store = Store::open_read_only(engine, self.file_system, path.as_ref(), self.storage)?;
        Ok(TraceStore::new(store, self.limits, false))
    }

    /// A store that writes nothing to disk.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn in_memory(mut self) -> Result<TraceStore, Error> {
        self.file_system = Arc::new(MemoryFileSystem::new());
        self.storage.log = false;
        self.open("/")
    }
}
