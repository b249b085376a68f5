//! A set of rows of one group.

/// A bit per row. Both operands of an operation have the same number of rows; surplus rows of the
/// longer one are taken as not set in the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowBits {
    words: Vec<u64>,
    rows: usize,
}

impl RowBits {
    /// None of `rows` rows.
    pub fn none(rows: usize) -> Self {
        RowBits { words: vec![0; rows.div_ceil(64)], rows }
    }

    /// All of `rows` rows.
    pub fn all(rows: usize) -> Self {
        let mut bits = RowBits { words: vec![u64::MAX; rows.div_ceil(64)], rows };
        bits.clear_tail();
        bits
    }

    /// The rows listed, those past `rows` left out.
    pub fn from_rows(rows: usize, set: impl IntoIterator<Item = u32>) -> Self {
        let mut bits = RowBits::none(rows);
        set.into_iter().for_each(|row| bits.set(row));
        bits
    }

    /// A row per item, set where `holds` says so.
    pub fn from_fn(rows: usize, mut holds: impl FnMut(usize) -> bool) -> Self {
        let mut bits = RowBits::none(rows);
        for (at, word) in bits.words.iter_mut().enumerate() {
            for bit in 0..64.min(rows - at * 64) {
                *word |= u64::from(holds(at * 64 + bit)) << bit;
            }
        }
        bits
    }

    /// Number of rows, set or not.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Sets a row; one past the end is ignored.
    pub fn set(&mut self, row: u32) {
        let row = row as usize;
        if row < self.rows
            && let Some(word) = self.words.get_mut(row / 64)
        {
            *word |= 1 << (row % 64);
        }
    }

    /// Whether a row is set; one past the end is not.
    pub fn contains(&self, row: u32) -> bool {
        self.words.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Number of rows set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no row is set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether a row of `start..end` is set.
    pub fn any_in(&self, start: u32, end: u32) -> bool {
        self.next_from(start).is_some_and(|row| row < end)
    }

    /// The first row set at or behind `start`.
    pub fn next_from(&self, start: u32) -> Option<u32> {
        let mut at = start as usize / 64;
        let mut word = self.words.get(at)? & (u64::MAX << (start % 64));
        while word == 0 {
            at += 1;
            word = *self.words.get(at)?;
        }
        u32::try_from(at * 64).ok()?.checked_add(word.trailing_zeros())
    }

    /// Rows set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                Some(at as u32 * 64 + bit)
            })
        })
    }

    /// Keeps rows that `other` has too.
    pub fn and(&mut self, other: &RowBits) {
        for (at, word) in self.words.iter_mut().enumerate() {
            *word &= other.words.get(at).copied().unwrap_or_default();
        }
    }

    /// Adds the rows of `other`.
    pub fn or(&mut self, other: &RowBits) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
        self.clear_tail();
    }

    /// Takes the rows of `other` away.
    pub fn and_not(&mut self, other: &RowBits) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// Turns every row over.
    pub fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.clear_tail();
    }

    /// Bits behind the last row stay zero, so that counts are right.
    fn clear_tail(&mut self) {
        let used = self.rows % 64;
        if used > 0
            && let Some(last) = self.words.get_mut(self.rows / 64)
        {
            *last &= (1 << used) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn equals_a_set(rows in 0_usize..200, a in prop::collection::btree_set(0_u32..200, 0..40),
            b in prop::collection::btree_set(0_u32..200, 0..40), start in 0_u32..220)
        {
            let keep = |set: &BTreeSet<u32>| set.iter().copied().filter(|row| (*row as usize) < rows).collect::<BTreeSet<u32>>();
            let (left, right) = (keep(&a), keep(&b));
            let bits = |set: &BTreeSet<u32>| RowBits::from_rows(rows, set.iter().copied());
            let listed = |bits: &RowBits| bits.iter().collect::<BTreeSet<u32>>();
            prop_assert_eq!(listed(&bits(&left)), left.clone());
            prop_assert_eq!(bits(&left).count(), left.len());
            prop_assert_eq!(bits(&left).next_from(start), left.range(start..).next().copied());
            let mut both = bits(&left);
            both.and(&bits(&right));
            prop_assert_eq!(listed(&both), left.intersection(&right).copied().collect());
            let mut either = bits(&left);
            either.or(&bits(&right));
            prop_assert_eq!(listed(&either), left.union(&right).copied().collect());
            let mut without = bits(&left);
            without.and_not(&bits(&right));
            prop_assert_eq!(listed(&without), left.difference(&right).copied().collect());
            let mut inverse = bits(&left);
            inverse.invert();
            prop_assert_eq!(inverse.count(), rows - left.len());
            prop_assert_eq!(RowBits::from_fn(rows, |row| left.contains(&(row as u32))), bits(&left));
            prop_assert_eq!(RowBits::all(rows).count(), rows);
        }
    }
}
