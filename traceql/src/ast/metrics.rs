//! Queries that give series.

use telemetry_core::source::span::Comparison;

use super::{At, Attribute, FieldExpr, Pipeline};
use crate::lexer::Symbol;

/// A metrics query or arithmetic of such, with the stages behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsExpr {
    /// What gives the series.
    pub operand: MetricsOperand,
    /// What is then done with them, in order.
    pub stages: Vec<SecondStage>,
}

/// What gives series.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricsOperand {
    /// A function over the spans of a pipeline.
    Query(MetricsQuery),
    /// Arithmetic; at least one side is no constant.
    Math {
        /// The operator.
        op: MathOp,
        /// The left side.
        left: Box<MetricsExpr>,
        /// The right side.
        right: Box<MetricsExpr>,
        /// Where it stands.
        at: At,
    },
    /// A constant, as one side of arithmetic.
    Static(Number, At),
}

/// A function over the spans of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsQuery {
    /// Which spans.
    pub pipeline: Pipeline,
    /// Which function.
    pub function: MetricsFunction,
    /// `by(…)`: a series per combination of values.
    pub by: Vec<Attribute>,
    /// Where the function stands.
    pub at: At,
}

/// Functions from spans to series.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricsFunction {
    /// `rate()`
    Rate,
    /// `count_over_time()`
    Count,
    /// `min_over_time(…)` and the like.
    OverTime(OverTime, Attribute),
    /// `quantile_over_time(…, q, …)`
    Quantile(Attribute, Vec<f64>),
    /// `histogram_over_time(…)`
    Histogram(Attribute),
    /// `compare({…}, topN, start, end)`
    Compare {
        /// Spans it holds for are the selection, others the base line.
        filter: FieldExpr,
        /// Values per attribute that get a series of their own.
        top: i64,
        /// Start and end of the selection in nanoseconds; none is the whole range.
        range: Option<(i64, i64)>,
    },
}

/// Functions that make one number of the values in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is its own name")]
pub enum OverTime {
    Min,
    Max,
    Avg,
    Sum,
}

/// A constant among series. Equal if it is the same number: NaN too.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

/// A stage over series.
#[derive(Clone, Debug, PartialEq)]
pub enum SecondStage {
    /// `topk(n)` or `bottomk(n)`, at each point.
    Rank {
        /// Whether the greatest are kept.
        top: bool,
        /// How many.
        count: i64,
        /// Where it stands.
        at: At,
    },
    /// Keeps points for which a comparison with a number holds; durations are seconds.
    Filter(Comparison, Number, At),
}

/// Arithmetic between numbers per spanset, or between series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as their symbols")]
pub enum MathOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

impl MathOp {
    /// The operator that a symbol stands for.
    pub fn from_symbol(symbol: Symbol) -> Option<Self> {
        Some(match symbol {
            Symbol::Add => MathOp::Add,
            Symbol::Subtract => MathOp::Subtract,
            Symbol::Multiply => MathOp::Multiply,
            Symbol::Divide => MathOp::Divide,
            Symbol::Modulo => MathOp::Modulo,
            Symbol::Power => MathOp::Power,
            _ => return None,
        })
    }

    /// The symbol.
    pub fn symbol(self) -> Symbol {
        match self {
            MathOp::Add => Symbol::Add,
            MathOp::Subtract => Symbol::Subtract,
            MathOp::Multiply => Symbol::Multiply,
            MathOp::Divide => Symbol::Divide,
            MathOp::Modulo => Symbol::Modulo,
            MathOp::Power => Symbol::Power,
        }
    }
}

impl MetricsFunction {
    /// The function's name as it is written; also the name of a series without labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            MetricsFunction::Rate => "rate",
            MetricsFunction::Count => "count_over_time",
            MetricsFunction::OverTime(OverTime::Min, _) => "min_over_time",
            MetricsFunction::OverTime(OverTime::Max, _) => "max_over_time",
            MetricsFunction::OverTime(OverTime::Avg, _) => "avg_over_time",
            MetricsFunction::OverTime(OverTime::Sum, _) => "sum_over_time",
            MetricsFunction::Quantile(..) => "quantile_over_time",
            MetricsFunction::Histogram(_) => "histogram_over_time",
            MetricsFunction::Compare { .. } => "compare",
        }
    }
}
