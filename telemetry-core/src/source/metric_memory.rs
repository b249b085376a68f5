//! Metrics in memory: the plainest source there is, right by construction.
//!
//! For tests, and as the example of a foreign source.

use std::collections::BTreeMap;

use super::SourceError;
use super::metric::{
    Chunk, ChunkStatistics, Columns, LabelRequest, MetricSource, SeriesRequest, SeriesSet,
};
use crate::labels::{Labels, Matcher};
use crate::model::SampleValue;
use crate::query::{QueryContext, Resource};
use crate::time::{Millis, MillisRange};

/// Values with their start timestamps, by time.
type Samples = BTreeMap<i64, (SampleValue, i64)>;

/// Series of samples, kept sorted.
///
/// ```
/// use telemetry_core::labels;
/// use telemetry_core::source::MemoryMetrics;
///
/// let mut metrics = MemoryMetrics::new();
/// metrics.insert(&labels! { "__name__" => "up", "job" => "api" }, 1_000, 1.0);
/// assert_eq!(metrics.len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryMetrics {
    series: BTreeMap<Labels, Samples>,
}

impl MemoryMetrics {
    /// No series.
    pub fn new() -> Self {
        MemoryMetrics::default()
    }

    /// Adds a sample; one at the same time of the same series is replaced.
    pub fn insert(
        &mut self,
        labels: &Labels,
        time: impl Into<Millis>,
        value: impl Into<SampleValue>,
    ) {
        self.insert_with_start(labels, time, value, 0);
    }

    /// Adds a sample with its start timestamp (0 if unknown).
    pub fn insert_with_start(
        &mut self,
        labels: &Labels,
        time: impl Into<Millis>,
        value: impl Into<SampleValue>,
        start: impl Into<Millis>,
    ) {
        let sample = (value.into(), start.into().0);
        self.series.entry(labels.clone()).or_default().insert(time.into().0, sample);
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are no series.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    fn matching<'a, 'm>(
        &'a self,
        matchers: &'m [Matcher],
        window: MillisRange,
    ) -> impl Iterator<Item = (&'a Labels, &'a Samples)> + use<'a, 'm> {
        self.series.iter().filter(move |(labels, samples)| {
            let fits =
                |matcher: &Matcher| matcher.matches(labels.get(matcher.name()).unwrap_or_default());
            matchers.iter().all(fits) && in_window(samples, window).next().is_some()
        })
    }
}

fn in_window(
    samples: &Samples,
    window: MillisRange,
) -> impl Iterator<Item = (&i64, &(SampleValue, i64))> {
    // `BTreeMap::range` panics on a range that ends before it starts.
    let (start, end) = (window.start.0, window.end.0.max(window.start.0));
    let empty = window.end < window.start;
    samples.range(start..=end).filter(move |_| !empty)
}

impl MetricSource for MemoryMetrics {
    fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError> {
        context.check()?;
        let series: Vec<_> = self.matching(&request.matchers, request.window).collect();
        context.bound(Resource::Series, series.len() as u64)?;
        context.statistics().add_series(series.len() as u64);
        Ok(Box::new(MemorySeries { series, none: Labels::default() }))
    }

    fn label_names(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        context.check()?;
        let mut names: Vec<String> = self
            .matching(&request.matchers, request.window)
            .flat_map(|(labels, _)| labels.iter().map(|(name, _)| name.to_owned()))
            .collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(request.limit);
        Ok(names)
    }

    fn label_values(
        &self,
        name: &str,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        context.check()?;
        let mut values: Vec<String> = self
            .matching(&request.matchers, request.window)
            .filter_map(|(labels, _)| labels.get(name).map(str::to_owned))
            .collect();
        values.sort_unstable();
        values.dedup();
        values.truncate(request.limit);
        Ok(values)
    }
}

struct MemorySeries<'a> {
    series: Vec<(&'a Labels, &'a Samples)>,
    none: Labels,
}

impl SeriesSet for MemorySeries<'_> {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.series.get(index).map_or(&self.none, |(labels, _)| labels)
    }

    fn chunks<'a>(&'a self, index: usize) -> Result<Vec<Box<dyn Chunk + 'a>>, SourceError> {
        let chunk = self.series.get(index).map(|(_, samples)| MemoryChunk { samples });
        Ok(chunk.into_iter().map(|chunk| Box::new(chunk) as Box<dyn Chunk>).collect())
    }
}

struct MemoryChunk<'a> {
    samples: &'a Samples,
}

impl Chunk for MemoryChunk<'_> {
    fn statistics(&self) -> ChunkStatistics {
        let first = self.samples.first_key_value().map_or(0, |(time, _)| *time);
        let last = self.samples.last_key_value().map_or(-1, |(time, _)| *time);
        let is_histogram =
            |(value, _): &(SampleValue, i64)| matches!(value, SampleValue::Histogram(_));
        ChunkStatistics {
            count: self.samples.len() as u64,
            window: MillisRange::new(first, last),
            has_histograms: self.samples.values().any(is_histogram),
            floats: None,
        }
    }

    fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<(), SourceError> {
        for (time, (value, start)) in in_window(self.samples, range) {
            match value {
                SampleValue::Float(value) => into.floats.push(*time, *value, *start),
                SampleValue::Histogram(value) => {
                    into.histograms.push(*time, value.clone(), *start);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;
    use crate::labels::MatchOp;

    fn decoded(metrics: &MemoryMetrics, matcher: Matcher, window: MillisRange) -> Vec<Vec<f64>> {
        let context = QueryContext::new();
        let request = SeriesRequest::new(vec![matcher], window);
        let set = metrics.select(&request, &context).unwrap();
        let mut columns = Columns::default();
        (0..set.len())
            .map(|index| {
                columns.clear();
                for chunk in set.chunks(index).unwrap() {
                    chunk.decode(window, &mut columns).unwrap();
                }
                columns.floats.values.clone()
            })
            .collect()
    }

    #[test]
    fn both_ends_of_the_window_are_in() {
        let mut metrics = MemoryMetrics::new();
        for time in 0..5_i64 {
            metrics.insert(&labels! { "a" => "b" }, time, time as f64);
        }
        let matcher = Matcher::new(MatchOp::Equal, "a", "b").unwrap();
        assert_eq!(decoded(&metrics, matcher, MillisRange::new(1, 3)), [[1.0, 2.0, 3.0]]);
    }

    #[test]
    fn series_without_samples_in_the_window_are_not_selected() {
        let mut metrics = MemoryMetrics::new();
        metrics.insert(&labels! { "a" => "b" }, 5_i64, 1.0);
        let matcher = Matcher::new(MatchOp::NotEqual, "a", "").unwrap();
        assert!(decoded(&metrics, matcher.clone(), MillisRange::new(6, 9)).is_empty());
        assert!(decoded(&metrics, matcher, MillisRange::new(9, 1)).is_empty());
    }
}
