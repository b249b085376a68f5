//! Functions from spans to series, and the stages behind them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use nom::Parser;
use nom::sequence::delimited;
use telemetry_core::source::span::SpanValue;

use super::attribute::{attribute, attributes, opt_constant};
use super::field::spanset_filter;
use super::query::{Node, expression};
use super::{
    Parsed, Tokens, covered, expected, join, next_symbol, next_word, precedence, skip, span, symbol,
};
use crate::ast::{
    At, Attribute, MetricsExpr, MetricsFunction, MetricsOperand, MetricsQuery, OverTime, Pipeline,
    SecondStage,
};
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::lexer::{Symbol, TokenKind};

/// Values per attribute that `compare()` keeps where nothing is said.
const COMPARE_TOP_DEFAULT: i64 = 10;

/// `function(…) by(…)`, if a metrics function is next.
pub(super) fn opt_function(
    input: Tokens<'_>,
    depth: usize,
) -> Parsed<'_, Option<(MetricsFunction, Vec<Attribute>)>> {
    let Some(name) = next_word(input) else { return Ok((input, None)) };
    let over_time = |op: OverTime| move |attribute| MetricsFunction::OverTime(op, attribute);
    let arguments = skip(input);
    let (rest, function) = match name {
        "rate" => nothing(arguments, MetricsFunction::Rate)?,
        "count_over_time" => nothing(arguments, MetricsFunction::Count)?,
        "min_over_time" => one(arguments, over_time(OverTime::Min))?,
        "max_over_time" => one(arguments, over_time(OverTime::Max))?,
        "avg_over_time" => one(arguments, over_time(OverTime::Avg))?,
        "sum_over_time" => one(arguments, over_time(OverTime::Sum))?,
        "histogram_over_time" => one(arguments, MetricsFunction::Histogram)?,
        "quantile_over_time" => quantile(arguments)?,
        "compare" => compare(arguments, depth)?,
        _ => return Ok((input, None)),
    };
    if next_word(rest) != Some("by") {
        return Ok((rest, Some((function, Vec::new()))));
    }
    let (rest, by) =
        delimited(symbol(Symbol::Open), attributes, symbol(Symbol::Close)).parse(skip(rest))?;
    Ok((rest, Some((function, by))))
}

/// A query without second stages.
pub(super) fn query(
    pipeline: Pipeline,
    function: MetricsFunction,
    by: Vec<Attribute>,
    at: At,
) -> MetricsExpr {
    let operand = MetricsOperand::Query(MetricsQuery { pipeline, function, by, at });
    MetricsExpr { operand, stages: Vec::new() }
}

/// `| topk(n)`, `| bottomk(n)` and comparisons with constants, as many as there are.
pub(super) fn second_stages<'a>(input: Tokens<'a>, mut metrics: MetricsExpr) -> Parsed<'a, Node> {
    let mut rest = input;
    loop {
        let found = next_symbol(rest);
        if found == Some(Symbol::Pipe) {
            let (after, stage) = rank(skip(rest))?;
            metrics.stages.push(stage);
            rest = after;
        } else if let Some(op) = found.and_then(join::comparison) {
            // What binds tighter than a comparison: a constant and its arithmetic.
            let least = precedence(Symbol::Add).unwrap_or_default();
            let start = skip(rest);
            let (after, node) = expression(start, least, 0)?;
            let at = covered(rest, after);
            let Node::Static(value, false) = node else {
                let kind = match node {
                    Node::Static(..) => SyntaxErrorKind::DurationOperand,
                    other => SyntaxErrorKind::NotAQuery { found: other.what() },
                };
                return SyntaxError::at(kind, At(span(start)));
            };
            metrics.stages.push(SecondStage::Filter(op, join::number(&value), at));
            rest = after;
        } else {
            return Ok((rest, Node::Metrics(metrics, false)));
        }
    }
}

/// `topk(n)` · `bottomk(n)`
fn rank(input: Tokens<'_>) -> Parsed<'_, SecondStage> {
    let top = match next_word(input) {
        Some("topk") => true,
        Some("bottomk") => false,
        _ => return expected(input, "topk or bottomk"),
    };
    let (rest, count) =
        delimited(symbol(Symbol::Open), integer, symbol(Symbol::Close)).parse(skip(input))?;
    Ok((rest, SecondStage::Rank { top, count, at: covered(input, rest) }))
}

fn integer(input: Tokens<'_>) -> Parsed<'_, i64> {
    match opt_constant(input)? {
        (rest, Some(SpanValue::Int(value))) => Ok((rest, value)),
        _ => expected(input, "an integer"),
    }
}

/// A quantile or a bound: a number without a sign.
fn number(input: Tokens<'_>) -> Parsed<'_, f64> {
    match input.first().map(|token| &token.kind) {
        Some(TokenKind::Int(value)) => Ok((skip(input), *value as f64)),
        Some(TokenKind::Float(value)) => Ok((skip(input), *value)),
        _ => expected(input, "a number"),
    }
}

/// `()`
fn nothing(input: Tokens<'_>, function: MetricsFunction) -> Parsed<'_, MetricsFunction> {
    let (rest, _) = (symbol(Symbol::Open), symbol(Symbol::Close)).parse(input)?;
    Ok((rest, function))
}

/// `(attribute)`
fn one(
    input: Tokens<'_>,
    function: impl Fn(Attribute) -> MetricsFunction,
) -> Parsed<'_, MetricsFunction> {
    let (rest, argument) =
        delimited(symbol(Symbol::Open), attribute, symbol(Symbol::Close)).parse(input)?;
    Ok((rest, function(argument)))
}

/// `(attribute, q, …)`
fn quantile(input: Tokens<'_>) -> Parsed<'_, MetricsFunction> {
    let (rest, _) = symbol(Symbol::Open).parse(input)?;
    let (mut rest, argument) = attribute(rest)?;
    let mut quantiles = Vec::new();
    while next_symbol(rest) == Some(Symbol::Comma) {
        let (after, quantile) = number(skip(rest))?;
        quantiles.push(quantile);
        rest = after;
    }
    if quantiles.is_empty() {
        return expected(rest, "`,` and a quantile");
    }
    let (rest, _) = symbol(Symbol::Close).parse(rest)?;
    Ok((rest, MetricsFunction::Quantile(argument, quantiles)))
}

/// `({…}, topN, start, end)`, all but the filter optional from behind
fn compare(input: Tokens<'_>, depth: usize) -> Parsed<'_, MetricsFunction> {
    let (rest, _) = symbol(Symbol::Open).parse(input)?;
    let (mut rest, (filter, _)) = spanset_filter(rest, depth)?;
    let mut numbers = Vec::new();
    while next_symbol(rest) == Some(Symbol::Comma) {
        let (after, number) = integer(skip(rest))?;
        numbers.push(number);
        rest = after;
    }
    let (top, range) = match numbers.as_slice() {
        [] => (COMPARE_TOP_DEFAULT, None),
        [top] => (*top, None),
        [top, start, end] => (*top, Some((*start, *end))),
        _ => return expected(rest, "no, one or three integers"),
    };
    let (rest, _) = symbol(Symbol::Close).parse(rest)?;
    Ok((rest, MetricsFunction::Compare { filter, top, range }))
}
