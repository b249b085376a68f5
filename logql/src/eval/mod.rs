//! Carries plans out: log queries over lines, metric queries over rows.

mod aggregate;
mod binary;
mod label_replace;
pub(crate) mod log;
mod range;
pub(crate) mod row;
mod scan;
mod series;

use crate::error::Error;
use crate::plan::MetricPlan;
use row::{Columns, Row, Steps};
use telemetry_core::query::QueryContext;
use telemetry_core::source::LogSource;

/// Evaluates a metric query at every step. The depth of the plan is bounded by the parser.
pub(crate) fn metric(
    plan: &MetricPlan,
    steps: &Steps,
    source: &dyn LogSource,
    context: &QueryContext,
) -> Result<Columns, Error> {
    context.check()?;
    let rows = match plan {
        MetricPlan::Number(value) => return Ok(Columns::Number(*value)),
        MetricPlan::Vector(value) => vec![Row::constant(*value, steps.count)],
        MetricPlan::Range(plan) => range::run(plan, steps, source, context)?,
        MetricPlan::Aggregation(plan) => {
            let inner = rows(metric(&plan.inner, steps, source, context)?, steps);
            aggregate::run(plan, inner, steps)?
        }
        MetricPlan::Binary(plan) => {
            let left = metric(&plan.left, steps, source, context)?;
            let right = metric(&plan.right, steps, source, context)?;
            return binary::run(plan, left, right, steps);
        }
        MetricPlan::LabelReplace(plan) => {
            let inner = rows(metric(&plan.inner, steps, source, context)?, steps);
            label_replace::run(plan, inner)
        }
    };
    Ok(Columns::Rows(rows))
}

/// A value as rows; a number is a series without labels.
fn rows(columns: Columns, steps: &Steps) -> Vec<Row> {
    match columns {
        Columns::Rows(rows) => rows,
        Columns::Number(value) => vec![Row::constant(value, steps.count)],
    }
}
