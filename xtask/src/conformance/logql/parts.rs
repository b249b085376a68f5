//! Parts of stages: paths, patterns, names, templates.

use super::fields::{line, name, pairs, text};
use crate::conformance::report::{Outcome, Report};
use logql::testing;
use serde_json::Value;
use telemetry_core::syntax::string::quote;

fn each(cases: &[Value], key: &str, report: &mut Report, run: impl Fn(&Value) -> Outcome) {
    for (at, case) in cases.iter().enumerate() {
        report.case(&name(at, text(case, key)), || run(case));
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Outcome {
    Outcome::passed_if(found == expected, || format!("got {found:?}, expected {expected:?}"))
}

pub(super) fn matchers(cases: &[Value], report: &mut Report) {
    each(cases, "input", report, |case| {
        let input = text(case, "input");
        let valid = case["valid"].as_bool() == Some(true);
        if case["kind"] == "label_set" {
            return label_set(input, valid, case);
        }
        let found = match logql::parse(input) {
            // Only a selector on its own is one, unless the case says that filters may follow.
            Ok(logql::ast::Expr::Log(log))
                if log.stages.is_empty() || case["kind"] == "selector_with_filters" =>
            {
                testing::matchers(input).ok()
            }
            _ => testing::matchers(input)
                .ok()
                .filter(|_| valid && testing::is_noop_pipeline(input).is_ok()),
        };
        let Some(found) = found else {
            return Outcome::passed_if(!valid, || "refused".into());
        };
        let triple = |matcher: &Value| {
            let part = |at: usize| matcher[at].as_str().unwrap_or_default().to_owned();
            (part(0), part(1), part(2))
        };
        let expected = case["matchers"].as_array().into_iter().flatten().map(triple).collect();
        if valid { equal(&found, &expected) } else { Outcome::Failed(format!("{found:?}")) }
    });
}

/// A label set is written as a selector is, with `=` only.
fn label_set(input: &str, valid: bool, case: &Value) -> Outcome {
    let found = testing::matchers(input).ok().map(|matchers| {
        let mut labels: Vec<(String, String)> = matchers
            .into_iter()
            .filter(|(_, op, value)| op == "=" && !value.is_empty())
            .map(|(name, _, value)| (name, value))
            .collect();
        labels.sort();
        labels
    });
    match found {
        Some(found) if valid => equal(&found, &pairs(&case["labels"])),
        found => Outcome::passed_if(found.is_some() == valid, || format!("{found:?}")),
    }
}

pub(super) fn durations(cases: &[Value], report: &mut Report) {
    each(cases, "input", report, |case| {
        equal(&testing::duration(text(case, "input")), &case["nanoseconds"].as_i64())
    });
}

pub(super) fn json_paths(cases: &[Value], report: &mut Report) {
    each(cases, "expr", report, |case| {
        let valid = case["valid"].as_bool() == Some(true);
        match testing::json_path(text(case, "expr")) {
            Ok(found) if valid => {
                let step = |step: &Value| match step.as_u64() {
                    Some(index) => Err(usize::try_from(index).unwrap_or(usize::MAX)),
                    None => Ok(step.as_str().unwrap_or_default().to_owned()),
                };
                let path = case["path"].as_array().into_iter().flatten();
                equal(&found, &path.map(step).collect())
            }
            Err(found) if !valid => {
                let expected = text(case, "error");
                Outcome::passed_if(found == expected, || format!("got {found}"))
            }
            other => Outcome::Failed(format!("{other:?}")),
        }
    });
}

pub(super) fn sanitize(cases: &[Value], report: &mut Report) {
    each(cases, "key", report, |case| {
        let found = testing::sanitize_label(text(case, "key"));
        equal(&found.as_str(), &text(case, "want"))
    });
}

/// A text without regard to case is a regular expression here.
pub(super) fn contains_lower(cases: &[Value], report: &mut Report) {
    each(cases, "line", report, |case| {
        let mut pattern = String::from("(?i)");
        for c in text(case, "substr").chars() {
            if !c.is_alphanumeric() && c.is_ascii() {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        let kept = testing::run_stages(&format!("|~ {}", quote(&pattern)), &line(case));
        match kept {
            Ok(kept) => equal(&Some(kept.is_some()), &case["expected"].as_bool()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    });
}

pub(super) fn pattern_captures(cases: &[Value], report: &mut Report) {
    each(cases, "expr", report, |case| {
        let (expr, line) = (text(case, "expr"), text(case, "line"));
        let captures = case["captures"].as_array().into_iter().flatten();
        let expected: Vec<String> =
            captures.map(|text| text.as_str().unwrap_or_default().to_owned()).collect();
        match testing::pattern_captures(expr, line) {
            Ok(found) if found == expected => {}
            found => return Outcome::Failed(format!("captures {found:?}")),
        }
        // The line filter has no names: the same shape with every capture nameless.
        let nameless = nameless(expr);
        match testing::pattern_filter(&nameless, line) {
            Ok(found) => equal(&Some(found), &case["line_filter_match"].as_bool()),
            Err(error) => Outcome::Failed(error),
        }
    });
}

fn nameless(pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, tail)) = rest.split_once('<') {
        out.push_str(before);
        let name = tail.split_once('>').filter(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
        match name {
            Some((_, after)) => {
                out.push_str("<_>");
                rest = after;
            }
            None => {
                out.push('<');
                rest = tail;
            }
        }
    }
    out + rest
}

pub(super) fn pattern_errors(cases: &[Value], report: &mut Report) {
    each(cases, "expr", report, |case| {
        let expr = text(case, "expr");
        let result = match text(case, "use") {
            "line_filter" => testing::pattern_filter(expr, "").map(drop),
            _ => testing::pattern_captures(expr, "").map(drop),
        };
        let valid = case["valid"].as_bool() == Some(true);
        match result {
            Ok(()) => Outcome::passed_if(valid, || "accepted".into()),
            Err(found) => {
                let expected = text(case, "error");
                Outcome::passed_if(!valid && found.contains(expected), || found)
            }
        }
    });
}

pub(super) fn template_functions(cases: &[Value], report: &mut Report) {
    each(cases, "function", report, |case| {
        let argument = |argument: &Value| match argument.as_str() {
            Some(text) => quote(text),
            None => argument.to_string(),
        };
        let arguments: Vec<String> =
            case["args"].as_array().into_iter().flatten().map(argument).collect();
        let template = format!("{{{{ {} {} }}}}", text(case, "function"), arguments.join(" "));
        let stage = format!("| line_format {}", quote(&template));
        let line = testing::LineIn::default();
        match testing::run_stages(&stage, &line) {
            Ok(Some(out)) => {
                let failed = out.labels.get("__error__").is_some();
                if case["error"].as_bool() == Some(true) {
                    return Outcome::passed_if(failed, || format!("{out:?}"));
                }
                let found = String::from_utf8_lossy(&out.line).into_owned();
                if failed {
                    return Outcome::Failed(format!("{out:?}"));
                }
                equal(&found.as_str(), &text(case, "result"))
            }
            Ok(None) => Outcome::Failed("dropped".into()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    });
}

pub(super) fn template_labels(cases: &[Value], report: &mut Report) {
    each(cases, "template", report, |case| {
        let labels = case["labels"].as_array().into_iter().flatten();
        let mut expected: Vec<String> =
            labels.map(|label| label.as_str().unwrap_or_default().to_owned()).collect();
        expected.sort();
        match testing::template_labels(text(case, "template")) {
            Ok(mut found) => {
                found.sort();
                found.dedup();
                equal(&found, &expected)
            }
            Err(error) => Outcome::Failed(error),
        }
    });
}
