//! A block: samples of many series within a range of time, never changed once it is written.
//!
//! ~~~text
//! samples   VALUES    pages of chunks, in the order of the series
//! index     TIMES     pages of time columns, each once, whatever the number of series that share it
//!           SERIES    texts, series, their chunks, where pages are       format.rs
//!           POSTINGS  label → series                                     the kernel's
//! ~~~
//!
//! Series are sorted by their labels and numbered in that order. The chunks of a series are in
//! order of time; a float and a histogram chunk may overlap, others do not.

mod dictionary;
mod format;
mod reader;
mod verify;
mod writer;

pub(crate) use format::{ChunkPlace, exercise_table};
pub(crate) use reader::Block;
pub(crate) use writer::{BlockBuilder, CHUNK_SAMPLES};

/// The file of the chunks, and its section.
const SAMPLES_FILE: &str = "samples";
const VALUES: u32 = 1;
/// The file of everything else, and its sections.
const INDEX_FILE: &str = "index";
const TIMES: u32 = 1;
const SERIES: u32 = 2;
const POSTINGS: u32 = 3;
