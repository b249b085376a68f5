//! Histograms of protobuf exposition, which may be native, classic, or both.
//!
//! ~~~text
//! Histogram  1 count · 2 sum · 3 bucket* · 4 count (float) · 5 schema · 6 zero_threshold · 7 zero_count
//!            8 zero_count (float) · 9 negative span* · 10 negative delta* · 11 negative count*
//!            12 positive span* · 13 positive delta* · 14 positive count* · 15 created · 16 exemplar*
//! bucket     1 cumulative_count · 2 upper_bound · 3 exemplar · 4 cumulative_count (float)
//! span       1 offset · 2 length
//! ~~~
//!
//! It is native if it has spans, a zero threshold or a zero count. Its populations are floats if
//! its count or its zero count is one.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{BucketSpan, Histogram};

use super::entry::ExposedExemplar;
use super::message::{exemplar, timestamp};
use super::text::NORMAL_NAN;
use crate::error::{Error, Fault, ProtobufErrorKind};
use crate::prometheus::native::Side;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, packed_doubles, packed_varints};

/// A histogram as it was exposed.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) native: Option<Arc<Histogram>>,
    pub(super) count: f64,
    pub(super) sum: f64,
    pub(super) buckets: Vec<Bucket>,
    pub(super) start: i64,
    exemplars: Vec<ExposedExemplar>,
}

/// Observations up to a bound.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) bound: f64,
    pub(super) count: f64,
    pub(super) exemplar: Option<ExposedExemplar>,
}

impl Read {
    /// The exemplars of the native histogram: its own, else those of the buckets.
    pub(super) fn native_exemplars(&self) -> Vec<ExposedExemplar> {
        let of_buckets = self.buckets.iter().flat_map(|bucket| &bucket.exemplar);
        let all: Vec<_> = if self.exemplars.is_empty() {
            of_buckets.collect()
        } else {
            self.exemplars.iter().collect()
        };
        all.into_iter().filter(|exemplar| exemplar.time.is_some()).cloned().collect()
    }
}

impl Read {
    /// Reads another one.
    pub(super) fn read(&mut self, message: Reader<'_>) -> Result<(), Fault> {
        let Read { mut buckets, mut exemplars, .. } = std::mem::take(self);
        buckets.clear();
        exemplars.clear();
        *self = Read { buckets, exemplars, ..Read::default() };
        read(message, self)
    }
}

fn read(mut message: Reader<'_>, read: &mut Read) -> Result<(), Fault> {
    let start = message.position();
    let [mut negative, mut positive] = [Side::default(), Side::default()];
    let mut histogram = Histogram::default();
    let (mut count, mut count_float, mut zeros, mut zeros_float) = (0, 0.0, 0, 0.0);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => count = message.varint()?,
            (2, Fixed64) => histogram.sum = message.double()?,
            (3, Len) => read.buckets.push(bucket(message.bytes()?)?),
            (4, Fixed64) => count_float = message.double()?,
            (5, Varint) => histogram.schema = message.sint32()?,
            (6, Fixed64) => histogram.zero_threshold = message.double()?,
            (7, Varint) => zeros = message.varint()?,
            (8, Fixed64) => zeros_float = message.double()?,
            (9, Len) => negative.span(message.message()?)?,
            (10, Len) => packed_varints(message.message()?, &mut negative.deltas)?,
            (10, Varint) => negative.deltas.push(message.varint()?),
            (11, Len) => packed_doubles(message.bytes()?, &mut negative.counts)?,
            (11, Fixed64) => negative.counts.push(message.double()?),
            (12, Len) => positive.span(message.message()?)?,
            (13, Len) => packed_varints(message.message()?, &mut positive.deltas)?,
            (13, Varint) => positive.deltas.push(message.varint()?),
            (14, Len) => packed_doubles(message.bytes()?, &mut positive.counts)?,
            (14, Fixed64) => positive.counts.push(message.double()?),
            (15, Len) => read.start = timestamp(message.message()?)?,
            (16, Len) => read.exemplars.push(exemplar(message.message()?)?),
            _ => message.skip(tag)?,
        }
    }
    let is_float = count_float > 0.0 || zeros_float > 0.0;
    if histogram.sum.is_nan() {
        // None of them is the staleness marker.
        histogram.sum = NORMAL_NAN;
    }
    read.count = if count_float == 0.0 { count as f64 } else { count_float };
    read.sum = histogram.sum;
    let has_spans = !positive.spans.is_empty() || !negative.spans.is_empty();
    if has_spans || histogram.zero_threshold > 0.0 || zeros > 0 || zeros_float > 0.0 {
        histogram.count = if is_float { count_float } else { count as f64 };
        histogram.zero_count = if is_float { zeros_float } else { zeros as f64 };
        (histogram.negative_spans, histogram.negative_buckets) = populations(negative, is_float);
        (histogram.positive_spans, histogram.positive_buckets) = populations(positive, is_float);
        if histogram.validate().is_err() {
            let kind = ProtobufErrorKind::Histogram;
            return Err(Box::new(Error::Protobuf { position: start, kind }));
        }
        read.native = Some(Arc::new(histogram));
    }
    Ok(())
}

/// Spans that have buckets, and absolute populations.
fn populations(mut side: Side, is_float: bool) -> (Vec<BucketSpan>, Vec<f64>) {
    // A span without buckets only says that the histogram is native.
    if matches!(side.spans.as_slice(), [span] if span.length == 0) {
        side.spans.clear();
    }
    side.populations(is_float)
}

/// The first bytes of the fields of a bucket.
const COUNT_TAG: u8 = 0x08;
const BOUND_TAG: u8 = 0x11;

#[inline]
fn bucket(message: Bytes<'_>) -> Result<Bucket, Fault> {
    // As all targets write it: a count of up to two bytes, then the bound.
    let plain = message.bytes.split_last_chunk().and_then(|(head, bound)| {
        let count = match *head {
            [COUNT_TAG, count, BOUND_TAG] => u64::from(count),
            [COUNT_TAG, low, high, BOUND_TAG] if low >= 0x80 => {
                u64::from(low & 0x7f) | u64::from(high) << 7
            }
            _ => return None,
        };
        let is_short = head.iter().rev().nth(1).is_some_and(|last| *last < 0x80);
        is_short.then(|| (count as f64, f64::from_le_bytes(*bound)))
    });
    match plain {
        Some((count, bound)) => Ok(Bucket { bound, count, exemplar: None }),
        None => bucket_fields(message.message()),
    }
}

fn bucket_fields(mut message: Reader<'_>) -> Result<Bucket, Fault> {
    let mut bucket = Bucket::default();
    let (mut count, mut count_float) = (0, 0.0);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => count = message.varint()?,
            (2, Fixed64) => bucket.bound = message.double()?,
            (3, Len) => bucket.exemplar = Some(exemplar(message.message()?)?),
            (4, Fixed64) => count_float = message.double()?,
            _ => message.skip(tag)?,
        }
    }
    bucket.count = if count_float == 0.0 { count as f64 } else { count_float };
    Ok(bucket)
}
