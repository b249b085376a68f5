//! What is accepted, and as which tree.

use super::json::{cases, text};
use crate::conformance::report::{Outcome, Report};
use serde_json::Value;
use traceql::{CheckErrorKind, Error};

/// Lists of queries by outcome, in the plain YAML of the file.
pub(super) fn examples(document: &str, report: &mut Report) {
    let mut section = "";
    for line in document.lines() {
        if let Some(name) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            section = name;
        } else if let Some(item) = line.trim_start().strip_prefix("- ") {
            let query = scalar(item);
            report.case(&query.clone(), || example(section, &query));
        }
    }
}

/// A YAML scalar, plain or quoted.
fn scalar(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        return inner.replace("''", "'");
    }
    match telemetry_core::syntax::string::unquote(text) {
        Ok(value) => value.into_owned(),
        Err(_) => text.to_owned(),
    }
}

fn example(section: &str, query: &str) -> Outcome {
    let result = traceql::parse(query);
    let found = match &result {
        Ok(_) => "valid",
        Err(Error::Syntax(_)) => "parse_fails",
        Err(Error::Invalid(error)) => match error.kind {
            CheckErrorKind::Unsupported { .. } => "unsupported",
            _ => "validate_fails",
        },
        Err(_) => "another error",
    };
    Outcome::passed_if(found == section || (section == "dump" && result.is_ok()), || {
        let error = result.err().map(|error| error.render(query)).unwrap_or_default();
        format!("{section}, not {found}\n{error}")
    })
}

/// Canonical texts, and refusals.
pub(super) fn canonical(document: &Value, report: &mut Report) {
    for case in cases(document) {
        let query = text(&case["query"]);
        report.case(query, || one(query, case).into());
    }
}

fn one(query: &str, case: &Value) -> Result<(), String> {
    let tree = match (traceql::parse_syntax(query), case["parse_error"].as_str()) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(tree), Some(error)) => {
            return Err(format!("read as {tree}, should be refused: {error}"));
        }
        (Err(error), None) => return Err(Error::from(error).render(query)),
        (Ok(tree), None) => tree,
    };
    let printed = tree.to_string();
    match traceql::parse_syntax(&printed) {
        Ok(again) if again == tree => {}
        Ok(again) => return Err(format!("printed as {printed}, which is read as {again}")),
        Err(error) => return Err(Error::from(error).render(&printed)),
    }
    let canonical = readable(text(&case["canonical"]));
    match traceql::parse_syntax(&canonical) {
        Ok(expected) if expected == tree => {}
        Ok(expected) => return Err(format!("read as {printed}, not as {expected}")),
        Err(error) => return Err(Error::from(error).render(&canonical)),
    }
    match (traceql::parse(query), case["validate_error"].as_str()) {
        (Ok(_), Some(error)) => Err(format!("accepted, should be refused: {error}")),
        (Err(error), None) => Err(error.render(query)),
        (Ok(tree), None) if tree.is_noop() != (case["noop"] == Value::Bool(true)) => {
            Err(format!("noop is {}", tree.is_noop()))
        }
        _ => Ok(()),
    }
}

/// Tempo prints three things that it cannot read: the end of `compare`, infinite numbers, and
/// names that begin with a digit.
fn readable(canonical: &str) -> String {
    let text = canonical.replace("}}", "})").replace("+Inf", "(1.0 / 0)");
    if text == "{ .0 }" { "{ .\"0\" }".to_owned() } else { text }
}
