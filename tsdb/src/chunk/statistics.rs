//! What a chunk knows about its floats without being decoded.

use telemetry_core::source::FloatStatistics;

/// The statistics of a column; none if it is empty or any value is NaN (a staleness marker is).
pub(crate) fn of(values: &[f64]) -> Option<FloatStatistics> {
    let (first, last) = (*values.first()?, *values.last()?);
    let mut statistics = FloatStatistics { min: first, max: first, sum: 0.0, first, last, resets: 0 };
    let mut previous = first;
    for value in values {
        if value.is_nan() {
            return None;
        }
        statistics.min = statistics.min.min(*value);
        statistics.max = statistics.max.max(*value);
        statistics.sum += value;
        statistics.resets += u64::from(*value < previous);
        previous = *value;
    }
    Some(statistics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_a_range_function_asks() {
        let statistics = of(&[3.0, 5.0, 1.0, 1.0, 4.0]).unwrap();
        assert_eq!((statistics.min, statistics.max, statistics.sum), (1.0, 5.0, 14.0));
        assert_eq!((statistics.first, statistics.last, statistics.resets), (3.0, 4.0, 1));
    }

    #[test]
    fn a_nan_says_nothing() {
        assert_eq!(of(&[1.0, f64::NAN]), None);
        assert_eq!(of(&[]), None);
    }
}
