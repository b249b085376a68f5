//! Exemplars of a block: a file of their own, which only blocks with exemplars have.
//!
//! ~~~text
//! PAGES   exemplars of series, one series after the other, in the order of their labels    format.rs
//! ROOT    where the pages are, and what times are in them
//! ~~~
//!
//! Pages say the labels of their series themselves. So the exemplar of a series without samples in
//! the block has a place as well, and merging blocks translates nothing. Whether there is such a
//! file, and from when to when it reaches, stands in the manifest: blocks without any are not opened
//! for a query.

mod format;
mod reader;
mod writer;

pub(super) use format::Extent;
pub(super) use reader::Exemplars;
pub(crate) use reader::SortedExemplars;
pub(super) use reader::exercise;
pub(super) use writer::ExemplarWriter;

/// The file, and its sections.
const FILE: &str = "exemplars";
const PAGES: u32 = 1;
const ROOT: u32 = 2;
