//! Expressions over the fields of one span.

use telemetry_core::source::span::{SpanField, SpanValue};

use super::At;
use crate::lexer::Symbol;

/// An expression over the fields of one span.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldExpr {
    /// A constant.
    Static(SpanValue, At),
    /// A field.
    Attribute(Attribute),
    /// The bare word `parent`, which parses and is then refused.
    Parent(At),
    /// An operator before (or, for the two tests for nil, behind) one operand.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<FieldExpr>,
        /// Where it stands.
        at: At,
    },
    /// An operator between two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left operand.
        left: Box<FieldExpr>,
        /// The right operand.
        right: Box<FieldExpr>,
        /// Where it stands.
        at: At,
    },
}

/// A field as a query names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Whether the parent span's is meant, which parses and is then refused.
    pub parent: bool,
    /// The field.
    pub field: SpanField,
    /// Where it stands.
    pub at: At,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-x`
    Negate,
    /// `!x`
    Not,
    /// `x != nil`
    Exists,
    /// `x = nil`
    NotExists,
}

macro_rules! binary {
    ($($name:ident)*) => {
        /// Operators with two operands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "named as their symbols")]
        pub enum BinaryOp { $($name),* }

        impl BinaryOp {
            /// The operator that a symbol stands for between fields.
            pub fn from_symbol(symbol: Symbol) -> Option<Self> {
                match symbol { $(Symbol::$name => Some(BinaryOp::$name),)* _ => None }
            }

            /// The symbol.
            pub fn symbol(self) -> Symbol {
                match self { $(BinaryOp::$name => Symbol::$name),* }
            }
        }
    };
}

binary! {
    And Or Equal NotEqual Regex NotRegex Less LessEqual Greater GreaterEqual
    Add Subtract Multiply Divide Modulo Power
}

impl BinaryOp {
    /// Whether the result is a number.
    pub fn is_arithmetic(self) -> bool {
        use BinaryOp as B;
        matches!(self, B::Add | B::Subtract | B::Multiply | B::Divide | B::Modulo | B::Power)
    }
}

impl FieldExpr {
    /// Where it stands.
    pub fn at(&self) -> At {
        match self {
            FieldExpr::Static(_, at)
            | FieldExpr::Parent(at)
            | FieldExpr::Attribute(Attribute { at, .. })
            | FieldExpr::Unary { at, .. }
            | FieldExpr::Binary { at, .. } => *at,
        }
    }
}
