//! What the engine answers, in the form the comparison needs.

use super::script::Times;
use promql::{Engine, Options, ParseOptions, Series};
use std::fmt;
use std::time::Duration;
use telemetry_core::labels::Labels;
use telemetry_core::model::SampleValue;
use telemetry_core::query::{QueryContext, Warning};
use telemetry_core::source::MetricSource;
use telemetry_core::time::MillisRange;

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
pub(super) fn ask(source: &dyn MetricSource, query: &str, times: Times) -> Result<Answer, String> {
    let mut options = Options::default();
    options.parse = ParseOptions::EVERYTHING;
    options.delayed_name_removal = true;
    options.start_timestamps = true;
    let engine = Engine::new(options);
    let context = QueryContext::new();
    let result = match times {
        Times::Instant(time) => engine.instant(source, query, time, &context),
        Times::Range { start, end, step } => {
            let step = Duration::from_millis(u64::try_from(step).unwrap_or(0));
            engine.range(source, query, MillisRange::new(start, end), step, &context)
        }
    };
    let result = result.map_err(|error| error.message())?;
    Ok(Answer { value: value(result.value), annotations: result.annotations })
}

fn value(value: promql::Value) -> Value {
    match value {
        promql::Value::Scalar { value, .. } => Value::Scalar(value),
        promql::Value::String { value, .. } => Value::Text(value.into()),
        promql::Value::Vector(elements) => {
            Value::Vector(elements.into_iter().map(|e| (e.labels, e.value)).collect())
        }
        promql::Value::Matrix(series) => Value::Matrix(series.into_iter().map(points).collect()),
    }
}

/// Floats and histograms of a series in one order.
fn points(series: Series) -> (Labels, Vec<(i64, SampleValue)>) {
    let floats = series.floats.into_iter().map(|(time, value)| (time.0, value.into()));
    let histograms = series.histograms.into_iter();
    let histograms = histograms.map(|(time, value)| (time.0, SampleValue::Histogram(value)));
    let mut points: Vec<_> = floats.chain(histograms).collect();
    points.sort_by_key(|(time, _)| *time);
    (series.labels, points)
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
