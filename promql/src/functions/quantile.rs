//! Quantiles of samples, and of classic histograms.

use super::ranks::place;
use super::select;

/// The `phi` quantile of `values`, between neighbours by weight; NaN counts as the least value.
/// Below 0: -Inf, above 1: +Inf; NaN of none.
pub(crate) fn quantile(phi: f64, values: &[f64]) -> f64 {
    if values.is_empty() || phi.is_nan() {
        return f64::NAN;
    }
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    let (low, weight) = place(phi, values.len());
    let (low_value, high_value) = select::pair(values, low);
    low_value * (1.0 - weight) + high_value * weight
}

/// A bucket of a classic histogram: how many observations are at most `upper_bound`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) upper_bound: f64,
    pub(crate) count: f64,
}

/// What [`bucket_quantile`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BucketQuantile {
    pub(crate) value: f64,
    /// Counts that fell where they must rise and were raised.
    pub(crate) forced: Option<Forced>,
}

/// Which buckets were raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Forced {
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    pub(crate) largest_difference: f64,
}

/// Differences of counts below this share of them are rounding.
const SMALL_DELTA: f64 = 1e-12;

/// The `phi` quantile of a classic histogram, by linear interpolation inside the bucket.
pub(crate) fn bucket_quantile(phi: f64, buckets: &mut Vec<Bucket>) -> BucketQuantile {
    let plain = |value| BucketQuantile { value, forced: None };
    if phi.is_nan() {
        return plain(f64::NAN);
    }
    if phi < 0.0 {
        return plain(f64::NEG_INFINITY);
    }
    if phi > 1.0 {
        return plain(f64::INFINITY);
    }
    if !prepare(buckets) {
        return plain(f64::NAN);
    }
    let forced = make_monotonic(buckets);
    let result = |value| BucketQuantile { value, forced };
    let last = buckets.len() - 1;
    let observations = buckets[last].count;
    if buckets.len() < 2 || observations == 0.0 {
        return result(f64::NAN);
    }
    let mut rank = phi * observations;
    let at = buckets[..last].partition_point(|bucket| bucket.count < rank);
    if at == last {
        return result(buckets[last - 1].upper_bound);
    }
    if at == 0 && buckets[0].upper_bound <= 0.0 {
        return result(buckets[0].upper_bound);
    }
    let (end, mut count, mut start) = (buckets[at].upper_bound, buckets[at].count, 0.0);
    if at > 0 {
        start = buckets[at - 1].upper_bound;
        count -= buckets[at - 1].count;
        rank -= buckets[at - 1].count;
    }
    result(start + (end - start) * (rank / count))
}

/// The share of observations between `lower` and `upper` in a classic histogram. No observation of a
/// bucket that has no end is counted in part.
pub(crate) fn bucket_fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !prepare(buckets) {
        return f64::NAN;
    }
    let count = buckets[buckets.len() - 1].count;
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let lower_rank = rank_of(lower, buckets).min(count);
    let upper_rank = rank_of(upper, buckets).min(count);
    (upper_rank - lower_rank) / count
}

/// How many observations are at most `value`.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    let mut rank = 0.0;
    for (at, bucket) in buckets.iter().enumerate() {
        let start = match at {
            0 if bucket.upper_bound > 0.0 => 0.0,
            0 => f64::NEG_INFINITY,
            _ => buckets[at - 1].upper_bound,
        };
        if start >= value {
            return rank;
        }
        if bucket.upper_bound > value {
            return if start == f64::NEG_INFINITY {
                bucket.count
            } else {
                rank + (bucket.count - rank) * (value - start) / (bucket.upper_bound - start)
            };
        }
        rank = bucket.count;
    }
    rank
}

