//! The sum of two native histograms.
//!
//! The coarser schema and the wider zero bucket win. Buckets that lie in the wider zero bucket go
//! there whole: the two zero thresholds of OTLP's points are the same, so that there are none.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::BTreeMap;

use telemetry_core::model::{BucketSpan, Histogram};

/// `a` and `b` together; none where their bounds differ.
pub(super) fn added(a: &Histogram, b: &Histogram) -> Option<Histogram> {
    if a.custom_bounds != b.custom_bounds || a.has_custom_bounds() != b.has_custom_bounds() {
        return None;
    }
    let schema = a.schema.min(b.schema);
    // In custom buckets the schemas are equal.
    let coarser = |histogram: &Histogram| (histogram.schema - schema).clamp(0, 31);
    let (shift_a, shift_b) = (coarser(a), coarser(b));
    let positive = merged(a.positive(), shift_a, b.positive(), shift_b);
    let negative = merged(a.negative(), shift_a, b.negative(), shift_b);
    let (positive_spans, positive_buckets) = laid_out(&positive);
    let (negative_spans, negative_buckets) = laid_out(&negative);
    Some(Histogram {
        schema,
        zero_threshold: a.zero_threshold.max(b.zero_threshold),
        zero_count: a.zero_count + b.zero_count,
        count: a.count + b.count,
        sum: a.sum + b.sum,
        positive_spans,
        positive_buckets,
        negative_spans,
        negative_buckets,
        custom_bounds: a.custom_bounds.clone(),
        counter_reset: a.counter_reset,
    })
}

/// Populations by index in the coarser schema: bucket `i` of one is in bucket `⌈i / 2^n⌉` of one
/// that is `n` coarser.
fn merged(
    a: impl Iterator<Item = (i32, f64)>,
    shift_a: i32,
    b: impl Iterator<Item = (i32, f64)>,
    shift_b: i32,
) -> BTreeMap<i64, f64> {
    let index = |index: i32, shift: i32| match shift {
        0 => i64::from(index),
        shift => ((i64::from(index) - 1) >> shift) + 1,
    };
    let mut merged = BTreeMap::new();
    let all = a.map(|(at, n)| (index(at, shift_a), n));
    for (at, population) in all.chain(b.map(|(at, n)| (index(at, shift_b), n))) {
        *merged.entry(at).or_insert(0.0) += population;
    }
    merged
}

fn laid_out(populations: &BTreeMap<i64, f64>) -> (Vec<BucketSpan>, Vec<f64>) {
    let mut spans: Vec<BucketSpan> = Vec::new();
    // Index behind the last bucket.
    let mut end = 0;
    for at in populations.keys() {
        match spans.last_mut() {
            Some(span) if *at == end => span.length += 1,
            // Indexes are those of the addends, so gaps fit 32 bits but for one hostile case,
            // where the store refuses what comes of it.
            _ => {
                let offset = i32::try_from(at - end).unwrap_or(i32::MAX);
                spans.push(BucketSpan { offset, length: 1 });
            }
        }
        end = at + 1;
    }
    (spans, populations.values().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(schema: i32, first: i32, populations: &[f64]) -> Histogram {
        let length = u32::try_from(populations.len()).unwrap();
        Histogram {
            schema,
            count: populations.iter().sum(),
            sum: 1.5,
            positive_spans: vec![BucketSpan { offset: first, length }],
            positive_buckets: populations.to_vec(),
            ..Histogram::default()
        }
    }

    #[test]
    fn the_coarser_schema_wins() {
        let fine = histogram(1, 1, &[1.0, 2.0, 4.0]);
        let coarse = histogram(0, 2, &[8.0]);
        let sum = added(&fine, &coarse).unwrap();
        assert_eq!((sum.schema, sum.count, sum.sum), (0, 15.0, 3.0));
        let buckets: Vec<_> = sum.positive().collect();
        assert_eq!(buckets, [(1, 3.0), (2, 12.0)]);
        assert_eq!(sum, added(&coarse, &fine).unwrap());
    }

    #[test]
    fn gaps_stay_and_other_bounds_do_not_add() {
        let sum = added(&histogram(0, -3, &[1.0]), &histogram(0, 5, &[2.0])).unwrap();
        assert_eq!(sum.positive().collect::<Vec<_>>(), [(-3, 1.0), (5, 2.0)]);
        assert_eq!(sum.validate(), Ok(()));
        let custom = |bound| Histogram {
            schema: telemetry_core::model::CUSTOM_BUCKETS_SCHEMA,
            custom_bounds: vec![bound],
            ..histogram(0, 0, &[1.0])
        };
        assert_eq!(added(&custom(1.0), &custom(2.0)), None);
        assert_eq!(added(&custom(1.0), &custom(1.0)).unwrap().positive_buckets, [2.0]);
    }
}
