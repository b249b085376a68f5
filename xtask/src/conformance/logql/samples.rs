//! The sample that a line gives to a range aggregation.

use super::fields::{line, name, number, pairs, same, text};
use crate::conformance::report::Report;
use logql::LabelSet;
use logql::testing::{self, LineIn};
use serde_json::Value;

/// How far two values may differ.
const TOLERANCE: f64 = 1e-9;

pub(super) fn unwrap(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        let stage = text(case, "stage");
        report.case(&name(at, stage), || {
            let query = query(case, stage);
            sample(&query, &line(case), case).into()
        });
    }
}

/// The stage in a query that groups as the case says.
fn query(case: &Value, stage: &str) -> String {
    let list = |name: &str| {
        let labels = case[name].as_array()?;
        let labels: Vec<&str> = labels.iter().filter_map(Value::as_str).collect();
        Some(labels.join(","))
    };
    let grouping = match (list("group_by"), list("group_without")) {
        (Some(labels), _) => format!("by ({labels})"),
        (None, Some(labels)) => format!("without ({labels})"),
        (None, None) if case["no_labels"] == true => "by ()".into(),
        (None, None) => String::new(),
    };
    format!("max_over_time({{x=\"y\"}} {stage} [1m]) {grouping}")
}

pub(super) fn extract(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, query), || sample(query, &line(case), case).into());
    }
}

fn sample(query: &str, line: &LineIn, case: &Value) -> Result<(), String> {
    let found = testing::sample(query, line).map_err(|error| error.render(query))?;
    let dropped = case["dropped"].as_bool() == Some(true);
    let Some((value, labels)) = found else {
        return if dropped { Ok(()) } else { Err("no sample".into()) };
    };
    if dropped {
        return Err(format!("{labels} {value}"));
    }
    if let Some(expected) = number(&case["value"])
        && !same(value, expected, TOLERANCE)
    {
        return Err(format!("value {value}, expected {expected}"));
    }
    if case["labels_out"].is_object() {
        return same_labels(&labels, pairs(&case["labels_out"]));
    }
    match case["labels_out_text"].as_str() {
        Some(expected) if labels.to_string() != expected => Err(format!("labels {labels}")),
        _ => Ok(()),
    }
}

/// Details of an error need only be there.
fn same_labels(found: &LabelSet, expected: Vec<(String, String)>) -> Result<(), String> {
    let details = |name: &str| name == "__error_details__";
    let show = |pairs: Vec<(String, String)>| -> Vec<(String, String)> {
        pairs
            .into_iter()
            .map(|(name, value)| {
                let value = if details(&name) { (!value.is_empty()).to_string() } else { value };
                (name, value)
            })
            .collect()
    };
    let found = found.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (found, mut expected) = (show(found), show(expected));
    expected.sort();
    if found == expected { Ok(()) } else { Err(format!("labels {found:?}\nexpected {expected:?}")) }
}
