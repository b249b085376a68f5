//! Quantiles, fractions and variance of native histograms.
//!
//! Inside an exponential bucket observations are taken to be spread evenly on a logarithmic scale,
//! inside the zero bucket and custom buckets on a linear one.

use telemetry_core::model::Histogram;

use super::bounds::{Bucket, all_buckets};
use crate::eval::Note;
use crate::functions::Sum;

type Remark<'a> = &'a dyn Fn(fn(Box<str>) -> Note);

/// The `phi` quantile.
pub(crate) fn quantile(phi: f64, histogram: &Histogram, remark: Remark<'_>) -> f64 {
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    if histogram.count == 0.0 || phi.is_nan() {
        return f64::NAN;
    }
    // NaN observations are counted but in no bucket: they are taken to be the greatest.
    let with_nan = histogram.sum.is_nan();
    let forward = with_nan || phi < 0.5;
    let mut rank = if forward { phi } else { 1.0 - phi } * histogram.count;
    let mut buckets = all_buckets(histogram);
    if !forward {
        buckets.reverse();
    }
    let mut count = 0.0;
    let mut found = None;
    for bucket in buckets.into_iter().filter(|bucket| bucket.count != 0.0) {
        count += bucket.count;
        found = Some(bucket);
        if count >= rank {
            break;
        }
    }
    let Some(found) = found else {
        if with_nan {
            remark(|metric| Note::NaNResult { metric });
        }
        return f64::NAN;
    };
    let bucket = one_sided(found, histogram);
    if histogram.has_custom_bounds() {
        if bucket.lower == f64::NEG_INFINITY {
            return bucket.upper;
        }
        if bucket.upper == f64::INFINITY && !with_nan {
            return bucket.lower;
        }
    }
    count = count.min(histogram.count);
    if count < rank {
        if with_nan {
            remark(|metric| Note::NaNResult { metric });
            return f64::NAN;
        }
        return bucket.upper;
    }
    if with_nan {
        remark(|metric| Note::NaNSkew { metric });
    }
    if histogram.has_custom_bounds() && bucket.upper == f64::INFINITY {
        return bucket.lower;
    }
    rank = if forward { rank - (count - bucket.count) } else { count - rank };
    inside(&bucket, histogram, rank / bucket.count)
}

/// The value that `share` of the observations of a bucket are below.
fn inside(bucket: &Bucket, histogram: &Histogram, share: f64) -> f64 {
    let Bucket { lower, upper, .. } = *bucket;
    if histogram.has_custom_bounds() || (lower <= 0.0 && upper >= 0.0) {
        return lower + (upper - lower) * share;
    }
    let (log_lower, log_upper) = (lower.abs().log2(), upper.abs().log2());
    if lower > 0.0 {
        (log_lower + (log_upper - log_lower) * share).exp2()
    } else {
        -(log_upper + (log_lower - log_upper) * (1.0 - share)).exp2()
    }
}

/// A bucket around zero holds no negative observations if the histogram has none elsewhere, and
/// likewise no positive ones.
fn one_sided(bucket: Bucket, histogram: &Histogram) -> Bucket {
    if !(bucket.lower <= 0.0 && bucket.upper >= 0.0) {
        return bucket;
    }
    let (negative, positive) =
        (!histogram.negative_buckets.is_empty(), !histogram.positive_buckets.is_empty());
    match (negative, positive) {
        (false, true) if bucket.upper > 0.0 => Bucket { lower: 0.0, ..bucket },
        (true, false) => Bucket { upper: 0.0, ..bucket },
        _ => bucket,
    }
}

/// The share of observations between `lower` and `upper`.
pub(crate) fn fraction(lower: f64, upper: f64, histogram: &Histogram, remark: Remark<'_>) -> f64 {
    if histogram.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let buckets = all_buckets(histogram);
    let mut observed = histogram.count;
    if histogram.sum.is_nan() {
        remark(|metric| Note::NaNFraction { metric });
        observed = buckets.iter().map(|bucket| bucket.count).sum();
    }
    let rank = |value: f64| rank_of(value, &buckets, histogram, observed).min(observed);
    (rank(upper) - rank(lower)) / histogram.count
}

/// How many observations are at most `value`.
fn rank_of(value: f64, buckets: &[Bucket], histogram: &Histogram, observed: f64) -> f64 {
    let mut rank = 0.0;
    for bucket in buckets {
        let bucket = one_sided(*bucket, histogram);
        if bucket.lower >= value {
            return rank;
        }
        if bucket.upper > value {
            return rank + bucket.count * share_below(value, &bucket, histogram);
        }
        rank += bucket.count;
    }
    observed
}

/// How much of a bucket is below `value`, which is inside it. All of one that has no start, nothing
/// of one that has no end.
fn share_below(value: f64, bucket: &Bucket, histogram: &Histogram) -> f64 {
    let Bucket { lower, upper, .. } = *bucket;
    if lower == f64::NEG_INFINITY {
        return 1.0;
    }
    if histogram.has_custom_bounds() || (lower <= 0.0 && upper >= 0.0) {
        return (value - lower) / (upper - lower);
    }
    let (log_lower, log_upper) = (lower.abs().log2(), upper.abs().log2());
    let log_value = value.abs().log2();
    if value > 0.0 {
        (log_value - log_lower) / (log_upper - log_lower)
    } else {
        1.0 - (log_value - log_upper) / (log_lower - log_upper)
    }
}

/// The population variance, as if all observations of a bucket were at its middle: the geometric one
/// of exponential buckets, zero of the zero bucket, the arithmetic one of custom buckets.
pub(crate) fn variance(histogram: &Histogram) -> f64 {
    let mean = histogram.sum / histogram.count;
    let mut squares = Sum::default();
    for Bucket { lower, upper, count } in all_buckets(histogram) {
        if count == 0.0 {
            continue;
        }
        let middle = if histogram.has_custom_bounds() {
            (upper + lower) / 2.0
        } else if lower <= 0.0 && upper >= 0.0 {
            0.0
        } else {
            (upper * lower).sqrt().copysign(upper)
        };
        let delta = middle - mean;
        squares.add(count * delta * delta);
    }
    (squares.sum + squares.lost) / histogram.count
}
