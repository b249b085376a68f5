//! From heads to blocks, and from blocks to larger ones.
//!
//! ~~~text
//! windows.rs   the ranges of time that blocks cover: 2 h, 6 h, 18 h, …, aligned and nested
//! flush.rs     a sealed head → a block per window
//! plan.rs      which blocks become one
//! merge.rs     blocks → one block, series by series
//! ~~~
//!
//! Every block lies within one window. Two blocks overlap in time only if one's window is in the
//! other's, and then merging takes both; so of samples at one time the one stored first is
//! still known to be the first after any number of merges.

mod flush;
mod merge;
mod plan;
mod windows;

pub(crate) use flush::flush;
pub(crate) use merge::merge;
pub(crate) use plan::{plan, plan_at_rest};
pub(crate) use windows::level_max;
