//! Attributes, intrinsics and constants.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use nom::Parser;
use telemetry_core::model::{SpanKind, StatusCode};
use telemetry_core::source::span::{SpanField, SpanValue};

use super::{Parsed, Tokens, expected, list, next_symbol, next_word, skip, span};
use crate::ast::{At, Attribute};
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::field::bare_intrinsic;
use crate::lexer::{Symbol, TokenKind};

/// An attribute or an intrinsic, if one is next.
pub(super) fn opt_attribute(input: Tokens<'_>) -> Parsed<'_, Option<Attribute>> {
    let at = At(span(input));
    let attribute = match input.first().map(|token| &token.kind) {
        Some(TokenKind::Attribute { scope, parent, name }) => {
            let field = SpanField::Attribute { scope: (*scope).into(), name: name.clone() };
            Attribute { parent: *parent, field, at }
        }
        Some(TokenKind::Intrinsic(intrinsic)) => {
            Attribute { parent: false, field: (*intrinsic).into(), at }
        }
        Some(TokenKind::Word(word)) => match bare_intrinsic(word) {
            Some(intrinsic) => Attribute { parent: false, field: intrinsic.into(), at },
            None => return Ok((input, None)),
        },
        _ => return Ok((input, None)),
    };
    Ok((skip(input), Some(attribute)))
}

/// An attribute or an intrinsic.
pub(super) fn attribute(input: Tokens<'_>) -> Parsed<'_, Attribute> {
    match opt_attribute(input)? {
        (rest, Some(attribute)) => Ok((rest, attribute)),
        _ => expected(input, "an attribute"),
    }
}

/// `attribute, …`
pub(super) fn attributes(input: Tokens<'_>) -> Parsed<'_, Vec<Attribute>> {
    list(attribute).parse(input)
}

/// A constant without a sign, if one is next. Words that name nothing are an error.
pub(super) fn opt_constant(input: Tokens<'_>) -> Parsed<'_, Option<SpanValue>> {
    let value = match input.first().map(|token| &token.kind) {
        Some(TokenKind::Int(value)) => SpanValue::Int(*value),
        Some(TokenKind::Float(value)) => SpanValue::Float(*value),
        Some(TokenKind::Duration(nanos)) => SpanValue::Duration(*nanos),
        Some(TokenKind::String(text)) => SpanValue::String(text.clone()),
        Some(TokenKind::Word(word)) => match constant_word(word) {
            Some(value) => value,
            None => return Ok((input, None)),
        },
        _ => return Ok((input, None)),
    };
    Ok((skip(input), Some(value)))
}

fn constant_word(word: &str) -> Option<SpanValue> {
    Some(match word {
        "true" => SpanValue::Bool(true),
        "false" => SpanValue::Bool(false),
        "nil" => SpanValue::Nil,
        "minInt" => SpanValue::Int(i64::MIN),
        "maxInt" => SpanValue::Int(i64::MAX),
        "error" => SpanValue::Status(StatusCode::Error),
        "ok" => SpanValue::Status(StatusCode::Ok),
        "unset" => SpanValue::Status(StatusCode::Unset),
        "unspecified" => SpanValue::Kind(SpanKind::Unspecified),
        "internal" => SpanValue::Kind(SpanKind::Internal),
        "server" => SpanValue::Kind(SpanKind::Server),
        "client" => SpanValue::Kind(SpanKind::Client),
        "producer" => SpanValue::Kind(SpanKind::Producer),
        "consumer" => SpanValue::Kind(SpanKind::Consumer),
        _ => return None,
    })
}

/// A number with an optional minus, or any other constant.
pub(super) fn signed_constant(input: Tokens<'_>) -> Parsed<'_, SpanValue> {
    let negative = next_symbol(input) == Some(Symbol::Subtract);
    let digits = if negative { skip(input) } else { input };
    match opt_constant(digits)? {
        (rest, Some(value)) if !negative => Ok((rest, value)),
        (rest, Some(SpanValue::Int(value))) => Ok((rest, SpanValue::Int(value.wrapping_neg()))),
        (rest, Some(SpanValue::Float(value))) => Ok((rest, SpanValue::Float(-value))),
        (rest, Some(SpanValue::Duration(nanos))) => {
            Ok((rest, SpanValue::Duration(nanos.wrapping_neg())))
        }
        _ => unknown_or(digits, "a constant"),
    }
}

/// The error for a token that begins nothing: a word nobody knows is named as such.
pub(super) fn unknown_or<'a, T>(input: Tokens<'a>, what: &'static str) -> Parsed<'a, T> {
    match next_word(input) {
        Some(word) if !is_keyword(word) => SyntaxError::at(
            SyntaxErrorKind::UnknownIdentifier { name: word.to_owned() },
            At(span(input)),
        ),
        _ => expected(input, what),
    }
}

fn is_keyword(word: &str) -> bool {
    let verbs = ["by", "coalesce", "select", "with", "count", "min", "max", "avg", "sum", "rate"];
    let more = ["compare", "topk", "bottomk", "parent"];
    verbs.contains(&word)
        || more.contains(&word)
        || word.ends_with("_over_time")
        || bare_intrinsic(word).is_some()
        || constant_word(word).is_some()
}
