//! Queries that give series.

use std::fmt::{self, Display, Formatter};

use telemetry_core::source::span::Comparison;

use super::Separated;
use super::value::float;
use crate::ast::{MetricsExpr, MetricsFunction, MetricsOperand, MetricsQuery, SecondStage};

pub(super) fn comparison(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
    }
}

impl Display for MetricsExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.operand {
            MetricsOperand::Query(query) => query.fmt(f)?,
            MetricsOperand::Math { op, left, right, .. } => {
                write!(f, "{} {} {}", Operand(left), op.symbol(), Operand(right))?;
            }
            MetricsOperand::Static(number, _) => float(number.0, f)?,
        }
        self.stages.iter().try_for_each(|stage| stage.fmt(f))
    }
}

/// In brackets unless it is a constant.
struct Operand<'a>(&'a MetricsExpr);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.operand {
            MetricsOperand::Static(..) => self.0.fmt(f),
            _ => write!(f, "({})", self.0),
        }
    }
}

impl Display for MetricsQuery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {}", self.pipeline, self.function)?;
        if self.by.is_empty() { Ok(()) } else { write!(f, "by({})", Separated(&self.by, ",")) }
    }
}

impl Display for MetricsFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.as_str())?;
        match self {
            MetricsFunction::Rate | MetricsFunction::Count => {}
            MetricsFunction::OverTime(_, attribute) | MetricsFunction::Histogram(attribute) => {
                attribute.fmt(f)?;
            }
            MetricsFunction::Quantile(attribute, quantiles) => {
                attribute.fmt(f)?;
                for quantile in quantiles {
                    f.write_str(",")?;
                    float(*quantile, f)?;
                }
            }
            MetricsFunction::Compare { filter, top, range } => {
                write!(f, "{{ {filter} }},{top}")?;
                if let Some((start, end)) = range {
                    write!(f, ",{start},{end}")?;
                }
            }
        }
        f.write_str(")")
    }
}

impl Display for SecondStage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SecondStage::Rank { top, count, .. } => {
                write!(f, " | {}({count})", if *top { "topk" } else { "bottomk" })
            }
            SecondStage::Filter(op, value, _) => {
                write!(f, " {} ", comparison(*op))?;
                float(value.0, f)
            }
        }
    }
}
