//! What a head keeps beside samples: exemplars and metadata.
//!
//! Exemplars go into blocks with the samples of their head. How many are in memory is bounded, the
//! oldest go first. Metadata moves on from head to head, in memory and in the log.
//!
//! The rules for exemplars are Prometheus's: the newest of a series again is taken silently and not
//! stored, as scrapes hand it in again and again; labels are bounded; one that is before the newest
//! of its series is taken within the out-of-order window of samples.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{Exemplar, Metadata};

use crate::options::OutOfOrder;

/// Characters of the names and values of an exemplar's labels, as OpenMetrics has it.
const LABEL_CHARACTERS_MAX: usize = 128;
/// Metrics with metadata.
const METADATA_MAX: usize = 100_000;
/// Memory of an exemplar, roughly.
pub(super) const EXEMPLAR_BYTES: u64 = 256;

/// Exemplars and metadata.
#[derive(Debug)]
pub(crate) struct Notes {
    /// Oldest first.
    exemplars: VecDeque<Noted>,
    newest: HashMap<u32, NewestOf>,
    exemplars_max: usize,
    metadata: HashMap<Arc<str>, Arc<Metadata>>,
}

#[derive(Debug)]
struct Noted {
    series: u32,
    commit: u64,
    exemplar: Arc<Exemplar>,
}

/// The newest exemplar of a series, and how many of it there are.
#[derive(Debug)]
struct NewestOf {
    exemplar: Arc<Exemplar>,
    count: usize,
}

/// What becomes of an exemplar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    New,
    Known,
    Refused,
}

/// Whether two exemplars are the same to the bit.
pub(crate) fn is_same(a: &Exemplar, b: &Exemplar) -> bool {
    a.time == b.time && a.value.to_bits() == b.value.to_bits() && a.labels == b.labels
}

impl Notes {
    /// Without any, of which so many exemplars are kept.
    pub(crate) fn new(exemplars_max: usize) -> Self {
        Notes {
            exemplars: VecDeque::new(),
            newest: HashMap::new(),
            exemplars_max,
            metadata: HashMap::new(),
        }
    }

    /// Those of the next head: what is not in blocks.
    pub(crate) fn next(&self) -> Self {
        Notes { metadata: self.metadata.clone(), ..Notes::new(self.exemplars_max) }
    }

    /// What becomes of an exemplar.
    pub(crate) fn judge(&self, series: u32, exemplar: &Exemplar, window: OutOfOrder) -> Judged {
        let characters = |(name, value): (&str, &str)| name.chars().count() + value.chars().count();
        let is_long = exemplar.labels.iter().map(characters).sum::<usize>() > LABEL_CHARACTERS_MAX;
        let newest = self.newest.get(&series).map(|newest| &*newest.exemplar);
        match newest {
            _ if is_long => Judged::Refused,
            Some(newest) if is_same(newest, exemplar) => Judged::Known,
            Some(newest) if exemplar.time.0 < window.oldest(newest.time.0) => Judged::Refused,
            _ => Judged::New,
        }
    }

    /// Adds an exemplar of a commit. Gives whether there is one more then.
    pub(crate) fn add_exemplar(&mut self, series: u32, exemplar: &Exemplar, commit: u64) -> bool {
        if self.exemplars_max == 0 {
            return false;
        }
        let is_full = self.exemplars.len() >= self.exemplars_max;
        if is_full {
            self.drop_oldest();
        }
        let exemplar = Arc::new(exemplar.clone());
        let newest = self.newest.entry(series);
        let newest = newest.or_insert_with(|| NewestOf { exemplar: exemplar.clone(), count: 0 });
        newest.count += 1;
        if newest.exemplar.time <= exemplar.time {
            newest.exemplar = Arc::clone(&exemplar);
        }
        self.exemplars.push_back(Noted { series, commit, exemplar });
        !is_full
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.exemplars.pop_front() else { return };
        if let Some(newest) = self.newest.get_mut(&oldest.series) {
            newest.count -= 1;
            if newest.count == 0 {
                self.newest.remove(&oldest.series);
            }
        }
    }

    /// Replaces what is known about a metric.
    pub(crate) fn set_metadata(&mut self, metric: &str, metadata: &Metadata) {
        if self.metadata.len() < METADATA_MAX || self.metadata.contains_key(metric) {
            self.metadata.insert(metric.into(), Arc::new(metadata.clone()));
        }
    }

    /// What is known about a metric.
    pub(crate) fn metadata(&self, metric: &str) -> Option<&Metadata> {
        self.metadata.get(metric).map(Arc::as_ref)
    }

    /// Everything that is known about metrics, in no order.
    pub(crate) fn all_metadata(&self) -> impl Iterator<Item = (&str, &Metadata)> {
        self.metadata.iter().map(|(metric, metadata)| (&**metric, &**metadata))
    }

    /// Exemplars of commits up to `visible` with their series, in the order in which they came.
    pub(crate) fn exemplars(&self, visible: u64) -> impl Iterator<Item = (u32, &Arc<Exemplar>)> {
        let seen = self.exemplars.iter().filter(move |noted| noted.commit <= visible);
        seen.map(|noted| (noted.series, &noted.exemplar))
    }

    /// Series that have exemplars.
    pub(crate) fn series(&self) -> impl Iterator<Item = u32> {
        self.newest.keys().copied()
    }

    pub(crate) fn has_metadata(&self) -> bool {
        !self.metadata.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::time::Millis;

    fn exemplar(time: i64, value: f64) -> Exemplar {
        Exemplar { labels: labels! { "trace_id" => "7" }, value, time: Millis(time) }
    }

    #[test]
    fn the_newest_again_is_known_and_what_is_long_or_late_is_refused() {
        let mut notes = Notes::new(10);
        notes.add_exemplar(1, &exemplar(5_000_000, f64::NAN), 1);
        let judge = |exemplar: &Exemplar| notes.judge(1, exemplar, OutOfOrder::default());
        assert_eq!(judge(&exemplar(5_000_000, f64::NAN)), Judged::Known);
        assert_eq!(judge(&exemplar(5_000_000, 2.0)), Judged::New);
        assert_eq!(judge(&exemplar(4_000_000, 2.0)), Judged::New);
        assert_eq!(judge(&exemplar(1_000_000, 2.0)), Judged::Refused);
        let of = |characters: usize| Exemplar {
            labels: labels! { "é" => &"ü".repeat(characters) },
            ..exemplar(5_000_001, 1.0)
        };
        assert_eq!((judge(&of(127)), judge(&of(128))), (Judged::New, Judged::Refused));
    }

    #[test]
    fn the_oldest_make_room() {
        let mut notes = Notes::new(3);
        for time in 0..5 {
            assert_eq!(notes.add_exemplar((time % 2) as u32, &exemplar(time, 1.0), 1), time < 3);
        }
        let times: Vec<i64> = notes.exemplars(1).map(|(_, exemplar)| exemplar.time.0).collect();
        assert_eq!(times, [2, 3, 4]);
        assert!(notes.exemplars(0).next().is_none());
    }
}
