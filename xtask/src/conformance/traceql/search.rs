//! Searches, and what of their answers is compared.

use super::json::{list, shown, spell, text};
use super::otlp::original;
use super::sha256;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use telemetry_core::model::TraceId;
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{AttributeScope, SpanField, SpanSource};
use telemetry_core::time::NanosRange;
use traceql::{Engine, SearchOptions, SearchResult, SpanMatch, SpansetMatch};

/// Everything that a query finds in a window, or the error's text.
pub(super) fn search(
    query: &str,
    source: &dyn SpanSource,
    window: NanosRange,
    spans_per_spanset: usize,
) -> Result<SearchResult, String> {
    let tree = traceql::parse(query).map_err(|error| error.render(query))?;
    let options = SearchOptions {
        window,
        limit: 100_000,
        spans_per_spanset,
        services: true,
        ..SearchOptions::default()
    };
    let found = Engine.search(&tree, source, &options, &QueryContext::new());
    found.map_err(|error| error.to_string())
}

/// The name of a field in Tempo's answers: attributes lose their scope.
pub(super) fn key(field: &SpanField) -> String {
    match field {
        SpanField::Attribute { name, .. } => name.to_string(),
        intrinsic => intrinsic.to_string(),
    }
}

/// Attributes of a span as Tempo shows them. The name has a place of its own.
pub(super) fn attributes(span: &SpanMatch) -> BTreeSet<(String, String)> {
    let shown = span.attributes.iter().map(|(field, value)| (key(field), spell(value)));
    shown.filter(|(key, _)| key != "name").collect()
}

/// Spans by trace, as the digest of the oracle is over.
pub(super) fn digest(found: &SearchResult, lines: &BTreeMap<TraceId, usize>) -> String {
    let mut traces = BTreeMap::<String, BTreeSet<String>>::new();
    for trace in &found.traces {
        let line = lines.get(&trace.id).map(ToString::to_string).unwrap_or_default();
        let spans = trace.spansets.iter().flat_map(|set| &set.spans);
        traces.entry(line).or_default().extend(spans.map(|span| span.id.to_string()));
    }
    let json = serde_json::to_string(&traces).unwrap_or_default();
    sha256::hex(json.as_bytes())
}

/// Compares the spansets of one trace. `exact`: the attributes of a span are those and no others.
pub(super) fn compare_spansets(
    found: &[SpansetMatch],
    expected: &[Value],
    exact: bool,
) -> Result<(), String> {
    let mut left: Vec<&SpansetMatch> = found.iter().collect();
    for spanset in expected {
        let Some(at) = left.iter().position(|candidate| same(candidate, spanset, exact)) else {
            return Err(format!("no spanset like {spanset} among {left:?}"));
        };
        left.remove(at);
    }
    if left.is_empty() { Ok(()) } else { Err(format!("spansets too many: {left:?}")) }
}

fn same(found: &SpansetMatch, expected: &Value, exact: bool) -> bool {
    let ids: BTreeSet<&str> = list(&expected["spans"]).iter().map(text).collect();
    let ours: BTreeSet<String> = found.spans.iter().map(|span| original(span.id)).collect();
    let complete = ids.len() as u64 == expected["matched"].as_u64().unwrap_or_default();
    // Which spans are shown of more than fit is nobody's promise.
    let spans = if complete { ids == ours.iter().map(String::as_str).collect() } else { true };
    let pairs = |value: &Value| -> BTreeSet<(String, String)> {
        list(value).iter().map(|pair| (text(&pair[0]).to_owned(), shown(&pair[1]))).collect()
    };
    let own = found.attributes.iter().map(|(name, value)| (name.to_string(), spell(value)));
    let aggregates = expected.get("attributes").is_none_or(|value| pairs(value) == own.collect());
    expected["matched"].as_u64() == Some(found.matched as u64)
        && spans
        && aggregates
        && found.spans.iter().all(|span| same_attributes(span, expected, exact, &pairs))
}

fn same_attributes(
    span: &SpanMatch,
    expected: &Value,
    exact: bool,
    pairs: &dyn Fn(&Value) -> BTreeSet<(String, String)>,
) -> bool {
    let Some(expected) = expected["span_attributes"].get(original(span.id)) else { return true };
    let listed = expected.get("attributes").unwrap_or(expected);
    let (ours, mut wanted) = (attributes(span), pairs(listed));
    // A value that is absent shows as text in Tempo's answers.
    wanted.retain(|(_, value)| value != "str nil");
    if exact { ours == wanted } else { wanted.is_subset(&ours) }
}

/// The scope that a name of the interface means.
pub(super) fn scope(name: &str) -> Option<AttributeScope> {
    AttributeScope::STORED.into_iter().find(|scope| scope.as_str() == name)
}
