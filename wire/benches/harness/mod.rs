//! What the benches of decoders share: sinks that look at what they get and throw it away, and how
//! a decoder is measured.
#![allow(dead_code, reason = "every bench uses its part")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use telemetry_core::model::{Exemplar, Metadata, SampleValue, Span};
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, MetricSink, RawLabels, RefusalReason, SeriesRef, SinkError,
    SpanSink,
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
    fn push(&mut self, span: Span) {
        self.0 += 1;
        black_box(&span);
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

/// Short runs: what is compared runs one after the other.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(30)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500))
}

/// Measures `run`, which reads `bytes` with `items` in them; `name` is group and function.
pub(crate) fn measure(
    c: &mut Criterion,
    name: &str,
    items: usize,
    bytes: usize,
    mut run: impl FnMut(),
) {
    let (group, name) = name.split_once('/').unwrap_or((name, name));
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::ElementsAndBytes { elements: items as u64, bytes: bytes as u64 });
    group.bench_function(name, |b| b.iter(&mut run));
    group.finish();
}
