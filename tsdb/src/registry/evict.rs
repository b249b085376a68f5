//! Eviction: an index without the series that nobody has seen for a while.
//!
//! 1. When a head is sealed its series are seen once more, and an epoch ends.
//! 2. When it is in blocks, what was last seen before it was the active head, and before anything that
//!    a [`Pin`](super::Pin) holds, may go. If that is a part of all that is worth it, another index is
//!    built from the others, beside commits and readers.
//! 3. While nobody looks anything up, what is to go has its id taken away, unless it was seen just
//!    now; whatever came or was seen meanwhile is taken over; the index takes its place.
//! 4. Readers who began before finish with the old one. Its ids are given again when all of them, and
//!    all heads and batches that began before, are gone.
//!
//! Building anew costs about what a flush of as many series does, and gives back all memory: that of
//! texts, numbers and lists.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::RwLock;

use super::index::{Index, Known};
use super::{Registry, STEP};

/// Series are evicted when they are at least this part of all.
const PART: u64 = 4;

impl Registry {
    /// A head was sealed: its series were [seen](Registry::see), and the next one begins.
    pub(crate) fn end_epoch(&self) {
        self.pins.advance();
    }

    /// Evicts series, if there are enough of them. A head was just written, by this store or by the
    /// one whose log it reads, and is still held. Only one thread at a time calls this.
    pub(crate) fn evict(&self) {
        let oldest = self.pins.oldest();
        let epoch = oldest.min(self.epoch().saturating_sub(1));
        let end = {
            let mut ids = self.ids.lock();
            ids.release(oldest);
            ids.end()
        };
        let stay = (0..end).filter(|id| self.lives.is_seen_since(*id, epoch)).count() as u64;
        let go = self.len().saturating_sub(stay);
        if go == 0 || go * PART < self.len() {
            return;
        }
        let old = self.current();
        let mut index = Index::after(&old.read());
        let mut known = Known::default();
        for start in (0..end).step_by(STEP) {
            let old = old.read();
            let step = start..end.min(start.saturating_add(STEP as u32));
            for id in step.filter(|id| self.lives.is_seen_since(*id, epoch)) {
                index.adopt(&old, id, &mut known);
            }
        }
        self.replace(index, epoch, known);
    }

    fn replace(&self, mut index: Index, epoch: u32, mut known: Known) {
        let mut place = self.index.write();
        let old = Arc::clone(&place);
        let old = old.read();
        let mut ids = self.ids.lock();
        let mut gone = Vec::new();
        for id in 0..ids.end() {
            if index.has(id) || !self.lives.is_live(id) {
                continue;
            }
            if self.lives.end(id, epoch) {
                let before = std::mem::take(&mut *self.before.grow(id).lock());
                if let Some(newest) = before.newest {
                    self.newest_evicted.fetch_max(newest.time, Ordering::AcqRel);
                }
                gone.push(id);
            } else {
                index.adopt(&old, id, &mut known);
            }
        }
        self.evicted.fetch_add(gone.len() as u64, Ordering::AcqRel);
        self.count.store(index.len() as u64, Ordering::Release);
        // Who begins in this epoch may have met them; who begins in the next cannot.
        ids.give_back(gone, self.epoch().saturating_add(1));
        *place = Arc::new(RwLock::new(index));
    }
}

#[cfg(test)]
mod tests {
    use telemetry_core::labels;
    use telemetry_core::labels::{Labels, Matcher};

    use super::*;
    use crate::options::Limits;

    fn pod(number: u32) -> Labels {
        labels! { "__name__" => "up", "pod" => &format!("pod-{number}"), "zone" => &format!("{}", number % 3) }
    }

    /// What a flush does with a head that has samples of `seen`.
    fn flush(registry: &Registry, seen: &[u32]) {
        assert!(seen.iter().all(|id| registry.see(*id)));
        registry.end_epoch();
        registry.evict();
    }

    #[test]
    fn what_nobody_has_seen_for_a_heads_life_goes_and_the_rest_stays_what_it_was() {
        let registry = Registry::new(Limits::default());
        let ids: Vec<u32> = (0..90).map(|pod_| registry.resolve(&pod(pod_)).unwrap()).collect();
        let references: Vec<_> = ids.iter().map(|id| registry.reference(*id)).collect();
        flush(&registry, &ids);
        flush(&registry, &ids[..30]);
        assert_eq!((registry.len(), registry.evicted()), (30, 60));
        for (number, reference) in (0..).zip(&references) {
            let stays = number < 30;
            assert_eq!(registry.see_reference(*reference).is_some(), stays);
            assert_eq!(registry.labels(number), stays.then(|| pod(number)));
        }
        let zone = registry.select(&[Matcher::equal("zone", "1")]).unwrap();
        assert_eq!(zone, (0..30).filter(|id| id % 3 == 1).collect::<Vec<_>>());
        assert_eq!(registry.select(&[Matcher::not_equal("zone", "1")]).unwrap().len(), 20);
        assert!(registry.select(&[Matcher::equal("pod", "pod-77")]).unwrap().is_empty());
        // It comes back as another one, which does not answer to the old reference.
        let again = registry.resolve(&pod(77)).unwrap();
        assert_eq!(registry.see_reference(references[77]), None);
        assert_eq!(registry.select(&[Matcher::equal("pod", "pod-77")]).unwrap(), [again]);
    }

    #[test]
    fn a_pin_holds_what_was_seen_since_it_began() {
        let registry = Registry::new(Limits::default());
        registry.resolve(&pod(0)).unwrap();
        flush(&registry, &[]);
        let pin = registry.hold();
        let held = registry.resolve(&pod(1)).unwrap();
        for _ in 0..3 {
            flush(&registry, &[]);
        }
        assert!(registry.is_live(held));
        assert_eq!(registry.len(), 1);
        drop(pin);
        flush(&registry, &[]);
        assert!(!registry.is_live(held));
    }

    #[test]
    fn an_id_is_given_again_when_all_are_gone_who_may_have_met_it() {
        let registry = Registry::new(Limits::default());
        let first = registry.resolve(&pod(0)).unwrap();
        flush(&registry, &[]);
        flush(&registry, &[]);
        assert!(!registry.is_live(first));
        let pin = registry.hold();
        flush(&registry, &[]);
        assert_ne!(registry.resolve(&pod(1)).unwrap(), first);
        drop(pin);
        flush(&registry, &[]);
        assert_eq!(registry.resolve(&pod(2)).unwrap(), first);
        assert_eq!(registry.labels(first), Some(pod(2)));
    }

    #[test]
    fn what_is_kept_stays() {
        let registry = Registry::new(Limits::default());
        let kept = registry.keep(&pod(0)).unwrap();
        registry.resolve(&pod(1)).unwrap();
        for _ in 0..4 {
            flush(&registry, &[]);
        }
        assert_eq!(registry.len(), 1);
        assert_eq!(registry.see_reference(kept), Some(0));
    }

    #[test]
    fn churn_takes_the_memory_of_the_series_that_are_there() {
        let registry = Registry::new(Limits::default());
        let mut most = 0;
        for hour in 0..40_u32 {
            let ids: Vec<u32> = (0..500)
                .map(|number| registry.resolve(&pod(hour * 500 + number)).unwrap())
                .collect();
            flush(&registry, &ids);
            most = most.max(registry.memory_bytes());
            // Those of this hour and of the one before, and a third of that.
            assert!(registry.len() <= 1_500, "{} series in hour {hour}", registry.len());
        }
        assert_eq!(registry.len() + registry.evicted(), 20_000);
        assert!(most < 1_000_000, "{most} bytes");
    }
}
