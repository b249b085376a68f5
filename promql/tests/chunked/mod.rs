//! A source that offers every shortcut there is: short chunks with statistics, numbered columns of
//! times, values without times, the newest sample without decoding.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::SampleValue;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    Chunk, ChunkStatistics, Columns, FloatStatistics, LabelRequest, MetricSource, SeriesRequest,
    SeriesSet, SourceError,
};
use telemetry_core::time::MillisRange;

/// A sample: its time, its value, its start timestamp or 0.
type Sample = (i64, SampleValue, i64);

/// Series in chunks of so many samples.
pub(crate) struct Chunked<'d> {
    data: &'d [(Labels, Vec<Sample>)],
    chunk_samples: usize,
    /// How often a chunk was decoded.
    pub(crate) decoded: AtomicUsize,
}

impl<'d> Chunked<'d> {
    pub(crate) fn new(data: &'d [(Labels, Vec<Sample>)], chunk_samples: usize) -> Self {
        Chunked { data, chunk_samples, decoded: AtomicUsize::new(0) }
    }
}

impl MetricSource for Chunked<'_> {
    fn select(
        &self,
        request: &SeriesRequest,
        _: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError> {
        let inside =
            |(time, ..): &Sample| request.window.start.0 <= *time && *time <= request.window.end.0;
        let fits = |(labels, samples): &&(Labels, Vec<Sample>)| {
            let matches = |matcher: &Matcher| matcher.matches_labels(labels);
            request.matchers.iter().all(matches) && samples.iter().any(inside)
        };
        let series: Vec<_> = self.data.iter().filter(fits).collect();
        let mut known: HashMap<Vec<i64>, u64> = HashMap::new();
        let column = |(_, samples): &&(Labels, Vec<Sample>)| {
            let is_float = |sample: &Sample| matches!(sample.1, SampleValue::Float(_));
            if !samples.iter().all(is_float) {
                return None;
            }
            // Samples outside the window need not be alike.
            let times = samples.iter().filter(|sample| inside(sample)).map(|(time, ..)| *time);
            let next = known.len() as u64;
            Some(*known.entry(times.collect()).or_insert(next))
        };
        let columns = series.iter().map(column).collect();
        Ok(Box::new(Selected { source: self, series, columns, none: Labels::empty() }))
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
    source: &'a Chunked<'a>,
    series: Vec<&'a (Labels, Vec<Sample>)>,
    columns: Vec<Option<u64>>,
    none: Labels,
}

impl SeriesSet for Selected<'_> {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.series.get(index).map_or(&self.none, |(labels, _)| labels)
    }

    fn chunks<'a>(&'a self, index: usize) -> Result<Vec<Box<dyn Chunk + 'a>>, SourceError> {
        let Some((_, samples)) = self.series.get(index) else { return Ok(Vec::new()) };
        let decoded = &self.source.decoded;
        let chunks = samples.chunks(self.source.chunk_samples);
        Ok(chunks.map(|samples| Box::new(Piece { samples, decoded }) as Box<dyn Chunk>).collect())
    }

    fn time_column(&self, index: usize) -> Option<u64> {
        self.columns.get(index).copied().flatten()
    }
}

struct Piece<'a> {
    samples: &'a [Sample],
    decoded: &'a AtomicUsize,
}

impl Piece<'_> {
    fn inside(&self, range: MillisRange) -> impl Iterator<Item = &Sample> {
        let inside = move |time: i64| range.start.0 <= time && time <= range.end.0;
        self.samples.iter().filter(move |(time, ..)| inside(*time))
    }

    fn floats(&self) -> Option<Vec<f64>> {
        let float = |(_, value, _): &Sample| match value {
            SampleValue::Float(value) => Some(*value),
            SampleValue::Histogram(_) => None,
        };
        self.samples.iter().map(float).collect()
    }
}

impl Chunk for Piece<'_> {
    fn statistics(&self) -> ChunkStatistics {
        let floats = self.floats();
        let statistics = |values: &Vec<f64>| {
            let least = |a: f64, b: f64| if b < a { b } else { a };
            let greatest = |a: f64, b: f64| if b > a { b } else { a };
            (!values.iter().any(|value| value.is_nan())).then(|| FloatStatistics {
                min: values.iter().copied().fold(f64::INFINITY, least),
                max: values.iter().copied().fold(f64::NEG_INFINITY, greatest),
                sum: values.iter().sum(),
                first: values[0],
                last: values[values.len() - 1],
                resets: values.windows(2).filter(|pair| pair[1] < pair[0]).count() as u64,
            })
        };
        ChunkStatistics {
            count: self.samples.len() as u64,
            window: MillisRange::new(self.samples[0].0, self.samples[self.samples.len() - 1].0),
            has_histograms: floats.is_none(),
            floats: floats.as_ref().and_then(statistics),
        }
    }

    fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<(), SourceError> {
        self.decoded.fetch_add(1, Ordering::Relaxed);
        for (time, value, start) in self.inside(range) {
            match value {
                SampleValue::Float(value) => into.floats.push(*time, *value, *start),
                SampleValue::Histogram(value) => {
                    into.histograms.push(*time, value.clone(), *start);
                }
            }
        }
        Ok(())
    }

    fn decode_values(&self, range: MillisRange, into: &mut Vec<f64>) -> Result<bool, SourceError> {
        if self.floats().is_none() {
            return Ok(false);
        }
        self.decoded.fetch_add(1, Ordering::Relaxed);
        into.extend(self.inside(range).filter_map(|(_, value, _)| match value {
            SampleValue::Float(value) => Some(*value),
            SampleValue::Histogram(_) => None,
        }));
        Ok(true)
    }
}
