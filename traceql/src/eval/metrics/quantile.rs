//! Histograms with a bucket per power of two, and quantiles of them.
//!
//! A value falls into the bucket whose end is the next power of two; values below 2 and values that are
//! no whole numbers are not counted, as in Tempo. Within a bucket values are taken to be spread
//! evenly on a logarithmic scale.

use std::collections::BTreeMap;

use telemetry_core::source::span::SpanValue;

/// A bucket: its end is `2^power`, of nanoseconds if it is of durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket {
    durations: bool,
    power: u32,
}

impl Bucket {
    /// Its end; of durations in seconds.
    fn end(self) -> f64 {
        let end = f64::powi(2.0, self.power as i32);
        if self.durations { end / 1e9 } else { end }
    }
}

/// The bucket of a value.
pub(super) fn bucket(value: &SpanValue) -> Option<Bucket> {
    let (number, durations) = match value {
        SpanValue::Int(number) => (*number, false),
        SpanValue::Duration(nanos) => (*nanos, true),
        _ => return None,
    };
    if number < 2 {
        return None;
    }
    let power = u64::BITS - (number.unsigned_abs() - 1).leading_zeros();
    Some(Bucket { durations, power })
}

/// Weights by bucket and point.
pub(super) struct Histogram {
    len: usize,
    buckets: BTreeMap<Bucket, Vec<f64>>,
}

impl Histogram {
    pub(super) fn new(len: usize) -> Self {
        Histogram { len, buckets: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, point: usize, bucket: Bucket, weight: f64) {
        let counts = self.buckets.entry(bucket).or_insert_with(|| vec![0.0; self.len]);
        counts.get_mut(point).into_iter().for_each(|count| *count += weight);
    }

    /// Ends of the buckets with their counts by point.
    pub(super) fn buckets(self) -> impl Iterator<Item = (f64, Vec<f64>)> {
        self.buckets.into_iter().map(|(bucket, counts)| (bucket.end(), counts))
    }

    /// A quantile at each point; 0 where nothing was counted.
    pub(super) fn quantiles(&self, q: f64) -> Vec<f64> {
        (0..self.len).map(|point| self.quantile(q, point)).collect()
    }

    fn quantile(&self, q: f64, point: usize) -> f64 {
        let counts = || {
            let at = |(bucket, counts): (&Bucket, &Vec<f64>)| {
                (*bucket, counts.get(point).copied().unwrap_or_default())
            };
            self.buckets.iter().map(at).filter(|(_, count)| *count > 0.0)
        };
        let total: f64 = counts().map(|(_, count)| count).sum();
        if total == 0.0 {
            return 0.0;
        }
        // The rank of the value that is looked for.
        let rank = (q * total).ceil().max(1.0);
        let mut before = 0.0;
        let mut previous: Option<f64> = None;
        for (bucket, count) in counts() {
            let end = bucket.end();
            if before + count > rank {
                let start = previous.unwrap_or(end / 2.0);
                let share = (rank - before) / count;
                let power = start.log2() + (end.log2() - start.log2()) * share;
                return power.exp2();
            }
            before += count;
            if before == rank {
                return end;
            }
            previous = Some(end);
        }
        previous.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power(number: i64) -> Option<u32> {
        bucket(&SpanValue::Int(number)).map(|bucket| bucket.power)
    }

    #[test]
    fn buckets_end_at_the_next_power_of_two() {
        assert_eq!([power(2), power(3), power(4), power(5)], [Some(1), Some(2), Some(2), Some(3)]);
        assert_eq!([power(1), power(0), power(-4)], [None; 3]);
        assert_eq!(power(i64::MAX), Some(63));
        assert!(bucket(&SpanValue::Float(8.0)).is_none());
    }

    #[test]
    fn quantiles_are_read_between_the_ends_of_a_bucket() {
        let mut histogram = Histogram::new(2);
        for number in [3, 4, 5, 8] {
            histogram.add(0, bucket(&SpanValue::Int(number)).unwrap(), 1.0);
        }
        // Two values end at 4, two at 8.
        assert_eq!(histogram.quantiles(0.5), [4.0, 0.0]);
        assert_eq!(histogram.quantiles(1.0), [8.0, 0.0]);
        assert_eq!(histogram.quantile(0.75, 0), 2_f64.powf(2.5));
    }
}
