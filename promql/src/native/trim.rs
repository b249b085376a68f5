//! The operators `</` and `>/`: observations up to a bound, or from a bound on.
//!
//! A bucket that the bound cuts keeps a share of its observations: linear in custom buckets and the
//! zero bucket, on a logarithmic scale in exponential ones. The sum is estimated anew, as if the
//! observations of what is left of a bucket were at its middle. A bucket without a start or an end
//! cannot be cut: the side that the bound is on goes or stays whole.

use telemetry_core::model::Histogram;

use super::bounds::{custom, exponential};
use super::working::Working;
use crate::functions::Sum;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trim {
    /// What is at most the bound.
    Upper,
    /// What is at least the bound.
    Lower,
}

/// What is left of a bucket: its share, and where its middle is.
struct Part {
    share: f64,
    middle: f64,
}

/// The observations of `histogram` on one side of `bound`.
pub(crate) fn trim(histogram: &Histogram, trim: Trim, bound: f64) -> Histogram {
    let keeps_all = match trim {
        Trim::Upper => bound == f64::INFINITY,
        Trim::Lower => bound == f64::NEG_INFINITY,
    };
    if keeps_all {
        return histogram.clone();
    }
    let mut working = Working::from(histogram);
    let (mut count, mut sum, mut changed) = (Sum::default(), Sum::default(), false);
    let mut keep = |population: &mut Sum, part: Part| {
        let held = population.value();
        changed |= held != 0.0 && part.share != 1.0;
        *population = Sum::new(held * part.share);
        if held * part.share != 0.0 {
            count.add(held * part.share);
            sum.add(held * part.share * part.middle);
        }
    };
    let schema = histogram.schema;
    if histogram.has_custom_bounds() {
        for (index, population) in &mut working.positive {
            let (lower, upper) = (
                custom(index.saturating_sub(1), &histogram.custom_bounds),
                custom(*index, &histogram.custom_bounds),
            );
            keep(population, custom_part(trim, bound, lower, upper));
        }
    } else {
        for (index, population) in &mut working.negative {
            let (near, far) =
                (exponential(index.saturating_sub(1), schema), exponential(*index, schema));
            // The mirror image of a positive bucket.
            let mirrored = if trim == Trim::Upper { Trim::Lower } else { Trim::Upper };
            let part = exponential_part(mirrored, -bound, near, far);
            keep(population, Part { middle: -part.middle, ..part });
        }
        let threshold = histogram.zero_threshold;
        let (negative, positive) =
            (!histogram.negative_buckets.is_empty(), !histogram.positive_buckets.is_empty());
        let lower = if !negative && positive { 0.0 } else { -threshold };
        let upper = if negative && !positive { 0.0 } else { threshold };
        keep(&mut working.zero, linear_part(trim, bound, lower, upper));
        for (index, population) in &mut working.positive {
            let (near, far) =
                (exponential(index.saturating_sub(1), schema), exponential(*index, schema));
            keep(population, exponential_part(trim, bound, near, far));
        }
    }
    if !changed {
        return histogram.clone();
    }
    (working.count, working.sum) = (Sum::new(count.value()), Sum::new(sum.value()));
    working.finish()
}

/// Whole or nothing, if the bound does not cut the bucket.
fn uncut(trim: Trim, bound: f64, lower: f64, upper: f64) -> Option<f64> {
    match trim {
        Trim::Upper if upper <= bound => Some(1.0),
        Trim::Upper if lower >= bound => Some(0.0),
        Trim::Lower if lower >= bound => Some(1.0),
        Trim::Lower if upper <= bound => Some(0.0),
        _ => None,
    }
}

/// The ends of what is left of a bucket.
fn left(trim: Trim, bound: f64, lower: f64, upper: f64) -> (f64, f64) {
    match trim {
        Trim::Upper => (lower, upper.min(bound)),
        Trim::Lower => (lower.max(bound), upper),
    }
}

fn linear_part(trim: Trim, bound: f64, lower: f64, upper: f64) -> Part {
    let (start, end) = left(trim, bound, lower, upper);
    let share = uncut(trim, bound, lower, upper);
    let share = share.unwrap_or_else(|| (end - start) / (upper - lower));
    Part { share, middle: start + (end - start) / 2.0 }
}

fn exponential_part(trim: Trim, bound: f64, lower: f64, upper: f64) -> Part {
    let (start, end) = left(trim, bound, lower, upper);
    let share = uncut(trim, bound, lower, upper);
    let share =
        share.unwrap_or_else(|| (end.log2() - start.log2()) / (upper.log2() - lower.log2()));
    Part { share, middle: (start * end).sqrt() }
}

fn custom_part(trim: Trim, bound: f64, lower: f64, upper: f64) -> Part {
    let whole = |keep: bool, middle| Part { share: f64::from(u8::from(keep)), middle };
    match (lower == f64::NEG_INFINITY, upper == f64::INFINITY) {
        (true, true) => whole(false, 0.0),
        (false, true) => whole(trim == Trim::Lower && bound < f64::INFINITY, lower.max(bound)),
        (true, false) if upper > 0.0 && (trim == Trim::Upper || bound >= 0.0) => {
            linear_part(trim, bound, 0.0, upper)
        }
        (true, false) => whole(trim == Trim::Upper && bound > f64::NEG_INFINITY, upper.min(bound)),
        (false, false) => linear_part(trim, bound, lower, upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::model::{BucketSpan, CUSTOM_BUCKETS_SCHEMA};

    fn custom_buckets(bounds: &[f64], counts: &[f64]) -> Histogram {
        let length = u32::try_from(counts.len()).unwrap();
        Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: counts.iter().sum(),
            sum: 33.0,
            custom_bounds: bounds.to_vec(),
            positive_spans: vec![BucketSpan { offset: 0, length }],
            positive_buckets: counts.to_vec(),
            ..Histogram::default()
        }
    }

    #[test]
    fn a_cut_bucket_keeps_its_share() {
        let histogram = custom_buckets(&[5.0], &[1.0, 100.0]);
        let below = trim(&histogram, Trim::Upper, 2.0);
        assert_eq!((below.count, below.sum), (0.4, 0.4));
        let above = trim(&histogram, Trim::Lower, 2.0);
        assert!((above.count - 100.6).abs() < 1e-9 && (above.sum - 502.1).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_cut_stays_as_it_is() {
        let histogram = custom_buckets(&[5.0], &[1.0, 100.0]);
        assert_eq!(trim(&histogram, Trim::Lower, 0.0), histogram);
        assert_eq!(trim(&histogram, Trim::Upper, f64::INFINITY), histogram);
        assert_eq!(trim(&histogram, Trim::Upper, f64::NEG_INFINITY).count, 0.0);
    }
}
