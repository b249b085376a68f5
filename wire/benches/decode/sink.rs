//! Sinks that look at what they get and throw it away.

use std::hint::black_box;

use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, MetricSink, RawLabels, RawSpan, RefusalReason, SeriesRef,
    SinkError, SpanSink,
};

/// Takes everything and keeps nothing. Labels are hashed, as a store does.
#[derive(Default)]
pub(crate) struct Sink(u64);

impl Sink {
    fn committed(&mut self) -> Result<Committed, SinkError> {
        Ok(Committed { stored: std::mem::take(&mut self.0), refused: Vec::new() })
    }
}

impl SpanSink for Sink {
    fn push(&mut self, span: &RawSpan<'_>) {
        self.0 += 1;
        black_box(span);
    }
    fn refuse(&mut self, _: RefusalReason) {}
    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.committed()
    }
}

impl LogSink for Sink {
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
        self.0 += 1;
        black_box((stream.hash(), record));
    }
    fn refuse(&mut self, _: RefusalReason) {}
    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.committed()
    }
}

impl MetricSink for Sink {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        Ok(SeriesRef((labels.hash() >> 64) as u64))
    }
    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, _: i64) {
        self.0 += 1;
        black_box((series, time, value));
    }
    fn append_row(&mut self, series: &[SeriesRef], time: i64, values: &[f64]) {
        self.0 += series.len() as u64;
        black_box((series, time, values));
    }
    fn refuse(&mut self, _: RefusalReason) {}
    fn exemplar(&mut self, _: SeriesRef, _: Exemplar) {}
    fn metadata(&mut self, _: &str, _: &Metadata) {}
    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.committed()
    }
}
