//! From differences to the numbers that they are differences of.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// A place among differences, and what all before it add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// Differences before.
    pub(super) place: usize,
    /// How often differences were taken: 0 to 2.
    order: usize,
    /// The last number.
    value: i64,
    /// Its distance to the number before, if differences were taken twice.
    step: i64,
}

impl Sums {
    /// Before any difference, behind the first number, and the first distance, as far as `order`
    /// needs them.
    pub(super) fn new(order: usize, first: [i64; 2]) -> Sums {
        let [value, step] = first;
        let value = if order > 1 { value.wrapping_add(step) } else { value };
        Sums { place: 0, order, value, step }
    }

    /// Numbers that are no differences.
    pub(super) fn none() -> Sums {
        Sums::new(0, [0; 2])
    }

    /// How often differences were taken.
    pub(super) fn order(self) -> usize {
        self.order
    }

    /// Behind the first `place` differences, which add up to `sum`, while the sums of the first, of
    /// the first two, and so on, add up to `sums`.
    pub(super) fn behind(self, place: usize, [sum, sums]: [i64; 2]) -> Sums {
        let Sums { order, value, step, .. } = self;
        let far = step.wrapping_mul(i64::try_from(place).unwrap_or(i64::MAX));
        match order {
            0 => Sums { place, ..self },
            1 => Sums { place, value: value.wrapping_add(sum), ..self },
            _ => {
                let value = value.wrapping_add(far).wrapping_add(sums);
                Sums { place, value, step: step.wrapping_add(sum), ..self }
            }
        }
    }

    /// Makes numbers of the next differences.
    pub(super) fn add_up(&mut self, numbers: &mut [i64]) {
        if self.order > 1 {
            add_up(&mut self.step, numbers);
        }
        if self.order > 0 {
            add_up(&mut self.value, numbers);
        }
        self.place += numbers.len();
    }
}

/// From differences to what they are differences of; `sum` is the one before, and then the last.
pub(super) fn add_up(sum: &mut i64, numbers: &mut [i64]) {
    for number in numbers {
        *sum = sum.wrapping_add(*number);
        *number = *sum;
    }
}
