//! The series of a sender by the bytes of their labels.
//!
//! ~~~text
//! entries   ● ─after→ ● ─after→ ●     in the order of first appearance
//! by_hash   hash of the bytes → entry
//! ~~~
//!
//! A message starts with its labels, and its labels start with a field that is coded in one way
//! by one sender. So the bytes themselves are the key, and nothing of them is read for a series
//! that is known. Which one it is, is guessed before it is looked up: the one that came after the
//! last one the time before. A sender that keeps its order never causes a look-up.
//!
//! In version 2.0 labels are numbers of texts, which mean something else in every body. There the
//! key is made of the keys of the texts, each of which is hashed once a body.
//!
//! Keys are hashes of 128 bits: two series do not share one by chance.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use hashbrown::HashTable;
use telemetry_core::sink::SeriesRef;
use xxhash_rust::xxh3::xxh3_128;

use crate::prometheus::label::LABEL_TAG;

/// Series that are remembered; past that all are forgotten and looked up anew.
const SERIES_MAX: usize = 1 << 20;

/// What is known of a sender's series.
#[derive(Debug, Default)]
pub(super) struct Known {
    entries: Vec<Entry>,
    by_hash: HashTable<u32>,
    /// The entry of the last message.
    last: u32,
}

#[derive(Debug)]
struct Entry {
    hash: Key,
    series: SeriesRef,
    labels_bytes: u32,
    /// The entry that came after this one the last time.
    after: u32,
}

/// A hash of the bytes of labels. In halves, so that an entry needs no padding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    low: u64,
    high: u64,
}

impl Key {
    #[inline]
    pub(super) fn of(labels: &[u8]) -> Self {
        let hash = xxh3_128(labels);
        #[expect(clippy::cast_possible_truncation, reason = "halves of a hash")]
        let (low, high) = (hash as u64, (hash >> 64) as u64);
        Key { low, high }
    }

    /// Adds the keys of the next two texts of a list, the name and the value of a label. The places
    /// of a list are told apart by turning and multiplying by turns, which do not commute: in a sum
    /// with a factor for each place, `x y y x` would be `y x x y`. The two are mixed before they are
    /// added, so that a label costs the list one multiplication after the other and not two.
    #[inline]
    pub(super) fn add(&mut self, name: Key, value: Key) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        const OTHER: u64 = 0xc2b2_ae3d_27d4_eb4f;
        let low = (name.low ^ value.low.rotate_left(23)).wrapping_mul(OTHER);
        let high = (name.high ^ value.high.rotate_left(23)).wrapping_mul(OTHER);
        self.low = (self.low.rotate_left(29) ^ low).wrapping_mul(ODD);
        self.high = (self.high.rotate_left(29) ^ high).wrapping_mul(ODD);
    }
}

impl Known {
    /// The series of `message` if it is the one that is expected, with the number of bytes that
    /// its labels take.
    #[inline]
    pub(super) fn expected(&mut self, message: &[u8]) -> Option<(SeriesRef, usize)> {
        let at = self.entries.get(self.last as usize)?.after;
        let entry = self.entries.get(at as usize)?;
        let len = entry.labels_bytes as usize;
        let (labels, rest) = message.split_at_checked(len)?;
        if rest.first() == Some(&LABEL_TAG) || Key::of(labels) != entry.hash {
            return None;
        }
        self.last = at;
        Some((entry.series, len))
    }

    /// The series that `key` stands for, if it is the one that is expected.
    #[inline]
    pub(super) fn expected_key(&mut self, key: Key) -> Option<SeriesRef> {
        let at = self.entries.get(self.last as usize)?.after;
        let entry = self.entries.get(at as usize).filter(|entry| entry.hash == key)?;
        self.last = at;
        Some(entry.series)
    }

    /// The series with the labels that `key` is of.
    pub(super) fn find(&mut self, key: Key) -> Option<SeriesRef> {
        let entries = &self.entries;
        let is_right = |at: &u32| entries.get(*at as usize).is_some_and(|entry| entry.hash == key);
        let at = *self.by_hash.find(key.low, is_right)?;
        let series = entries.get(at as usize)?.series;
        self.follow(at);
        Some(series)
    }

