//! The write-ahead log: what is in memory and not yet in a block.
//!
//! A log is one stream of bytes, cut into segment files. A position in it, the *log offset*, is
//! the number of bytes before it since the store was made. A segment is named after the offset of
//! its first byte, so that segments sort and a missing one is noticed.
//!
//! Invariants:
//! - One writer appends. One commit is one frame and reaches the system by one write.
//! - When a segment is begun, all before it is durable.
//! - A segment is never shortened or written to again after it was left: every opening and every
//!   failed write begins a new one. What lies in a segment at or behind the offset of the next one
//!   is dead: a torn tail that was dropped.
//! - A frame says which offset was durable when it was written. Damage before the highest such
//!   offset is corruption; damage at or behind it is a torn tail.
//! - A failed sync is final: what the log holds is not known any more ([`LogSync`] keeps the error).

pub mod format;
mod replay;
mod segment;
mod sync;
mod writer;

pub use format::RecordKind;
pub use replay::{Ending, Record, Replay, replay};
pub use segment::{Segment, segments};
pub use sync::LogSync;
pub use writer::{LogOptions, LogWriter};

#[cfg(test)]
mod tests;
