//! A chunk of native histograms as bytes, without its times.
//!
//! ~~~text
//! flags       u8           bit 0: start timestamps
//! starts      format.rs    if bit 0
//! histograms, one behind the other:
//!   head      u8           bit 0: the same layout as the one before · bits 1, 2: counter reset
//!                          (0 unknown, 1 reset, 2 not reset, 3 gauge)
//!   layout    unless bit 0: schema (zigzag varint), zero threshold (u64 LE bits),
//!             positive spans, negative spans (varint count, then offset zigzag, length varint),
//!             custom bounds (varint count, u64 LE bits each)
//!   numbers   count, zero count, positive and negative populations
//!   sum       u64 LE bits
//!
//! number      varint: (zigzag of the difference to the same number of the histogram before) · 2
//!             where both are whole; else 1, then u64 LE bits
//! ~~~
//!
//! Populations are counters of whole numbers nearly always, and layouts rarely change.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{BucketSpan, CounterReset, Histogram};
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::decimal::to_integer;
use super::format::{read_starts, write_starts};

const STARTS: u8 = 1;
const SAME_LAYOUT: u8 = 1;
const RAW_NUMBER: u64 = 1;

/// Whole numbers up to this have room beside the mark bit, and so do their differences.
const WHOLE_MAX: i64 = 1 << 53;

/// Buckets of one histogram: what one decoding may allocate for.
const BUCKETS_MAX: u64 = 1 << 20;

/// Appends a chunk of 1 to [`super::SAMPLES_MAX`] histograms. `starts` are as many, or none.
pub(crate) fn encode(histograms: &[Arc<Histogram>], starts: &[i64], out: &mut Vec<u8>) {
    let has_starts = starts.iter().any(|start| *start != 0);
    out.push(u8::from(has_starts) * STARTS);
    if has_starts {
        write_starts(starts, out);
    }
    let mut previous: Option<&Histogram> = None;
    for histogram in histograms {
        write_one(histogram, previous, out);
        previous = Some(histogram);
    }
}

/// Appends the `count` histograms of a chunk, and its start timestamps if it has any.
///
/// # Errors
///
/// Where the bytes are no chunk of so many.
pub(crate) fn decode(
    bytes: &[u8],
    count: usize,
    histograms: &mut Vec<Arc<Histogram>>,
    starts: &mut Vec<i64>,
) -> Result<(), Damaged> {
    let mut input = Cursor::new(bytes);
    match input.u8()? {
        0 => {}
        STARTS => read_starts(&mut input, count, starts)?,
        _ => return Err(input.field("flags of a chunk")),
    }
    let mut previous: Option<Arc<Histogram>> = None;
    for _ in 0..count {
        let histogram = Arc::new(read_one(&mut input, previous.as_deref())?);
        histograms.push(Arc::clone(&histogram));
        previous = Some(histogram);
    }
    input.finish()
}

/// Appends one histogram; `previous` may be one with any layout.
pub(crate) fn write_one(histogram: &Histogram, previous: Option<&Histogram>, out: &mut Vec<u8>) {
    let previous = previous.filter(|previous| same_layout(histogram, previous));
    let reset = match histogram.counter_reset {
        CounterReset::Unknown => 0,
        CounterReset::Reset => 1,
        CounterReset::NotReset => 2,
        CounterReset::Gauge => 3,
    };
    out.push((u8::from(previous.is_some()) * SAME_LAYOUT) | (reset << 1));
    if previous.is_none() {
        varint::put_i64(out, histogram.schema.into());
        out.extend_from_slice(&histogram.zero_threshold.to_bits().to_le_bytes());
        for spans in [&histogram.positive_spans, &histogram.negative_spans] {
            varint::put_u64(out, spans.len() as u64);
            for span in spans {
                varint::put_i64(out, span.offset.into());
                varint::put_u64(out, span.length.into());
            }
        }
        varint::put_u64(out, histogram.custom_bounds.len() as u64);
        for bound in &histogram.custom_bounds {
            out.extend_from_slice(&bound.to_bits().to_le_bytes());
        }
    }
    let mut before = previous.map(numbers);
    for number in numbers(histogram) {
        let base = before.as_mut().and_then(Iterator::next);
        write_number(number, base.and_then(whole).unwrap_or(0), out);
    }
    out.extend_from_slice(&histogram.sum.to_bits().to_le_bytes());
}

