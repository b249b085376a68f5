//! What a store tells its host about: the library itself prints and logs nothing.

use super::error::{Action, Error};
use super::ulid::Ulid;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened in a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The head was written as blocks.
    Flushed {
        /// The new blocks; none where everything had been deleted.
        blocks: Vec<Ulid>,
        /// Their items.
        items: u64,
        /// Their size.
        bytes: u64,
        /// How long it took.
        took: Duration,
    },
    /// Blocks were merged.
    Compacted {
        /// What was merged.
        inputs: Vec<Ulid>,
        /// What came out.
        outputs: Vec<Ulid>,
        /// Size before.
        bytes_before: u64,
        /// Size after.
        bytes_after: u64,
        /// How long it took.
        took: Duration,
    },
    /// Retention removed blocks.
    Expired {
        /// The blocks.
        blocks: Vec<Ulid>,
        /// Their size.
        bytes: u64,
    },
    /// A write that a crash cut off was dropped from the log.
    TornTail {
        /// The segment.
        path: PathBuf,
        /// Where in the file.
        at: u64,
        /// Bytes dropped.
        bytes: u64,
    },
    /// Damaged files were moved aside.
    Quarantined {
        /// Where they are now.
        paths: Vec<PathBuf>,
        /// Bytes that can be read no more.
        bytes: u64,
        /// The damage.
        cause: Arc<Error>,
    },
    /// Something failed while nobody waited for it.
    Failed {
        /// What was tried.
        during: Action,
        /// The failure.
        error: Arc<Error>,
    },
    /// The store takes no more writes.
    Poisoned {
        /// The failure.
        cause: Arc<Error>,
    },
    /// The store was closed.
    Closed,
}

/// Called with every event, from whichever thread it happens on. It must be quick and must not
/// call the store.
#[derive(Clone)]
pub struct EventHook(Arc<dyn Fn(&Event) + Send + Sync>);

impl EventHook {
    /// A hook that calls `hook`.
    pub fn new(hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        EventHook(Arc::new(hook))
    }

    pub(crate) fn call(&self, event: &Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for EventHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventHook")
    }
}
