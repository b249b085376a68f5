//! Which tokens are operators, and how strongly they bind.

use crate::ast::{BinaryOp, DurationOp};
use crate::lexer::{Keyword, TokenKind};

/// How strongly an operator binds; more binds stronger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Binding(u8);

impl Binding {
    const OR: Binding = Binding(1);
    const AND: Binding = Binding(2);
    const COMPARISON: Binding = Binding(3);
    const SUM: Binding = Binding(4);
    const PRODUCT: Binding = Binding(5);
    /// The only one that associates to the right: `a ^ b ^ c` is `a ^ (b ^ c)`.
    pub(super) const POWER: Binding = Binding(6);
    pub(super) const WEAKEST: Binding = Binding::OR;

    /// What operators on the right side of one of these must bind at least.
    pub(super) fn right_side(self) -> Binding {
        if self == Binding::POWER { self } else { Binding(self.0 + 1) }
    }
}

/// The operator between two expressions that `kind` is.
pub(super) fn infix(kind: TokenKind) -> Option<(BinaryOp, Binding)> {
    Some(match kind {
        TokenKind::Plus => (BinaryOp::Add, Binding::SUM),
        TokenKind::Minus => (BinaryOp::Subtract, Binding::SUM),
        TokenKind::Star => (BinaryOp::Multiply, Binding::PRODUCT),
        TokenKind::Slash => (BinaryOp::Divide, Binding::PRODUCT),
        TokenKind::Percent => (BinaryOp::Modulo, Binding::PRODUCT),
        TokenKind::Keyword(Keyword::Atan2) => (BinaryOp::Atan2, Binding::PRODUCT),
        TokenKind::Caret => (BinaryOp::Power, Binding::POWER),
        TokenKind::Equal => (BinaryOp::Equal, Binding::COMPARISON),
        TokenKind::NotEqual => (BinaryOp::NotEqual, Binding::COMPARISON),
        TokenKind::Greater => (BinaryOp::Greater, Binding::COMPARISON),
        TokenKind::Less => (BinaryOp::Less, Binding::COMPARISON),
        TokenKind::GreaterOrEqual => (BinaryOp::GreaterOrEqual, Binding::COMPARISON),
        TokenKind::LessOrEqual => (BinaryOp::LessOrEqual, Binding::COMPARISON),
        TokenKind::TrimUpper => (BinaryOp::TrimUpper, Binding::COMPARISON),
        TokenKind::TrimLower => (BinaryOp::TrimLower, Binding::COMPARISON),
        TokenKind::Keyword(Keyword::And) => (BinaryOp::And, Binding::AND),
        TokenKind::Keyword(Keyword::Unless) => (BinaryOp::Unless, Binding::AND),
        TokenKind::Keyword(Keyword::Or) => (BinaryOp::Or, Binding::OR),
        _ => return None,
    })
}

/// The operator between two durations that `kind` is.
pub(super) fn duration_infix(kind: TokenKind) -> Option<(DurationOp, Binding)> {
    Some(match kind {
        TokenKind::Plus => (DurationOp::Add, Binding::SUM),
        TokenKind::Minus => (DurationOp::Subtract, Binding::SUM),
        TokenKind::Star => (DurationOp::Multiply, Binding::PRODUCT),
        TokenKind::Slash => (DurationOp::Divide, Binding::PRODUCT),
        TokenKind::Percent => (DurationOp::Modulo, Binding::PRODUCT),
        TokenKind::Caret => (DurationOp::Power, Binding::POWER),
        _ => return None,
    })
}
