//! Carries plans out: log queries over lines, metric queries over rows.

mod aggregate;
mod binary;
mod found;
mod jobs;
mod label_replace;
pub(crate) mod log;
mod range;
pub(crate) mod row;
mod scan;
mod series;
mod typed;

use crate::error::Error;
use crate::plan::MetricPlan;
use row::{Columns, Row, Steps};
use telemetry_core::query::QueryContext;
use telemetry_core::source::LogSource;

/// What an evaluation reads, and under which bounds.
pub(crate) struct Access<'a> {
    pub(crate) source: &'a dyn LogSource,
    pub(crate) context: &'a QueryContext,
    /// The time of the query in nanoseconds, for templates that ask for it.
    pub(crate) now: i64,
}

/// Evaluates a metric query at every step. The depth of the plan is bounded by the parser.
pub(crate) fn metric(
    plan: &MetricPlan,
    steps: &Steps,
    access: &Access<'_>,
) -> Result<Columns, Error> {
    access.context.check()?;
    let rows = match plan {
        MetricPlan::Number(value) => return Ok(Columns::Number(*value)),
        MetricPlan::Vector(value) => vec![Row::constant(*value, steps.count)],
        MetricPlan::Range(plan) => range::run(plan, steps, access)?,
        MetricPlan::Aggregation(plan) => {
            let inner = rows(metric(&plan.inner, steps, access)?, steps);
            aggregate::run(plan, inner, steps)?
        }
        MetricPlan::Binary(plan) => {
            let left = metric(&plan.left, steps, access)?;
            let right = metric(&plan.right, steps, access)?;
            return binary::run(plan, left, right, steps);
        }
        MetricPlan::LabelReplace(plan) => {
            let inner = rows(metric(&plan.inner, steps, access)?, steps);
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
