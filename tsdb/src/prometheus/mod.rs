//! Prometheus's own storage format: read, queried, written.
//!
//! ~~~text
//! Directory ─┬ block ─┬ meta.rs  index/  segments.rs  tombstones.rs
//!            └ head ──┴ chunk/                     select.rs: all of them as one MetricSource
//! import.rs   Directory → Tsdb
//! export.rs   any MetricSource → blocks            verify.rs: read back and compared
//! ~~~
//!
//! [`Directory`] and [`Block`] open what a Prometheus wrote, read only, and can be queried like a
//! store of our own. [`import`] takes it over into one; [`export`] writes blocks that a Prometheus,
//! a Thanos or a Mimir takes.
//!
//! Everything that is read is checked: checksums, lengths, references, the order of times. What is
//! wrong is [`Error::Corrupt`](telemetry_core::storage::Error::Corrupt) with file and offset.
//! Files are read at positions, never mapped.
//!
//! Source: the format documents in Prometheus's repository (`tsdb/docs/format`), corrected where
//! its code (3.14) says otherwise. Encodings that only newer versions write (XOR2, histograms with
//! start timestamps, log records 11 to 13) are read by these facts, but no data of a real
//! Prometheus has proved it.

mod block;
mod chunk;
mod directory;
mod exercise;
mod export;
mod head;
mod import;
mod index;
mod json;
mod meta;
mod run;
mod segments;
mod select;
mod tombstones;
mod verify;

pub use block::Block;
pub use chunk::Encoding;
pub use directory::Directory;
pub use export::{ExportOptions, Exported, Progress, export};
pub use import::{ImportOptions, Imported, import};
pub use meta::BlockMeta;

pub(crate) use exercise::{exercise_block, exercise_chunk, exercise_log};
