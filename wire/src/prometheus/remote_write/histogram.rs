//! Native histograms, which both versions code alike.
//!
//! ~~~text
//! Histogram  1 count (integer) | 2 count (float) · 3 sum · 4 schema · 5 zero_threshold
//!            6 zero_count (integer) | 7 zero_count (float)
//!            8 negative spans* · 9 negative deltas* | 10 negative counts*
//!            11 positive spans* · 12 positive deltas* | 13 positive counts*
//!            14 reset_hint · 15 timestamp · 16 custom bounds* · 17 start timestamp (2.0)
//! span       1 offset · 2 length
//! ~~~
//!
//! Populations are integers as differences to the bucket before, or floats as they are: which of
//! both, the form of the count says.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram, SampleValue};
use telemetry_core::sink::RefusalReason;

use crate::error::Fault;
use crate::prometheus::native::{self, Side, integer};
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, Writer, packed_doubles, packed_varints};

/// A histogram as it was sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) time: i64,
    pub(crate) start: i64,
    /// Why it cannot be stored, where it breaks a rule of histograms.
    pub(crate) value: Result<SampleValue, RefusalReason>,
}

/// Reads a histogram.
pub(crate) fn read(mut message: Reader<'_>) -> Result<Sent, Fault> {
    let mut histogram = Histogram::default();
    let [mut negative, mut positive] = [Side::default(), Side::default()];
    let (mut is_float, mut time, mut start) = (false, 0, 0);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => {
                histogram.count = message.varint()? as f64;
                is_float = false;
            }
            (2, Fixed64) => {
                histogram.count = message.double()?;
                is_float = true;
            }
            (3, Fixed64) => histogram.sum = message.double()?,
            (4, Varint) => histogram.schema = message.sint32()?,
            (5, Fixed64) => histogram.zero_threshold = message.double()?,
            (6, Varint) => histogram.zero_count = message.varint()? as f64,
            (7, Fixed64) => histogram.zero_count = message.double()?,
            (8, Len) => negative.span(message.message()?)?,
            (9, Len) => packed_varints(message.message()?, &mut negative.deltas)?,
            (9, Varint) => negative.deltas.push(message.varint()?),
            (10, Len) => packed_doubles(message.bytes()?, &mut negative.counts)?,
            (10, Fixed64) => negative.counts.push(message.double()?),
            (11, Len) => positive.span(message.message()?)?,
            (12, Len) => packed_varints(message.message()?, &mut positive.deltas)?,
            (12, Varint) => positive.deltas.push(message.varint()?),
            (13, Len) => packed_doubles(message.bytes()?, &mut positive.counts)?,
            (13, Fixed64) => positive.counts.push(message.double()?),
            (14, Varint) => histogram.counter_reset = counter_reset(message.int32()?),
            (15, Varint) => time = message.int64()?,
            (16, Len) => packed_doubles(message.bytes()?, &mut histogram.custom_bounds)?,
            (16, Fixed64) => histogram.custom_bounds.push(message.double()?),
            (17, Varint) => start = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    (histogram.negative_spans, histogram.negative_buckets) = negative.populations(is_float);
    (histogram.positive_spans, histogram.positive_buckets) = positive.populations(is_float);
    let value = match histogram.validate() {
        Ok(()) => Ok(SampleValue::Histogram(Arc::new(histogram))),
        Err(_) => Err(RefusalReason::Malformed { rule: "the parts of a histogram fit together" }),
    };
    Ok(Sent { time, start, value })
}

fn counter_reset(hint: i32) -> CounterReset {
    match hint {
        1 => CounterReset::Reset,
        2 => CounterReset::NotReset,
        3 => CounterReset::Gauge,
        _ => CounterReset::Unknown,
    }
}

/// Writes a histogram of float populations, or of integers where all of them are.
pub(crate) fn write(out: &mut Writer, histogram: &Histogram, time: i64, start: i64) {
    let is_integer = native::is_integer(histogram);
    if is_integer {
        out.varint(1, integer(histogram.count).unwrap_or_default());
    } else {
        out.double(2, histogram.count);
    }
    out.nonzero_double(3, histogram.sum);
    out.nonzero_sint(4, histogram.schema.into());
    out.nonzero_double(5, histogram.zero_threshold);
    if is_integer {
        out.varint(6, integer(histogram.zero_count).unwrap_or_default());
    } else {
        out.double(7, histogram.zero_count);
    }
    let sides = [
        (8, &histogram.negative_spans, &histogram.negative_buckets),
        (11, &histogram.positive_spans, &histogram.positive_buckets),
    ];
    for (number, spans, buckets) in sides {
        spans.iter().for_each(|span| native::write_span(number, *span, out));
        if !is_integer {
            out.doubles(number + 2, buckets);
        } else if !buckets.is_empty() {
            out.message(number + 1, |out| native::write_deltas(buckets, |it| out.raw_sint(it)));
        }
    }
    let hint = match histogram.counter_reset {
        CounterReset::Unknown => 0,
        CounterReset::Reset => 1,
        CounterReset::NotReset => 2,
        CounterReset::Gauge => 3,
    };
    out.nonzero(14, hint);
    out.nonzero(15, time.cast_unsigned());
    out.doubles(16, &histogram.custom_bounds);
    out.nonzero(17, start.cast_unsigned());
}

#[cfg(test)]
mod tests {
    use telemetry_core::model::BucketSpan;

    use super::*;

    fn round_trip(histogram: &Histogram) -> Sent {
        let mut writer = Writer::default();
        write(&mut writer, histogram, -7, 3);
        let bytes = writer.finish();
        read(Reader::new(&bytes)).unwrap()
    }

    fn spans(spans: &[(i32, u32)]) -> Vec<BucketSpan> {
        spans
            .iter()
            .map(|(offset, length)| BucketSpan { offset: *offset, length: *length })
            .collect()
    }

    #[test]
    fn histograms_come_back() {
        let integers = Histogram {
            schema: -4,
            zero_threshold: 1e-128,
            zero_count: 2.0,
            count: 12.0,
            sum: -3.5,
            positive_spans: spans(&[(-2, 2), (3, 1)]),
            positive_buckets: vec![4.0, 1.0, 5.0],
            negative_spans: spans(&[(0, 1)]),
            negative_buckets: vec![0.0],
            counter_reset: CounterReset::Gauge,
            ..Histogram::default()
        };
        let floats = Histogram { zero_count: 2.5, ..integers.clone() };
        let custom = Histogram {
            schema: telemetry_core::model::CUSTOM_BUCKETS_SCHEMA,
            custom_bounds: vec![0.5, 2.0],
            count: 3.0,
            positive_spans: spans(&[(1, 2)]),
            positive_buckets: vec![1.0, 2.0],
            ..Histogram::default()
        };
        for histogram in [integers, floats, custom, Histogram::default()] {
            let sent = round_trip(&histogram);
            assert_eq!((sent.time, sent.start), (-7, 3));
            assert_eq!(sent.value, Ok(SampleValue::Histogram(Arc::new(histogram))));
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let histogram = Histogram { positive_spans: spans(&[(0, 7)]), ..Histogram::default() };
        assert!(matches!(round_trip(&histogram).value, Err(RefusalReason::Malformed { .. })));
    }
}
