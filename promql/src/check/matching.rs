//! Which matching modifiers fit an operator and its operands.

use super::{CheckError, CheckErrorKind, refuse};
use crate::ast::{Binary, Fill, MatchingLabels};

/// Both sides are vectors.
pub(super) fn between_vectors(node: &Binary) -> Result<(), CheckError> {
    let matching = &node.matching;
    if let (MatchingLabels::On(labels), Some(group)) = (&matching.labels, &matching.group)
        && let Some(label) = labels.iter().find(|label| group.include.contains(label))
    {
        let label = label.clone();
        return refuse(CheckErrorKind::LabelOnAndIncluded { label }, node.span);
    }
    if node.op.is_set() {
        if matching.group.is_some() {
            return refuse(CheckErrorKind::GroupingOnSetOperator { op: node.op }, node.span);
        }
        if matching.fill != Fill::default() {
            return refuse(CheckErrorKind::FillOnSetOperator, node.span);
        }
    }
    Ok(())
}

/// One side at least is a scalar. A clause without labels (`on ()`) is harmless there.
pub(super) fn beside_scalar(node: &Binary) -> Result<(), CheckError> {
    let (MatchingLabels::On(labels) | MatchingLabels::Ignoring(labels)) = &node.matching.labels;
    if !labels.is_empty() {
        return refuse(CheckErrorKind::MatchingOnScalar, node.span);
    }
    if node.matching.fill != Fill::default() {
        return refuse(CheckErrorKind::FillOnScalar, node.span);
    }
    if node.op.is_set() {
        return refuse(CheckErrorKind::SetOperatorOnScalar { op: node.op }, node.span);
    }
    Ok(())
}
