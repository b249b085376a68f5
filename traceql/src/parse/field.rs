//! Expressions over the fields of one span.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use nom::Parser;
use telemetry_core::source::span::SpanValue;

use super::attribute::{opt_attribute, opt_constant, unknown_or};
use super::{
    ABOVE_MINUS, ABOVE_NOT, Parsed, Tokens, covered, deeper, expectation, expected, fold,
    next_symbol, next_word, precedence, right_of, skip, span, symbol,
};
use crate::ast::{At, BinaryOp, FieldExpr, UnaryOp};
use crate::lexer::{Symbol, TokenKind};

/// `{ … }`; an empty one holds for every span.
pub(super) fn spanset_filter(input: Tokens<'_>, depth: usize) -> Parsed<'_, (FieldExpr, At)> {
    let (inside, _) = symbol(Symbol::OpenBrace).parse(input)?;
    let (rest, filter) = if next_symbol(inside) == Some(Symbol::CloseBrace) {
        (inside, FieldExpr::Static(SpanValue::Bool(true), At(span(input))))
    } else {
        field_expr(inside, deeper(depth, input)?)?
    };
    if next_symbol(rest) != Some(Symbol::CloseBrace) {
        return expected(rest, expectation(Symbol::CloseBrace));
    }
    let rest = skip(rest);
    Ok((rest, (filter, covered(input, rest))))
}

/// A whole expression.
pub(super) fn field_expr(input: Tokens<'_>, depth: usize) -> Parsed<'_, FieldExpr> {
    binary(input, 0, depth)
}

/// An expression whose operators bind at least as tightly as `least`.
fn binary(input: Tokens<'_>, least: u8, depth: usize) -> Parsed<'_, FieldExpr> {
    let (mut rest, mut left) = operand(input, depth)?;
    while let Some((found, op, level)) = operator(rest, least) {
        let (after, right) = binary(skip(rest), right_of(found, level), deeper(depth, rest)?)?;
        left = fold::binary(op, left, right, covered(input, after));
        rest = after;
    }
    Ok((rest, left))
}

/// The next operator, its meaning and its level, if it binds at least as tightly as `least`.
fn operator(input: Tokens<'_>, least: u8) -> Option<(Symbol, BinaryOp, u8)> {
    let found = next_symbol(input)?;
    let level = precedence(found)?;
    if level < least {
        return None;
    }
    Some((found, BinaryOp::from_symbol(found)?, level))
}

/// `-x` · `!x` · `(x)` · an attribute · a constant
fn operand(input: Tokens<'_>, depth: usize) -> Parsed<'_, FieldExpr> {
    let prefix = |op: UnaryOp, least: u8| {
        let (rest, operand) = binary(skip(input), least, deeper(depth, input)?)?;
        Ok((rest, fold::unary(op, operand, covered(input, rest))))
    };
    match next_symbol(input) {
        Some(Symbol::Subtract)
            if skip(input).first().is_some_and(|token| token.kind == TokenKind::MinInt) =>
        {
            let rest = skip(skip(input));
            let value = FieldExpr::Static(SpanValue::Int(i64::MIN), covered(input, rest));
            return Ok((rest, value));
        }
        Some(Symbol::Subtract) => return prefix(UnaryOp::Negate, ABOVE_MINUS),
        Some(Symbol::Not) => return prefix(UnaryOp::Not, ABOVE_NOT),
        Some(Symbol::Open) => {
            let (rest, inside) = field_expr(skip(input), deeper(depth, input)?)?;
            if next_symbol(rest) != Some(Symbol::Close) {
                return expected(rest, "`)` or an operator");
            }
            return Ok((skip(rest), inside));
        }
        _ => {}
    }
    if next_word(input) == Some("parent") {
        return Ok((skip(input), FieldExpr::Parent(At(span(input)))));
    }
    if let (rest, Some(attribute)) = opt_attribute(input)? {
        return Ok((rest, FieldExpr::Attribute(attribute)));
    }
    match opt_constant(input)? {
        (rest, Some(value)) => Ok((rest, FieldExpr::Static(value, At(span(input))))),
        _ => unknown_or(input, "an attribute or a constant"),
    }
}
