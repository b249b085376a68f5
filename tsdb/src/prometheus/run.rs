//! A run of samples of one series whose times rise: a chunk, or samples that are held as columns.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use telemetry_core::source::Columns;
use telemetry_core::time::MillisRange;

use super::chunk::Encoding;
use crate::query::{append_starts, bounds};

/// A run of samples.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) count: u64,
    pub(super) samples: Samples,
    /// The file and the offset that it is from.
    pub(super) place: (Arc<Path>, u64),
    pub(super) hidden: Option<Arc<[MillisRange]>>,
}

#[derive(Clone, Debug)]
pub(super) enum Samples {
    Coded(Encoding, Bytes),
    Held(Arc<Columns>),
}

impl Run {
    /// Samples that are held here; none if there are none.
    pub(super) fn held(columns: Columns) -> Option<Run> {
        let (floats, histograms) = (&columns.floats.times, &columns.histograms.times);
        let first = floats.first().into_iter().chain(histograms.first()).min().copied()?;
        let last = floats.last().into_iter().chain(histograms.last()).max().copied()?;
        let count = (floats.len() + histograms.len()) as u64;
        let place = (Arc::from(Path::new("")), 0);
        Some(Run {
            first,
            last,
            count,
            samples: Samples::Held(Arc::new(columns)),
            place,
            hidden: None,
        })
    }

    /// Whether a time is hidden.
    pub(super) fn hides(&self, time: i64) -> bool {
        let covers = |range: &MillisRange| range.start.0 <= time && time <= range.end.0;
        self.hidden.as_ref().is_some_and(|hidden| hidden.iter().any(covers))
    }
}

/// Appends the samples of `from` in a range.
pub(super) fn between(from: &Columns, range: MillisRange, into: &mut Columns) {
    let (floats, known) = (&from.floats, &mut into.floats);
    let (start, end) = bounds(&floats.times, range);
    let before = known.times.len();
    known.times.extend_from_slice(&floats.times[start..end]);
    known.values.extend_from_slice(&floats.values[start..end]);
    append_starts(&floats.starts, (start, end), before, &mut known.starts);
    let (histograms, known) = (&from.histograms, &mut into.histograms);
    let (start, end) = bounds(&histograms.times, range);
    let before = known.times.len();
    known.times.extend_from_slice(&histograms.times[start..end]);
    known.values.extend_from_slice(&histograms.values[start..end]);
    append_starts(&histograms.starts, (start, end), before, &mut known.starts);
}
