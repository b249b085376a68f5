//! The k first of many values, as a heap keeps them.
//!
//! Which of equal values are kept, and in which order they come, is not defined by the language; here
//! it is what Prometheus' heap does.

use std::cmp::Ordering;

/// A value and the row it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) value: f64,
    pub(super) row: usize,
}

/// The k best candidates so far; the worst of them is at the root.
#[derive(Debug)]
pub(super) struct Top {
    heap: Vec<Candidate>,
    /// Whether the greatest values are best, or the least.
    greatest: bool,
}

impl Top {
    pub(super) fn new(greatest: bool) -> Self {
        Top { heap: Vec::new(), greatest }
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
    }

    /// Whether `a` is worse than `b`; NaN is the worst.
    fn worse(&self, a: f64, b: f64) -> bool {
        a.is_nan() || if self.greatest { a < b } else { a > b }
    }

    pub(super) fn offer(&mut self, candidate: Candidate, k: usize) {
        if self.heap.len() < k {
            self.heap.push(candidate);
            self.rise(self.heap.len() - 1);
            return;
        }
        let Some(worst) = self.heap.first() else { return };
        let worst = worst.value;
        let better = if self.greatest { worst < candidate.value } else { worst > candidate.value };
        if better || (worst.is_nan() && !candidate.value.is_nan()) {
            self.heap[0] = candidate;
            self.sink();
        }
    }

    fn rise(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.worse(self.heap[at].value, self.heap[parent].value) {
                break;
            }
            self.heap.swap(at, parent);
            at = parent;
        }
    }

    fn sink(&mut self) {
        let mut at = 0;
        loop {
            let left = 2 * at + 1;
            if left >= self.heap.len() {
                break;
            }
            let right = left + 1;
            let right_first = right < self.heap.len()
                && self.worse(self.heap[right].value, self.heap[left].value);
            let child = if right_first { right } else { left };
            if !self.worse(self.heap[child].value, self.heap[at].value) {
                break;
            }
            self.heap.swap(at, child);
            at = child;
        }
    }

    /// The candidates, the best first.
    pub(super) fn sorted(&mut self) -> &[Candidate] {
        let greatest = self.greatest;
        self.heap.sort_by(|a, b| {
            let order = if greatest {
                b.value.partial_cmp(&a.value)
            } else {
                a.value.partial_cmp(&b.value)
            };
            order.unwrap_or_else(|| match (a.value.is_nan(), b.value.is_nan()) {
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                _ => Ordering::Equal,
            })
        });
        &self.heap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(values: &[f64], k: usize, greatest: bool) -> Vec<usize> {
        let mut top = Top::new(greatest);
        for (row, value) in values.iter().enumerate() {
            top.offer(Candidate { value: *value, row }, k);
        }
        top.sorted().iter().map(|candidate| candidate.row).collect()
    }

    #[test]
    fn the_best_come_first_and_nan_last() {
        let values = [3.0, f64::NAN, 1.0, 2.0, 5.0, 4.0];
        assert_eq!(top(&values, 3, true), [4, 5, 0]);
        assert_eq!(top(&values, 3, false), [2, 3, 0]);
        assert_eq!(top(&values, 10, true), [4, 5, 0, 3, 2, 1]);
        assert!(top(&values, 0, true).is_empty());
    }
}
