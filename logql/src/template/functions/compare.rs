//! `eq`, `lt` and their kin; `and`, `or`, `not`.

use super::{Function, Type, row, value_at, variadic};
use crate::template::Fields;
use crate::template::value::Value;
use std::cmp::Ordering;

use Type::Any;

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("and", &[Any, Any], |values, _| Ok(value_at(values, 0).clone())),
    variadic("or", &[Any, Any], |values, _| Ok(value_at(values, 0).clone())),
    row("not", &[Any], |values, _| Ok(Value::Bool(!value_at(values, 0).is_true()))),
    variadic("eq", &[Any, Any], equal),
    row("ne", &[Any, Any], |values, _| {
        same(value_at(values, 0), value_at(values, 1)).map(|same| Value::Bool(!same))
    }),
    row("lt", &[Any, Any], |values, _| ordered(values, Ordering::is_lt)),
    row("le", &[Any, Any], |values, _| ordered(values, Ordering::is_le)),
    row("gt", &[Any, Any], |values, _| ordered(values, Ordering::is_gt)),
    row("ge", &[Any, Any], |values, _| ordered(values, Ordering::is_ge)),
];

const INCOMPATIBLE: &str = "incompatible types for comparison";

/// Whether the first argument equals one of the others.
fn equal(values: &[Value], _: &Fields<'_>) -> Result<Value, String> {
    let Some((first, others)) = values.split_first() else {
        return Err("missing argument for comparison".into());
    };
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if same(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn same(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Nil, _) | (_, Value::Nil) => Ok(a == b),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Time(a), Value::Time(b)) => Ok(a == b),
        _ => Err(INCOMPATIBLE.into()),
    }
}

fn ordered(values: &[Value], holds: fn(Ordering) -> bool) -> Result<Value, String> {
    let order = match (value_at(values, 0), value_at(values, 1)) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Bool(_) | Value::Time(_), _) => {
            return Err("invalid type for comparison".into());
        }
        _ => return Err(INCOMPATIBLE.into()),
    };
    Ok(Value::Bool(order.is_some_and(holds)))
}
