//! Which ids are of a series, and when that was last seen.
//!
//! ~~~text
//! word of an id   generation u32 │ seen u32: 0 no series · KEPT never evicted · else an epoch
//! SeriesRef       generation u32 │ id u32
//! ~~~
//!
//! An id is given again to another series once nobody can take it for the one before. Whoever keeps
//! a reference for longer is told by its generation. Words are changed without a lock: a series that
//! is seen at the moment in which it would be evicted either stays or was evicted before.

use std::sync::atomic::{AtomicU64, Ordering};

use telemetry_core::sink::SeriesRef;

use super::slots::Slots;

/// A series that is never evicted has been seen in this epoch.
const KEPT: u32 = u32::MAX;

/// The words of all ids.
#[derive(Debug)]
pub(super) struct Lives {
    words: Slots<AtomicU64>,
}

fn word(generation: u32, seen: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(seen)
}

fn parts(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

impl Lives {
    pub(super) fn new() -> Self {
        Lives { words: Slots::new() }
    }

    fn get(&self, id: u32) -> (u32, u32) {
        parts(self.words.get(id).map_or(0, |word| word.load(Ordering::Acquire)))
    }

    /// Whether an id is of a series.
    pub(super) fn is_live(&self, id: u32) -> bool {
        self.get(id).1 != 0
    }

    /// Whether an id is of a series that was seen in `epoch` or later.
    pub(super) fn is_seen_since(&self, id: u32, epoch: u32) -> bool {
        self.get(id).1 >= epoch.max(1)
    }

    /// Gives an id to a series.
    pub(super) fn begin(&self, id: u32, epoch: u32) {
        let slot = self.words.grow(id);
        let (generation, _) = parts(slot.load(Ordering::Relaxed));
        slot.store(word(generation, epoch), Ordering::Release);
    }

    /// The reference to the series that has an id.
    pub(super) fn reference(&self, id: u32) -> SeriesRef {
        SeriesRef(u64::from(self.get(id).0) << 32 | u64::from(id))
    }

    /// Notes that a series is seen. False where there is none.
    pub(super) fn see(&self, id: u32, epoch: u32) -> bool {
        self.change(id, |_, seen| (seen != 0).then(|| seen.max(epoch)))
    }

    /// The id of a series that is still there, which is seen thereby.
    pub(super) fn see_reference(&self, series: SeriesRef, epoch: u32) -> Option<u32> {
        let (generation, id) = parts(series.0);
        let is_it = |found, seen: u32| (found == generation && seen != 0).then(|| seen.max(epoch));
        self.change(id, is_it).then_some(id)
    }

    /// The series is never evicted. False where there is none.
    pub(super) fn keep(&self, id: u32) -> bool {
        self.change(id, |_, seen| (seen != 0).then_some(KEPT))
    }

    /// Takes the id away from a series that was not seen in `epoch` or later. False where it was.
    pub(super) fn end(&self, id: u32, epoch: u32) -> bool {
        let Some(slot) = self.words.get(id) else { return false };
        let known = slot.load(Ordering::Acquire);
        let (generation, seen) = parts(known);
        let next = word(generation.wrapping_add(1), 0);
        let is_over = seen != 0 && seen < epoch;
        is_over && slot.compare_exchange(known, next, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Replaces when a series was seen by what `next` makes of its generation and that, if anything.
    fn change(&self, id: u32, next: impl Fn(u32, u32) -> Option<u32>) -> bool {
        let Some(slot) = self.words.get(id) else { return false };
        let mut known = slot.load(Ordering::Acquire);
        loop {
            let (generation, seen) = parts(known);
            let Some(changed) = next(generation, seen) else { return false };
            if changed == seen {
                return true;
            }
            let changed = word(generation, changed);
            match slot.compare_exchange_weak(known, changed, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(found) => known = found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_to_one_series_only() {
        let lives = Lives::new();
        assert_eq!(lives.see_reference(SeriesRef(7), 1), None);
        lives.begin(7, 1);
        let first = lives.reference(7);
        assert_eq!(first, SeriesRef(7));
        assert_eq!(lives.see_reference(first, 2), Some(7));
        // Seen in epoch 2.
        assert!(!lives.end(7, 2) && lives.end(7, 3));
        assert_eq!(lives.see_reference(first, 3), None);
        assert!(!lives.see(7, 3) && !lives.is_live(7) && !lives.end(7, 9));
        lives.begin(7, 3);
        assert_eq!(lives.see_reference(first, 3), None);
        assert_ne!(lives.reference(7), first);
        assert_eq!(lives.see_reference(lives.reference(7), 3), Some(7));
    }

    #[test]
    fn what_is_kept_is_never_over() {
        let lives = Lives::new();
        lives.begin(0, 1);
        assert!(lives.keep(0) && lives.see(0, 5));
        assert!(!lives.end(0, u32::MAX));
    }
}
