//! Reading series from the source.

use std::sync::atomic::{AtomicBool, Ordering};

use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    Chunk, ChunkStatistics, Columns, MetricSource, Newest, SeriesRequest, SeriesSet,
};
use telemetry_core::time::MillisRange;

use super::{EvaluationError, Identity, continuity};
use crate::explain::hints;
use crate::plan::Selector;

/// The series of a selector.
pub(crate) struct Fetched<'a> {
    series: Box<dyn SeriesSet + 'a>,
    pub(crate) identities: Vec<Identity>,
    /// Whether the source gave values without their times so far, wherever it was asked to.
    gives_values: AtomicBool,
}

/// A series whose samples are about to be read.
pub(crate) struct Opened<'s> {
    chunks: Vec<Box<dyn Chunk + 's>>,
    context: &'s QueryContext,
}

/// What is known about values without looking at them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// None of them is NaN or a staleness marker.
    pub(crate) numbers: bool,
    /// None of them is less than the one before.
    pub(crate) rising: bool,
}

/// Asks the source for the series of every selector.
pub(crate) fn fetch<'a>(
    source: &'a dyn MetricSource,
    selectors: &[Selector],
    context: &QueryContext,
) -> Result<Vec<Fetched<'a>>, EvaluationError> {
    let one = |selector: &Selector| {
        let mut request = SeriesRequest::new(selector.matchers.clone(), selector.window);
        request.hints = hints(selector);
        let series = source.select(&request, context)?;
        let labels = (0..series.len()).map(|index| series.labels(index).clone());
        let identities = labels.map(Identity::new).collect();
        Ok(Fetched { identities, series, gives_values: AtomicBool::new(true) })
    };
    selectors.iter().map(one).collect()
}

impl Fetched<'_> {
    /// Opens series `index`.
    pub(crate) fn open<'s>(
        &'s self,
        index: usize,
        context: &'s QueryContext,
    ) -> Result<Opened<'s>, EvaluationError> {
        context.check()?;
        Ok(Opened { chunks: self.series.chunks(index)?, context })
    }

    /// The number of the column of times of series `index`.
    pub(crate) fn time_column(&self, index: usize) -> Option<u64> {
        self.series.time_column(index)
    }

    /// Reads the floats of an opened series in `window` into `values`, without their times. None if
    /// it has histograms, or the source gives no values by themselves.
    pub(crate) fn values(
        &self,
        opened: &Opened<'_>,
        window: MillisRange,
        values: &mut Vec<f64>,
    ) -> Result<Option<Known>, EvaluationError> {
        values.clear();
        if !self.gives_values.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut known = Known { numbers: true, rising: true };
        for (chunk, statistics) in opened.overlapping(window) {
            let before = values.len();
            if !chunk.decode_values(window, values)? {
                self.gives_values.store(statistics.has_histograms, Ordering::Relaxed);
                return Ok(None);
            }
            known.numbers &= statistics.floats.is_some();
            let falls_between = match (before.checked_sub(1), values.get(before)) {
                (Some(last), Some(first)) => *first < values[last],
                _ => false,
            };
            known.rising &=
                statistics.floats.is_some_and(|floats| floats.resets == 0) && !falls_between;
        }
        opened.charge(window, values.len())?;
        Ok(Some(known))
    }
}

impl<'s> Opened<'s> {
    /// The chunks that may have samples in `window`, in order of time.
    pub(crate) fn overlapping(
        &self,
        window: MillisRange,
    ) -> impl DoubleEndedIterator<Item = (&(dyn Chunk + 's), ChunkStatistics)> {
        self.chunks.iter().filter_map(move |chunk| {
            let statistics = chunk.statistics();
            statistics.window.overlaps(&window).then_some((&**chunk, statistics))
        })
    }

    fn charge(&self, window: MillisRange, samples: usize) -> Result<(), EvaluationError> {
        let decoded = self.overlapping(window).count() as u64;
        let statistics = self.context.statistics();
        statistics.add_chunks(decoded);
        if self.chunks.len() as u64 > decoded {
            statistics.add_chunks_skipped(self.chunks.len() as u64 - decoded);
        }
        Ok(self.context.charge_samples(samples as u64)?)
    }

    /// Counts chunks whose statistics were enough.
    pub(crate) fn skip(&self, chunks: usize) {
        self.context.statistics().add_chunks_skipped(chunks as u64);
    }

    /// The newest sample in `window`, staleness markers included.
    pub(crate) fn newest(&self, window: MillisRange) -> Result<Option<Newest>, EvaluationError> {
        for (chunk, _) in self.overlapping(window).rev() {
            if let Some(newest) = chunk.newest(window)? {
                self.skip(self.chunks.len());
                self.context.charge_samples(1)?;
                return Ok(Some(newest));
            }
        }
        self.skip(self.chunks.len());
        Ok(None)
    }

    /// Decodes the samples in `window` into `columns`, whatever was in them. Histograms say that they
    /// were not reset where they count on from the sample before, which is looked for up to `reach`
    /// milliseconds before the window.
    pub(crate) fn decode(
        &self,
        window: MillisRange,
        reach: i64,
        columns: &mut Columns,
    ) -> Result<(), EvaluationError> {
        columns.clear();
        for (chunk, _) in self.overlapping(window) {
            chunk.decode(window, columns)?;
        }
        self.charge(window, columns.floats.times.len() + columns.histograms.times.len())?;
        if !columns.histograms.times.is_empty() {
            let before = continuity::before(columns, &self.chunks, window, reach)?;
            continuity::mark_continued(columns, before.as_deref());
        }
        Ok(())
    }
}
