//! What operators of the outer grammar make of their operands.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::span::{Comparison, SpanValue};

use super::query::Node;
use crate::ast::{
    At, BinaryOp, MathOp, MetricsExpr, MetricsOperand, Number, Pipeline, Relation, ScalarExpr,
    ScalarFilter, SecondStage, SpansetExpr, SpansetOp, StructuralMode,
};
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::eval::operator;
use crate::lexer::Symbol;

type Joined = Result<Node, nom::Err<SyntaxError>>;

/// `left symbol right`. `operator` is where the symbol stands, `at` the whole.
pub(super) fn join(symbol: Symbol, left: Node, right: Node, operator: At, at: At) -> Joined {
    let spansets = spanset_op(symbol);
    let comparison = comparison(symbol);
    let math = MathOp::from_symbol(symbol);
    match (left, right) {
        (Node::Spansets(left), Node::Spansets(right)) if let Some(op) = spansets => {
            Ok(Node::Spansets(binary(op, left, right, at)))
        }
        (
            left @ (Node::Pipeline(_, true) | Node::Joined(_)),
            right @ (Node::Pipeline(_, true) | Node::Joined(_)),
        ) if let Some(op) = spansets => match (bracketed(left), bracketed(right)) {
            (Some(left), Some(right)) => Ok(Node::Joined(binary(op, left, right, at))),
            _ => refuse(symbol, "a pipeline", "a pipeline", operator),
        },
        (Node::Static(a, a_mixed), Node::Static(b, b_mixed)) if let Some(op) = math => {
            let durations = [&a, &b].iter().any(|v| matches!(v, SpanValue::Duration(_)));
            let mixed = a_mixed || b_mixed || durations;
            match operator::binary(arithmetic(op), &a, &b) {
                Ok(value) => Ok(Node::Static(value, mixed)),
                // A division by the integer zero has no value.
                Err(_) => refuse(symbol, "a constant", "zero", operator),
            }
        }
        (Node::Metrics(left, true), Node::Static(value, mixed)) if let Some(op) = comparison => {
            if mixed {
                return SyntaxError::at(SyntaxErrorKind::DurationOperand, at);
            }
            let mut left = left;
            left.stages.push(SecondStage::Filter(op, number(&value), at));
            Ok(Node::Metrics(left, true))
        }
        (
            left @ (Node::Metrics(_, true) | Node::Static(..)),
            right @ (Node::Metrics(_, true) | Node::Static(..)),
        ) if let Some(op) = math
            && !matches!(op, MathOp::Modulo | MathOp::Power) =>
        {
            let (left, right) = (series(left, operator)?, series(right, operator)?);
            let operand =
                MetricsOperand::Math { op, left: Box::new(left), right: Box::new(right), at };
            Ok(Node::Metrics(MetricsExpr { operand, stages: Vec::new() }, true))
        }
        (
            left @ (Node::Scalar(_) | Node::Static(..)),
            right @ (Node::Scalar(_) | Node::Static(..)),
        ) if matches!(left, Node::Scalar(_)) || matches!(right, Node::Scalar(_)) => {
            let (what_left, what_right) = (left.what(), right.what());
            let (Some(left), Some(right)) = (scalar(left, at), scalar(right, at)) else {
                return refuse(symbol, what_left, what_right, operator);
            };
            if let Some(op) = math {
                let (left, right) = (Box::new(left), Box::new(right));
                return Ok(Node::Scalar(ScalarExpr::Binary { op, left, right, at }));
            }
            match comparison {
                Some(op) => Ok(Node::Filter(ScalarFilter { op, left, right, at })),
                None => refuse(symbol, what_left, what_right, operator),
            }
        }
        (left, right) => refuse(symbol, left.what(), right.what(), operator),
    }
}

/// `-node`
pub(super) fn negate(node: Node, at: At) -> Joined {
    match node {
        Node::Static(value, mixed) => match operator::negate(&value) {
            Some(value) => Ok(Node::Static(value, mixed)),
            None => refuse(Symbol::Subtract, "nothing", "a constant", at),
        },
        other => refuse(Symbol::Subtract, "nothing", other.what(), at),
    }
}

