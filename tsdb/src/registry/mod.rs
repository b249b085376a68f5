//! Which series there are in memory: labels to ids and back.
//!
//! ~~~text
//! index     labels → id, id → labels, label → ids     index.rs, select.rs
//! lives     id → whose it is, and when last seen      lives.rs
//! before    id → newest sample                        newest.rs
//! evict.rs  an index without the series that nobody has seen for a while
//! ~~~
//!
//! A series is here from when it is first met until it has not been seen for the whole life of a
//! head; then its samples are in blocks only, which have its labels. It is made again when it comes
//! back. [`Pin`]s hold series for those who keep ids for longer.
//!
//! A [`SeriesRef`] tells an id from the same id of a series that was there before. Within the store
//! ids are plain numbers, since whoever has some holds a pin.
//!
//! [`SeriesRef`]: telemetry_core::sink::SeriesRef

mod evict;
mod ids;
mod index;
mod lives;
mod newest;
mod pins;
mod select;
mod slots;
mod sorted;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hashbrown::HashSet;
use parking_lot::{Mutex, MutexGuard, RwLock};
use telemetry_core::labels::{Labels, LabelsBuilder, Matcher};
use telemetry_core::sink::{RefusalReason, SeriesRef};
use telemetry_core::storage;
use telemetry_core::storage::postings;
use telemetry_core::storage::tombstone::Tombstone;

use crate::options::Limits;
use ids::Ids;
use index::{Index, Known};
use lives::Lives;
pub(crate) use newest::{Before, Newest, Print};
pub(crate) use pins::Pin;
use pins::Pins;
use select::Asked;
pub(crate) use slots::Slots;
pub(crate) use sorted::Sorted;

/// Series looked at in one step: between two of them series can be added.
const STEP: usize = 1 << 14;
/// Memory of an id beside the index: its word and its newest sample.
const ID_BYTES: u64 = (size_of::<AtomicU64>() + size_of::<Mutex<Before>>()) as u64;

/// What a look-up that found no series has found out: kept for its memory.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    known: Known,
    /// The index that was asked, and how many series it had.
    edition: u64,
    series: usize,
}

/// Series and their labels as numbers, see [`Registry::look`].
pub(crate) struct Numbers<'a> {
    index: &'a Index,
}

impl Numbers<'_> {
    /// Numbers of names and pairs are those of one edition.
    pub(crate) fn edition(&self) -> u64 {
        self.index.edition()
    }

    /// The numbers of the pairs of a series, by rising name; none where there is no such series.
    pub(crate) fn pairs_of(&self, id: u32) -> &[u32] {
        self.index.members(id)
    }

    /// The number of the name of a pair, that name, and the value.
    pub(crate) fn pair(&self, pair: u32) -> (u32, &str, &str) {
        self.index.pair_texts(pair)
    }
}

/// The series that a store has in memory.
#[derive(Debug)]
pub(crate) struct Registry {
    /// Replaced by another one when series are evicted. What takes several steps takes them in one
    /// of them.
    index: RwLock<Arc<RwLock<Index>>>,
    before: Slots<Mutex<Before>>,
    lives: Lives,
    pins: Arc<Pins>,
    ids: Mutex<Ids>,
    /// Series in the index.
    count: AtomicU64,
    evicted: AtomicU64,
    /// The latest sample of any series that was evicted.
    newest_evicted: AtomicI64,
    limits: Limits,
}

impl Registry {
    pub(crate) fn new(limits: Limits) -> Self {
        Registry {
            index: RwLock::default(),
            before: Slots::new(),
            lives: Lives::new(),
            pins: Pins::new(),
            ids: Mutex::default(),
            count: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            newest_evicted: AtomicI64::new(i64::MIN),
            limits,
        }
    }

