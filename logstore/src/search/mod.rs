//! Reading: the store as a [`LogSource`](telemetry_core::source::LogSource).
//!
//! A filter is asked of the templates of a block, each once; what they leave open is asked of the
//! lines of those templates alone. Lines of heads lie in memory as a language reads them, so that it
//! filters them itself, without a copy. Pages without a line that can pass are not part of the answer.

mod filters;
mod merged;
mod page;
mod segments;
mod source;
mod templates;
mod verdict;
mod view;

pub(crate) use filters::Filters;
pub(crate) use verdict::Verdict;
