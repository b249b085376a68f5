//! Taking a judged commit into memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{
    BUFFER_BYTES, COLUMN_BYTES, HOLE, Head, PLACE_BYTES, Place, SAMPLE_BYTES, SeriesBuffer, Staged,
    StagedPart, StagedSample, Target, layout_hash,
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
        let (mut bytes, mut samples) = (0, 0);
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        for part in &staged.parts {
            let time = match part {
                StagedPart::Sample(sample) => {
                    self.apply_sample(sample, commit);
                    bytes += SAMPLE_BYTES;
                    samples += 1;
                    sample.time
                }
                StagedPart::Row(row) => {
                    self.claim(&row.target);
                    let values = staged.values_of(row, values);
                    bytes += row.target.append(row.time, values.iter().copied(), commit);
                    samples += values.iter().filter(|it| it.to_bits() != HOLE).count() as u64;
                    row.time
                }
            };
            (min, max) = (min.min(time), max.max(time));
        }
        if !staged.exemplars.is_empty() || !staged.metadata.is_empty() {
            let mut notes = self.notes.write();
            for (series, exemplar) in &staged.exemplars {
                notes.add_exemplar(*series, exemplar);
            }
            for (metric, metadata) in &staged.metadata {
                notes.set_metadata(metric, metadata);
            }
        }
        self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tally.min_time.fetch_min(min, Ordering::AcqRel);
        self.tally.max_time.fetch_max(max, Ordering::AcqRel);
        self.tally.samples.fetch_add(samples, Ordering::Relaxed);
    }

    fn apply_sample(&self, sample: &StagedSample, commit: u64) {
        let (time, value, start) = (sample.time, sample.value.clone(), sample.start);
        self.with_buffer(sample.series, |buffer| {
            if sample.late {
                buffer.push_late(time, value, start, commit);
            } else {
                buffer.push(time, value, start, commit);
            }
        });
    }

    /// Makes the target the one that has the newest sample of all its series.
    fn claim(&self, target: &Arc<Target>) {
        if target.owns_newest() {
            return;
        }
        for (column, id) in (0..).zip(target.series()) {
            self.with_place(*id, |place| ((), place.move_home(target, column)));
        }
        target.set_owns_newest(true);
        let layout = layout_hash(target.series());
        let mut targets = self.targets.write();
        let known = targets.entry(layout).or_default();
        if !known.iter().any(|other| Arc::ptr_eq(other, target)) {
            known.push(Arc::clone(target));
            let bytes = (target.series().len() * COLUMN_BYTES) as u64;
            self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    fn with_buffer<T>(&self, id: u32, change: impl FnOnce(&mut SeriesBuffer) -> T) -> T {
        self.with_place(id, |place| {
            let (buffer, is_new) = place.buffer();
            (change(buffer), is_new)
        })
    }

    /// Changes the place of a series; `change` also says whether it made a buffer.
    fn with_place<T>(&self, id: u32, change: impl FnOnce(&mut Place) -> (T, bool)) -> T {
        let mut place = self.places.grow(id).lock();
        if place.is_empty() {
            self.touched.lock().push(id);
            self.tally.bytes.fetch_add(PLACE_BYTES, Ordering::Relaxed);
        }
        let (result, made) = change(&mut place);
        if made {
            self.tally.bytes.fetch_add(BUFFER_BYTES, Ordering::Relaxed);
        }
        result
    }

    fn look<T>(&self, id: u32, see: impl FnOnce(&Place) -> Option<T>) -> Option<T> {
        see(&self.places.get(id)?.lock())
    }

    /// Whether this head has nothing of a series.
    pub(super) fn is_new(&self, id: u32) -> bool {
        self.places.get(id).is_none_or(|place| place.lock().is_empty())
    }

    /// The newest sample that this head has of a series.
    pub(super) fn newest(&self, id: u32) -> Option<Newest> {
        self.look(id, Place::newest)
    }

    /// The target that has it, and the column there.
    pub(super) fn home(&self, id: u32) -> Option<(Arc<Target>, u32)> {
        self.look(id, Place::home)
    }

    /// The value of a series at a time before its newest.
    pub(super) fn value_at(&self, id: u32, time: i64) -> Option<Print> {
        self.look(id, |place| place.value_at(time))
    }
}
