//! The real store, in memory: its files are, so that flushing and reopening cost no disk.

use super::storage::{Point, Storage};
use std::sync::Arc;
use telemetry_core::labels::Labels;
use telemetry_core::source::MetricSource;
use telemetry_core::storage::fs::MemoryFileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use tsdb::{Durability, OutOfOrder, Tsdb};

/// Where the store is in its file system.
const DIRECTORY: &str = "/metrics";

/// A store that answers from its head.
pub(super) fn head() -> Result<Box<dyn Storage>, String> {
    Store::open(false)
}

/// A store that has flushed, compacted and been opened again before it answers.
pub(super) fn reopened() -> Result<Box<dyn Storage>, String> {
    Store::open(true)
}

struct Store {
    files: MemoryFileSystem,
    db: Tsdb,
    reopens: bool,
}

impl Store {
    fn open(reopens: bool) -> Result<Box<dyn Storage>, String> {
        let files = MemoryFileSystem::new();
        let db = open(&files)?;
        Ok(Box::new(Store { files, db, reopens }))
    }
}

/// Late samples are refused, as the scripts assume. Nothing happens in the background.
fn open(files: &MemoryFileSystem) -> Result<Tsdb, String> {
    Tsdb::builder(DIRECTORY)
        .file_system(Arc::new(files.clone()))
        .out_of_order(OutOfOrder::Refuse)
        .durability(Durability::Off)
        .maintenance(&Maintenance::manual())
        .open()
        .map_err(|error| error.to_string())
}

impl Storage for Store {
    fn append(&mut self, labels: &Labels, points: &[Point]) {
        let Ok(series) = self.db.series(labels) else { return };
        let mut batch = self.db.batch();
        for Point { time, value, start } in points {
            batch.append_with_start(series.reference(), *time, value.clone(), *start);
        }
        // What is refused is missing in the answers.
        let _ = batch.commit();
    }

    fn settle(&mut self) -> Result<(), String> {
        if !self.reopens {
            return Ok(());
        }
        let settled = self.db.flush().and_then(|_| self.db.compact()).and_then(|_| self.db.close());
        settled.map_err(|error| error.to_string())?;
        self.db = open(&self.files)?;
        Ok(())
    }

    fn source(&self) -> &dyn MetricSource {
        &self.db
    }
}
