//! Taking a judged commit into memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::notes::EXEMPLAR_BYTES;
use super::places::{Moved, Place};
use super::{
    BUFFER_BYTES, COLUMN_BYTES, HOLE, Head, PLACE_BYTES, SAMPLE_BYTES, Staged, StagedPart,
    StagedSample, Target, layout_hash,
};
use crate::registry::{Newest, Print};

impl Head {
    /// Takes in a commit from a log.
    pub(crate) fn apply_replayed(&self, staged: &Staged, values: &[f64]) {
        let _alone = self.replaying.write();
        self.apply(staged, values, 0);
    }

    /// Takes in a commit. `values` are those of all its items.
    pub(crate) fn apply(&self, staged: &Staged, values: &[f64], commit: u64) {
        let (mut bytes, mut items) = (0, 0);
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        for part in &staged.parts {
            let time = match part {
                StagedPart::Sample(sample) => {
                    self.apply_sample(sample, commit);
                    bytes += SAMPLE_BYTES;
                    items += 1;
                    sample.time
                }
                StagedPart::Row(row) => {
                    self.claim(&row.target);
                    let values = staged.values_of(row, values);
                    bytes += row.target.append(row.time, values.iter().copied(), commit);
                    items += values.iter().filter(|it| it.to_bits() != HOLE).count() as u64;
                    row.time
                }
            };
            (min, max) = (min.min(time), max.max(time));
        }
        if !staged.exemplars.is_empty() || !staged.metadata.is_empty() {
            let mut notes = self.notes.write();
            for (series, exemplar) in &staged.exemplars {
                if notes.add_exemplar(*series, exemplar, commit) {
                    bytes += EXEMPLAR_BYTES;
                    items += 1;
                }
            }
            for (metric, metadata) in &staged.metadata {
                notes.set_metadata(metric, metadata);
            }
        }
        self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tally.min_time.fetch_min(min, Ordering::AcqRel);
        self.tally.max_time.fetch_max(max, Ordering::AcqRel);
        self.tally.items.fetch_add(items, Ordering::Relaxed);
    }

    fn apply_sample(&self, sample: &StagedSample, commit: u64) {
        let (time, value, start) = (sample.time, sample.value.clone(), sample.start);
        let ((), made) = self.places.with_buffer(sample.series, |buffer| {
            if sample.late {
                buffer.push_late(time, value, start, commit);
            } else {
                buffer.push(time, value, start, commit);
            }
        });
        if made {
            self.tally.bytes.fetch_add(PLACE_BYTES + BUFFER_BYTES, Ordering::Relaxed);
        }
    }

    /// Makes the target the one that has the newest sample of all its series.
    fn claim(&self, target: &Arc<Target>) {
        if target.owns_newest() {
            return;
        }
        let layout = layout_hash(target.series());
        let mut targets = self.targets.write();
        let known = targets.entry(layout).or_default();
        let number = known.iter().find(|(other, _)| Arc::ptr_eq(other, target));
        let mut bytes = 0;
        let number = match number {
            Some((_, number)) => *number,
            None => {
                let number = self.places.add_target(target);
                known.push((Arc::clone(target), number));
                bytes += (target.series().len() * COLUMN_BYTES) as u64;
                number
            }
        };
        drop(targets);
        for (column, id) in (0..).zip(target.series()) {
            bytes += match self.places.move_home(*id, (target, number), column) {
                Moved::Settled => PLACE_BYTES,
                Moved::Stayed => 0,
                Moved::Buffered => BUFFER_BYTES,
            };
        }
        target.set_owns_newest(true);
        self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether this head has nothing of a series.
    pub(super) fn is_new(&self, id: u32) -> bool {
        self.places.is_empty(id)
    }

    /// The newest sample that this head has of a series.
    pub(super) fn newest(&self, id: u32) -> Option<Newest> {
        self.places.look(id, |place: Place<'_>| place.newest())
    }

    /// The target that has it, and the column there.
    pub(super) fn home(&self, id: u32) -> Option<(Arc<Target>, u32)> {
        self.places.look(id, |place| place.home())
    }

    /// The value of a series at a time before its newest.
    pub(crate) fn value_at(&self, id: u32, time: i64) -> Option<Print> {
        self.places.look(id, |place| place.value_at(time))
    }
}
