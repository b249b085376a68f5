//! Sums and means of many rows: a column per term, one entry per step, so that a row of floats is
//! added in loops that vectorise.

use telemetry_core::vector::Presence;

use crate::functions::{Mean, Sum};

/// Steps whose presence is one word.
const WORD: usize = 64;

/// Compensated sums.
pub(super) struct SumColumn {
    sums: Vec<f64>,
    lost: Vec<f64>,
}

/// Compensated means.
pub(super) struct MeanColumn {
    total: SumColumn,
    counts: Vec<f64>,
    /// Steps whose sum would be infinite: there the sum is the mean so far.
    incremental: Presence,
}

impl SumColumn {
    pub(super) fn new(steps: usize) -> Self {
        SumColumn { sums: vec![0.0; steps], lost: vec![0.0; steps] }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, presence: &Presence, values: &[f64]) {
        for (at, word) in presence.words().iter().enumerate() {
            let first = at * WORD;
            if *word == u64::MAX {
                let range = first..first + WORD;
                let sums = &mut self.sums[range.clone()];
                let lost = &mut self.lost[range.clone()];
                for ((sum, lost), value) in sums.iter_mut().zip(lost).zip(&values[range]) {
                    let mut total = Sum { sum: *sum, lost: *lost };
                    total.add(*value);
                    (*sum, *lost) = (total.sum, total.lost);
                }
                continue;
            }
            for step in bits(first, *word) {
                let mut total = self.get(step);
                total.add(values[step]);
                self.set(step, total);
            }
        }
    }

    /// Adds the sums of later rows at `later`.
    pub(super) fn join(&mut self, later: &Presence, other: &SumColumn) {
        for step in later {
            let mut total = self.get(step);
            total.add(other.sums[step]);
            total.lost += other.lost[step];
            self.set(step, total);
        }
    }

    pub(super) fn finish(self) -> Vec<f64> {
        let mut sums = self.sums;
        sums.iter_mut().zip(&self.lost).for_each(|(sum, lost)| *sum += lost);
        sums
    }

    fn get(&self, step: usize) -> Sum {
        Sum { sum: self.sums[step], lost: self.lost[step] }
    }

    fn set(&mut self, step: usize, total: Sum) {
        (self.sums[step], self.lost[step]) = (total.sum, total.lost);
    }
}

impl MeanColumn {
    pub(super) fn new(steps: usize) -> Self {
        let total = SumColumn::new(steps);
        MeanColumn { total, counts: vec![0.0; steps], incremental: Presence::none(steps) }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, presence: &Presence, values: &[f64]) {
        for (at, word) in presence.words().iter().enumerate() {
            let first = at * WORD;
            if *word == u64::MAX && self.add_word(at, &values[first..first + WORD]) {
                continue;
            }
            for step in bits(first, *word) {
                self.add_one(step, values[step]);
            }
        }
    }

    /// Adds 64 values, if none of the sums becomes infinite; a sum that starts at zero is its first
    /// value then.
    fn add_word(&mut self, word: usize, values: &[f64]) -> bool {
        let range = word * WORD..(word + 1) * WORD;
        if self.incremental.words().get(word) != Some(&0) {
            return false;
        }
        let sums = &self.total.sums[range.clone()];
        let overflows = sums
            .iter()
            .zip(values)
            .fold(false, |any, (sum, value)| any | (sum + value).is_infinite());
        if overflows {
            return false;
        }
        let sums = &mut self.total.sums[range.clone()];
        let lost = &mut self.total.lost[range.clone()];
        for ((sum, lost), value) in sums.iter_mut().zip(lost).zip(values) {
            let mut total = Sum { sum: *sum, lost: *lost };
            total.add(*value);
            (*sum, *lost) = (total.sum, total.lost);
        }
        self.counts[range].iter_mut().for_each(|count| *count += 1.0);
        true
    }

    fn add_one(&mut self, step: usize, value: f64) {
        let mean = match self.counts[step] > 0.0 {
            true => {
                let mut mean = self.get(step);
                mean.add(value);
                mean
            }
            false => Mean::new(value),
        };
        self.set(step, mean);
    }

    /// Takes in the means of later rows at `later`.
    pub(super) fn join(&mut self, later: &Presence, other: &MeanColumn) {
        for step in later {
            let mean = match self.counts[step] > 0.0 {
                true => {
                    let mut mean = self.get(step);
                    mean.join(&other.get(step));
                    mean
                }
                false => other.get(step),
            };
            self.set(step, mean);
        }
    }

    pub(super) fn finish(self) -> Vec<f64> {
        (0..self.counts.len()).map(|step| self.get(step).value()).collect()
    }

    fn get(&self, step: usize) -> Mean {
        Mean {
            sum: self.total.get(step),
            count: self.counts[step],
            incremental: self.incremental.contains(step),
        }
    }

    fn set(&mut self, step: usize, mean: Mean) {
        self.total.set(step, mean.sum);
        self.counts[step] = mean.count;
        if mean.incremental {
            self.incremental.insert(step);
        }
    }
}

/// The steps of a word of a presence bitmap.
fn bits(first: usize, mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let step = first + word.trailing_zeros() as usize;
            word &= word - 1;
            step
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_what_single_sums_and_means_give() {
        let steps = 150;
        let value = |row: usize, step: usize| match (row * 31 + step * 7) % 97 {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::MAX,
            3 => -0.0,
            other => other as f64 * 1.1,
        };
        let (mut sums, mut means) = (SumColumn::new(steps), MeanColumn::new(steps));
        let mut expected: Vec<(Sum, Option<Mean>)> = vec![(Sum::default(), None); steps];
        for row in 0..40 {
            let values: Vec<f64> = (0..steps).map(|step| value(row, step)).collect();
            let mut presence = Presence::all(steps);
            if row % 3 == 0 {
                (0..steps).step_by(row % 7 + 1).for_each(|step| presence.remove(step));
            }
            sums.add(&presence, &values);
            means.add(&presence, &values);
            for step in &presence {
                let (sum, mean) = &mut expected[step];
                sum.add(values[step]);
                match mean {
                    Some(mean) => mean.add(values[step]),
                    None => *mean = Some(Mean::new(values[step])),
                }
            }
        }
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        let found = sums.finish().into_iter().zip(means.finish());
        for ((sum, mean), (wanted_sum, wanted_mean)) in found.zip(expected) {
            assert!(same(sum, wanted_sum.sum + wanted_sum.lost));
            assert!(wanted_mean.is_none_or(|wanted| same(mean, wanted.value())));
        }
    }
}
