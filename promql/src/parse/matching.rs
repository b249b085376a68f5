//! What stands between an operator and its right side: `bool`, `on`, `group_left`, `fill`, …

use super::aggregate::labels;
use super::literal::signed_number;
use super::tokens::{Parsed, Tokens, refuse, token};
use super::{Expected, Feature, SyntaxErrorKind};
use crate::ast::{Fill, GroupModifier, Matching, MatchingLabels, Side};
use crate::lexer::{Keyword, TokenKind};
use nom::Parser as _;
use nom::combinator::{cut, opt};
use nom::sequence::delimited;

/// All that may stand behind an operator.
#[derive(Default)]
pub(super) struct OperatorModifiers {
    pub(super) return_bool: bool,
    pub(super) matching: Matching,
}

/// In this order: `bool`, the labels, the group, what is filled in.
pub(super) fn operator_modifiers(input: Tokens<'_>) -> Parsed<'_, OperatorModifiers> {
    let mut modifiers = OperatorModifiers::default();
    let mut rest = input;
    // Nearly all operators have none, and those that have begin with a keyword.
    let TokenKind::Keyword(first) = rest.peek().kind else { return Ok((rest, modifiers)) };
    if first == Keyword::Bool {
        modifiers.return_bool = true;
        rest = rest.advance();
    }
    let (mut rest, labels) = opt(matching_labels).parse(rest)?;
    if let Some(labels) = labels {
        modifiers.matching.labels = labels;
        (rest, modifiers.matching.group) = opt(group_modifier).parse(rest)?;
    }
    let (rest, fill) = opt_fill(rest)?;
    modifiers.matching.fill = fill;
    Ok((rest, modifiers))
}

fn matching_labels(input: Tokens<'_>) -> Parsed<'_, MatchingLabels> {
    let clause = match input.peek().kind {
        TokenKind::Keyword(Keyword::On) => MatchingLabels::On,
        TokenKind::Keyword(Keyword::Ignoring) => MatchingLabels::Ignoring,
        _ => return Err(input.unexpected(Expected::Expression)),
    };
    let (rest, names) = cut(labels).parse(input.advance())?;
    Ok((rest, clause(names)))
}

/// `group_left` or `group_right`; the labels to include may be left out with their parentheses.
fn group_modifier(input: Tokens<'_>) -> Parsed<'_, GroupModifier> {
    let many = match input.peek().kind {
        TokenKind::Keyword(Keyword::GroupLeft) => Side::Left,
        TokenKind::Keyword(Keyword::GroupRight) => Side::Right,
        _ => return Err(input.unexpected(Expected::Expression)),
    };
    let mut rest = input.advance();
    let mut include = Vec::new();
    if rest.peek().kind == TokenKind::LeftParen {
        (rest, include) = cut(labels).parse(rest)?;
    }
    Ok((rest, GroupModifier { many, include }))
}

/// `fill(x)`, or `fill_left(x)` and `fill_right(x)` in any order. Without a parenthesis behind them
/// the words name metrics.
fn opt_fill(input: Tokens<'_>) -> Parsed<'_, Fill> {
    let mut fill = Fill::default();
    let mut rest = input;
    while let (TokenKind::Keyword(word), TokenKind::LeftParen) = (rest.peek().kind, rest.second()) {
        let (left, right) = match word {
            Keyword::Fill => (true, true),
            Keyword::FillLeft => (true, false),
            Keyword::FillRight => (false, true),
            _ => break,
        };
        if (left && fill.left.is_some()) || (right && fill.right.is_some()) {
            break;
        }
        if !rest.options().fill_modifiers {
            let feature = Feature::FillModifiers;
            return refuse(SyntaxErrorKind::NotEnabled { feature }, rest.peek().span);
        }
        let (after, value) = delimited(
            token(TokenKind::LeftParen),
            cut(|input| signed_number(input, Expected::Number)),
            cut(token(TokenKind::RightParen)),
        )
        .parse(rest.advance())?;
        rest = after;
        if left {
            fill.left = Some(value.value);
        }
        if right {
            fill.right = Some(value.value);
        }
    }
    Ok((rest, fill))
}
