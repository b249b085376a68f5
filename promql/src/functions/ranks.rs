//! Quantiles of windows that slide.
//!
//! ~~~text
//! values of the series   7   3   9   1   5          sorted once: 1 3 5 7 9
//! ranks                  3   1   4   0   2
//! window of the last 3           └───────┘  bitmap over ranks: 1 0 1 0 1
//!                                                              below ↑ cursor
//! ~~~
//!
//! The whole series is sorted once. The window is a bitmap over ranks; a cursor stands at the value
//! that was asked for last, and knows how many lie below it. A sample that comes or goes flips one bit;
//! then the cursor walks, word by word, to where it is wanted now. Windows that hardly overlap are
//! not worth the sorting: of each the wanted value is selected.

use super::quantile::quantile;
use super::range::RowInput;
use super::select;
use crate::eval::{EvaluationError, Note, Row};

/// Windows slide where each sample is in more of them than this: about what sorting costs.
const OVERLAP: usize = 4;

const BITS: usize = u64::BITS as usize;

/// The quantile of each window; which one is the parameter.
pub(super) fn row(input: &mut RowInput<'_>, out: &mut Row) -> Result<(), EvaluationError> {
    let parameters = input.parameters;
    let phi = |step: usize| parameters.first().map_or(f64::NAN, |phi| phi.at(step));
    let valid = |phi: f64| (0.0..=1.0).contains(&phi);
    let slides = input.overlap() > OVERLAP && input.longest() > 8;
    out.presence.clone_from(&input.windows.populated);
    let bounds = input.windows.low.iter().zip(&input.windows.high).enumerate();
    let values = input.values;
    let mut window = slides.then(|| RankWindow::new(values));
    for (step, (low, high)) in bounds {
        let (low, high, phi) = (*low as usize, *high as usize, phi(step));
        if low == high {
            continue;
        }
        if !valid(phi) {
            input.remarks.add_on_parameter(Note::InvalidQuantile(phi.into()));
        }
        out.floats[step] = match &mut window {
            Some(window) if valid(phi) => {
                input.pace.spend(window.slide(low, high))?;
                let (at, weight) = place(phi, high - low);
                let value = window.value(at);
                let next = if at + 1 < high - low { window.next_value() } else { value };
                value * (1.0 - weight) + next * weight
            }
            _ => {
                input.pace.spend(high - low)?;
                quantile(phi, &values[low..high])
            }
        };
    }
    Ok(())
}

/// Between which of `count` sorted values a quantile lies: the lower one, and how far behind it.
pub(super) fn place(phi: f64, count: usize) -> (usize, f64) {
    let last = count - 1;
    let rank = phi * last as f64;
    ((rank.floor() as usize).min(last), rank - rank.floor())
}

/// Some samples of a series, by rank.
struct RankWindow {
    /// The values of the series, sorted, NaN in front.
    sorted: Vec<f64>,
    /// The rank of each sample.
    ranks: Vec<u32>,
    /// Which ranks are in the window.
    inside: Vec<u64>,
    /// The window as indexes of samples.
    low: usize,
    high: usize,
    /// The word that the cursor stands before, and how many ranks before it are in the window.
    word: usize,
    below: usize,
    /// The rank found last.
    found: usize,
}

impl RankWindow {
    fn new(values: &[f64]) -> Self {
        let mut order: Vec<(u64, u32)> =
            (0..).zip(values).map(|(at, value)| (select::key(*value), at)).collect();
        order.sort_unstable();
        let mut ranks = vec![0; values.len()];
        for (rank, (_, at)) in (0..).zip(&order) {
            ranks[*at as usize] = rank;
        }
        let sorted = order.iter().map(|(_, at)| values[*at as usize]).collect();
        let inside = vec![0; values.len().div_ceil(BITS)];
        RankWindow { sorted, ranks, inside, low: 0, high: 0, word: 0, below: 0, found: 0 }
    }

    /// Makes `low..high` the window; how many samples came and went.
    fn slide(&mut self, low: usize, high: usize) -> usize {
        // A window that shares nothing with the one before starts anew.
        if low >= self.high {
            for at in self.low..self.high {
                self.flip(at, false);
            }
            (self.low, self.high) = (low, low);
        }
        let moved = (low - self.low) + (high - self.high);
        for at in self.low..low {
            self.flip(at, false);
        }
        for at in self.high..high {
            self.flip(at, true);
        }
        (self.low, self.high) = (low, high);
        moved
    }

    #[inline]
    fn flip(&mut self, at: usize, comes: bool) {
        let rank = self.ranks[at] as usize;
        self.inside[rank / BITS] ^= 1 << (rank % BITS);
        let before = usize::from(rank / BITS < self.word);
        self.below = if comes { self.below + before } else { self.below - before };
    }

    /// The value with `wanted` others before it; there are more than that.
    fn value(&mut self, wanted: usize) -> f64 {
        while self.below > wanted {
            self.word -= 1;
            self.below -= self.inside[self.word].count_ones() as usize;
        }
        loop {
            let here = self.inside[self.word].count_ones() as usize;
            if self.below + here > wanted {
                break;
            }
            self.below += here;
            self.word += 1;
        }
        let mut bits = self.inside[self.word];
        for _ in self.below..wanted {
            bits &= bits - 1;
        }
        self.found = self.word * BITS + bits.trailing_zeros() as usize;
        self.sorted[self.found]
    }

    /// The next greater value of the window after the one found last, which is there.
    fn next_value(&self) -> f64 {
        let (mut word, bit) = (self.found / BITS, self.found % BITS);
        let mut bits = self.inside[word] & (u64::MAX << bit << 1);
        while bits == 0 {
            word += 1;
            bits = self.inside[word];
        }
        self.sorted[word * BITS + bits.trailing_zeros() as usize]
    }
}
