//! One life cycle for every engine: [`Store`] drives, an [`Engine`] says how its data looks.
//!
//! ~~~text
//! commit ─→ log ─→ head ──(full)──→ sealed head ──flush──→ block ──merge──→ block ──→ expired
//!                    └───────────────── snapshot ────────────┘
//! ~~~
//! Invariants:
//! - What is in the log from the manifest's offset on, and what is in the manifest's blocks, is
//!   everything, once.
//! - Readers see one [`Snapshot`]: heads, blocks and tombstones that belong together. It is
//!   replaced as a whole, and never waits.
//! - Commits are numbered from 1 in the order of the log; a tombstone has a number too and hides
//!   what has a smaller one.
//! - Files are deleted when no manifest names them, no snapshot holds them and no other process
//!   reads.
//! - After a sync has failed, or a panic has left memory and log apart, the store is *poisoned*: it
//!   takes no more writes, reads go on.
//!
//! Flush, in this order: seal the head and cut the log · write the blocks and sync them · replace
//! the manifest · show the blocks instead of the sealed heads · delete the log before the cut.
//! Compaction: choose · write and sync · replace the manifest · show · delete.

mod backup;
mod close;
mod commit;
mod compact;
mod delete;
mod engine;
mod flush;
mod handle;
mod open;
mod opened;
mod options;
mod output;
pub mod plan;
mod quarantine;
mod read_only;
mod replay;
mod reserve;
mod retention;
mod retire;

mod snapshot;
mod summary;
mod upkeep;
mod verify;

pub use commit::Commit;
pub use engine::{Carry, Engine, HeadSize, MergeInput, PlanBlock, Seal};
pub use handle::Store;
pub use options::{Durability, OnCorruption, Retention, StoreOptions};
pub use output::BlockOutput;
pub use snapshot::{LiveBlock, SealedHead, Snapshot};
pub use verify::{Problem, VerifyReport};
