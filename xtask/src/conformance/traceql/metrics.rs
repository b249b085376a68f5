//! Metrics queries over given spans.

use super::eval::field;
use super::given::{Given, GivenSource};
use super::json::{cases, float, integer, list, spell, text, typed};
use super::otlp;
use super::series::{Samples, compare, given_range, ours, run, wanted};
use super::store::sources;
use crate::conformance::report::Report;
use serde_json::Value;
use std::collections::BTreeMap;
use telemetry_core::source::span::{Intrinsic, NestedSets, SpanSource, SpanValue};

/// Spans given by their fields.
pub(super) fn in_memory(document: &Value, report: &mut Report) {
    for case in cases(document) {
        let name = format!("{} {}", text(&case["test"]), text(&case["query"]));
        report.case(&name, || one(case).into());
    }
}

fn one(case: &Value) -> Result<(), String> {
    let mut rows = Vec::new();
    for span in list(&case["span_batches"]).iter().flat_map(list) {
        let mut fields = BTreeMap::new();
        for pair in list(&span["attributes"]) {
            let field = field(text(&pair[0])).ok_or("unknown field")?;
            fields.insert(field, typed(&pair[1]).ok_or("unknown value")?);
        }
        let start = integer(&span["start"]).ok_or("start")?;
        fields.insert(Intrinsic::StartTime.into(), SpanValue::Int(start));
        if let Some(nanos) = integer(&span["duration"]) {
            fields.insert(Intrinsic::Duration.into(), SpanValue::Duration(nanos));
        }
        rows.push(fields);
    }
    let source = GivenSource(Given::new(rows, NestedSets::default()));
    let found = run(text(&case["query"]), &source, given_range(case).ok_or("range")?)?;
    let times: Vec<i64> = list(&case["timestamps"]).iter().filter_map(integer).collect();
    let mut all = Samples::new();
    for series in list(&case["series"]) {
        let pair = |pair: &Value| Some((text(&pair[0]).to_owned(), spell(&typed(&pair[1])?)));
        let labels: Option<Vec<_>> = list(&series["labels"]).iter().map(pair).collect();
        let values = list(&series["values"]).iter().map(float);
        let samples = times.iter().zip(values).filter_map(|(time, value)| {
            let value = value.filter(|value| !value.is_nan())?;
            Some((time / 1_000_000, value))
        });
        let samples: BTreeMap<i64, f64> = samples.collect();
        // A series without any sample is none.
        if !samples.is_empty() {
            let mut labels = labels.ok_or("unknown label")?;
            labels.sort();
            all.insert(labels, samples);
        }
    }
    let mut found = ours(&found, 0);
    // Floats among the labels are spelt as they are here.
    found = found.into_iter().map(|(labels, samples)| (plain(labels), samples)).collect();
    let all: Samples = all.into_iter().map(|(labels, samples)| (plain(labels), samples)).collect();
    compare(&found, &all)
}

fn plain(labels: Vec<(String, String)>) -> Vec<(String, String)> {
    let number =
        |text: String| match text.strip_prefix("float ").and_then(|n| n.parse::<f64>().ok()) {
            Some(number) => format!("float {number}"),
            None => text,
        };
    labels.into_iter().map(|(key, value)| (key, number(value))).collect()
}

/// One hundred traces of one span each.
pub(super) fn block(document: &Value, report: &mut Report) {
    let traces = list(&document["meta"]["traces"]).iter();
    let spans: Vec<_> = traces.flat_map(|trace| otlp::spans(trace, 0)).collect();
    let sources = sources(&spans);
    for case in cases(document) {
        let query = text(&case["query"]);
        report.case(query, || {
            let on = |(name, source): &(&str, Box<dyn SpanSource>)| {
                let range = given_range(case).ok_or("range")?;
                let found = run(query, &**source, range)?;
                compare(&ours(&found, 0), &wanted(&case["series"]))
                    .map_err(|error| format!("{name}: {error}"))
            };
            sources.iter().try_for_each(on).into()
        });
    }
}