    /// What may be in a store.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Number of series in memory.
    pub(crate) fn len(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Number of series that were evicted so far.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Acquire)
    }

    /// The time of the latest sample of any series that was evicted: one that is made again may have
    /// samples up to there in blocks.
    pub(crate) fn newest_evicted(&self) -> Option<i64> {
        Some(self.newest_evicted.load(Ordering::Acquire)).filter(|newest| *newest != i64::MIN)
    }

    /// Memory that series take, roughly.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let ids = u64::from(self.ids.lock().end());
        self.index.read().read().memory_bytes() as u64 + ids * ID_BYTES
    }

    /// Holds the series that are seen from now on.
    pub(crate) fn hold(&self) -> Pin {
        self.pins.hold()
    }

    /// The epoch: what was seen in an earlier one may be evicted.
    pub(crate) fn epoch(&self) -> u32 {
        self.pins.epoch()
    }

    /// Whether an id is of a series.
    pub(crate) fn is_live(&self, id: u32) -> bool {
        self.lives.is_live(id)
    }

    /// Notes that a series is seen. False where there is none.
    pub(crate) fn see(&self, id: u32) -> bool {
        self.lives.see(id, self.epoch())
    }

    /// The reference to the series that has an id.
    pub(crate) fn reference(&self, id: u32) -> SeriesRef {
        self.lives.reference(id)
    }

    /// The id of a series that was not evicted, which is seen thereby.
    pub(crate) fn see_reference(&self, series: SeriesRef) -> Option<u32> {
        self.lives.see_reference(series, self.epoch())
    }

    /// The reference to the series with these labels, which is never evicted from here on.
    ///
    /// # Errors
    ///
    /// Why there can be no such series.
    pub(crate) fn keep(&self, labels: &Labels) -> Result<SeriesRef, RefusalReason> {
        let _pin = self.hold();
        let id = self.resolve(labels)?;
        self.lives.keep(id);
        Ok(self.reference(id))
    }

    /// The labels of a series.
    pub(crate) fn labels(&self, id: u32) -> Option<Labels> {
        let index = self.index.read();
        let index = index.read();
        if !index.has(id) {
            return None;
        }
        let mut builder = LabelsBuilder::new();
        for (name, value) in index.texts(id) {
            builder.set(name, value);
        }
        drop(index);
        Some(builder.build())
    }

    /// Shows the pairs of series: the number of each series' pairs; and of a pair the number of its
    /// name, that name, and its value.
    pub(crate) fn look(&self, see: impl FnOnce(&Numbers<'_>)) {
        see(&Numbers { index: &self.index.read().read() });
    }

    /// What is known about the samples of a series that are not in the active head.
    pub(crate) fn before(&self, id: u32) -> Option<MutexGuard<'_, Before>> {
        self.is_live(id).then(|| self.before.grow(id).lock())
    }

    /// The index that there is now.
    fn current(&self) -> Arc<RwLock<Index>> {
        Arc::clone(&self.index.read())
    }

    /// The names of labels of series.
    pub(crate) fn names_of(&self, ids: &[u32]) -> Vec<String> {
        let (mut seen, mut names) = (HashSet::new(), Vec::new());
        let index = self.current();
        for step in ids.chunks(STEP) {
            let index = index.read();
            let pairs = step.iter().flat_map(|id| index.members(*id));
            let new =
                pairs.map(|pair| index.pair_texts(*pair)).filter(|(name, ..)| seen.insert(*name));
            names.extend(new.map(|(_, text, _)| text.to_owned()));
        }
        names
    }

    /// The values of a label of series, each once.
    pub(crate) fn values_of(&self, name: &str, ids: &[u32]) -> Vec<String> {
        let (mut seen, mut values) = (HashSet::new(), Vec::new());
        let index = self.current();
        let Some(number) = index.read().name_number(name) else { return values };
        for step in ids.chunks(STEP) {
            let index = index.read();
            let pairs = step.iter().flat_map(|id| index.members(*id)).copied();
            let new = pairs.filter(|pair| index.name_of(*pair) == number && seen.insert(*pair));
            values.extend(new.map(|pair| index.pair_texts(pair).2.to_owned()));
        }
        values
    }

    /// Series in the order of their labels.
    pub(crate) fn sorted(&self, ids: Vec<u32>) -> Sorted {
        Sorted::new(&self.current(), ids)
    }

    /// The id of the series with these labels, made if there is none.
    ///
    /// # Errors
    ///
    /// Why there can be no such series.
    pub(crate) fn resolve(&self, labels: &Labels) -> Result<u32, RefusalReason> {
        let labels: Vec<(&str, &str)> = labels.iter().collect();
        self.resolve_pairs(&labels, &mut Lookup::default())
    }

    /// [`Registry::resolve`] for labels that are sorted by name, each name once, none with an empty
    /// value.
    pub(crate) fn resolve_pairs(
        &self,
        labels: &[(&str, &str)],
        lookup: &mut Lookup,
    ) -> Result<u32, RefusalReason> {
        if let Some(id) = self.find(labels, lookup) {
            return Ok(id);
        }
        self.limits.check(labels)?;
        self.make(labels, lookup, self.limits.series_max)
    }

    /// [`Registry::resolve_pairs`] for labels that a log holds: they were accepted once.
    pub(crate) fn restore(&self, labels: &[(&str, &str)]) -> Result<u32, RefusalReason> {
        let mut lookup = Lookup::default();
        let found = self.find(labels, &mut lookup);
        found.map_or_else(|| self.make(labels, &mut lookup, u64::MAX), Ok)
    }

    /// The series with these labels, which is seen thereby.
    fn find(&self, labels: &[(&str, &str)], lookup: &mut Lookup) -> Option<u32> {
        let index = self.index.read();
        let index = index.read();
        (lookup.edition, lookup.series) = (index.edition(), index.len());
        let id = index.find(labels, &mut lookup.known)?;
        // No index takes the place of this one meanwhile, so it is there.
        self.see(id);
        Some(id)
    }

    fn make(
        &self,
        labels: &[(&str, &str)],
        lookup: &mut Lookup,
        series_max: u64,
    ) -> Result<u32, RefusalReason> {
        let full = || RefusalReason::TooMany { what: "series", limit: series_max };
        // A flood of series that are refused must not stand in the way of those who look up others.
        if self.len() >= series_max {
            return Err(full());
        }
        let index = self.index.read();
        let mut index = index.write();
        // Somebody else may have made it, or some of its pairs, meanwhile.
        if (index.edition(), index.len()) != (lookup.edition, lookup.series)
            && let Some(id) = index.find(labels, &mut lookup.known)
        {
            self.see(id);
            return Ok(id);
        }
        if index.len() as u64 >= series_max || !index.has_room(labels.len()) {
            return Err(full());
        }
        let id = self.ids.lock().take().ok_or_else(full)?;
        index.add(id, labels, &lookup.known);
        self.lives.begin(id, self.epoch());
        self.count.store(index.len() as u64, Ordering::Release);
        Ok(id)
    }

    /// Forgets the values of newest samples that a tombstone hides.
    pub(crate) fn note_deleted(&self, tombstone: &Tombstone) {
        let _pin = self.hold();
        // A memory index has nothing that can fail.
        for id in self.select(&tombstone.matchers).unwrap_or_default() {
            let Some(mut before) = self.before(id) else { continue };
            if let Some(newest) = before.newest.as_mut().filter(|it| tombstone.covers(it.time)) {
                newest.print = Print::Deleted;
            }
        }
    }

    /// Ids of the series that satisfy every matcher, ascending.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> storage::Result<Vec<u32>> {
        Ok(postings::select(&Asked::new(self.current()), matchers)?.iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::labels::MatchOp;

    #[test]
    fn the_same_labels_are_the_same_series() {
        let registry = Registry::new(Limits::default());
        let up = registry.resolve(&labels! { "__name__" => "up" }).unwrap();
        let down = registry.resolve(&labels! { "__name__" => "down" }).unwrap();
        assert_ne!(up, down);
        assert_eq!(registry.resolve(&labels! { "__name__" => "up" }), Ok(up));
        assert_eq!(registry.labels(down).unwrap().name(), Some("down"));
        let selected = registry.select(&[Matcher::equal("__name__", "down")]);
        assert_eq!(selected.unwrap(), [down]);
    }

    #[test]
    fn series_are_sorted_as_their_labels_are() {
        let registry = Registry::new(Limits::default());
        let mut sets: Vec<Labels> = (0..60_u32)
            .map(|at| match at % 3 {
                0 => labels! { "a" => &format!("{}", at % 7), "c" => &format!("{at}") },
                1 => labels! { "a" => &format!("{}", at % 7), "b" => &format!("{at}") },
                _ => labels! { "b" => &format!("{at}"), "d" => "x", "e" => "y" },
            })
            .chain([labels! { "a" => "3" }])
            .collect();
        let ids: Vec<u32> = sets.iter().map(|set| registry.resolve(set).unwrap()).collect();
        let sorted = registry.sorted(ids);
        sets.sort_unstable();
        let in_order: Vec<_> = sorted.iter().map(|(id, _)| registry.labels(id).unwrap()).collect();
        assert_eq!(in_order, sets);
        let pairs = &sorted.pairs;
        let pair = |rank: &u32| (pairs.name(pairs.name_of(*rank)), pairs.value(*rank));
        for ((_, ranks), set) in sorted.iter().zip(&sets) {
            assert_eq!(ranks.iter().map(pair).collect::<Labels>(), *set);
        }
    }

    #[test]
    fn every_kind_of_matcher_selects_what_it_matches() {
        let registry = Registry::new(Limits::default());
        let sets: Vec<Labels> = (0..3_000_u32)
            .map(|at| match at % 4 {
                0 => labels! { "a" => &format!("v{at}"), "b" => "x" },
                1 => labels! { "a" => &format!("v{}", at % 5) },
                2 => labels! { "b" => &format!("w{}", at % 50), "n" => &format!("{at}") },
                _ => labels! { "n" => &format!("{at}"), "b" => "x" },
            })
            .collect();
        let mut ids: Vec<(u32, &Labels)> =
            sets.iter().map(|set| (registry.resolve(set).unwrap(), set)).collect();
        ids.sort_unstable();
        ids.dedup();
        let texts = ["x", "", "v1", "v1.*", ".*9", "w(1|2|3)", "x|", "v[0-9]+"];
        for name in ["a", "b", "n", "none"] {
            for text in texts {
                for op in [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex] {
                    let matcher = Matcher::new(op, name, text).unwrap();
                    let wanted = ids.iter().filter(|(_, set)| matcher.matches_labels(set));
                    let wanted: Vec<u32> = wanted.map(|(id, _)| *id).collect();
                    assert_eq!(
                        registry.select(&[matcher]).unwrap(),
                        wanted,
                        "{name} {op:?} {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn limits_are_refusals() {
        let limits = Limits { series_max: 1, labels_max: 2, ..Limits::default() };
        let registry = Registry::new(limits);
        assert_eq!(registry.resolve(&Labels::empty()), Err(RefusalReason::NoLabels));
        let three = labels! { "a" => "1", "b" => "2", "c" => "3" };
        assert_eq!(
            registry.resolve(&three),
            Err(RefusalReason::TooManyLabels { found: 3, limit: 2 })
        );
        assert!(registry.resolve(&labels! { "a" => "1" }).is_ok());
        assert_eq!(
            registry.resolve(&labels! { "a" => "2" }),
            Err(RefusalReason::TooMany { what: "series", limit: 1 })
        );
        assert!(registry.resolve(&labels! { "a" => "1" }).is_ok());
        assert!(registry.restore(&[("a", "2")]).is_ok());
    }
}
