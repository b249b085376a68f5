//! The input of the grammar: tokens that are still to be read.

use super::{Expected, ParseOptions, SyntaxError, SyntaxErrorKind};
use crate::ast::DEPTH_MAX;
use crate::lexer::{Token, TokenKind};
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult};
use telemetry_core::syntax::Span;

/// What a production returns.
pub(super) type Parsed<'t, T> = IResult<Tokens<'t>, T, SyntaxError>;

/// What stays the same while a text is parsed.
pub(super) struct Text<'t> {
    pub(super) query: &'t str,
    pub(super) options: &'t ParseOptions,
    /// The last one is the end, or invalid text.
    pub(super) tokens: &'t [Token],
}

/// Tokens that are still to be read. It is small, since every frame of the recursion holds some.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'t> {
    text: &'t Text<'t>,
    /// The next token.
    at: u32,
    depth: u32,
}

/// A node and the length of the longest path below it, itself included. The node is in a box, where
/// it will end up anyway, so that the frames of the recursion stay small.
pub(super) struct Built<T> {
    pub(super) node: Box<T>,
    pub(super) height: usize,
}

impl<'t> Tokens<'t> {
    /// All tokens of a text, of which there are fewer than bytes.
    pub(super) fn new(text: &'t Text<'t>) -> Self {
        Tokens { text, at: 0, depth: 0 }
    }

    pub(super) fn query(&self) -> &'t str {
        self.text.query
    }

    pub(super) fn options(&self) -> &'t ParseOptions {
        self.text.options
    }

    /// The next token.
    pub(super) fn peek(&self) -> Token {
        self.token(self.at as usize)
    }

    /// The kind of the token after the next one.
    pub(super) fn second(&self) -> TokenKind {
        self.token(self.at as usize + 1).kind
    }

    fn token(&self, at: usize) -> Token {
        let end = Token { kind: TokenKind::End, span: Span::at(self.text.query.len()) };
        self.text.tokens.get(at).copied().unwrap_or(end)
    }

    /// Without the next token. The last one, the end or invalid text, is never taken off.
    pub(super) fn advance(self) -> Self {
        match self.peek().kind {
            TokenKind::End | TokenKind::Invalid => self,
            _ => Tokens { at: self.at + 1, ..self },
        }
    }

    /// One level deeper. Every recursion of the grammar goes through here, which bounds it.
    pub(super) fn deeper(self) -> Result<Self, Err<SyntaxError>> {
        if self.depth as usize >= DEPTH_MAX {
            return refuse(SyntaxErrorKind::TooDeep, self.peek().span);
        }
        Ok(Tokens { depth: self.depth + 1, ..self })
    }

    /// Back at the level of `outer`.
    pub(super) fn level_of(self, outer: Self) -> Self {
        Tokens { depth: outer.depth, ..self }
    }

    /// From `start` to the end of the last token taken off.
    pub(super) fn span_from(&self, start: usize) -> Span {
        let last = (self.at as usize).checked_sub(1).map(|at| self.token(at).span.end);
        Span::new(start, last.unwrap_or(start))
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

/// A node over others of which the highest has `below`; refused if the tree becomes too high.
pub(super) fn built<T>(node: T, span: Span, below: usize) -> Result<Built<T>, Err<SyntaxError>> {
    let height = below + 1;
    if height > DEPTH_MAX {
        return refuse(SyntaxErrorKind::TooDeep, span);
    }
    Ok(Built { node: Box::new(node), height })
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
