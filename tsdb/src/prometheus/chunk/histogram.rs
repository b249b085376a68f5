//! Native histograms, read: whole populations, float ones, and both with start timestamps.
//!
//! ~~~text
//! count     u16 BE
//! flags     u8         top two bits: 10 a reset before the chunk · 01 none · 11 gauges · 00 unknown
//! layout    layout.rs
//!
//!           whole populations                     float populations
//! sample 0  time varbit                           time varbit
//!           count, zero count unsigned varbit     count, zero count 64 bits
//!           sum 64 bits                           sum 64 bits
//!           buckets varbit: the difference to     buckets 64 bits
//!           the bucket before
//! others    change of the time difference varbit  likewise
//!           count, zero count: change of the      count, zero count by window.rs
//!           difference varbit
//!           sum by window.rs                      sum by window.rs
//!           buckets as sample 0, the change of    buckets by window.rs
//!           the difference to the same bucket
//! ~~~
//! A staleness marker (by its sum) has no buckets behind it, and only markers follow it. In the
//! encodings with start timestamps the flags are the top two bits of the count, the byte behind
//! it is the header of `xor2.rs`, and a start timestamp follows each sample: **unproved**, as
//! there.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram, is_stale};
use telemetry_core::source::HistogramColumn;
use telemetry_core::storage::Damaged;

use super::bits::BitReader;
use super::layout::Layout;
use super::window::Float;
use super::xor2::Starts;

/// What a chunk says about resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resets {
    Unknown,
    NotReset,
    Reset,
    Gauge,
}

impl Resets {
    pub(super) fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Resets::Unknown,
            1 => Resets::NotReset,
            2 => Resets::Reset,
            _ => Resets::Gauge,
        }
    }

    pub(super) fn bits(self) -> u8 {
        match self {
            Resets::Unknown => 0,
            Resets::NotReset => 1,
            Resets::Reset => 2,
            Resets::Gauge => 3,
        }
    }

    /// What is known about sample `index`. That there was no reset before the chunk counts for
    /// nothing: the chunk before may be gone, or have come in later.
    fn before(self, index: usize) -> CounterReset {
        match (self, index) {
            (Resets::Gauge, _) => CounterReset::Gauge,
            (Resets::Reset, 0) => CounterReset::Reset,
            (_, 0) => CounterReset::Unknown,
            _ => CounterReset::NotReset,
        }
    }
}

/// How a population is written.
trait Population: Sized {
    /// Bits that a bucket of the first sample has at least.
    const BUCKET_BITS_MIN: u64;

