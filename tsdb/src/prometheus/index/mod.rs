//! The index of a block: from labels to series to chunks. [`format`] draws it.

mod format;
mod reader;
mod writer;

pub(crate) use reader::{ChunkPlace, Index};
pub(crate) use writer::IndexWriter;
