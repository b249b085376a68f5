//! From the root of a plan to the value of the query.

use telemetry_core::model::SampleValue;
use telemetry_core::query::Resource;
use telemetry_core::syntax::Span;
use telemetry_core::time::Millis;

use super::merge::without_dropped_names;
use super::pace::paced;
use super::range_values::range_values;
use super::{Collected, EvaluationError, Evaluator, Grid};
use crate::plan::{Plan, Root};
use crate::value::{Element, Series, Value};

/// The value of a query over `grid`; that of an instant query where it has one step and is none of a
/// range.
pub(crate) fn answer(
    evaluator: &Evaluator<'_>,
    plan: &Plan,
    grid: Grid,
    is_range: bool,
    span: Span,
) -> Result<Value, EvaluationError> {
    match &plan.root {
        Root::Scalar(scalar) => {
            let column = evaluator.scalar(scalar, grid)?;
            if !is_range {
                return Ok(Value::Scalar { time: Millis(grid.start), value: column.at(0) });
            }
            let point = |step| (Millis(grid.time(step)), column.at(step));
            let floats = (0..grid.count).map(point).collect();
            Ok(Value::Matrix(vec![Series { floats, ..Series::default() }]))
        }
        Root::String(_) | Root::Range(_) if is_range => Err(EvaluationError::Misplaced { span }),
        Root::String(text) => Ok(Value::String { time: Millis(grid.start), value: text.clone() }),
        Root::Range(range) => range_values(evaluator, range, grid).map(Value::Matrix),
        Root::Vector(vector) => {
            let rows = evaluator.collect(vector, grid)?;
            let rows = without_dropped_names(evaluator.context, rows, span)?;
            evaluator.context.bound(Resource::Rows, rows.len() as u64)?;
            if is_range { matrix(evaluator, rows, grid) } else { Ok(vector_of(rows, grid)) }
        }
    }
}

fn vector_of(rows: Vec<Collected>, grid: Grid) -> Value {
    let time = Millis(grid.start);
    let element = |row: Collected| {
        let value = row.row.get(0)?;
        Some(Element { labels: row.identity.labels, time, value })
    };
    Value::Vector(rows.into_iter().filter_map(element).collect())
}

fn matrix(
    evaluator: &Evaluator<'_>,
    mut rows: Vec<Collected>,
    grid: Grid,
) -> Result<Value, EvaluationError> {
    evaluator.context.check()?;
    rows.sort_by(|a, b| a.identity.labels.cmp(&b.identity.labels));
    let series = |row: Collected| {
        let mut series = Series { labels: row.identity.labels, ..Series::default() };
        if !row.row.has_histograms() {
            series.floats.reserve(row.row.presence.count());
        }
        for step in &row.row.presence {
            let time = Millis(grid.time(step));
            match row.row.get(step) {
                Some(SampleValue::Float(value)) => series.floats.push((time, value)),
                Some(SampleValue::Histogram(value)) => series.histograms.push((time, value)),
                None => {}
            }
        }
        series
    };
    paced(evaluator.context, rows, series).map(Value::Matrix)
}
