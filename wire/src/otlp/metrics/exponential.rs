//! Points of exponential histograms, as native histograms.
//!
//! ~~~text
//! ExponentialHistogramDataPoint  1 attributes* · 2 start · 3 time · 4 count · 5 sum · 6 scale · 7 zero_count
//!                                8 positive · 9 negative · 10 flags · 11 exemplars* · 12 min · 13 max · 14 zero_threshold
//! buckets                        1 offset · 2 counts*
//! ~~~
//!
//! Bucket `i` of OTLP starts where bucket `i` of Prometheus ends, so indexes move by one. A scale
//! finer than Prometheus' finest is made coarser: `2^n` neighbours become one bucket. Empty buckets
//! are left out where more than [`GAP_MAX`] stand in a row. The producer's zero threshold is not
//! used, as in Prometheus.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{BucketSpan, Histogram, STALE_MARKER, SampleValue};
use telemetry_core::sink::RefusalReason;

use super::exemplar;
use super::metric::Metric;
use super::output::{Output, Which};
use super::point::{Point, Times};
use crate::error::Fault;
use crate::otlp::texts::Texts;
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, packed_varints};

/// The coarsest and the finest schema.
const SCHEMA_MIN: i32 = -4;
const SCHEMA_MAX: i32 = 8;

/// So many empty buckets in a row cost less than another span.
const GAP_MAX: i64 = 2;

/// Prometheus' threshold of the zero bucket.
const ZERO_THRESHOLD: f64 = 1e-128;

/// The buckets of one side, reused from point to point.
#[derive(Debug, Default)]
pub(super) struct Side {
    offset: i32,
    counts: Vec<u64>,
}

/// Both sides.
#[derive(Debug, Default)]
pub(super) struct Sides {
    positive: Side,
    negative: Side,
}

/// Hands over one native histogram.
pub(super) fn translate<'a>(
    mut message: Reader<'a>,
    metric: &Metric<'a>,
    point: &mut Point<'a>,
    sides: &mut Sides,
    output: &mut Output<'_>,
    texts: &mut Texts,
) -> Result<Option<Times>, Fault> {
    point.clear();
    sides.positive.clear();
    sides.negative.clear();
    let (mut count, mut sum, mut scale, mut zero_count) = (0, 0.0, 0, 0);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => point.attributes::<1>(&mut message)?,
            (2, Fixed64) => point.start = message.fixed64()?,
            (3, Fixed64) => point.time = message.fixed64()?,
            (4, Fixed64) => count = message.fixed64()?,
            (5, Fixed64) => sum = message.double()?,
            (6, Varint) => scale = message.sint32()?,
            (7, Fixed64) => zero_count = message.fixed64()?,
            (8, Len) => sides.positive.read(message.message()?)?,
            (9, Len) => sides.negative.read(message.message()?)?,
            (10, Varint) => point.flags = message.uint32()?,
            (11, Len) => point.exemplars.push(message.message()?),
            _ => message.skip(tag)?,
        }
    }
    let histogram = sides.histogram(scale).map(|histogram| Histogram {
        zero_count: zero_count as f64,
        count: count as f64,
        sum: if point.is_stale() { STALE_MARKER } else { sum },
        ..histogram
    });
    let (histogram, times) = match (histogram, point.times()) {
        (Ok(histogram), Ok(times)) => (histogram, times),
        (Err(reason), _) | (_, Err(reason)) => {
            output.refuse(reason);
            return Ok(None);
        }
    };
    if !output.begin(point, 0)? {
        return Ok(None);
    }
    let value = SampleValue::Histogram(Arc::new(histogram));
    let target = Arc::clone(&output.target);
    let mut labels = output.labels(point, &target);
    let series = output.sample(&mut labels, Which::name(&metric.name), times, value);
    if let Some(series) = series {
        exemplar::add_all(&point.exemplars, series, output.sink, texts)?;
    }
    output.finish();
    Ok(Some(times))
}

impl Sides {
    fn histogram(&self, scale: i32) -> Result<Histogram, RefusalReason> {
        if scale < SCHEMA_MIN {
            let what = "an exponential histogram of a scale below -4";
            return Err(RefusalReason::Unsupported { what });
        }
        let schema = scale.min(SCHEMA_MAX);
        let (positive_spans, positive_buckets) = self.positive.layout(scale - schema)?;
        let (negative_spans, negative_buckets) = self.negative.layout(scale - schema)?;
        Ok(Histogram {
            schema,
            zero_threshold: ZERO_THRESHOLD,
            positive_spans,
            positive_buckets,
            negative_spans,
            negative_buckets,
            ..Histogram::default()
        })
    }
}

