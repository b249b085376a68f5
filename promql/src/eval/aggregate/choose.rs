//! `topk`, `bottomk`, `limitk`: some rows of each group, as they are.

use telemetry_core::vector::{Groups, Presence};

use super::super::scalar::ScalarColumn;
use super::super::{Collected, EvaluationError, Evaluator, Grid, Note, Pace};
use super::top::{Candidate, Top};
use crate::ast::AggregateOp;
use crate::plan::Aggregate;

impl<'a> Evaluator<'a> {
    pub(super) fn choose(
        &'a self,
        node: &'a Aggregate,
        grid: Grid,
    ) -> Result<Vec<Collected>, EvaluationError> {
        let Some(parameter) = &node.parameter else { return Ok(Vec::new()) };
        let parameter = self.scalar(parameter, grid)?;
        let counts = counts(&parameter, node, grid)?;
        let mut rows = self.collect(&node.input, grid)?;
        if counts.iter().all(|count| *count == 0) {
            return Ok(Vec::new());
        }
        let limits = node.op == AggregateOp::LimitK;
        if !limits {
            for row in rows.iter_mut().filter(|row| row.row.has_histograms()) {
                row.row.keep_floats();
                let aggregation = node.op.name();
                self.annotations.add(Note::HistogramsIgnored { aggregation }, node.span);
            }
        }
        let mut groups = Groups::new(node.grouping.clone());
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let group = groups.assign(&row.identity.labels) as usize;
            members.resize(members.len().max(group + 1), Vec::new());
            members[group].push(at);
        }
        let mut kept = vec![Presence::none(grid.count); rows.len()];
        // In an instant query the order of the result is the order of the choice.
        let mut order: Vec<usize> = Vec::new();
        let mut top = Top::new(node.op == AggregateOp::TopK);
        let mut pace = Pace::new(self.context);
        for members in &members {
            for (step, k) in counts.iter().enumerate() {
                pace.spend(members.len())?;
                let present =
                    members.iter().copied().filter(|at| rows[*at].row.presence.contains(step));
                if limits {
                    for row in present.take(*k) {
                        kept[row].insert(step);
                        order.push(row);
                    }
                    continue;
                }
                top.clear();
                for row in present {
                    top.offer(Candidate { value: rows[row].row.floats[step], row }, *k);
                }
                for candidate in top.sorted() {
                    kept[candidate.row].insert(step);
                    order.push(candidate.row);
                }
            }
        }
        if grid.count > 1 {
            order = (0..rows.len()).collect();
        }
        let mut slots: Vec<Option<Collected>> = rows.into_iter().map(Some).collect();
        let take = |at: usize| {
            let mut row = slots.get_mut(at)?.take()?;
            row.row.presence = kept[at].clone();
            (!row.row.presence.is_none()).then_some(row)
        };
        Ok(order.into_iter().filter_map(take).collect())
    }
}

/// How many rows of a group each step keeps.
fn counts(
    parameter: &ScalarColumn,
    node: &Aggregate,
    grid: Grid,
) -> Result<Vec<usize>, EvaluationError> {
    let span = node.parameter_span;
    let count = |step: usize| {
        let value = parameter.at(step);
        if value.is_nan() {
            return Err(EvaluationError::ParameterNaN { span });
        }
        if value >= i64::MAX as f64 || value <= i64::MIN as f64 {
            return Err(EvaluationError::ParameterOverflow { value, span });
        }
        Ok(if value < 1.0 { 0 } else { value as usize })
    };
    (0..grid.count).map(count).collect()
}
