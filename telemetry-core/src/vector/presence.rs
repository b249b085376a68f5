//! At which steps a row has a value: a bitmap.

/// A set of steps below a fixed number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    words: Vec<u64>,
    steps: usize,
}

const BITS: usize = u64::BITS as usize;

impl Presence {
    /// No step out of `steps`.
    pub fn none(steps: usize) -> Self {
        Presence { words: vec![0; steps.div_ceil(BITS)], steps }
    }

    /// All of `steps`.
    pub fn all(steps: usize) -> Self {
        let mut presence = Presence::none(steps);
        presence.fill();
        presence
    }

    /// How many steps there are, present or not.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Empties the set and gives it `steps` steps; keeps the memory.
    pub fn reset(&mut self, steps: usize) {
        self.words.clear();
        self.words.resize(steps.div_ceil(BITS), 0);
        self.steps = steps;
    }

    /// Adds every step.
    pub fn fill(&mut self) {
        self.words.fill(u64::MAX);
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), self.steps % BITS) {
            *last = (1 << rest) - 1;
        }
    }

    /// Whether `step` is in the set; steps past the end are not.
    #[inline]
    pub fn contains(&self, step: usize) -> bool {
        self.words.get(step / BITS).is_some_and(|word| word >> (step % BITS) & 1 == 1)
    }

    /// Adds `step`; a step past the end is ignored.
    #[inline]
    pub fn insert(&mut self, step: usize) {
        if step < self.steps
            && let Some(word) = self.words.get_mut(step / BITS)
        {
            *word |= 1 << (step % BITS);
        }
    }

    /// Takes `step` out.
    #[inline]
    pub fn remove(&mut self, step: usize) {
        if let Some(word) = self.words.get_mut(step / BITS) {
            *word &= !(1 << (step % BITS));
        }
    }

    /// Whether no step is in the set.
    pub fn is_none(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether every step is in the set.
    pub fn is_all(&self) -> bool {
        self.count() == self.steps
    }

    /// How many steps are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Keeps the steps that are in `other` too.
    pub fn intersect(&mut self, other: &Presence) {
        for (at, word) in self.words.iter_mut().enumerate() {
            *word &= other.words.get(at).copied().unwrap_or(0);
        }
    }

    /// Adds the steps of `other`, which has as many.
    pub fn unite(&mut self, other: &Presence) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Takes the steps of `other` out.
    pub fn subtract(&mut self, other: &Presence) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// The first step that is in both sets.
    pub fn first_common(&self, other: &Presence) -> Option<usize> {
        let mut words = self.words.iter().zip(&other.words).enumerate();
        words.find_map(|(at, (a, b))| match a & b {
            0 => None,
            both => Some(at * BITS + both.trailing_zeros() as usize),
        })
    }

    /// The set in words of 64 steps, the lowest bit first; bits past the end are zero.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Overwrites the word `at`, that is the steps from `64 · at` on.
    pub fn set_word(&mut self, at: usize, bits: u64) {
        let left = self.steps.saturating_sub(at * BITS);
        let mask = if left >= BITS { u64::MAX } else { (1 << left) - 1 };
        if let Some(word) = self.words.get_mut(at) {
            *word = bits & mask;
        }
    }

    /// The steps in the set, ascending.
    pub fn ones(&self) -> Ones<'_> {
        Ones { words: &self.words, at: 0, word: self.words.first().copied().unwrap_or(0) }
    }
}

/// The steps of a [`Presence`], ascending.
#[derive(Clone, Debug)]
pub struct Ones<'a> {
    words: &'a [u64],
    at: usize,
    word: u64,
}

impl Iterator for Ones<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.at += 1;
            self.word = *self.words.get(self.at)?;
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(self.at * BITS + bit)
    }
}

impl<'a> IntoIterator for &'a Presence {
    type Item = usize;
    type IntoIter = Ones<'a>;

    fn into_iter(self) -> Ones<'a> {
        self.ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(steps: usize, ones: &[usize]) -> Presence {
        let mut presence = Presence::none(steps);
        ones.iter().for_each(|step| presence.insert(*step));
        presence
    }

    #[test]
    fn all_steps_are_exactly_all() {
        for steps in [0, 1, 63, 64, 65, 130] {
            let all = Presence::all(steps);
            assert_eq!(all.count(), steps);
            assert!(all.is_all());
            assert_eq!(all.ones().collect::<Vec<_>>(), (0..steps).collect::<Vec<_>>());
            assert!(!all.contains(steps));
        }
    }

    #[test]
    fn sets_of_steps_behave_as_sets() {
        let mut a = presence(130, &[0, 64, 129]);
        let b = presence(130, &[64, 100]);
        assert_eq!(a.first_common(&b), Some(64));
        a.unite(&b);
        assert_eq!(a.ones().collect::<Vec<_>>(), [0, 64, 100, 129]);
        a.subtract(&b);
        assert_eq!(a.ones().collect::<Vec<_>>(), [0, 129]);
        a.intersect(&b);
        assert!(a.is_none());
    }

    #[test]
    fn steps_past_the_end_are_never_in() {
        let mut a = presence(3, &[3, 64]);
        assert!(a.is_none());
        a.set_word(0, u64::MAX);
        assert_eq!(a.count(), 3);
    }
}
