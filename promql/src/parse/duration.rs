//! Lengths of time: in brackets any arithmetic, behind `offset` one operand.

use super::literal::number;
use super::operator::duration_infix;
use super::tokens::{Built, Parsed, Tokens, built, refuse, token};
use super::{Expected, Feature, SyntaxErrorKind};
use crate::ast::Binding;
use crate::ast::{Duration, DurationExpr, DurationExprKind, DurationKind, DurationOp};
use crate::check::millis_of;
use crate::lexer::{Keyword, TokenKind};
use telemetry_core::syntax::Span;

/// 2^63 nanoseconds, in seconds: a length of time is below this.
const SECONDS_END: f64 = 9_223_372_036.854_775;

/// A range or a step.
pub(super) fn bracketed(input: Tokens<'_>) -> Parsed<'_, Duration> {
    let (rest, expr) = binary(input, Binding::WEAKEST)?;
    let duration = duration(input, *expr.node)?;
    Ok((rest, duration))
}

/// An offset: a literal, a function or parentheses, perhaps with a sign. Operators behind it are
/// those of the expression that the offset is part of.
pub(super) fn offset(input: Tokens<'_>) -> Parsed<'_, Duration> {
    let sign = input.peek();
    let (rest, expr) = match sign.kind {
        TokenKind::Plus => atom(input.advance())?,
        TokenKind::Minus => {
            let (rest, inner) = atom(input.advance())?;
            (rest, negative(inner, sign.span)?)
        }
        _ => atom(input)?,
    };
    let duration = duration(input, *expr.node)?;
    Ok((rest, duration))
}

/// The duration that is `expr`; a literal alone is a number of milliseconds.
fn duration(
    input: Tokens<'_>,
    expr: DurationExpr,
) -> Result<Duration, nom::Err<super::SyntaxError>> {
    let span = expr.span;
    let DurationExprKind::Number { value, .. } = expr.kind else {
        if !input.options().duration_expressions {
            let feature = Feature::DurationExpressions;
            return refuse(SyntaxErrorKind::NotEnabled { feature }, span);
        }
        return Ok(Duration { kind: DurationKind::Expr(Box::new(expr)), span });
    };
    Ok(Duration { kind: DurationKind::Millis(millis_of(value)), span })
}

/// Operands joined by operators that bind at least as `weakest`.
fn binary(input: Tokens<'_>, weakest: Binding) -> Parsed<'_, Built<DurationExpr>> {
    let (mut rest, mut left) = unary(input.deeper()?)?;
    while let Some((op, binding)) = duration_infix(rest.peek().kind)
        && binding >= weakest
    {
        let op_span = rest.peek().span;
        let (after, right) = binary(rest.advance(), binding.right_side())?;
        left = joined(op, op_span, left, right)?;
        rest = after;
    }
    Ok((rest.level_of(input), left))
}

fn joined(
    op: DurationOp,
    op_span: Span,
    left: Built<DurationExpr>,
    right: Built<DurationExpr>,
) -> Result<Built<DurationExpr>, nom::Err<super::SyntaxError>> {
    let span = left.node.span.cover(right.node.span);
    let below = left.height.max(right.height);
    let kind = DurationExprKind::Binary(op, left.node, right.node);
    built(DurationExpr { kind, span }, op_span, below)
}

fn unary(input: Tokens<'_>) -> Parsed<'_, Built<DurationExpr>> {
    let sign = input.peek();
    match sign.kind {
        TokenKind::Plus => binary(input.advance(), Binding::POWER),
        TokenKind::Minus => {
            let (rest, inner) = binary(input.advance(), Binding::POWER)?;
            Ok((rest, negative(inner, sign.span)?))
        }
        _ => atom(input),
    }
}

/// A minus sign in front of a number is part of it.
fn negative(
    inner: Built<DurationExpr>,
    sign: Span,
) -> Result<Built<DurationExpr>, nom::Err<super::SyntaxError>> {
    let span = sign.cover(inner.node.span);
    if let DurationExprKind::Number { value, is_duration } = inner.node.kind {
        let kind = DurationExprKind::Number { value: -value, is_duration };
        return built(DurationExpr { kind, span }, span, 0);
    }
    let kind = DurationExprKind::Negate(inner.node);
    built(DurationExpr { kind, span }, span, inner.height)
}

/// A literal, a function or an expression in parentheses.
fn atom(input: Tokens<'_>) -> Parsed<'_, Built<DurationExpr>> {
    let first = input.peek();
    match first.kind {
        TokenKind::LeftParen => {
            let (rest, inner) = binary(input.advance(), Binding::WEAKEST)?;
            let (rest, _) = token(TokenKind::RightParen)(rest)?;
            let span = rest.span_from(first.span.start);
            let kind = DurationExprKind::Paren(inner.node);
            Ok((rest, built(DurationExpr { kind, span }, span, inner.height)?))
        }
        TokenKind::Keyword(Keyword::Step) => constant(input, DurationExprKind::Step),
        TokenKind::Keyword(Keyword::Range) => constant(input, DurationExprKind::Range),
        TokenKind::Keyword(Keyword::MinOf) => of_two(input, DurationExprKind::MinOf),
        TokenKind::Keyword(Keyword::MaxOf) => of_two(input, DurationExprKind::MaxOf),
        _ => {
            let (rest, literal) = number(input, Expected::Duration)?;
            let (value, span) = (literal.value, literal.span);
            if value.is_nan() || value.abs() >= SECONDS_END {
                return refuse(SyntaxErrorKind::DurationOutOfRange, span);
            }
            let kind = DurationExprKind::Number { value, is_duration: literal.is_duration };
            Ok((rest, built(DurationExpr { kind, span }, span, 0)?))
        }
    }
}

/// `step()` or `range()`.
fn constant(input: Tokens<'_>, kind: DurationExprKind) -> Parsed<'_, Built<DurationExpr>> {
    let start = input.peek().span.start;
    let (rest, _) = token(TokenKind::LeftParen)(input.advance())?;
    let (rest, _) = token(TokenKind::RightParen)(rest)?;
    let span = rest.span_from(start);
    Ok((rest, built(DurationExpr { kind, span }, span, 0)?))
}

/// `min_of(a, b)` or `max_of(a, b)`.
fn of_two(
    input: Tokens<'_>,
    function: fn(Box<DurationExpr>, Box<DurationExpr>) -> DurationExprKind,
) -> Parsed<'_, Built<DurationExpr>> {
    let start = input.peek().span.start;
    let (rest, _) = token(TokenKind::LeftParen)(input.advance())?;
    let (rest, left) = binary(rest, Binding::WEAKEST)?;
    let (rest, _) = token(TokenKind::Comma)(rest)?;
    let (rest, right) = binary(rest, Binding::WEAKEST)?;
    let (rest, _) = token(TokenKind::RightParen)(rest)?;
    let span = rest.span_from(start);
    let below = left.height.max(right.height);
    let kind = function(left.node, right.node);
    Ok((rest, built(DurationExpr { kind, span }, span, below)?))
}
