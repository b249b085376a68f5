//! The state of a store in numbers.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use telemetry_core::sink::{Refusal, RefusalReason};
use telemetry_core::storage::stats::StoreStats;

use crate::registry::Registry;

/// The state of a store. What all engines have in common is in [`Stats::store`], which this
/// dereferences to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Series in memory: those of the head, of the one before, and who is kept by a reference.
    pub series: u64,
    /// Memory that these take for their labels, roughly.
    pub series_bytes: u64,
    /// Series that were evicted from memory since the store was opened.
    pub series_evicted: u64,
    /// Items refused since the store was opened.
    pub refused: Refused,
    /// Heads, log, blocks, caches, maintenance, recovery.
    pub store: StoreStats,
}

impl Stats {
    pub(crate) fn new(store: StoreStats, registry: &Registry, refused: Refused) -> Self {
        Stats {
            series: registry.len(),
            series_bytes: registry.memory_bytes(),
            series_evicted: registry.evicted(),
            refused,
            store,
        }
    }
}

/// Items that commits refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Another value was stored at the same time.
    pub duplicate: u64,
    /// Before the newest sample of its series, with no window open.
    pub out_of_order: u64,
    /// Before the out-of-order window.
    pub too_old: u64,
    /// Past one of the [`Limits`](crate::Limits).
    pub limits: u64,
    /// Exemplars, which are no items: labels that are too long, or too old.
    pub exemplars: u64,
    /// Anything else: labels, times or histograms that are not valid, handles of no series.
    pub invalid: u64,
}

/// [`Refused`] while it is counted.
#[derive(Debug, Default)]
pub(crate) struct RefusedCounters {
    counters: [AtomicU64; 6],
}

impl RefusedCounters {
    pub(crate) fn count(&self, refusals: &[Refusal]) {
        for refusal in refusals {
            let counter = match refusal.reason {
                RefusalReason::Duplicate { .. } => 0,
                RefusalReason::OutOfOrder { .. } => 1,
                RefusalReason::TooOld { .. } => 2,
                RefusalReason::TooMany { .. }
                | RefusalReason::TooManyLabels { .. }
                | RefusalReason::TooLong { .. } => 3,
                _ => 4,
            };
            self.counters[counter].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count_exemplar(&self) {
        self.counters[5].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Refused {
        let [duplicate, out_of_order, too_old, limits, invalid, exemplars] =
            self.counters.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        Refused { duplicate, out_of_order, too_old, limits, exemplars, invalid }
    }
}

impl Deref for Stats {
    type Target = StoreStats;

    fn deref(&self) -> &StoreStats {
        &self.store
    }
}
