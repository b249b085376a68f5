//! Tokens → tree.
//!
//! One function per production, named after it. A function takes the tokens that are left and
//! returns what it built and the tokens behind it; `opt_x` may match nothing, `x` must match. The
//! grammar never has to try: one token, sometimes two, tell what follows, so the first error is the
//! error. Operators are parsed by climbing: `binary` reads operators that bind at least as
//! strongly as asked.
//!
//! ~~~text
//! expression   = unary, { operator, [ "bool" ], [ matching ], [ fill ], unary }
//! unary        = [ "+" | "-" ], postfix
//! postfix      = primary, { "[" range "]" | "[" range ":" [ step ] "]" | "offset" … | "@" …
//!                         | "anchored" | "smoothed" }
//! primary      = number | string | "(" expression ")" | selector | call | aggregate
//! ~~~
//!
//! The parser accepts what the grammar accepts; whether types fit is [`check`](crate::check)'s to
//! say. What it builds cannot hold some nonsense at all (a range of a sum, an offset of a number):
//! that is refused here.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod aggregate;
mod call;
mod duration;
mod error;
mod literal;
mod matching;
mod modifier;
mod operator;
mod options;
mod selector;
mod tokens;

pub(crate) use error::SyntaxError;
pub use error::{Expected, Feature, Modifier, SyntaxErrorKind};
pub use options::ParseOptions;

use crate::Error;
use crate::ast::Binding;
use crate::ast::{Binary, BinaryOp, Expr, Paren, Unary, UnaryOp};
use crate::check::{CheckError, check};
use crate::lexer::{TokenKind, lex};
use matching::OperatorModifiers;
pub(crate) use operator::infix;
use telemetry_core::syntax::Span;
use tokens::{Built, Parsed, Text, Tokens, built, refuse, token};

/// Bytes of the longest text that is read.
pub const QUERY_BYTES_MAX: usize = 1 << 20;

/// The tree of `query`, with Prometheus' default options; it makes sense as far as types go.
///
/// # Errors
/// [`Error::Syntax`] or [`Error::Check`] with the first place that is wrong.
pub fn parse(query: &str) -> Result<Expr, Error> {
    parse_with(query, &ParseOptions::default())
}

/// As [`parse`], with other options.
///
/// # Errors
/// [`Error::Syntax`] or [`Error::Check`] with the first place that is wrong.
pub fn parse_with(query: &str, options: &ParseOptions) -> Result<Expr, Error> {
    let expr = parse_unchecked(query, options)?;
    match check(&expr, options) {
        Ok(_) => Ok(expr),
        Err(CheckError { kind, span }) => Err(Error::Check { kind, span, query: query.into() }),
    }
}

/// The tree of `query`, by the grammar alone: types are not checked.
///
/// # Errors
/// [`Error::Syntax`] with the first place that is wrong.
pub fn parse_unchecked(query: &str, options: &ParseOptions) -> Result<Expr, Error> {
    syntax(query, options).map_err(|SyntaxError { kind, span }| Error::Syntax {
        kind,
        span,
        query: query.into(),
    })
}

fn syntax(query: &str, options: &ParseOptions) -> Result<Expr, SyntaxError> {
    if query.len() > QUERY_BYTES_MAX {
        let kind = SyntaxErrorKind::TooLong { found: query.len() };
        return Err(SyntaxError { kind, span: (0..0).into() });
    }
    let lexed = lex(query);
    let text = Text { query, options, tokens: &lexed.tokens };
    let error = match whole(Tokens::new(&text)) {
        Ok((_, tree)) => return Ok(tree),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => error,
        Err(nom::Err::Incomplete(_)) => {
            SyntaxError { kind: SyntaxErrorKind::Empty, span: (0..0).into() }
        }
    };
    match (&error.kind, lexed.error) {
        (SyntaxErrorKind::Unexpected { found: TokenKind::Invalid, .. }, Some(lexical)) => {
            Err(lexical)
        }
        _ => Err(error),
    }
}

