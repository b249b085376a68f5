//! Pipelines over the spansets of a group.
//!
//! All traces of a group go through a stage together, so that filters work on columns. At first
//! every trace is one spanset with all its spans. Every stage gives spansets without empty ones, in
//! the order of the traces; a spanset remembers which of the stage's inputs it came from, since two sides of an
//! operator meet by that.

use std::sync::Arc;

use telemetry_core::source::span::{RowBits, SpanValue};

use super::aggregate;
use super::expr::Values;
use super::group::{Group, Wanted};
use super::structure;
use crate::ast::SpansetOp;
use crate::error::{Error, EvaluationError};
use crate::plan::{SpansetStep, Step, Steps};

/// Some spans of one trace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spanset {
    /// The trace, by position in its group.
    pub(crate) trace: usize,
    /// Its rows, ascending.
    pub(crate) rows: Rows,
    /// What `by()` and aggregates found out.
    pub(crate) attributes: Vec<(Arc<str>, SpanValue)>,
    /// Position of the input it came from.
    origin: usize,
}

/// Ascending rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rows {
    /// All from the first to, but without, the second.
    Range(u32, u32),
    /// These.
    List(Vec<u32>),
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::Range(start, end) => end.saturating_sub(*start) as usize,
            Rows::List(rows) => rows.len(),
        }
    }

    pub(crate) fn list(&self) -> std::borrow::Cow<'_, [u32]> {
        match self {
            Rows::Range(start, end) => (*start..*end).collect::<Vec<u32>>().into(),
            Rows::List(rows) => std::borrow::Cow::Borrowed(rows),
        }
    }

    /// Those that are in `bits` too.
    fn intersect(&self, bits: &RowBits) -> Vec<u32> {
        match self {
            Rows::Range(start, end) => {
                let next = |from: u32| bits.next_from(from).filter(|row| row < end);
                std::iter::successors(next(*start), |row| next(row + 1)).collect()
            }
            Rows::List(rows) => rows.iter().copied().filter(|row| bits.contains(*row)).collect(),
        }
    }
}

impl Spanset {
    pub(crate) fn new(trace: usize, rows: Rows) -> Self {
        Spanset { trace, rows, attributes: Vec::new(), origin: 0 }
    }

    fn with_rows(&self, rows: Vec<u32>) -> Self {
        Spanset { rows: Rows::List(rows), attributes: self.attributes.clone(), ..*self }
    }
}

/// Every trace of the group as one spanset.
pub(crate) fn whole_traces(group: &Group<'_>) -> Vec<Spanset> {
    let starts = group.rows.trace_starts();
    let pairs = starts.iter().zip(starts.iter().skip(1)).enumerate();
    pairs.map(|(trace, (start, end))| Spanset::new(trace, Rows::Range(*start, *end))).collect()
}

/// What a pipeline makes of some spansets.
pub(crate) fn run(
    group: &Group<'_>,
    steps: &Steps,
    mut spansets: Vec<Spanset>,
) -> Result<Vec<Spanset>, Error> {
    for step in &steps.0 {
        group.context.check()?;
        spansets.retain(|spanset| spanset.rows.len() > 0);
        spansets.iter_mut().enumerate().for_each(|(at, spanset)| spanset.origin = at);
        spansets = match step {
            Step::Spansets(expr) => evaluate(group, expr, &spansets)?,
            Step::Scalar { op, operand, comparison, bound, label } => {
                let values = aggregate::aggregate(group, *op, operand.as_ref(), &spansets)?;
                let label: Arc<str> = Arc::from(label.as_str());
                let kept = spansets.into_iter().zip(values).filter_map(|(mut spanset, value)| {
                    let holds = comparison.holds(&value, bound);
                    spanset.attributes.push((label.clone(), value));
                    holds.then_some(spanset)
                });
                kept.collect()
            }
            Step::By(by, label) => split(group, by, label, &spansets)?,
            Step::Coalesce => coalesce(&spansets),
        };
    }
    Ok(spansets)
}

