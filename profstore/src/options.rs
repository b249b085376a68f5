//! How a profile store is opened.

use std::path::Path;
use std::sync::Arc;

use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem, OsFileSystem};
use telemetry_core::storage::store::{Store, StoreOptions};

use crate::engine::Profiles;
use crate::{Error, Limits, ProfStore};

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

    /// Bounds on pushed profiles.
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
    pub fn open(self, path: impl AsRef<Path>) -> Result<ProfStore, Error> {
        let store = Store::open(Profiles, self.file_system, path.as_ref(), self.storage)?;
        Ok(ProfStore::new(store, self.limits))
    }

    /// Opens the store in `path` for reading, beside a writer or without one.
    ///
    /// # Errors
    ///
    /// As [`Store::open_read_only`].
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<ProfStore, Error> {
        let store = Store::open_read_only(Profiles, self.file_system, path.as_ref(), self.storage)?;
        Ok(ProfStore::new(store, self.limits))
    }

    /// A store that writes nothing to disk.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn in_memory(mut self) -> Result<ProfStore, Error> {
        self.file_system = Arc::new(MemoryFileSystem::new());
        self.storage.log = false;
        self.open("/")
    }
}
