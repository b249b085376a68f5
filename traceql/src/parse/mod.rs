//! Tokens to a tree: one function per production of the grammar, over slices of tokens.
//!
//! * A production takes the tokens that are left and gives what it read and the rest
//!   ([`Parsed`]). Everything is decided by the next token, nothing is read twice: the time is linear.
//! * Operators are read by climbing precedences ([`field`], [`query`]). From loose to tight: `|` ·
//!   `&& ||` on one level · comparisons and structural operators · `+ -` · prefix `!` · `* / %` · `^`,
//!   which joins to the right, all others to the left. Prefix `-` is as loose as the binary one.
//! * The parser accepts what the grammar accepts; types are [`crate::check`]'s.
//! * Constants are folded as they are read ([`fold`]).
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod attribute;
mod call;
mod field;
mod fold;
mod hint;
mod join;
mod metrics;
mod query;
mod stage;

use nom::IResult;
use nom::error::{ErrorKind, ParseError};
use telemetry_core::syntax::Span;

use crate::ast::{At, Query};
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::lexer::{Symbol, Token, TokenKind, lex};

/// Levels of brackets and prefix operators at most: the parser's recursion.
pub(crate) const DEPTH_MAX: usize = 128;

/// Operators at most: every walk over the tree recurses at most this deep more.
pub(crate) const OPERATORS_MAX: usize = 1024;

/// Reads a query.
///
/// The result is not checked for types; [`crate::parse`] is.
///
/// # Errors
/// [`SyntaxError`] at the first token that cannot stand where it does.
pub fn parse_syntax(text: &str) -> Result<Query, SyntaxError> {
    let tokens = lex(text)?;
    let mut operators = tokens.iter().filter(|token| is_operator(&token.kind));
    if let Some(surplus) = operators.nth(OPERATORS_MAX) {
        return Err(SyntaxError { kind: SyntaxErrorKind::TooManyOperators, span: surplus.span });
    }
    match query::query(&tokens) {
        Ok((_, query)) => Ok(query),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(error),
        // Only streaming parsers ask for more.
        Err(nom::Err::Incomplete(_)) => Err(SyntaxError::unexpected(&tokens, "a query")),
    }
}

fn is_operator(kind: &TokenKind) -> bool {
    use Symbol as S;
    let brackets = [S::OpenBrace, S::CloseBrace, S::Open, S::Close, S::Comma];
    matches!(kind, TokenKind::Symbol(symbol) if !brackets.contains(symbol))
}

/// Tokens that are left; the last is always [`TokenKind::End`].
type Tokens<'a> = &'a [Token];

/// What a production gives.
type Parsed<'a, T> = IResult<Tokens<'a>, T, SyntaxError>;

impl<'a> ParseError<Tokens<'a>> for SyntaxError {
    fn from_error_kind(input: Tokens<'a>, _kind: ErrorKind) -> Self {
        SyntaxError::unexpected(input, "something else")
    }

    fn append(_input: Tokens<'a>, _kind: ErrorKind, other: Self) -> Self {
        other
    }
}

impl SyntaxError {
    fn unexpected(input: Tokens<'_>, expected: &'static str) -> Self {
        let found = input.first().map_or(&TokenKind::End, |token| &token.kind).to_string();
        let kind = SyntaxErrorKind::Expected { expected, found };
        SyntaxError { kind, span: span(input) }
    }

    fn at<T>(kind: SyntaxErrorKind, at: At) -> Result<T, nom::Err<SyntaxError>> {
        Err(nom::Err::Failure(SyntaxError { kind, span: at.0 }))
    }
}

/// The production does not fit, and no other can.
fn expected<T>(input: Tokens<'_>, what: &'static str) -> Result<T, nom::Err<SyntaxError>> {
    Err(nom::Err::Failure(SyntaxError::unexpected(input, what)))
}

/// Where the next token stands.
fn span(input: Tokens<'_>) -> Span {
    input.first().map(|token| token.span).unwrap_or_default()
}