/// Sorts the buckets and joins those with the same bound. False if they do not reach infinity.
fn prepare(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|a, b| a.upper_bound.total_cmp(&b.upper_bound));
    if buckets.last().is_none_or(|bucket| bucket.upper_bound != f64::INFINITY) {
        return false;
    }
    buckets.dedup_by(|next, kept| {
        let same = next.upper_bound == kept.upper_bound;
        if same {
            kept.count += next.count;
        }
        same
    });
    true
}

/// Raises counts that fall. Differences that are rounding are levelled silently.
fn make_monotonic(buckets: &mut [Bucket]) -> Option<Forced> {
    let mut forced: Option<Forced> = None;
    let mut previous = buckets.first()?.count;
    for bucket in buckets.iter_mut().skip(1) {
        let current = bucket.count;
        if current == previous {
            continue;
        }
        if almost_equal(previous, current, SMALL_DELTA) {
            bucket.count = previous;
        } else if current < previous {
            bucket.count = previous;
            let found = forced.get_or_insert(Forced {
                lowest: bucket.upper_bound,
                highest: bucket.upper_bound,
                largest_difference: 0.0,
            });
            found.highest = bucket.upper_bound;
            found.largest_difference = found.largest_difference.max(previous - current);
        } else {
            previous = current;
        }
    }
    forced
}

/// Whether two numbers differ by less than `share` of their sum.
fn almost_equal(a: f64, b: f64, share: f64) -> bool {
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < share * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        for (phi, expected) in [(0.0, 1.0), (0.5, 2.5), (1.0, 4.0), (0.1, 1.3)] {
            let found = quantile(phi, &[4.0, 1.0, 3.0, 2.0]);
            assert!((found - expected).abs() < 1e-12, "{phi}: {found}");
        }
        assert_eq!(quantile(-1.0, &[1.0]), f64::NEG_INFINITY);
        assert_eq!(quantile(2.0, &[1.0]), f64::INFINITY);
        assert!(quantile(0.0, &[f64::NAN, 1.0]).is_nan());
        assert_eq!(quantile(1.0, &[f64::NAN, 1.0]), 1.0);
    }

    fn buckets(pairs: &[(f64, f64)]) -> Vec<Bucket> {
        pairs
            .iter()
            .map(|(upper_bound, count)| Bucket { upper_bound: *upper_bound, count: *count })
            .collect()
    }

    #[test]
    fn a_quantile_is_interpolated_inside_its_bucket() {
        let pairs = [(2.0, 1.0), (4.0, 2.0), (6.0, 3.0), (f64::INFINITY, 3.0)];
        assert_eq!(bucket_quantile(0.5, &mut buckets(&pairs)).value, 3.0);
        assert_eq!(bucket_quantile(1.0, &mut buckets(&pairs)).value, 6.0);
        assert!(bucket_quantile(0.5, &mut buckets(&pairs[..3])).value.is_nan());
    }

    #[test]
    fn falling_counts_are_raised_and_reported() {
        let pairs = [(1.0, 5.0), (2.0, 3.0), (f64::INFINITY, 5.0)];
        let found = bucket_quantile(0.5, &mut buckets(&pairs));
        let forced = Forced { lowest: 2.0, highest: 2.0, largest_difference: 2.0 };
        assert_eq!(found, BucketQuantile { value: 0.5, forced: Some(forced) });
    }

    #[test]
    fn buckets_without_an_end_count_whole_or_not_at_all() {
        let pairs = [(-3.0, 10.0), (-2.0, 12.0), (-1.0, 15.0), (f64::INFINITY, 100.0)];
        assert_eq!(bucket_fraction(-4.0, -2.0, &mut buckets(&pairs)), 0.02);
        assert_eq!(bucket_fraction(f64::NEG_INFINITY, -1.5, &mut buckets(&pairs)), 0.135);
        assert_eq!(bucket_fraction(0.0, 1.0, &mut buckets(&pairs)), 0.0);
        assert_eq!(bucket_fraction(400.0, f64::INFINITY, &mut buckets(&pairs)), 0.85);
    }
}
