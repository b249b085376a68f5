//! What a query answers: owned and typed; printing it as a table is the caller's.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::query::{StatisticsSnapshot, Warning};
use telemetry_core::time::Millis;

/// An answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueryResult {
    /// The value.
    pub value: Value,
    /// Remarks on it, each once, warnings before infos. The text ends in the line and column of the
    /// expression concerned: `PromQL info: … (1:7)`.
    pub annotations: Vec<Warning>,
    /// What the query touched. Its bytes are those of the rows and samples that were held, none of
    /// them given back in the count: the peak was not higher.
    pub statistics: StatisticsSnapshot,
}

/// The value of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number at the time asked for; only from instant queries.
    Scalar {
        /// The time asked for.
        time: Millis,
        /// The number.
        value: f64,
    },
    /// A text at the time asked for; only from instant queries.
    String {
        /// The time asked for.
        time: Millis,
        /// The text.
        value: Box<str>,
    },
    /// Series with one sample each, in the order the query produces; only from instant queries.
    Vector(Vec<Element>),
    /// Series with several samples, sorted by their labels.
    Matrix(Vec<Series>),
}

/// A series of an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its labels.
    pub labels: Labels,
    /// When the value holds: the time asked for.
    pub time: Millis,
    /// Its value.
    pub value: SampleValue,
}

/// A series of a matrix: its floats and its histograms, each in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// Its floats.
    pub floats: Vec<(Millis, f64)>,
    /// Its native histograms.
    pub histograms: Vec<(Millis, Arc<Histogram>)>,
}

impl Value {
    /// How many series there are; a scalar and a text count as one.
    pub fn len(&self) -> usize {
        match self {
            Value::Scalar { .. } | Value::String { .. } => 1,
            Value::Vector(elements) => elements.len(),
            Value::Matrix(series) => series.len(),
        }
    }

    /// Whether there is no series.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
