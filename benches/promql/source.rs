//! Decoded columns as a source: what a query costs when nothing is to be decoded.
//!
//! The series of a target share their column of times, as those that were scraped together do.

use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    Chunk, ChunkStatistics, Columns, FloatStatistics, LabelRequest, MetricSource, SeriesRequest,
    SeriesSet, SourceError,
};
use telemetry_core::time::MillisRange;

/// A series: its labels, the target it was scraped from, its values.
pub(crate) struct Column {
    pub(crate) labels: Labels,
    pub(crate) target: usize,
    pub(crate) values: Vec<f64>,
    pub(crate) statistics: Option<FloatStatistics>,
}

/// Series, and the times of the scrapes of each target.
#[derive(Default)]
pub(crate) struct ColumnSource {
    pub(crate) times: Vec<Arc<[i64]>>,
    pub(crate) columns: Vec<Column>,
}

impl ColumnSource {
    pub(crate) fn push(&mut self, labels: Labels, target: usize, values: Vec<f64>) {
        let statistics = statistics(&values);
        self.columns.push(Column { labels, target, values, statistics });
    }
}

fn statistics(values: &[f64]) -> Option<FloatStatistics> {
    Some(FloatStatistics {
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        sum: values.iter().sum(),
        first: *values.first()?,
        last: *values.last()?,
        resets: values.windows(2).filter(|pair| pair[1] < pair[0]).count() as u64,
    })
}

impl MetricSource for ColumnSource {
    fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError> {
        let fits = |column: &&Column| {
            let matches = |matcher: &Matcher| matcher.matches_labels(&column.labels);
            request.matchers.iter().all(matches)
        };
        let selected: Vec<&Column> = self.columns.iter().filter(fits).collect();
        context.statistics().add_series(selected.len() as u64);
        Ok(Box::new(Selected { source: self, selected, none: Labels::empty() }))
    }

    fn label_names(&self, _: &LabelRequest, _: &QueryContext) -> Result<Vec<String>, SourceError> {
        Ok(Vec::new())
    }

    fn label_values(
        &self,
        _: &str,
        _: &LabelRequest,
        _: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        Ok(Vec::new())
    }
}

struct Selected<'a> {
    source: &'a ColumnSource,
    selected: Vec<&'a Column>,
    none: Labels,
}

impl SeriesSet for Selected<'_> {
    fn len(&self) -> usize {
        self.selected.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.selected.get(index).map_or(&self.none, |column| &column.labels)
    }

    fn chunks<'a>(&'a self, index: usize) -> Result<Vec<Box<dyn Chunk + 'a>>, SourceError> {
        let chunk = |column: &&'a Column| {
            let times = &*self.source.times[column.target];
            Box::new(ColumnChunk { times, column }) as Box<dyn Chunk + 'a>
        };
        Ok(self.selected.get(index).map(chunk).into_iter().collect())
    }

    fn time_column(&self, index: usize) -> Option<u64> {
        self.selected.get(index).map(|column| column.target as u64)
    }
}

struct ColumnChunk<'a> {
    times: &'a [i64],
    column: &'a Column,
}

impl ColumnChunk<'_> {
    fn bounds(&self, range: MillisRange) -> (usize, usize) {
        let low = self.times.partition_point(|time| *time < range.start.0);
        let high = self.times.partition_point(|time| *time <= range.end.0);
        (low, high.max(low))
    }
}

impl Chunk for ColumnChunk<'_> {
    fn statistics(&self) -> ChunkStatistics {
        let ends = self.times.first().zip(self.times.last());
        let (first, last) = ends.map_or((0, -1), |(first, last)| (*first, *last));
        ChunkStatistics {
            count: self.times.len() as u64,
            window: MillisRange::new(first, last),
            has_histograms: false,
            floats: self.column.statistics,
        }
    }

    fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<(), SourceError> {
        let (low, high) = self.bounds(range);
        into.floats.times.extend_from_slice(&self.times[low..high]);
        into.floats.values.extend_from_slice(&self.column.values[low..high]);
        Ok(())
    }

    fn decode_values(&self, range: MillisRange, into: &mut Vec<f64>) -> Result<bool, SourceError> {
        let (low, high) = self.bounds(range);
        into.extend_from_slice(&self.column.values[low..high]);
        Ok(true)
    }
}
