//! Lists and maps: `len`, `index`, `slice`, `fromJson`; `default` and `call`.

use super::{Function, Type, row, text_at, value_at, variadic};
use crate::stage::json::{JsonKind, value};
use crate::template::Fields;
use crate::template::value::Value;
use std::collections::BTreeMap;

use Type::{Any, Text};

pub(super) const FUNCTIONS: &[Function] = &[
    row("len", &[Any], length),
    variadic("index", &[Any, Any], index),
    variadic("slice", &[Any, Any], slice),
    row("fromJson", &[Text], |values, _| Ok(from_json(text_at(values, 0)))),
    variadic("default", &[Any, Any], |values, _| {
        let given = value_at(values, 1);
        Ok(if given.is_true() { given } else { value_at(values, 0) }.clone())
    }),
    variadic("call", &[Any, Any], |_, _| Err("call of nil".into())),
];

fn length(values: &[Value], fields: &Fields<'_>) -> Result<Value, String> {
    let length = match value_at(values, 0) {
        Value::Text(text) => text.len(),
        Value::List(values) => values.len(),
        Value::Map(values) => values.len(),
        Value::Labels => fields.all().len(),
        other => return Err(format!("len of type {}", other.kind())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(values: &[Value], fields: &Fields<'_>) -> Result<Value, String> {
    let Some((first, keys)) = values.split_first() else { return Ok(Value::Nil) };
    let mut value = first.clone();
    for key in keys {
        value = match (&value, key) {
            (Value::Labels, Value::Text(name)) => Value::from(fields.get(name)),
            (Value::Map(values), Value::Text(name)) => {
                values.get(name).cloned().unwrap_or(Value::Nil)
            }
            (Value::List(values), Value::Int(at)) => usize::try_from(*at)
                .ok()
                .and_then(|at| values.get(at).cloned())
                .ok_or_else(|| format!("index out of range: {at}"))?,
            (Value::Text(text), Value::Int(at)) => usize::try_from(*at)
                .ok()
                .and_then(|at| text.as_bytes().get(at))
                .map(|byte| Value::Int(i64::from(*byte)))
                .ok_or_else(|| format!("index out of range: {at}"))?,
            (Value::Nil, _) => return Err("index of untyped nil".into()),
            (Value::List(_) | Value::Text(_), key) => {
                return Err(format!("cannot index slice/array with type {}", key.kind()));
            }
            (Value::Map(_) | Value::Labels, key) => {
                return Err(format!("value has type {}; should be string", key.kind()));
            }
            (other, _) => return Err(format!("can't index item of type {}", other.kind())),
        };
    }
    Ok(value)
}

fn slice(values: &[Value], _: &Fields<'_>) -> Result<Value, String> {
    let length = match value_at(values, 0) {
        Value::Text(text) => text.len(),
        Value::List(values) => values.len(),
        other => return Err(format!("can't slice item of type {}", other.kind())),
    };
    if values.len() > 3 {
        return Err("cannot 3-index slice a string".into());
    }
    let bound = |at: usize, otherwise: usize| match values.get(at) {
        None => Ok(otherwise),
        Some(Value::Int(bound)) => usize::try_from(*bound)
            .ok()
            .filter(|bound| *bound <= length)
            .ok_or_else(|| format!("index out of range: {bound}")),
        Some(other) => Err(format!("cannot index slice/array with type {}", other.kind())),
    };
    let (start, end) = (bound(1, 0)?, bound(2, length)?);
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    Ok(match value_at(values, 0) {
        Value::Text(text) => {
            let part = text.as_bytes().get(start..end).unwrap_or_default();
            Value::Text(String::from_utf8_lossy(part).into_owned())
        }
        Value::List(values) => Value::List(values.get(start..end).unwrap_or_default().to_vec()),
        _ => Value::Nil,
    })
}

/// How deep a document may nest; deeper ones are nothing, as malformed ones are.
const DEPTH_MAX: usize = 64;

/// A JSON document as values; nothing where it is malformed.
fn from_json(text: &str) -> Value {
    // A scalar needs an end for the scanner, so a blank is added.
    let json = format!("{text} ");
    let json = json.as_bytes();
    let Ok((read, next)) = read(json, 0, 0) else { return Value::Nil };
    let rest = json.get(next..).unwrap_or_default();
    if rest.iter().all(u8::is_ascii_whitespace) { read } else { Value::Nil }
}

/// The document is malformed.
struct Malformed;

fn read(json: &[u8], at: usize, depth: usize) -> Result<(Value, usize), Malformed> {
    if depth > DEPTH_MAX {
        return Err(Malformed);
    }
    let found = value(json, at).map_err(|_| Malformed)?;
    let text = json.get(found.text.clone()).unwrap_or_default();
    let value = match found.kind {
        JsonKind::Null => Value::Nil,
        JsonKind::Bool => Value::Bool(text == b"true"),
        JsonKind::Number => {
            let text = std::str::from_utf8(text).map_err(|_| Malformed)?;
            Value::Float(text.parse().map_err(|_| Malformed)?)
        }
        JsonKind::String => Value::Text(string(text)?),
        JsonKind::Array => {
            Value::List(members(json, found.text.start + 1, b']', |at| read(json, at, depth + 1))?)
        }
        JsonKind::Object => {
            let pairs = members(json, found.text.start + 1, b'}', |at| {
                let key = crate::stage::json::value(json, at).map_err(|_| Malformed)?;
                if key.kind != JsonKind::String {
                    return Err(Malformed);
                }
                let colon = crate::stage::json::skip_blank(json, key.next).ok_or(Malformed)?;
                if json.get(colon) != Some(&b':') {
                    return Err(Malformed);
                }
                let name = string(json.get(key.text.clone()).unwrap_or_default())?;
                let (value, next) = read(json, colon + 1, depth + 1)?;
                Ok(((name, value), next))
            })?;
            Value::Map(pairs.into_iter().collect::<BTreeMap<_, _>>())
        }
    };
    Ok((value, found.next))
}

fn string(text: &[u8]) -> Result<String, Malformed> {
    let mut out = String::new();
    crate::stage::json::unescape_into(&mut out, text).then_some(out).ok_or(Malformed)
}

/// Members with commas between, up to `close`.
fn members<T>(
    json: &[u8],
    at: usize,
    close: u8,
    mut one: impl FnMut(usize) -> Result<(T, usize), Malformed>,
) -> Result<Vec<T>, Malformed> {
    let skip = |at: usize| crate::stage::json::skip_blank(json, at).ok_or(Malformed);
    let mut items = Vec::new();
    let mut at = skip(at)?;
    if json.get(at) == Some(&close) {
        return Ok(items);
    }
    loop {
        let (item, next) = one(at)?;
        items.push(item);
        let next = skip(next)?;
        match json.get(next) {
            Some(byte) if *byte == close => return Ok(items),
            Some(b',') => at = next + 1,
            _ => return Err(Malformed),
        }
    }
}
