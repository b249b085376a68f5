//! What the productions stand on: the stream of tokens as nom sees it, and how single tokens are
//! taken from it.
//!
//! Which token is reported as unexpected: the furthest that any production could not take. The
//! grammar needs one token of look-ahead nearly everywhere, so this is the first token with which
//! no query could go on.

use crate::error::Error;
use crate::lexer::{Keyword, Token, TokenKind};
use nom::error::{ErrorKind, ParseError};
use std::cell::{Cell, RefCell};
use telemetry_core::syntax::Span;

/// How deep parentheses and calls may nest. Each level takes a few stack frames; real queries stay
/// below ten.
pub(crate) const DEPTH_MAX: usize = 100;

/// How many operators a query may hold. A chain of them makes a tree as deep as it is long, and
/// everything that walks the tree recurses.
pub(crate) const OPERATORS_MAX: usize = 500;

/// The tokens not yet taken. Copies are cheap and share the notes about failures.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'t> {
    query: &'t str,
    all: &'t [Token],
    at: usize,
    notes: &'t Notes,
}

/// What productions note for the report.
#[derive(Default)]
pub(super) struct Notes {
    furthest: Cell<usize>,
    expected: RefCell<Vec<&'static str>>,
    depth: Cell<usize>,
    operators: Cell<usize>,
    too_deep: Cell<Option<usize>>,
    /// The first number that is spelled in a way that is no float.
    bad_number: RefCell<Option<Error>>,
}

/// A failed production. The facts are in [`Notes`], as nom forgets the error of a branch when
/// another one succeeds.
#[derive(Debug)]
pub(super) struct Failure;

pub(super) type Parsed<'t, T> = nom::IResult<Tokens<'t>, T, Failure>;

impl<'t> ParseError<Tokens<'t>> for Failure {
    fn from_error_kind(_: Tokens<'t>, _: ErrorKind) -> Self {
        Failure
    }

    fn append(_: Tokens<'t>, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'t> Tokens<'t> {
    pub(super) fn new(query: &'t str, all: &'t [Token], notes: &'t Notes) -> Self {
        Tokens { query, all, at: 0, notes }
    }

    pub(super) fn text(&self, span: Span) -> &'t str {
        span.text(self.query)
    }

    pub(super) fn notes(&self) -> &'t Notes {
        self.notes
    }

    pub(super) fn kind(&self) -> &'t TokenKind {
        self.all.get(self.at).map_or(&TokenKind::End, |token| &token.kind)
    }

    pub(super) fn span(&self) -> Span {
        match (self.all.get(self.at), self.all.last()) {
            (Some(token), _) => token.span,
            (None, Some(last)) => Span::at(last.span.end),
            (None, None) => Span::at(0),
        }
    }

    /// The span from the first token of `self` to the last one taken before `rest`.
    pub(super) fn until(&self, rest: &Tokens<'t>) -> Span {
        let last = rest.at.checked_sub(1).and_then(|at| self.all.get(at));
        match last {
            Some(last) if rest.at > self.at => self.span().cover(last.span),
            _ => Span::at(self.span().start),
        }
    }

    pub(super) fn is(&self, keyword: Keyword) -> bool {
        *self.kind() == TokenKind::Keyword(keyword)
    }

    pub(super) fn advanced(mut self) -> Self {
        self.at += 1;
        self
    }

    /// Notes that `expected` would have been right here.
    pub(super) fn fail<T>(&self, expected: &'static str) -> Parsed<'t, T> {
        self.note(expected);
        Err(nom::Err::Error(Failure))
    }

    fn note(&self, expected: &'static str) {
        let furthest = self.notes.furthest.get();
        let mut list = self.notes.expected.borrow_mut();
        if self.at > furthest {
            self.notes.furthest.set(self.at);
            list.clear();
        }
        if self.at >= furthest && !list.contains(&expected) {
            list.push(expected);
        }
    }

    /// Runs `production` one level deeper; past [`DEPTH_MAX`] everything fails for good.
    pub(super) fn nested<T>(
        self,
        production: impl FnOnce(Tokens<'t>) -> Parsed<'t, T>,
    ) -> Parsed<'t, T> {
        let depth = self.notes.depth.get();
        if depth >= DEPTH_MAX {
            return self.too_deep(DEPTH_MAX);
        }
        self.notes.depth.set(depth + 1);
        let result = production(self);
        self.notes.depth.set(depth);
        result
    }

    /// Counts an operator; past [`OPERATORS_MAX`] everything fails for good.
    pub(super) fn operator(self) -> Parsed<'t, ()> {
        let count = self.notes.operators.get() + 1;
        if count > OPERATORS_MAX {
            return self.too_deep(OPERATORS_MAX);
        }
        self.notes.operators.set(count);
        Ok((self, ()))
    }

    fn too_deep<T>(self, bound: usize) -> Parsed<'t, T> {
        self.notes.too_deep.set(Some(bound));
        self.notes.furthest.set(self.at.max(self.notes.furthest.get()));
        Err(nom::Err::Failure(Failure))
    }
}

