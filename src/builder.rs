//! How a database is opened.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use telemetry_core::storage;
use telemetry_core::storage::event::{Event, EventHook};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem, OsFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::root::Root;
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::storage::store::{Durability, OnCorruption, Retention, StoreOptions};

use crate::quadra::{Stores, open_stores};
use crate::{Error, Quadra};

/// Opens a database with other than the default settings.
///
/// ```
/// use std::time::Duration;
/// use quadra::Quadra;
///
/// let directory = tempfile::tempdir()?;
/// let db = Quadra::builder()
///     .retention_age(Duration::from_secs(14 * 24 * 3600))
///     .retention_bytes(2 << 30)
///     .on_event(|event| eprintln!("{event:?}"))
///     .open(directory.path())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    file_system: Arc<dyn FileSystem>,
    runtime: Option<Arc<Runtime>>,
    maintenance: Option<Arc<Maintenance>>,
    retention_age: Option<Duration>,
    storage: StoreOptions,
    #[cfg(feature = "logs")]
    logs: logstore::Builder,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            file_system: Arc::new(OsFileSystem),
            runtime: None,
            maintenance: None,
            retention_age: None,
            storage: StoreOptions::default(),
            #[cfg(feature = "logs")]
            logs: logstore::LogStore::builder(),
        }
    }
}

impl Builder {
    /// What a commit survives; by default `Interval` of a second.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.storage.durability = durability;
        self
    }

    /// Removes what is this much older than the newest stored item of its signal. Off by default.
    #[must_use]
    pub fn retention_age(mut self, age: Duration) -> Self {
        self.retention_age = Some(age);
        self
    }

    /// Removes the oldest blocks of a signal while it takes more bytes on disk. Off by default;
    /// the bound holds per signal.
    #[must_use]
    pub fn retention_bytes(mut self, bytes: u64) -> Self {
        self.storage.retention.bytes = Some(bytes);
        self
    }

    /// Memory that the newest items of one signal may take before they are written as a block.
    #[must_use]
    pub fn head_bytes(mut self, bytes: u64) -> Self {
        self.storage.head_bytes_max = bytes;
        self
    }

    /// What holds of logs alone: bounds on lines, what is found out about them, how long which streams
    /// are kept. Files and storage are those of the database whatever is said here.
    ///
    /// ```
    /// use quadra::Quadra;
    /// use quadra::logstore::Limits;
    ///
    /// let db = Quadra::builder().logs(|logs| logs.limits(Limits::loki())).in_memory()?;
    /// # Ok::<(), quadra::Error>(())
    /// ```
    #[cfg(feature = "logs")]
    #[must_use]
    pub fn logs(mut self, set: impl FnOnce(logstore::Builder) -> logstore::Builder) -> Self {
        self.logs = set(self.logs);
        self
    }

    /// The settings of the log store, whose deletes are log queries.
    #[cfg(feature = "logs")]
    pub(crate) fn log_store(&self) -> logstore::Builder {
        let logs = self.logs.clone().file_system(self.files()).storage(self.storage(1));
        logs.language(Arc::new(logql::DeleteLanguage))
    }

    /// Shares threads, cache, memory budget and clock with other databases.
    #[must_use]
    pub fn runtime(mut self, runtime: &Arc<Runtime>) -> Self {
        self.runtime = Some(runtime.clone());
        self
    }

    /// Starts no thread: the host calls [`Quadra::run_maintenance`].
    #[must_use]
    pub fn manual_maintenance(mut self) -> Self {
        self.maintenance = Some(Maintenance::manual());
        self
    }

    /// What opening does about damage that a crash cannot explain; by default it fails.
    #[must_use]
    pub fn on_corruption(mut self, then: OnCorruption) -> Self {
        self.storage.on_corruption = then;
        self
    }

    /// Is told about flushes, compactions, repairs and failures.
    #[must_use]
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.storage.on_event = Some(EventHook::new(hook));
        self
    }

    /// Keeps files elsewhere than in the operating system's file system.
    #[must_use]
    pub fn file_system(mut self, file_system: Arc<dyn FileSystem>) -> Self {
        self.file_system = file_system;
        self
    }

    /// Opens the database in `path`, made if there is none.
    ///
    /// # Errors
    ///
    /// The directory is open elsewhere, damaged, or of another format.
    pub fn open(mut self, path: impl AsRef<Path>) -> Result<Quadra, Error> {
        let path = path.as_ref();
        let root = Root::open(&self.file_system, path)?;
        self.storage.lock = Some(root.lock().clone());
        self.finish(path, false)
    }

    /// Opens the database in `path` for reading, beside a writer or without one. It shows what was
    /// there at this moment, and more after [`Quadra::refresh`].
    ///
    /// # Errors
    ///
    /// There is no database, or it is damaged or of another format.
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<Quadra, Error> {
        Root::check(&self.file_system, path.as_ref())?;
        self.finish(path.as_ref(), true)
    }

    /// Copies a backup of a database to `path`, which must be new or empty, and opens it.
    ///
    /// # Errors
    ///
    /// `path` is not empty; as [`open`](Self::open).
    pub fn restore(
        self,
        backup: impl AsRef<Path>,
        path: impl AsRef<Path>,
    ) -> Result<Quadra, Error> {
        storage::backup::restore(&self.file_system, backup.as_ref(), path.as_ref())?;
        self.open(path)
    }

    /// A database that writes nothing to disk.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn in_memory(mut self) -> Result<Quadra, Error> {
        self.file_system = Arc::new(MemoryFileSystem::new());
        self.storage.log = false;
        self.open("/")
    }

    fn finish(mut self, root: &Path, read_only: bool) -> Result<Quadra, Error> {
        let runtime =
            self.runtime.take().unwrap_or_else(|| Runtime::new(RuntimeOptions::default()));
        let maintenance = self.maintenance.take().unwrap_or_else(Maintenance::thread);
        self.storage.runtime = Some(runtime.clone());
        self.storage.maintenance = Some(maintenance.clone());
        let stores: Stores = open_stores(&self, root, read_only)?;
        Ok(Quadra::new(stores, runtime, maintenance))
    }

    pub(crate) fn files(&self) -> Arc<dyn FileSystem> {
        self.file_system.clone()
    }

    /// The settings of one store whose times have this unit.
    pub(crate) fn storage(&self, nanos_per_unit: u128) -> StoreOptions {
        let mut storage = self.storage.clone();
        let units = |age: Duration| i64::try_from(age.as_nanos() / nanos_per_unit).ok();
        let age = self.retention_age.map(|age| units(age).unwrap_or(i64::MAX));
        storage.retention = Retention { age, ..storage.retention };
        storage
    }
}
