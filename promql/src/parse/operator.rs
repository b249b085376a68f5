//! Which tokens are operators.

use crate::ast::{BinaryOp, Binding, DurationOp};
use crate::lexer::{Keyword, TokenKind};

/// The operator between two expressions that `kind` is.
pub(crate) fn infix(kind: TokenKind) -> Option<(BinaryOp, Binding)> {
    let op = match kind {
        TokenKind::Plus => BinaryOp::Add,
        TokenKind::Minus => BinaryOp::Subtract,
        TokenKind::Star => BinaryOp::Multiply,
        TokenKind::Slash => BinaryOp::Divide,
        TokenKind::Percent => BinaryOp::Modulo,
        TokenKind::Keyword(Keyword::Atan2) => BinaryOp::Atan2,
        TokenKind::Caret => BinaryOp::Power,
        TokenKind::Equal => BinaryOp::Equal,
        TokenKind::NotEqual => BinaryOp::NotEqual,
        TokenKind::Greater => BinaryOp::Greater,
        TokenKind::Less => BinaryOp::Less,
        TokenKind::GreaterOrEqual => BinaryOp::GreaterOrEqual,
        TokenKind::LessOrEqual => BinaryOp::LessOrEqual,
        TokenKind::TrimUpper => BinaryOp::TrimUpper,
        TokenKind::TrimLower => BinaryOp::TrimLower,
        TokenKind::Keyword(Keyword::And) => BinaryOp::And,
        TokenKind::Keyword(Keyword::Unless) => BinaryOp::Unless,
        TokenKind::Keyword(Keyword::Or) => BinaryOp::Or,
        _ => return None,
    };
    Some((op, op.binding()))
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
