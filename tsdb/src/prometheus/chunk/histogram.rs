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

/// How populations are written.
trait Populations {
    fn first(&mut self, layout: &Layout, input: &mut BitReader<'_>) -> Result<(), Damaged>;
    /// Count, zero count and sum of a later sample.
    fn next_totals(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged>;
    fn next_buckets(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged>;
    fn sum(&self) -> f64;
    fn fill(&self, positive: usize, histogram: &mut Histogram);
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
        decode_as::<Floats>(data, starts, out)
    } else {
        decode_as::<Wholes>(data, starts, out)
    }
}

fn decode_as<P: Populations + Default>(
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
    let mut populations = P::default();
    let mut time = input.varbit()?;
    populations.first(&layout, &mut input)?;
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
            if !is_stale(populations.sum()) {
                populations.next_buckets(&mut input)?;
            }
            starts.read(index, before, &mut input)?;
        }
        let counter_reset = resets.before(index);
        let sum = populations.sum();
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
#[derive(Clone, Copy, Default)]
struct Whole {
    value: i64,
    delta: i64,
}

impl Whole {
    fn read(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.delta = self.delta.wrapping_add(input.varbit()?);
        self.value = self.value.wrapping_add(self.delta);
        Ok(())
    }
}

#[derive(Default)]
struct Wholes {
    count: Whole,
    zero: Whole,
    sum: Float,
    /// Differences to the bucket before, positive ones first.
    buckets: Vec<Whole>,
}

impl Populations for Wholes {
    fn first(&mut self, layout: &Layout, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.count.value = input.varbit_unsigned()?.cast_signed();
        self.zero.value = input.varbit_unsigned()?.cast_signed();
        self.sum = Float::new(input.f64()?);
        let buckets = layout.positive.saturating_add(layout.negative);
        if buckets as u64 > input.remaining() {
            return Err(input.field("buckets of a histogram"));
        }
        self.buckets.reserve_exact(buckets);
        for _ in 0..buckets {
            self.buckets.push(Whole { value: input.varbit()?, delta: 0 });
        }
        Ok(())
    }

    fn next_totals(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.count.read(input)?;
        self.zero.read(input)?;
        self.sum.read(input)
    }

    fn next_buckets(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.buckets.iter_mut().try_for_each(|bucket| bucket.read(input))
    }

    fn sum(&self) -> f64 {
        self.sum.value()
    }

    fn fill(&self, positive: usize, histogram: &mut Histogram) {
        histogram.count = self.count.value.cast_unsigned() as f64;
        histogram.zero_count = self.zero.value.cast_unsigned() as f64;
        let (above, below) = self.buckets.split_at(positive.min(self.buckets.len()));
        let absolute = |buckets: &[Whole]| {
            let mut population = 0_i64;
            let sums = buckets.iter().map(|bucket| {
                population = population.wrapping_add(bucket.value);
                population as f64
            });
            sums.collect()
        };
        histogram.positive_buckets = absolute(above);
        histogram.negative_buckets = absolute(below);
    }
}

#[derive(Default)]
struct Floats {
    count: Float,
    zero: Float,
    sum: Float,
    buckets: Vec<Float>,
}

impl Populations for Floats {
    fn first(&mut self, layout: &Layout, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.count = Float::new(input.f64()?);
        self.zero = Float::new(input.f64()?);
        self.sum = Float::new(input.f64()?);
        let buckets = layout.positive.saturating_add(layout.negative);
        if (buckets as u64).saturating_mul(64) > input.remaining() {
            return Err(input.field("buckets of a histogram"));
        }
        self.buckets.reserve_exact(buckets);
        for _ in 0..buckets {
            self.buckets.push(Float::new(input.f64()?));
        }
        Ok(())
    }

    fn next_totals(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.count.read(input)?;
        self.zero.read(input)?;
        self.sum.read(input)
    }

    fn next_buckets(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        self.buckets.iter_mut().try_for_each(|bucket| bucket.read(input))
    }

    fn sum(&self) -> f64 {
        self.sum.value()
    }

    fn fill(&self, positive: usize, histogram: &mut Histogram) {
        histogram.count = self.count.value();
        histogram.zero_count = self.zero.value();
        let (above, below) = self.buckets.split_at(positive.min(self.buckets.len()));
        let values = |buckets: &[Float]| buckets.iter().map(Float::value).collect();
        histogram.positive_buckets = values(above);
        histogram.negative_buckets = values(below);
    }
}
