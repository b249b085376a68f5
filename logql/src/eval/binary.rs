//! Operators between numbers and rows.

use super::row::{Columns, Row, Steps};
use crate::ast::{BinaryOp, GroupSide};
use crate::check::{apply, compare};
use crate::error::{Error, MatchingError};
use crate::plan::BinaryPlan;
use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::vector::{
    Matches, Presence, first_collision, intersect, result_labels, subtract, union,
};

/// Applies an operator.
pub(super) fn run(
    plan: &BinaryPlan,
    left: Columns,
    right: Columns,
    steps: &Steps,
) -> Result<Columns, Error> {
    Ok(Columns::Rows(match (left, right) {
        (Columns::Number(a), Columns::Number(b)) => {
            return Ok(Columns::Number(apply(plan.op, a, b)));
        }
        (Columns::Rows(rows), Columns::Number(number)) => {
            with_number(plan, rows, |value| (value, number))
        }
        (Columns::Number(number), Columns::Rows(rows)) => {
            with_number(plan, rows, |value| (number, value))
        }
        (Columns::Rows(left), Columns::Rows(right)) if plan.op.is_set() => set(plan, left, right),
        (Columns::Rows(left), Columns::Rows(right)) => matched(plan, left, right, steps)?,
    }))
}

/// Rows and a number: every value meets the number.
fn with_number(
    plan: &BinaryPlan,
    mut rows: Vec<Row>,
    operands: impl Fn(f64) -> (f64, f64),
) -> Vec<Row> {
    for row in &mut rows {
        for step in row.presence.clone().ones() {
            let value = row.value(step);
            let (a, b) = operands(value);
            match outcome(plan, a, b, value) {
                Some(value) => row.set(step, value),
                None => row.presence.remove(step),
            }
        }
    }
    rows.retain(|row| !row.presence.is_none());
    rows
}

/// What two values give; `kept` is what a comparison that holds leaves, nothing if it fails.
fn outcome(plan: &BinaryPlan, left: f64, right: f64, kept: f64) -> Option<f64> {
    if !plan.op.is_comparison() || plan.return_bool {
        return Some(apply(plan.op, left, right));
    }
    compare(plan.op, left, right).then_some(kept)
}

fn set(plan: &BinaryPlan, mut left: Vec<Row>, mut right: Vec<Row>) -> Vec<Row> {
    let matches = Matches::new(
        plan.grouping.clone(),
        left.iter().map(|row| &row.labels),
        right.iter().map(|row| &row.labels),
    );
    match plan.op {
        BinaryOp::And => intersect(&matches, &mut left, &right),
        BinaryOp::Unless => subtract(&matches, &mut left, &right),
        _ => {
            union(&matches, &left, &mut right);
            append(&mut left, right);
        }
    }
    left.retain(|row| !row.presence.is_none());
    left
}

/// Adds the rows of the right side of `or`. One with the labels of a row on the left goes on where
/// that has no value: both are the same series.
fn append(left: &mut Vec<Row>, right: Vec<Row>) {
    let places: HashMap<Labels, usize> =
        left.iter().enumerate().map(|(at, row)| (row.labels.clone(), at)).collect();
    for row in right {
        let known = places.get(&row.labels).and_then(|at| left.get_mut(*at));
        match known {
            Some(known) if known.presence.first_common(&row.presence).is_none() => {
                for step in &row.presence {
                    known.set(step, row.value(step));
                }
            }
            _ => left.push(row),
        }
    }
}

/// Arithmetic and comparison between rows that match.
fn matched(
    plan: &BinaryPlan,
    left: Vec<Row>,
    right: Vec<Row>,
    steps: &Steps,
) -> Result<Vec<Row>, Error> {
    // The side that may hold many rows per match comes first.
    let swapped = matches!(plan.group, Some((GroupSide::Right, _)));
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let matches = Matches::new(
        plan.grouping.clone(),
        many.iter().map(|row| &row.labels),
        one.iter().map(|row| &row.labels),
    );
    let fail = |error: MatchingError| Error::Matching { error, span: plan.span };
    let groups = u32::try_from(matches.len()).unwrap_or(u32::MAX);
    let nowhere = Presence::default();
    let presence = |row: u32| one.get(row as usize).map_or(&nowhere, |row| &row.presence);
    for group in 0..groups {
        if first_collision(matches.right(group), presence, None).is_some() {
            let side = if swapped { "left" } else { "right" };
            return Err(fail(MatchingError::ManyToMany { side }));
        }
    }
    let (grouped, include) = match &plan.group {
        None => (false, &[][..]),
        Some((_, include)) => (true, include.as_slice()),
    };
    let mut out: Vec<Row> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    for (row, group) in many.iter().zip(matches.groups_of_left()) {
        for other in matches.right(*group) {
            let Some(other) = one.get(*other as usize) else { continue };
            let mut both = row.presence.clone();
            both.intersect(&other.presence);
            if both.is_none() {
                continue;
            }
            let labels =
                result_labels(&row.labels, &other.labels, &plan.grouping, !grouped, include);
            let place = *places.entry(labels.clone()).or_insert_with(|| {
                out.push(Row::empty(labels, steps.count));
                out.len() - 1
            });
            let Some(result) = out.get_mut(place) else { continue };
            for step in &both {
                let (many, one) = (row.value(step), other.value(step));
                let (left, right) = if swapped { (one, many) } else { (many, one) };
                let Some(value) = outcome(plan, left, right, left) else { continue };
                if result.presence.contains(step) {
                    return Err(fail(match grouped {
                        true => MatchingError::NotUnique,
                        false => MatchingError::Implicit,
                    }));
                }
                result.set(step, value);
            }
        }
    }
    out.retain(|row| !row.presence.is_none());
    out.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(out)
}
