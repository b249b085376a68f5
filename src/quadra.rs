//! The database: opens four stores under one root and looks after them together.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::runtime::Runtime;
use telemetry_core::storage::stats::StoreStats;
use telemetry_core::storage::store::VerifyReport;

use crate::{Builder, Error};

/// A kind of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Signal {
    /// Series of samples.
    Metrics,
    /// Streams of lines.
    Logs,
    /// Spans of traces.
    Traces,
    /// Stacks with values.
    Profiles,
}

impl Signal {
    /// Its directory under the root.
    pub fn directory(self) -> &'static str {
        match self {
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
            Signal::Traces => "traces",
            Signal::Profiles => "profiles",
        }
    }
}

/// An embedded database of logs, metrics, traces and profiles.
///
/// Clones are handles to the same database. Dropping the last one does what [`close`](Self::close)
/// does and tells failures to the event hook.
#[derive(Clone, Debug)]
pub struct Quadra {
    stores: Arc<Stores>,
    runtime: Arc<Runtime>,
    maintenance: Arc<Maintenance>,
}

/// The stores of the signals that this build has.
#[derive(Debug)]
pub(crate) struct Stores {
    #[cfg(feature = "metrics")]
    pub(crate) metrics: tsdb::Tsdb,
    #[cfg(feature = "logs")]
    pub(crate) logs: logstore::LogStore,
    #[cfg(feature = "traces")]
    pub(crate) traces: tracestore::TraceStore,
    #[cfg(feature = "profiles")]
    pub(crate) profiles: profstore::ProfStore,
}

/// Opens one store as the builder says: `opened!(builder, root, read_only, store, signal, unit)`.
#[cfg(any(feature = "traces", feature = "profiles"))]
macro_rules! opened {
    ($from:expr, $root:expr, $read_only:expr, $store:path, $signal:expr, $unit:expr) => {{
        let path = $root.join($signal.directory());
        let builder = <$store>::builder().file_system($from.files()).storage($from.storage($unit));
        if $read_only { builder.open_read_only(path)? } else { builder.open(path)? }
    }};
}

/// Opens the metrics store, whose times are milliseconds.
#[cfg(feature = "metrics")]
fn open_metrics(from: &Builder, root: &Path, read_only: bool) -> Result<tsdb::Tsdb, Error> {
    let builder = tsdb::Tsdb::builder(root.join(Signal::Metrics.directory()))
        .file_system(from.files())
        .store_options(|options| *options = from.storage(1_000_000));
    Ok(if read_only { builder.open_read_only()? } else { builder.open()? })
}

/// Opens the log store, whose times are nanoseconds.
#[cfg(feature = "logs")]
fn open_logs(from: &Builder, root: &Path, read_only: bool) -> Result<logstore::LogStore, Error> {
    let path = root.join(Signal::Logs.directory());
    let builder = from.log_store();
    Ok(if read_only { builder.open_read_only(path)? } else { builder.open(path)? })
}

/// Opens the stores under `root`.
pub(crate) fn open_stores(from: &Builder, root: &Path, read_only: bool) -> Result<Stores, Error> {
    Ok(Stores {
        #[cfg(feature = "metrics")]
        metrics: open_metrics(from, root, read_only)?,
        #[cfg(feature = "logs")]
        logs: open_logs(from, root, read_only)?,
        #[cfg(feature = "traces")]
        traces: opened!(from, root, read_only, tracestore::TraceStore, Signal::Traces, 1),
        #[cfg(feature = "profiles")]
        profiles: opened!(from, root, read_only, profstore::ProfStore, Signal::Profiles, 1),
    })
}

/// Does the same with every store: `each!(self, |signal, store| …)`.
macro_rules! each {
    ($db:expr, |$signal:ident, $store:ident| $body:expr) => {{
        #[cfg(feature = "metrics")]
        {
            let ($signal, $store) = (Signal::Metrics, &$db.stores.metrics);
            $body
        }
        #[cfg(feature = "logs")]
        {
            let ($signal, $store) = (Signal::Logs, &$db.stores.logs);
            $body
        }
        #[cfg(feature = "traces")]
        {
            let ($signal, $store) = (Signal::Traces, &$db.stores.traces);
            $body
        }
        #[cfg(feature = "profiles")]
        {
            let ($signal, $store) = (Signal::Profiles, &$db.stores.profiles);
            $body
        }
    }};
}

