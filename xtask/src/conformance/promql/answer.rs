//! What the engine answers, in the form the comparison needs.

use super::script::Times;
use std::fmt;
use telemetry_core::labels::Labels;
use telemetry_core::model::SampleValue;
use telemetry_core::query::Warning;
use telemetry_core::source::MetricSource;

/// A value with its annotations.
pub(super) struct Answer {
    pub(super) value: Value,
    pub(super) annotations: Vec<Warning>,
}

/// The value of a query.
pub(super) enum Value {
    Scalar(f64),
    Text(String),
    Vector(Vec<(Labels, SampleValue)>),
    Matrix(Vec<(Labels, Vec<(i64, SampleValue)>)>),
}

/// Asks the engine, with the settings that the scripts assume.
pub(super) fn ask(
    _source: &dyn MetricSource,
    _query: &str,
    _times: Times,
) -> Result<Answer, String> {
    Err("there is no engine".into())
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Scalar(value) => write!(f, "the scalar {value}"),
            Value::Text(text) => write!(f, "the text {text:?}"),
            Value::Vector(elements) => {
                write!(f, "{} series", elements.len())?;
                for (labels, value) in elements.iter().take(8) {
                    write!(f, "\n  {labels} {}", shown(value))?;
                }
                Ok(())
            }
            Value::Matrix(series) => {
                write!(f, "{} series", series.len())?;
                for (labels, points) in series.iter().take(8) {
                    write!(f, "\n  {labels}")?;
                    for (time, value) in points.iter().take(20) {
                        write!(f, " {}@{time}", shown(value))?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn shown(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(value) => value.to_string(),
        SampleValue::Histogram(value) => format!("{value:?}"),
    }
}
