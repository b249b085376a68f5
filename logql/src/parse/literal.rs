//! `1`, `-2.5e3`: numbers, with at most one sign.

use super::tokens::{Parsed, Tokens, number};
use crate::ast::{Literal, Parameter};
use crate::error::{CheckError, Error};
use crate::lexer::{Keyword, TokenKind};
use telemetry_core::syntax::Span;
use telemetry_core::syntax::number::parse_float;

/// A number with at most one sign.
pub(super) fn signed_number(input: Tokens<'_>) -> Parsed<'_, Literal> {
    let (unsigned, negative) = match input.kind() {
        TokenKind::Keyword(Keyword::Sub) => (input.advanced(), true),
        TokenKind::Keyword(Keyword::Add) => (input.advanced(), false),
        _ => (input, false),
    };
    let (rest, span) = number(unsigned)?;
    let value = value(unsigned, span);
    let value = if negative { -value } else { value };
    Ok((rest, Literal { value, at: input.until(&rest).into() }))
}

/// A number without a sign.
pub(super) fn unsigned_number(input: Tokens<'_>) -> Parsed<'_, Parameter> {
    let (rest, span) = number(input)?;
    let parameter =
        Parameter { text: input.text(span).into(), value: value(input, span), at: span.into() };
    Ok((rest, parameter))
}

/// What the number at `span` is worth. The lexer takes more spellings than there are floats
/// (`0b10`, `0x1F`); those are noted, and refused once the grammar is satisfied.
fn value(input: Tokens<'_>, span: Span) -> f64 {
    let text = input.text(span);
    parse_float(text).unwrap_or_else(|_| {
        let error = CheckError::Number(text.into());
        input.notes().note_bad_number(Error::Check { error, span });
        f64::NAN
    })
}
