//! Sums, differences and multiples of histograms.

use std::cmp::Ordering;

use telemetry_core::model::{CounterReset, Histogram};

use super::working::{Buckets, Working};

/// Exponential and custom buckets were to be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incompatible;

/// What joining two histograms has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Joined {
    /// Custom bounds differed; only those in common are left.
    pub(crate) reconciled: bool,
    /// One is known to be reset, the other one not to be.
    pub(crate) collision: bool,
}

impl Working {
    /// Adds `other`, or takes it away.
    pub(crate) fn add(
        &mut self,
        other: &Histogram,
        subtract: bool,
    ) -> Result<Joined, Incompatible> {
        let mut other = Working::from(other);
        if subtract {
            other.scale(-1.0);
        }
        self.join(other)
    }

    /// Adds what was added up elsewhere.
    pub(crate) fn join(&mut self, mut other: Working) -> Result<Joined, Incompatible> {
        if self.has_custom_bounds() != other.has_custom_bounds() {
            return Err(Incompatible);
        }
        let collision = self.join_hints(&other);
        let reconciled = self.has_custom_bounds() && self.bounds != other.bounds;
        if reconciled {
            let common = common_bounds(&self.bounds, &other.bounds);
            self.rebound(&common);
            other.rebound(&common);
        }
        if !self.has_custom_bounds() {
            // Bounds can move past the threshold wanted, so each side may have to follow the other.
            while self.zero_threshold != other.zero_threshold {
                match self.zero_threshold.total_cmp(&other.zero_threshold) {
                    Ordering::Less => self.widen_zero(other.zero_threshold),
                    _ => other.widen_zero(self.zero_threshold),
                }
            }
            let schema = self.schema.min(other.schema);
            self.coarsen(schema);
            other.coarsen(schema);
        }
        for (mine, theirs) in [
            (&mut self.zero, other.zero),
            (&mut self.count, other.count),
            (&mut self.sum, other.sum),
        ] {
            mine.add(theirs.value());
        }
        self.positive = merged(&self.positive, &other.positive);
        self.negative = merged(&self.negative, &other.negative);
        Ok(Joined { reconciled, collision })
    }

    /// Takes over what is known of resets. True if something known contradicts, now or before.
    fn join_hints(&mut self, other: &Working) -> bool {
        self.counter_reset = match (self.counter_reset, other.counter_reset) {
            (mine, other) if mine == other => mine,
            (CounterReset::Gauge, _) | (_, CounterReset::Gauge) => CounterReset::Gauge,
            _ => CounterReset::Unknown,
        };
        self.hints.reset |= other.hints.reset;
        self.hints.not_reset |= other.hints.not_reset;
        self.hints.reset && self.hints.not_reset
    }
}

/// The bounds that both lists have; ascending, as they are.
pub(super) fn common_bounds(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().copied().filter(|bound| b.contains(bound)).collect()
}

fn merged(a: &Buckets, b: &Buckets) -> Buckets {
    let mut merged = Buckets::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return merged,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((x, _)), Some((y, _))) => x.cmp(y),
        };
        match order {
            Ordering::Less => merged.extend(a.next()),
            Ordering::Greater => merged.extend(b.next()),
            Ordering::Equal => {
                if let (Some((index, sum)), Some((_, more))) = (a.next(), b.next()) {
                    let mut sum = *sum;
                    sum.add(more.value());
                    merged.push((*index, sum));
                }
            }
        }
    }
}

/// Every number of a histogram multiplied. A negative one is no counter any more.
pub(crate) fn scaled(histogram: &Histogram, factor: f64) -> Histogram {
    let mut working = Working::from(histogram);
    working.scale(factor);
    if factor < 0.0 {
        working.counter_reset = CounterReset::Gauge;
    }
    working.finish()
}

/// Every number of a histogram divided. By zero, buckets make no sense.
pub(crate) fn divided(histogram: &Histogram, divisor: f64) -> Histogram {
    let mut working = Working::from(histogram);
    working.each(|number| number / divisor);
    if divisor == 0.0 {
        working.positive.clear();
        working.negative.clear();
        for sum in [&mut working.zero, &mut working.count, &mut working.sum] {
            sum.lost = 0.0;
        }
    } else if divisor < 0.0 {
        working.counter_reset = CounterReset::Gauge;
    }
    working.finish()
}

/// Whether two histograms are the same, however their buckets are laid out.
pub(crate) fn equal(a: &Histogram, b: &Histogram) -> bool {
    let same = |x: f64, y: f64| x.to_bits() == y.to_bits() || x == y;
    let buckets = |x: &Histogram, y: &Histogram| {
        let populated = |(_, count): &(i32, f64)| *count != 0.0;
        x.positive().filter(populated).eq(y.positive().filter(populated))
            && x.negative().filter(populated).eq(y.negative().filter(populated))
    };
    a.schema == b.schema
        && same(a.count, b.count)
        && same(a.sum, b.sum)
        && same(a.zero_threshold, b.zero_threshold)
        && same(a.zero_count, b.zero_count)
        && a.custom_bounds == b.custom_bounds
        && buckets(a, b)
}
