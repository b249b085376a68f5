//! A histogram as text.

use std::fmt::Write as _;

use telemetry_core::model::Histogram;
use telemetry_core::syntax::number::format_g;

use super::bounds::all_buckets;

/// `{count:3, sum:10, [-2,-1):1, [-0.001,0.001]:1, (1,2]:1}`: the populated buckets, ascending.
pub(crate) fn print(histogram: &Histogram) -> String {
    let mut out = format!("{{count:{}, sum:{}", format_g(histogram.count), format_g(histogram.sum));
    for bucket in all_buckets(histogram).iter().filter(|bucket| bucket.count != 0.0) {
        let zero = !histogram.has_custom_bounds() && bucket.lower <= 0.0 && bucket.upper >= 0.0;
        let negative = !histogram.has_custom_bounds() && bucket.upper < 0.0;
        let (open, close) = match (zero, negative) {
            (true, _) => ('[', ']'),
            (false, true) => ('[', ')'),
            (false, false) => ('(', ']'),
        };
        let (lower, upper) = (format_g(bucket.lower), format_g(bucket.upper));
        // Writing to a String cannot fail.
        let _ = write!(out, ", {open}{lower},{upper}{close}:{}", format_g(bucket.count));
    }
    out.push('}');
    out
}
