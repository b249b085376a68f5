//! Values as the test data spells them.

use serde_json::Value;
use std::sync::Arc;
use telemetry_core::model::{SpanKind, StatusCode};
use telemetry_core::source::span::SpanValue;

/// The cases of a document.
pub(super) fn cases(document: &Value) -> &[Value] {
    list(&document["cases"])
}

/// The items of an array; none of anything else.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Text, or nothing.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An integer, spelt as a number or as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A float; infinite ones and NaN are spelt as text.
pub(super) fn float(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| match value.as_str()? {
        "NaN" => Some(f64::NAN),
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        other => other.parse().ok(),
    })
}

/// `{"type": …, "value": …}`
pub(super) fn typed(value: &Value) -> Option<SpanValue> {
    let inner = &value["value"];
    let items = list(inner);
    Some(match text(&value["type"]) {
        "nil" => SpanValue::Nil,
        "int" => SpanValue::Int(integer(inner)?),
        "float" => SpanValue::Float(float(inner)?),
        "string" => SpanValue::from(inner.as_str()?),
        "boolean" => SpanValue::Bool(inner.as_bool()?),
        "duration" => SpanValue::Duration(integer(inner)?),
        "status" => status(inner.as_str()?)?,
        "kind" => kind(inner.as_str()?)?,
        "intarray" => SpanValue::Ints(items.iter().map(integer).collect::<Option<_>>()?),
        "floatarray" => SpanValue::Floats(items.iter().map(float).collect::<Option<_>>()?),
        "stringarray" => SpanValue::Strings(
            items.iter().map(|item| item.as_str().map(Arc::from)).collect::<Option<_>>()?,
        ),
        "booleanarray" => {
            SpanValue::Bools(items.iter().map(Value::as_bool).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn status(name: &str) -> Option<SpanValue> {
    let all = [StatusCode::Error, StatusCode::Ok, StatusCode::Unset];
    all.into_iter().find(|status| status.as_str() == name).map(SpanValue::Status)
}

fn kind(name: &str) -> Option<SpanValue> {
    (0..=5).map(SpanKind::from_number).find(|kind| kind.as_str() == name).map(SpanValue::Kind)
}

/// `{"stringValue": …}` of OTLP, or `{"str": …}` of the oracle, in one spelling for comparison.
///
/// Statuses, kinds and durations are text there, and an array of one element is that element.
pub(super) fn shown(value: &Value) -> String {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return value.to_string();
    };
    match kind.as_str() {
        "stringValue" | "str" => format!("str {}", text(inner)),
        "intValue" | "int" => format!("int {}", integer(inner).unwrap_or_default()),
        "doubleValue" | "float" => format!("float {}", float(inner).unwrap_or(f64::NAN)),
        "boolValue" | "bool" => format!("bool {inner}"),
        "arrayValue" | "array" => {
            let items = if inner.is_array() { list(inner) } else { list(&inner["values"]) };
            array(items.iter().map(shown).collect())
        }
        _ => value.to_string(),
    }
}

fn array(items: Vec<String>) -> String {
    match items.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", items.join(", ")),
    }
}

/// Our value in the spelling of [`shown`].
pub(super) fn spell(value: &SpanValue) -> String {
    match value {
        SpanValue::Int(value) => format!("int {value}"),
        SpanValue::Float(value) => format!("float {value}"),
        SpanValue::Bool(value) => format!("bool {value}"),
        SpanValue::Duration(nanos) => {
            format!("str {}", telemetry_core::time::duration::format_go(*nanos))
        }
        value if value.array_len().is_some() => {
            let mut items = Vec::new();
            value.for_each_element(|item| items.push(spell(&item)));
            array(items)
        }
        value => format!("str {value}"),
    }
}

/// Whether two numbers agree as the suites want it.
pub(super) fn close(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}
