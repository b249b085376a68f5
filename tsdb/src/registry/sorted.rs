//! Series in the order of their labels: what a flush writes.
//!
//! Texts are copied out and sorted once, whatever the number of series that have them; series are
//! then sorted by the ranks of their pairs. The registry is locked only while things are copied, a
//! piece at a time.

use parking_lot::RwLock;

use super::STEP;
use super::index::Index;
use crate::block::Pairs;

/// The first bytes of a value, by which most are told apart.
const KEY_BYTES: usize = 16;

/// Series in the order of their labels.
#[derive(Debug)]
pub(crate) struct Sorted {
    /// Their labels, those of all.
    pub(crate) pairs: Pairs,
    ids: Vec<u32>,
    /// The ranks of the pairs of each, in the order in which they were asked for.
    ranks: Vec<u32>,
    places: Vec<Place>,
}

/// Where a series is among `ids`, and the ranks of its pairs in `ranks`; beginning with the first
/// of these, by which most are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    key: [u32; 4],
    at: u32,
    start: u32,
    end: u32,
}

impl Sorted {
    /// The series, in order: their ids, and the ranks of their labels in `pairs`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.places.iter().filter_map(|place| {
            let ranks = self.ranks.get(place.start as usize..place.end as usize)?;
            Some((*self.ids.get(place.at as usize)?, ranks))
        })
    }

    pub(super) fn new(index: &RwLock<Index>, ids: Vec<u32>) -> Self {
        let (mut ranks, mut ends) = (Vec::new(), Vec::with_capacity(ids.len()));
        for step in ids.chunks(STEP) {
            let index = index.read();
            for id in step {
                ranks.extend_from_slice(index.members(*id));
                ends.push(ranks.len() as u32);
            }
        }
        let pairs = number(index, &mut ranks);
        let mut start = 0;
        let mut places: Vec<Place> = (0..)
            .zip(ends)
            .map(|(at, end)| {
                let mut key = [0; 4];
                let own = ranks.get(start as usize..end as usize).unwrap_or_default();
                // One more than the rank, so that a set is behind the one that it goes on from.
                key.iter_mut().zip(own).for_each(|(key, rank)| *key = rank + 1);
                let place = Place { key, at, start, end };
                start = end;
                place
            })
            .collect();
        let rest = |place: &Place| {
            let ranks = ranks.get(place.start as usize..place.end as usize).unwrap_or_default();
            ranks.get(place.key.len()..).unwrap_or_default()
        };
        places.sort_unstable_by(|a, b| a.key.cmp(&b.key).then_with(|| rest(a).cmp(rest(b))));
        Sorted { pairs, ids, ranks, places }
    }
}

/// Replaces numbers of pairs by their ranks among those that occur.
fn number(index: &RwLock<Index>, numbers: &mut [u32]) -> Pairs {
    let most = numbers.iter().max().map_or(0, |most| *most as usize + 1);
    let mut ranks = vec![u32::MAX; most];
    let mut used = Vec::new();
    for number in numbers.iter() {
        if let Some(rank) = ranks.get_mut(*number as usize).filter(|rank| **rank == u32::MAX) {
            *rank = 0;
            used.push(*number);
        }
    }
    let copied = Copied::new(index, &used);
    let mut pairs = Pairs::default();
    for entry in &copied.entries {
        let rank = pairs.push(copied.name(entry), copied.value(entry));
        if let Some(slot) = ranks.get_mut(entry.number as usize) {
            *slot = rank;
        }
    }
    for number in numbers {
        *number = ranks.get(*number as usize).copied().unwrap_or(0);
    }
    pairs
}

/// Texts of pairs, sorted.
struct Copied {
    names: Vec<String>,
    pool: String,
    entries: Vec<Entry>,
}

/// A pair: its name by the order of names, the beginning of its value, and where that is.
struct Entry {
    name: u32,
    key: u128,
    start: usize,
    len: u32,
    number: u32,
}

impl Copied {
    fn new(index: &RwLock<Index>, used: &[u32]) -> Self {
        let mut copied = Copied {
            names: Vec::new(),
            pool: String::new(),
            entries: Vec::with_capacity(used.len()),
        };
        let mut known: Vec<(u32, String)> = Vec::new();
        for step in used.chunks(STEP) {
            let index = index.read();
            for number in step {
                let (name, text, value) = index.pair_texts(*number);
                if known.iter().all(|(known, _)| *known != name) {
                    known.push((name, text.to_owned()));
                }
                let mut key = [0; KEY_BYTES];
                key.iter_mut().zip(value.bytes()).for_each(|(key, byte)| *key = byte);
                let (start, len) = (copied.pool.len(), value.len() as u32);
                copied.pool.push_str(value);
                let (key, number) = (u128::from_be_bytes(key), *number);
                copied.entries.push(Entry { name, key, start, len, number });
            }
        }
        known.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
        let most = known.iter().map(|(name, _)| *name as usize + 1).max().unwrap_or(0);
        let mut order = vec![0; most];
        for (place, (name, _)) in (0..).zip(&known) {
            order[*name as usize] = place;
        }
        copied.names = known.into_iter().map(|(_, text)| text).collect();
        copied.entries.iter_mut().for_each(|entry| entry.name = order[entry.name as usize]);
        let mut entries = std::mem::take(&mut copied.entries);
        entries.sort_unstable_by(|a, b| {
            let beginnings = (a.name, a.key).cmp(&(b.name, b.key));
            beginnings.then_with(|| copied.value(a).cmp(copied.value(b)))
        });
        copied.entries = entries;
        copied
    }

    fn name(&self, entry: &Entry) -> &str {
        self.names.get(entry.name as usize).map_or("", |name| name)
    }

    fn value(&self, entry: &Entry) -> &str {
        self.pool.get(entry.start..entry.start + entry.len as usize).unwrap_or_default()
    }
}
