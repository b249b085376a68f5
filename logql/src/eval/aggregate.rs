//! `sum`, `topk` and their kin: rows of groups.
//!
//! Sums are plain sums in the order of the rows, which is that of their labels.

use super::row::{Row, Steps};
use crate::ast::VectorOp;
use crate::error::Error;
use crate::plan::AggregationPlan;
use std::cmp::Ordering;
use telemetry_core::vector::{Groups, Presence};

/// Runs an aggregation.
pub(super) fn run(
    plan: &AggregationPlan,
    rows: Vec<Row>,
    steps: &Steps,
) -> Result<Vec<Row>, Error> {
    match plan.op {
        VectorOp::Topk => Ok(pick(plan, rows, steps, |a, b| b.total_cmp_nan_last(a))),
        VectorOp::Bottomk => Ok(pick(plan, rows, steps, |a, b| a.total_cmp_nan_last(b))),
        VectorOp::ApproxTopk if steps.count > 1 => Err(Error::ApproxTopkRange { span: plan.span }),
        VectorOp::ApproxTopk => Ok(pick(plan, rows, steps, |a, b| b.total_cmp_nan_last(a))),
        // An instant answer is ordered where it is made; a series over time has no order.
        VectorOp::Sort | VectorOp::SortDesc => Ok(sorted(plan.op, rows)),
        _ => Ok(fold(plan, &rows, steps)),
    }
}

fn fold(plan: &AggregationPlan, rows: &[Row], steps: &Steps) -> Vec<Row> {
    let mut groups = Groups::new(plan.grouping.clone());
    let mut states: Vec<(Vec<Accumulator>, Presence)> = Vec::new();
    for row in rows {
        let group = groups.assign(&row.labels) as usize;
        if group >= states.len() {
            states.push((vec![Accumulator::default(); steps.count], Presence::none(steps.count)));
        }
        let Some((accumulators, presence)) = states.get_mut(group) else { continue };
        for step in &row.presence {
            if let Some(accumulator) = accumulators.get_mut(step) {
                accumulator.add(plan.op, row.value(step), presence.contains(step));
            }
            presence.insert(step);
        }
    }
    let row = |(labels, (accumulators, presence)): (_, (Vec<Accumulator>, Presence))| Row {
        labels,
        empty: Vec::new(),
        values: accumulators.iter().map(|accumulator| accumulator.value(plan.op)).collect(),
        presence,
    };
    let mut rows: Vec<Row> = groups.all_labels().iter().cloned().zip(states).map(row).collect();
    rows.sort_by(|a, b| a.labels.cmp(&b.labels));
    rows
}

/// What one group has gathered at one step.
#[derive(Clone, Copy, Debug, Default)]
struct Accumulator {
    value: f64,
    mean: f64,
    count: f64,
}

impl Accumulator {
    fn add(&mut self, op: VectorOp, value: f64, has_value: bool) {
        self.count += 1.0;
        match op {
            VectorOp::Sum => self.value += value,
            VectorOp::Avg => self.add_mean(value),
            VectorOp::Max if !has_value || value > self.value || self.value.is_nan() => {
                self.value = value;
            }
            VectorOp::Min if !has_value || value < self.value || self.value.is_nan() => {
                self.value = value;
            }
            VectorOp::Stddev | VectorOp::Stdvar => {
                let delta = value - self.mean;
                self.mean += delta / self.count;
                self.value += delta * (value - self.mean);
            }
            _ => {}
        }
    }

    fn add_mean(&mut self, value: f64) {
        if self.mean.is_infinite() {
            // An infinite mean stays what it is, unless the opposite infinity comes.
            let same = value.is_infinite() && (self.mean > 0.0) == (value > 0.0);
            if same || value.is_finite() {
                return;
            }
        }
        self.mean += (value - self.mean) / self.count;
    }

    fn value(&self, op: VectorOp) -> f64 {
        match op {
            VectorOp::Avg => self.mean,
            VectorOp::Count => self.count,
            VectorOp::Stdvar => self.value / self.count,
            VectorOp::Stddev => (self.value / self.count).sqrt(),
            _ => self.value,
        }
    }
}

/// Floats with NaN behind everything, whichever way they are sorted.
trait NanLast {
    fn total_cmp_nan_last(&self, other: &Self) -> Ordering;
}

impl NanLast for Ranked {
    fn total_cmp_nan_last(&self, other: &Self) -> Ordering {
        self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
    }
}

/// A value in a ranking.
#[derive(Clone, Copy)]
struct Ranked(f64);

/// The `k` first rows of every group at every step; of equal values the one whose labels come
/// first. NaN comes after every number.
fn pick(
    plan: &AggregationPlan,
    mut rows: Vec<Row>,
    steps: &Steps,
    order: impl Fn(&Ranked, &Ranked) -> Ordering,
) -> Vec<Row> {
    let mut groups = Groups::new(plan.grouping.clone());
    let group_of: Vec<u32> = rows.iter().map(|row| groups.assign(&row.labels)).collect();
    let mut kept = vec![Presence::none(steps.count); rows.len()];
    let mut ranking: Vec<usize> = Vec::with_capacity(rows.len());
    let mut taken = vec![0usize; groups.len()];
    for step in 0..steps.count {
        ranking.clear();
        ranking.extend(
            (0..rows.len())
                .filter(|row| rows.get(*row).is_some_and(|row| row.presence.contains(step))),
        );
        let value = |row: &usize| rows.get(*row).map_or(f64::NAN, |row| row.value(step));
        ranking.sort_by(|a, b| {
            let (x, y) = (value(a), value(b));
            x.is_nan().cmp(&y.is_nan()).then_with(|| order(&Ranked(x), &Ranked(y)))
        });
        taken.fill(0);
        for row in &ranking {
            let group = group_of.get(*row).map_or(0, |group| *group as usize);
            let Some(count) = taken.get_mut(group) else { continue };
            if *count < plan.k {
                *count += 1;
                if let Some(kept) = kept.get_mut(*row) {
                    kept.insert(step);
                }
            }
        }
    }
    for (row, kept) in rows.iter_mut().zip(kept) {
        row.presence = kept;
    }
    rows.retain(|row| !row.presence.is_none());
    if steps.count == 1 {
        rows.sort_by(|a, b| {
            let (x, y) = (a.value(0), b.value(0));
            x.is_nan().cmp(&y.is_nan()).then_with(|| order(&Ranked(x), &Ranked(y)))
        });
    }
    rows
}

/// Rows by their value at the first step; NaN last.
fn sorted(op: VectorOp, mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| {
        let (x, y) = (a.value(0), b.value(0));
        let order = x.partial_cmp(&y).unwrap_or(Ordering::Equal);
        let order = if op == VectorOp::SortDesc { order.reverse() } else { order };
        x.is_nan().cmp(&y.is_nan()).then(order)
    });
    rows
}
