//! A block: an immutable set of profiles on disk.
//!
//! Symbols, stacks and the table of series are read when a block is first used, rows page by page.

pub(crate) mod format;
mod merge;
mod reader;
mod writer;

pub(crate) use merge::merge;
pub(crate) use reader::Block;
pub(crate) use writer::write;