/// Reads one histogram that was written after `previous`.
///
/// # Errors
///
/// Where the bytes are none.
pub(crate) fn read_one(
    input: &mut Cursor<'_>,
    previous: Option<&Histogram>,
) -> Result<Histogram, Damaged> {
    let head = input.u8()?;
    let counter_reset = match head >> 1 {
        0 => CounterReset::Unknown,
        1 => CounterReset::Reset,
        2 => CounterReset::NotReset,
        3 => CounterReset::Gauge,
        _ => return Err(input.field("head of a histogram")),
    };
    let same = head & SAME_LAYOUT != 0;
    let previous = if same { previous } else { None };
    let mut histogram = match previous {
        Some(previous) => previous.clone(),
        None if same => return Err(input.field("layout of a histogram")),
        None => read_layout(input)?,
    };
    histogram.counter_reset = counter_reset;
    let mut next = |number: &mut f64| {
        let base = if same { whole(*number).unwrap_or(0) } else { 0 };
        *number = read_number(input, base)?;
        Ok::<_, Damaged>(())
    };
    next(&mut histogram.count)?;
    next(&mut histogram.zero_count)?;
    histogram.positive_buckets.iter_mut().try_for_each(&mut next)?;
    histogram.negative_buckets.iter_mut().try_for_each(&mut next)?;
    histogram.sum = input.f64()?;
    Ok(histogram)
}

fn same_layout(a: &Histogram, b: &Histogram) -> bool {
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    a.schema == b.schema
        && a.zero_threshold.to_bits() == b.zero_threshold.to_bits()
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && a.positive_buckets.len() == b.positive_buckets.len()
        && a.negative_buckets.len() == b.negative_buckets.len()
        && bits(&a.custom_bounds) == bits(&b.custom_bounds)
}

fn read_layout(input: &mut Cursor<'_>) -> Result<Histogram, Damaged> {
    let schema =
        i32::try_from(input.varint_i64()?).map_err(|_| input.field("schema of a histogram"))?;
    let zero_threshold = input.f64()?;
    let (positive_spans, positive) = read_spans(input)?;
    let (negative_spans, negative) = read_spans(input)?;
    let bounds = input.count(8)?;
    let mut custom_bounds = Vec::with_capacity(bounds);
    for _ in 0..bounds {
        custom_bounds.push(input.f64()?);
    }
    Ok(Histogram {
        schema,
        zero_threshold,
        positive_spans,
        positive_buckets: vec![0.0; positive],
        negative_spans,
        negative_buckets: vec![0.0; negative],
        custom_bounds,
        ..Histogram::default()
    })
}

/// Spans, and how many buckets they cover: at most as many as bytes follow.
fn read_spans(input: &mut Cursor<'_>) -> Result<(Vec<BucketSpan>, usize), Damaged> {
    let count = input.count(2)?;
    let mut spans = Vec::with_capacity(count);
    let mut covered = 0_u64;
    for _ in 0..count {
        let offset = i32::try_from(input.varint_i64()?)
            .map_err(|_| input.field("offset of a bucket span"))?;
        let length = input.varint_u32()?;
        covered += u64::from(length);
        spans.push(BucketSpan { offset, length });
    }
    // Every population takes at least a byte.
    let possible = BUCKETS_MAX.min(input.remaining() as u64);
    match usize::try_from(covered) {
        Ok(buckets) if covered <= possible => Ok((spans, buckets)),
        _ => Err(input.field("length of a bucket span")),
    }
}

fn numbers(histogram: &Histogram) -> impl Iterator<Item = f64> + '_ {
    [histogram.count, histogram.zero_count]
        .into_iter()
        .chain(histogram.positive_buckets.iter().copied())
        .chain(histogram.negative_buckets.iter().copied())
}

