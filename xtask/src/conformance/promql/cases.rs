//! `parser_cases.json` and `printer_cases.json`.

use crate::conformance::report::{Outcome, Report};
use promql::ast::{Expr, visit::clear_spans};
use promql::{ParseOptions, parse_with};
use serde::Deserialize;
use telemetry_core::syntax::Span;

/// What upstream's parser tests have switched on.
const PARSER_OPTIONS: ParseOptions =
    ParseOptions { fill_modifiers: false, ..ParseOptions::EVERYTHING };

#[derive(Deserialize)]
struct ParserCase {
    input: Option<String>,
    /// Texts and how often each is repeated, instead of `input`.
    input_parts: Option<Vec<(String, usize)>>,
    /// Whether the characters of `input` are bytes that are not UTF-8.
    input_encoding: Option<String>,
    valid: bool,
    node: Option<String>,
    #[serde(default)]
    errors: Vec<ExpectedError>,
}

#[derive(Deserialize)]
struct ExpectedError {
    start: usize,
    end: usize,
}

/// A valid text is accepted with the kind of its top node; others are refused, at a place that
/// overlaps or touches the one expected.
pub(super) fn parser(text: &str, report: &mut Report) {
    let cases: Vec<ParserCase> = match serde_json::from_str(text) {
        Ok(cases) => cases,
        Err(error) => return report.record("the file", Outcome::Failed(error.to_string())),
    };
    for case in cases {
        let input = match (&case.input, &case.input_parts) {
            (Some(input), _) => input.clone(),
            (None, Some(parts)) => parts.iter().map(|(part, times)| part.repeat(*times)).collect(),
            (None, None) => String::new(),
        };
        let name: String = input.chars().take(100).collect();
        report.case(&name, || parser_case(&case, &input));
    }
}

fn parser_case(case: &ParserCase, input: &str) -> Outcome {
    let bytes: Vec<u8>;
    let mut query = input;
    if case.input_encoding.is_some() {
        bytes = input.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
        match std::str::from_utf8(&bytes) {
            Ok(text) => query = text,
            // A query is a `&str`: who has such bytes meets the refusal there.
            Err(error) => return refused(case, Some(Span::at(error.valid_up_to()))),
        }
    }
    match parse_with(query, &PARSER_OPTIONS) {
        Ok(expr) if case.valid => {
            let (found, expected) = (node(&expr), case.node.as_deref().unwrap_or_default());
            Outcome::passed_if(found == expected, || format!("is {found}, expected {expected}"))
        }
        Ok(expr) => Outcome::Failed(format!("accepted as {expr}")),
        Err(error) if case.valid => Outcome::Failed(error.to_string()),
        Err(error) => refused(case, error.span()),
    }
}

fn refused(case: &ParserCase, span: Option<Span>) -> Outcome {
    let (Some(expected), Some(found)) = (case.errors.first(), span) else { return Outcome::Passed };
    let anywhere = expected.start == 0 && expected.end == 0;
    let touches = found.start <= expected.end && expected.start <= found.end;
    Outcome::passed_if(anywhere || touches, || {
        format!(
            "refused at {}..{}, expected {}..{}",
            found.start, found.end, expected.start, expected.end
        )
    })
}

/// Upstream's name of a node.
fn node(expr: &Expr) -> &'static str {
    match expr {
        Expr::Number(_) => "NumberLiteral",
        Expr::String(_) => "StringLiteral",
        Expr::Selector(_) => "VectorSelector",
        Expr::Matrix(_) => "MatrixSelector",
        Expr::Subquery(_) => "SubqueryExpr",
        Expr::Call(_) => "Call",
        Expr::Aggregate(_) => "AggregateExpr",
        Expr::Unary(_) => "UnaryExpr",
        Expr::Binary(_) => "BinaryExpr",
        Expr::Paren(_) => "ParenExpr",
    }
}

#[derive(Deserialize)]
struct PrinterCase {
    r#in: String,
    out: String,
}

/// The text printed is the one expected, or parses to the same tree.
pub(super) fn printer(text: &str, report: &mut Report) {
    let cases: Vec<PrinterCase> = match serde_json::from_str(text) {
        Ok(cases) => cases,
        Err(error) => return report.record("the file", Outcome::Failed(error.to_string())),
    };
    for case in cases {
        if !report.wants(&case.r#in) {
            continue;
        }
        match printed(&case) {
            Ok(note) => {
                report.record(&case.r#in, Outcome::Passed);
                report.note(note);
            }
            Err(reason) => report.record(&case.r#in, Outcome::Failed(reason)),
        }
    }
}

fn printed(case: &PrinterCase) -> Result<&'static str, String> {
    let found = tree(&case.r#in)?.to_string();
    if found == case.out {
        return Ok("exact");
    }
    if tree(&found)? == tree(&case.out)? {
        return Ok("equivalent");
    }
    Err(format!("printed {found}, expected {}", case.out))
}

/// The tree of `query` without its spans.
pub(super) fn tree(query: &str) -> Result<Expr, String> {
    let mut expr =
        parse_with(query, &ParseOptions::EVERYTHING).map_err(|error| error.to_string())?;
    clear_spans(&mut expr);
    Ok(expr)
}
