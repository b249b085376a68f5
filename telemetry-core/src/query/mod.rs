//! What bounds, stops and counts a query.
//!
//! Every query runs under a [`QueryContext`]. Sources and languages call [`QueryContext::check`]
//! at least every 10 ms of work, inside decode loops too, and charge what they touch before they
//! allocate for it.

mod cancel;
mod context;
mod limits;
mod statistics;
mod warning;
mod workers;

pub use cancel::CancelToken;
pub use context::{Interrupt, QueryContext};
pub use limits::{Limits, Resource};
pub use statistics::{Statistics, StatisticsSnapshot};
pub use warning::{Severity, Warning};
pub use workers::Workers;
