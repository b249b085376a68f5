//! What stands behind an operand: a range, a subquery, `offset`, `@`, `anchored`, `smoothed`.

use super::duration::{bracketed, offset};
use super::literal::signed_number;
use super::tokens::{Built, Parsed, Tokens, built, refuse, token};
use super::{Expected, Feature, Modifier, SyntaxError, SyntaxErrorKind};
use crate::ast::{
    At, AtTime, Duration, DurationKind, Expr, Extension, MatrixSelector, Modifiers, Subquery,
    VectorSelector,
};
use crate::lexer::{Keyword, TokenKind};
use telemetry_core::syntax::Span;

/// What reads a modifier, given the operand in front of it.
type ModifierOf<'t> = fn(Tokens<'t>, Built<Expr>) -> Parsed<'t, Built<Expr>>;

/// The production of the modifier that a token of `kind` begins.
pub(super) fn modifier<'t>(kind: TokenKind) -> Option<ModifierOf<'t>> {
    match kind {
        TokenKind::LeftBracket => Some(range_or_subquery),
        TokenKind::At => Some(at_modifier),
        TokenKind::Keyword(Keyword::Offset) => Some(offset_modifier),
        TokenKind::Keyword(Keyword::Anchored) => Some(anchored),
        TokenKind::Keyword(Keyword::Smoothed) => Some(smoothed),
        _ => None,
    }
}

/// `[range]` makes a selector a range selector, `[range:step]` any expression a subquery.
fn range_or_subquery(input: Tokens<'_>, operand: Built<Expr>) -> Parsed<'_, Built<Expr>> {
    let bracket = input.peek().span.start;
    let (rest, range) = bracketed(input.advance())?;
    match rest.peek().kind {
        TokenKind::RightBracket => {
            let rest = rest.advance();
            matrix(rest, operand, range, rest.span_from(bracket))
        }
        TokenKind::Colon => subquery(rest.advance(), operand, range),
        _ => Err(rest.unexpected(Expected::RangeEnd)),
    }
}

fn matrix(
    rest: Tokens<'_>,
    operand: Built<Expr>,
    range: Duration,
    bracket: Span,
) -> Parsed<'_, Built<Expr>> {
    let Expr::Selector(selector) = *operand.node else {
        return refuse(SyntaxErrorKind::RangeTarget, bracket);
    };
    let before = match (&selector.modifiers, selector.extension) {
        (Modifiers { offset: Some(_), .. }, _) => Some(Modifier::Offset),
        (Modifiers { at: Some(_), .. }, _) => Some(Modifier::At),
        (_, Some(Extension::Anchored)) => Some(Modifier::Anchored),
        (_, Some(Extension::Smoothed)) => Some(Modifier::Smoothed),
        _ => None,
    };
    if let Some(modifier) = before {
        return refuse(SyntaxErrorKind::ModifierBeforeRange { modifier }, bracket);
    }
    let span = selector.span.cover(bracket);
    let node = Expr::Matrix(MatrixSelector { selector, range, span });
    Ok((rest, built(node, span, 0)?))
}

