//! `expressions-logql.jsonl`: expressions from dashboards, rules and documentation.
//!
//! One that is a LogQL query parses, prints and parses back to the same tree. The file was not
//! checked by a parser: some of its texts are no query, and those must be refused.

use super::texts::round_trip;
use crate::conformance::report::{Outcome, Report};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    plain: String,
}

pub(super) fn run(text: &str, report: &mut Report) {
    for (at, line) in text.lines().enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(line) => {
                let name = format!("{}: {}", at + 1, line.plain);
                report.case(&name, || expression(&line.plain));
            }
            Err(error) => report.record(line, Outcome::Failed(error.to_string())),
        }
    }
}

fn expression(query: &str) -> Outcome {
    match logql::parse(query) {
        Ok(tree) => round_trip(&tree).into(),
        Err(error) => Outcome::Failed(error.render(query)),
    }
}
