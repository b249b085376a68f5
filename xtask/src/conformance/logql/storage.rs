//! Where the cases put their data: the real store, in the head and after flush, compaction and
//! reopening.

use logstore::LogStore;
use std::sync::Arc;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::source::LogSource;
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;

/// A stream and its lines, in the order in which they come.
pub(super) struct Stream {
    pub(super) labels: Labels,
    pub(super) entries: Vec<LogEntry>,
}

/// A source that holds the data of a case; a case passes where it passes over all of them.
pub(super) struct Loaded {
    /// How it was loaded.
    pub(super) name: &'static str,
    pub(super) source: Box<dyn LogSource>,
}

/// The data in the head of a store, and in the blocks of another.
pub(super) fn load(streams: &[Stream]) -> Result<Vec<Loaded>, String> {
    let settled: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = fill(&settled, streams)?;
    let settle = || {
        store.flush()?;
        store.compact()?;
        store.close()
    };
    settle().map_err(|error| error.to_string())?;
    drop(store);
    let fresh: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    Ok(vec![
        Loaded { name: "head", source: Box::new(fill(&fresh, streams)?) },
        Loaded { name: "blocks", source: Box::new(open(&settled)?) },
    ])
}

fn open(files: &Arc<dyn FileSystem>) -> Result<LogStore, String> {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_kept_on_close = 0;
    let builder = LogStore::builder().file_system(files.clone()).storage(options);
    builder.open("/logs").map_err(|error| error.to_string())
}

fn fill(files: &Arc<dyn FileSystem>, streams: &[Stream]) -> Result<LogStore, String> {
    let store = open(files)?;
    let mut batch = store.batch();
    let mut count = 0;
    for stream in streams {
        for entry in &stream.entries {
            batch.push(&stream.labels, entry);
            count += 1;
        }
    }
    let committed = batch.commit().map_err(|error| error.to_string())?;
    if !committed.refused.is_empty() {
        let refused = committed.refused.len();
        return Err(format!("the store refused {refused} of {count} lines: {committed:?}"));
    }
    Ok(store)
}