/// The part behind the colon.
fn subquery(input: Tokens<'_>, operand: Built<Expr>, range: Duration) -> Parsed<'_, Built<Expr>> {
    let mut rest = input;
    let mut step = None;
    if rest.peek().kind != TokenKind::RightBracket {
        let (after, duration) = bracketed(rest)?;
        (rest, step) = (after, Some(duration));
    }
    let (rest, _) = token(TokenKind::RightBracket)(rest)?;
    let span = rest.span_from(operand.node.span().start);
    let node = Expr::Subquery(Subquery {
        expr: operand.node,
        range,
        step,
        modifiers: Modifiers::default(),
        span,
    });
    Ok((rest, built(node, span, operand.height)?))
}

fn offset_modifier(input: Tokens<'_>, mut operand: Built<Expr>) -> Parsed<'_, Built<Expr>> {
    let (rest, duration) = offset(input.advance())?;
    let modifier = Modifier::Offset;
    let (modifiers, span) = target(&mut operand.node, modifier)?;
    if modifiers.offset.is_some() {
        return refuse(SyntaxErrorKind::ModifierTwice { modifier }, *span);
    }
    if duration.kind != DurationKind::Millis(0) {
        modifiers.offset = Some(duration);
    }
    *span = rest.span_from(span.start);
    Ok((rest, operand))
}

fn at_modifier(input: Tokens<'_>, mut operand: Built<Expr>) -> Parsed<'_, Built<Expr>> {
    let start = input.peek().span.start;
    let modifier = Modifier::At;
    let whole = operand.node.span();
    let (rest, time) = at_time(input.advance(), whole)?;
    let (modifiers, span) = target(&mut operand.node, modifier)?;
    if modifiers.at.is_some() {
        return refuse(SyntaxErrorKind::ModifierTwice { modifier }, *span);
    }
    modifiers.at = Some(At { time, span: rest.span_from(start) });
    *span = rest.span_from(span.start);
    Ok((rest, operand))
}

/// A number of seconds, `start()` or `end()`. `whole` is what the modifier stands behind.
fn at_time(input: Tokens<'_>, whole: Span) -> Parsed<'_, AtTime> {
    let edge = match input.peek().kind {
        TokenKind::Keyword(Keyword::Start) => AtTime::Start,
        TokenKind::Keyword(Keyword::End) => AtTime::End,
        _ => {
            let (rest, seconds) = signed_number(input, Expected::Timestamp)?;
            let span = whole.cover(seconds.span);
            return Ok((rest, AtTime::Millis(timestamp(seconds.value, span)?)));
        }
    };
    let (rest, _) = token(TokenKind::LeftParen)(input.advance())?;
    let (rest, _) = token(TokenKind::RightParen)(rest)?;
    Ok((rest, edge))
}

/// Milliseconds of `seconds`, rounded to the nearest one.
fn timestamp(seconds: f64, span: Span) -> Result<i64, nom::Err<SyntaxError>> {
    /// 2^63 milliseconds: the first number that does not fit. Conversions round, so this is exact.
    const END: f64 = 9_223_372_036_854_775_808.0;
    let millis = (seconds * 1000.0).round();
    if millis.is_nan() || millis >= END || millis <= -END {
        return refuse(SyntaxErrorKind::TimestampOutOfBounds, span);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked above")]
    Ok(millis as i64)
}

fn anchored(input: Tokens<'_>, operand: Built<Expr>) -> Parsed<'_, Built<Expr>> {
    extended(input, operand, Extension::Anchored, Modifier::Anchored)
}

fn smoothed(input: Tokens<'_>, operand: Built<Expr>) -> Parsed<'_, Built<Expr>> {
    extended(input, operand, Extension::Smoothed, Modifier::Smoothed)
}

fn extended(
    input: Tokens<'_>,
    mut operand: Built<Expr>,
    extension: Extension,
    modifier: Modifier,
) -> Parsed<'_, Built<Expr>> {
    let word = input.peek().span;
    if !input.options().extended_range_selectors {
        let feature = Feature::ExtendedRangeSelectors;
        return refuse(SyntaxErrorKind::NotEnabled { feature }, word);
    }
    let rest = input.advance();
    let (found, span) = match &mut *operand.node {
        Expr::Selector(VectorSelector { extension, span, .. }) => (extension, span),
        Expr::Matrix(MatrixSelector { selector, span, .. }) => (&mut selector.extension, span),
        Expr::Subquery(node) => {
            return refuse(SyntaxErrorKind::ModifierOnSubquery { modifier }, node.span);
        }
        node => return refuse(SyntaxErrorKind::ModifierTarget { modifier }, node.span()),
    };
    if found.is_some() {
        return refuse(SyntaxErrorKind::ModifierTwice { modifier }, *span);
    }
    *found = Some(extension);
    *span = span.cover(word);
    Ok((rest, operand))
}

/// Where `offset` and `@` of an expression are kept, and the span they become part of.
fn target(
    expr: &mut Expr,
    modifier: Modifier,
) -> Result<(&mut Modifiers, &mut Span), nom::Err<SyntaxError>> {
    match expr {
        Expr::Selector(node) => Ok((&mut node.modifiers, &mut node.span)),
        Expr::Matrix(node) => Ok((&mut node.selector.modifiers, &mut node.span)),
        Expr::Subquery(node) => Ok((&mut node.modifiers, &mut node.span)),
        node => refuse(SyntaxErrorKind::ModifierTarget { modifier }, node.span()),
    }
}
