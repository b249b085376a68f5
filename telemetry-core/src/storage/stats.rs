//! A store seen from outside: numbers that are cheap to give.

use super::cache::CacheStats;
use super::wal::Ending;
use std::path::PathBuf;
use std::time::Duration;

/// The state of a store.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StoreStats {
    /// Commits since the store was made, deletes among them.
    pub commits: u64,
    /// Bytes of memory in heads: the one that is appended to and those that wait to be flushed.
    pub head_bytes: u64,
    /// Items in heads.
    pub head_items: u64,
    /// Heads that wait to be flushed.
    pub sealed_heads: u64,
    /// Bytes of the log that a replay would read.
    pub log_bytes: u64,
    /// Bytes of the log that are not durable yet.
    pub log_bytes_unsynced: u64,
    /// Live blocks.
    pub blocks: u64,
    /// Their size.
    pub block_bytes: u64,
    /// Items in them.
    pub block_items: u64,
    /// Live blocks by level.
    pub blocks_by_level: Vec<u64>,
    /// Deletes that may still hide something.
    pub tombstones: u64,
    /// Files and blocks that are not needed any more but could not be deleted yet.
    pub retired: u64,
    /// Earliest and latest stored time, in the engine's unit.
    pub time_range: Option<(i64, i64)>,
    /// Flushes since it was opened.
    pub flushes: u64,
    /// Compactions since it was opened.
    pub compactions: u64,
    /// Blocks that retention removed since it was opened.
    pub blocks_expired: u64,
    /// How long the last step of maintenance took that did something.
    pub last_maintenance: Option<Duration>,
    /// The block cache, which several stores may share.
    pub cache: CacheStats,
    /// What opening found.
    pub recovery: RecoveryReport,
}

/// What opening a store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryReport {
    /// Records replayed from the log.
    pub records: u64,
    /// Bytes of the log that they were read from.
    pub log_bytes: u64,
    /// How the log ended; [`None`] for a new store.
    pub ending: Option<Ending>,
    /// Damaged files that were moved aside.
    pub quarantined: Vec<PathBuf>,
    /// Blocks that a crash left half-written or no longer needed.
    pub orphans: u64,
    /// How long it took.
    pub took: Duration,
}

impl RecoveryReport {
    /// Whether the store had been closed on purpose, or is new.
    pub fn was_clean(&self) -> bool {
        matches!(self.ending, None | Some(Ending::Closed)) && self.quarantined.is_empty()
    }
}
