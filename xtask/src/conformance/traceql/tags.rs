//! Names and values of attributes.

use super::eval::field;
use super::json::{list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{AttributeScope, SpanField, SpanSource, SpanValue};
use telemetry_core::time::NanosRange;
use traceql::Engine;

/// Names by scope, compared with `{scope: [names]}`. Scopes that are not attributes are left out.
pub(super) fn names(
    source: &dyn SpanSource,
    scope: Option<AttributeScope>,
    query: &str,
    expected: &Value,
) -> Result<(), String> {
    let found = fields(source, scope, query)?;
    let mut by_scope = BTreeMap::<&str, BTreeSet<&str>>::new();
    for field in &found {
        if let SpanField::Attribute { scope, name } = field {
            by_scope.entry(scope.as_str()).or_default().insert(name);
        }
    }
    let mut wanted = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (scope, names) in expected.as_object().into_iter().flatten() {
        if super::search::scope(scope).is_some() {
            wanted.insert(scope, list(names).iter().map(text).collect());
        }
    }
    if by_scope == wanted { Ok(()) } else { Err(format!("{by_scope:?}\nexpected {wanted:?}")) }
}

/// Attributes that a question for names gives.
pub(super) fn fields(
    source: &dyn SpanSource,
    scope: Option<AttributeScope>,
    query: &str,
) -> Result<Vec<SpanField>, String> {
    Engine
        .attribute_names(scope, query, source, NanosRange::ALL, &QueryContext::new())
        .map_err(|error| error.to_string())
}

/// Values of a tag, compared with `[[type, text]]`.
pub(super) fn values(
    source: &dyn SpanSource,
    tag: &str,
    query: &str,
    expected: &[Value],
) -> Result<(), String> {
    let field = field(tag).ok_or("no such tag")?;
    let found = Engine
        .attribute_values(&field, query, source, NanosRange::ALL, &QueryContext::new())
        .map_err(|error| error.to_string())?;
    let found: BTreeSet<(String, String)> = found.iter().map(spelt).collect();
    let pair = |pair: &Value| {
        let (kind, value) = (text(&pair[0]), text(&pair[1]));
        let value = match (kind, value.parse::<f64>()) {
            ("float", Ok(number)) => number.to_string(),
            _ => value.to_owned(),
        };
        (kind.to_owned(), value)
    };
    let wanted: BTreeSet<(String, String)> = expected.iter().map(pair).collect();
    if found == wanted { Ok(()) } else { Err(format!("{found:?}\nexpected {wanted:?}")) }
}

/// Type and text of a value as the interface has them.
fn spelt(value: &SpanValue) -> (String, String) {
    let kind = match value {
        SpanValue::Int(_) => "int",
        SpanValue::Float(_) => "float",
        SpanValue::Bool(_) => "bool",
        SpanValue::Duration(_) => "duration",
        SpanValue::Status(_) | SpanValue::Kind(_) => "keyword",
        _ => "string",
    };
    (kind.to_owned(), value.to_string())
}
