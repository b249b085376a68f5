//! A block: an immutable set of lines on disk, sorted by stream, then time.

mod buckets;
pub(crate) mod format;
mod reader;
pub(crate) mod values;
mod writer;

pub(crate) use format::{PageEntry, Run};
pub(crate) use reader::Block;
pub(crate) use writer::Writer;
