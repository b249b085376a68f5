//! The times at which an expression is evaluated.

use super::EvaluationError;

/// Times at equal distances: `start`, `start + step`, …, `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The first time, in milliseconds.
    pub(crate) start: i64,
    /// Their distance in milliseconds; positive.
    pub(crate) step: i64,
    /// How many there are.
    pub(crate) count: usize,
}

impl Grid {
    /// One time.
    pub(crate) fn instant(time: i64) -> Self {
        Grid { start: time, step: 1, count: 1 }
    }

    /// The times from `start` to `end`, both included if they are hit.
    pub(crate) fn range(start: i64, end: i64, step: i64) -> Result<Self, EvaluationError> {
        let bad = || EvaluationError::Range { start, end, step };
        if step <= 0 || end < start {
            return Err(bad());
        }
        let length = end.checked_sub(start).ok_or_else(bad)?;
        let count = usize::try_from(length / step).map_err(|_| bad())?.saturating_add(1);
        Ok(Grid { start, step, count })
    }

    /// The multiples of `step` in the left-open range that ends at `end`: what a sub-query looks at.
    /// None at all where none falls into it.
    pub(crate) fn multiples(after: i64, end: i64, step: i64) -> Self {
        let step = step.max(1);
        let start = after.div_euclid(step).saturating_add(1).saturating_mul(step);
        let length = end.saturating_sub(start);
        let count = if start > end { 0 } else { length / step + 1 };
        Grid { start, step, count: usize::try_from(count).unwrap_or(usize::MAX) }
    }

    /// The time of step `index`.
    #[inline]
    pub(crate) fn time(&self, index: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(index as i64))
    }

    /// The last time; the first where there is none.
    pub(crate) fn end(&self) -> i64 {
        self.time(self.count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_range_are_in() {
        let grid = Grid::range(0, 20, 10).unwrap();
        assert_eq!((grid.count, grid.end()), (3, 20));
        assert_eq!(Grid::range(0, 19, 10).unwrap().count, 2);
        assert_eq!(Grid::range(5, 5, 10).unwrap().count, 1);
        assert!(Grid::range(5, 4, 10).is_err());
        assert!(Grid::range(5, 6, 0).is_err());
        assert!(Grid::range(i64::MIN, i64::MAX, 1).is_err());
    }

    #[test]
    fn subqueries_look_at_multiples_after_the_start() {
        let grid = Grid::multiples(0, 50, 10);
        assert_eq!((grid.start, grid.count), (10, 5));
        let grid = Grid::multiples(-7, 3, 5);
        assert_eq!((grid.start, grid.count), (-5, 2));
        assert_eq!(Grid::multiples(11, 12, 5).count, 0);
    }
}