/// From the first token of `start` to the last one before `rest`.
fn covered<'a>(start: Tokens<'a>, rest: Tokens<'a>) -> At {
    let read = start.len().saturating_sub(rest.len()).saturating_sub(1);
    let last = start.get(read).map_or_else(|| span(start), |token| token.span);
    At(span(start).cover(last))
}

/// The next symbol, if it is one.
fn next_symbol(input: Tokens<'_>) -> Option<Symbol> {
    match input.first()?.kind {
        TokenKind::Symbol(symbol) => Some(symbol),
        _ => None,
    }
}

/// The next word, if it is one.
fn next_word(input: Tokens<'_>) -> Option<&str> {
    match &input.first()?.kind {
        TokenKind::Word(word) => Some(word),
        _ => None,
    }
}

/// All but the next token; the end stays.
fn skip(input: Tokens<'_>) -> Tokens<'_> {
    match input {
        [_, rest @ ..] if !rest.is_empty() => rest,
        end => end,
    }
}

/// A given symbol.
fn symbol<'a>(
    symbol: Symbol,
) -> impl nom::Parser<Tokens<'a>, Output = Symbol, Error = SyntaxError> {
    move |input: Tokens<'a>| match next_symbol(input) {
        Some(found) if found == symbol => Ok((skip(input), symbol)),
        _ => Err(nom::Err::Error(SyntaxError::unexpected(input, expectation(symbol)))),
    }
}

/// `item, item, …`, at least one.
fn list<'a, T>(
    item: impl Fn(Tokens<'a>) -> Parsed<'a, T>,
) -> impl nom::Parser<Tokens<'a>, Output = Vec<T>, Error = SyntaxError> {
    move |input: Tokens<'a>| {
        let (mut rest, first) = item(input)?;
        let mut items = vec![first];
        while next_symbol(rest) == Some(Symbol::Comma) {
            let (after, next) = item(skip(rest))?;
            items.push(next);
            rest = after;
        }
        Ok((rest, items))
    }
}

fn expectation(symbol: Symbol) -> &'static str {
    match symbol {
        Symbol::Open => "`(`",
        Symbol::Close => "`)`",
        Symbol::OpenBrace => "`{`",
        Symbol::CloseBrace => "`}` or an operator",
        Symbol::Comma => "`,`",
        Symbol::Equal => "`=`",
        _ => "an operator",
    }
}

/// One level further in.
fn deeper(depth: usize, input: Tokens<'_>) -> Result<usize, nom::Err<SyntaxError>> {
    if depth >= DEPTH_MAX {
        return SyntaxError::at(SyntaxErrorKind::TooDeep, At(span(input)));
    }
    Ok(depth + 1)
}

/// How tightly operators bind. `None` for symbols that are no binary operators.
pub(crate) fn precedence(symbol: Symbol) -> Option<u8> {
    use Symbol as S;
    Some(match symbol {
        S::And | S::Or => 1,
        S::Equal | S::NotEqual | S::Regex | S::NotRegex => 2,
        S::Less | S::LessEqual | S::Greater | S::GreaterEqual => 2,
        S::Descendant | S::Ancestor | S::Sibling => 2,
        S::NotDescendant | S::NotAncestor | S::NotChild | S::NotParent => 2,
        S::UnionDescendant | S::UnionAncestor | S::UnionChild | S::UnionParent => 2,
        S::UnionSibling => 2,
        S::Add | S::Subtract => 3,
        S::Multiply | S::Divide | S::Modulo => 5,
        S::Power => 6,
        _ => return None,
    })
}

/// What the operand of a prefix `!` may contain: operators above it.
const ABOVE_NOT: u8 = 5;

/// What the operand of a prefix `-` may contain.
const ABOVE_MINUS: u8 = 4;

/// What the right operand of an operator may contain.
fn right_of(symbol: Symbol, precedence: u8) -> u8 {
    if symbol == Symbol::Power { precedence } else { precedence + 1 }
}

/// A field expression that takes all of `tokens`, whose last is the end.
pub(crate) fn field_chunk(tokens: &[Token]) -> Option<crate::ast::FieldExpr> {
    match field::field_expr(tokens, 0) {
        Ok(([Token { kind: TokenKind::End, .. }], expr)) => Some(expr),
        _ => None,
    }
}
