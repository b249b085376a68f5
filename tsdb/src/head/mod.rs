//! The head: samples in memory, backed by the log.
//!
//! ~~~text
//! commit ─→ stage.rs (judge each sample) ─→ record (log) ─→ apply.rs ─→ targets   rows.rs
//!                                                                   └─→ buffers   series.rs
//! read.rs (what one reader sees of a series)
//! ~~~
//!
//! The unit of ingest is a scrape: samples of many series at one time. A layout (a list of series)
//! becomes a [`Target`] at once if the head has nothing of its series yet, else when it comes for
//! the second time; from then on a scrape is a row of that target and touches no series at all. A
//! scrape that lacks some series of a target is a row with holes. Samples that come alone go to
//! buffers of the single series.
//!
//! What a series costs in a head: [`PLACE_BYTES`] and, of its target, [`COLUMN_BYTES`], 21 bytes
//! together, and two bits of what the log has defined; a sample in a row costs 8 bytes. A million
//! series with five samples each fit the default of 64 MiB.
//!
//! Invariants:
//! - one writer, who holds the store's commit lock; readers at any time;
//! - every sample carries the number of its commit, so that a reader sees commits as a whole;
//! - what is in a head was judged already: applying never refuses.

mod apply;
mod items;
mod notes;
mod places;
mod read;
mod rows;
mod series;
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};

use crate::record::{LogState, ReplayState};
use crate::registry::{Pin, Registry};
pub(crate) use items::{Extra, Items};
pub(crate) use notes::{Judged, Notes, is_same};
use places::Places;
pub(crate) use rows::{HOLE, Target, TargetView};
pub(crate) use stage::{Earlier, Staged, StagedPart, StagedRow, StagedSample, Stager};

/// Memory of a series that has anything in a head: its word.
const PLACE_BYTES: u64 = 8;
/// Memory of a column of a target beside its rows: the series' number, the last value logged.
const COLUMN_BYTES: usize = 13;
/// Memory of a series buffer, roughly.
const BUFFER_BYTES: u64 = 336;
/// Memory of a sample in a buffer, roughly: time, value, commit, room to grow.
const SAMPLE_BYTES: u64 = 36;

/// Samples in memory.
#[derive(Debug)]
pub(crate) struct Head {
    places: Places,
    /// Targets with their numbers, by the hash of their layout.
    targets: RwLock<HashMap<u64, Vec<Numbered>>>,
    tally: Tally,
    notes: RwLock<Notes>,
    /// What the log of this head has defined already.
    pub(crate) log: Mutex<LogState>,
    /// What the log that is replayed has defined already.
    pub(crate) replay: Mutex<ReplayState>,
    /// Replayed commits have no number: each is applied under this lock, and a reader holds it
    /// while it looks. Only stores that are open for reading replay beside readers.
    replaying: RwLock<()>,
    /// Its series are not evicted while anybody looks at it.
    _pin: Pin,
}

/// A target and its number.
type Numbered = (Arc<Target>, u32);

/// How much is in a head.
#[derive(Debug)]
struct Tally {
    bytes: AtomicU64,
    /// Samples and exemplars.
    items: AtomicU64,
    min_time: AtomicI64,
    max_time: AtomicI64,
}

impl Head {
    /// An empty head that knows about exemplars and metadata what `notes` says.
    pub(crate) fn new(notes: Notes, pin: Pin) -> Self {
        Head {
            places: Places::new(),
            targets: RwLock::default(),
            tally: Tally {
                bytes: AtomicU64::new(0),
                items: AtomicU64::new(0),
                min_time: AtomicI64::new(i64::MAX),
                max_time: AtomicI64::new(i64::MIN),
            },
            notes: RwLock::new(notes),
            log: Mutex::default(),
            replay: Mutex::default(),
            replaying: RwLock::default(),
            _pin: pin,
        }
    }

    /// Bytes of memory, roughly.
    pub(crate) fn bytes(&self) -> u64 {
        self.tally.bytes.load(Ordering::Relaxed)
    }

    /// Number of samples and exemplars.
    pub(crate) fn items(&self) -> u64 {
        self.tally.items.load(Ordering::Relaxed)
    }

    /// Times of the earliest and the latest sample.
    pub(crate) fn range(&self) -> Option<(i64, i64)> {
        let min = self.tally.min_time.load(Ordering::Acquire);
        let max = self.tally.max_time.load(Ordering::Acquire);
        (min <= max).then_some((min, max))
    }

    /// Exemplars and metadata.
    pub(crate) fn notes(&self) -> &RwLock<Notes> {
        &self.notes
    }

    /// Series that have samples here, ascending.
    pub(crate) fn series(&self) -> Vec<u32> {
        self.places.series()
    }

    /// The target of a layout, if it has one.
    pub(crate) fn target(&self, layout: u64, series: &[u32]) -> Option<Arc<Target>> {
        let targets = self.targets.read();
        let mut known = targets.get(&layout)?.iter().map(|(target, _)| target);
        known.find(|target| target.series() == series).cloned()
    }

    /// Number of targets.
    pub(crate) fn targets(&self) -> usize {
        self.places.targets_len()
    }

    /// Tells the registry which series are here, and the newest samples, before another head takes
    /// over.
    pub(crate) fn hand_over(&self, registry: &Registry) {
        for id in self.notes.read().series() {
            registry.see(id);
        }
        for id in self.series() {
            registry.see(id);
            let newest = self.newest(id);
            if let (Some(newest), Some(mut before)) = (newest, registry.before(id)) {
                before.include(newest);
            }
        }
    }
}

/// The hash of a layout, by which targets are found.
pub(crate) fn layout_hash(series: &[u32]) -> u64 {
    // Two lanes of multiply and fold (as in wyhash): a layout is looked up at every scrape.
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let pairs = series.chunks_exact(2);
    let rest = pairs.remainder().first().copied().map_or(0, |id| u64::from(id) + 1);
    let hash = pairs.fold(series.len() as u64, |hash, pair| {
        let both = u64::from(pair[0]) << 32 | u64::from(pair[1]);
        fold(hash ^ both ^ 0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db)
    });
    fold(hash ^ rest ^ 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3)
}
