//! Windows that slide over a column without looking at every sample again.
//!
//! * Sums: where every value is a multiple of a power of two and the sums are small enough to be
//!   exact, a window's sum is the difference of two sums from the start. Then order and compensation
//!   do not matter: the result is the same to the last bit.
//! * Least and greatest values: a queue of two stacks. The older part of the window is known from each
//!   of its samples to its end, the newer part as a whole; when the older part is used up, all of the
//!   window becomes the older part. Each sample is looked at twice, however long the windows are.

/// Values are multiples of 1 / this where sums from the start are used.
const DENOMINATOR: f64 = 1024.0;

/// Sums below this, counted in 1 / [`DENOMINATOR`], are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The sums of `values` from the start, one more than there are values; none where they would not be
/// exact.
pub(super) fn exact_sums(values: &[f64]) -> Option<Vec<f64>> {
    let mut size = 0.0;
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    let mut whole = true;
    for value in values {
        let scaled = value * DENOMINATOR;
        // A NaN is unequal to itself; infinity makes the size too large.
        whole &= scaled.trunc() == scaled;
        size += scaled.abs();
        sum += value;
        sums.push(sum);
    }
    (whole && size < EXACT).then_some(sums)
}

/// The greatest or least value of windows whose ends only move forward.
pub(super) struct Extremes<'a> {
    values: &'a [f64],
    better: fn(f64, f64) -> f64,
    /// For samples of the older part: the extreme from there to `middle`.
    from: Vec<f64>,
    /// Where the newer part starts.
    middle: usize,
    /// The extreme of the newer part.
    newer: f64,
    high: usize,
}

impl<'a> Extremes<'a> {
    /// `better` chooses between two values; NaN is no choice.
    pub(super) fn new(values: &'a [f64], better: fn(f64, f64) -> f64) -> Self {
        let from = vec![f64::NAN; values.len()];
        Extremes { values, better, from, middle: 0, newer: f64::NAN, high: 0 }
    }

    /// The extreme of `low..high`, which is not empty and starts and ends no earlier than the window
    /// before.
    pub(super) fn window(&mut self, low: usize, high: usize) -> f64 {
        let better = self.better;
        for value in &self.values[self.high.min(high)..high] {
            self.newer = better(self.newer, *value);
        }
        self.high = self.high.max(high);
        if low >= self.middle {
            let mut best = f64::NAN;
            for at in (low..high).rev() {
                best = better(best, self.values[at]);
                self.from[at] = best;
            }
            self.middle = high;
            self.newer = f64::NAN;
            return best;
        }
        better(self.from[low], self.newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_sums_are_used() {
        assert_eq!(exact_sums(&[1.0, 0.5, -3.0]), Some(vec![0.0, 1.0, 1.5, -1.5]));
        for values in [&[0.1][..], &[f64::NAN], &[f64::INFINITY], &[1e300], &[1e13, 1e-5]] {
            assert_eq!(exact_sums(values), None, "{values:?}");
        }
    }

    #[test]
    fn sliding_extremes_equal_those_of_each_window() {
        let values: Vec<f64> = (0..300_u64)
            .map(|i| match i.wrapping_mul(2_654_435_761) % 101 {
                0 => f64::NAN,
                other => other as f64,
            })
            .collect();
        for width in [1, 2, 7, 40, 299] {
            let mut greatest = Extremes::new(&values, f64::max);
            let mut least = Extremes::new(&values, f64::min);
            for high in 1..=values.len() {
                let low = high.saturating_sub(width) / 3 * 3;
                let inside = &values[low..high];
                let expected = inside.iter().copied().fold(f64::NAN, f64::max);
                let found = greatest.window(low, high);
                assert!(found == expected || (found.is_nan() && expected.is_nan()));
                let expected = inside.iter().copied().fold(f64::NAN, f64::min);
                let found = least.window(low, high);
                assert!(found == expected || (found.is_nan() && expected.is_nan()));
            }
        }
    }
}
