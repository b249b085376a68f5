//! The series of a target, by the hash of what the target exposes.

use std::collections::HashMap;

use telemetry_core::labels::Labels;
use telemetry_core::sink::SeriesRef;

/// A series that the target exposed, or one that relabeling drops.
#[derive(Debug)]
pub(super) struct Known {
    /// None where it is dropped.
    pub(super) labels: Option<Labels>,
    /// The sink's handle, once there is one.
    pub(super) handle: Option<SeriesRef>,
    /// The scrape that exposed it last.
    pub(super) seen: u64,
    /// The scrape from which on its disappearance must be marked.
    pub(super) tracked: u64,
    /// What that was before this scrape.
    pub(super) tracked_before: u64,
    /// Whether its last value was a native histogram.
    pub(super) is_native: bool,
}

/// All that are remembered. Scrapes are numbered from 1.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) known: HashMap<u128, Known>,
    pub(super) scrape: u64,
}

impl Series {
    /// The series that were tracked in the scrape before and are not in this one.
    pub(super) fn vanished(&self) -> Vec<u128> {
        let before = self.scrape.saturating_sub(1);
        let vanished = |(key, known): (&u128, &Known)| (known.tracked == before).then_some(*key);
        let mut keys: Vec<_> =
            self.known.iter().filter(|(_, known)| known.tracked > 0).filter_map(vanished).collect();
        // The order of a map is not the same twice.
        keys.sort_unstable();
        keys
    }

    /// Forgets what this scrape did not expose.
    pub(super) fn forget_unseen(&mut self) {
        let scrape = self.scrape;
        self.known.retain(|_, known| known.seen == scrape);
    }
}
