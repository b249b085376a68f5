//! Lines that were refused, counted by reason.

use std::sync::atomic::{AtomicU64, Ordering};

use telemetry_core::sink::{Refusal, RefusalReason};

/// Lines refused since the store was opened, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Too far behind the stream or the clock.
    pub too_old: u64,
    /// Too far ahead of the clock.
    pub too_new: u64,
    /// Faster than the store or the stream takes.
    pub too_fast: u64,
    /// A line, a name, a value or metadata that is too long.
    pub too_long: u64,
    /// Too many labels, streams or pairs of metadata.
    pub too_many: u64,
    /// Anything else: labels or times that are not valid.
    pub invalid: u64,
}

impl Refused {
    /// All of them.
    pub fn total(&self) -> u64 {
        let Refused { too_old, too_new, too_fast, too_long, too_many, invalid } = self;
        too_old + too_new + too_fast + too_long + too_many + invalid
    }
}

/// [`Refused`] while it is counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    counters: [AtomicU64; 6],
}

impl Counters {
    pub(crate) fn count(&self, refusals: &[Refusal]) {
        let [too_old, too_new, too_fast, too_long, too_many, invalid] = &self.counters;
        for refusal in refusals {
            let counter = match refusal.reason {
                RefusalReason::TooOld { .. } | RefusalReason::OutOfOrder { .. } => too_old,
                RefusalReason::TooNew { .. } => too_new,
                RefusalReason::TooFast { .. } => too_fast,
                RefusalReason::TooLong { .. } => too_long,
                RefusalReason::TooMany { .. } | RefusalReason::TooManyLabels { .. } => too_many,
                _ => invalid,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Refused {
        let [too_old, too_new, too_fast, too_long, too_many, invalid] =
            self.counters.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        Refused { too_old, too_new, too_fast, too_long, too_many, invalid }
    }
}
