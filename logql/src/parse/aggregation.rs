//! `quantile_over_time(0.9, …) by (a)` and `topk by (a) (3, …)`.

use super::literal::unsigned_number;
use super::metric;
use super::modifier::{grouping, opt_grouping};
use super::range::log_range;
use super::tokens::{Parsed, Tokens, keyword};
use crate::ast::{Parameter, RangeAggregation, VectorAggregation};
use crate::lexer::{Keyword, TokenKind};

pub(super) fn range_aggregation(input: Tokens<'_>) -> Parsed<'_, RangeAggregation> {
    let TokenKind::RangeOp(op) = input.kind() else { return input.fail("range aggregation") };
    let (rest, _) = keyword(Keyword::OpenParen)(input.advanced())?;
    let (rest, parameter) = match rest.kind() {
        TokenKind::Number => parameter(rest).map(|(rest, number)| (rest, Some(number)))?,
        _ => opt_parameter(rest)?,
    };
    let (rest, range) = log_range(rest)?;
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    let (rest, grouping) = opt_grouping(rest)?;
    let at = input.until(&rest).into();
    Ok((rest, RangeAggregation { op: *op, parameter, range, grouping, at }))
}

pub(super) fn vector_aggregation(input: Tokens<'_>) -> Parsed<'_, VectorAggregation> {
    let TokenKind::VectorOp(op) = input.kind() else { return input.fail("aggregation") };
    let rest = input.advanced();
    let (rest, before) = match rest.is(Keyword::OpenParen) {
        true => (rest, None),
        false => grouping(rest).map(|(rest, grouping)| (rest, Some(grouping)))?,
    };
    let (rest, _) = keyword(Keyword::OpenParen)(rest)?;
    let (rest, parameter) = opt_parameter(rest)?;
    let (rest, inner) = rest.nested(metric)?;
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    let (rest, after) = match before {
        None => opt_grouping(rest)?,
        Some(_) => (rest, None),
    };
    let at = input.until(&rest).into();
    let inner = Box::new(inner);
    Ok((rest, VectorAggregation { op: *op, parameter, inner, grouping: before.or(after), at }))
}

/// A number with a comma behind it. Without the comma the number starts an operand.
fn opt_parameter(input: Tokens<'_>) -> Parsed<'_, Option<Parameter>> {
    let is_number = matches!(input.kind(), TokenKind::Number);
    if !is_number || !input.advanced().is(Keyword::Comma) {
        let _ = input.fail::<()>("NUMBER");
        return Ok((input, None));
    }
    parameter(input).map(|(rest, parameter)| (rest, Some(parameter)))
}

fn parameter(input: Tokens<'_>) -> Parsed<'_, Parameter> {
    let (rest, parameter) = unsigned_number(input)?;
    let (rest, _) = keyword(Keyword::Comma)(rest)?;
    Ok((rest, parameter))
}
