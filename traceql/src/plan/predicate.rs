//! Filters as logic over tests.

use telemetry_core::source::span::{Comparison, Intrinsic, SpanField, SpanTest, SpanValue};

use super::compile::{always, pattern};
use super::{Expr, Plan};
use crate::ast::{BinaryOp, FieldExpr, UnaryOp};
use crate::error::CheckError;
use crate::eval::operator;

/// What a span must hold. A value that is no boolean does not hold.
#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    /// Every span, or none.
    Fixed(bool),
    /// A test, by position in the plan.
    Test(usize),
    /// Both.
    And(Box<Predicate>, Box<Predicate>),
    /// Either.
    Or(Box<Predicate>, Box<Predicate>),
    /// Not.
    Not(Box<Predicate>),
    /// An expression that must be evaluated.
    Expr(Expr),
}

impl Predicate {
    /// Compiles the inside of `{ … }`.
    pub(crate) fn compile(plan: &mut Plan, filter: &FieldExpr) -> Result<Self, CheckError> {
        Ok(match filter {
            FieldExpr::Static(value, _) => Predicate::Fixed(matches!(value, SpanValue::Bool(true))),
            FieldExpr::Attribute(attribute) if !attribute.parent => {
                // An array with a true element passes the test, but is no boolean.
                let holds = SpanTest::Compare(Comparison::Equal, SpanValue::Bool(true));
                let test = test(plan, &attribute.field, holds);
                let value = Predicate::Expr(Expr::compile(plan, filter)?);
                Predicate::And(Box::new(test), Box::new(value))
            }
            FieldExpr::Unary { op, operand, .. } => match (op, &**operand) {
                (UnaryOp::Not, operand) if is_decided(operand) => {
                    Predicate::Not(Box::new(Predicate::compile(plan, operand)?))
                }
                (UnaryOp::Exists, FieldExpr::Attribute(attribute)) if always(&attribute.field) => {
                    Predicate::Fixed(false)
                }
                (UnaryOp::Exists, FieldExpr::Attribute(attribute)) if !attribute.parent => {
                    test(plan, &attribute.field, SpanTest::Exists)
                }
                (UnaryOp::NotExists, FieldExpr::Attribute(attribute)) if !attribute.parent => {
                    Predicate::Not(Box::new(test(plan, &attribute.field, SpanTest::Exists)))
                }
                _ => Predicate::Expr(Expr::compile(plan, filter)?),
            },
            FieldExpr::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), left, right, .. } => {
                let left = Box::new(Predicate::compile(plan, left)?);
                let right = Box::new(Predicate::compile(plan, right)?);
                match op {
                    BinaryOp::And => Predicate::And(left, right),
                    _ => Predicate::Or(left, right),
                }
            }
            FieldExpr::Binary { op, left, right, .. } => match simple(*op, left, right)? {
                Some((field, holds)) => test(plan, &field, holds),
                None => Predicate::Expr(Expr::compile(plan, filter)?),
            },
            _ => Predicate::Expr(Expr::compile(plan, filter)?),
        })
    }
}

fn test(plan: &mut Plan, field: &SpanField, test: SpanTest) -> Predicate {
    let slot = plan.slot(field);
    plan.tests.push((slot, test));
    Predicate::Test(plan.tests.len() - 1)
}

/// Whether an expression is always true or false, so that its negation is always the other.
fn is_decided(expr: &FieldExpr) -> bool {
    match expr {
        FieldExpr::Binary { op, .. } => !op.is_arithmetic(),
        FieldExpr::Unary { op: UnaryOp::Exists | UnaryOp::NotExists, .. } => true,
        FieldExpr::Unary { op: UnaryOp::Not, operand, .. } => is_decided(operand),
        FieldExpr::Static(SpanValue::Bool(_), _) => true,
        _ => false,
    }
}

/// The field and the test of `field op constant` and, turned round, `constant op field`.
fn simple(
    op: BinaryOp,
    left: &FieldExpr,
    right: &FieldExpr,
) -> Result<Option<(SpanField, SpanTest)>, CheckError> {
    let (attribute, value, flipped) = match (left, right) {
        (FieldExpr::Attribute(attribute), FieldExpr::Static(value, _)) => (attribute, value, false),
        (FieldExpr::Static(value, _), FieldExpr::Attribute(attribute)) => (attribute, value, true),
        _ => return Ok(None),
    };
    if attribute.parent {
        return Ok(None);
    }
    let test = match (op, operator::comparison(op)) {
        (_, Some(comparison)) => {
            let comparison = if flipped { comparison.flipped() } else { comparison };
            SpanTest::Compare(comparison, short_id(&attribute.field, value))
        }
        (BinaryOp::Regex, None) if !flipped => match pattern(op, right)? {
            Some(pattern) => SpanTest::Regex(pattern),
            None => return Ok(None),
        },
        (BinaryOp::NotRegex, None) if !flipped => match pattern(op, right)? {
            Some(pattern) => SpanTest::NotRegex(pattern),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some((attribute.field.clone(), test)))
}

/// Ids of traces are compared without leading zeros, and may be written with them.
fn short_id(field: &SpanField, value: &SpanValue) -> SpanValue {
    match (field, value) {
        (
            SpanField::Intrinsic(Intrinsic::TraceId | Intrinsic::LinkTraceId),
            SpanValue::String(text),
        ) => SpanValue::from(text.trim_start_matches('0')),
        _ => value.clone(),
    }
}
