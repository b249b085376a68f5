//! `and`, `or`, `unless`.

use telemetry_core::vector::{Matches, intersect, subtract, union};

use super::{Collected, EvaluationError, Evaluator, Grid, RowSet, merge};
use crate::ast::BinaryOp;
use crate::plan::Set;

impl<'a> Evaluator<'a> {
    pub(super) fn set(&'a self, node: &'a Set, grid: Grid) -> Result<RowSet<'a>, EvaluationError> {
        let mut left = self.collect(&node.left, grid)?;
        let mut right = self.collect(&node.right, grid)?;
        let matches = Matches::new(
            node.grouping.clone(),
            left.iter().map(|row| &row.identity.labels),
            right.iter().map(|row| &row.identity.labels),
        );
        match node.op {
            BinaryOp::And => intersect(&matches, &mut left, &right),
            BinaryOp::Unless => subtract(&matches, &mut left, &right),
            _ => {
                union(&matches, &left, &mut right);
                left.append(&mut right);
            }
        }
        left.retain(|row: &Collected| !row.row.presence.is_none());
        merge::join_equal(self.context, left, node.span).map(RowSet::Ready)
    }
}
