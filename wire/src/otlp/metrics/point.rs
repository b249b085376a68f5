//! What data points of every kind have: times, flags, attributes, exemplars.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{STALE_MARKER, SampleValue};
use telemetry_core::sink::{MetricSink, RefusalReason, SeriesRef};

use super::labels::PointLabels;
use super::target::Target;
use crate::error::Error;
use crate::otlp::time::nanos;
use crate::otlp::value::Attribute;
use crate::protobuf::{Bytes, Reader};

const NANOS_PER_MILLI: i64 = 1_000_000;

/// The flag that says that there is no value from here on.
const NO_RECORDED_VALUE: u32 = 1;

/// The common part of a data point. Lists are kept from point to point for their memory.
#[derive(Debug, Default)]
pub(super) struct Point<'a> {
    pub(super) start: u64,
    pub(super) time: u64,
    pub(super) flags: u32,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) exemplars: Vec<Reader<'a>>,
    pub(super) labels: PointLabels<'a>,
}

impl<'a> Point<'a> {
    pub(super) fn clear(&mut self) {
        (self.start, self.time, self.flags) = (0, 0, 0);
        self.attributes.clear();
        self.exemplars.clear();
    }

    pub(super) fn attribute(&mut self, message: Reader<'a>) -> Result<(), Error> {
        self.attributes.push(Attribute::read(message)?);
        Ok(())
    }

    /// Whether the point ends its series.
    pub(super) fn is_stale(&self) -> bool {
        self.flags & NO_RECORDED_VALUE != 0
    }

    /// Makes the labels and the times, once all fields are read.
    pub(super) fn finish(&mut self) -> Result<Result<Times, RefusalReason>, Error> {
        if let Err(reason) = self.labels.set(&self.attributes, &[])? {
            return Ok(Err(reason));
        }
        Ok(nanos(self.time).and_then(|time| {
            let start = nanos(self.start)? / NANOS_PER_MILLI;
            Ok(Times { nanos: time, millis: time / NANOS_PER_MILLI, start })
        }))
    }
}

/// The times of a point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) nanos: i64,
    pub(super) millis: i64,
    /// The start timestamp in milliseconds, 0 if not known.
    pub(super) start: i64,
}

/// Where the samples of a point go.
pub(super) struct Output<'s> {
    pub(super) sink: &'s mut dyn MetricSink,
    pub(super) target: Target,
    /// Samples and refusals handed to the sink so far.
    pub(super) items: u64,
    /// The name of a series with a suffix, kept for its memory.
    name: String,
}

impl<'s> Output<'s> {
    pub(super) fn new(sink: &'s mut dyn MetricSink) -> Self {
        Output { sink, target: Target::default(), items: 0, name: String::new() }
    }

    pub(super) fn refuse(&mut self, reason: RefusalReason) {
        self.items += 1;
        self.sink.refuse(reason);
    }

    pub(super) fn append(&mut self, series: SeriesRef, times: Times, value: SampleValue) {
        self.items += 1;
        self.sink.append(series, times.millis, value, times.start);
    }

    /// Hands over a float of the series `name` + `suffix`, or the end of that series.
    pub(super) fn float(
        &mut self,
        point: &Point<'_>,
        (name, suffix): (&str, &str),
        bound: Option<(&str, &str)>,
        times: Times,
        value: f64,
    ) -> Option<SeriesRef> {
        let value = if point.is_stale() { STALE_MARKER } else { value };
        self.sample(&point.labels, (name, suffix), bound, times, value.into())
    }

    /// Hands over a sample; none where there can be no such series.
    pub(super) fn sample(
        &mut self,
        labels: &PointLabels<'_>,
        (name, suffix): (&str, &str),
        bound: Option<(&str, &str)>,
        times: Times,
        value: SampleValue,
    ) -> Option<SeriesRef> {
        self.name.clear();
        self.name.push_str(name);
        self.name.push_str(suffix);
        let sink = &mut *self.sink;
        match labels.with(&self.name, bound, &self.target, |raw| sink.resolve(raw)) {
            Ok(series) => {
                self.append(series, times, value);
                Some(series)
            }
            Err(reason) => {
                self.refuse(reason);
                None
            }
        }
    }
}

/// The value of a `NumberDataPoint` or an exemplar, whichever member is set.
pub(super) fn integer(bits: u64) -> f64 {
    bits.cast_signed() as f64
}

/// An id as text; none if it is not there or zero.
pub(super) fn hex(id: Bytes<'_>) -> Option<String> {
    use std::fmt::Write;
    let is_set = id.bytes.iter().any(|byte| *byte != 0);
    is_set.then(|| {
        id.bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    })
}
