//! The input of the grammar: tokens that are still to be read.

use super::{Expected, ParseOptions, SyntaxError, SyntaxErrorKind};
use crate::ast::DEPTH_MAX;
use crate::lexer::{Token, TokenKind};
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult};
use telemetry_core::syntax::Span;

/// What a production returns.
pub(super) type Parsed<'t, T> = IResult<Tokens<'t>, T, SyntaxError>;

/// Tokens that are still to be read, and what stays the same while they are.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'t> {
    pub(super) query: &'t str,
    pub(super) options: &'t ParseOptions,
    /// The last one, the end or invalid text, is never taken off.
    rest: &'t [Token],
    /// Where the last token taken off ended.
    behind: usize,
    depth: usize,
}

/// A node and the length of the longest path below it, itself included.
pub(super) struct Built<T> {
    pub(super) node: T,
    pub(super) height: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(query: &'t str, tokens: &'t [Token], options: &'t ParseOptions) -> Self {
        Tokens { query, options, rest: tokens, behind: 0, depth: 0 }
    }

    /// The next token.
    pub(super) fn peek(&self) -> Token {
        self.peek_at(0)
    }

    /// The kind of the token after the next one.
    pub(super) fn second(&self) -> TokenKind {
        self.peek_at(1).kind
    }

    fn peek_at(&self, ahead: usize) -> Token {
        let end = Token { kind: TokenKind::End, span: Span::at(self.query.len()) };
        self.rest.get(ahead).copied().unwrap_or(end)
    }

    /// Without the next token.
    pub(super) fn advance(self) -> Self {
        match self.rest {
            [first, rest @ ..] if !rest.is_empty() => {
                Tokens { rest, behind: first.span.end, ..self }
            }
            _ => self,
        }
    }

    /// From `start` to the end of the last token taken off.
    pub(super) fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.behind)
    }

    /// An error at the next token.
    pub(super) fn unexpected(&self, expected: Expected) -> Err<SyntaxError> {
        let Token { kind: found, span } = self.peek();
        Err::Error(SyntaxError { kind: SyntaxErrorKind::Unexpected { found, expected }, span })
    }
}

/// The error that no other reading can undo.
pub(super) fn refuse<T>(kind: SyntaxErrorKind, span: Span) -> Result<T, Err<SyntaxError>> {
    Err(Err::Failure(SyntaxError { kind, span }))
}

/// The next token if it is of `kind`.
pub(super) fn token<'t>(kind: TokenKind) -> impl Fn(Tokens<'t>) -> Parsed<'t, Token> {
    move |input| {
        let token = input.peek();
        if token.kind == kind {
            Ok((input.advance(), token))
        } else {
            Err(input.unexpected(Expected::Token(kind)))
        }
    }
}

/// `parse`, one level deeper. Every recursion of the grammar goes through here, which bounds it.
pub(super) fn nested<'t, T>(
    parse: impl FnOnce(Tokens<'t>) -> Parsed<'t, T>,
) -> impl FnOnce(Tokens<'t>) -> Parsed<'t, T> {
    move |input| {
        if input.depth >= DEPTH_MAX {
            return refuse(SyntaxErrorKind::TooDeep, input.peek().span);
        }
        let (rest, node) = parse(Tokens { depth: input.depth + 1, ..input })?;
        Ok((Tokens { depth: input.depth, ..rest }, node))
    }
}

/// A node over others of which the highest has `below`; refused if the tree becomes too high.
pub(super) fn built<T>(node: T, span: Span, below: usize) -> Result<Built<T>, Err<SyntaxError>> {
    let height = below + 1;
    if height > DEPTH_MAX {
        return refuse(SyntaxErrorKind::TooDeep, span);
    }
    Ok(Built { node, height })
}

impl ParseError<Tokens<'_>> for SyntaxError {
    fn from_error_kind(input: Tokens<'_>, _kind: ErrorKind) -> Self {
        let Token { kind: found, span } = input.peek();
        let expected = Expected::Expression;
        SyntaxError { kind: SyntaxErrorKind::Unexpected { found, expected }, span }
    }

    fn append(_input: Tokens<'_>, _kind: ErrorKind, other: Self) -> Self {
        other
    }

    /// Of two readings the one that came further says more.
    fn or(self, other: Self) -> Self {
        if self.span.start > other.span.start { self } else { other }
    }
}
