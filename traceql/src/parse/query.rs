//! The outer grammar: pipelines, and expressions over what they give.
//!
//! Sets of spans, numbers per set and series share brackets and operators, so that only the
//! operands tell which is meant. They are read alike into a [`Node`]; [`super::join`] says what each operator
//! makes of two of them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::span::SpanValue;

use super::attribute::unknown_or;
use super::call::{aggregate, aggregate_op};
use super::field::spanset_filter;
use super::hint::opt_hints;
use super::{
    Parsed, Tokens, covered, deeper, expected, join, metrics, next_symbol, precedence, right_of,
    skip, span, stage,
};
use crate::ast::{
    At, Body, MetricsExpr, Pipeline, Query, ScalarExpr, ScalarFilter, SpansetExpr, Stage,
};
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::lexer::{Symbol, TokenKind};

/// What a bracket or an operand can hold.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Filters and operators between them.
    Spansets(SpansetExpr),
    /// A pipeline; in brackets (`true`) it can be joined with others of its kind.
    Pipeline(Pipeline, bool),
    /// Bracketed pipelines that were joined.
    Joined(SpansetExpr),
    /// A constant; `true` if a duration went into its arithmetic.
    Static(SpanValue, bool),
    /// A number per spanset.
    Scalar(ScalarExpr),
    /// A comparison of such.
    Filter(ScalarFilter),
    /// Series; in brackets (`true`) they can be joined.
    Metrics(MetricsExpr, bool),
}

impl Node {
    /// For messages.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Node::Spansets(_) => "a set of spans",
            Node::Pipeline(..) | Node::Joined(_) => "a pipeline",
            Node::Static(..) => "a constant",
            Node::Scalar(_) => "an aggregate",
            Node::Filter(_) => "a comparison of aggregates",
            Node::Metrics(..) => "a metrics query",
        }
    }
}

