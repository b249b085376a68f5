//! Conditions taken from queries that may be unfinished.

use super::json::{cases, list, text, typed};
use crate::conformance::report::Report;
use serde_json::Value;
use telemetry_core::source::span::SpanValue;
use traceql::lenient_conditions;

/// A condition: attribute, operator, operand.
type Condition = (String, String, SpanValue);

pub(super) fn run(document: &Value, report: &mut Report) {
    for case in cases(document) {
        let query = text(&case["query"]);
        report.case(query, || one(query, case).into());
    }
}

fn one(query: &str, case: &Value) -> Result<(), String> {
    let max = case["max_groups"].as_u64().and_then(|max| usize::try_from(max).ok());
    let groups = match lenient_conditions(query, max.ok_or("no bound")?) {
        Err(_) if case.get("error").is_some() => return Ok(()),
        Err(error) => return Err(error.to_string()),
        Ok(_) if case.get("error").is_some() => return Err("should be refused".to_owned()),
        Ok(groups) => groups,
    };
    let found: Vec<Vec<Condition>> = groups
        .into_iter()
        .map(|group| {
            let condition = |c: traceql::LenientCondition| {
                (c.field.to_string(), c.op.symbol().to_string(), c.operand)
            };
            group.into_iter().map(condition).collect()
        })
        .collect();
    let condition = |value: &Value| {
        let operand = typed(list(&value["operands"]).first()?)?;
        Some((text(&value["attribute"]).to_owned(), text(&value["op"]).to_owned(), operand))
    };
    let group = |group: &Value| list(group).iter().map(condition).collect::<Option<Vec<_>>>();
    let wanted: Option<Vec<_>> = list(&case["groups"]).iter().map(group).collect();
    let wanted = wanted.ok_or("unknown condition")?;
    if found == wanted { Ok(()) } else { Err(format!("{found:?}\nexpected {wanted:?}")) }
}
