//! The storage kernel: one life cycle for four engines.
//!
//! Every engine lives the same life: append → head (memory, backed by a log) → flush → immutable
//! blocks → compaction → retention. What is the same is here, once; what differs comes in through
//! the trait [`store::Engine`].
//!
//! ~~~text
//! <directory>/LOCK READERS MANIFEST RESERVE  wal/<offset>.wal  blocks/<ULID>/<file>  quarantine/
//! ~~~
//! From the bottom up: [`fs`] (real, in memory, faulty), [`lock`], [`cursor`] and [`varint`],
//! [`label_set`] and [`lz4`], [`wal`], [`manifest`], [`block`] with [`cache`], [`tombstone`], [`postings`], [`budget`],
//! [`maintenance`], [`runtime`], and [`store`], which drives them; [`root`] holds several stores.
//! [`trial`] has the tests that every engine must pass.

pub mod backup;
pub mod block;
pub mod budget;
pub mod cache;
pub mod cursor;
mod error;
pub mod event;
pub mod fs;
pub mod label_set;
pub mod lock;
pub mod lz4;
pub mod maintenance;
pub mod manifest;
mod monotonic;
pub mod postings;
pub mod root;
pub mod runtime;
pub mod stats;
pub mod store;
pub mod tombstone;
pub mod trial;
pub mod ulid;
pub mod varint;
pub mod wal;

pub use error::{Action, Damage, Damaged, Error, Result};