    fn first_total(input: &mut BitReader<'_>) -> Result<Self, Damaged>;
    fn first_bucket(input: &mut BitReader<'_>) -> Result<Self, Damaged>;
    /// That of the next sample.
    fn read(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged>;
    /// The population, of a total.
    fn total(&self) -> f64;
    /// The populations of buckets in a row.
    fn buckets(row: &[Self]) -> Vec<f64>;
}

/// Appends the histograms of a chunk.
///
/// # Errors
///
/// Where the bytes are no such chunk. What was appended before is not taken back.
pub(crate) fn decode(
    data: &[u8],
    float: bool,
    starts: bool,
    out: &mut HistogramColumn,
) -> Result<(), Damaged> {
    if float {
        decode_as::<Float>(data, starts, out)
    } else {
        decode_as::<Whole>(data, starts, out)
    }
}

fn decode_as<P: Population>(
    data: &[u8],
    with_starts: bool,
    out: &mut HistogramColumn,
) -> Result<(), Damaged> {
    let mut input = BitReader::new(data);
    let (resets, count, mut starts);
    if with_starts {
        resets = Resets::from_bits(byte(input.take(2)?));
        count = usize::try_from(input.take(14)?).unwrap_or(0);
        starts = Starts::new(byte(input.take(8)?));
    } else {
        count = usize::try_from(input.take(16)?).unwrap_or(0);
        resets = Resets::from_bits(byte(input.take(8)?) >> 6);
        starts = Starts::default();
    }
    if count == 0 {
        return Ok(());
    }
    let layout = Layout::read(count, &mut input)?;
    let mut time = input.varbit()?;
    let mut populations = Populations::<P>::first(&layout, &mut input)?;
    if starts.first_known {
        starts.start = time.wrapping_sub(input.varbit()?);
    }
    let mut delta = 0_i64;
    for index in 0..count {
        if index > 0 {
            let before = time;
            delta = delta.wrapping_add(input.varbit()?);
            time = time.wrapping_add(delta);
            populations.next_totals(&mut input)?;
            if !is_stale(populations.sum.value()) {
                populations.next_buckets(&mut input)?;
            }
            starts.read(index, before, &mut input)?;
        }
        let counter_reset = resets.before(index);
        let sum = populations.sum.value();
        let histogram = if is_stale(sum) {
            Histogram { sum, counter_reset, ..Histogram::default() }
        } else {
            let mut histogram = Histogram { sum, counter_reset, ..layout.histogram.clone() };
            populations.fill(layout.positive, &mut histogram);
            histogram
        };
        out.push(time, Arc::new(histogram), starts.start);
    }
    Ok(())
}

fn byte(bits: u64) -> u8 {
    u8::try_from(bits).unwrap_or(0)
}

/// A whole number and its last difference.
struct Whole {
    value: i64,
    delta: i64,
}

impl Population for Whole {
    const BUCKET_BITS_MIN: u64 = 1;

    fn first_total(input: &mut BitReader<'_>) -> Result<Self, Damaged> {
        Ok(Whole { value: input.varbit_unsigned()?.cast_signed(), delta: 0 })
    }

    fn first_bucket(input: &mut BitReader<'_>) -> Result<Self, Damaged> {
        Ok(Whole { value: input.varbit()?, delta: 0 })
    }

    fn read(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.delta = self.delta.wrapping_add(input.varbit()?);
        self.value = self.value.wrapping_add(self.delta);
        Ok(())
    }

    fn total(&self) -> f64 {
        self.value.cast_unsigned() as f64
    }

    /// Each is the difference to the one before.
    fn buckets(row: &[Self]) -> Vec<f64> {
        let mut population = 0_i64;
        let sums = row.iter().map(|bucket| {
            population = population.wrapping_add(bucket.value);
            population as f64
        });
        sums.collect()
    }
}

impl Population for Float {
    const BUCKET_BITS_MIN: u64 = 64;

    fn first_total(input: &mut BitReader<'_>) -> Result<Self, Damaged> {
        Ok(Float::new(input.f64()?))
    }

    fn first_bucket(input: &mut BitReader<'_>) -> Result<Self, Damaged> {
        Float::first_total(input)
    }

    fn read(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        Float::read(self, input)
    }

    fn total(&self) -> f64 {
        self.value()
    }

    fn buckets(row: &[Self]) -> Vec<f64> {
        row.iter().map(Float::value).collect()
    }
}

/// The populations of a sample.
struct Populations<P> {
    count: P,
    zero: P,
    sum: Float,
    /// Positive ones first.
    buckets: Vec<P>,
}

impl<P: Population> Populations<P> {
    fn first(layout: &Layout, input: &mut BitReader<'_>) -> Result<Self, Damaged> {
        let (count, zero) = (P::first_total(input)?, P::first_total(input)?);
        let sum = Float::new(input.f64()?);
        let len = layout.positive.saturating_add(layout.negative);
        if (len as u64).saturating_mul(P::BUCKET_BITS_MIN) > input.remaining() {
            return Err(input.field("buckets of a histogram"));
        }
        let mut buckets = Vec::with_capacity(len);
        for _ in 0..len {
            buckets.push(P::first_bucket(input)?);
        }
        Ok(Populations { count, zero, sum, buckets })
    }

    /// Count, zero count and sum of a later sample.
    fn next_totals(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.count.read(input)?;
        self.zero.read(input)?;
        self.sum.read(input)
    }

    fn next_buckets(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.buckets.iter_mut().try_for_each(|bucket| bucket.read(input))
    }

    fn fill(&self, positive: usize, histogram: &mut Histogram) {
        histogram.count = self.count.total();
        histogram.zero_count = self.zero.total();
        let (above, below) = self.buckets.split_at(positive.min(self.buckets.len()));
        histogram.positive_buckets = P::buckets(above);
        histogram.negative_buckets = P::buckets(below);
    }
}