impl Notes {
    /// The token that no production could take, and what could have stood there.
    pub(super) fn report<'t>(&self, tokens: &'t [Token]) -> (Option<&'t Token>, Vec<&'static str>) {
        let token = tokens.get(self.furthest.get()).or(tokens.last());
        (token, self.expected.borrow().clone())
    }

    /// The bound that was passed, if one was.
    pub(super) fn too_deep(&self) -> Option<usize> {
        self.too_deep.get()
    }

    pub(super) fn note_bad_number(&self, error: Error) {
        self.bad_number.borrow_mut().get_or_insert(error);
    }

    pub(super) fn take_bad_number(&self) -> Option<Error> {
        self.bad_number.borrow_mut().take()
    }
}

/// Takes `keyword`.
pub(super) fn keyword<'t>(keyword: Keyword) -> impl Fn(Tokens<'t>) -> Parsed<'t, Span> {
    move |input| {
        if input.is(keyword) {
            Ok((input.advanced(), input.span()))
        } else {
            input.fail(keyword.as_str())
        }
    }
}

/// Takes a string literal.
pub(super) fn string(input: Tokens<'_>) -> Parsed<'_, (Box<str>, Span)> {
    match input.kind() {
        TokenKind::String(text) => Ok((input.advanced(), (text.clone(), input.span()))),
        _ => input.fail("STRING"),
    }
}

/// Takes a name. A character that starts nothing lexes as one, but names nothing.
pub(super) fn identifier(input: Tokens<'_>) -> Parsed<'_, Box<str>> {
    let text = input.text(input.span());
    let names = text.starts_with(|c: char| c == '_' || c.is_alphabetic());
    match input.kind() {
        TokenKind::Identifier if names => Ok((input.advanced(), text.into())),
        _ => input.fail("IDENTIFIER"),
    }
}

/// Takes a number and gives its place.
pub(super) fn number(input: Tokens<'_>) -> Parsed<'_, Span> {
    match input.kind() {
        TokenKind::Number => Ok((input.advanced(), input.span())),
        _ => input.fail("NUMBER"),
    }
}

/// Takes a window and gives its nanoseconds.
pub(super) fn range(input: Tokens<'_>) -> Parsed<'_, i64> {
    match input.kind() {
        TokenKind::Range(nanos) => Ok((input.advanced(), *nanos)),
        _ => input.fail("RANGE"),
    }
}

/// Takes a duration and gives its nanoseconds.
pub(super) fn duration(input: Tokens<'_>) -> Parsed<'_, i64> {
    match input.kind() {
        TokenKind::Duration(nanos) => Ok((input.advanced(), *nanos)),
        _ => input.fail("DURATION"),
    }
}
