//! Labels as they lie in the input, before anything is built from them.

use xxhash_rust::xxh3::Xxh3Default;

use crate::labels::Labels;

/// Borrowed names and values, in the order of the input: not sorted, possibly repeated.
///
/// A sink looks up [`RawLabels::hash`] and builds [`Labels`] only for a series it has not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawLabels<'a> {
    pairs: &'a [(&'a str, &'a str)],
}

impl<'a> RawLabels<'a> {
    /// The labels `pairs`.
    pub fn new(pairs: &'a [(&'a str, &'a str)]) -> Self {
        RawLabels { pairs }
    }

    /// Names and values in the order of the input.
    pub fn pairs(&self) -> &'a [(&'a str, &'a str)] {
        self.pairs
    }

    /// A hash of names and values in this order. The same labels in another order have another
    /// hash and are looked up once more.
    pub fn hash(&self) -> u128 {
        let mut hasher = Xxh3Default::new();
        for (name, value) in self.pairs {
            // Lengths keep `("ab", "c")` and `("a", "bc")` apart.
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(&(value.len() as u64).to_le_bytes());
            hasher.update(value.as_bytes());
        }
        hasher.digest128()
    }

    /// The name that occurs more than once with a value, if any.
    pub fn duplicate(&self) -> Option<&'a str> {
        let later = |at: usize| self.pairs.iter().skip(at + 1).map(|(name, _)| *name);
        let mut pairs = self.pairs.iter().enumerate();
        pairs.find(|(at, (name, _))| later(*at).any(|other| other == *name)).map(|(_, pair)| pair.0)
    }

    /// The label set: sorted, without empty values.
    pub fn build(&self) -> Labels {
        self.pairs.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_do_not_run_together() {
        let hash = |pairs: &[(&str, &str)]| RawLabels::new(pairs).hash();
        assert_ne!(hash(&[("ab", "c")]), hash(&[("a", "bc")]));
        assert_ne!(hash(&[("a", "b"), ("c", "d")]), hash(&[("c", "d"), ("a", "b")]));
        assert_eq!(hash(&[("a", "b")]), hash(&[("a", "b")]));
    }

    #[test]
    fn a_repeated_name_is_found() {
        assert_eq!(RawLabels::new(&[("a", "1"), ("b", "2"), ("a", "3")]).duplicate(), Some("a"));
        assert_eq!(RawLabels::new(&[("a", "1"), ("b", "2")]).duplicate(), None);
    }
}