    /// Remembers a series that was not found, whose labels take `labels_bytes`.
    pub(super) fn insert(&mut self, key: Key, labels_bytes: usize, series: SeriesRef) {
        if self.entries.len() >= SERIES_MAX {
            *self = Known::default();
        }
        let (Ok(at), Ok(labels_bytes)) =
            (u32::try_from(self.entries.len()), u32::try_from(labels_bytes))
        else {
            return;
        };
        self.entries.push(Entry { hash: key, series, labels_bytes, after: at + 1 });
        let entries = &self.entries;
        let hash_of = |at: &u32| entries.get(*at as usize).map_or(0, |entry| entry.hash.low);
        self.by_hash.insert_unique(key.low, at, hash_of);
        self.follow(at);
    }

    /// The series of the present message, which was found, has this reference from now on.
    pub(super) fn renew(&mut self, series: SeriesRef) {
        if let Some(entry) = self.entries.get_mut(self.last as usize) {
            entry.series = series;
        }
    }

    /// The entry `at` is the one of the present message.
    fn follow(&mut self, at: u32) {
        if let Some(last) = self.entries.get_mut(self.last as usize) {
            last.after = at;
        }
        self.last = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_same_texts_have_different_keys() {
        let texts = ["a", "b"].map(|text| Key::of(text.as_bytes()));
        let mut keys = std::collections::HashSet::new();
        for len in (0..=12).step_by(2) {
            for list in 0..1_u32 << len {
                let text = |at: u32| texts[(list >> at & 1) as usize];
                let mut key = Key::default();
                (0..len).step_by(2).for_each(|at| key.add(text(at), text(at + 1)));
                assert!(keys.insert((key.low, key.high)), "{list:b} of {len}");
            }
        }
    }

    /// Looks `labels` up as the decoder does. Gives the series and whether it was expected.
    fn look_up(known: &mut Known, labels: &[u8], next: &mut u64) -> (u64, bool) {
        let message = [labels, b"\x12\x00"].concat();
        if let Some((series, len)) = known.expected(&message) {
            assert_eq!(len, labels.len());
            return (series.0, true);
        }
        let key = Key::of(labels);
        if let Some(series) = known.find(key) {
            return (series.0, false);
        }
        *next += 1;
        known.insert(key, labels.len(), SeriesRef(*next));
        (*next, false)
    }

    #[test]
    fn an_order_is_learned_after_one_round() {
        let (mut known, mut next) = (Known::default(), 0);
        let names: [&[u8]; 4] = [b"\x0a1", b"\x0a22", b"\x0a333", b"\x0a4"];
        for (index, name) in (1..).zip(names) {
            assert_eq!(look_up(&mut known, name, &mut next), (index, false));
        }
        assert_eq!(look_up(&mut known, names[0], &mut next), (1, false));
        for round in 0..3 {
            for (index, name) in (1..).zip(names).skip(usize::from(round == 0)) {
                assert_eq!(look_up(&mut known, name, &mut next), (index, true));
            }
        }
    }

    #[test]
    fn a_series_that_comes_and_goes_is_found_again() {
        let (mut known, mut next) = (Known::default(), 0);
        for name in [b"\x0a1", b"\x0a2", b"\x0a3"] {
            look_up(&mut known, name, &mut next);
        }
        assert_eq!(look_up(&mut known, b"\x0a1", &mut next), (1, false));
        assert_eq!(look_up(&mut known, b"\x0a3", &mut next), (3, false));
        assert_eq!(look_up(&mut known, b"\x0a1", &mut next), (1, true));
        assert_eq!(look_up(&mut known, b"\x0a3", &mut next), (3, true));
        assert_eq!(look_up(&mut known, b"\x0a2", &mut next), (2, false));
    }

    #[test]
    fn labels_that_go_on_are_not_those_that_end() {
        let (mut known, mut next) = (Known::default(), 0);
        look_up(&mut known, b"\x0a1", &mut next);
        look_up(&mut known, b"\x0a1\x0a2", &mut next);
        assert_eq!(look_up(&mut known, b"\x0a1", &mut next), (1, false));
        // Now the first one is expected after the second; its bytes begin the second one's.
        assert_eq!(look_up(&mut known, b"\x0a1\x0a2", &mut next), (2, true));
        assert_eq!(look_up(&mut known, b"\x0a1\x0a2", &mut next), (2, false));
        assert_eq!(next, 2);
    }
}
