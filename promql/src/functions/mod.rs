//! The functions of PromQL.
//!
//! A row of [`signature`] says what a function takes and gives; `body` gives what it does:
//!
//! * over ranges: a `RangeFunction`, called for every window of every series, with a fast form for
//!   whole rows of floats where speed matters;
//! * over single values: a `math::Map`, or a few forms with parameters;
//! * the rest looks at several series, at labels or at the query itself, and is evaluation: it has a
//!   node of the plan of its own.

mod calendar;
pub(crate) mod extended;
mod extremes;
mod histograms;
pub(crate) mod interpolate;
mod kahan;
mod math;
mod natural;
mod over_time;
mod quantile;
mod range;
mod ranks;
pub(crate) mod rate;
mod regression;
mod segments;
mod select;
pub mod signature;
mod sums;
#[cfg(test)]
mod tests;

pub(crate) use kahan::{Mean, Sum};
pub(crate) use math::{Map, greatest, least, round};
pub(crate) use natural::compare as compare_naturally;
pub(crate) use quantile::{Bucket, Forced, bucket_fraction, bucket_quantile, quantile};
pub(crate) use range::{Digest, RangeFunction, Remarks, RowInput, Samples, Window};
pub(crate) use rate::RateSteps;
pub(crate) use segments::Segments;

/// What a function does, as far as it looks at one series at a time.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// Maps every value.
    Map(&'static str, Map),
    /// Maps every value, of the evaluation time if there is no argument.
    Date(&'static str, Map),
    /// Turns the samples of a window into a value.
    Range(&'static RangeFunction),
}

/// The body of the function `name`; none for those that are evaluation.
pub(crate) fn body(name: &str) -> Option<Body> {
    if let Some(map) = math::map(name) {
        return Some(Body::Map(signature::signature(name)?.name, map));
    }
    if let Some(map) = calendar::map(name) {
        return Some(Body::Date(signature::signature(name)?.name, map));
    }
    let mut functions = rate::FUNCTIONS.iter().chain(over_time::FUNCTIONS);
    functions.find(|function| function.name == name).map(Body::Range)
}