impl Quadra {
    pub(crate) fn new(
        stores: Stores,
        runtime: Arc<Runtime>,
        maintenance: Arc<Maintenance>,
    ) -> Self {
        Quadra { stores: Arc::new(stores), runtime, maintenance }
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Opens the database in `path`, made if there is none.
    ///
    /// # Errors
    ///
    /// The directory is open elsewhere, damaged, or of another format.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::default().open(path)
    }

    /// Opens the database in `path` for reading, beside a writer or without one.
    ///
    /// # Errors
    ///
    /// There is no database, or it is damaged or of another format.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::default().open_read_only(path)
    }

    /// Copies a backup to `path`, which must be new or empty, and opens it. The backup stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Builder::restore`].
    pub fn restore(backup: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::default().restore(backup, path)
    }

    /// A database that writes nothing to disk.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn in_memory() -> Result<Self, Error> {
        Builder::default().in_memory()
    }

    /// Other than the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Threads, cache, memory budget and clock, to share with another database.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Writes what is in memory as blocks.
    ///
    /// # Errors
    ///
    /// The first store that cannot; the others have written theirs.
    pub fn flush(&self) -> Result<(), Error> {
        let mut outcome = Ok(());
        each!(self, |_signal, store| outcome =
            outcome.and(store.flush().map(drop).map_err(Error::from)));
        outcome
    }

    /// Merges small blocks and carries out deletes.
    ///
    /// # Errors
    ///
    /// The first store that cannot; the others have done theirs.
    pub fn compact(&self) -> Result<(), Error> {
        let mut outcome = Ok(());
        each!(self, |_signal, store| outcome =
            outcome.and(store.compact().map(drop).map_err(Error::from)));
        outcome
    }

    /// Does what is due now, for a host that chose
    /// [`manual_maintenance`](Builder::manual_maintenance). The answer says when to call again.
    pub fn run_maintenance(&self) -> Option<Duration> {
        self.maintenance.run()
    }

    /// Reads every byte of every store and says what is damaged.
    ///
    /// # Errors
    ///
    /// Where the check itself cannot go on.
    pub fn verify(&self) -> Result<Vec<(Signal, VerifyReport)>, Error> {
        let mut reports = Vec::new();
        each!(self, |signal, store| reports.push((signal, store.verify()?)));
        Ok(reports)
    }

    /// Copies every store under `path` while writing goes on. The copy is opened like any
    /// database.
    ///
    /// # Errors
    ///
    /// Where a store is there already, or `path` cannot be written.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        each!(self, |signal, store| store.backup(path.join(signal.directory()))?);
        Ok(())
    }

    /// Reads again what a writer did since, if this database is open for reading.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be read.
    pub fn refresh(&self) -> Result<(), Error> {
        each!(self, |_signal, store| {
            store.refresh()?;
        });
        Ok(())
    }

    /// A failure in the background, if there was one. A store's failure poisons that store only.
    ///
    /// # Errors
    ///
    /// The first such failure.
    pub fn health(&self) -> Result<(), Error> {
        each!(self, |_signal, store| store.health()?);
        Ok(())
    }

    /// What each store holds and did, recovery included.
    pub fn stats(&self) -> Vec<(Signal, StoreStats)> {
        let mut all = Vec::new();
        each!(self, |signal, store| all.push((signal, StoreStats::clone(&store.stats()))));
        all
    }

    /// Syncs the logs, writes what is worth a block, and closes for every handle.
    ///
    /// # Errors
    ///
    /// The first store that fails, and what failed in the background before; the others are
    /// closed.
    pub fn close(&self) -> Result<(), Error> {
        let mut outcome = Ok(());
        each!(self, |_signal, store| outcome = outcome.and(store.close().map_err(Error::from)));
        outcome
    }
}
