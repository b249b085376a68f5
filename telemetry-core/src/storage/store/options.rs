//! How a store is opened.

use crate::storage::budget::HEAD_BYTES_DEFAULT;
use crate::storage::event::EventHook;
use crate::storage::lock::WriterLock;
use crate::storage::maintenance::Maintenance;
use crate::storage::runtime::Runtime;
use std::sync::Arc;
use std::time::Duration;

/// What a commit survives once it has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Power loss, at once.
    Always,
    /// The end of the process at once, power loss after this long. Without a maintenance thread
    /// the next commit or [`super::Store::run_maintenance`] after that time syncs.
    Interval(Duration),
    /// A clean close only, as far as the contract goes.
    Off,
}

/// When old blocks are removed. Only whole blocks are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Blocks that end more than this before the newest stored time, in the engine's unit.
    pub age: Option<i64>,
    /// The oldest blocks, while blocks and log together have more bytes.
    pub bytes: Option<u64>,
}

/// What opening does about damage that a crash cannot explain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCorruption {
    /// It fails and names file and offset.
    #[default]
    Fail,
    /// It moves what cannot be read to `quarantine/`, reports it, and goes on with what was
    /// committed before.
    Quarantine,
}

/// How a store is opened; start from [`StoreOptions::default`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreOptions {
    /// What a commit survives.
    pub durability: Durability,
    /// Threads, cache, memory, clock; [`None`]: its own.
    pub runtime: Option<Arc<Runtime>>,
    /// Who flushes and compacts; [`None`]: a thread of its own.
    pub maintenance: Option<Arc<Maintenance>>,
    /// The lock of a directory above that is held already; [`None`]: the store takes its own.
    pub lock: Option<Arc<WriterLock>>,
    /// A head this large is flushed. Commits go on meanwhile, and wait once the heads together have
    /// half as much again.
    pub head_bytes_max: u64,
    /// A head smaller than this stays in the log when the store is closed.
    pub head_bytes_kept_on_close: u64,
    /// A head is flushed once a replay would read this much.
    pub log_bytes_max: u64,
    /// Size of a segment of the log.
    pub segment_bytes_max: u64,
    /// When old blocks are removed.
    pub retention: Retention,
    /// What opening does about damage.
    pub on_corruption: OnCorruption,
    /// Who is told what happens.
    pub on_event: Option<EventHook>,
    /// Whether commits are logged: not so for a store that lives in memory.
    pub log: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            durability: Durability::Interval(Duration::from_secs(1)),
            runtime: None,
            maintenance: None,
            lock: None,
            head_bytes_max: HEAD_BYTES_DEFAULT,
            head_bytes_kept_on_close: 1 << 20,
            log_bytes_max: 256 << 20,
            segment_bytes_max: 64 << 20,
            retention: Retention::default(),
            on_corruption: OnCorruption::Fail,
            on_event: None,
            log: true,
        }
    }
}
