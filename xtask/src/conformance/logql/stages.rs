//! A stage, or a few, and a line.

use super::fields::{line, name, text};
use super::refusal;
use crate::conformance::report::{Outcome, Report};
use logql::testing::{self, LineOut};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn line_filters(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, query), || {
            let stages = query.split_once('}').map_or("", |(_, stages)| stages);
            match testing::run_stages(stages, &line(case)) {
                Ok(kept) => {
                    let dropped = case["dropped"].as_bool() == Some(true);
                    Outcome::passed_if(kept.is_none() == dropped, || format!("{kept:?}"))
                }
                Err(error) => Outcome::Failed(error.to_string()),
            }
        });
    }
}

pub(super) fn stages(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        let stage = text(case, "stage");
        report.case(&name(at, stage), || match testing::run_stages(stage, &line(case)) {
            Ok(out) => judge(case, out).into(),
            Err(error) if case["valid"] == false => {
                Outcome::passed_if(error.is_parse(), || error.to_string())
            }
            Err(error) => match case["error"].as_str() {
                Some(expected) => refusal::agrees(&error, stage, expected).into(),
                None => Outcome::Failed(error.to_string()),
            },
        });
    }
}

fn judge(case: &Value, out: Option<LineOut>) -> Result<(), String> {
    if case["valid"] == false || case["error"].is_string() {
        return Err("accepted".into());
    }
    let Some(dropped) = case["dropped"].as_bool() else { return Ok(()) };
    let Some(out) = out else {
        return if dropped { Ok(()) } else { Err("dropped".into()) };
    };
    if dropped {
        return Err(format!("kept: {out:?}"));
    }
    if let Some(labels) = case["labels_out"].as_object() {
        let expected: BTreeMap<&str, &str> = labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
            .collect();
        same_labels(&out, &expected)?;
    }
    if let Some(expected) = case["line_out"].as_str()
        && out.line != expected.as_bytes()
    {
        return Err(format!("line {:?}", String::from_utf8_lossy(&out.line)));
    }
    match case["json_paths"].as_object() {
        Some(expected) => same_paths(case, expected),
        None => Ok(()),
    }
}

/// Details of an error need only be there.
fn same_labels(out: &LineOut, expected: &BTreeMap<&str, &str>) -> Result<(), String> {
    let details = "__error_details__";
    let found: BTreeMap<&str, &str> = out.labels.iter().collect();
    let without = |labels: &BTreeMap<&str, &str>| -> BTreeMap<String, String> {
        labels
            .iter()
            .filter(|(name, _)| **name != details)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let has_details =
        |labels: &BTreeMap<&str, &str>| labels.get(details).is_some_and(|text| !text.is_empty());
    if without(&found) == without(expected) && (has_details(&found) || !has_details(expected)) {
        return Ok(());
    }
    Err(format!("labels {found:?}\nexpected {expected:?}"))
}

fn same_paths(case: &Value, expected: &serde_json::Map<String, Value>) -> Result<(), String> {
    let found: BTreeMap<String, Vec<String>> =
        testing::json_label_paths(&line(case))?.into_iter().collect();
    let path = |path: &Value| -> Vec<String> {
        let keys = path.as_array().into_iter().flatten();
        keys.map(|key| key.as_str().unwrap_or_default().to_owned()).collect()
    };
    let expected: BTreeMap<String, Vec<String>> =
        expected.iter().map(|(name, keys)| (name.clone(), path(keys))).collect();
    if found == expected { Ok(()) } else { Err(format!("paths {found:?}\nexpected {expected:?}")) }
}
