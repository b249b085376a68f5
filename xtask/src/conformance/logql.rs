//! LogQL: test data of Loki and answers of a real one.
//!
//! | file | what a case is |
//! |---|---|
//! | `parse.json`, `canonical_string.json`, `pretty_print.json`, `oracle/format_query.json` | a text that is accepted or refused, and how it is printed |
//! | `matchers.json`, `durations.json` | a selector, a duration |
//! | `stage_*.json`, `label_filters.json`, `ip_filters.json`, `line_filters.json`, `template_*.json` | a stage and a line |
//! | `pattern_*.json`, `json_path_expr.json`, `sanitize_label_key.json`, `contains_lower.json` | a part of a stage |
//! | `unwrap_extract.json`, `sample_extract_query.json` | the sample that a line gives |
//! | `metric_scripts.json` | a metric query over a small data set |
//! | `oracle/cases.json` | a query over the large data set and Loki's answer |
//! | `oracle/api.json` | a call beside queries: labels, series, fields, volume |
//! | `oracle/push.json`, `oracle/otlp.json` | a request that stores lines, and what is there then |
//! | `expressions-logql.jsonl` | an expression from a dashboard or a rule |
//!
//! Tokens and patterns of the pattern ingester are information, not cases.

mod answer;
mod api;
mod expressions;
mod fields;
mod oracle;
mod parts;
mod push;
mod refusal;
mod samples;
mod scripts;
mod stages;
mod storage;
mod texts;

use super::report::{Outcome, Report};
use serde_json::Value;
use std::path::Path;

/// Runs all of `directory` that is known, and the expressions beside it.
pub fn run(directory: &Path, report: &mut Report) {
    type Run = fn(&[Value], &mut Report);
    let files: [(&str, Run); 28] = [
        ("parse.json", texts::parse),
        ("canonical_string.json", texts::canonical),
        ("pretty_print.json", texts::pretty),
        ("oracle/format_query.json", texts::format_query),
        ("matchers.json", parts::matchers),
        ("durations.json", parts::durations),
        ("json_path_expr.json", parts::json_paths),
        ("sanitize_label_key.json", parts::sanitize),
        ("contains_lower.json", parts::contains_lower),
        ("pattern_captures.json", parts::pattern_captures),
        ("pattern_errors.json", parts::pattern_errors),
        ("template_functions.json", parts::template_functions),
        ("template_required_labels.json", parts::template_labels),
        ("line_filters.json", stages::line_filters),
        ("stage_json.json", stages::stages),
        ("stage_json_expr.json", stages::stages),
        ("stage_json_expr_errors.json", stages::stages),
        ("stage_logfmt.json", stages::stages),
        ("stage_logfmt_expr.json", stages::stages),
        ("stage_regexp.json", stages::stages),
        ("stage_regexp_valid.json", stages::stages),
        ("stage_pattern.json", stages::stages),
        ("stage_unpack.json", stages::stages),
        ("stage_drop_keep.json", stages::stages),
        ("stage_decolorize.json", stages::stages),
        ("label_filters.json", stages::stages),
        ("ip_filters.json", stages::stages),
        ("label_format_valid.json", stages::stages),
    ];
    let more: [(&str, Run); 4] = [
        ("template_line_format.json", stages::stages),
        ("template_label_format.json", stages::stages),
        ("unwrap_extract.json", samples::unwrap),
        ("sample_extract_query.json", samples::extract),
    ];
    for (name, run) in files.iter().chain(&more) {
        if let Some(cases) = list(directory, name, report) {
            run(&cases, report);
        }
    }
    if let Some(document) = document(directory, "metric_scripts.json", report) {
        scripts::run(&document, report);
    }
    oracle::run(directory, report);
    if let Some(Value::Array(cases)) = document(directory, "lex.json", report) {
        let names: Vec<&str> = cases.iter().filter_map(|case| case["input"].as_str()).collect();
        let lexed = names.iter().filter(|text| logql::testing::tokens(text).is_ok()).count();
        println!("lex.json: {lexed} of {} texts lex; for information", names.len());
    }
    let expressions = ["../data", "../../data"]
        .map(|data| directory.join(data).join("expressions/expressions-logql.jsonl"));
    if let Some(path) = expressions.iter().find(|path| path.exists()) {
        report.group("expressions-logql.jsonl");
        match std::fs::read_to_string(path) {
            Ok(text) => expressions::run(&text, report),
            Err(error) => report.record("expressions", Outcome::Failed(error.to_string())),
        }
    }
}

/// The JSON document in a file, if the file is there; begins its group.
fn document(directory: &Path, name: &str, report: &mut Report) -> Option<Value> {
    let path = directory.join(name);
    if !path.exists() {
        return None;
    }
    report.group(name);
    let read = std::fs::read(&path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    match read {
        Ok(document) => Some(document),
        Err(error) => {
            report.record(name, Outcome::Failed(error));
            None
        }
    }
}

fn list(directory: &Path, name: &str, report: &mut Report) -> Option<Vec<Value>> {
    match document(directory, name, report)? {
        Value::Array(cases) => Some(cases),
        _ => {
            report.record(name, Outcome::Failed("no list of cases".into()));
            None
        }
    }
}
