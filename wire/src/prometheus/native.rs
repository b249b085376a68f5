//! Buckets of native histograms: how remote write and the protobuf exposition code them, which is
//! alike, and what is done with them.
//!
//! ~~~text
//! spans*     1 offset · 2 length
//! deltas*    integers: zigzag differences to the bucket before
//! counts*    floats: populations as they are
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{BucketSpan, Histogram};

use crate::error::Fault;
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, Writer};

/// One side's buckets as they are sent.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) spans: Vec<BucketSpan>,
    pub(super) deltas: Vec<u64>,
    pub(super) counts: Vec<f64>,
}

impl Side {
    /// Reads a span.
    pub(super) fn span(&mut self, mut message: Reader<'_>) -> Result<(), Fault> {
        let mut span = BucketSpan::default();
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Varint) => span.offset = message.sint32()?,
                (2, Varint) => span.length = message.uint32()?,
                _ => message.skip(tag)?,
            }
        }
        self.spans.push(span);
        Ok(())
    }

    /// Spans and absolute populations.
    pub(super) fn populations(self, is_float: bool) -> (Vec<BucketSpan>, Vec<f64>) {
        if is_float {
            return (self.spans, self.counts);
        }
        let mut population = 0_i64;
        let absolute = self.deltas.into_iter().map(|delta| {
            let delta = (delta >> 1).cast_signed() ^ -(delta & 1).cast_signed();
            population = population.wrapping_add(delta);
            population as f64
        });
        (self.spans, absolute.collect())
    }
}

/// Whether all populations are integers, so that they can be sent as such.
pub(super) fn is_integer(histogram: &Histogram) -> bool {
    let buckets = histogram.negative_buckets.iter().chain(&histogram.positive_buckets);
    let all = [histogram.count, histogram.zero_count];
    all.iter().chain(buckets).all(|population| integer(*population).is_some())
}

/// The integer that a population is, where a float holds all of them up to it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
pub(crate) fn integer(population: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_integer = (0.0..=EXACT_MAX).contains(&population) && population.fract() == 0.0;
    (is_integer && population.is_sign_positive()).then_some(population as u64)
}

/// Writes a span as a field.
pub(super) fn write_span(number: u32, span: BucketSpan, out: &mut Writer) {
    out.message(number, |out| {
        out.nonzero_sint(1, span.offset.into());
        out.nonzero(2, span.length.into());
    });
}

/// Writes integer populations as what each has more than the one before.
pub(super) fn write_deltas(buckets: &[f64], mut write: impl FnMut(i64)) {
    let mut before = 0;
    for population in buckets {
        let population = integer(*population).unwrap_or_default().cast_signed();
        write(population - before);
        before = population;
    }
}

/// Spans and populations of buckets from index 0 on. Empty ones are left out where more than
/// `gap_max` stand in a row, and at both ends.
pub(crate) fn compacted(populations: &[f64], gap_max: usize) -> (Vec<BucketSpan>, Vec<f64>) {
    let (mut spans, mut buckets): (Vec<BucketSpan>, Vec<f64>) = (Vec::new(), Vec::new());
    // Index behind the last bucket.
    let mut end = 0;
    for (index, population) in populations.iter().enumerate() {
        if *population == 0.0 {
            continue;
        }
        let gap = index - end;
        match spans.last_mut() {
            Some(span) if gap <= gap_max => {
                buckets.extend(std::iter::repeat_n(0.0, gap));
                span.length =
                    span.length.saturating_add(u32::try_from(gap + 1).unwrap_or(u32::MAX));
            }
            _ => {
                let offset = i32::try_from(gap).unwrap_or(i32::MAX);
                spans.push(BucketSpan { offset, length: 1 });
            }
        }
        buckets.push(*population);
        end = index + 1;
    }
    (spans, buckets)
}

/// An exponential histogram in a coarser schema: bucket `i` is in bucket `⌈i / 2^n⌉` of one that is
/// `n` coarser.
pub(crate) fn reduced(histogram: &Histogram, schema: i32) -> Histogram {
    let shift = histogram.schema.saturating_sub(schema).clamp(0, 31);
    let joined = |indexes: &mut dyn Iterator<Item = (i32, f64)>| {
        let (mut spans, mut buckets): (Vec<BucketSpan>, Vec<f64>) = (Vec::new(), Vec::new());
        // Index behind the last bucket.
        let mut end = 0_i32;
        for (index, population) in indexes {
            let index = (index.saturating_sub(1) >> shift) + 1;
            match (spans.last_mut(), buckets.last_mut()) {
                (Some(_), Some(last)) if index + 1 == end => *last += population,
                (Some(span), Some(_)) if index == end => {
                    span.length += 1;
                    buckets.push(population);
                }
                _ => {
                    spans.push(BucketSpan { offset: index.saturating_sub(end), length: 1 });
                    buckets.push(population);
                }
            }
            end = index + 1;
        }
        (spans, buckets)
    };
    let (positive_spans, positive_buckets) = joined(&mut histogram.positive());
    let (negative_spans, negative_buckets) = joined(&mut histogram.negative());
    Histogram {
        schema,
        positive_spans,
        positive_buckets,
        negative_spans,
        negative_buckets,
        ..histogram.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(offset: i32, length: u32) -> BucketSpan {
        BucketSpan { offset, length }
    }

    #[test]
    fn empty_buckets_are_left_out() {
        let populations = [0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0];
        let expected = (vec![span(1, 4), span(3, 1)], vec![1.0, 0.0, 0.0, 2.0, 3.0]);
        assert_eq!(compacted(&populations, 2), expected);
        let expected = (vec![span(1, 1), span(2, 1), span(3, 1)], vec![1.0, 2.0, 3.0]);
        assert_eq!(compacted(&populations, 0), expected);
        assert_eq!(compacted(&[0.0], 0), (vec![], vec![]));
    }

    #[test]
    fn a_coarser_schema_joins_neighbours() {
        let fine = Histogram {
            schema: 3,
            positive_spans: vec![span(-3, 3), span(1, 2), span(9, 1)],
            positive_buckets: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            negative_spans: vec![span(2, 1)],
            negative_buckets: vec![7.0],
            ..Histogram::default()
        };
        // -3 -2 -1 1 2 12 become -1 -1 0 1 1 6.
        let coarse = reduced(&fine, 2);
        assert_eq!(coarse.validate(), Ok(()));
        let positive: Vec<_> = coarse.positive().collect();
        assert_eq!(positive, [(-1, 3.0), (0, 3.0), (1, 9.0), (6, 6.0)]);
        assert_eq!(coarse.negative().collect::<Vec<_>>(), [(1, 7.0)]);
        assert_eq!(reduced(&coarse, 0), reduced(&fine, 0));
    }

    #[test]
    fn only_whole_populations_are_integers() {
        assert_eq!(integer(0.0), Some(0));
        assert_eq!(integer(9_007_199_254_740_992.0), Some(1 << 53));
        for other in [-0.0, -1.0, 0.5, 9_007_199_254_740_994.0, f64::NAN, f64::INFINITY] {
            assert_eq!(integer(other), None, "{other}");
        }
    }
}