/// All of the text.
fn whole(input: Tokens<'_>) -> Parsed<'_, Expr> {
    if input.peek().kind == TokenKind::End {
        return refuse(SyntaxErrorKind::Empty, input.peek().span);
    }
    let (rest, tree) = expression(input)?;
    match rest.peek().kind {
        TokenKind::End => Ok((rest, *tree.node)),
        _ => Err(rest.unexpected(Expected::Operator)),
    }
}

fn expression(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    binary(input, Binding::WEAKEST)
}

/// Operands joined by operators that bind at least as `weakest`.
fn binary(input: Tokens<'_>, weakest: Binding) -> Parsed<'_, Built<Expr>> {
    let (mut rest, mut left) = unary(input.deeper()?)?;
    while let Some((op, binding)) = operator::infix(rest.peek().kind)
        && binding >= weakest
    {
        let op_span = rest.peek().span;
        let (after, modifiers) = matching::operator_modifiers(rest.advance())?;
        let (after, right) = binary(after, binding.right_side())?;
        left = joined(op, op_span, modifiers, left, right)?;
        rest = after;
    }
    Ok((rest.level_of(input), left))
}

fn joined(
    op: BinaryOp,
    op_span: Span,
    modifiers: OperatorModifiers,
    left: Built<Expr>,
    right: Built<Expr>,
) -> Result<Built<Expr>, nom::Err<SyntaxError>> {
    let span = left.node.span().cover(right.node.span());
    let below = left.height.max(right.height);
    let OperatorModifiers { return_bool, matching } = modifiers;
    let (left, right) = (left.node, right.node);
    let node = Expr::Binary(Binary { op, op_span, return_bool, matching, left, right, span });
    built(node, op_span, below)
}

/// A sign binds less than `^` and more than `*`; in front of a number it is part of the number.
fn unary(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let sign = input.peek();
    let op = match sign.kind {
        TokenKind::Plus => UnaryOp::Plus,
        TokenKind::Minus => UnaryOp::Minus,
        _ => return postfix(input),
    };
    let (rest, operand) = binary(input.advance(), Binding::POWER)?;
    Ok((rest, signed(op, sign.span, operand)?))
}

fn signed(
    op: UnaryOp,
    sign: Span,
    mut operand: Built<Expr>,
) -> Result<Built<Expr>, nom::Err<SyntaxError>> {
    let span = sign.cover(operand.node.span());
    if let Expr::Number(number) = &mut *operand.node {
        number.span = span;
        if op == UnaryOp::Minus {
            number.value = -number.value;
        }
        return Ok(operand);
    }
    built(Expr::Unary(Unary { op, expr: operand.node, span }), span, operand.height)
}

/// An operand and what stands behind it.
fn postfix(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let (mut rest, mut operand) = primary(input)?;
    while let Some(modifier) = modifier::modifier(rest.peek().kind) {
        (rest, operand) = modifier(rest, operand)?;
    }
    Ok((rest, operand))
}

fn primary(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let (first, second) = (input.peek().kind, input.second());
    match first {
        TokenKind::Number | TokenKind::Duration => literal::number_expression(input),
        TokenKind::String => literal::string_expression(input),
        TokenKind::LeftParen => paren(input),
        TokenKind::LeftBrace | TokenKind::MetricName => selector::selector(input),
        TokenKind::Name if second == TokenKind::LeftParen => call::call(input),
        TokenKind::Name => selector::selector(input),
        TokenKind::Keyword(keyword) => {
            if let Some(op) = aggregate::operation(keyword, second) {
                aggregate::aggregate(input, op)
            } else if keyword.names_a_function() && second == TokenKind::LeftParen {
                call::call(input)
            } else if keyword.names_a_metric() {
                selector::selector(input)
            } else {
                Err(input.unexpected(Expected::Expression))
            }
        }
        _ => Err(input.unexpected(Expected::Expression)),
    }
}

fn paren(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let start = input.peek().span.start;
    let (rest, inner) = expression(input.advance())?;
    let (rest, _) = token(TokenKind::RightParen)(rest)?;
    Ok((rest, parenthesised(inner, rest.span_from(start))?))
}

fn parenthesised(inner: Built<Expr>, span: Span) -> Result<Built<Expr>, nom::Err<SyntaxError>> {
    built(Expr::Paren(Paren { expr: inner.node, span }), span, inner.height)
}
