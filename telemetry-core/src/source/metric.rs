//! The read side of a metrics store: all that a metrics language needs.

use std::sync::Arc;

use super::SourceError;
use crate::labels::{Labels, Matcher};
use crate::model::{Histogram, SampleValue};
use crate::query::QueryContext;
use crate::time::MillisRange;

/// A store of series of samples.
pub trait MetricSource: Send + Sync {
    /// Series that satisfy every matcher and have samples in `request.window` (both ends
    /// included). Each label set comes once. A source may return more than the hints ask for,
    /// never less.
    ///
    /// # Errors
    ///
    /// Past a bound of `context` [`SourceError::Interrupted`]; [`SourceError::Store`] where the
    /// store fails.
    fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError>;

    /// Names of labels of the series that `request` selects, sorted, each once.
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select).
    fn label_names(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError>;

    /// Values of the label `name` on the series that `request` selects, sorted, each once.
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select).
    fn label_values(
        &self,
        name: &str,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError>;
}

/// Which series a query reads.
#[derive(Clone, Debug)]
pub struct SeriesRequest {
    /// All must hold. A matcher that matches the empty text also matches an absent label.
    pub matchers: Vec<Matcher>,
    /// Samples outside are not needed, both ends included.
    pub window: MillisRange,
    /// Whether the series must come in the order of their labels.
    pub sorted: bool,
    /// What the query does with the samples: a source may use it, or not.
    pub hints: SeriesHints,
}

impl SeriesRequest {
    /// Series that satisfy `matchers` with samples in `window`, in any order, without hints.
    pub fn new(matchers: Vec<Matcher>, window: MillisRange) -> Self {
        SeriesRequest { matchers, window, sorted: false, hints: SeriesHints::default() }
    }
}

/// What a query does with the samples that it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeriesHints {
    /// The only labels that the query looks at, sorted; none if it may look at all. A source may
    /// leave out the others, but must not join series that become equal.
    pub labels: Option<Vec<String>>,
    /// Milliseconds between two evaluations; none if there is one only.
    pub step_ms: Option<i64>,
    /// Length of the range that is read at each evaluation, in milliseconds.
    pub range_ms: Option<i64>,
    /// The function or aggregation around the selector; empty if there is none.
    pub function: &'static str,
    /// Whether samples are needed at all: label queries need none.
    pub labels_only: bool,
}

/// Which series a label query looks at.
#[derive(Clone, Debug)]
pub struct LabelRequest {
    /// All must hold; with none every series is meant.
    pub matchers: Vec<Matcher>,
    /// Only series with samples in this window, as exactly as the store cheaply can.
    pub window: MillisRange,
    /// The most values that are returned.
    pub limit: usize,
}

/// Selected series, reachable in any order and from any thread.
pub trait SeriesSet: Send + Sync {
    /// How many series were selected.
    fn len(&self) -> usize;

    /// Whether none was.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels of series `index`; no labels past the end.
    fn labels(&self, index: usize) -> &Labels;

    /// The chunks of series `index`, in order of time, not overlapping; together they hold every
    /// sample of the series in the window, and may hold others. None past the end.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    fn chunks<'a>(&'a self, index: usize) -> Result<Vec<Box<dyn Chunk + 'a>>, SourceError>;

    /// The newest sample of series `index` in `range`, staleness markers included; none past the end. By
    /// default asked of its chunks.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    fn newest(&self, index: usize, range: MillisRange) -> Result<Option<Newest>, SourceError> {
        newest_of_series(self, index, range)
    }

    /// A number that two series of this set share only if their samples have exactly the same
    /// timestamps (within the window), so that window bounds need computing once. None if the
    /// source does not know.
    fn time_column(&self, index: usize) -> Option<u64> {
        let _ = index;
        None
    }
}

/// What [`SeriesSet::newest`] does by default: for sets that know better only sometimes.
///
/// # Errors
///
/// As [`SeriesSet::newest`].
pub fn newest_of_series<S: SeriesSet + ?Sized>(
    series: &S,
    index: usize,
    range: MillisRange,
) -> Result<Option<Newest>, SourceError> {
    for chunk in series.chunks(index)?.iter().rev() {
        if let Some(newest) = chunk.newest(range)? {
            return Ok(Some(newest));
        }
    }
    Ok(None)
}

/// A run of samples of one series.
pub trait Chunk: Send + Sync {
    /// What is known without decoding.
    fn statistics(&self) -> ChunkStatistics;

    /// Appends the samples in `range` (both ends included) to `into`, in order of time.
    /// Staleness markers are samples.
    ///
    /// # Errors
    ///
    /// Where the chunk is damaged.
    fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<(), SourceError>;

