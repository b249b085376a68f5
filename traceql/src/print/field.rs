//! Expressions over fields, and the names of fields.

use std::fmt::{self, Display, Formatter, Write as _};

use telemetry_core::source::span::{AttributeScope, SpanField, SpanValue};

use super::{CHAIN_BRACKETS_MAX, Literal};
use crate::ast::{Attribute, BinaryOp, FieldExpr, UnaryOp};
use crate::lexer::ends_name;
use crate::parse::precedence;

impl Display for FieldExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FieldExpr::Static(value, _) => Literal(value).fmt(f),
            FieldExpr::Attribute(attribute) => attribute.fmt(f),
            FieldExpr::Parent(_) => f.write_str("parent"),
            FieldExpr::Unary { op, operand, .. } => {
                let sign = match op {
                    UnaryOp::Negate => "-",
                    UnaryOp::Not => "!",
                    UnaryOp::Exists => return write!(f, "{} != nil", Operand(operand)),
                    UnaryOp::NotExists => return write!(f, "{} = nil", Operand(operand)),
                };
                match &**operand {
                    FieldExpr::Unary { op: UnaryOp::Negate | UnaryOp::Not, .. } => {
                        write!(f, "{sign}{operand}")
                    }
                    operand => write!(f, "{sign}{}", Operand(operand)),
                }
            }
            FieldExpr::Binary { op, left, right, .. } => {
                // In front of these a minus would take more than its number.
                let tight = matches!(
                    op,
                    BinaryOp::Power | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo
                );
                match &**left {
                    left if tight && is_negative(left) => write!(f, "({left})")?,
                    left if reads_back_bare(*op, left) => left.fmt(f)?,
                    left => Operand(left).fmt(f)?,
                }
                write!(f, " {} {}", op.symbol(), Operand(right))
            }
        }
    }
}

fn is_negative(expr: &FieldExpr) -> bool {
    match expr {
        FieldExpr::Static(SpanValue::Int(value) | SpanValue::Duration(value), _) => *value < 0,
        FieldExpr::Static(SpanValue::Float(value), _) => value.is_sign_negative(),
        _ => false,
    }
}

/// Whether the left operand of an operator needs no brackets and is so long that with them it would nest too
/// deep.
fn reads_back_bare(op: BinaryOp, left: &FieldExpr) -> bool {
    let FieldExpr::Binary { op: inner, .. } = left else { return false };
    let same_level = precedence(op.symbol()) == precedence(inner.symbol()) && op != BinaryOp::Power;
    let chain = std::iter::successors(Some(left), |expr| match expr {
        FieldExpr::Binary { left, .. } => Some(&**left),
        _ => None,
    });
    same_level && chain.take(CHAIN_BRACKETS_MAX + 1).count() > CHAIN_BRACKETS_MAX
}

/// In brackets where it has an operator.
struct Operand<'a>(&'a FieldExpr);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            FieldExpr::Static(..) | FieldExpr::Attribute(_) | FieldExpr::Parent(_) => self.0.fmt(f),
            FieldExpr::Unary { .. } | FieldExpr::Binary { .. } => write!(f, "({})", self.0),
        }
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (scope, name) = match &self.field {
            SpanField::Intrinsic(intrinsic) => return f.write_str(intrinsic.as_str()),
            SpanField::Attribute { scope, name } => (*scope, name),
        };
        if self.parent {
            f.write_str("parent.")?;
        }
        match scope {
            AttributeScope::Any if self.parent => {}
            AttributeScope::Any => f.write_char('.')?,
            scope => write!(f, "{}.", scope.as_str())?,
        }
        let bare = scope == AttributeScope::Any;
        let digit = bare && !self.parent && name.starts_with(|c: char| c.is_ascii_digit());
        let scoped =
            bare && self.parent && ["span.", "resource."].iter().any(|s| name.starts_with(s));
        if !digit && !scoped && !name.contains(|c| c == '"' || ends_name(c)) {
            return f.write_str(name);
        }
        f.write_char('"')?;
        for c in name.chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}