impl Side {
    fn clear(&mut self) {
        self.offset = 0;
        self.counts.clear();
    }

    fn read(&mut self, mut message: Reader<'_>) -> Result<(), Fault> {
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Varint) => self.offset = message.sint32()?,
                (2, Len) => packed_varints(message.message()?, &mut self.counts)?,
                (2, Varint) => self.counts.push(message.varint()?),
                _ => message.skip(tag)?,
            }
        }
        Ok(())
    }

    /// Spans and populations; `2^coarser` buckets become one.
    fn layout(&self, coarser: i32) -> Result<Layout, RefusalReason> {
        layout(self.offset, &self.counts, coarser)
    }
}

/// Spans and populations.
pub(super) type Layout = (Vec<BucketSpan>, Vec<f64>);

/// Lays out the populations of the buckets from `offset` on; `2^coarser` buckets become one.
pub(super) fn layout(offset: i32, counts: &[u64], coarser: i32) -> Result<Layout, RefusalReason> {
    let shift = coarser.clamp(0, 63);
    let (mut spans, mut buckets): (Vec<BucketSpan>, Vec<f64>) = (Vec::new(), Vec::new());
    // Index behind the last bucket.
    let mut end = 0_i64;
    for (index, count) in (i64::from(offset)..).zip(counts) {
        let bucket = (index >> shift) + 1;
        if *count == 0 {
            continue;
        }
        let population = *count as f64;
        if let (true, Some(last)) = (bucket + 1 == end, buckets.last_mut()) {
            *last += population;
            continue;
        }
        let gap = bucket - end;
        match spans.last_mut() {
            Some(span) if gap <= GAP_MAX => {
                let zeros = usize::try_from(gap).unwrap_or_default();
                buckets.extend(std::iter::repeat_n(0.0, zeros));
                span.length += u32::try_from(gap + 1).unwrap_or_default();
            }
            _ => {
                let offset = i32::try_from(gap).map_err(|_| OUT_OF_RANGE)?;
                spans.push(BucketSpan { offset, length: 1 });
            }
        }
        buckets.push(population);
        end = bucket + 1;
    }
    if i32::try_from(end).is_err() {
        return Err(OUT_OF_RANGE);
    }
    Ok((spans, buckets))
}

const OUT_OF_RANGE: RefusalReason =
    RefusalReason::Malformed { rule: "bucket indexes of a histogram fit 32 bits" };

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(offset: i32, counts: &[u64], coarser: i32) -> (Vec<(i32, u32)>, Vec<f64>) {
        let (spans, buckets) = super::layout(offset, counts, coarser).unwrap();
        (spans.iter().map(|span| (span.offset, span.length)).collect(), buckets)
    }

    #[test]
    fn indexes_move_by_one() {
        assert_eq!(layout(1, &[0, 2], 0), (vec![(3, 1)], vec![2.0]));
        assert_eq!(layout(-2, &[1, 1], 0), (vec![(-1, 2)], vec![1.0, 1.0]));
    }

    #[test]
    fn short_gaps_are_filled_and_long_ones_are_not() {
        assert_eq!(layout(0, &[1, 0, 0, 2], 0), (vec![(1, 4)], vec![1.0, 0.0, 0.0, 2.0]));
        assert_eq!(layout(0, &[1, 0, 0, 0, 2], 0), (vec![(1, 1), (3, 1)], vec![1.0, 2.0]));
        assert_eq!(layout(7, &[0, 0], 0), (vec![], vec![]));
    }

    #[test]
    fn finer_scales_are_made_coarser() {
        assert_eq!(layout(0, &[1, 2, 3, 4, 5], 1), (vec![(1, 3)], vec![3.0, 7.0, 5.0]));
        assert_eq!(layout(-1, &[1, 2, 3], 1), (vec![(0, 2)], vec![1.0, 5.0]));
        assert_eq!(layout(-5, &[1, 1], 60), (vec![(0, 1)], vec![2.0]));
    }

    #[test]
    fn indexes_past_32_bits_are_refused() {
        let side = Side { offset: i32::MAX, counts: vec![1] };
        assert_eq!(side.layout(0), Err(OUT_OF_RANGE));
    }
}
