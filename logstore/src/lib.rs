//! The log engine of Quadra: streams of lines with structured metadata.
//!
//! A stream is a label set; its lines are kept in order of time, equal lines once, as in Loki.
//! Pages of lines are columns: times, compressed text, metadata. Lines are bytes: they may be
//! invalid UTF-8 and come back as they went in.
//!
//! [`LogStore`] opens a directory, takes lines, and is a
//! [`LogSource`](telemetry_core::source::LogSource) for a language to read. It knows no language.
#![forbid(unsafe_code)]

mod batch;
mod block;
mod deletes;
mod discover;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod head;
mod limits;
mod options;
mod page;
mod rate;
mod record;
mod refused;
mod retention;
mod search;
mod store;
mod text;

pub use batch::Batch;
pub use discover::Discovery;
pub use error::Error;
pub use limits::{Limits, LongLine, Rate};
pub use options::Builder;
pub use refused::Refused;
pub use retention::{RetentionRule, StreamRetention};
pub use store::LogStore;
