//! Bounds of buckets.

use telemetry_core::model::Histogram;

/// A bucket with its bounds and its population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) count: f64,
}

/// The finest exponential schema has 256 buckets between two powers of two.
const FINEST: u32 = 8;

/// `2^(2^-schema)` for the schemas 1 to [`FINEST`]: the ratio of neighbouring bounds.
/// The first is the float below the square root of two, because that is what Prometheus has.
#[expect(clippy::approx_constant, reason = "one unit less than the constant, on purpose")]
const RATIOS: [f64; FINEST as usize] = [
    1.414213562373095,
    1.189207115002721,
    1.0905077326652577,
    1.0442737824274138,
    1.0218971486541166,
    1.0108892860517005,
    1.0054299011128027,
    1.0027112750502025,
];

/// The bounds in `[0.5, 1)` of the finest schema; coarser ones have every second, fourth … of them.
/// Each odd bound of a schema is its neighbour times the schema's ratio. Rounded that way a bound is
/// up to four units in the last place away from the power of two, and to the bit Prometheus's.
static BOUNDS: [f64; 1 << FINEST] = {
    let mut bounds = [0.5; 1 << FINEST];
    let mut schema = 1;
    while schema <= FINEST {
        let step = 1 << (FINEST - schema);
        let mut at = step;
        while at < bounds.len() {
            bounds[at] = bounds[at - step] * RATIOS[schema as usize - 1];
            at += 2 * step;
        }
        schema += 1;
    }
    bounds
};

/// The upper bound of bucket `index` in exponential schema `schema`: 2 to the `index · 2^-schema`.
/// The last bucket of finite observations ends at the greatest float, the one after it at infinity.
pub(crate) fn exponential(index: i32, schema: i32) -> f64 {
    let schema = schema.clamp(-4, FINEST as i32);
    let (fraction, exponent) = if schema <= 0 {
        (0.5, (i64::from(index) << -schema) + 1)
    } else {
        let place = index & ((1 << schema) - 1);
        let place = (place as usize) << (FINEST as i32 - schema);
        (BOUNDS[place], i64::from(index >> schema) + 1)
    };
    if fraction == 0.5 && exponent == 1025 {
        return f64::MAX;
    }
    // In two steps, neither of which leaves the range of floats before the product does.
    let exponent = exponent.clamp(-2_200, 2_200) as i32;
    let half = exponent / 2;
    fraction * f64::from(half).exp2() * f64::from(exponent - half).exp2()
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
        assert_eq!(exponential(1025, 0), f64::INFINITY);
        assert_eq!(exponential(1024 << 8, 8), f64::MAX);
        assert_eq!(exponential((1024 << 8) + 1, 8), f64::INFINITY);
        assert_eq!(exponential(i32::MIN, 0), 0.0);
        assert_eq!(exponential(i32::MAX, -4), f64::INFINITY);
        assert_eq!(exponential(-1074, 0), f64::from_bits(1));
    }

    #[test]
    fn bounds_are_those_that_prometheus_prints() {
        assert_eq!(exponential(-1, 1), 0.7071067811865475);
        assert_eq!(exponential(-7, 1), 0.08838834764831843);
        assert_eq!(exponential(-250, 8), 0.5081891574554764);
        assert_eq!(exponential(-234, 8), 0.5306886136446309);
    }

    #[test]
    fn a_coarser_schema_has_every_second_bound_of_the_finer_one() {
        for schema in -4..8 {
            for index in -2_000..2_000 {
                assert_eq!(exponential(index, schema), exponential(2 * index, schema + 1));
            }
        }
    }

    #[test]
    fn bounds_are_within_four_units_of_the_power_of_two() {
        for index in -2_000..2_000 {
            let power = (f64::from(index) / 256.0).exp2();
            let units = exponential(index, 8).to_bits().abs_diff(power.to_bits());
            assert!(units <= 5, "{index}: {units}");
        }
    }

    #[test]
    fn custom_bounds_end_at_infinity() {
        assert_eq!(custom(-1, &[5.0]), f64::NEG_INFINITY);
        assert_eq!(custom(0, &[5.0]), 5.0);
        assert_eq!(custom(1, &[5.0]), f64::INFINITY);
    }
}
