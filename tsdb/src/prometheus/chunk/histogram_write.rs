//! Native histograms, written: see `histogram.rs` for the bytes.
//!
//! All histograms of a chunk share one layout: the union of their buckets. Which histograms go
//! into a chunk is for `write.rs` to say.
#![expect(
    clippy::cast_possible_truncation,
    reason = "samples of our own, not bytes from outside; ranges and numbers were checked"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use telemetry_core::model::{BucketSpan, Histogram, is_stale};

use super::bits::BitWriter;
use super::histogram::Resets;
use super::layout;
use super::window::Float;

/// Above this, whole floats have gaps between them.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Whether all populations are whole numbers, so that the shorter encoding holds them.
pub(super) fn is_whole(histogram: &Histogram) -> bool {
    let whole = |value: &f64| {
        value.fract() == 0.0 && (0.0..=WHOLE_MAX).contains(value) && !value.is_sign_negative()
    };
    is_stale(histogram.sum)
        || ([histogram.count, histogram.zero_count].iter().all(whole)
            && histogram.positive_buckets.iter().all(whole)
            && histogram.negative_buckets.iter().all(whole))
}

/// The chunk of these histograms, which agree in schema, threshold and bounds.
pub(super) fn encode(
    times: &[i64],
    histograms: &[Arc<Histogram>],
    float: bool,
    resets: Resets,
) -> Vec<u8> {
    let live: Vec<&Histogram> =
        histograms.iter().map(AsRef::as_ref).filter(|h| !is_stale(h.sum)).collect();
    let positive = Buckets::union(&live, |h| (&h.positive_spans, h.positive().collect()));
    let negative = Buckets::union(&live, |h| (&h.negative_spans, h.negative().collect()));
    let mut shared = match live.first() {
        Some(first) => (*first).clone(),
        None => Histogram::default(),
    };
    shared.positive_spans.clone_from(&positive.spans);
    shared.negative_spans.clone_from(&negative.spans);
    let count = u16::try_from(times.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut out = BitWriter::behind(vec![count[0], count[1], resets.bits() << 6]);
    layout::write(&shared, &mut out);
    let mut rows = histograms.iter().map(|histogram| {
        let mut buckets = Vec::new();
        if !is_stale(histogram.sum) {
            positive.fill(&mut histogram.positive(), &mut buckets);
            let above = buckets.len();
            negative.fill(&mut histogram.negative(), &mut buckets);
            return (histogram.as_ref(), buckets, above);
        }
        (histogram.as_ref(), buckets, 0)
    });
    if float {
        encode_floats(times, &mut rows, &mut out);
    } else {
        encode_wholes(times, &mut rows, &mut out);
    }
    out.finish()
}

/// A histogram, its populations in the shared layout, and how many of them are positive.
type Row<'a> = (&'a Histogram, Vec<f64>, usize);

/// Bucket indexes of one side, as the layout has them.
struct Buckets {
    spans: Vec<BucketSpan>,
    indexes: Vec<i32>,
}

impl Buckets {
    fn union<'a>(
        histograms: &[&'a Histogram],
        side: impl Fn(&'a Histogram) -> (&'a [BucketSpan], Vec<(i32, f64)>),
    ) -> Buckets {
        let same = |histogram: &&'a Histogram| {
            histograms.first().is_some_and(|first| side(first).0 == side(histogram).0)
        };
        if let Some(first) = histograms.first()
            && histograms.iter().all(same)
        {
            let (spans, buckets) = side(first);
            let indexes = buckets.into_iter().map(|(index, _)| index).collect();
            return Buckets { spans: spans.to_vec(), indexes };
        }
        let indexes: BTreeSet<i32> =
            histograms.iter().flat_map(|h| side(h).1).map(|(index, _)| index).collect();
        let mut spans: Vec<BucketSpan> = Vec::new();
        let mut next = 0_i32;
        for (at, index) in indexes.iter().enumerate() {
            match spans.last_mut() {
                Some(span) if *index == next => span.length += 1,
                _ => {
                    let offset = if at == 0 { *index } else { index.wrapping_sub(next) };
                    spans.push(BucketSpan { offset, length: 1 });
                }
            }
            next = index.wrapping_add(1);
        }
        Buckets { spans, indexes: indexes.into_iter().collect() }
    }

    fn fill(&self, from: &mut dyn Iterator<Item = (i32, f64)>, out: &mut Vec<f64>) {
        let mut from = from.peekable();
        out.extend(self.indexes.iter().map(
            |index| match from.next_if(|(found, _)| found == index) {
                Some((_, population)) => population,
                None => 0.0,
            },
        ));
    }
}

