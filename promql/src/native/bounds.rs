//! Bounds of buckets.

use telemetry_core::model::Histogram;

/// A bucket with its bounds and its population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) count: f64,
}

/// The upper bound of bucket `index` in exponential schema `schema`: 2 to the `index · 2^-schema`,
/// at most the greatest float.
pub(crate) fn exponential(index: i32, schema: i32) -> f64 {
    let exponent = f64::from(index) * f64::from(-schema).exp2();
    exponent.exp2().min(f64::MAX)
}

/// The upper bound of bucket `index` in a list of bounds.
pub(crate) fn custom(index: i32, bounds: &[f64]) -> f64 {
    match usize::try_from(index) {
        Ok(at) => bounds.get(at).copied().unwrap_or(f64::INFINITY),
        Err(_) => f64::NEG_INFINITY,
    }
}

/// The upper bound of the positive bucket `index` of `histogram`.
pub(crate) fn upper(histogram: &Histogram, index: i32) -> f64 {
    if histogram.has_custom_bounds() {
        custom(index, &histogram.custom_bounds)
    } else {
        exponential(index, histogram.schema)
    }
}

/// All buckets in ascending order: the negative ones, the zero bucket, the positive ones.
pub(crate) fn all_buckets(histogram: &Histogram) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = histogram
        .negative()
        .map(|(index, count)| Bucket {
            lower: -upper(histogram, index),
            upper: -upper(histogram, index.saturating_sub(1)),
            count,
        })
        .collect();
    buckets.reverse();
    let threshold = histogram.zero_threshold;
    // Buckets never reach into the zero bucket.
    buckets.iter_mut().for_each(|bucket| bucket.upper = bucket.upper.min(-threshold));
    if histogram.zero_count != 0.0 {
        let (lower, upper) = (-threshold, threshold);
        buckets.push(Bucket { lower, upper, count: histogram.zero_count });
    }
    let floor = if histogram.has_custom_bounds() { f64::NEG_INFINITY } else { threshold };
    buckets.extend(histogram.positive().map(|(index, count)| Bucket {
        lower: upper(histogram, index.saturating_sub(1)).max(floor),
        upper: upper(histogram, index),
        count,
    }));
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_powers_of_two() {
        assert_eq!(exponential(0, 0), 1.0);
        assert_eq!(exponential(3, 0), 8.0);
        assert_eq!(exponential(-1, -2), 0.0625);
        assert_eq!(exponential(2, 1), 2.0);
        assert_eq!(exponential(1024, 0), f64::MAX);
        assert_eq!(exponential(i32::MIN, 0), 0.0);
    }

    #[test]
    fn custom_bounds_end_at_infinity() {
        assert_eq!(custom(-1, &[5.0]), f64::NEG_INFINITY);
        assert_eq!(custom(0, &[5.0]), 5.0);
        assert_eq!(custom(1, &[5.0]), f64::INFINITY);
    }
}
