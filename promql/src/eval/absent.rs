//! `absent`: a one where a vector has no value.

use telemetry_core::labels::Labels;

use super::{Collected, EvaluationError, Evaluator, Grid, Identity, Row, RowSet};
use crate::plan::Vector;

impl<'a> Evaluator<'a> {
    pub(super) fn absent(
        &'a self,
        input: &'a Vector,
        labels: &Labels,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let mut row = Row::of_floats(vec![1.0; grid.count]);
        for present in self.collect(input, grid)? {
            row.presence.subtract(&present.row.presence);
        }
        if row.presence.is_none() {
            return Ok(RowSet::none());
        }
        Ok(RowSet::Ready(vec![Collected::new(Identity::new(labels.clone()), row)]))
    }
}
