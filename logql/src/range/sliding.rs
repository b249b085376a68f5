//! Windows that overlap: what one window has found helps with the next.
//!
//! ~~~text
//! samples   3 1 4 1 5 9 2 6
//! window 1  [3 1 4 1]         quantile: sorted 1 1 3 4
//! window 2      [4 1 5 9]     3 and 1 go, 5 and 9 come: 1 4 5 9, each found by halving
//! ~~~
//!
//! Least and greatest values keep a queue of those that may still become it. Sums and what is made
//! of them are added up anew for each window: taking values away again would change last digits.

use super::{Sample, Window, quantile, value};
use crate::ast::RangeOp;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::Range;

/// The share of a window that may change before it is sorted anew.
const CHANGED_MAX: usize = 32;

/// The windows of one series, by rising time.
#[derive(Debug)]
pub(crate) struct Sliding {
    op: RangeOp,
    parameter: f64,
    /// Whether windows have samples in common.
    overlap: bool,
    /// The samples that the window before had.
    held: Range<usize>,
    sorted: Vec<f64>,
    /// Samples that no later one of the window outdoes, by number.
    queue: VecDeque<usize>,
}

impl Sliding {
    pub(crate) fn new(op: RangeOp, parameter: f64, overlap: bool) -> Self {
        let (held, sorted, queue) = (0..0, Vec::new(), VecDeque::new());
        Sliding { op, parameter, overlap, held, sorted, queue }
    }

    /// The value of the window that has the samples of `numbers`, never none. Neither end of a
    /// window lies before that of the window before.
    pub(crate) fn value(
        &mut self,
        samples: &[Sample],
        numbers: Range<usize>,
        end: i64,
        range_ns: i64,
    ) -> f64 {
        match self.op {
            RangeOp::Quantile if self.overlap => {
                self.sort(samples, numbers);
                quantile::of_sorted(self.parameter, &self.sorted)
            }
            RangeOp::Quantile => {
                self.sorted.clear();
                let window = samples.get(numbers).unwrap_or_default();
                self.sorted.extend(window.iter().map(|(_, value)| *value));
                quantile::of(self.parameter, &mut self.sorted)
            }
            RangeOp::Min if self.overlap => self.extreme(samples, numbers, |a, b| a < b),
            RangeOp::Max if self.overlap => self.extreme(samples, numbers, |a, b| a > b),
            op => {
                let samples = samples.get(numbers).unwrap_or_default();
                value(op, Window { samples, end, range_ns })
            }
        }
    }

    fn sort(&mut self, samples: &[Sample], numbers: Range<usize>) {
        let held = std::mem::replace(&mut self.held, numbers.clone());
        let kept = numbers.start.max(held.start)..numbers.end.min(held.end);
        let changed = (held.len() + numbers.len()).saturating_sub(2 * kept.len());
        let of = |numbers: Range<usize>| {
            samples.get(numbers).unwrap_or_default().iter().map(|(_, value)| *value)
        };
        if changed > self.sorted.len() / CHANGED_MAX {
            self.sorted.clear();
            self.sorted.extend(of(numbers));
            self.sorted.sort_unstable_by(quantile::order);
            return;
        }
        for gone in of(held.start..kept.start) {
            if let Ok(at) = self.sorted.binary_search_by(|value| quantile::order(value, &gone)) {
                self.sorted.remove(at);
            }
        }
        for come in of(kept.end..numbers.end) {
            let at =
                self.sorted.partition_point(|v| quantile::order(v, &come) != Ordering::Greater);
            self.sorted.insert(at, come);
        }
    }

    fn extreme(
        &mut self,
        samples: &[Sample],
        numbers: Range<usize>,
        better: impl Fn(f64, f64) -> bool,
    ) -> f64 {
        let at = |number: usize| samples.get(number).map_or(f64::NAN, |(_, value)| *value);
        for number in self.held.end.max(numbers.start)..numbers.end {
            let value = at(number);
            if value.is_nan() {
                continue;
            }
            while self.queue.back().is_some_and(|last| better(value, at(*last))) {
                self.queue.pop_back();
            }
            self.queue.push_back(number);
        }
        while self.queue.front().is_some_and(|first| *first < numbers.start) {
            self.queue.pop_front();
        }
        self.held = numbers;
        // Where nothing is left, every value is NaN.
        self.queue.front().map_or(f64::NAN, |first| at(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn windows_that_overlap_equal_windows_alone(
            values in prop::collection::vec(
                prop_oneof![4 => -5_i32..5, 1 => Just(i32::MAX)], 1..200),
            length in 1_usize..100,
            step in 1_usize..20,
            q in -0.2_f64..1.2,
        ) {
            let value_of = |v: &i32| if *v == i32::MAX { f64::NAN } else { f64::from(*v) };
            let samples: Vec<Sample> =
                values.iter().enumerate().map(|(at, v)| (at as i64, value_of(v))).collect();
            for op in [RangeOp::Quantile, RangeOp::Min, RangeOp::Max, RangeOp::Sum] {
                let mut sliding = Sliding::new(op, q, true);
                for end in (1..=samples.len()).step_by(step) {
                    let numbers = end.saturating_sub(length)..end;
                    let found = sliding.value(&samples, numbers.clone(), 0, 1);
                    let alone = Sliding::new(op, q, false).value(&samples, numbers, 0, 1);
                    prop_assert!(found == alone || found.is_nan() && alone.is_nan());
                }
            }
        }
    }
}
