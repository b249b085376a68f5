//! Text to tokens.
//!
//! Attribute names are read here and not by the grammar: behind `.`, `span.` and the like every
//! character up to white space or one of [`NAME_ENDS`] belongs to the name, so `.http-status` is
//! one name and `span.a+1` too. Names of intrinsics with a scope (`span:name`) are one token as
//! well. All other words are told apart by the grammar.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod name;
mod number;
mod token;

pub(crate) use name::ends_name;
pub(crate) use number::duration;
pub use token::Symbol;
pub(crate) use token::{Scope, Token, TokenKind};

use telemetry_core::syntax::{Span, string};

use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::field;

/// Bytes of a query at most, as at Tempo's front door.
pub(crate) const QUERY_BYTES_MAX: usize = 128 * 1024;

/// Characters other than white space that end an attribute name.
pub(crate) const NAME_ENDS: &str = "{}()=~!<>&|^,";

/// The tokens of `text`, ended by one of [`TokenKind::End`].
///
/// # Errors
/// [`SyntaxError`] at the first text that is no token.
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, SyntaxError> {
    if text.len() > QUERY_BYTES_MAX {
        let span = Span::new(QUERY_BYTES_MAX, text.len());
        return Err(SyntaxError { kind: SyntaxErrorKind::TooLong, span });
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += blank(rest(text, at));
        let (kind, len) = token(rest(text, at)).map_err(|error| SyntaxError {
            kind: error.kind,
            span: Span::new(at + error.span.start, at + error.span.end),
        })?;
        let end = kind == TokenKind::End;
        tokens.push(Token { kind, span: Span::new(at, at + len) });
        at += len;
        if end {
            return Ok(tokens);
        }
    }
}

/// The text from byte `at` on.
fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn blank(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

fn failure(kind: SyntaxErrorKind, start: usize, end: usize) -> SyntaxError {
    SyntaxError { kind, span: Span::new(start, end) }
}

/// The token at the start of `text` and its length.
fn token(text: &str) -> Result<(TokenKind, usize), SyntaxError> {
    let Some(first) = text.chars().next() else { return Ok((TokenKind::End, 0)) };
    if let Some(found) = number::number(text)? {
        return Ok(found);
    }
    match first {
        '.' => attribute(text, Scope::None, false, 1),
        '"' | '`' => {
            let literal = string::read(text).map_err(|e| {
                failure(SyntaxErrorKind::String { kind: e.kind }, e.span.start, e.span.end)
            })?;
            // As Go does it, carriage returns are no part of a raw literal.
            let value = if first == '`' {
                literal.value.replace('\r', "")
            } else {
                literal.value.into_owned()
            };
            Ok((TokenKind::String(value.into()), literal.len))
        }
        _ if first == '_' || first.is_alphabetic() => word(text),
        _ => Symbol::at_start_of(text)
            .map(|symbol| (TokenKind::Symbol(symbol), symbol.as_str().len()))
            .ok_or_else(|| {
                failure(SyntaxErrorKind::Character { character: first }, 0, first.len_utf8())
            }),
    }
}

/// A word, or the scope of an attribute or an intrinsic with what follows.
fn word(text: &str) -> Result<(TokenKind, usize), SyntaxError> {
    let len = text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len());
    let word = text.get(..len).unwrap_or_default();
    let after = rest(text, len);
    if after.starts_with('.') {
        if word == "parent" {
            for (prefix, scope) in [(".span.", Scope::Span), (".resource.", Scope::Resource)] {
                if after.starts_with(prefix) {
                    return attribute(text, scope, true, len + prefix.len());
                }
            }
            return attribute(text, Scope::None, true, len + 1);
        }
        if let Some(scope) = Scope::from_word(word) {
            return attribute(text, scope, false, len + 1);
        }
    }
    if let Some(scope) = field::INTRINSIC_SCOPES.iter().find(|scope| **scope == word)
        && after.starts_with(':')
    {
        let name = rest(after, 1);
        let name_len = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
        let end = len + 1 + name_len;
        let name = name.get(..name_len).unwrap_or_default();
        return match field::scoped_intrinsic(scope, name) {
            Some(intrinsic) => Ok((TokenKind::Intrinsic(intrinsic), end)),
            None => Err(failure(SyntaxErrorKind::UnknownIntrinsic { scope }, len + 1, end)),
        };
    }
    Ok((TokenKind::Word(word.into()), len))
}

/// An attribute whose name begins at byte `at` of `text`.
fn attribute(
    text: &str,
    scope: Scope,
    parent: bool,
    at: usize,
) -> Result<(TokenKind, usize), SyntaxError> {
    let (name, len) = name::name(rest(text, at))
        .map_err(|error| failure(error.kind, at + error.span.start, at + error.span.end))?;
    Ok((TokenKind::Attribute { scope, parent, name: name.into() }, at + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<String> {
        let tokens = lex(text).unwrap();
        tokens.iter().map(|token| token.kind.to_string()).collect()
    }

    #[test]
    fn names_run_up_to_white_space_and_operators() {
        assert_eq!(
            kinds(r#"{ .http-status+1 = span."odd key".x && parent.resource.a }"#),
            [
                "`{`",
                "attribute `http-status+1`",
                "`=`",
                "attribute `odd key.x`",
                "`&&`",
                "attribute `a`",
                "`}`",
                "end of query"
            ]
        );
    }

    #[test]
    fn operators_are_as_long_as_they_can_be() {
        assert_eq!(kinds("!>>&~<<=!"), ["`!>>`", "`&~`", "`<<`", "`=`", "`!`", "end of query"]);
    }

    #[test]
    fn numbers_with_a_unit_are_durations() {
        assert_eq!(
            kinds("1d12h 1.5h 1t .95 10. 5"),
            [
                "duration 36h0m0s",
                "duration 1h30m0s",
                "integer 1",
                "`t`",
                "float 0.95",
                "float 10",
                "integer 5",
                "end of query"
            ]
        );
    }

    #[test]
    fn what_is_no_token_is_pointed_at() {
        let error = |text: &str| lex(text).unwrap_err();
        assert_eq!(error("{ .a = # }").span, Span::new(7, 8));
        assert_eq!(error(r#"{ ."a\n" }"#).kind, SyntaxErrorKind::NameEscape);
        assert_eq!(error(r#"{ ."a }"#).kind, SyntaxErrorKind::UnterminatedName);
        assert_eq!(error("{ span. }").kind, SyntaxErrorKind::EmptyName);
        assert_eq!(error("99999999999999999999").kind, SyntaxErrorKind::Number);
        assert_eq!(
            error("{ trace:name }").kind,
            SyntaxErrorKind::UnknownIntrinsic { scope: "trace" }
        );
    }
}
