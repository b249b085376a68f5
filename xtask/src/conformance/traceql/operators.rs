//! Operators between constants, duration literals, default steps.

use super::json::{cases, float, integer, list, text, typed};
use crate::conformance::report::{Outcome, Report};
use serde_json::Value;
use telemetry_core::source::span::SpanValue;
use traceql::ast::BinaryOp;
use traceql::testing;

/// Rows of operator, two positions in the list of constants, what the checks say, and the value.
pub(super) fn binary(document: &Value, report: &mut Report) {
    let statics: Vec<Option<SpanValue>> =
        list(&document["meta"]["statics"]).iter().map(typed).collect();
    let at = |index: &Value| {
        let index = usize::try_from(index.as_u64()?).ok()?;
        statics.get(index)?.clone()
    };
    for row in cases(document) {
        let operator = text(&row[0]);
        let (Some(left), Some(right)) = (at(&row[1]), at(&row[2])) else {
            report.record(operator, Outcome::Failed(format!("constants of {row}")));
            continue;
        };
        let name = format!("{left} {operator} {right}");
        report.case(&name, || operation(operator, &left, &right, row).into());
    }
}

fn operation(
    operator: &str,
    left: &SpanValue,
    right: &SpanValue,
    row: &Value,
) -> Result<(), String> {
    let op = operator_of(operator).ok_or("unknown operator")?;
    let flag = |value: &Value| value.as_u64() == Some(1);
    let types = testing::types(op, left, right);
    if types != (flag(&row[3]), flag(&row[4])) {
        return Err(format!("types {types:?}, expected {} {}", row[3], row[4]));
    }
    let (found, expected) = (testing::binary(op, left, right), &row[5]);
    let same = match (&found, expected) {
        (Err(_), expected) => expected.get("error").is_some(),
        (Ok(SpanValue::Bool(value)), Value::Bool(expected)) => value == expected,
        (Ok(SpanValue::Int(value)), expected) => {
            text(&expected["type"]) == "int" && integer(&expected["value"]) == Some(*value)
        }
        (Ok(SpanValue::Float(value)), expected) => {
            text(&expected["type"]) == "float"
                && float(&expected["value"])
                    .is_some_and(|expected| super::json::close(*value, expected))
        }
        _ => false,
    };
    if same { Ok(()) } else { Err(format!("{found:?}, expected {expected}")) }
}

/// The operator as a query between two fields has it.
fn operator_of(operator: &str) -> Option<BinaryOp> {
    use BinaryOp as B;
    let all = [
        B::And,
        B::Or,
        B::Equal,
        B::NotEqual,
        B::Regex,
        B::NotRegex,
        B::Less,
        B::LessEqual,
        B::Greater,
        B::GreaterEqual,
        B::Add,
        B::Subtract,
        B::Multiply,
        B::Divide,
        B::Modulo,
        B::Power,
    ];
    all.into_iter().find(|op| op.symbol().as_str() == operator)
}

/// Literals and their nanoseconds.
pub(super) fn durations(document: &Value, report: &mut Report) {
    for case in cases(document) {
        let input = text(&case["input"]);
        report.case(input, || {
            let (found, expected) = (testing::duration(input), integer(&case["ns"]));
            Outcome::passed_if(found == expected, || format!("{found:?}, expected {expected:?}"))
        });
    }
}

/// Windows and their steps.
pub(super) fn default_step(document: &Value, report: &mut Report) {
    for case in cases(document) {
        let window = text(&case["window"]);
        report.case(window, || {
            let nanos = testing::duration(window).unwrap_or_default();
            let (found, expected) = (traceql::default_step(nanos), integer(&case["step_ns"]));
            Outcome::passed_if(Some(found) == expected, || {
                format!("{found}, expected {expected:?}")
            })
        });
    }
}
