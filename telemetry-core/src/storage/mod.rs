//! The storage kernel: one life cycle for four engines.

pub mod block;
pub mod cache;
pub mod cursor;
mod error;
pub mod fs;
pub mod label_set;
pub mod lock;
pub mod lz4;
pub mod manifest;
pub mod tombstone;
pub mod ulid;
pub mod varint;
pub mod wal;

pub use error::{Action, Damage, Damaged, Error, Result};
