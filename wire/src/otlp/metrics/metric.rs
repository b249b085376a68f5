//! The head of a metric: what it is called, what it measures, and where its data points are.
//!
//! ~~~text
//! Metric      1 name · 2 description · 3 unit · 5 gauge | 7 sum | 9 histogram | 10 exponential | 11 summary
//! gauge, …    1 data point* · 2 aggregation_temporality · 3 is_monotonic
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{Metadata, MetricKind};
use telemetry_core::sink::RefusalReason;

use super::name::{self, Suffix};
use super::options::Translation;
use super::unit;
use crate::error::Fault;
use crate::otlp::texts::Texts;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader};

/// A metric.
#[derive(Debug)]
pub(super) struct Metric<'a> {
    /// Its name in Prometheus, without `_bucket` and the like.
    pub(super) name: String,
    /// The names of the series beside it, where the kind has such.
    pub(super) sum: String,
    pub(super) count: String,
    pub(super) bucket: String,
    pub(super) metadata: Metadata,
    pub(super) kind: Kind,
    /// The message whose fields 1 are the data points.
    pub(super) points: Reader<'a>,
    /// Whether its points are deltas.
    pub(super) is_delta: bool,
    /// Why none of its points can be stored.
    pub(super) refused: Option<RefusalReason>,
}

/// The kind of its data points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge,
    Sum,
    Histogram,
    Exponential,
    Summary,
}

impl<'a> Metric<'a> {
    /// None where there are no data points of a kind that is known. Deltas are taken if the reader
    /// `accumulates` them.
    pub(super) fn read(
        mut message: Reader<'a>,
        translation: Translation,
        accumulates: bool,
        texts: &mut Texts,
    ) -> Result<Option<Self>, Fault> {
        let [mut name, mut description, mut unit] = [Bytes::default(); 3];
        let mut data = None;
        while let Some(tag) = message.tag()? {
            let kind = match tag {
                (1, Len) => {
                    name = message.bytes()?;
                    continue;
                }
                (2, Len) => {
                    description = message.bytes()?;
                    continue;
                }
                (3, Len) => {
                    unit = message.bytes()?;
                    continue;
                }
                (5, Len) => Kind::Gauge,
                (7, Len) => Kind::Sum,
                (9, Len) => Kind::Histogram,
                (10, Len) => Kind::Exponential,
                (11, Len) => Kind::Summary,
                tag => {
                    message.skip(tag)?;
                    continue;
                }
            };
            data = Some((kind, message.message()?));
        }
        let Some((kind, points)) = data else { return Ok(None) };
        let aggregation = Aggregation::read(points)?;
        let (suffix, prometheus_kind) = match kind {
            Kind::Sum if aggregation.is_monotonic => (Suffix::Counter, MetricKind::Counter),
            Kind::Sum => (Suffix::None, MetricKind::Gauge),
            Kind::Gauge => (Suffix::Gauge, MetricKind::Gauge),
            Kind::Histogram | Kind::Exponential => (Suffix::None, MetricKind::Histogram),
            Kind::Summary => (Suffix::None, MetricKind::Summary),
        };
        let (original, unit) = (texts.read(name), texts.read(unit));
        let name = name::translate(&original, &unit, suffix, translation);
        let refused = if name.is_empty() {
            Some(RefusalReason::Malformed { rule: "a metric name has a letter or a digit" })
        } else {
            aggregation.fault(kind, accumulates)
        };
        let metadata = Metadata {
            kind: prometheus_kind,
            unit: unit::phrase(&unit),
            help: texts.owned(description),
        };
        let has_parts = matches!(kind, Kind::Histogram | Kind::Summary);
        let part = |suffix: &str| if has_parts { format!("{name}{suffix}") } else { String::new() };
        let (sum, count, bucket) = (part("_sum"), part("_count"), part("_bucket"));
        let is_delta = aggregation.is_delta(kind);
        Ok(Some(Metric { name, sum, count, bucket, metadata, kind, points, is_delta, refused }))
    }
}

/// How the points of a metric relate to each other.
struct Aggregation {
    temporality: i32,
    is_monotonic: bool,
}

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

impl Aggregation {
    fn read(mut data: Reader<'_>) -> Result<Self, Fault> {
        let mut aggregation = Aggregation { temporality: 0, is_monotonic: false };
        while let Some(tag) = data.tag()? {
            match tag {
                (2, Varint) => aggregation.temporality = data.int32()?,
                (3, Varint) => aggregation.is_monotonic = data.bool()?,
                _ => data.skip(tag)?,
            }
        }
        Ok(aggregation)
    }

    fn is_delta(&self, kind: Kind) -> bool {
        !matches!(kind, Kind::Gauge | Kind::Summary) && self.temporality == DELTA
    }

    fn fault(&self, kind: Kind, accumulates: bool) -> Option<RefusalReason> {
        match (kind, self.temporality) {
            (Kind::Gauge | Kind::Summary, _) | (_, CUMULATIVE) => None,
            (_, DELTA) if accumulates => None,
            (_, DELTA) => {
                Some(RefusalReason::Unsupported { what: "a metric of delta temporality" })
            }
            _ => Some(RefusalReason::Malformed { rule: "a sum or histogram has a temporality" }),
        }
    }
}
