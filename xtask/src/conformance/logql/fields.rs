//! The fields of a case.

use logql::testing::LineIn;
use serde_json::Value;

/// The text of a field; empty where there is none.
pub(super) fn text<'c>(case: &'c Value, name: &str) -> &'c str {
    case[name].as_str().unwrap_or_default()
}

/// Names and values of an object of texts.
pub(super) fn pairs(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// The line that a stage is given.
pub(super) fn line(case: &Value) -> LineIn {
    let error = case["error_in"]
        .as_str()
        .map(|error| (error.to_owned(), text(case, "error_details_in").to_owned()));
    LineIn {
        line: text(case, "line").as_bytes().to_vec(),
        time: case["timestamp_ns"].as_i64().unwrap_or_default(),
        labels: pairs(&case["labels_in"]),
        metadata: pairs(&case["structured_metadata"]),
        error,
    }
}

/// A number, or its name where JSON has none for it.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "+Inf" | "Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            text => text.parse().ok(),
        },
        _ => None,
    }
}

/// Whether two numbers agree within `tolerance`, relative to the larger.
pub(super) fn same(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * a.abs().max(b.abs())
}

/// The name under which a case is found.
pub(super) fn name(at: usize, text: &str) -> String {
    format!("{at}: {text}")
}
