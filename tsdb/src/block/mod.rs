//! A block: samples of many series within a range of time, never changed once it is written.
//!
//! ~~~text
//! samples   VALUES   pages of chunks, in the order of the series
//!           STRIPS   short chunks, 512 a page                                     strips.rs
//! index     TIMES    pages of time columns, each once, whatever the number of series that share it
//!           TEXTS    pages of values of labels, sorted by name and value          texts.rs
//!           APART    which series have a value: long lists, a page each
//!           LISTS    the others, a page for each of TEXTS                         lists.rs
//!           SERIES   pages of series: their labels as numbers of values           series.rs
//!           CHUNKS   where their chunks are, a page for each of SERIES            places.rs
//!           ROOT     names, and where all these pages are                         format.rs
//! exemplars          a file of their own, if there are any                        exemplars/
//! ~~~
//!
//! Series are sorted by their labels and numbered in that order. The chunks of a series are in
//! order of time; a float and a histogram chunk may overlap, others do not. Opening reads ROOT alone;
//! pages are decoded when they are asked for, and kept in the cache.
//!
//! A chunk may be told by its difference to one that lies before it and has the same times: the
//! writer looks for such among the last ones (candidates.rs), the reader adds them up again and
//! keeps what it added to (referenced.rs).
//!
//! A million series with seven labels, one of them different for each, take about 25 bytes of index
//! each: 14 for the texts, 7 for the lists, 4 for the numbers.

mod candidates;
mod exemplars;
mod format;
mod held;
mod index;
mod labels;
mod lists;
mod numbers;
mod pages;
mod pairs;
mod places;
mod reader;
mod referenced;
mod select;
mod series;
mod strips;
mod texts;
mod verify;
mod writer;

pub(crate) use exemplars::SortedExemplars;
pub(crate) use held::{HeldPage, Merging};
pub(crate) use labels::SeriesReader;
pub(crate) use pairs::{Pairs, merge_texts};
pub(crate) use places::ChunkPlace;
pub(crate) use reader::{Block, exercise};
pub(crate) use writer::{BlockBuilder, CHUNK_SAMPLES};

/// The file of the chunks, and its sections.
const SAMPLES_FILE: &str = "samples";
const VALUES: u32 = 1;
const STRIPS: u32 = 2;
/// The file of everything else, and its sections.
const INDEX_FILE: &str = "index";
const TIMES: u32 = 1;
const ROOT: u32 = 2;
const TEXTS: u32 = 3;
const APART: u32 = 4;
const LISTS: u32 = 5;
const SERIES: u32 = 6;
const CHUNKS: u32 = 7;
