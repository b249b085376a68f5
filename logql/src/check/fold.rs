//! Constants are worth their value: `1 + 2 * 3` is the literal `7`.

use crate::ast::{Binary, BinaryOp, Expr, Literal};

/// The tree with every constant expression replaced by its value.
pub(crate) fn fold(expr: Expr) -> Expr {
    match expr {
        Expr::Binary(node) => {
            let at = node.at;
            let (left, right) = (fold(*node.left), fold(*node.right));
            if let (Expr::Literal(a), Expr::Literal(b)) = (&left, &right) {
                return Expr::Literal(Literal { value: apply(node.op, a.value, b.value), at });
            }
            let (left, right) = (Box::new(left), Box::new(right));
            Expr::Binary(Binary { left, right, ..node })
        }
        Expr::VectorAggregation(mut node) => {
            *node.inner = fold(*node.inner);
            Expr::VectorAggregation(node)
        }
        Expr::LabelReplace(mut node) => {
            *node.inner = fold(*node.inner);
            Expr::LabelReplace(node)
        }
        leaf => leaf,
    }
}

/// The value of a constant expression.
pub(crate) fn evaluate(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Literal(literal) => Some(literal.value),
        Expr::Binary(node) => Some(apply(node.op, evaluate(&node.left)?, evaluate(&node.right)?)),
        _ => None,
    }
}

/// `left op right` of two numbers: comparisons give 1 and 0, division by zero gives NaN.
pub(crate) fn apply(op: BinaryOp, left: f64, right: f64) -> f64 {
    match op {
        BinaryOp::Add => left + right,
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div if right == 0.0 => f64::NAN,
        BinaryOp::Div => left / right,
        BinaryOp::Mod if right == 0.0 => f64::NAN,
        BinaryOp::Mod => left % right,
        BinaryOp::Pow => pow(left, right),
        _ => f64::from(u8::from(compare(op, left, right))),
    }
}

/// Go's `math.Pow`, which differs from C's in nothing that floats can show here.
fn pow(base: f64, exponent: f64) -> f64 {
    base.powf(exponent)
}

/// Whether the comparison holds; the set operators compare nothing.
pub(crate) fn compare(op: BinaryOp, left: f64, right: f64) -> bool {
    match op {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Greater => left > right,
        BinaryOp::GreaterEqual => left >= right,
        BinaryOp::Less => left < right,
        BinaryOp::LessEqual => left <= right,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_zero_is_no_number() {
        assert!(apply(BinaryOp::Div, 1.0, 0.0).is_nan());
        assert!(apply(BinaryOp::Mod, 1.0, -0.0).is_nan());
        assert_eq!(apply(BinaryOp::Mod, -5.0, 3.0), -2.0);
        assert_eq!(apply(BinaryOp::Greater, 2.0, 1.0), 1.0);
    }
}
