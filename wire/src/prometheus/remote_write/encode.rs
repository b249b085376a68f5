//! Writes bodies of version 1.0.

use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Histogram, Metadata, MetricKind};

use super::histogram;
use crate::error::Error;
use crate::protobuf::Writer;
use crate::snappy;

/// A body under construction.
#[derive(Debug, Default)]
pub struct Encoder {
    out: Writer,
}

/// The part of a body that is one series.
#[derive(Debug)]
pub struct SeriesEncoder<'a> {
    out: &'a mut Writer,
}

impl Encoder {
    /// A body without content.
    pub fn new() -> Self {
        Encoder::default()
    }

    /// Adds a series and what `content` adds to it. Samples of a series go in by rising time.
    pub fn series(&mut self, labels: &Labels, content: impl FnOnce(&mut SeriesEncoder<'_>)) {
        self.out.message(1, |out| {
            write_labels(out, labels);
            content(&mut SeriesEncoder { out });
        });
    }

    /// Adds what is known about a metric.
    pub fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.out.message(3, |out| {
            out.nonzero(1, kind_number(metadata.kind));
            out.bytes(2, metric.as_bytes());
            out.nonempty(4, metadata.help.as_bytes());
            out.nonempty(5, metadata.unit.as_bytes());
        });
    }

    /// The body, compressed.
    ///
    /// # Errors
    ///
    /// [`Error::Snappy`]: it is larger than the 4 GiB that snappy can hold.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        snappy::compress(&self.out.finish())
    }
}

impl SeriesEncoder<'_> {
    /// Adds a float at `time`, in milliseconds.
    pub fn sample(&mut self, time: i64, value: f64) {
        self.out.message(2, |out| {
            out.nonzero_double(1, value);
            out.nonzero(2, time.cast_unsigned());
        });
    }

    /// Adds a histogram at `time`, in milliseconds.
    pub fn histogram(&mut self, time: i64, histogram: &Histogram) {
        self.out.message(4, |out| histogram::write(out, histogram, time, 0));
    }

    /// Adds an exemplar.
    pub fn exemplar(&mut self, exemplar: &Exemplar) {
        self.out.message(3, |out| {
            write_labels(out, &exemplar.labels);
            out.nonzero_double(2, exemplar.value);
            out.nonzero(3, exemplar.time.0.cast_unsigned());
        });
    }
}

fn write_labels(out: &mut Writer, labels: &Labels) {
    for (name, value) in labels {
        out.message(1, |out| {
            out.bytes(1, name.as_bytes());
            out.bytes(2, value.as_bytes());
        });
    }
}

/// The number of a metric's type, which is the same in both versions.
pub(super) fn kind_number(kind: MetricKind) -> u64 {
    match kind {
        MetricKind::Unknown => 0,
        MetricKind::Counter => 1,
        MetricKind::Gauge => 2,
        MetricKind::Histogram => 3,
        MetricKind::GaugeHistogram => 4,
        MetricKind::Summary => 5,
        MetricKind::Info => 6,
        MetricKind::StateSet => 7,
    }
}
