//! Pipelines over given spansets.

use super::given::Given;
use super::json::{cases, integer, list, text, typed};
use crate::conformance::report::Report;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{NestedSets, SpanField, SpanValue};
use traceql::ast::{Body, FieldExpr, SpansetExpr, Stage};

/// Runs every pipeline.
pub(super) fn run(document: &Value, report: &mut Report) {
    for case in cases(document) {
        let name = format!("{} {}", text(&case["test"]), text(&case["query"]));
        report.case(&name, || one(case).into());
    }
}

/// A spanset: its rows, and what aggregates and `by()` gave it.
type Spanset = (BTreeSet<u32>, Vec<(String, SpanValue)>);

fn one(case: &Value) -> Result<(), String> {
    let query = text(&case["query"]);
    let tree = traceql::parse_syntax(query).map_err(|error| error.to_string())?;
    let (given, inputs, positions) = input(&case["input"])?;
    let found = traceql::testing::run(&tree, &given, inputs, &QueryContext::new());
    // Rewriting must not change an answer; where it does in Tempo, the plain answer is the right one.
    let expected = match case.get("output_without_rewrites") {
        Some(plain) => plain,
        None => &case["output"],
    };
    let found = match (found, expected.get("error")) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(error)) => return Err(format!("should fail: {error}")),
        (Err(error), None) => return Err(error.to_string()),
        (Ok(found), None) => found,
    };
    let found: Vec<Spanset> = found
        .into_iter()
        .map(|(rows, attributes)| {
            let attributes = attributes.into_iter().map(|(name, value)| (name.to_string(), value));
            (rows.into_iter().collect(), attributes.collect())
        })
        .collect();
    let mut wanted = Vec::<Spanset>::new();
    for spanset in list(expected) {
        let row = |span: &Value| {
            let at = (span[0].as_u64()?, span[1].as_u64()?);
            positions.get(&at).copied()
        };
        let rows = list(&spanset["spans"]).iter().map(row).collect::<Option<_>>();
        let attribute = |pair: &Value| Some((text(&pair[0]).to_owned(), typed(&pair[1])?));
        let attributes = list(&spanset["attributes"]).iter().map(attribute).collect::<Option<_>>();
        wanted.push((rows.ok_or("unknown span")?, attributes.ok_or("unknown attribute")?));
    }
    if found == wanted { Ok(()) } else { Err(format!("{found:?}\nexpected {wanted:?}")) }
}

/// Rows by spanset and position.
type Positions = BTreeMap<(u64, u64), u32>;

fn input(value: &Value) -> Result<(Given, Vec<Vec<u32>>, Positions), String> {
    let (mut rows, mut nested) = (Vec::new(), NestedSets::default());
    let (mut inputs, mut positions) = (Vec::new(), Positions::new());
    for (set, spanset) in (0_u64..).zip(list(value)) {
        let mut input = Vec::new();
        for (at, span) in (0_u64..).zip(list(&spanset["spans"])) {
            let mut fields = BTreeMap::new();
            for pair in list(&span["attributes"]) {
                let field = field(text(&pair[0])).ok_or("unknown field")?;
                fields.insert(field, typed(&pair[1]).ok_or("unknown value")?);
            }
            let row = u32::try_from(rows.len()).map_err(|error| error.to_string())?;
            let number = |name: &str| integer(&span[name]).and_then(|n| i32::try_from(n).ok());
            nested.left.push(number("nestedSetLeft").unwrap_or_default());
            nested.right.push(number("nestedSetRight").unwrap_or_default());
            nested.parent.push(number("nestedSetParent").unwrap_or_default());
            nested.children.push(0);
            rows.push(fields);
            input.push(row);
            positions.insert((set, at), row);
        }
        inputs.push(input);
    }
    Ok((Given::new(rows, nested), inputs, positions))
}

/// The field that a name in TraceQL means.
pub(super) fn field(name: &str) -> Option<SpanField> {
    let tree = traceql::parse_syntax(&format!("{{ {name} != nil }}")).ok()?;
    let Body::Search(pipeline) = tree.body else { return None };
    let Some(Stage::Spansets(SpansetExpr::Filter(FieldExpr::Unary { operand, .. }, _))) =
        pipeline.stages.into_iter().next()
    else {
        return None;
    };
    match *operand {
        FieldExpr::Attribute(attribute) => Some(attribute.field),
        _ => None,
    }
}
