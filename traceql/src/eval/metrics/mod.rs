//! From spans to series.
//!
//! [`axis`] has the intervals, [`observe`] gives every span that a pipeline keeps once with its interval,
//! its labels and its weight, [`accumulate`] adds them up by function, [`quantile`] reads a histogram,
//! [`compare`] is the one function that looks at all attributes, [`math`] joins and filters series.

mod accumulate;
mod axis;
mod compare;
mod math;
mod observe;
mod quantile;

pub use axis::{MetricsRange, default_step};

use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{SpanSource, SpanValue};

use crate::ast::{Hint, MetricsExpr, MetricsFunction, MetricsOperand, MetricsQuery};
use crate::error::Error;
use crate::value::Series;
use axis::Axis;

/// What is the same for all parts of a metrics query.
pub(crate) struct Metrics<'a> {
    source: &'a dyn SpanSource,
    axis: Axis,
    /// Whether a sampled span stands for those that were not kept.
    extrapolate: bool,
    context: &'a QueryContext,
}

impl<'a> Metrics<'a> {
    pub(crate) fn new(
        source: &'a dyn SpanSource,
        range: MetricsRange,
        hints: &[Hint],
        context: &'a QueryContext,
    ) -> Result<Self, Error> {
        let extrapolate = hints
            .iter()
            .any(|hint| &*hint.name == "extrapolate" && hint.value == SpanValue::Bool(true));
        Ok(Metrics { source, axis: Axis::new(range, context)?, extrapolate, context })
    }

    /// The points of the answer.
    pub(crate) fn points(&self) -> Vec<telemetry_core::time::Nanos> {
        self.axis.points()
    }

    /// The series of an expression. Points without a value are NaN.
    pub(crate) fn series(&self, expr: &MetricsExpr) -> Result<Vec<Series>, Error> {
        let mut series = match &expr.operand {
            MetricsOperand::Query(query) => self.query(query)?,
            MetricsOperand::Static(..) => Vec::new(),
            MetricsOperand::Math { op, left, right, .. } => match (&left.operand, &right.operand) {
                (MetricsOperand::Static(value, _), _) => {
                    math::scalar(*op, value.0, self.series(right)?, true)
                }
                (_, MetricsOperand::Static(value, _)) => {
                    math::scalar(*op, value.0, self.series(left)?, false)
                }
                _ => math::join(*op, self.series(left)?, self.series(right)?),
            },
        };
        for stage in &expr.stages {
            math::stage(stage, &mut series);
        }
        series.retain(|series| series.values.iter().any(|value| !value.is_nan()));
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(series)
    }

    fn query(&self, query: &MetricsQuery) -> Result<Vec<Series>, Error> {
        if let MetricsFunction::Compare { filter, top, range } = &query.function {
            return compare::compare(self, query, filter, *top, *range);
        }
        accumulate::run(self, query)
    }
}
