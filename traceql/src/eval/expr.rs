//! Field expressions, row by row.
//!
//! An event or a link field has several values on one span. An expression over such holds if it holds
//! for some of them; each field is looked at for itself, so that
//! `event.a = 1 && event.b = 2` is held by a span with one event for the former and another for the latter.
//!
//! What has no value (a division of integers by zero, `!` of what is no boolean, `-` of what is no
//! number) is nil, and nil holds nothing: one odd span does not fail a query.

use telemetry_core::source::SourceError;
use telemetry_core::source::span::SpanValue;

use super::group::{Fetched, Group, Wanted};
use super::operator;
use crate::ast::{BinaryOp, UnaryOp};
use crate::error::EvaluationError;
use crate::plan::Expr;

/// The value of an expression at one span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// One value; nil if there is none.
    One(SpanValue),
    /// A value per event or link.
    Many(Vec<SpanValue>),
}

impl Value {
    /// Whether it is true.
    pub(crate) fn holds(&self) -> bool {
        let one = |value: &SpanValue| matches!(value, SpanValue::Bool(true));
        match self {
            Value::One(value) => one(value),
            Value::Many(values) => values.iter().any(one),
        }
    }

    /// The value, or the first of several.
    pub(crate) fn first(self) -> SpanValue {
        match self {
            Value::One(value) => value,
            Value::Many(values) => values.into_iter().next().unwrap_or_default(),
        }
    }

    fn map(
        self,
        one: impl Fn(&SpanValue) -> Result<SpanValue, EvaluationError>,
    ) -> Result<Value, EvaluationError> {
        match self {
            Value::One(value) => one(&value).map(Value::One),
            Value::Many(values) => {
                values.iter().map(one).collect::<Result<_, _>>().map(Value::Many)
            }
        }
    }
}

/// An expression with the columns it needs.
pub(crate) struct Values<'a> {
    expr: &'a Expr,
    columns: Vec<(usize, Fetched)>,
}

impl<'a> Values<'a> {
    /// Fetches the columns of the expression over some rows.
    pub(crate) fn new(
        group: &Group<'_>,
        expr: &'a Expr,
        rows: &Wanted<'_>,
    ) -> Result<Self, SourceError> {
        let mut columns = Vec::new();
        fetch(group, expr, rows, &mut columns)?;
        Ok(Values { expr, columns })
    }

    /// The value at a row, the `at`-th of those fetched.
    pub(crate) fn at(&self, at: usize, row: u32) -> Result<Value, EvaluationError> {
        evaluate(self.expr, &|slot| {
            let Some((_, fetched)) = self.columns.iter().find(|(known, _)| *known == slot) else {
                return Value::One(SpanValue::Nil);
            };
            let position = fetched.position(at, row);
            match fetched.column.items(position) {
                [] => Value::One(fetched.column.value(position)),
                items => Value::Many(items.to_vec()),
            }
        })
    }
}

fn fetch(
    group: &Group<'_>,
    expr: &Expr,
    rows: &Wanted<'_>,
    columns: &mut Vec<(usize, Fetched)>,
) -> Result<(), SourceError> {
    match expr {
        Expr::Static(_) => Ok(()),
        Expr::Field(slot) if columns.iter().any(|(known, _)| known == slot) => Ok(()),
        Expr::Field(slot) => {
            columns.push((*slot, group.column(*slot, rows)?));
            Ok(())
        }
        Expr::Unary(_, operand) => fetch(group, operand, rows, columns),
        Expr::Binary(_, left, right, _) => {
            fetch(group, left, rows, columns)?;
            fetch(group, right, rows, columns)
        }
    }
}

/// The value of an expression over fields that `field` gives by slot.
fn evaluate(expr: &Expr, field: &dyn Fn(usize) -> Value) -> Result<Value, EvaluationError> {
    match expr {
        Expr::Static(value) => Ok(Value::One(value.clone())),
        Expr::Field(slot) => Ok(field(*slot)),
        Expr::Unary(op, operand) => unary(*op, evaluate(operand, field)?),
        Expr::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right, _) => {
            let stops = *op == BinaryOp::Or;
            let holds = match evaluate(left, field)?.holds() {
                left if left == stops => left,
                _ => evaluate(right, field)?.holds(),
            };
            Ok(Value::One(SpanValue::Bool(holds)))
        }
        Expr::Binary(op, left, right, pattern) => {
            let join = |left: &SpanValue, right: &SpanValue| match operator::binary_with(
                *op,
                left,
                right,
                pattern.as_ref(),
            ) {
                Err(EvaluationError::DivisionByZero | EvaluationError::ModuloByZero) => {
                    Ok(SpanValue::Nil)
                }
                other => other,
            };
            match (evaluate(left, field)?, evaluate(right, field)?) {
                (left, Value::One(right)) => left.map(|left| join(left, &right)),
                (Value::One(left), right) => right.map(|right| join(&left, right)),
                (Value::Many(left), Value::Many(right)) => {
                    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
                    pairs.map(|(a, b)| join(a, b)).collect::<Result<_, _>>().map(Value::Many)
                }
            }
        }
    }
}

fn unary(op: UnaryOp, operand: Value) -> Result<Value, EvaluationError> {
    let exists = |value: &Value| match value {
        Value::One(value) => !value.is_nil(),
        Value::Many(values) => !values.is_empty(),
    };
    match op {
        UnaryOp::Exists => Ok(Value::One(SpanValue::Bool(exists(&operand)))),
        UnaryOp::NotExists => Ok(Value::One(SpanValue::Bool(!exists(&operand)))),
        UnaryOp::Not => operand.map(|value| match value {
            SpanValue::Bool(value) => Ok(SpanValue::Bool(!value)),
            _ => Ok(SpanValue::Nil),
        }),
        UnaryOp::Negate => operand.map(|value| match value.array_len() {
            Some(_) => Err(EvaluationError::ArrayArithmetic),
            None => Ok(operator::negate(value).unwrap_or_default()),
        }),
    }
}
