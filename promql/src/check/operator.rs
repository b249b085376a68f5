//! What may meet what.

use super::{CheckError, CheckErrorKind, matching, refuse};
use crate::ast::{Binary, Unary, ValueType};

/// A sign stands in front of numbers and of vectors.
pub(super) fn unary(node: &Unary, found: ValueType) -> Result<ValueType, CheckError> {
    match found {
        ValueType::Scalar | ValueType::Vector => Ok(found),
        _ => refuse(CheckErrorKind::UnaryOperand { found }, node.span),
    }
}

/// Scalars and vectors meet in any order; the result is a scalar where both are.
pub(super) fn binary(
    node: &Binary,
    left: ValueType,
    right: ValueType,
) -> Result<ValueType, CheckError> {
    if node.return_bool && !node.op.is_comparison() {
        return refuse(CheckErrorKind::BoolWithoutComparison, node.op_span);
    }
    let scalars = left == ValueType::Scalar && right == ValueType::Scalar;
    if scalars && node.op.is_comparison() && !node.return_bool {
        return refuse(CheckErrorKind::ScalarComparison, node.op_span);
    }
    for (side, found) in [(&node.left, left), (&node.right, right)] {
        if !matches!(found, ValueType::Scalar | ValueType::Vector) {
            return refuse(CheckErrorKind::BinaryOperand, side.span());
        }
    }
    if left == ValueType::Vector && right == ValueType::Vector {
        matching::between_vectors(node)?;
    } else {
        matching::beside_scalar(node)?;
    }
    Ok(if scalars { ValueType::Scalar } else { ValueType::Vector })
}
