//! The read side: a snapshot of heads and blocks as one source of series.
//!
//! ~~~text
//! request ─→ select.rs   which series, and the parts that each has in heads and blocks
//!             part.rs    a run of samples of one series in one place
//!             merge.rs   parts that overlap in time → one
//!         ─→ set.rs      the answer: series, their chunks, which share their times
//! labels.rs              names and values of labels
//! exemplars.rs           exemplars of heads and blocks
//! newest.rs              samples of a series in blocks that late ones are judged against
//! ~~~
//!
//! Where two places have a sample at the same time, the one that was stored first counts: blocks
//! before heads, older before newer.

mod exemplars;
mod labels;
mod merge;
mod newest;
mod part;
mod select;
mod set;

pub use exemplars::SeriesExemplars;
pub(crate) use exemplars::{exemplars, in_order as exemplars_in_order, is_hidden};
pub(crate) use labels::{label_names, label_values};
pub(crate) use merge::{in_order, merge};
pub(crate) use newest::{newest_in_blocks, value_stored};
pub(crate) use part::{Hidden, Part, Samples, append_starts, bounds};
pub(crate) use select::{Selection, hidden, select};
pub(crate) use set::Selected;
