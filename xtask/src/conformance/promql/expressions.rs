//! `expressions-promql.jsonl`: expressions from dashboards and rules.
//!
//! One that is valid parses, prints and parses back to the same tree, on one line and on several;
//! one that is not is refused.

use super::cases::tree;
use crate::conformance::report::{Outcome, Report};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    plain: String,
    valid: bool,
}

pub(super) fn run(text: &str, report: &mut Report) {
    for (at, line) in text.lines().enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(line) => {
                let name = format!("{}: {}", at + 1, line.plain);
                report.case(&name, || expression(&line));
            }
            Err(error) => report.record(line, Outcome::Failed(error.to_string())),
        }
    }
}

fn expression(line: &Line) -> Outcome {
    match tree(&line.plain) {
        Ok(expr) if line.valid => {
            for printed in [promql::print::canonical(&expr), promql::print::pretty(&expr)] {
                match tree(&printed) {
                    Ok(again) if again == expr => {}
                    Ok(again) => {
                        return Outcome::Failed(format!("printed {printed}, read {again}"));
                    }
                    Err(error) => return Outcome::Failed(format!("printed {printed}: {error}")),
                }
            }
            Outcome::Passed
        }
        Ok(expr) => Outcome::Failed(format!("accepted as {expr}")),
        Err(error) => Outcome::passed_if(!line.valid, || error),
    }
}
