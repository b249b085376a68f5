//! Types of field expressions, and which operators join them.

use telemetry_core::labels::Regex;
use telemetry_core::source::span::{
    AttributeScope, Intrinsic, SpanField, SpanValue, SpanValueKind,
};

use super::{attribute, refuse, unsupported};
use crate::ast::{At, BinaryOp, FieldExpr, UnaryOp};
use crate::error::{CheckError, CheckErrorKind, TypeName};
use crate::lexer::Symbol;

/// The type of one element where it is an array, else the type itself.
fn element(kind: SpanValueKind) -> SpanValueKind {
    match kind {
        SpanValueKind::Ints => SpanValueKind::Int,
        SpanValueKind::Floats => SpanValueKind::Float,
        SpanValueKind::Strings => SpanValueKind::String,
        SpanValueKind::Bools => SpanValueKind::Bool,
        other => other,
    }
}

/// Whether values of two types can be operands of one operator.
pub(crate) fn joins(left: SpanValueKind, right: SpanValueKind) -> bool {
    let (left, right) = (element(left), element(right));
    left == right
        || (left.is_number() && right.is_number())
        || [left, right].contains(&SpanValueKind::Nil)
}

/// Whether an operator is defined for values of a type.
pub(crate) fn has_operator(op: BinaryOp, kind: SpanValueKind) -> bool {
    let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
    match element(kind) {
        SpanValueKind::Bool => equality || matches!(op, BinaryOp::And | BinaryOp::Or),
        SpanValueKind::String => !op.is_arithmetic() && !matches!(op, BinaryOp::And | BinaryOp::Or),
        kind if kind.is_number() => {
            !matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Regex | BinaryOp::NotRegex)
        }
        _ => equality,
    }
}

/// The type of an intrinsic's values.
pub(crate) fn intrinsic_kind(intrinsic: Intrinsic) -> SpanValueKind {
    match intrinsic {
        Intrinsic::Status => SpanValueKind::Status,
        Intrinsic::Kind => SpanValueKind::Kind,
        Intrinsic::Duration | Intrinsic::TraceDuration | Intrinsic::EventTimeSinceStart => {
            SpanValueKind::Duration
        }
        Intrinsic::ChildCount
        | Intrinsic::NestedSetLeft
        | Intrinsic::NestedSetRight
        | Intrinsic::NestedSetParent
        | Intrinsic::StartTime
        | Intrinsic::TraceStartTime => SpanValueKind::Int,
        _ => SpanValueKind::String,
    }
}

/// The type of an expression.
///
/// # Errors
/// [`CheckError`] at the first operator whose operands do not fit.
pub(crate) fn type_of(expr: &FieldExpr) -> Result<TypeName, CheckError> {
    match expr {
        FieldExpr::Static(value, _) => Ok(TypeName::Value(value.kind())),
        FieldExpr::Parent(at) => unsupported("`parent`", *at),
        FieldExpr::Attribute(found) => {
            attribute(found)?;
            Ok(match &found.field {
                // Tempo does not know the type of these two, so that alone they are a filter.
                SpanField::Intrinsic(
                    Intrinsic::InstrumentationName | Intrinsic::InstrumentationVersion,
                ) => TypeName::Attribute,
                SpanField::Intrinsic(intrinsic) => TypeName::Value(intrinsic_kind(*intrinsic)),
                SpanField::Attribute { .. } => TypeName::Attribute,
            })
        }
        FieldExpr::Unary { op, operand, at } => unary(*op, operand, *at),
        FieldExpr::Binary { op, left, right, at } => binary(*op, left, right, *at),
    }
}

fn unary(op: UnaryOp, operand: &FieldExpr, at: At) -> Result<TypeName, CheckError> {
    let found = type_of(operand)?;
    let fits = |fits: fn(SpanValueKind) -> bool| match found {
        TypeName::Attribute => true,
        TypeName::Value(kind) => fits(kind),
    };
    let (symbol, fits) = match op {
        UnaryOp::Negate => (Symbol::Subtract, fits(SpanValueKind::is_number)),
        UnaryOp::Not => (Symbol::Not, fits(|kind| kind == SpanValueKind::Bool)),
        UnaryOp::Exists => return Ok(TypeName::Value(SpanValueKind::Bool)),
        UnaryOp::NotExists => {
            never_nil(operand, at)?;
            return Ok(TypeName::Value(SpanValueKind::Bool));
        }
    };
    if fits {
        return Ok(found);
    }
    refuse(CheckErrorKind::IllegalOperator { operator: symbol, operand: found }, at)
}

/// Intrinsics and the name of the service exist everywhere.
fn never_nil(operand: &FieldExpr, at: At) -> Result<(), CheckError> {
    let FieldExpr::Attribute(found) = operand else { return Ok(()) };
    let never = match &found.field {
        SpanField::Intrinsic(_) => true,
        SpanField::Attribute { scope, name } => {
            *scope == AttributeScope::Resource && &**name == "service.name"
        }
    };
    if never { refuse(CheckErrorKind::NeverNil { field: found.to_string() }, at) } else { Ok(()) }
}

fn binary(
    op: BinaryOp,
    left: &FieldExpr,
    right: &FieldExpr,
    at: At,
) -> Result<TypeName, CheckError> {
    let (left_type, right_type) = (type_of(left)?, type_of(right)?);
    if let (TypeName::Value(a), TypeName::Value(b)) = (left_type, right_type)
        && !joins(a, b)
    {
        let kind = CheckErrorKind::TypeMismatch {
            operator: op.symbol(),
            left: left_type,
            right: right_type,
        };
        return refuse(kind, at);
    }
    for operand in [left_type, right_type] {
        if let TypeName::Value(kind) = operand
            && !has_operator(op, kind)
        {
            return refuse(CheckErrorKind::IllegalOperator { operator: op.symbol(), operand }, at);
        }
    }
    if matches!(op, BinaryOp::Regex | BinaryOp::NotRegex) {
        let FieldExpr::Static(SpanValue::String(pattern), at) = right else {
            return refuse(CheckErrorKind::RegexOperand, right.at());
        };
        if let Err(error) = Regex::anchored(pattern) {
            return refuse(CheckErrorKind::Regex { error }, *at);
        }
    }
    if !op.is_arithmetic() {
        return Ok(TypeName::Value(SpanValueKind::Bool));
    }
    // Of a known and an unknown type the known one is taken.
    Ok(if left_type == TypeName::Attribute { right_type } else { left_type })
}
