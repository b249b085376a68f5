//! Aggregations: the rows of a group become one row, or some of them are chosen.
//!
//! ~~~text
//! rows ──▶ in the order of their groups, cut into pieces of rows
//!          piece 0: group a, a, a │ b        each piece on one thread, rows computed into one buffer
//!          piece 1: b, b │ c                 and added to the accumulator of their group at once
//!                   └── the parts of b are joined in their order
//! ~~~
//!
//! Where the cuts are depends on the number of rows alone, so sums come out the same on any number of
//! threads. A group of up to [`GROUP_ROWS`] rows is never cut: it is added up in the order of its
//! rows, as Prometheus does.

mod accumulator;
mod choose;
mod column;
mod count_values;
mod quantile;
mod sample;
mod top;

use std::ops::Range;

use telemetry_core::query::Resource;
use telemetry_core::vector::Groups;

use super::pace::paced;
use super::row::{Rows, Scratch};
use super::{Collected, EvaluationError, Evaluator, Grid, Identity, Row, RowSet, merge, pieces};
use crate::ast::AggregateOp;
use crate::plan::Aggregate;
use accumulator::{Accumulator, Joining};

/// Rows of a group that are added up one after the other.
const GROUP_ROWS: usize = 1024;

/// Rows per piece, unless one group has more.
const PIECE_ROWS: usize = 128;

/// Rows by their group: `rows[range]` belong to `group`.
struct Part {
    group: u32,
    range: Range<usize>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn aggregate(
        &'a self,
        node: &'a Aggregate,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let rows = match node.op {
            AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK => {
                return self.choose(node, grid).map(RowSet::Ready);
            }
            AggregateOp::LimitRatio => return self.sample(node, grid).map(RowSet::Ready),
            AggregateOp::CountValues => self.count_values(node, grid)?,
            AggregateOp::Quantile => self.quantile(node, grid)?,
            _ => self.accumulate(node, grid)?,
        };
        // Groups by the metric name are one group once the name is gone.
        if self.settings.delayed_name_removal {
            return Ok(RowSet::Ready(rows));
        }
        merge::join_equal(self.context, rows, node.span).map(RowSet::Ready)
    }

    /// `sum`, `avg`, `min`, `max`, `count`, `group`, `stddev`, `stdvar`.
    fn accumulate(
        &'a self,
        node: &'a Aggregate,
        grid: Grid,
    ) -> Result<Vec<Collected>, EvaluationError> {
        let rows = self.rows(&node.input, grid)?.into_rows();
        let (groups, order, group_of) = self.grouped(node, &*rows, grid)?;
        let parts = parts(&order, &group_of);
        let joining = Joining { evaluator: self, op: node.op, span: node.span };
        let jobs = jobs(&parts);
        let alone = pieces::alone(order.len(), grid.count);
        let done = pieces::run(self.context, jobs.len(), alone, &|at, scratch| {
            let mut row = Row::default();
            let mut done = Vec::new();
            for part in &parts[jobs[at].clone()] {
                self.context.charge_bytes(Accumulator::bytes(node.op, grid.count))?;
                let mut accumulator = Accumulator::new(node.op, grid.count);
                for index in &order[part.range.clone()] {
                    let index = *index as usize;
                    self.context.check()?;
                    rows.fill(index, scratch, &mut row)?;
                    accumulator.add(&row, &rows.identities()[index], &joining);
                    if row.has_histograms() {
                        self.context.charge_bytes(accumulator.take_histogram_bytes())?;
                    }
                }
                done.push((part.group, accumulator));
            }
            Ok(done)
        })?;
        let mut totals: Vec<Option<Accumulator>> = Vec::new();
        totals.resize_with(groups.len(), || None);
        for (group, accumulator) in done.into_iter().flatten() {
            match &mut totals[group as usize] {
                Some(total) => total.join(accumulator, &joining),
                slot => *slot = Some(accumulator),
            }
        }
        let mut results = Vec::with_capacity(groups.len());
        for (labels, total) in groups.all_labels().iter().zip(totals) {
            let Some(total) = total else { continue };
            let (row, drop_name) = total.finish(&joining);
            if !row.presence.is_none() {
                let identity = Identity::dropping(labels.clone(), drop_name);
                results.push(Collected::new(identity, row));
            }
        }
        Ok(results)
    }

    /// The groups, the rows sorted by their group, and the group of each row.
    fn grouped(
        &self,
        node: &Aggregate,
        rows: &dyn Rows,
        grid: Grid,
    ) -> Result<(Groups, Vec<u32>, Vec<u32>), EvaluationError> {
        let mut groups = Groups::new(node.grouping.clone());
        let group = |identity: &Identity| groups.assign(&identity.labels);
        let group_of = paced(self.context, rows.identities(), group)?;
        let held = (groups.len() as u64).saturating_mul(grid.count as u64);
        self.context.bound(Resource::Samples, held)?;
        let count = u32::try_from(group_of.len()).unwrap_or(u32::MAX);
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_by_key(|row| group_of[*row as usize]);
        Ok((groups, order, group_of))
    }
}

/// The rows of each group, cut where there are too many of them.
fn parts(order: &[u32], group_of: &[u32]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (at, row) in order.iter().enumerate() {
        let group = group_of[*row as usize];
        match parts.last_mut() {
            Some(part) if part.group == group && part.range.len() < GROUP_ROWS => {
                part.range.end = at + 1;
            }
            _ => parts.push(Part { group, range: at..at + 1 }),
        }
    }
    parts
}

/// Parts put together until a piece has enough rows.
fn jobs(parts: &[Part]) -> Vec<Range<usize>> {
    let mut jobs: Vec<Range<usize>> = Vec::new();
    let mut rows = PIECE_ROWS;
    for (at, part) in parts.iter().enumerate() {
        match jobs.last_mut() {
            Some(job) if rows < PIECE_ROWS => job.end = at + 1,
            _ => {
                jobs.push(at..at + 1);
                rows = 0;
            }
        }
        rows += part.range.len();
    }
    jobs
}

/// A row by itself.
pub(super) fn filled(
    rows: &dyn Rows,
    index: usize,
    scratch: &mut Scratch,
) -> Result<Row, EvaluationError> {
    let mut row = Row::default();
    rows.fill(index, scratch, &mut row)?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_groups_are_cut_and_small_ones_put_together() {
        let group_of: Vec<u32> =
            (0..2_000).map(|row| if row < 1_500 { 0 } else { 1 + row % 10 }).collect();
        let mut order: Vec<u32> = (0..2_000).collect();
        order.sort_by_key(|row| group_of[*row as usize]);
        let parts = parts(&order, &group_of);
        assert_eq!(parts.len(), 12);
        assert_eq!(parts[0].range, 0..GROUP_ROWS);
        let jobs = jobs(&parts);
        assert_eq!(jobs.len(), 6);
        assert_eq!(jobs.last().map(|job| job.end), Some(12));
    }
}
