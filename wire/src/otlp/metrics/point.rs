//! What data points of every kind have: times, flags, attributes, exemplars.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{STALE_MARKER, SampleValue};
use telemetry_core::sink::{MetricSink, RefusalReason, SeriesRef};

use super::labels::{PointLabels, SeriesLabels};
use super::options::Translation;
use super::target::Target;
use crate::error::Fault;
use crate::otlp::time::nanos;
use crate::otlp::value::Attribute;
use crate::protobuf::Reader;

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
    pub(super) fn new(translation: Translation) -> Self {
        Point { labels: PointLabels::new(translation), ..Point::default() }
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.time, self.flags) = (0, 0, 0);
        self.attributes.clear();
        self.exemplars.clear();
    }

    pub(super) fn attribute(&mut self, message: Reader<'a>) -> Result<(), Fault> {
        self.attributes.push(Attribute::read(message)?);
        Ok(())
    }

    /// Whether the point ends its series.
    pub(super) fn is_stale(&self) -> bool {
        self.flags & NO_RECORDED_VALUE != 0
    }

    /// `value`, or the staleness marker where the point ends its series.
    pub(super) fn value(&self, value: f64) -> f64 {
        if self.is_stale() { STALE_MARKER } else { value }
    }

    /// Makes the labels and the times, once all fields are read.
    pub(super) fn finish(&mut self) -> Result<Result<Times, RefusalReason>, Fault> {
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
    pub(super) target: Arc<Target>,
    /// Samples and refusals handed to the sink so far.
    pub(super) items: u64,
}

/// Which series of a point: its name, and its bound where there are several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which<'x> {
    pub(super) name: &'x str,
    pub(super) bound: Option<(&'x str, &'x str)>,
}

impl<'x> Which<'x> {
    /// The series of this name.
    pub(super) fn name(name: &'x str) -> Self {
        Which { name, bound: None }
    }
}

impl<'s> Output<'s> {
    pub(super) fn new(sink: &'s mut dyn MetricSink) -> Self {
        Output { sink, target: Arc::default(), items: 0 }
    }

    pub(super) fn refuse(&mut self, reason: RefusalReason) {
        self.items += 1;
        self.sink.refuse(reason);
    }

    pub(super) fn append(&mut self, series: SeriesRef, times: Times, value: SampleValue) {
        self.items += 1;
        self.sink.append(series, times.millis, value, times.start);
    }

    /// Hands over a sample; none where there can be no such series.
    pub(super) fn sample<'x>(
        &mut self,
        labels: &mut SeriesLabels<'x>,
        which: Which<'x>,
        times: Times,
        value: impl Into<SampleValue>,
    ) -> Option<SeriesRef> {
        let sink = &mut *self.sink;
        match labels.with(which.name, which.bound, |raw| sink.resolve(raw)) {
            Ok(series) => {
                self.append(series, times, value.into());
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
