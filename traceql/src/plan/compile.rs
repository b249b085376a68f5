//! Field expressions with slots for their fields and compiled patterns.

use telemetry_core::labels::Regex;
use telemetry_core::source::span::{AttributeScope, Intrinsic, SpanField, SpanValue};

use super::Plan;
use crate::ast::{At, BinaryOp, FieldExpr, UnaryOp};
use crate::error::{CheckError, CheckErrorKind};

/// A field expression that can be evaluated.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// A constant.
    Static(SpanValue),
    /// The field of a slot.
    Field(usize),
    /// An operator with one operand.
    Unary(UnaryOp, Box<Expr>),
    /// An operator with two operands, and the pattern of the right one.
    Binary(BinaryOp, Box<Expr>, Box<Expr>, Option<Regex>),
}

impl Expr {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`CheckError`] for `parent` and for patterns that are none.
    pub(crate) fn compile(plan: &mut Plan, expr: &FieldExpr) -> Result<Self, CheckError> {
        let unsupported = |at: At| CheckError {
            kind: CheckErrorKind::Unsupported { what: "`parent`" },
            span: at.0,
        };
        Ok(match expr {
            FieldExpr::Static(value, _) => Expr::Static(value.clone()),
            FieldExpr::Parent(at) => return Err(unsupported(*at)),
            FieldExpr::Attribute(attribute) if attribute.parent => {
                return Err(unsupported(attribute.at));
            }
            FieldExpr::Attribute(attribute) => Expr::Field(plan.slot(&attribute.field)),
            FieldExpr::Unary { op: UnaryOp::Exists, operand, .. } if matches!(&**operand, FieldExpr::Attribute(found) if always(&found.field)) => {
                Expr::Static(SpanValue::Bool(false))
            }
            FieldExpr::Unary { op, operand, .. } => {
                Expr::Unary(*op, Box::new(Expr::compile(plan, operand)?))
            }
            FieldExpr::Binary { op, left, right, .. } => {
                let pattern = pattern(*op, right)?;
                let (left, right) = (Expr::compile(plan, left)?, Expr::compile(plan, right)?);
                Expr::Binary(*op, Box::new(left), Box::new(right), pattern)
            }
        })
    }
}

/// The pattern on the right of `=~` and `!~`.
pub(super) fn pattern(op: BinaryOp, right: &FieldExpr) -> Result<Option<Regex>, CheckError> {
    if !matches!(op, BinaryOp::Regex | BinaryOp::NotRegex) {
        return Ok(None);
    }
    let FieldExpr::Static(SpanValue::String(pattern), at) = right else {
        return Err(CheckError { kind: CheckErrorKind::RegexOperand, span: right.at().0 });
    };
    match Regex::anchored(pattern) {
        Ok(regex) => Ok(Some(regex)),
        Err(error) => Err(CheckError { kind: CheckErrorKind::Regex { error }, span: at.0 }),
    }
}

/// Whether every span has the field: intrinsics with one value, and the name of the service. Asking
/// whether it exists finds nothing, as in Tempo.
pub(super) fn always(field: &SpanField) -> bool {
    match field {
        SpanField::Intrinsic(Intrinsic::ParentId) => false,
        SpanField::Intrinsic(intrinsic) => !intrinsic.is_multiple(),
        SpanField::Attribute { scope, name } => {
            *scope == AttributeScope::Resource && &**name == "service.name"
        }
    }
}
