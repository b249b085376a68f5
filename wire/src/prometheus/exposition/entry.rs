//! What a text or a message exposes, entry by entry.

use std::borrow::Cow;
use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::{Histogram, MetricKind};

/// A name and its value.
pub type Label<'e> = (Cow<'e, str>, Cow<'e, str>);

/// One entry of an exposition, in the order of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry<'e> {
    /// What a family's metrics mean.
    Help {
        /// The family.
        family: &'e str,
        /// The text, escapes replaced.
        text: &'e str,
    },
    /// The type of a family.
    Type {
        /// The family.
        family: &'e str,
        /// The type.
        kind: MetricKind,
    },
    /// The unit of a family.
    Unit {
        /// The family.
        family: &'e str,
        /// The unit; may be empty.
        unit: &'e str,
    },
    /// A sample of a series.
    Sample(Exposed<'e>),
}

/// A sample as it is exposed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposed<'e> {
    /// The metric's name, suffixes like `_bucket` included.
    pub name: &'e str,
    /// The other labels in the order of the input. A name may occur twice, a value may be empty.
    pub labels: &'e [Label<'e>],
    /// The value; a NaN is never the staleness marker.
    pub value: ExposedValue<'e>,
    /// Milliseconds, where the input gives a time.
    pub time: Option<i64>,
    /// When counting began, in milliseconds; 0 where that is not known.
    pub start: i64,
    /// Observations behind the value.
    pub exemplars: &'e [ExposedExemplar],
    /// The type in force: that of the last type entry before.
    pub kind: MetricKind,
}

/// A float or a native histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ExposedValue<'e> {
    /// A float.
    Float(f64),
    /// A native histogram, which is well formed. Only protobuf has them.
    Histogram(&'e Arc<Histogram>),
}

/// An exemplar, which may have no time of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ExposedExemplar {
    /// Its own labels.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
    /// Milliseconds.
    pub time: Option<i64>,
}
