//! Tokens → syntax tree, one function per production.
//!
//! ~~~text
//! query      = expr END
//! expr       = primary { operator modifier primary }      by precedence, `^` to the right
//! primary    = "(" expr ")" | log | aggregation | label_replace | vector | number
//! ~~~
//!
//! The parser accepts what the grammar accepts. That a log query is no operand of `+`, or that
//! `sort` takes no grouping, is for [`crate::check`].

mod aggregation;
mod call;
mod label_filter;
mod literal;
mod log;
mod modifier;
mod range;
mod stage;
mod tokens;

use crate::ast::{Binary, BinaryOp, Expr};
use crate::error::Error;
use crate::lexer::{Keyword, TokenKind, tokenize};
use nom::Parser;
use nom::branch::alt;
use nom::sequence::delimited;
use tokens::{Notes, Parsed, Tokens, keyword};

/// Bytes a query may have: far more than anybody writes.
pub(crate) const QUERY_BYTES_MAX: usize = 128 << 10;

/// The tree of a query, before any check.
pub(crate) fn parse_tree(query: &str) -> Result<Expr, Error> {
    run(query, expr)
}

/// The log query of a text: what `{…}` and a pipeline may be, alone.
pub(crate) fn parse_log(query: &str) -> Result<crate::ast::LogQuery, Error> {
    run(query, log::log_query)
}

fn run<T>(
    query: &str,
    production: impl for<'t> Fn(Tokens<'t>) -> Parsed<'t, T>,
) -> Result<T, Error> {
    if query.len() > QUERY_BYTES_MAX {
        return Err(Error::TooLong { bytes: query.len(), bytes_max: QUERY_BYTES_MAX });
    }
    let tokens = tokenize(query);
    let notes = Notes::default();
    let input = Tokens::new(query, &tokens, &notes);
    if let Ok((rest, tree)) = production(input)
        && end(rest).is_ok()
    {
        return notes.take_bad_number().map_or(Ok(tree), Err);
    }
    let (token, expected) = notes.report(&tokens);
    let span = token.map(|token| token.span).unwrap_or_default();
    if let Some(depth_max) = notes.too_deep() {
        return Err(Error::TooDeep { depth_max, span });
    }
    match token.map(|token| &token.kind) {
        Some(TokenKind::Bad(bad)) => Err(Error::Token { bad: bad.clone(), span }),
        kind => {
            let found = kind.map_or("$end", TokenKind::describe);
            Err(Error::Syntax { found, expected, span })
        }
    }
}

fn end(input: Tokens<'_>) -> Parsed<'_, ()> {
    match input.kind() {
        TokenKind::End => Ok((input, ())),
        _ => input.fail("$end"),
    }
}

/// An expression: operands and operators.
fn expr(input: Tokens<'_>) -> Parsed<'_, Expr> {
    operation(input, 0)
}

/// An expression that gives samples. A log query can be one only as an operand, which the check
/// refuses with a better message than a syntax error.
fn metric(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let (rest, expr) = expr(input)?;
    if expr.is_log() {
        return rest.fail("operator");
    }
    Ok((rest, expr))
}

/// Operands joined by operators that bind at least as tightly as `binding_min`.
fn operation(input: Tokens<'_>, binding_min: u8) -> Parsed<'_, Expr> {
    let (mut rest, mut left) = primary(input)?;
    while let Ok((after, (op, binding))) = operator(rest) {
        if binding < binding_min {
            break;
        }
        let (after, ()) = after.operator()?;
        let (after, modifier) = modifier::modifier(after)?;
        // `^` groups to the right: what follows may bind as tightly as it does.
        let right_min = if op == BinaryOp::Pow { binding } else { binding + 1 };
        let (after, right) = after.nested(|input| operation(input, right_min))?;
        let at = input.until(&after).into();
        left = Expr::Binary(Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
            return_bool: modifier.return_bool,
            matching: modifier.matching,
            at,
        });
        rest = after;
    }
    Ok((rest, left))
}

/// An operator and how tightly it binds.
fn operator(input: Tokens<'_>) -> Parsed<'_, (BinaryOp, u8)> {
    let TokenKind::Keyword(keyword) = input.kind() else { return input.fail("operator") };
    let found = match keyword {
        Keyword::Or => (BinaryOp::Or, 1),
        Keyword::And => (BinaryOp::And, 2),
        Keyword::Unless => (BinaryOp::Unless, 2),
        Keyword::CompareEqual => (BinaryOp::Equal, 3),
        Keyword::NotEqual => (BinaryOp::NotEqual, 3),
        Keyword::Greater => (BinaryOp::Greater, 3),
        Keyword::GreaterEqual => (BinaryOp::GreaterEqual, 3),
        Keyword::Less => (BinaryOp::Less, 3),
        Keyword::LessEqual => (BinaryOp::LessEqual, 3),
        Keyword::Add => (BinaryOp::Add, 4),
        Keyword::Sub => (BinaryOp::Sub, 4),
        Keyword::Mul => (BinaryOp::Mul, 5),
        Keyword::Div => (BinaryOp::Div, 5),
        Keyword::Mod => (BinaryOp::Mod, 5),
        Keyword::Pow => (BinaryOp::Pow, 6),
        _ => return input.fail("operator"),
    };
    Ok((input.advanced(), found))
}

fn primary(input: Tokens<'_>) -> Parsed<'_, Expr> {
    alt((
        parenthesised,
        log::log_query.map(Expr::Log),
        aggregation::range_aggregation.map(Expr::RangeAggregation),
        aggregation::vector_aggregation.map(Expr::VectorAggregation),
        call::label_replace.map(Expr::LabelReplace),
        call::vector.map(Expr::Vector),
        literal::signed_number.map(Expr::Literal),
    ))
    .parse(input)
}

fn parenthesised<'t>(input: Tokens<'t>) -> Parsed<'t, Expr> {
    delimited(
        keyword(Keyword::OpenParen),
        |input: Tokens<'t>| input.nested(expr),
        keyword(Keyword::CloseParen),
    )
    .parse(input)
}

#[cfg(test)]
mod tests;