/// What an expression keeps of each spanset.
fn evaluate(
    group: &Group<'_>,
    step: &SpansetStep,
    inputs: &[Spanset],
) -> Result<Vec<Spanset>, Error> {
    match step {
        SpansetStep::Filter(predicate) => {
            let bits = group.filter(predicate, &union(group, inputs))?;
            let kept = inputs.iter().map(|input| input.with_rows(input.rows.intersect(&bits)));
            Ok(kept.filter(|spanset| spanset.rows.len() > 0).collect())
        }
        SpansetStep::Steps(steps) => {
            // Inside, spansets are counted anew; outside they go by where they came from.
            let mut found = Vec::new();
            for (origin, input) in inputs.iter().enumerate() {
                let inside = run(group, steps, vec![input.clone()])?;
                found.extend(inside.into_iter().map(|spanset| Spanset { origin, ..spanset }));
            }
            Ok(found)
        }
        SpansetStep::Binary(op, left, right) => {
            let (left, right) = (evaluate(group, left, inputs)?, evaluate(group, right, inputs)?);
            let mut joined = Vec::new();
            for (origin, input) in inputs.iter().enumerate() {
                let of_origin = |side: &'_ [Spanset]| {
                    let start = side.partition_point(|spanset| spanset.origin < origin);
                    let end = side.partition_point(|spanset| spanset.origin <= origin);
                    start..end
                };
                let left = left.get(of_origin(&left)).unwrap_or_default();
                let right = right.get(of_origin(&right)).unwrap_or_default();
                let rows = join(group, *op, left, right)?;
                if !rows.is_empty() {
                    let attributes = Vec::new();
                    let rows = Rows::List(rows);
                    joined.push(Spanset { trace: input.trace, rows, attributes, origin });
                }
            }
            Ok(joined)
        }
    }
}

/// The rows of all spansets.
fn union(group: &Group<'_>, spansets: &[Spanset]) -> RowBits {
    let total = group.rows.spans();
    let mut bits = RowBits::none(total);
    let mut covered = 0;
    for spanset in spansets {
        if let Rows::Range(start, end) = spanset.rows
            && start as usize == covered
        {
            covered = end as usize;
        }
    }
    if covered == total {
        return RowBits::all(total);
    }
    spansets.iter().for_each(|set| set.rows.list().iter().for_each(|row| bits.set(*row)));
    bits
}

/// Joins the two sides of an operator within one input.
fn join(
    group: &Group<'_>,
    op: SpansetOp,
    left: &[Spanset],
    right: &[Spanset],
) -> Result<Vec<u32>, Error> {
    match op {
        SpansetOp::And if left.is_empty() || right.is_empty() => Ok(Vec::new()),
        SpansetOp::And | SpansetOp::Or => Ok(merged(left.iter().chain(right))),
        SpansetOp::Structural { relation, mode } => {
            if left.len() > 1 || right.len() > 1 {
                return Err(EvaluationError::SeveralSpansets.into());
            }
            let Some(right) = right.first() else { return Ok(Vec::new()) };
            let left = left.first().map(|spanset| spanset.rows.list()).unwrap_or_default();
            let nested = group.nested()?;
            Ok(structure::join(&nested, relation, mode, &left, &right.rows.list()))
        }
    }
}

/// Every row of some spansets once, ascending.
fn merged<'a>(spansets: impl Iterator<Item = &'a Spanset>) -> Vec<u32> {
    let mut rows: Vec<u32> = spansets.flat_map(|set| set.rows.list().into_owned()).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Splits each spanset by the value of an expression; groups come in the order of their first span.
fn split(
    group: &Group<'_>,
    by: &crate::plan::Expr,
    label: &str,
    inputs: &[Spanset],
) -> Result<Vec<Spanset>, Error> {
    let rows = merged(inputs.iter());
    let values = Values::new(group, by, &Wanted::List(&rows))?;
    let label: Arc<str> = Arc::from(label);
    let mut found = Vec::new();
    for input in inputs {
        group.context.check()?;
        let mut groups = Vec::<(SpanValue, Vec<u32>)>::new();
        let mut known = hashbrown::HashMap::<SpanValue, usize>::new();
        for row in input.rows.list().iter() {
            let at = rows.binary_search(row).unwrap_or_default();
            let value = values.at(at, *row)?.first();
            let slot = *known.entry(value.clone()).or_insert_with(|| {
                groups.push((value, Vec::new()));
                groups.len() - 1
            });
            groups.get_mut(slot).into_iter().for_each(|(_, rows)| rows.push(*row));
        }
        for (value, rows) in groups {
            let mut spanset = input.with_rows(rows);
            spanset.attributes.push((label.clone(), value));
            found.push(spanset);
        }
    }
    Ok(found)
}

/// One spanset per trace.
fn coalesce(inputs: &[Spanset]) -> Vec<Spanset> {
    inputs
        .chunk_by(|a, b| a.trace == b.trace)
        .filter_map(|same| {
            let first = same.first()?;
            Some(Spanset::new(first.trace, Rows::List(merged(same.iter()))))
        })
        .collect()
}
