//! Labels as they lie in the input, before anything is built from them.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use crate::labels::{Labels, is_below};

/// Labels of up to this many bytes are hashed in one go: nearly all there are.
const HASHED_BYTES: usize = 512;

/// The length, in one byte, of texts that are so long or longer; then comes the true one.
const LONG: usize = 255;

/// Up to this many names are compared each with each; more are sorted.
const COMPARED_PAIRS_MAX: usize = 32;

/// Borrowed names and values, in the order of the input: not sorted, possibly repeated.
///
/// A sink looks up [`RawLabels::hash`] and builds [`Labels`] only for a series it has not seen.
#[derive(Clone, Copy, Debug)]
pub struct RawLabels<'a> {
    pairs: &'a [(&'a str, &'a str)],
    /// Their hash, where that has been asked for before.
    hash: Option<u128>,
}

impl PartialEq for RawLabels<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.pairs == other.pairs
    }
}

impl Eq for RawLabels<'_> {}

impl<'a> RawLabels<'a> {
    /// The labels `pairs`.
    pub fn new(pairs: &'a [(&'a str, &'a str)]) -> Self {
        RawLabels { pairs, hash: None }
    }

    /// The labels `pairs`, hashed now: for labels that many items have.
    pub fn hashed(pairs: &'a [(&'a str, &'a str)]) -> Self {
        let labels = RawLabels::new(pairs);
        RawLabels { hash: Some(labels.hash()), ..labels }
    }

    /// Names and values in the order of the input.
    pub fn pairs(&self) -> &'a [(&'a str, &'a str)] {
        self.pairs
    }

    /// A hash of names and values in this order. The same labels in another order have another
    /// hash and are looked up once more.
    pub fn hash(&self) -> u128 {
        if let Some(hash) = self.hash {
            return hash;
        }
        // Hashing in one go takes half the time of hashing piece by piece; both give the same.
        let mut bytes = [0; HASHED_BYTES];
        let mut len = 0;
        for text in self.texts() {
            // Lengths keep `("ab", "c")` and `("a", "bc")` apart.
            let (Some(room), true) = (bytes.get_mut(len..), text.len() < LONG) else {
                return self.hash_long();
            };
            let Some((prefix, room)) = room.split_first_mut() else { return self.hash_long() };
            let Some(room) = room.get_mut(..text.len()) else { return self.hash_long() };
            *prefix = text.len() as u8;
            copy(text.as_bytes(), room);
            len += 1 + text.len();
        }
        xxh3_128(bytes.get(..len).unwrap_or_default())
    }

    #[cold]
    fn hash_long(&self) -> u128 {
        let mut hasher = Xxh3Default::new();
        for text in self.texts() {
            let len = text.len();
            hasher.update(&[len.min(LONG) as u8]);
            if len >= LONG {
                hasher.update(&(len as u64).to_le_bytes());
            }
            hasher.update(text.as_bytes());
        }
        hasher.digest128()
    }

    fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().flat_map(|(name, value)| [*name, *value])
    }

    /// The name that occurs more than once with a value, if any.
    pub fn duplicate(&self) -> Option<&'a str> {
        // Most senders sort.
        if self.pairs.array_windows().all(|[(a, _), (b, _)]| is_below(a, b)) {
            return None;
        }
        self.duplicate_unsorted()
    }

    fn duplicate_unsorted(&self) -> Option<&'a str> {
        if self.pairs.len() > COMPARED_PAIRS_MAX {
            let mut names: Vec<_> = self.pairs.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            return names.array_windows().find(|[a, b]| a == b).map(|[name, _]| *name);
        }
        let later = |at: usize| self.pairs.iter().skip(at + 1).map(|(name, _)| *name);
        let mut pairs = self.pairs.iter().enumerate();
        pairs.find(|(at, (name, _))| later(*at).any(|other| other == *name)).map(|(_, pair)| pair.0)
    }

    /// The label set: sorted, without empty values.
    pub fn build(&self) -> Labels {
        self.pairs.iter().copied().collect()
    }
}

/// Copies `text` into `room`, which is as long. Labels are short, and calling a function for each
/// would cost more than the copying: two pieces, which may overlap, cover what is that short.
#[inline]
fn copy(text: &[u8], room: &mut [u8]) {
    let is_copied = match text.len() {
        33.. => false,
        16..=32 => copy_ends::<16>(text, room),
        8..=15 => copy_ends::<8>(text, room),
        4..=7 => copy_ends::<4>(text, room),
        2..=3 => copy_ends::<2>(text, room),
        0..=1 => copy_ends::<1>(text, room),
    };
    if !is_copied {
        room.copy_from_slice(text);
    }
}

/// Copies the first and the last `N` bytes; false where there are fewer.
#[inline]
fn copy_ends<const N: usize>(text: &[u8], room: &mut [u8]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) else {
        return false;
    };
    let Some(head) = room.first_chunk_mut() else { return false };
    *head = *first;
    let Some(tail) = room.last_chunk_mut() else { return false };
    *tail = *last;
    true
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
        let pairs = [("a", "b"), ("c", "d")];
        assert_eq!(RawLabels::hashed(&pairs).hash(), RawLabels::new(&pairs).hash());
        assert_eq!(RawLabels::hashed(&pairs), RawLabels::new(&pairs));
    }

    #[test]
    fn long_and_short_labels_are_hashed_alike() {
        for len in (0..600).chain([1 << 20]) {
            let value = "v".repeat(len);
            let pairs = [("name", value.as_str()), ("n", "")];
            let labels = RawLabels::new(&pairs);
            assert_eq!(labels.hash(), labels.hash_long(), "{len}");
        }
    }

    #[test]
    fn every_byte_of_a_text_counts() {
        for len in 0..80 {
            let text: String = (0..len).map(|at| char::from(b'0' + at)).collect();
            let hash = |value: &str| RawLabels::new(&[("name", value)]).hash();
            let mut hashes = std::collections::HashSet::from([hash(&text)]);
            for at in 0..text.len() {
                let mut other = text.clone();
                other.replace_range(at..=at, "!");
                assert!(hashes.insert(hash(&other)), "{at} of {len}");
            }
        }
    }

    #[test]
    fn a_repeated_name_is_found_among_many() {
        let names: Vec<_> = (0..100).map(|at| format!("n{at}")).collect();
        let mut pairs: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
        assert_eq!(RawLabels::new(&pairs).duplicate(), None);
        pairs.push(("n7", "w"));
        assert_eq!(RawLabels::new(&pairs).duplicate(), Some("n7"));
    }

    #[test]
    fn a_repeated_name_is_found() {
        assert_eq!(RawLabels::new(&[("a", "1"), ("b", "2"), ("a", "3")]).duplicate(), Some("a"));
        assert_eq!(RawLabels::new(&[("a", "1"), ("b", "2")]).duplicate(), None);
    }
}
