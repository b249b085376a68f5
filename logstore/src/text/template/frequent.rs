//! Which values of a column are frequent, and whether a dictionary of them pays.

use super::format::ESCAPE;

/// Fewer rows have no dictionary.
const ROWS_MIN: usize = 24;
/// Rows after which a column whose values are nearly all distinct is given up.
const PROBE_ROWS: usize = 128;
/// Distinct values among them that are too many.
const PROBE_DISTINCT: usize = 122;
/// A value that occurs less often is not worth its place.
const OCCURRENCES_MIN: u32 = 3;
/// Bits that a dictionary costs beside its values.
const OVERHEAD_BITS: u64 = 48;

/// Places of a table at first; most columns have few distinct values, or are given up soon.
const PLACES_MIN: usize = 512;

/// Counts numbers.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// Number and how often; open addressing, an empty place has no occurrence. It grows, so that
    /// a column costs what it has of distinct values and not of rows.
    table: Vec<(u64, u32)>,
    distinct: usize,
    /// The frequent ones, the most frequent first.
    chosen: Vec<(u32, u64)>,
}

fn slot(number: u64, mask: usize) -> usize {
    // The high bits of the product are the mixed ones; the mask takes far fewer than 32.
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask
}

/// log2 of `count` in 1/256, by a straight line between powers of two: at most 0.09 too little.
fn log2(count: u32) -> u64 {
    let count = u64::from(count.max(1));
    let whole = u64::from(count.ilog2());
    whole * 256 + ((count << 8 >> whole) - 256)
}

impl Counter {
    /// Fills `into` with the frequent numbers, the most frequent first, if giving them short symbols
    /// makes the column smaller than numbers of `bits` bits each; says whether it does. `cost` is
    /// what storing a number takes, in bits.
    pub(super) fn frequent(
        &mut self,
        numbers: &[u64],
        bits: u32,
        cost: impl Fn(u64) -> u64,
        into: &mut Vec<u64>,
    ) -> bool {
        into.clear();
        if numbers.len() < ROWS_MIN || bits < 2 || !self.count(numbers) {
            return false;
        }
        self.chosen.clear();
        let frequent = self.table.iter().filter(|(_, count)| *count >= OCCURRENCES_MIN);
        self.chosen.extend(frequent.map(|(number, count)| (*count, *number)));
        self.chosen.sort_unstable_by(|a, b| b.cmp(a));
        self.chosen.truncate(usize::from(ESCAPE));
        // Rows of a page are bounded far below four billion.
        let rows = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let hits: u32 = self.chosen.iter().map(|(count, _)| *count).sum();
        let symbol = |count: u32| u64::from(count) * (log2(rows) - log2(count)) / 256;
        let values: u64 =
            self.chosen.iter().map(|(count, number)| symbol(*count) + cost(*number)).sum();
        let others = rows - hits;
        let others = symbol(others.max(1)) + u64::from(others) * u64::from(bits);
        let plain = u64::from(rows) * u64::from(bits);
        let pays = (values + others + OVERHEAD_BITS) * 33 < plain * 32;
        if pays {
            into.extend(self.chosen.iter().map(|(_, number)| *number));
        }
        pays
    }

    /// Counts; false if nearly all are distinct.
    fn count(&mut self, numbers: &[u64]) -> bool {
        self.table.clear();
        self.table.resize(PLACES_MIN, (0, 0));
        self.distinct = 0;
        for (row, number) in numbers.iter().enumerate() {
            if row == PROBE_ROWS && self.distinct >= PROBE_DISTINCT {
                return false;
            }
            self.add(*number, 1);
            if self.distinct * 2 > self.table.len() {
                self.grow();
            }
        }
        true
    }

    /// Counts `times` more of a number.
    #[inline]
    fn add(&mut self, number: u64, times: u32) {
        let mask = self.table.len().saturating_sub(1);
        let mut at = slot(number, mask);
        // Nearly half the places stay empty, so this ends.
        while let Some((known, count)) = self.table.get_mut(at) {
            if *count == 0 {
                (*known, *count) = (number, times);
                self.distinct += 1;
                return;
            }
            if *known == number {
                *count += times;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let places = self.table.len() * 4;
        let counted = std::mem::replace(&mut self.table, vec![(0, 0); places]);
        self.distinct = 0;
        for (number, count) in counted.into_iter().filter(|(_, count)| *count > 0) {
            self.add(number, count);
        }
    }
}

/// Finds the symbol of a number.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    table: Vec<(u64, u8)>,
}

impl Symbols {
    /// Numbers them in their order; there are fewer than [`ESCAPE`] + 1.
    pub(super) fn fill(&mut self, numbers: &[u64]) {
        self.table.clear();
        let places = (numbers.len() * 2 + 2).next_power_of_two();
        self.table.resize(places, (0, ESCAPE));
        for (number, symbol) in numbers.iter().zip(0_u8..) {
            let mut at = slot(*number, places - 1);
            while let Some(place) = self.table.get_mut(at) {
                if place.1 == ESCAPE {
                    *place = (*number, symbol);
                    break;
                }
                at = (at + 1) & (places - 1);
            }
        }
    }

    /// The symbol, or [`ESCAPE`].
    #[inline]
    pub(super) fn of(&self, number: u64) -> u8 {
        let mask = self.table.len().saturating_sub(1);
        let mut at = slot(number, mask);
        while let Some((known, symbol)) = self.table.get(at) {
            if *symbol == ESCAPE || *known == number {
                return *symbol;
            }
            at = (at + 1) & mask;
        }
        ESCAPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_is_made_where_it_pays() {
        let mut counter = Counter::default();
        let mut frequent = |numbers: &[u64], bits: u32| {
            let mut chosen = Vec::new();
            counter.frequent(numbers, bits, |_| 16, &mut chosen).then_some(chosen)
        };
        let few: Vec<u64> = (0..200).map(|row| [1_000_000, 7, 7, 7][row % 4]).collect();
        assert_eq!(frequent(&few, 20), Some(vec![7, 1_000_000]));
        let distinct: Vec<u64> = (0..1000).collect();
        assert_eq!(frequent(&distinct, 10), None);
        let mut symbols = Symbols::default();
        symbols.fill(&[7, 1_000_000]);
        assert_eq!([7, 1_000_000, 8].map(|number| symbols.of(number)), [0, 1, ESCAPE]);
    }
}
