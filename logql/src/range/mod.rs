//! Range aggregations over unwrapped values: an aggregation a file.
//!
//! Each takes the samples of a window, oldest first, never none, and gives one value. How floats
//! are added up is Loki's: plainly, in the order of time.

mod counter;
mod moments;
mod order;
mod quantile;
mod sliding;

pub(crate) use sliding::Sliding;

use crate::ast::RangeOp;

/// A sample: its time in nanoseconds, and its value.
pub(crate) type Sample = (i64, f64);

/// A window of samples.
#[derive(Clone, Copy, Debug)]
struct Window<'w> {
    samples: &'w [Sample],
    /// Its end; the end is in, the start is not.
    end: i64,
    range_ns: i64,
}

impl Window<'_> {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().map(|(_, value)| *value)
    }

    fn range_seconds(&self) -> f64 {
        self.range_ns as f64 / 1e9
    }
}

/// The value of a window on its own. Quantiles are [`sliding`]'s.
fn value(op: RangeOp, window: Window<'_>) -> f64 {
    match op {
        RangeOp::Sum => moments::sum(window),
        RangeOp::Rate => moments::sum(window) / window.range_seconds(),
        RangeOp::Avg => moments::average(window),
        RangeOp::Stdvar => moments::variance(window),
        RangeOp::Stddev => moments::variance(window).sqrt(),
        RangeOp::Min => order::min(window),
        RangeOp::Max => order::max(window),
        RangeOp::First => order::first(window),
        RangeOp::Last => order::last(window),
        RangeOp::RateCounter => counter::rate(window),
        // These count lines and are not computed from values.
        RangeOp::Count
        | RangeOp::Bytes
        | RangeOp::BytesRate
        | RangeOp::Absent
        | RangeOp::Quantile => 1.0,
    }
}