/// A whole query: a pipeline or series, then hints.
pub(super) fn query(input: Tokens<'_>) -> Parsed<'_, Query> {
    let (rest, node) = pipeline(input, 0)?;
    let at = covered(input, rest);
    let body = match node {
        Node::Spansets(spansets) | Node::Joined(spansets) => {
            Body::Search(Pipeline { stages: vec![Stage::Spansets(spansets)] })
        }
        Node::Pipeline(pipeline, _) => Body::Search(pipeline),
        Node::Filter(filter) => Body::Search(Pipeline { stages: vec![Stage::Scalar(filter)] }),
        Node::Metrics(metrics, _) => Body::Metrics(metrics),
        other => return SyntaxError::at(SyntaxErrorKind::NotAQuery { found: other.what() }, at),
    };
    let (rest, hints) = opt_hints(rest)?;
    match rest.first().map(|token| &token.kind) {
        Some(TokenKind::End) | None => Ok((rest, Query { body, hints })),
        _ => expected(rest, "an operator, `|`, `with` or the end of the query"),
    }
}

/// `expression | stage | … | function | second stage | …`
pub(super) fn pipeline(input: Tokens<'_>, depth: usize) -> Parsed<'_, Node> {
    let (mut rest, first) = match stage::opt_keyword_stage(input, true, depth)? {
        (rest, Some(stage)) => (rest, Node::Pipeline(Pipeline { stages: vec![stage] }, false)),
        (_, None) => expression(input, 0, depth)?,
    };
    if next_symbol(rest) != Some(Symbol::Pipe) {
        return Ok((rest, first));
    }
    let mut stages = match first {
        Node::Spansets(spansets) | Node::Joined(spansets) => vec![Stage::Spansets(spansets)],
        Node::Filter(filter) => vec![Stage::Scalar(filter)],
        Node::Pipeline(pipeline, false) => pipeline.stages,
        // The stages of a bracketed pipeline are those of the pipeline it begins.
        Node::Pipeline(pipeline, true) => pipeline.stages,
        Node::Metrics(metrics, _) => return metrics::second_stages(rest, metrics),
        _ => return expected(rest, "an operator"),
    };
    while next_symbol(rest) == Some(Symbol::Pipe) {
        let start = skip(rest);
        if let (after, Some((function, by))) = metrics::opt_function(start, depth)? {
            let pipeline = Pipeline { stages };
            let at = covered(start, after);
            return metrics::second_stages(after, metrics::query(pipeline, function, by, at));
        }
        let (after, stage) = match stage::opt_keyword_stage(start, false, depth)? {
            (after, Some(stage)) => (after, stage),
            (_, None) => match expression(start, 0, depth)? {
                (after, Node::Spansets(spansets)) => (after, Stage::Spansets(spansets)),
                (after, Node::Filter(filter)) => (after, Stage::Scalar(filter)),
                (after, Node::Scalar(scalar)) if next_symbol(after) == Some(Symbol::Close) => {
                    let at = covered(input, after);
                    let pipeline = Box::new(Pipeline { stages });
                    return Ok((
                        after,
                        Node::Scalar(ScalarExpr::Pipeline(pipeline, Box::new(scalar), at)),
                    ));
                }
                (after, Node::Scalar(_)) => return expected(after, "a comparison"),
                (_, other) => {
                    let kind = SyntaxErrorKind::NotAQuery { found: other.what() };
                    return SyntaxError::at(kind, At(span(start)));
                }
            },
        };
        stages.push(stage);
        rest = after;
    }
    Ok((rest, Node::Pipeline(Pipeline { stages }, false)))
}

/// Operands and operators that bind at least as tightly as `least`.
pub(super) fn expression(input: Tokens<'_>, least: u8, depth: usize) -> Parsed<'_, Node> {
    let (mut rest, mut left) = operand(input, depth)?;
    while let Some(symbol) = next_symbol(rest)
        && let Some(level) = precedence(symbol)
        && level >= least
    {
        let (after, right) = expression(skip(rest), right_of(symbol, level), deeper(depth, rest)?)?;
        left = join::join(symbol, left, right, At(span(rest)), covered(input, after))?;
        rest = after;
    }
    Ok((rest, left))
}

/// `{ … }` · `( … )` · an aggregate · a number
fn operand(input: Tokens<'_>, depth: usize) -> Parsed<'_, Node> {
    if let Some(op) = aggregate_op(input) {
        let (rest, aggregate) = aggregate(input, op, depth)?;
        return Ok((rest, Node::Scalar(ScalarExpr::Aggregate(aggregate))));
    }
    match input.first().map(|token| &token.kind) {
        Some(TokenKind::Symbol(Symbol::OpenBrace)) => {
            let (rest, (filter, at)) = spanset_filter(input, depth)?;
            Ok((rest, Node::Spansets(SpansetExpr::Filter(filter, at))))
        }
        Some(TokenKind::Symbol(Symbol::Open)) => {
            let (rest, inside) = pipeline(skip(input), deeper(depth, input)?)?;
            if next_symbol(rest) != Some(Symbol::Close) {
                return expected(rest, "`)`, `|` or an operator");
            }
            let node = match inside {
                Node::Pipeline(pipeline, _) => Node::Pipeline(pipeline, true),
                Node::Metrics(metrics, _) => Node::Metrics(metrics, true),
                other => other,
            };
            Ok((skip(rest), node))
        }
        Some(TokenKind::Symbol(Symbol::Subtract)) => {
            // Out here a minus belongs to the number right behind it.
            let (rest, node) = operand(skip(input), deeper(depth, input)?)?;
            let at = covered(input, rest);
            join::negate(node, at).map(|node| (rest, node))
        }
        Some(TokenKind::Int(value)) => {
            Ok((skip(input), Node::Static(SpanValue::Int(*value), false)))
        }
        Some(TokenKind::Float(value)) => {
            Ok((skip(input), Node::Static(SpanValue::Float(*value), false)))
        }
        Some(TokenKind::Duration(nanos)) => {
            Ok((skip(input), Node::Static(SpanValue::Duration(*nanos), false)))
        }
        _ => unknown_or(input, "`{`, `(`, an aggregate or a number"),
    }
}
