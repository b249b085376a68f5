//! Questions to one known trace.

use super::json::{cases, integer, list, text};
use super::search::{compare_spansets, search as run_search};
use super::store::sources;
use super::{otlp, tags as names};
use crate::conformance::report::{Outcome, Report};
use serde_json::Value;
use telemetry_core::source::span::SpanSource;
use telemetry_core::time::NanosRange;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Spans per spanset where a case says nothing.
const SPANS_PER_SPANSET: usize = 3;

/// Searches: does the trace match, with which spansets.
pub(super) fn search(document: &Value, report: &mut Report) {
    let sources = sources(&otlp::spans(&document["meta"]["trace"], 0));
    for case in cases(document) {
        let query = text(&case["query"]);
        report.case(&format!("{} {query}", text(&case["group"])), || {
            let on = |(name, source): &(&str, Box<dyn SpanSource>)| {
                one(query, case, &**source).map_err(|error| format!("{name}: {error}"))
            };
            sources.iter().try_for_each(on).into()
        });
    }
}

fn one(query: &str, case: &Value, source: &dyn SpanSource) -> Result<(), String> {
    let window = match (integer(&case["start"]), integer(&case["end"])) {
        (Some(start), Some(end)) => {
            NanosRange::new(start * NANOS_PER_SECOND, (end + 1) * NANOS_PER_SECOND)
        }
        _ => NanosRange::ALL,
    };
    let found = run_search(query, source, window, SPANS_PER_SPANSET)?;
    let matched = case["match"] == Value::Bool(true);
    if found.traces.len() != usize::from(matched) {
        return Err(format!("{} traces, expected match {matched}", found.traces.len()));
    }
    let (Some(trace), Some(expected)) = (found.traces.first(), case["spanSets"].as_array()) else {
        return Ok(());
    };
    compare_spansets(&trace.spansets, expected, false)
}

/// The search by tags that came before TraceQL.
pub(super) fn tag_search(document: &Value, report: &mut Report) {
    for (at, _) in cases(document).iter().enumerate() {
        report.case(&format!("case {at}"), || {
            Outcome::Skipped(
                "the search by tags from before TraceQL belongs to a later issue".into(),
            )
        });
    }
}

/// Names and values of attributes, filtered by a query.
pub(super) fn tags(document: &Value, trace: &Value, report: &mut Report) {
    let sources = sources(&otlp::spans(trace, 0));
    for case in cases(document) {
        let query = text(&case["query"]);
        report.case(&format!("{} {query} {}", text(&case["kind"]), text(&case["tag"])), || {
            let on = |(name, source): &(&str, Box<dyn SpanSource>)| {
                let source = &**source;
                let checked = match text(&case["kind"]) {
                    "tag_values" => {
                        names::values(source, text(&case["tag"]), query, list(&case["values"]))
                    }
                    _ => names::names(source, None, query, &case["names"]),
                };
                checked.map_err(|error| format!("{name}: {error}"))
            };
            sources.iter().try_for_each(on).into()
        });
    }
}