    /// Appends the values of the samples in `range` to `into`, without their times: for series
    /// whose [time column](SeriesSet::time_column) was decoded before. False, and nothing appended,
    /// if there are histograms or the chunk cannot do it, as is the default.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    fn decode_values(&self, range: MillisRange, into: &mut Vec<f64>) -> Result<bool, SourceError> {
        let _ = (range, into);
        Ok(false)
    }

    /// The newest sample in `range`, staleness markers included. By default from the statistics, if
    /// the last sample of the chunk is in `range`, else by decoding.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    fn newest(&self, range: MillisRange) -> Result<Option<Newest>, SourceError> {
        newest_of(self, range)
    }
}

/// What [`Chunk::newest`] does by default: for chunks that know better only sometimes.
///
/// # Errors
///
/// As [`Chunk::decode`].
pub fn newest_of<C: Chunk + ?Sized>(
    chunk: &C,
    range: MillisRange,
) -> Result<Option<Newest>, SourceError> {
    let ChunkStatistics { window, floats, .. } = chunk.statistics();
    if !window.overlaps(&range) {
        return Ok(None);
    }
    if let Some(floats) = floats
        && range.start <= window.end
        && window.end <= range.end
    {
        return Ok(Some(Newest { time: window.end.0, value: floats.last.into() }));
    }
    let mut columns = Columns::default();
    chunk.decode(range, &mut columns)?;
    let Columns { mut floats, mut histograms } = columns;
    let float = floats.times.pop().zip(floats.values.pop());
    let histogram = histograms.times.pop().zip(histograms.values.pop());
    let float = float.map(|(time, value)| Newest { time, value: value.into() });
    let histogram =
        histogram.map(|(time, value)| Newest { time, value: SampleValue::Histogram(value) });
    Ok(match (float, histogram) {
        (Some(float), Some(histogram)) if float.time > histogram.time => Some(float),
        (float, histogram) => histogram.or(float),
    })
}

/// A sample by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Newest {
    /// Its time in milliseconds.
    pub time: i64,
    /// Its value.
    pub value: SampleValue,
}

/// What a chunk knows about itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChunkStatistics {
    /// Number of samples, staleness markers included.
    pub count: u64,
    /// Times of the first and the last sample.
    pub window: MillisRange,
    /// Whether any of them is a histogram.
    pub has_histograms: bool,
    /// More about the floats. None where it is not known, where there are no floats, and where
    /// one of them is NaN or a staleness marker.
    pub floats: Option<FloatStatistics>,
}

/// What a chunk knows about its floats when none is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatStatistics {
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// The sum, added up in order of time.
    pub sum: f64,
    /// The first value.
    pub first: f64,
    /// The last value.
    pub last: f64,
    /// How often a value is below the one before it.
    pub resets: u64,
}

/// Decoded samples: two columns per kind, times ascending within each.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The floats.
    pub floats: FloatColumn,
    /// The histograms.
    pub histograms: HistogramColumn,
}

/// Floats with their times.
#[derive(Clone, Debug, Default)]
pub struct FloatColumn {
    /// Times in milliseconds, ascending.
    pub times: Vec<i64>,
    /// As many values.
    pub values: Vec<f64>,
    /// Start timestamps in milliseconds, 0 where unknown: as many, or none at all.
    pub starts: Vec<i64>,
}

/// Histograms with their times.
#[derive(Clone, Debug, Default)]
pub struct HistogramColumn {
    /// Times in milliseconds, ascending.
    pub times: Vec<i64>,
    /// As many histograms.
    pub values: Vec<Arc<Histogram>>,
    /// Start timestamps in milliseconds, 0 where unknown: as many, or none at all.
    pub starts: Vec<i64>,
}

impl Columns {
    /// Forgets the samples, keeps the memory.
    pub fn clear(&mut self) {
        self.floats.clear();
        self.histograms.clear();
    }
}

impl FloatColumn {
    /// Adds a sample; `start` is its start timestamp, 0 if unknown.
    pub fn push(&mut self, time: i64, value: f64, start: i64) {
        push_start(&mut self.starts, self.times.len(), start);
        self.times.push(time);
        self.values.push(value);
    }

    /// Forgets the samples, keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.starts.clear();
    }
}

impl HistogramColumn {
    /// Adds a sample; `start` is its start timestamp, 0 if unknown.
    pub fn push(&mut self, time: i64, value: Arc<Histogram>, start: i64) {
        push_start(&mut self.starts, self.times.len(), start);
        self.times.push(time);
        self.values.push(value);
    }

    /// Forgets the samples, keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.starts.clear();
    }
}

/// Start timestamps are rare: their column stays empty until the first one comes.
fn push_start(starts: &mut Vec<i64>, before: usize, start: i64) {
    if start != 0 || !starts.is_empty() {
        starts.resize(before, 0);
        starts.push(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_timestamps_appear_with_the_first_one() {
        let mut column = FloatColumn::default();
        column.push(1, 1.0, 0);
        assert!(column.starts.is_empty());
        column.push(2, 1.0, 1);
        column.push(3, 1.0, 0);
        assert_eq!(column.starts, [0, 1, 0]);
    }
}
