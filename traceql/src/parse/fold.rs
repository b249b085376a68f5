//! Folds constants while a tree is built, so that `{ duration > 1 + 2 }` and `{ duration > 3 }` are
//! one tree. What has no value (a wrong type, a division by zero) stays for the checks to refuse.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::span::SpanValue;

use crate::ast::{At, BinaryOp, FieldExpr, UnaryOp};
use crate::check::kind;
use crate::eval::operator;

/// An operator between two operands.
pub(super) fn binary(op: BinaryOp, left: FieldExpr, right: FieldExpr, at: At) -> FieldExpr {
    let test = match op {
        BinaryOp::Equal => Some(UnaryOp::NotExists),
        BinaryOp::NotEqual => Some(UnaryOp::Exists),
        _ => None,
    };
    match (&left, &right, test) {
        (FieldExpr::Static(SpanValue::Nil, _), FieldExpr::Static(..), Some(_))
        | (FieldExpr::Static(..), FieldExpr::Static(SpanValue::Nil, _), Some(_)) => {
            // Between constants nil equals nothing and differs from nothing.
            return FieldExpr::Static(SpanValue::Bool(false), at);
        }
        (_, FieldExpr::Static(SpanValue::Nil, _), Some(op)) => return unary(op, left, at),
        (FieldExpr::Static(SpanValue::Nil, _), _, Some(op)) => return unary(op, right, at),
        (FieldExpr::Static(a, _), FieldExpr::Static(b, _), _) => {
            let regex = matches!(op, BinaryOp::Regex | BinaryOp::NotRegex);
            let joined = kind::joins(a.kind(), b.kind()) && kind::has_operator(op, a.kind());
            if joined
                && (!regex || b.as_str().is_some())
                && let Ok(value) = operator::binary(op, a, b)
            {
                return FieldExpr::Static(value, at);
            }
        }
        _ => {}
    }
    FieldExpr::Binary { op, left: Box::new(left), right: Box::new(right), at }
}

/// An operator with one operand.
pub(super) fn unary(op: UnaryOp, operand: FieldExpr, at: At) -> FieldExpr {
    if let FieldExpr::Static(value, _) = &operand {
        let folded = match (op, value) {
            (UnaryOp::Not, SpanValue::Bool(value)) => Some(SpanValue::Bool(!value)),
            (UnaryOp::Negate, value) => operator::negate(value),
            _ => None,
        };
        if let Some(value) = folded {
            return FieldExpr::Static(value, at);
        }
    }
    FieldExpr::Unary { op, operand: Box::new(operand), at }
}
