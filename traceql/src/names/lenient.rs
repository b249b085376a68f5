//! What a query that may be unfinished says so far.
//!
//! 1. One filter in braces is looked at; anything else says nothing.
//! 2. Its comparisons of a field with a constant are conditions. Pieces between `&&`, `||` and brackets
//!    that are anything else, unfinished ones above all, hold for every span.
//! 3. The conditions are spread out into alternatives: groups joined by `||` of conditions joined by `&&`.
//!    Where one alternative holds for every span, so does the whole: it says nothing.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::span::{SpanField, SpanValue};
use telemetry_core::syntax::Span;

use crate::ast::{At, Attribute, BinaryOp, FieldExpr};
use crate::lexer::{Symbol, Token, TokenKind, lex};
use crate::parse::{DEPTH_MAX, field_chunk};

/// A comparison of a field with a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct LenientCondition {
    /// The field.
    pub field: SpanField,
    /// The comparison, with the field on its left.
    pub op: BinaryOp,
    /// The constant.
    pub operand: SpanValue,
}

/// More alternatives than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter has more than {groups_max} alternatives: use fewer `||`")]
pub struct LenientError {
    /// How many are allowed.
    pub groups_max: usize,
}

/// The alternatives of a query that may be unfinished; none if it says nothing.
///
/// # Errors
/// [`LenientError`] for more than `groups_max` alternatives.
pub fn lenient_conditions(
    text: &str,
    groups_max: usize,
) -> Result<Vec<Vec<LenientCondition>>, LenientError> {
    let Some(tree) = read(text) else { return Ok(Vec::new()) };
    let groups = tree.groups(groups_max)?;
    Ok(if groups.iter().any(Vec::is_empty) { Vec::new() } else { groups })
}

/// The alternatives as one expression; none if there are none, or too many.
pub(super) fn filter(text: &str, groups_max: usize) -> Option<FieldExpr> {
    let groups = lenient_conditions(text, groups_max).ok()?;
    let join = |op: BinaryOp| {
        move |left: FieldExpr, right: FieldExpr| FieldExpr::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
            at: At::default(),
        }
    };
    let condition = |condition: LenientCondition| {
        let at = At::default();
        let field = FieldExpr::Attribute(Attribute { parent: false, field: condition.field, at });
        join(condition.op)(field, FieldExpr::Static(condition.operand, at))
    };
    let group =
        |group: Vec<LenientCondition>| group.into_iter().map(condition).reduce(join(BinaryOp::And));
    groups.into_iter().filter_map(group).reduce(join(BinaryOp::Or))
}

