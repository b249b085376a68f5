//! Operators between a vector and a scalar: row by row.

use super::arithmetic::RowOperator;
use super::{EvaluationError, Evaluator, Grid, Identity, Row, RowSet, Rows, Scratch};
use crate::plan::WithScalar;

struct WithScalarRows<'a> {
    evaluator: &'a Evaluator<'a>,
    inner: Box<dyn Rows + 'a>,
    identities: Option<Vec<Identity>>,
    scalar: Row,
    operator: RowOperator,
    scalar_left: bool,
    slot: usize,
}

impl<'a> Evaluator<'a> {
    pub(super) fn with_scalar(
        &'a self,
        node: &'a WithScalar,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let scalar = Row::of_floats(self.scalar(&node.scalar, grid)?.into_floats(grid.count));
        let inner = self.rows(&node.vector, grid)?.into_rows();
        // Comparisons and trims give what they were given, or less.
        let filters = !node.op.is_arithmetic() && !node.return_bool;
        let identities = match filters {
            true => None,
            false => Some(self.nameless(inner.identities())?),
        };
        let operator = RowOperator {
            op: node.op,
            return_bool: node.return_bool,
            // A filter keeps the value of the vector, on whichever side it stands.
            keep_right: node.scalar_left,
            span: node.span,
        };
        let rows = WithScalarRows {
            evaluator: self,
            inner,
            identities,
            scalar,
            operator,
            scalar_left: node.scalar_left,
            slot: node.slot,
        };
        let rows = RowSet::Lazy(Box::new(rows));
        if filters { Ok(rows) } else { self.distinct(rows, grid, node.span) }
    }
}

impl Rows for WithScalarRows<'_> {
    fn identities(&self) -> &[Identity] {
        match &self.identities {
            Some(identities) => identities,
            None => self.inner.identities(),
        }
    }

    fn fill(
        &self,
        index: usize,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        let mut slot = scratch.take(self.slot);
        let filled = self.inner.fill(index, scratch, &mut slot.row).map(|()| {
            let (left, right) = match self.scalar_left {
                true => (&self.scalar, &slot.row),
                false => (&slot.row, &self.scalar),
            };
            self.operator.apply(self.evaluator, left, right, out);
        });
        scratch.put(self.slot, slot);
        filled
    }
}
