//! A histogram while it is computed with: buckets as a list, populations as compensated sums.

use telemetry_core::model::{BucketSpan, CUSTOM_BUCKETS_SCHEMA, CounterReset, Histogram};

use super::bounds::{custom, exponential};
use crate::functions::Sum;

/// Populations by bucket index, ascending.
pub(super) type Buckets = Vec<(i32, Sum)>;

/// A histogram that others are added to.
#[derive(Clone, Debug)]
pub(crate) struct Working {
    pub(super) schema: i32,
    pub(super) bounds: Vec<f64>,
    pub(super) zero_threshold: f64,
    pub(super) zero: Sum,
    pub(super) count: Sum,
    pub(super) sum: Sum,
    pub(super) positive: Buckets,
    pub(super) negative: Buckets,
    pub(crate) counter_reset: CounterReset,
    /// Which of the hints that contradict each other were among what was added.
    pub(super) hints: Hints,
}

/// Hints seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints {
    pub(super) reset: bool,
    pub(super) not_reset: bool,
}

impl From<&Histogram> for Working {
    fn from(histogram: &Histogram) -> Self {
        let sums = |(index, count)| (index, Sum::new(count));
        Working {
            schema: histogram.schema,
            bounds: histogram.custom_bounds.clone(),
            zero_threshold: histogram.zero_threshold,
            zero: Sum::new(histogram.zero_count),
            count: Sum::new(histogram.count),
            sum: Sum::new(histogram.sum),
            positive: histogram.positive().map(sums).collect(),
            negative: histogram.negative().map(sums).collect(),
            counter_reset: histogram.counter_reset,
            hints: Hints {
                reset: histogram.counter_reset == CounterReset::Reset,
                not_reset: histogram.counter_reset == CounterReset::NotReset,
            },
        }
    }
}

impl Working {
    pub(super) fn has_custom_bounds(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Every number is multiplied.
    pub(crate) fn scale(&mut self, factor: f64) {
        self.each(|number| number * factor);
    }

    /// Every number is divided.
    pub(crate) fn divide(&mut self, divisor: f64) {
        self.each(|number| number / divisor);
    }

    /// How many observations there are.
    pub(crate) fn observations(&self) -> f64 {
        self.count.value()
    }

    pub(super) fn each(&mut self, change: impl Fn(f64) -> f64) {
        let buckets = self.positive.iter_mut().chain(&mut self.negative);
        let sums = buckets.map(|(_, sum)| sum);
        for sum in sums.chain([&mut self.zero, &mut self.count, &mut self.sum]) {
            sum.sum = change(sum.sum);
            sum.lost = change(sum.lost);
        }
    }

    /// Whether a population has grown past all floats.
    pub(crate) fn overflows(&self) -> bool {
        self.count.value().is_infinite() || self.sum.value().is_infinite()
    }

    /// The histogram, without buckets that hold nothing.
    pub(crate) fn finish(self) -> Histogram {
        let (positive_spans, positive_buckets) = spans(&self.positive);
        let (negative_spans, negative_buckets) = spans(&self.negative);
        Histogram {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero.value(),
            count: self.count.value(),
            sum: self.sum.value(),
            positive_spans,
            positive_buckets,
            negative_spans,
            negative_buckets,
            custom_bounds: self.bounds,
            counter_reset: self.counter_reset,
        }
    }

    /// Joins buckets until the schema is `schema`, which is coarser.
    pub(crate) fn coarsen(&mut self, schema: i32) {
        let shift = self.schema.saturating_sub(schema).clamp(0, 31);
        if shift == 0 {
            return;
        }
        for buckets in [&mut self.positive, &mut self.negative] {
            *buckets = joined(buckets, |index| ((index - 1) >> shift) + 1);
        }
        self.schema = schema;
    }

    /// Joins custom buckets until only `bounds`, which are among the present ones, are left.
    pub(super) fn rebound(&mut self, bounds: &[f64]) {
        if self.bounds == bounds {
            return;
        }
        let old = std::mem::replace(&mut self.bounds, bounds.to_vec());
        self.positive = joined(&self.positive, |index| {
            let upper = custom(index, &old);
            let at = bounds.partition_point(|bound| *bound < upper);
            i32::try_from(at).unwrap_or(i32::MAX)
        });
    }

    /// Widens the zero bucket to `threshold`, or past it where that lies inside a populated bucket.
    pub(super) fn widen_zero(&mut self, threshold: f64) {
        let mut threshold = threshold;
        loop {
            let inside = |(index, sum): &(i32, Sum)| {
                let (low, high) =
                    (exponential(index - 1, self.schema), exponential(*index, self.schema));
                (low < threshold && high > threshold && sum.value() != 0.0).then_some(high)
            };
            let mut cut = self.positive.iter().chain(&self.negative).filter_map(inside);
            match cut.next() {
                Some(further) => threshold = further,
                None => break,
            }
        }
        let schema = self.schema;
        for buckets in [&mut self.positive, &mut self.negative] {
            let zero = &mut self.zero;
            buckets.retain(|(index, sum)| {
                let swallowed = exponential(index - 1, schema) < threshold;
                if swallowed {
                    zero.add(sum.value());
                }
                !swallowed
            });
        }
        self.zero_threshold = threshold;
    }
}

fn joined(buckets: &Buckets, place: impl Fn(i32) -> i32) -> Buckets {
    let mut joined: Buckets = Vec::with_capacity(buckets.len());
    for (index, sum) in buckets {
        let index = place(*index);
        match joined.last_mut() {
            Some((last, total)) if *last == index => total.add(sum.value()),
            _ => joined.push((index, *sum)),
        }
    }
    joined
}

fn spans(buckets: &Buckets) -> (Vec<BucketSpan>, Vec<f64>) {
    let mut spans: Vec<BucketSpan> = Vec::new();
    let mut counts = Vec::new();
    let mut next = 0;
    for (index, sum) in buckets {
        let count = sum.value();
        if count == 0.0 {
            continue;
        }
        match spans.last_mut() {
            Some(span) if next == *index => span.length += 1,
            _ => spans.push(BucketSpan { offset: index.wrapping_sub(next), length: 1 }),
        }
        counts.push(count);
        next = index.wrapping_add(1);
    }
    (spans, counts)
}
