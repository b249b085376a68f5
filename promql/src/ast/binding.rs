//! How strongly operators bind.

use super::BinaryOp;

/// How strongly an operator binds; more binds stronger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Binding(u8);

impl Binding {
    const OR: Binding = Binding(1);
    const AND: Binding = Binding(2);
    const COMPARISON: Binding = Binding(3);
    pub(crate) const SUM: Binding = Binding(4);
    pub(crate) const PRODUCT: Binding = Binding(5);
    /// The only one that associates to the right: `a ^ b ^ c` is `a ^ (b ^ c)`.
    pub(crate) const POWER: Binding = Binding(6);
    pub(crate) const WEAKEST: Binding = Binding::OR;

    /// What operators on the right side of one of these must bind at least.
    pub(crate) fn right_side(self) -> Binding {
        if self == Binding::POWER { self } else { Binding(self.0 + 1) }
    }
}

impl BinaryOp {
    /// How strongly it binds.
    pub(crate) fn binding(self) -> Binding {
        match self {
            BinaryOp::Or => Binding::OR,
            BinaryOp::And | BinaryOp::Unless => Binding::AND,
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Greater
            | BinaryOp::Less
            | BinaryOp::GreaterOrEqual
            | BinaryOp::LessOrEqual
            | BinaryOp::TrimUpper
            | BinaryOp::TrimLower => Binding::COMPARISON,
            BinaryOp::Add | BinaryOp::Subtract => Binding::SUM,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo | BinaryOp::Atan2 => {
                Binding::PRODUCT
            }
            BinaryOp::Power => Binding::POWER,
        }
    }
}
