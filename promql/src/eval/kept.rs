//! Samples that several places of a query look at: decoded by the first, kept for the others.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use telemetry_core::source::{Columns, FloatColumn, Newest};
use telemetry_core::time::MillisRange;

use super::EvaluationError;
use super::fetch::{Known, Opened};

/// Memory for the samples of one selector. Series past it are decoded each time.
const BYTES_MAX: u64 = 64 << 20;

/// Bytes of a float and its time.
const SAMPLE_BYTES: u64 = 16;

/// The series of a selector that is used more than once; empty if it is used once.
pub(super) struct Kept {
    /// Per series: nothing yet, or its samples, or that they are not kept.
    series: Vec<OnceLock<Option<Box<KeptSeries>>>>,
    /// All samples that any use looks at.
    window: MillisRange,
    bytes: AtomicU64,
}

/// The floats of one series.
pub(super) struct KeptSeries {
    floats: FloatColumn,
    known: Known,
}

impl Kept {
    /// For so many series.
    pub(super) fn new(series: usize, window: MillisRange) -> Self {
        let series = (0..series).map(|_| OnceLock::new()).collect();
        Kept { series, window, bytes: AtomicU64::new(0) }
    }

    /// The samples of series `index`, if they were kept before.
    pub(super) fn known(&self, index: usize) -> Option<&KeptSeries> {
        self.series.get(index)?.get()?.as_deref()
    }

    /// The samples of series `index`, decoded and kept if they were not; none if they cannot be.
    pub(super) fn of(
        &self,
        index: usize,
        opened: &Opened<'_>,
    ) -> Result<Option<&KeptSeries>, EvaluationError> {
        let Some(place) = self.series.get(index) else { return Ok(None) };
        if place.get().is_none() {
            let kept = self.keep(opened)?;
            // Another thread may have been faster.
            let _ = place.set(kept);
        }
        Ok(place.get().and_then(|kept| kept.as_deref()))
    }

    fn keep(&self, opened: &Opened<'_>) -> Result<Option<Box<KeptSeries>>, EvaluationError> {
        let mut samples = 0;
        for (_, statistics) in opened.overlapping(self.window) {
            if statistics.has_histograms {
                return Ok(None);
            }
            samples += statistics.count;
        }
        let bytes = samples.saturating_mul(SAMPLE_BYTES);
        if self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > BYTES_MAX {
            return Ok(None);
        }
        let mut columns = Columns::default();
        let known = opened.decode_floats(self.window, bytes, &mut columns)?;
        Ok(Some(Box::new(KeptSeries { floats: columns.floats, known })))
    }
}

impl KeptSeries {
    fn bounds(&self, window: MillisRange) -> (usize, usize) {
        let times = &self.floats.times;
        let low = times.partition_point(|time| *time < window.start.0);
        let high = times.partition_point(|time| *time <= window.end.0);
        (low, high.max(low))
    }

    /// Appends the values in `window` to `into`.
    pub(super) fn values(&self, window: MillisRange, into: &mut Vec<f64>) -> Known {
        let (low, high) = self.bounds(window);
        into.extend_from_slice(&self.floats.values[low..high]);
        self.known
    }

    /// Appends the samples in `window` to `into`.
    pub(super) fn samples(&self, window: MillisRange, into: &mut FloatColumn) {
        let (low, high) = self.bounds(window);
        into.times.extend_from_slice(&self.floats.times[low..high]);
        into.values.extend_from_slice(&self.floats.values[low..high]);
        into.starts.extend_from_slice(self.floats.starts.get(low..high).unwrap_or_default());
    }

    /// The newest sample in `window`, staleness markers included.
    pub(super) fn newest(&self, window: MillisRange) -> Option<Newest> {
        let (low, high) = self.bounds(window);
        let at = (low..high).next_back()?;
        Some(Newest { time: self.floats.times[at], value: self.floats.values[at].into() })
    }
}
