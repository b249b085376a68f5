//! The write side of a metrics store.

use super::{Committed, RawLabels, RefusalReason, SinkError};
use crate::model::{Exemplar, Metadata, SampleValue};

/// A series of a store. A reference is never that of another series. A store may forget a series
/// that nothing is written to for long, see [`MetricSink::is_live`]; after it was closed and opened
/// again the references of before are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesRef(pub u64);

/// Takes samples.
pub trait MetricSink {
    /// The series with these labels, made if there is none. Asking again for the same raw labels
    /// costs one look-up.
    ///
    /// # Errors
    ///
    /// Why there can be no such series. The caller reports the items that needed it with
    /// [`refuse`](Self::refuse).
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason>;

    /// Whether the series is still there; then it is so until the next commit. Who remembers
    /// references from one commit to the next asks before using one, and resolves the labels again
    /// where the answer is no. References of the present commit need not be asked about.
    fn is_live(&mut self, series: SeriesRef) -> bool {
        let _ = series;
        true
    }

    /// Adds a sample to the commit: the next item. `time` and `start` are milliseconds; `start`
    /// is the start timestamp, 0 if unknown.
    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64);

    /// Adds a row to the commit: a float of each of `series`, all at `time` and without a start
    /// timestamp, as a scrape gives them. The next items, in this order; the same as appending
    /// them one by one, which a store may have a shorter way for. Of two slices of different
    /// lengths the longer one's rest is not looked at.
    fn append_row(&mut self, series: &[SeriesRef], time: i64, values: &[f64]) {
        for (series, value) in series.iter().zip(values) {
            self.append(*series, time, SampleValue::Float(*value), 0);
        }
    }

    /// Counts an item that the caller could not hand in, so that positions stay right.
    fn refuse(&mut self, reason: RefusalReason);

    /// Adds an exemplar to a series. Not an item: a store may drop it.
    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar);

    /// Sets what is known about a metric. Not an item.
    fn metadata(&mut self, metric: &str, metadata: &Metadata);

    /// Stores the commit.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    fn commit(&mut self) -> Result<Committed, SinkError>;
}
