//! Sums that do not lose small terms: Kahan's algorithm as Neumaier improved it.
//!
//! Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen"
//! (1974). As in Prometheus an infinite sum has no compensation.

/// A sum and what rounding has lost of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    pub(crate) sum: f64,
    pub(crate) lost: f64,
}

impl Default for Sum {
    fn default() -> Self {
        Sum { sum: 0.0, lost: 0.0 }
    }
}

impl Sum {
    pub(crate) fn new(first: f64) -> Self {
        Sum { sum: first, lost: 0.0 }
    }

    #[inline]
    pub(crate) fn add(&mut self, term: f64) {
        let total = self.sum + term;
        // Both forms are computed and one is chosen, so that loops over columns vectorise.
        let from_sum = (self.sum - total) + term;
        let from_term = (term - total) + self.sum;
        let lost = if self.sum.abs() >= term.abs() { from_sum } else { from_term };
        self.lost = if total.is_infinite() { 0.0 } else { self.lost + lost };
        self.sum = total;
    }

    #[inline]
    pub(crate) fn value(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }
}

/// The sum of `values` after `first`; none if it is not finite: then the order decides what it is.
///
/// The error of each addition is found without comparing, by D. E. Knuth's form; it is exact as
/// Neumaier's is, so it is the same.
#[inline]
fn finite_sum(first: f64, values: &[f64]) -> Option<Sum> {
    let (mut sum, mut lost) = (first, 0.0);
    for value in values {
        let total = sum + value;
        let part = total - sum;
        lost += (sum - (total - part)) + (value - part);
        sum = total;
    }
    sum.is_finite().then_some(Sum { sum, lost })
}

/// The sum of `values`; zero of none.
#[inline]
pub(crate) fn sum(values: &[f64]) -> f64 {
    if let Some(total) = finite_sum(0.0, values) {
        return total.value();
    }
    let mut total = Sum::default();
    values.iter().for_each(|value| total.add(*value));
    total.value()
}

/// A mean that switches to an incremental form where the sum would overflow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mean {
    /// The sum, or where that would overflow the mean.
    pub(crate) sum: Sum,
    pub(crate) count: f64,
    pub(crate) incremental: bool,
}

impl Mean {
    pub(crate) fn new(first: f64) -> Self {
        Mean { sum: Sum::new(first), count: 1.0, incremental: false }
    }

    #[inline]
    pub(crate) fn add(&mut self, term: f64) {
        self.count += 1.0;
        if !self.incremental {
            let mut next = self.sum;
            next.add(term);
            if !next.sum.is_infinite() {
                self.sum = next;
                return;
            }
            // From here on `sum` is the mean.
            self.incremental = true;
            self.sum.sum /= self.count - 1.0;
            self.sum.lost /= self.count - 1.0;
        }
        let share = (self.count - 1.0) / self.count;
        let mut next = Sum { sum: share * self.sum.sum, lost: share * self.sum.lost };
        next.add(term / self.count);
        self.sum = next;
    }

    /// Takes in the values of another mean.
    pub(crate) fn join(&mut self, other: &Mean) {
        let count = self.count + other.count;
        if !self.incremental && !other.incremental {
            let mut sum = self.sum;
            sum.add(other.sum.sum);
            sum.lost += other.sum.lost;
            if !sum.sum.is_infinite() {
                (self.sum, self.count) = (sum, count);
                return;
            }
        }
        let (mine, theirs) = (self.value(), other.value());
        let mut sum = Sum::new(mine * (self.count / count));
        sum.add(theirs * (other.count / count));
        *self = Mean { sum, count, incremental: true };
    }

    #[inline]
    pub(crate) fn value(self) -> f64 {
        if self.incremental {
            self.sum.sum + self.sum.lost
        } else {
            self.sum.sum / self.count + self.sum.lost / self.count
        }
    }
}

/// The mean of `values`, of which there is at least one.
#[inline]
pub(crate) fn mean(values: &[f64]) -> f64 {
    let Some((first, rest)) = values.split_first() else { return f64::NAN };
    if let Some(Sum { sum, lost }) = finite_sum(*first, rest) {
        let count = values.len() as f64;
        return sum / count + lost / count;
    }
    let mut mean = Mean::new(*first);
    rest.iter().for_each(|value| mean.add(*value));
    mean.value()
}

/// The population variance of `values`, by Welford's algorithm on compensated sums.
pub(crate) fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (Sum::default(), Sum::default());
    let mut count = 0.0;
    for value in values {
        count += 1.0;
        let delta = value - (mean.sum + mean.lost);
        mean.add(delta / count);
        squares.add(delta * (value - (mean.sum + mean.lost)));
    }
    (squares.sum + squares.lost) / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_large_ones() {
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum(&[5e-324, 1e308, -1e308]), 5e-324);
        assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }

    #[test]
    fn a_mean_of_large_values_does_not_overflow() {
        assert!((mean(&[f64::MAX; 3]) / f64::MAX - 1.0).abs() < 1e-15);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(mean(&[f64::INFINITY, 1.0]), f64::INFINITY);
    }

    #[test]
    fn the_variance_of_equal_values_is_nothing() {
        assert_eq!(variance(&[1.33; 7]), 0.0);
        assert_eq!(variance(&[1.0, 2.0, 3.0, 4.0]), 1.25);
    }
}
