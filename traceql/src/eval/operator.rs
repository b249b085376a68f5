//! Operators between values.
//!
//! What cannot be joined gives `false`, not an error: a comparison with a missing attribute, or
//! with one of another type, does not hold. Arithmetic on two integers stays an integer and wraps around;
//! all other arithmetic gives a float, durations included. Arrays take part in comparisons by any element,
//! in negated ones by all.

use telemetry_core::labels::Regex;
use telemetry_core::source::span::{Comparison, SpanTest, SpanValue};

use crate::ast::BinaryOp;
use crate::check::kind::{has_operator, joins};
use crate::error::EvaluationError;

/// `left op right`.
///
/// # Errors
/// [`EvaluationError`]: integer division by zero, arithmetic on arrays, two arrays.
pub(crate) fn binary(
    op: BinaryOp,
    left: &SpanValue,
    right: &SpanValue,
) -> Result<SpanValue, EvaluationError> {
    let pattern = match (op, right) {
        (BinaryOp::Regex | BinaryOp::NotRegex, SpanValue::String(pattern)) => {
            Regex::anchored(pattern).ok()
        }
        _ => None,
    };
    binary_with(op, left, right, pattern.as_ref())
}

/// As [`binary`], with the pattern of the right side already compiled.
pub(crate) fn binary_with(
    op: BinaryOp,
    left: &SpanValue,
    right: &SpanValue,
    pattern: Option<&Regex>,
) -> Result<SpanValue, EvaluationError> {
    let fixed = |value| Ok(SpanValue::Bool(value));
    match (op, left) {
        (BinaryOp::Or, SpanValue::Bool(true)) => return fixed(true),
        (BinaryOp::And, SpanValue::Bool(false)) => return fixed(false),
        _ => {}
    }
    let (a, b) = (left.kind(), right.kind());
    if !joins(a, b) || !has_operator(op, a) || !has_operator(op, b) || left.is_nil() {
        return fixed(false);
    }
    match (left.array_len(), right.array_len()) {
        (None, None) => scalar(op, left, right, pattern),
        _ if op.is_arithmetic() => Err(EvaluationError::ArrayArithmetic),
        (Some(_), Some(_)) => Err(EvaluationError::TwoArrays),
        (Some(_), None) => elements(op, left, |element| scalar(op, element, right, pattern)),
        // The pattern is then one of the elements.
        (None, Some(_)) => elements(op, right, |element| binary(op, left, element)),
    }
}

/// Whether any element gives true, or, for negated comparisons, all do.
fn elements(
    op: BinaryOp,
    array: &SpanValue,
    mut one: impl FnMut(&SpanValue) -> Result<SpanValue, EvaluationError>,
) -> Result<SpanValue, EvaluationError> {
    let (mut any, mut all, mut error) = (false, true, None);
    array.for_each_element(|element| match one(&element) {
        Ok(value) => {
            let holds = matches!(value, SpanValue::Bool(true));
            any |= holds;
            all &= holds;
        }
        Err(found) => error = Some(found),
    });
    match error {
        Some(error) => Err(error),
        None => {
            let negative = matches!(op, BinaryOp::NotEqual | BinaryOp::NotRegex);
            Ok(SpanValue::Bool(if negative { all } else { any }))
        }
    }
}

/// Neither operand is an array.
fn scalar(
    op: BinaryOp,
    left: &SpanValue,
    right: &SpanValue,
    pattern: Option<&Regex>,
) -> Result<SpanValue, EvaluationError> {
    if op.is_arithmetic() {
        return arithmetic(op, left, right);
    }
    let holds = match op {
        BinaryOp::And => matches!((left, right), (SpanValue::Bool(true), SpanValue::Bool(true))),
        BinaryOp::Or => [left, right].iter().any(|value| matches!(value, SpanValue::Bool(true))),
        BinaryOp::Regex => pattern.is_some_and(|p| SpanTest::Regex(p.clone()).holds(left)),
        BinaryOp::NotRegex => pattern.is_some_and(|p| SpanTest::NotRegex(p.clone()).holds(left)),
        op => comparison(op).is_some_and(|comparison| comparison.holds(left, right)),
    };
    Ok(SpanValue::Bool(holds))
}

/// The comparison that an operator is.
pub(crate) fn comparison(op: BinaryOp) -> Option<Comparison> {
    Some(match op {
        BinaryOp::Equal => Comparison::Equal,
        BinaryOp::NotEqual => Comparison::NotEqual,
        BinaryOp::Less => Comparison::Less,
        BinaryOp::LessEqual => Comparison::LessEqual,
        BinaryOp::Greater => Comparison::Greater,
        BinaryOp::GreaterEqual => Comparison::GreaterEqual,
        _ => return None,
    })
}

fn arithmetic(
    op: BinaryOp,
    left: &SpanValue,
    right: &SpanValue,
) -> Result<SpanValue, EvaluationError> {
    if let (SpanValue::Int(a), SpanValue::Int(b)) = (left, right) {
        return integer(op, *a, *b).map(SpanValue::Int);
    }
    let (Some(a), Some(b)) = (left.as_f64(), right.as_f64()) else {
        return Ok(SpanValue::Bool(false));
    };
    let value = float(op, a, b);
    // One NaN is as good as another, and constants that are folded must come out the same.
    Ok(SpanValue::Float(if value.is_nan() { f64::NAN } else { value }))
}

fn integer(op: BinaryOp, a: i64, b: i64) -> Result<i64, EvaluationError> {
    Ok(match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Subtract => a.wrapping_sub(b),
        BinaryOp::Multiply => a.wrapping_mul(b),
        BinaryOp::Divide if b == 0 => return Err(EvaluationError::DivisionByZero),
        BinaryOp::Divide => a.wrapping_div(b),
        BinaryOp::Modulo if b == 0 => return Err(EvaluationError::ModuloByZero),
        BinaryOp::Modulo => a.wrapping_rem(b),
        _ => power(a, b),
    })
}

/// `a ^ b` of integers is `b` to the power of `a`: Tempo takes the operands in this order, between
/// integers only, and its users' queries rely on what it gives. It is computed in floats and cut off; what no
/// integer can hold is the least one.
fn power(a: i64, b: i64) -> i64 {
    let value = (b as f64).powf(a as f64);
    let range = i64::MIN as f64..-(i64::MIN as f64);
    if range.contains(&value) { value as i64 } else { i64::MIN }
}

pub(crate) fn float(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        BinaryOp::Modulo => a % b,
        _ => a.powf(b),
    }
}

/// `-value`; none where it is no number.
pub(crate) fn negate(value: &SpanValue) -> Option<SpanValue> {
    match value {
        SpanValue::Int(value) => Some(SpanValue::Int(value.wrapping_neg())),
        SpanValue::Float(value) if value.is_nan() => Some(SpanValue::Float(f64::NAN)),
        SpanValue::Float(value) => Some(SpanValue::Float(-value)),
        SpanValue::Duration(nanos) => Some(SpanValue::Duration(nanos.wrapping_neg())),
        _ => None,
    }
}
