//! Blocks: immutable directories of files, each file a row of checked sections.
//!
//! ~~~text
//! blocks/<ULID>/<name>     as many files as the engine wants, each as format.rs says
//! ~~~
//! A block is written in full and synced, file by file, then its directory, then the directory of
//! blocks; only then may a manifest name it. Nothing in it ever changes.
//!
//! A section is read in one of two ways. *Whole*: all of it, against the checksum in the table;
//! for indexes and dictionaries. *By pages*: [`FileWriter::page`] adds a checksum of its own to
//! every page, so that a page can be read alone; for columns.

mod format;
mod reader;
mod verify;
mod writer;

pub use format::{PageRef, SectionEntry};
pub use reader::{BlockFile, BlockReader};
pub use verify::verify_block;
pub use writer::{BlockSummary, BlockWriter, FileWriter};

/// The directory of blocks in a store's directory.
pub const BLOCKS_DIRECTORY: &str = "blocks";

#[cfg(test)]
mod tests;
