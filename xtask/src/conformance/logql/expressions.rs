//! `expressions-logql.jsonl`: expressions from dashboards, rules and documentation.
//!
//! One that is a LogQL query parses, prints and parses back to the same tree. The file was not
//! checked by a parser: some of its texts are no query, or one that Loki refuses. Those must be
//! refused, and each is listed with the reason.

use super::texts::round_trip;
use crate::conformance::report::{Outcome, Report};
use logql::Error;
use logql::error::CheckError;
use serde::Deserialize;

/// Texts of the file that may be refused.
const REFUSED_MAX: usize = 40;

#[derive(Deserialize)]
struct Line {
    plain: String,
}

pub(super) fn run(text: &str, report: &mut Report) {
    let mut refused = 0;
    for (at, line) in text.lines().enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(line) => {
                let name = format!("{}: {}", at + 1, line.plain);
                report.case(&name, || expression(at + 1, &line.plain, &mut refused));
            }
            Err(error) => report.record(line, Outcome::Failed(error.to_string())),
        }
    }
}

fn expression(number: usize, query: &str, refused: &mut usize) -> Outcome {
    let error = match logql::parse(query) {
        Ok(tree) => return round_trip(&tree).into(),
        Err(error) => error,
    };
    let Some(reason) = reason(query, &error) else {
        return Outcome::Failed(error.render(query));
    };
    *refused += 1;
    println!("expressions-logql.jsonl:{number} refused: {reason}");
    Outcome::passed_if(*refused <= REFUSED_MAX, || format!("more than {REFUSED_MAX} refused"))
}

/// Why a text is rightly refused.
fn reason(query: &str, error: &Error) -> Option<&'static str> {
    let text = query.trim();
    if let Error::Check { error: CheckError::MatchesEverything, .. } = error {
        return Some("the selector matches everything");
    }
    if let Error::Token { .. } = error {
        return text.contains(r#"=~"loki\."#).then_some("an escape that strings do not have");
    }
    if let Error::Check { error: CheckError::NeedsUnwrap(_) | CheckError::HasUnwrap(_), .. } = error
    {
        return Some("an aggregation that Loki refuses");
    }
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if starts(&["|", "!"]) {
        Some("stages without a selector")
    } else if holds(&["<aggr-op>", "<vector expr", "<label"]) {
        Some("a placeholder of the documentation")
    } else if holds(&["increase(", "sum (loki_", "max by(namespace) (loki_"]) {
        Some("PromQL")
    } else if holds(&["\n\n\n", "// INVALID"]) {
        Some("several queries in one text")
    } else if holds(&["\n=>\n"]) {
        Some("a query with its result")
    } else if holds(&["| sample "]) {
        Some("a stage that Loki does not have")
    } else if text.ends_with("> x") {
        Some("an unfilled variable where a number belongs")
    } else {
        None
    }
}
