//! The state of a store in numbers.

use std::ops::Deref;

use telemetry_core::storage::stats::StoreStats;

/// The state of a store. What all engines have in common is in [`Stats::store`], which this
/// dereferences to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Series met since the store was opened.
    pub series: u64,
    /// Heads, log, blocks, caches, maintenance, recovery.
    pub store: StoreStats,
}

impl Stats {
    pub(crate) fn new(store: StoreStats, series: u64) -> Self {
        Stats { series, store }
    }
}

impl Deref for Stats {
    type Target = StoreStats;

    fn deref(&self) -> &StoreStats {
        &self.store
    }
}
