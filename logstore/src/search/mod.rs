//! Reading: the store as a [`LogSource`](telemetry_core::source::LogSource).
//!
//! A filter is asked of the templates of a block, each once; what they leave open is asked of the
//! lines of those templates alone. Pages without a line that can pass are not part of the answer.

mod filtered;
mod filters;
mod merged;
mod page;
mod source;
mod templates;
mod verdict;

pub(crate) use filters::Filters;
pub(crate) use verdict::Verdict;
