//! A tree as text that parses back to the same tree.
//!
//! The form is Tempo's own: strings in back-quotes, every nested operator in brackets. Where Tempo's text
//! does not parse back (infinite numbers, names that begin with a digit, `compare`), ours differs.

mod field;
mod metrics;
mod value;

use std::fmt::{self, Display, Formatter};

use crate::ast::{
    Aggregate, Body, Hint, MathOp, Pipeline, Query, Relation, ScalarExpr, ScalarFilter,
    SpansetExpr, SpansetOp, Stage, StructuralMode,
};
pub(crate) use value::Literal;

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.body {
            Body::Search(pipeline) => write!(f, "{pipeline}")?,
            Body::Metrics(metrics) => write!(f, "{metrics}")?,
        }
        if !self.hints.is_empty() {
            write!(f, " with({})", Separated(&self.hints, ","))?;
        }
        Ok(())
    }
}

impl Display for Hint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, Literal(&self.value))
    }
}

/// Items with a text between them.
struct Separated<'a, T>(&'a [T], &'static str);

impl<T: Display> Display for Separated<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if at == 0 { "" } else { self.1 })?;
        }
        Ok(())
    }
}

impl Display for Pipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Separated(&self.stages, "|").fmt(f)
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Spansets(spansets) => write!(f, "{spansets}"),
            Stage::Scalar(filter) => write!(f, "{filter}"),
            Stage::By(by, _) => write!(f, "by({by})"),
            Stage::Coalesce(_) => f.write_str("coalesce()"),
            Stage::Select(list, _) => write!(f, "select({})", Separated(list, ", ")),
        }
    }
}

impl Display for SpansetExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SpansetExpr::Filter(filter, _) => write!(f, "{{ {filter} }}"),
            SpansetExpr::Binary { op, left, right, .. } if is_long(*op, left) => {
                write!(f, "{left} {} ({right})", op.as_str())
            }
            SpansetExpr::Binary { op, left, right, .. } => {
                write!(f, "({left}) {} ({right})", op.as_str())
            }
            SpansetExpr::Pipeline(pipeline) => write!(f, "{pipeline}"),
        }
    }
}

/// Chains of operators longer than this are printed without brackets, so that the text nests no deeper than
/// a query may.
const CHAIN_BRACKETS_MAX: usize = 32;

/// Whether the left side of an operator is so long a chain, and needs no brackets to be read first.
fn is_long(op: SpansetOp, left: &SpansetExpr) -> bool {
    let SpansetExpr::Binary { op: inner, .. } = left else { return false };
    let structural = |op: SpansetOp| matches!(op, SpansetOp::Structural { .. });
    let chain = std::iter::successors(Some(left), |expr| match expr {
        SpansetExpr::Binary { left, .. } => Some(&**left),
        _ => None,
    });
    structural(op) == structural(*inner)
        && chain.take(CHAIN_BRACKETS_MAX + 1).count() > CHAIN_BRACKETS_MAX
}

impl SpansetOp {
    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        let SpansetOp::Structural { relation, mode } = self else {
            return if self == SpansetOp::And { "&&" } else { "||" };
        };
        let [right, not_right, union] = match relation {
            Relation::Descendant => [">>", "!>>", "&>>"],
            Relation::Child => [">", "!>", "&>"],
            Relation::Ancestor => ["<<", "!<<", "&<<"],
            Relation::Parent => ["<", "!<", "&<"],
            Relation::Sibling => ["~", "!~", "&~"],
        };
        match mode {
            StructuralMode::Right => right,
            StructuralMode::NotRight => not_right,
            StructuralMode::Union => union,
        }
    }
}

impl Display for ScalarFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, metrics::comparison(self.op), self.right)
    }
}

/// In brackets unless it is a constant.
impl Display for ScalarExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ScalarExpr::Static(value, _) => write!(f, "{}", value::Outer(value)),
            ScalarExpr::Aggregate(aggregate) => write!(f, "({aggregate})"),
            ScalarExpr::Binary { op, left, right, .. } => {
                // A constant on the left of a power would take the minus along.
                let negative = matches!(&**left, ScalarExpr::Static(value, _)
                    if value.as_f64().is_some_and(|number| number < 0.0));
                if negative && *op == MathOp::Power {
                    return write!(f, "(({left}) {} {right})", op.symbol());
                }
                write!(f, "({left} {} {right})", op.symbol())
            }
            ScalarExpr::Pipeline(pipeline, scalar, _) => match &**scalar {
                ScalarExpr::Aggregate(aggregate) => write!(f, "({pipeline}|{aggregate})"),
                other => write!(f, "({pipeline}|{other})"),
            },
        }
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.operand {
            None => write!(f, "{}()", self.op.as_str()),
            Some(operand) => write!(f, "{}({operand})", self.op.as_str()),
        }
    }
}
