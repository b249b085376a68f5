//! How a log store is opened.

use std::path::Path;
use std::sync::Arc;

use telemetry_core::source::ConditionLanguage;
use telemetry_core::storage;
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem, OsFileSystem};
use telemetry_core::storage::store::{Store, StoreOptions};

use crate::deletes::Conditions;
use crate::engine::Logs;
use crate::retention::Retention;
use crate::store::Intake;
use crate::{Discovery, Error, Limits, LogStore, StreamRetention};

/// Opens a store with other than the default settings.
#[derive(Clone, Debug)]
pub struct Builder {
    file_system: Arc<dyn FileSystem>,
    storage: StoreOptions,
    limits: Limits,
    discovery: Discovery,
    retention: StreamRetention,
    language: Option<Arc<dyn ConditionLanguage>>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            file_system: Arc::new(OsFileSystem),
            storage: StoreOptions::default(),
            limits: Limits::default(),
            discovery: Discovery::default(),
            retention: StreamRetention::default(),
            language: None,
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

    /// Bounds on pushed lines.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What is found out about lines that come from a decoder, through [`LogStore::sink`]:
    /// [`Discovery::loki`] by default. Lines that are pushed by the typed calls stay as they are.
    #[must_use]
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = discovery;
        self
    }

    /// How long the lines of some streams are kept. The bound on age in
    /// [`storage`](Self::storage) holds for all streams beside; give the default period here instead
    /// where some are to be kept for longer.
    ///
    /// The rules are applied as lines come, and in [`LogStore::compact`] and
    /// [`LogStore::run_maintenance`].
    #[must_use]
    pub fn retention(mut self, retention: StreamRetention) -> Self {
        self.retention = retention;
        self
    }

    /// The language in which deletes may say more about lines than filters can. A store that has
    /// such deletes is not read or compacted without it.
    #[must_use]
    pub fn language(mut self, language: Arc<dyn ConditionLanguage>) -> Self {
        self.language = Some(language);
        self
    }

    fn engine(&self) -> Logs {
        Logs { conditions: Conditions::new(self.language.clone()) }
    }

    fn intake(&self) -> Result<Intake, Error> {
        let retention = Retention::new(&self.retention)?;
        Ok(Intake::new(self.limits.clone(), self.discovery.clone(), retention))
    }

    /// Opens the store in `path`, made if there is none.
    ///
    /// # Errors
    ///
    /// As [`Store::open`]: the directory is in use, damaged, or of another kind.
    pub fn open(self, path: impl AsRef<Path>) -> Result<LogStore, Error> {
        let intake = self.intake()?;
        let store = Store::open(self.engine(), self.file_system, path.as_ref(), self.storage)?;
        Ok(LogStore::new(store, intake))
    }

    /// Opens the store in `path` for reading, beside a writer or without one.
    ///
    /// # Errors
    ///
    /// As [`Store::open_read_only`].
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<LogStore, Error> {
        let intake = self.intake()?;
        let store =
            Store::open_read_only(self.engine(), self.file_system, path.as_ref(), self.storage)?;
        Ok(LogStore::new(store, intake))
    }

    /// Copies a backup to `path`, which must be new or empty, and opens it.
    ///
    /// # Errors
    ///
    /// `path` is not empty; as [`open`](Self::open).
    pub fn restore(
        self,
        backup: impl AsRef<Path>,
        path: impl AsRef<Path>,
    ) -> Result<LogStore, Error> {
        storage::backup::restore(&self.file_system, backup.as_ref(), path.as_ref())?;
        self.open(path)
    }

    /// A store that writes nothing to disk.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn in_memory(mut self) -> Result<LogStore, Error> {
        self.file_system = Arc::new(MemoryFileSystem::new());
        self.storage.log = false;
        self.open("/")
    }
}
