//! [`Sink`]: the write side for decoders.

use hashbrown::HashMap;
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{Committed, MetricSink, RawLabels, RefusalReason, SeriesRef, SinkError};

use crate::batch::Batch;
use crate::db::Tsdb;
use crate::registry::Lookup;

/// Raw label sets that are remembered. A decoder that is told the same series again and again
/// remembers them itself; this is for those that do not, and must not cost much beside a million
/// series.
const CACHED_MAX: usize = 1 << 16;

/// Sets of up to this many labels are sorted without an allocation.
const PAIRS_INLINE: usize = 32;

/// Takes samples from a decoder. Labels are built only for series that this sink has not seen.
#[derive(Debug)]
pub struct Sink {
    db: Tsdb,
    batch: Batch,
    /// Hash of raw labels → series.
    known: HashMap<u128, SeriesRef, foldhash::fast::FixedState>,
    lookup: Lookup,
}

impl Sink {
    pub(crate) fn new(db: Tsdb) -> Self {
        let batch = db.batch();
        Sink { db, batch, known: HashMap::default(), lookup: Lookup::default() }
    }
}

/// The labels sorted by name, without those that have no value.
fn in_order<'a, 'p>(
    pairs: &'p mut [(&'a str, &'a str)],
) -> Result<&'p [(&'a str, &'a str)], RefusalReason> {
    if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
        pairs.sort_unstable_by_key(|(name, _)| *name);
        if let Some([(name, _), _]) = pairs.array_windows().find(|[a, b]| a.0 == b.0) {
            return Err(RefusalReason::DuplicateLabel { name: (*name).to_owned() });
        }
    }
    let mut len = 0;
    for at in 0..pairs.len() {
        if !pairs[at].1.is_empty() {
            pairs[len] = pairs[at];
            len += 1;
        }
    }
    Ok(&pairs[..len])
}

impl MetricSink for Sink {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        let hash = labels.hash();
        self.batch.hold();
        let registry = &self.db.engine().registry;
        if let Some(series) = self.known.get(&hash)
            && registry.see_reference(*series).is_some()
        {
            return Ok(*series);
        }
        let mut inline = [("", ""); PAIRS_INLINE];
        let id = match inline.get_mut(..labels.pairs().len()) {
            Some(pairs) => {
                pairs.copy_from_slice(labels.pairs());
                registry.resolve_pairs(in_order(pairs)?, &mut self.lookup)?
            }
            None => {
                let mut pairs = labels.pairs().to_vec();
                registry.resolve_pairs(in_order(&mut pairs)?, &mut self.lookup)?
            }
        };
        if self.known.len() >= CACHED_MAX {
            self.known.clear();
        }
        let series = registry.reference(id);
        self.known.insert(hash, series);
        Ok(series)
    }

    fn is_live(&mut self, series: SeriesRef) -> bool {
        self.batch.hold();
        self.db.engine().registry.see_reference(series).is_some()
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64) {
        self.batch.append_with_start(series, time, value, start);
    }

    fn append_row(&mut self, series: &[SeriesRef], time: i64, values: &[f64]) {
        self.batch.append_row(series, time, values);
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.batch.refuse(reason);
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) {
        self.batch.exemplar(series, exemplar);
    }

    fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.batch.metadata(metric, metadata);
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.batch.commit().map_err(SinkError::store)
    }
}