fn refuse(operator: Symbol, left: &'static str, right: &'static str, at: At) -> Joined {
    SyntaxError::at(SyntaxErrorKind::Operands { operator, left, right }, at)
}

fn binary(op: SpansetOp, left: SpansetExpr, right: SpansetExpr, at: At) -> SpansetExpr {
    SpansetExpr::Binary { op, left: Box::new(left), right: Box::new(right), at }
}

fn bracketed(node: Node) -> Option<SpansetExpr> {
    match node {
        Node::Pipeline(Pipeline { stages }, true) => {
            Some(SpansetExpr::Pipeline(Box::new(Pipeline { stages })))
        }
        Node::Joined(joined) => Some(joined),
        _ => None,
    }
}

fn scalar(node: Node, at: At) -> Option<ScalarExpr> {
    match node {
        Node::Scalar(scalar) => Some(scalar),
        Node::Static(value, _) => Some(ScalarExpr::Static(value, at)),
        _ => None,
    }
}

fn series(node: Node, operator: At) -> Result<MetricsExpr, nom::Err<SyntaxError>> {
    match node {
        Node::Metrics(metrics, _) => Ok(metrics),
        Node::Static(SpanValue::Duration(_), _) | Node::Static(_, true) => {
            SyntaxError::at(SyntaxErrorKind::DurationOperand, operator)
        }
        Node::Static(value, false) => {
            let operand = MetricsOperand::Static(number(&value), operator);
            Ok(MetricsExpr { operand, stages: Vec::new() })
        }
        other => SyntaxError::at(SyntaxErrorKind::NotAQuery { found: other.what() }, operator),
    }
}

/// A constant among series: durations are seconds there.
pub(super) fn number(value: &SpanValue) -> Number {
    Number(match value {
        SpanValue::Duration(nanos) => *nanos as f64 / 1e9,
        other => other.as_f64().unwrap_or(f64::NAN),
    })
}

/// The operator between fields that computes what `op` does.
pub(super) fn arithmetic(op: MathOp) -> BinaryOp {
    match op {
        MathOp::Add => BinaryOp::Add,
        MathOp::Subtract => BinaryOp::Subtract,
        MathOp::Multiply => BinaryOp::Multiply,
        MathOp::Divide => BinaryOp::Divide,
        MathOp::Modulo => BinaryOp::Modulo,
        MathOp::Power => BinaryOp::Power,
    }
}

/// The comparison of numbers that a symbol stands for.
pub(super) fn comparison(symbol: Symbol) -> Option<Comparison> {
    Some(match symbol {
        Symbol::Equal => Comparison::Equal,
        Symbol::NotEqual => Comparison::NotEqual,
        Symbol::Less => Comparison::Less,
        Symbol::LessEqual => Comparison::LessEqual,
        Symbol::Greater => Comparison::Greater,
        Symbol::GreaterEqual => Comparison::GreaterEqual,
        _ => return None,
    })
}

/// The operator between sets of spans that a symbol stands for.
fn spanset_op(symbol: Symbol) -> Option<SpansetOp> {
    use Relation::{Ancestor, Child, Descendant, Parent, Sibling};
    use StructuralMode::{NotRight, Right, Union};
    let (relation, mode) = match symbol {
        Symbol::And => return Some(SpansetOp::And),
        Symbol::Or => return Some(SpansetOp::Or),
        Symbol::Descendant => (Descendant, Right),
        Symbol::Greater => (Child, Right),
        Symbol::Ancestor => (Ancestor, Right),
        Symbol::Less => (Parent, Right),
        Symbol::Sibling => (Sibling, Right),
        Symbol::NotDescendant => (Descendant, NotRight),
        Symbol::NotChild => (Child, NotRight),
        Symbol::NotAncestor => (Ancestor, NotRight),
        Symbol::NotParent => (Parent, NotRight),
        Symbol::NotRegex => (Sibling, NotRight),
        Symbol::UnionDescendant => (Descendant, Union),
        Symbol::UnionChild => (Child, Union),
        Symbol::UnionAncestor => (Ancestor, Union),
        Symbol::UnionParent => (Parent, Union),
        Symbol::UnionSibling => (Sibling, Union),
        _ => return None,
    };
    Some(SpansetOp::Structural { relation, mode })
}
