//! Which series there are: labels to ids and back.
//!
//! ~~~text
//! shards    hash of the labels → id        sharded by that hash
//! entries   id → labels, newest sample     grows only; ids are given in order and never again
//! postings  label → ids                    for matchers
//! ~~~
//!
//! The registry lives as long as the store is open: an id (a [`SeriesRef`]) stays good when the
//! samples of its series have moved to blocks or were removed. Samples are in heads and blocks.
//!
//! [`SeriesRef`]: telemetry_core::sink::SeriesRef

mod newest;
mod slots;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard, RwLock};
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::sink::RefusalReason;
use telemetry_core::storage;
use telemetry_core::storage::postings::{self, MemoryPostings};
use telemetry_core::storage::tombstone::Tombstone;

use crate::options::Limits;
pub(crate) use newest::{Before, Newest, Print};
pub(crate) use slots::Slots;

const SHARDS: usize = 64;

/// All series that a store has met since it was opened.
#[derive(Debug)]
pub(crate) struct Registry {
    shards: Box<[RwLock<HashTable<u32>>]>,
    entries: Slots<OnceLock<Entry>>,
    count: AtomicU32,
    /// Ids are given under this lock.
    postings: RwLock<MemoryPostings>,
    limits: Limits,
}

#[derive(Debug)]
struct Entry {
    labels: Labels,
    before: Mutex<Before>,
}

impl Registry {
    pub(crate) fn new(limits: Limits) -> Self {
        Registry {
            shards: std::iter::repeat_with(RwLock::default).take(SHARDS).collect(),
            entries: Slots::new(),
            count: AtomicU32::new(0),
            postings: RwLock::default(),
            limits,
        }
    }

    /// Number of series.
    pub(crate) fn len(&self) -> u32 {
        self.count.load(Ordering::Acquire)
    }

    /// The labels of a series.
    pub(crate) fn labels(&self, id: u32) -> Option<&Labels> {
        self.entry(id).map(|entry| &entry.labels)
    }

    /// What is known about the samples of a series that are not in the active head.
    pub(crate) fn before(&self, id: u32) -> Option<MutexGuard<'_, Before>> {
        self.entry(id).map(|entry| entry.before.lock())
    }

    fn entry(&self, id: u32) -> Option<&Entry> {
        self.entries.get(id)?.get()
    }

    fn shard(&self, labels: &Labels) -> &RwLock<HashTable<u32>> {
        &self.shards[labels.hash64() as usize % SHARDS]
    }

    /// The id of the series with these labels, if there is one.
    pub(crate) fn find(&self, labels: &Labels) -> Option<u32> {
        let shard = self.shard(labels).read();
        shard.find(labels.hash64(), |id| self.labels(*id) == Some(labels)).copied()
    }

    /// The id of the series with these labels, made if there is none.
    ///
    /// # Errors
    ///
    /// Why there can be no such series.
    pub(crate) fn resolve(&self, labels: &Labels) -> Result<u32, RefusalReason> {
        if let Some(id) = self.find(labels) {
            return Ok(id);
        }
        self.limits.check(labels)?;
        self.make(labels, self.limits.series_max)
    }

    /// [`Registry::resolve`] for labels that a log or block holds: they were accepted once.
    pub(crate) fn restore(&self, labels: &Labels) -> Result<u32, RefusalReason> {
        self.find(labels).map_or_else(|| self.make(labels, u32::MAX.into()), Ok)
    }

    fn make(&self, labels: &Labels, series_max: u64) -> Result<u32, RefusalReason> {
        let mut postings = self.postings.write();
        if let Some(id) = self.find(labels) {
            return Ok(id);
        }
        let id = self.len();
        if u64::from(id) >= series_max || id == u32::MAX {
            return Err(RefusalReason::TooMany { what: "series", limit: series_max });
        }
        let entry = Entry { labels: labels.clone(), before: Mutex::default() };
        // Nobody else gives ids, so the place is empty.
        let _ = self.entries.grow(id).set(entry);
        let mut shard = self.shard(labels).write();
        shard.insert_unique(labels.hash64(), id, |id| self.labels(*id).map_or(0, Labels::hash64));
        drop(shard);
        postings.insert(id, labels);
        self.count.store(id + 1, Ordering::Release);
        Ok(id)
    }

    /// Forgets the values of newest samples that a tombstone hides.
    pub(crate) fn note_deleted(&self, tombstone: &Tombstone) {
        // A memory index has nothing that can fail.
        for id in self.select(&tombstone.matchers).unwrap_or_default() {
            let Some(mut before) = self.before(id) else { continue };
            if let Some(newest) = before.newest.as_mut().filter(|it| tombstone.covers(it.time)) {
                newest.print = Print::Deleted;
            }
        }
    }

    /// Ids of the series that satisfy every matcher, ascending. New series wait for it, samples
    /// of known ones do not.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> storage::Result<Vec<u32>> {
        let selected = postings::select(&*self.postings.read(), matchers)?;
        Ok(selected.iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;

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
        assert!(registry.restore(&labels! { "a" => "2" }).is_ok());
    }
}