fn encode_wholes<'a>(times: &[i64], rows: &mut dyn Iterator<Item = Row<'a>>, out: &mut BitWriter) {
    let (mut time, mut step) = (0_i64, 0_i64);
    let mut sum = Float::default();
    // Count, zero count, buckets; and their last differences.
    let (mut before, mut deltas): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for (at, (now, (histogram, buckets, positive))) in times.iter().zip(rows).enumerate() {
        let stale = is_stale(histogram.sum);
        let totals = if stale { [0.0, 0.0] } else { [histogram.count, histogram.zero_count] };
        let totals = totals.map(|value| value as i64);
        let (above, below) = buckets.split_at(positive.min(buckets.len()));
        let numbers = totals.into_iter().chain(differences(above)).chain(differences(below));
        let numbers: Vec<i64> = numbers.collect();
        if at == 0 {
            out.put_varbit(*now);
            numbers.iter().take(2).for_each(|total| out.put_varbit_unsigned(total.cast_unsigned()));
            out.put(histogram.sum.to_bits(), 64);
            numbers.iter().skip(2).for_each(|bucket| out.put_varbit(*bucket));
            sum = Float::new(histogram.sum);
            deltas = vec![0; numbers.len()];
        } else {
            let delta = now.wrapping_sub(time);
            out.put_varbit(delta.wrapping_sub(step));
            step = delta;
            let mut changes =
                numbers.iter().zip(&before).zip(&mut deltas).map(|((number, before), delta)| {
                    let now = number.wrapping_sub(*before);
                    let change = now.wrapping_sub(*delta);
                    *delta = now;
                    change
                });
            // A marker keeps the differences as they are: only markers follow it.
            for change in changes.by_ref().take(2) {
                out.put_varbit(if stale { 0 } else { change });
            }
            sum.write(histogram.sum, out);
            changes.for_each(|change| out.put_varbit(change));
        }
        time = *now;
        before = numbers;
    }
}

/// Each population minus the one before it.
fn differences(populations: &[f64]) -> impl Iterator<Item = i64> + '_ {
    let mut before = 0_i64;
    populations.iter().map(move |population| {
        let now = *population as i64;
        let difference = now.wrapping_sub(before);
        before = now;
        difference
    })
}

fn encode_floats<'a>(times: &[i64], rows: &mut dyn Iterator<Item = Row<'a>>, out: &mut BitWriter) {
    let (mut time, mut step) = (0_i64, 0_i64);
    // Count, zero count, sum, buckets.
    let mut fields: Vec<Float> = Vec::new();
    for (at, (now, (histogram, buckets, _))) in times.iter().zip(rows).enumerate() {
        let stale = is_stale(histogram.sum);
        let totals = if stale { [0.0, 0.0] } else { [histogram.count, histogram.zero_count] };
        let numbers = totals.into_iter().chain([histogram.sum]).chain(buckets);
        if at == 0 {
            out.put_varbit(*now);
            fields = numbers.map(Float::new).collect();
            fields.iter().for_each(|field| out.put(field.bits, 64));
        } else {
            let delta = now.wrapping_sub(time);
            out.put_varbit(delta.wrapping_sub(step));
            step = delta;
            fields.iter_mut().zip(numbers).for_each(|(field, number)| field.write(number, out));
        }
        time = *now;
    }
}
