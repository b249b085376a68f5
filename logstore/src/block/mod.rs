//! A block: an immutable set of lines on disk, sorted by stream, then time.

mod buckets;
pub(crate) mod format;
mod reader;
mod writer;

pub(crate) use format::Run;
pub(crate) use reader::Block;
pub(crate) use writer::Writer;
