//! A block: an immutable, columnar set of traces on disk.
//!
//! The directory and the index are read when a block is first used; columns page by page, through the
//! cache. [`format`] has the layout.

mod answer;
pub(crate) mod column;
mod deleted;
pub(crate) mod format;
mod gather;
mod group;
mod nested_set;
mod origins;
mod pages;
mod reader;
pub(crate) mod spans;
#[cfg(test)]
mod tests;
mod traces;
mod verify;
mod writer;

pub(crate) use group::Group;
pub(crate) use reader::Block;
pub(crate) use traces::TraceTable;
pub(crate) use writer::Writer;
