//! Expressions over fields, and the names of fields.

use std::fmt::{self, Display, Formatter, Write as _};

use telemetry_core::source::span::{AttributeScope, SpanField, SpanValue};

use super::Literal;
use crate::ast::{Attribute, BinaryOp, FieldExpr, UnaryOp};
use crate::lexer::ends_name;

impl Display for FieldExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FieldExpr::Static(value, _) => Literal(value).fmt(f),
            FieldExpr::Attribute(attribute) => attribute.fmt(f),
            FieldExpr::Parent(_) => f.write_str("parent"),
            FieldExpr::Unary { op, operand, .. } => match op {
                UnaryOp::Negate => write!(f, "-{}", Operand(operand, false)),
                UnaryOp::Not => write!(f, "!{}", Operand(operand, false)),
                UnaryOp::Exists => write!(f, "{} != nil", Operand(operand, false)),
                UnaryOp::NotExists => write!(f, "{} = nil", Operand(operand, false)),
            },
            FieldExpr::Binary { op, left, right, .. } => {
                // In front of these a minus would take more than its number.
                let tight = matches!(
                    op,
                    BinaryOp::Power | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo
                );
                write!(f, "{} {} {}", Operand(left, tight), op.symbol(), Operand(right, false))
            }
        }
    }
}

/// In brackets where it has an operator; with `true` also where it is a negative number.
struct Operand<'a>(&'a FieldExpr, bool);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bracket = match self.0 {
            FieldExpr::Static(SpanValue::Int(value) | SpanValue::Duration(value), _) => {
                self.1 && *value < 0
            }
            FieldExpr::Static(SpanValue::Float(value), _) => self.1 && value.is_sign_negative(),
            FieldExpr::Static(..) | FieldExpr::Attribute(_) | FieldExpr::Parent(_) => false,
            FieldExpr::Unary { .. } | FieldExpr::Binary { .. } => true,
        };
        if bracket { write!(f, "({})", self.0) } else { self.0.fmt(f) }
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