/// Conditions and how they are joined.
enum Tree {
    /// Holds for every span.
    Always,
    Condition(LenientCondition),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

impl Tree {
    fn groups(&self, max: usize) -> Result<Vec<Vec<LenientCondition>>, LenientError> {
        let mut groups = match self {
            Tree::Always => vec![Vec::new()],
            Tree::Condition(condition) => vec![vec![condition.clone()]],
            Tree::Or(left, right) => {
                let mut groups = left.groups(max)?;
                groups.extend(right.groups(max)?);
                groups
            }
            Tree::And(left, right) => {
                let (left, right) = (left.groups(max)?, right.groups(max)?);
                let joined = left.iter().flat_map(|left| {
                    right.iter().map(|right| [left.as_slice(), right.as_slice()].concat())
                });
                joined.collect()
            }
        };
        // Equal alternatives are one.
        let mut unique = Vec::<Vec<LenientCondition>>::new();
        groups.retain(|group| {
            let new = !unique.contains(group);
            if new {
                unique.push(group.clone());
            }
            new
        });
        if groups.len() > max { Err(LenientError { groups_max: max }) } else { Ok(groups) }
    }
}

/// `{ … }` and nothing else.
fn read(text: &str) -> Option<Tree> {
    let tokens = lex(text).ok()?;
    let [first, inside @ .., last, end] = tokens.as_slice() else { return None };
    let braces = is(first, Symbol::OpenBrace) && is(last, Symbol::CloseBrace);
    let nested = inside.iter().any(|t| is(t, Symbol::OpenBrace) || is(t, Symbol::CloseBrace));
    if !braces || nested || end.kind != TokenKind::End || inside.is_empty() {
        return None;
    }
    let mut rest = inside;
    let tree = chain(&mut rest, 0)?;
    rest.is_empty().then_some(tree)
}

fn is(token: &Token, symbol: Symbol) -> bool {
    token.kind == TokenKind::Symbol(symbol)
}

/// Pieces joined by `&&` and `||`, which bind alike and to the left.
fn chain(rest: &mut &[Token], depth: usize) -> Option<Tree> {
    let mut tree = piece(rest, depth)?;
    while let Some((joint, after)) = rest.split_first() {
        let and = is(joint, Symbol::And);
        if !and && !is(joint, Symbol::Or) {
            break;
        }
        *rest = after;
        let (left, right) = (Box::new(tree), Box::new(piece(rest, depth)?));
        tree = if and { Tree::And(left, right) } else { Tree::Or(left, right) };
    }
    Some(tree)
}

/// A bracket of pieces, or everything up to the next joint.
fn piece(rest: &mut &[Token], depth: usize) -> Option<Tree> {
    if depth > DEPTH_MAX {
        return None;
    }
    if let Some((first, inside)) = rest.split_first()
        && is(first, Symbol::Open)
    {
        let mut after = inside;
        let tree = chain(&mut after, depth + 1)?;
        let (close, behind) = after.split_first()?;
        if !is(close, Symbol::Close) {
            return None;
        }
        if behind.first().is_none_or(ends_piece) {
            *rest = behind;
            return Some(tree);
        }
        // The bracket belongs to a larger expression.
    }
    let mut open = 0_usize;
    let len = rest.iter().position(|token| {
        let ends = open == 0 && ends_piece(token);
        match token.kind {
            TokenKind::Symbol(Symbol::Open) => open += 1,
            TokenKind::Symbol(Symbol::Close) => open = open.saturating_sub(1),
            _ => {}
        }
        ends
    });
    let (chunk, behind) = rest.split_at_checked(len.unwrap_or(rest.len()))?;
    *rest = behind;
    Some(condition(chunk).map_or(Tree::Always, Tree::Condition))
}

fn ends_piece(token: &Token) -> bool {
    is(token, Symbol::And) || is(token, Symbol::Or) || is(token, Symbol::Close)
}

/// `field op constant` or, turned round, `constant op field`.
fn condition(chunk: &[Token]) -> Option<LenientCondition> {
    let end = chunk.last().map(|token| token.span.end).unwrap_or_default();
    let mut tokens = chunk.to_vec();
    tokens.push(Token { kind: TokenKind::End, span: Span::at(end) });
    let FieldExpr::Binary { op, left, right, .. } = field_chunk(&tokens)? else { return None };
    let (attribute, operand, flipped) = match (*left, *right) {
        (FieldExpr::Attribute(attribute), FieldExpr::Static(value, _)) => (attribute, value, false),
        (FieldExpr::Static(value, _), FieldExpr::Attribute(attribute)) => (attribute, value, true),
        _ => return None,
    };
    let op = match op {
        BinaryOp::And | BinaryOp::Or => return None,
        op if op.is_arithmetic() || attribute.parent => return None,
        BinaryOp::Less if flipped => BinaryOp::Greater,
        BinaryOp::LessEqual if flipped => BinaryOp::GreaterEqual,
        BinaryOp::Greater if flipped => BinaryOp::Less,
        BinaryOp::GreaterEqual if flipped => BinaryOp::LessEqual,
        BinaryOp::Regex | BinaryOp::NotRegex if flipped => return None,
        op => op,
    };
    Some(LenientCondition { field: attribute.field, op, operand })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let groups = lenient_conditions(text, 10).unwrap();
        let condition = |c: &LenientCondition| format!("{}{}{}", c.field, c.op.symbol(), c.operand);
        groups.iter().map(|g| g.iter().map(condition).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn unfinished_comparisons_hold_for_every_span() {
        assert_eq!(said("{ .a = 1 && .b = }"), [".a=1"]);
        assert_eq!(said("{ (.a = ) && 2 < .b }"), [".b>2"]);
        assert!(said("{ .a = 1 || .b = }").is_empty());
        assert!(said("{ .a = 1").is_empty());
        assert!(said("{ .a = 1 } >> { .b = 2 }").is_empty());
    }

    #[test]
    fn alternatives_are_spread_out() {
        assert_eq!(
            said("{ .n = 1 && (.a = 1 && .b = 2 || .c = 3) }"),
            [".n=1 .a=1 .b=2", ".n=1 .c=3"]
        );
        assert_eq!(said("{ (.a + 1) * 2 = 3 && .b = 2 }"), [".b=2"]);
        assert!(lenient_conditions("{ .a = 1 || .b = 1 || .c = 1 }", 2).is_err());
    }
}