fn whole(value: f64) -> Option<i64> {
    to_integer(value, 1.0).filter(|integer| integer.abs() <= WHOLE_MAX)
}

fn write_number(value: f64, base: i64, out: &mut Vec<u8>) {
    match whole(value) {
        Some(integer) => varint::put_u64(out, varint::fold(integer - base) << 1),
        None => {
            varint::put_u64(out, RAW_NUMBER);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }
}

fn read_number(input: &mut Cursor<'_>, base: i64) -> Result<f64, Damaged> {
    match input.varint_u64()? {
        RAW_NUMBER => input.f64(),
        token if token & 1 == 0 => Ok(base.wrapping_add(varint::unfold(token >> 1)) as f64),
        _ => Err(input.field("population of a histogram")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(populations: &[f64], sum: f64) -> Arc<Histogram> {
        let length = u32::try_from(populations.len()).unwrap();
        Arc::new(Histogram {
            schema: 1,
            count: populations.iter().sum(),
            sum,
            positive_spans: vec![BucketSpan { offset: -2, length }],
            positive_buckets: populations.to_vec(),
            ..Histogram::default()
        })
    }

    #[test]
    fn golden_chunk() {
        let mut bytes = Vec::new();
        encode(&[histogram(&[1.0, 2.0], 0.5), histogram(&[2.0, 2.5], 1.0)], &[], &mut bytes);
        let mut golden = vec![0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2, 0, 0, 12, 0, 4, 8];
        golden.extend_from_slice(&0.5_f64.to_le_bytes());
        golden.extend_from_slice(&[SAME_LAYOUT, 1]);
        golden.extend_from_slice(&4.5_f64.to_le_bytes());
        golden.extend_from_slice(&[0, 4, 1]);
        golden.extend_from_slice(&2.5_f64.to_le_bytes());
        golden.extend_from_slice(&1.0_f64.to_le_bytes());
        assert_eq!(bytes, golden);
    }

    #[test]
    fn a_truncated_chunk_is_an_error() {
        let mut bytes = Vec::new();
        encode(&[histogram(&[1.0, 2.0], 0.5), histogram(&[0.1, 2.0], 0.5)], &[1, 2], &mut bytes);
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length], 2, &mut Vec::new(), &mut Vec::new()).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_histograms_round_trip(
            parts in prop::collection::vec(
                (prop::collection::vec(any::<f64>(), 0..4), -53_i32..9, any::<u32>(), 0_u8..4),
                1..10,
            ),
            whole: bool,
            starts: bool,
        ) {
            let histograms: Vec<_> = parts.iter().map(|(numbers, schema, small, reset)| {
                let populations: Vec<f64> = numbers
                    .iter()
                    .map(|number| if whole { f64::from(*small % 9) } else { *number })
                    .collect();
                let length = u32::try_from(populations.len()).unwrap();
                Arc::new(Histogram {
                    schema: *schema,
                    count: f64::from(*small),
                    sum: f64::from(*small) / 3.0,
                    negative_spans: vec![BucketSpan { offset: 3, length }],
                    negative_buckets: populations,
                    custom_bounds: if *small % 2 == 0 { vec![1.5] } else { vec![] },
                    counter_reset: [
                        CounterReset::Unknown, CounterReset::Reset,
                        CounterReset::NotReset, CounterReset::Gauge,
                    ][usize::from(*reset)],
                    ..Histogram::default()
                })
            }).collect();
            let starts: Vec<i64> =
                if starts { (1..=histograms.len() as i64).collect() } else { vec![] };
            let mut bytes = Vec::new();
            encode(&histograms, &starts, &mut bytes);
            let (mut back, mut back_starts) = (Vec::new(), Vec::new());
            decode(&bytes, histograms.len(), &mut back, &mut back_starts).unwrap();
            // The text form tells NaN from NaN no better than needed, and equals nothing else.
            prop_assert_eq!(format!("{back:?}"), format!("{histograms:?}"));
            prop_assert_eq!(back_starts, starts);
        }

        #[test]
        fn any_bytes_are_an_error_or_histograms(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = decode(&bytes, 20, &mut Vec::new(), &mut Vec::new());
        }
    }
}
