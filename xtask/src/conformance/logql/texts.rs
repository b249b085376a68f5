//! Which texts are queries, and how queries are printed.

use super::fields::{name, text};
use super::refusal;
use crate::conformance::report::{Outcome, Report};
use logql::ast::Expr;
use serde_json::Value;

pub(super) fn parse(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, query), || {
            if let Some(hex) = case["query_bytes_hex"].as_str() {
                return invalid_bytes(hex);
            }
            outcome(query, case["valid"].as_bool() == Some(true), text(case, "error"))
        });
    }
}

/// Bytes that are no text: there is no way to hand them to the parser.
fn invalid_bytes(hex: &str) -> Outcome {
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2).unwrap_or_default(), 16);
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).filter_map(|at| byte(at).ok()).collect();
    Outcome::passed_if(std::str::from_utf8(&bytes).is_err(), || "the bytes are UTF-8".into())
}

fn outcome(query: &str, valid: bool, error: &str) -> Outcome {
    match logql::parse(query) {
        Ok(tree) if valid => round_trip(&tree).into(),
        Ok(tree) => Outcome::Failed(format!("accepted as {tree}")),
        Err(found) if valid => Outcome::Failed(refusal::text(&found, query)),
        Err(found) => refusal::agrees(&found, query, error).into(),
    }
}

/// Whether the printed text parses back to the same tree.
pub(super) fn round_trip(tree: &Expr) -> Result<(), String> {
    let printed = tree.to_string();
    match logql::parse(&printed) {
        Ok(again) if again == *tree => Ok(()),
        Ok(again) => Err(format!("printed {printed}\nread as {again}")),
        Err(error) => Err(error.render(&printed)),
    }
}

pub(super) fn canonical(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, query), || {
            printed(query, text(case, "canonical"), logql::print::canonical)
                .and_then(|()| {
                    let Some(expected) = case["is_noop_pipeline"].as_bool() else { return Ok(()) };
                    match logql::testing::is_noop_pipeline(query) {
                        Ok(found) if found == expected => Ok(()),
                        found => Err(format!("is_noop_pipeline: {found:?}")),
                    }
                })
                .into()
        });
    }
}

pub(super) fn pretty(cases: &[Value], report: &mut Report) {
    // These cases split lines early, to have something to split.
    const LINE_BYTES_MAX: usize = 20;
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, query), || {
            let print = |tree: &Expr| logql::print::pretty_within(tree, LINE_BYTES_MAX);
            printed(query, text(case, "pretty"), print).into()
        });
    }
}

pub(super) fn format_query(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, query), || match case["formatted"].as_str() {
            Some(expected) => printed(query, expected, logql::print::pretty).into(),
            // A character that stands for what was no text says nothing about a parser of text.
            None => match logql::parse(query) {
                Ok(tree) => Outcome::Failed(format!("accepted as {tree}")),
                Err(error) => refusal::agrees(&error, query, text(case, "error")).into(),
            },
        });
    }
}

fn printed(query: &str, expected: &str, print: impl Fn(&Expr) -> String) -> Result<(), String> {
    let tree = logql::parse(query).map_err(|error| error.render(query))?;
    let found = print(&tree);
    if found == expected {
        return Ok(());
    }
    Err(format!("printed\n{found}\nexpected\n{expected}"))
}
