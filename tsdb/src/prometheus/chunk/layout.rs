//! The head of a histogram chunk: what all its histograms have in common.
//!
//! ~~~text
//! zero threshold   u8: 0 is 0 · 1-254 is 2^(b-244) · 255: 64 bits follow
//! schema           varbit
//! positive spans   unsigned varbit count, then per span: length unsigned varbit, offset varbit
//! negative spans   likewise
//! custom bounds    only in the schema of custom buckets: unsigned varbit count, then per bound:
//!                  unsigned varbit of (bound · 1000) + 1 if that is whole and below 33,554,431,
//!                  else a 0 bit and 64 bits
//! ~~~
//! The offset is that of the document, but the length comes first.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{BucketSpan, CUSTOM_BUCKETS_SCHEMA, Histogram};
use telemetry_core::storage::Damaged;

use super::bits::{BitReader, BitWriter};

/// Spans, bounds and buckets of all histograms of a chunk together: what decoding may allocate.
const PARTS_MAX: u64 = 1 << 22;

/// Bounds in thousandths up to this are written as whole numbers.
const THOUSANDTHS_MAX: f64 = 33_554_430.0;

/// Schema, threshold, spans and bounds; populations are empty.
pub(super) struct Layout {
    pub(super) histogram: Histogram,
    pub(super) positive: usize,
    pub(super) negative: usize,
}

impl Layout {
    /// Reads the layout of a chunk of `count` histograms.
    pub(super) fn read(count: usize, input: &mut BitReader<'_>) -> Result<Layout, Damaged> {
        let zero_threshold = match input.take(8)? {
            0 => 0.0,
            255 => input.f64()?,
            exponent => 2.0_f64.powi(i32::try_from(exponent).unwrap_or(0) - 244),
        };
        let schema =
            i32::try_from(input.varbit()?).map_err(|_| input.field("schema of a histogram"))?;
        let (positive_spans, positive) = read_spans(input)?;
        let (negative_spans, negative) = read_spans(input)?;
        let custom_bounds =
            if schema == CUSTOM_BUCKETS_SCHEMA { read_bounds(input)? } else { Vec::new() };
        let parts = positive_spans.len() + negative_spans.len() + custom_bounds.len();
        let parts = parts as u64 + positive + negative;
        if parts.saturating_mul(count as u64) > PARTS_MAX {
            return Err(input.field("layout of a histogram"));
        }
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Ok(Layout {
            histogram: Histogram {
                schema,
                zero_threshold,
                positive_spans,
                negative_spans,
                custom_bounds,
                ..Histogram::default()
            },
            positive: whole(positive),
            negative: whole(negative),
        })
    }
}

/// Spans, and how many buckets they cover.
fn read_spans(input: &mut BitReader<'_>) -> Result<(Vec<BucketSpan>, u64), Damaged> {
    let count = read_count(input, 2)?;
    let mut spans = Vec::with_capacity(count);
    let mut covered = 0_u64;
    for _ in 0..count {
        let length = u32::try_from(input.varbit_unsigned()?);
        let offset = i32::try_from(input.varbit()?);
        let (Ok(length), Ok(offset)) = (length, offset) else {
            return Err(input.field("span of a histogram"));
        };
        covered += u64::from(length);
        spans.push(BucketSpan { offset, length });
    }
    Ok((spans, covered))
}

fn read_bounds(input: &mut BitReader<'_>) -> Result<Vec<f64>, Damaged> {
    let count = read_count(input, 1)?;
    let mut bounds = Vec::with_capacity(count);
    for _ in 0..count {
        bounds.push(match input.varbit_unsigned()? {
            0 => input.f64()?,
            // Below 2^25, or not what any version wrote.
            thousandths => (thousandths - 1) as f64 / 1000.0,
        });
    }
    Ok(bounds)
}

/// A count of things of at least `bits_min` bits each.
fn read_count(input: &mut BitReader<'_>, bits_min: u64) -> Result<usize, Damaged> {
    let count = input.varbit_unsigned()?;
    let fits = count.saturating_mul(bits_min) <= input.remaining();
    match usize::try_from(count) {
        Ok(count) if fits => Ok(count),
        _ => Err(input.field("count in a histogram")),
    }
}

/// Appends a layout.
pub(super) fn write(histogram: &Histogram, out: &mut BitWriter) {
    write_threshold(histogram.zero_threshold, out);
    out.put_varbit(histogram.schema.into());
    for spans in [&histogram.positive_spans, &histogram.negative_spans] {
        out.put_varbit_unsigned(spans.len() as u64);
        for span in spans {
            out.put_varbit_unsigned(span.length.into());
            out.put_varbit(span.offset.into());
        }
    }
    if histogram.has_custom_bounds() {
        out.put_varbit_unsigned(histogram.custom_bounds.len() as u64);
        histogram.custom_bounds.iter().for_each(|bound| write_bound(*bound, out));
    }
}

fn write_threshold(threshold: f64, out: &mut BitWriter) {
    if threshold.to_bits() == 0 {
        return out.put(0, 8);
    }
    let short = (1..=254_u8)
        .find(|exponent| 2.0_f64.powi(i32::from(*exponent) - 244).to_bits() == threshold.to_bits());
    match short {
        Some(exponent) => out.put(exponent.into(), 8),
        None => {
            out.put(255, 8);
            out.put(threshold.to_bits(), 64);
        }
    }
}

fn write_bound(bound: f64, out: &mut BitWriter) {
    let thousandths = (bound * 1000.0).round();
    let exact = (thousandths / 1000.0).to_bits() == bound.to_bits();
    if exact && (0.0..=THOUSANDTHS_MAX).contains(&thousandths) {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within the range above")]
        out.put_varbit_unsigned(thousandths as u64 + 1);
    } else {
        out.put(0, 1);
        out.put(bound.to_bits(), 64);
    }
}
