//! `sum by (label, …) (vector)`, with the clause in front of the arguments or behind them.

use super::call::arguments;
use super::literal::utf8_string;
use super::selector::list;
use super::tokens::{Built, Parsed, Tokens, built, refuse};
use super::{Expected, SyntaxError, SyntaxErrorKind};
use crate::ast::{Aggregate, AggregateOp, Expr, Grouping};
use crate::lexer::{Keyword, TokenKind};
use nom::Parser as _;
use nom::combinator::{cut, opt};
use telemetry_core::syntax::Span;

/// The aggregation that `keyword` begins, seeing what follows it; alone it names a metric.
pub(super) fn operation(keyword: Keyword, second: TokenKind) -> Option<AggregateOp> {
    match (keyword, second) {
        (
            Keyword::Aggregate(op),
            TokenKind::LeftParen | TokenKind::Keyword(Keyword::By | Keyword::Without),
        ) => Some(op),
        _ => None,
    }
}

/// An aggregation, `op` being its first token.
pub(super) fn aggregate(input: Tokens<'_>, op: AggregateOp) -> Parsed<'_, Built<Expr>> {
    let start = input.peek().span.start;
    let (rest, in_front) = opt_grouping(input.advance())?;
    let (rest, args) = arguments(rest)?;
    let (rest, grouping) = match in_front {
        Some(grouping) => (rest, Some(grouping)),
        None => opt_grouping(rest)?,
    };
    let span = rest.span_from(start);
    Ok((rest, aggregation(op, grouping.unwrap_or_default(), args, span)?))
}

fn aggregation(
    op: AggregateOp,
    grouping: Grouping,
    args: Vec<Built<Expr>>,
    span: Span,
) -> Result<Built<Expr>, nom::Err<SyntaxError>> {
    let below = args.iter().map(|arg| arg.height).max().unwrap_or(0);
    let expected = 1 + usize::from(op.takes_param().is_some());
    let found = args.len();
    let mut args = args.into_iter().map(|arg| arg.node);
    let (param, expr) = match (args.next(), args.next()) {
        (None, _) => return refuse(SyntaxErrorKind::NoAggregateArgument, span),
        (Some(expr), None) if expected == 1 => (None, expr),
        (Some(param), Some(expr)) if expected == 2 && found == 2 => (Some(param), expr),
        _ => return refuse(SyntaxErrorKind::AggregateArguments { expected, found }, span),
    };
    built(Expr::Aggregate(Aggregate { op, param, expr, grouping, span }), span, below)
}

fn opt_grouping(input: Tokens<'_>) -> Parsed<'_, Option<Grouping>> {
    opt(grouping).parse(input)
}

fn grouping(input: Tokens<'_>) -> Parsed<'_, Grouping> {
    let clause = match input.peek().kind {
        TokenKind::Keyword(Keyword::By) => Grouping::By,
        TokenKind::Keyword(Keyword::Without) => Grouping::Without,
        _ => return Err(input.unexpected(Expected::Token(TokenKind::LeftParen))),
    };
    let (rest, names) = cut(labels).parse(input.advance())?;
    Ok((rest, clause(names)))
}

/// Names of labels in parentheses.
pub(super) fn labels(input: Tokens<'_>) -> Parsed<'_, Vec<Box<str>>> {
    list(TokenKind::LeftParen, label, TokenKind::RightParen)(input)
}

/// A name of a label, in quotes or not. Keywords name labels too.
fn label(input: Tokens<'_>) -> Parsed<'_, Box<str>> {
    let first = input.peek();
    match first.kind {
        TokenKind::Name | TokenKind::MetricName | TokenKind::Keyword(_) => {
            Ok((input.advance(), first.span.text(input.query()).into()))
        }
        TokenKind::String => {
            let (rest, name) = utf8_string(input)?;
            if name.is_empty() {
                return Err(input.unexpected(Expected::Label));
            }
            Ok((rest, name))
        }
        _ => Err(input.unexpected(Expected::Label)),
    }
}
