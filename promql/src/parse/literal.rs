//! Numbers, durations and strings.

use super::tokens::{Built, Parsed, Tokens, built, refuse};
use super::{Expected, SyntaxErrorKind};
use crate::ast::{Expr, NumberLiteral, StringLiteral};
use crate::lexer::{Token, TokenKind};
use std::borrow::Cow;
use telemetry_core::syntax::Span;
use telemetry_core::syntax::number::parse_number;
use telemetry_core::syntax::string::read_bytes;
use telemetry_core::time::duration::parse_prometheus;

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;

pub(super) fn number_expression(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let (rest, literal) = number(input, Expected::Expression)?;
    let span = literal.span;
    Ok((rest, built(Expr::Number(literal), span, 0)?))
}

/// A number or a duration without a sign.
pub(super) fn number(input: Tokens<'_>, expected: Expected) -> Parsed<'_, NumberLiteral> {
    let Token { kind, span } = input.peek();
    let text = span.text(input.query());
    let value = match kind {
        TokenKind::Number => match parse_number(text) {
            Ok(value) => value,
            Err(_) => return refuse(SyntaxErrorKind::Number, span),
        },
        TokenKind::Duration => match parse_prometheus(text) {
            Ok(nanos) => nanos as f64 / SECOND,
            Err(error) => return refuse(SyntaxErrorKind::Duration(error.kind), span),
        },
        _ => return Err(input.unexpected(expected)),
    };
    let is_duration = kind == TokenKind::Duration;
    Ok((input.advance(), NumberLiteral { value, is_duration, span }))
}

/// A number or a duration that may have a sign.
pub(super) fn signed_number(input: Tokens<'_>, expected: Expected) -> Parsed<'_, NumberLiteral> {
    let sign = input.peek();
    let negative = match sign.kind {
        TokenKind::Plus => false,
        TokenKind::Minus => true,
        _ => return number(input, expected),
    };
    let (rest, mut literal) = number(input.advance(), expected)?;
    literal.span = sign.span.cover(literal.span);
    if negative {
        literal.value = -literal.value;
    }
    Ok((rest, literal))
}

pub(super) fn string_expression(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let Token { span, .. } = input.peek();
    let bytes = string_bytes(input, span)?;
    let value = String::from_utf8_lossy(&bytes);
    let bytes = match value {
        Cow::Borrowed(_) => None,
        Cow::Owned(_) => Some(bytes.as_ref().into()),
    };
    let literal = StringLiteral { value: value.as_ref().into(), bytes, span };
    Ok((input.advance(), built(Expr::String(literal), span, 0)?))
}

/// A string where only UTF-8 has a meaning.
pub(super) fn utf8_string(input: Tokens<'_>) -> Parsed<'_, Box<str>> {
    let Token { kind, span } = input.peek();
    if kind != TokenKind::String {
        return Err(input.unexpected(Expected::Token(TokenKind::String)));
    }
    match std::str::from_utf8(&string_bytes(input, span)?) {
        Ok(text) => Ok((input.advance(), text.into())),
        Err(_) => refuse(SyntaxErrorKind::NotUtf8, span),
    }
}

fn string_bytes<'t>(
    input: Tokens<'t>,
    span: Span,
) -> Result<Cow<'t, [u8]>, nom::Err<super::SyntaxError>> {
    match read_bytes(span.text(input.query())) {
        Ok(literal) => Ok(literal.value),
        Err(error) => refuse(SyntaxErrorKind::String(error.kind), span),
    }
}
