//! Reading series from the source.

use std::sync::atomic::{AtomicBool, Ordering};

use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    Chunk, ChunkStatistics, Columns, FloatStatistics, MetricSource, Newest, SeriesRequest,
    SeriesSet,
};
use telemetry_core::time::MillisRange;

use super::kept::{Kept, KeptSeries};
use super::pace::paced;
use super::{EvaluationError, Identity, continuity};
use crate::explain::hints;
use crate::plan::Selector;

/// The series of a selector.
pub(crate) struct Fetched<'a> {
    series: Box<dyn SeriesSet + 'a>,
    pub(crate) identities: Vec<Identity>,
    /// Whether the source gave values without their times so far, wherever it was asked to.
    gives_values: AtomicBool,
    /// Decoded samples, if the selector is used more than once.
    kept: Kept,
}

/// A series whose samples are about to be read.
pub(crate) struct Opened<'s> {
    fetched: &'s Fetched<'s>,
    index: usize,
    /// None if its samples were kept.
    chunks: Vec<Box<dyn Chunk + 's>>,
    context: &'s QueryContext,
}

/// What is known about values without looking at them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Known {
    /// None of them is NaN or a staleness marker.
    pub(crate) numbers: bool,
    /// None of them is less than the one before.
    pub(crate) rising: bool,
    /// None of them is farther from zero. Infinite where that is not known.
    pub(crate) largest: f64,
}

impl Default for Known {
    /// Nothing.
    fn default() -> Self {
        Known { numbers: false, rising: false, largest: f64::INFINITY }
    }
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
        let identities = paced(context, labels, Identity::new)?;
        let shared = if selector.uses > 1 { series.len() } else { 0 };
        let kept = Kept::new(shared, selector.window);
        Ok(Fetched { identities, series, gives_values: AtomicBool::new(true), kept })
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
        let chunks = match self.kept.known(index) {
            Some(_) => Vec::new(),
            None => self.series.chunks(index)?,
        };
        Ok(Opened { fetched: self, index, chunks, context })
    }

    /// The newest sample of series `index` in `window`, staleness markers included. It counts as a chunk
    /// that was not decoded.
    pub(crate) fn newest(
        &self,
        index: usize,
        window: MillisRange,
        context: &QueryContext,
    ) -> Result<Option<Newest>, EvaluationError> {
        context.check()?;
        if let Some(kept) = self.kept.known(index) {
            return Ok(kept.newest(window));
        }
        let newest = self.series.newest(index, window)?;
        context.statistics().add_chunks_skipped(1);
        context.charge_samples(newest.is_some().into())?;
        Ok(newest)
    }

    /// The number of the column of times of series `index`.
    pub(crate) fn time_column(&self, index: usize) -> Option<u64> {
        self.series.time_column(index)
    }
}

impl<'s> Opened<'s> {
    /// The chunks that may have samples in `window`, in order of time; none if samples were kept.
    pub(crate) fn overlapping(
        &self,
        window: MillisRange,
    ) -> impl DoubleEndedIterator<Item = (&(dyn Chunk + 's), ChunkStatistics)> {
        self.chunks.iter().filter_map(move |chunk| {
            let statistics = chunk.statistics();
            statistics.window.overlaps(&window).then_some((&**chunk, statistics))
        })
    }

    /// The samples that are kept for several uses.
    fn kept(&self) -> Result<Option<&'s KeptSeries>, EvaluationError> {
        self.fetched.kept.of(self.index, self)
    }

    fn charge(&self, window: MillisRange, samples: usize) -> Result<(), EvaluationError> {
        self.charge_chunks(self.overlapping(window).count(), samples)
    }

    /// Counts what was decoded of it; the other chunks were not.
    pub(crate) fn charge_chunks(
        &self,
        decoded: usize,
        samples: usize,
    ) -> Result<(), EvaluationError> {
        let statistics = self.context.statistics();
        statistics.add_chunks(decoded as u64);
        if self.chunks.len() > decoded {
            statistics.add_chunks_skipped((self.chunks.len() - decoded) as u64);
        }
        Ok(self.context.charge_samples(samples as u64)?)
    }

    /// Reads the floats in `window` into `values`, without their times. None if there are
    /// histograms, or the source gives no values by themselves.
    pub(crate) fn values(
        &self,
        window: MillisRange,
        values: &mut Vec<f64>,
    ) -> Result<Option<Known>, EvaluationError> {
        values.clear();
        if let Some(kept) = self.kept()? {
            return Ok(Some(kept.values(window, values)));
        }
        let gives_values = &self.fetched.gives_values;
        if !gives_values.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut known = Known::of_none();
        for (chunk, statistics) in self.overlapping(window) {
            let before = values.len();
            if !chunk.decode_values(window, values)? {
                gives_values.store(statistics.has_histograms, Ordering::Relaxed);
                return Ok(None);
            }
            known.follow(statistics, before, values);
        }
        self.charge(window, values.len())?;
        Ok(Some(known))
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
        if let Some(kept) = self.kept()? {
            kept.samples(window, &mut columns.floats);
            return Ok(());
        }
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

    /// Decodes the floats in `window`, of which there are no histograms, to keep them in `bytes`.
    pub(super) fn decode_floats(
        &self,
        window: MillisRange,
        bytes: u64,
        columns: &mut Columns,
    ) -> Result<Known, EvaluationError> {
        self.context.charge_bytes(bytes)?;
        let mut known = Known::of_none();
        for (chunk, statistics) in self.overlapping(window) {
            let before = columns.floats.values.len();
            chunk.decode(window, columns)?;
            known.follow(statistics, before, &columns.floats.values);
        }
        self.charge(window, columns.floats.times.len())?;
        Ok(known)
    }
}

impl Known {
    /// What is known of no values.
    fn of_none() -> Self {
        Known { numbers: true, rising: true, largest: 0.0 }
    }

    /// Takes in a chunk whose values are those of `values` from `before` on.
    fn follow(&mut self, statistics: ChunkStatistics, before: usize, values: &[f64]) {
        self.numbers &= statistics.floats.is_some();
        let farthest = |floats: FloatStatistics| floats.min.abs().max(floats.max.abs());
        self.largest = self.largest.max(statistics.floats.map_or(f64::INFINITY, farthest));
        let falls_between = match (before.checked_sub(1), values.get(before)) {
            (Some(last), Some(first)) => *first < values[last],
            _ => false,
        };
        let falls_inside = statistics.floats.is_none_or(|floats| floats.resets > 0);
        self.rising &= !falls_inside && !falls_between;
    }
}
