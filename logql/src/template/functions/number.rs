//! Arithmetic. Texts count as what they spell, or as zero.

use super::{Function, Type, int_at, row, text_at, value_at, variadic};
use crate::lexer::{parse_go_duration, parse_human_bytes};
use crate::template::decimal::Decimal;
use crate::template::value::Value;
use telemetry_core::syntax::number::{parse_float, parse_integer};

use Type::{Any, Float, Int, Text};

pub(super) const FUNCTIONS: &[Function] = &[
    row("int", &[Any], |values, _| Ok(Value::Int(to_int(value_at(values, 0))))),
    row("float64", &[Any], |values, _| Ok(Value::Float(to_float(value_at(values, 0))))),
    variadic("add", &[Any], |values, _| {
        Ok(Value::Int(values.iter().map(to_int).fold(0, i64::wrapping_add)))
    }),
    row("sub", &[Any, Any], |values, _| ints(values, i64::wrapping_sub)),
    variadic("mul", &[Any, Any], |values, _| {
        let mut factors = values.iter().map(to_int);
        let first = factors.next().unwrap_or_default();
        Ok(Value::Int(factors.fold(first, i64::wrapping_mul)))
    }),
    row("div", &[Any, Any], |values, _| divided(values, i64::wrapping_div)),
    row("mod", &[Any, Any], |values, _| divided(values, i64::wrapping_rem)),
    variadic("max", &[Any, Any], |values, _| {
        Ok(Value::Int(values.iter().map(to_int).max().unwrap_or_default()))
    }),
    variadic("min", &[Any, Any], |values, _| {
        Ok(Value::Int(values.iter().map(to_int).min().unwrap_or_default()))
    }),
    variadic("addf", &[Any], |values, _| {
        let zero = [Value::Float(0.0)];
        Ok(decimals(zero.iter().chain(values), Decimal::add, |a, b| a + b))
    }),
    variadic("subf", &[Any, Any], |values, _| {
        Ok(decimals(values.iter(), Decimal::sub, |a, b| a - b))
    }),
    variadic("mulf", &[Any, Any], |values, _| {
        Ok(decimals(values.iter(), Decimal::mul, |a, b| a * b))
    }),
    variadic("divf", &[Any, Any], |values, _| {
        if values.iter().skip(1).any(|value| to_float(value) == 0.0) {
            return Err("decimal division by 0".into());
        }
        Ok(decimals(values.iter(), Decimal::div, |a, b| a / b))
    }),
    variadic("maxf", &[Any, Any], |values, _| {
        Ok(Value::Float(values.iter().map(to_float).fold(f64::NEG_INFINITY, f64::max)))
    }),
    variadic("minf", &[Any, Any], |values, _| {
        Ok(Value::Float(values.iter().map(to_float).fold(f64::INFINITY, f64::min)))
    }),
    row("ceil", &[Any], |values, _| Ok(Value::Float(to_float(value_at(values, 0)).ceil()))),
    row("floor", &[Any], |values, _| Ok(Value::Float(to_float(value_at(values, 0)).floor()))),
    variadic("round", &[Any, Int, Float], |values, _| Ok(rounded(values))),
    row("bytes", &[Text], |values, _| {
        let bytes = parse_human_bytes(text_at(values, 0)).map_err(|error| error.to_string())?;
        Ok(Value::Float(bytes as f64))
    }),
    row("duration", &[Text], |values, _| seconds(text_at(values, 0))),
    row("duration_seconds", &[Text], |values, _| seconds(text_at(values, 0))),
];

fn seconds(text: &str) -> Result<Value, String> {
    let nanos = parse_go_duration(text).map_err(|error| error.to_string())?;
    Ok(Value::Float(nanos as f64 / 1e9))
}

/// An integer of any value, as the Go library cast makes it.
#[expect(clippy::cast_possible_truncation, reason = "a float is cast with saturation")]
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(value) => *value,
        Value::Float(value) => *value as i64,
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => {
            let whole = text
                .split_once('.')
                .filter(|(_, rest)| !rest.is_empty() && rest.bytes().all(|digit| digit == b'0'));
            parse_integer(whole.map_or(text.as_str(), |(whole, _)| whole)).unwrap_or_default()
        }
        _ => 0,
    }
}

/// A float of any value.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => parse_float(text).unwrap_or_default(),
        _ => 0.0,
    }
}

fn ints(values: &[Value], apply: fn(i64, i64) -> i64) -> Result<Value, String> {
    Ok(Value::Int(apply(to_int(value_at(values, 0)), to_int(value_at(values, 1)))))
}

fn divided(values: &[Value], apply: fn(i64, i64) -> i64) -> Result<Value, String> {
    if to_int(value_at(values, 1)) == 0 {
        return Err("runtime error: integer divide by zero".into());
    }
    ints(values, apply)
}

/// Decimal arithmetic, exact where the numbers are short; in floats where they are not.
fn decimals<'v>(
    values: impl Iterator<Item = &'v Value>,
    exact: fn(Decimal, Decimal) -> Option<Decimal>,
    inexact: fn(f64, f64) -> f64,
) -> Value {
    let numbers: Vec<f64> = values.map(to_float).collect();
    let decimal = || {
        let (first, rest) = numbers.split_first()?;
        rest.iter().try_fold(Decimal::of(*first)?, |sum, next| exact(sum, Decimal::of(*next)?))
    };
    match decimal() {
        Some(result) => Value::Float(result.to_float()),
        None => Value::Float(numbers.into_iter().reduce(inexact).unwrap_or_default()),
    }
}

/// `round value places [from]`: away from zero where the rest is at least `from`, by default half.
fn rounded(values: &[Value]) -> Value {
    let value = to_float(value_at(values, 0));
    let places = int_at(values, 1).clamp(-400, 400);
    let from = match values.get(2) {
        Some(from) => to_float(from),
        None => 0.5,
    };
    let scale = 10f64.powi(i32::try_from(places).unwrap_or_default());
    let digits = value * scale;
    let rest = digits - digits.trunc();
    let whole = if rest >= from { digits.ceil() } else { digits.floor() };
    Value::Float(whole / scale)
}
