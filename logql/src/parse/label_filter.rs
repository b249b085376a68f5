//! `status >= 500 and (method = "GET" or ip = ip("10.0.0.0/8"))`: label filters.
//!
//! Precedence is that of Loki's parser, which is not what one would guess: `and` binds tighter
//! than `or`, both to the left; a comma, or nothing between two filters, has no precedence at all
//! and takes everything that follows as its right operand. So `a, b or c` is `a and (b or c)`,
//! and `a or b, c` is `a or (b and c)`.

use super::literal::signed_number;
use super::stage::ip;
use super::tokens::{Parsed, Tokens, identifier, keyword, string};
use crate::ast::{LabelFilter, LabelFilterValue, LabelMatcher, ValueOp};
use crate::lexer::{Keyword, TokenKind};
use telemetry_core::labels::MatchOp;

/// A whole label filter.
pub(super) fn label_filter(input: Tokens<'_>) -> Parsed<'_, LabelFilter> {
    joined(input, 0)
}

/// Filters joined by operators that bind at least as tightly as `binding_min`.
fn joined(input: Tokens<'_>, binding_min: u8) -> Parsed<'_, LabelFilter> {
    let (mut rest, mut left) = single(input)?;
    loop {
        let (binding, open) = match rest.kind() {
            TokenKind::Keyword(Keyword::Or) => (1, rest.advanced()),
            TokenKind::Keyword(Keyword::And) => (2, rest.advanced()),
            TokenKind::Keyword(Keyword::Comma) => (u8::MAX, rest.advanced()),
            TokenKind::Identifier | TokenKind::Keyword(Keyword::OpenParen) => (u8::MAX, rest),
            _ => {
                for expected in ["or", "and"] {
                    let _ = rest.fail::<()>(expected);
                }
                return Ok((rest, left));
            }
        };
        if binding < binding_min {
            return Ok((rest, left));
        }
        let (open, ()) = open.operator()?;
        let right_min = if binding == u8::MAX { 0 } else { binding + 1 };
        let (after, right) = joined(open, right_min)?;
        let (a, b) = (Box::new(left), Box::new(right));
        left = if binding == 1 { LabelFilter::Or(a, b) } else { LabelFilter::And(a, b) };
        rest = after;
    }
}

/// One comparison, or a filter in parentheses.
fn single(input: Tokens<'_>) -> Parsed<'_, LabelFilter> {
    if let Ok((inner, _)) = keyword(Keyword::OpenParen)(input) {
        let (rest, filter) = inner.nested(label_filter)?;
        let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
        return Ok((rest, filter));
    }
    comparison(input)
}

fn comparison(input: Tokens<'_>) -> Parsed<'_, LabelFilter> {
    let (rest, name) = identifier(input)?;
    let TokenKind::Keyword(op) = rest.kind() else { return rest.fail("operator") };
    let operand = rest.advanced();
    let (text, ordered) = match op {
        Keyword::Equal => (Some(MatchOp::Equal), Some(ValueOp::Equal)),
        Keyword::NotEqual => (Some(MatchOp::NotEqual), Some(ValueOp::NotEqual)),
        Keyword::RegexMatch => (Some(MatchOp::Regex), None),
        Keyword::NotRegexMatch => (Some(MatchOp::NotRegex), None),
        Keyword::CompareEqual => (None, Some(ValueOp::Equal)),
        Keyword::Greater => (None, Some(ValueOp::Greater)),
        Keyword::GreaterEqual => (None, Some(ValueOp::GreaterEqual)),
        Keyword::Less => (None, Some(ValueOp::Less)),
        Keyword::LessEqual => (None, Some(ValueOp::LessEqual)),
        _ => return rest.fail("operator"),
    };
    if let Some(op) = text {
        if let Ok((rest, (value, _))) = string(operand) {
            let at = input.until(&rest).into();
            return Ok((rest, LabelFilter::Text(LabelMatcher { name, op, value, at })));
        }
        if !op.is_regex()
            && let Ok((rest, pattern)) = ip(operand)
        {
            let at = input.until(&rest).into();
            let negative = op.is_negative();
            return Ok((rest, LabelFilter::Ip { name, negative, pattern, at }));
        }
    }
    let Some(op) = ordered else { return operand.fail("STRING") };
    let (rest, value) = filter_value(operand)?;
    let at = input.until(&rest).into();
    Ok((rest, LabelFilter::Value { name, op, value, at }))
}

fn filter_value(input: Tokens<'_>) -> Parsed<'_, LabelFilterValue> {
    match input.kind() {
        TokenKind::Duration(nanos) => Ok((input.advanced(), LabelFilterValue::Duration(*nanos))),
        TokenKind::Bytes(bytes) => Ok((input.advanced(), LabelFilterValue::Bytes(*bytes))),
        _ => {
            let (rest, literal) = signed_number(input)?;
            Ok((rest, LabelFilterValue::Number(literal.value)))
        }
    }
}
