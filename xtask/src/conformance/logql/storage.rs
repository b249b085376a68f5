//! Where the cases put their data: a seam, so that they run over every store there is.

use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::source::{LogSource, MemoryLogs};

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

/// The data in every kind of source.
pub(super) fn load(streams: &[Stream]) -> Result<Vec<Loaded>, String> {
    let mut logs = MemoryLogs::new();
    for stream in streams {
        for entry in &stream.entries {
            logs.insert(&stream.labels, entry.clone());
        }
    }
    Ok(vec![Loaded { name: "memory", source: Box::new(logs) }])
}
