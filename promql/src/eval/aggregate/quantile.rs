//! `quantile`: of the values of a group at each step.

use super::super::{
    Collected, EvaluationError, Evaluator, Grid, Identity, Note, Pace, Row, pieces,
};
use super::{filled, parts};
use crate::functions;
use crate::plan::Aggregate;

impl<'a> Evaluator<'a> {
    pub(super) fn quantile(
        &'a self,
        node: &'a Aggregate,
        grid: Grid,
    ) -> Result<Vec<Collected>, EvaluationError> {
        let Some(parameter) = &node.parameter else { return Ok(Vec::new()) };
        let phi = self.scalar(parameter, grid)?;
        for step in 0..grid.count {
            let phi = phi.at(step);
            if phi.is_nan() || !(0.0..=1.0).contains(&phi) {
                self.annotations.add(Note::InvalidQuantile(phi.into()), node.parameter_span);
            }
        }
        let rows = self.rows(&node.input, grid)?.into_rows();
        let (groups, order, group_of) = self.grouped(node, &*rows, grid)?;
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); groups.len()];
        for part in parts(&order, &group_of) {
            members[part.group as usize].extend(&order[part.range]);
        }
        let alone = pieces::alone(order.len(), grid.count);
        let done = pieces::run(self.context, members.len(), alone, &|group, scratch| {
            let mut drop_name = false;
            let mut columns: Vec<Row> = Vec::with_capacity(members[group].len());
            self.context.charge_bytes(Row::bytes(grid.count) * members[group].len() as u64)?;
            for index in &members[group] {
                let index = *index as usize;
                let mut row = filled(&*rows, index, scratch)?;
                drop_name |= !row.presence.is_none() && rows.identities()[index].drop_name;
                if row.has_histograms() {
                    row.keep_floats();
                    let aggregation = node.op.name();
                    self.annotations.add(Note::HistogramsIgnored { aggregation }, node.span);
                }
                columns.push(row);
            }
            let mut result = Row::absent(grid.count);
            let mut values = Vec::with_capacity(columns.len());
            let mut pace = Pace::new(self.context);
            for step in 0..grid.count {
                pace.spend(columns.len())?;
                values.clear();
                let present = columns.iter().filter(|row| row.presence.contains(step));
                values.extend(present.map(|row| row.floats[step]));
                if !values.is_empty() {
                    result.set_float(step, functions::quantile(phi.at(step), &values));
                }
            }
            Ok((result, drop_name))
        })?;
        let results = groups.all_labels().iter().zip(done).filter_map(|(labels, (row, drop))| {
            let identity = Identity::dropping(labels.clone(), drop);
            (!row.presence.is_none()).then(|| Collected::new(identity, row))
        });
        Ok(results.collect())
    }
}
