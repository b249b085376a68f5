//! Sinks that remember what they were given, and the folder of shared test data.
#![allow(dead_code, reason = "every test file uses its part")]

pub(crate) mod json;
pub(crate) mod pprof;
pub(crate) mod request;
pub(crate) mod respelt;

use std::collections::HashMap;
use std::path::PathBuf;

use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Metadata, SampleValue, Span};
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, MetricSink, RawLabels, RawSpan, Refusal, RefusalReason,
    SeriesRef, SinkError, SpanSink,
};

/// A file or folder of the shared test data, or none with a printed line.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("QUADRA_SHARED") else {
        println!("skipped: QUADRA_SHARED is not set, {path} is not read");
        return None;
    };
    let mut root = PathBuf::from(root);
    if root.is_relative() {
        root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(root);
    }
    let path = root.join(path);
    assert!(path.exists(), "QUADRA_SHARED is set, but {} does not exist", path.display());
    Some(path)
}

/// Counts items as a store does.
#[derive(Debug, Default)]
struct Items {
    next: u64,
    refused: Vec<Refusal>,
}

impl Items {
    fn refuse(&mut self, reason: RefusalReason) {
        self.refused.push(Refusal { index: self.next, reason });
        self.next += 1;
    }

    fn commit(&mut self) -> Committed {
        let refused = std::mem::take(&mut self.refused);
        let stored = std::mem::take(&mut self.next) - refused.len() as u64;
        Committed { stored, refused }
    }
}

/// A sample as it was appended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Appended {
    pub(crate) labels: Labels,
    pub(crate) time: i64,
    pub(crate) value: SampleValue,
    pub(crate) start: i64,
}

/// Remembers samples.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    series: Vec<Labels>,
    by_hash: HashMap<u128, SeriesRef>,
    items: Items,
    pub(crate) samples: Vec<Appended>,
    pub(crate) exemplars: Vec<(Labels, Exemplar)>,
    pub(crate) metadata: Vec<(String, Metadata)>,
    pub(crate) commits: u32,
    /// Refuses the sample of the series with this name.
    pub(crate) refuses: Option<&'static str>,
    /// Forgets its series after each commit.
    pub(crate) forgets: bool,
    /// References below are of forgotten series.
    forgotten: u64,
}

impl Metrics {
    /// One that knows series for one commit only.
    pub(crate) fn forgetful() -> Self {
        Metrics { forgets: true, ..Metrics::default() }
    }

    /// A line per sample: labels, value, time.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |sample: &Appended| {
            let value = match &sample.value {
                SampleValue::Float(value) if sample.value.is_stale() => format!("stale {value}"),
                SampleValue::Float(value) => value.to_string(),
                SampleValue::Histogram(histogram) => format!("{histogram:?}"),
            };
            format!("{} {value} @{}", sample.labels, sample.time)
        };
        self.samples.iter().map(line).collect()
    }
}

impl MetricSink for Metrics {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        if let Some(name) = labels.duplicate() {
            return Err(RefusalReason::DuplicateLabel { name: name.to_owned() });
        }
        let series = &mut self.series;
        Ok(*self.by_hash.entry(labels.hash()).or_insert_with(|| {
            series.push(labels.build());
            SeriesRef(series.len() as u64 - 1)
        }))
    }

    fn is_live(&mut self, series: SeriesRef) -> bool {
        series.0 >= self.forgotten
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64) {
        assert!(self.is_live(series), "a series that was forgotten");
        let labels = self.series[usize::try_from(series.0).unwrap()].clone();
        if self.refuses.is_some() && self.refuses == labels.get("__name__") {
            return self.items.refuse(RefusalReason::Duplicate { time });
        }
        self.items.next += 1;
        self.samples.push(Appended { labels, time, value, start });
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.items.refuse(reason);
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) {
        assert!(self.is_live(series), "a series that was forgotten");
        let labels = self.series[usize::try_from(series.0).unwrap()].clone();
        self.exemplars.push((labels, exemplar));
    }

    fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.metadata.push((metric.to_owned(), metadata.clone()));
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.commits += 1;
        if self.forgets {
            self.forgotten = self.series.len() as u64;
            self.by_hash.clear();
        }
        Ok(self.items.commit())
    }
}

/// An entry as it was pushed; names sorted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pushed {
    pub(crate) stream: Labels,
    pub(crate) time: i64,
    pub(crate) line: Vec<u8>,
    pub(crate) metadata: Vec<(String, String)>,
}

/// Remembers log entries.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    items: Items,
    pub(crate) entries: Vec<Pushed>,
}

impl LogSink for Logs {
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
        self.items.next += 1;
        let pair = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let mut metadata: Vec<_> = record.metadata.iter().map(pair).collect();
        metadata.sort();
        let (stream, line) = (stream.build(), record.line.to_vec());
        self.entries.push(Pushed { stream, time: record.time, line, metadata });
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.items.refuse(reason);
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(self.items.commit())
    }
}

/// Remembers spans.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    items: Items,
    pub(crate) spans: Vec<Span>,
}

impl SpanSink for Spans {
    fn push(&mut self, span: &RawSpan<'_>) {
        self.items.next += 1;
        self.spans.push(span.to_span());
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.items.refuse(reason);
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(self.items.commit())
    }
}
