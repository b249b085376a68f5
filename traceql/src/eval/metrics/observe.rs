//! Spans that a pipeline keeps, one by one: each once, however many spansets it is in.

use std::sync::{Mutex, PoisonError};

use telemetry_core::source::span::{
    Intrinsic, RowBits, SpanColumn, SpanField, SpanValue, SpanValues,
};
use telemetry_core::time::Nanos;

use super::Metrics;
use crate::ast::Pipeline;
use crate::error::Error;
use crate::eval::group::Group;
use crate::eval::spanset::{self, Rows};
use crate::plan::{self, Plan, Predicate, Steps};

/// Bits of a sampling threshold.
const THRESHOLD_BITS: u32 = 56;

/// Spans of one group that count, ascending by row.
pub(super) struct Observed {
    /// The interval of each.
    pub(super) points: Vec<usize>,
    /// How many spans each stands for.
    pub(super) weights: Vec<f64>,
    /// Values of the fields that were asked for.
    pub(super) columns: Vec<(SpanField, SpanColumn)>,
    /// Whether each is in the selection, if one was asked for.
    pub(super) selected: Vec<bool>,
}

/// What is wanted of the spans.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    /// Fields.
    pub(super) fields: Vec<SpanField>,
    /// Whether every attribute of the group is wanted too.
    pub(super) attributes: bool,
    /// A selection among them, of those that begin in a range.
    pub(super) selection: Option<(&'a Predicate, Option<(i64, i64)>)>,
}

/// Calls `visit` for every group with the spans of it that count, in the order of the groups. Groups are read in
/// waves of as many as can run at once.
pub(super) fn each_group(
    metrics: &Metrics<'_>,
    plan: &Plan,
    steps: &Steps,
    wanted: &Wanted<'_>,
    visit: &mut dyn FnMut(Observed) -> Result<(), Error>,
) -> Result<(), Error> {
    let Metrics { source, axis, context, .. } = metrics;
    let groups = source.select(&plan::request(plan, steps, axis.window()), context)?;
    let all: Vec<usize> = (0..groups.len()).collect();
    for wave in all.chunks(context.parallelism()) {
        let answers = Mutex::new(Vec::with_capacity(wave.len()));
        let run = |at: usize| {
            let Some(group) = wave.get(at) else { return };
            let answer = groups.open(*group, context).map_err(Error::from).and_then(|rows| {
                observe(metrics, &Group::new(&*rows, plan, context), steps, wanted)
            });
            // Nobody panics while holding the lock.
            answers.lock().unwrap_or_else(PoisonError::into_inner).push((at, answer));
        };
        context.run(wave.len(), &run);
        let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        answers.sort_by_key(|(at, _)| *at);
        for (_, answer) in answers {
            let observed = answer?;
            if !observed.points.is_empty() {
                visit(observed)?;
            }
        }
    }
    Ok(())
}

/// The spans of one group that count.
fn observe(
    metrics: &Metrics<'_>,
    group: &Group<'_>,
    steps: &Steps,
    wanted: &Wanted<'_>,
) -> Result<Observed, Error> {
    metrics.context.check()?;
    let spansets = spanset::run(group, steps, spanset::whole_traces(group))?;
    let mut kept = RowBits::none(group.rows.spans());
    for spanset in &spansets {
        match &spanset.rows {
            Rows::Range(start, end) => (*start..*end).for_each(|row| kept.set(row)),
            Rows::List(rows) => rows.iter().for_each(|row| kept.set(*row)),
        }
    }
    let all: Vec<u32> = kept.iter().collect();
    let starts = times(&group.fetch(&Intrinsic::StartTime.into(), &all)?);
    let (mut rows, mut points, mut begins) = (Vec::new(), Vec::new(), Vec::new());
    for (row, start) in all.into_iter().zip(starts) {
        if let Some(point) = metrics.axis.point(Nanos(start)) {
            rows.push(row);
            points.push(point);
            begins.push(start);
        }
    }
    let weights = if metrics.extrapolate {
        let states = group.fetch(&Intrinsic::TraceState.into(), &rows)?;
        (0..rows.len()).map(|at| weight(states.value(at).as_str().unwrap_or_default())).collect()
    } else {
        vec![1.0; rows.len()]
    };
    let mut fields = wanted.fields.clone();
    if wanted.attributes {
        fields.extend(group.rows.fields(metrics.context)?);
    }
    // Of events and links a span has several values: they have no place among attributes of spans.
    let (asked, mut columns) = (wanted.fields.len(), Vec::with_capacity(fields.len()));
    for (at, field) in fields.into_iter().enumerate() {
        if at < asked || !field.is_multiple() {
            metrics.context.check()?;
            let column = group.fetch(&field, &rows)?;
            columns.push((field, column));
        }
    }
    let selected = match &wanted.selection {
        None => Vec::new(),
        Some((predicate, range)) => {
            let candidates = RowBits::from_rows(group.rows.spans(), rows.iter().copied());
            let bits = group.filter(predicate, &candidates)?;
            let inside = |start: &i64| range.is_none_or(|(from, to)| (from..=to).contains(start));
            rows.iter().zip(&begins).map(|(row, s)| bits.contains(*row) && inside(s)).collect()
        }
    };
    Ok(Observed { points, weights, columns, selected })
}

/// Start times; every span has one.
fn times(column: &SpanColumn) -> Vec<i64> {
    match &column.values {
        SpanValues::Int(times) => times.clone(),
        _ => (0..column.len())
            .map(|at| match column.value(at) {
                SpanValue::Int(time) => time,
                _ => i64::MIN,
            })
            .collect(),
    }
}

/// Compiles a pipeline together with fields that are looked at beside it.
pub(super) fn compile(pipeline: &Pipeline, fields: &[SpanField]) -> Result<(Plan, Steps), Error> {
    let mut plan = Plan::default();
    let steps = Steps::compile(&mut plan, pipeline)?;
    fields.iter().for_each(|field| {
        plan.slot(field);
    });
    Ok((plan, steps))
}

/// How many spans one stands for whose trace state has a sampling threshold (`ot=th:8`): the threshold is the
/// share of spans that were dropped, as a fraction in hexadecimal digits.
fn weight(trace_state: &str) -> f64 {
    let vendors = trace_state.split(',').filter_map(|vendor| vendor.trim().strip_prefix("ot="));
    let mut keys = vendors.flat_map(|vendor| vendor.split(';'));
    let Some(digits) = keys.find_map(|key| key.strip_prefix("th:")) else { return 1.0 };
    let digits = digits.trim();
    let Ok(threshold) = u64::from_str_radix(digits, 16) else { return 1.0 };
    let missing = THRESHOLD_BITS.checked_sub(digits.len() as u32 * 4);
    let Some(dropped) = missing.and_then(|bits| threshold.checked_shl(bits)) else { return 1.0 };
    let whole = 1_u64 << THRESHOLD_BITS;
    if dropped >= whole { 1.0 } else { whole as f64 / (whole - dropped) as f64 }
}

/// The value of a field at a position: of several the first that holds a test of the query, else the first.
pub(super) fn value(plan: &Plan, field: &SpanField, column: &SpanColumn, at: usize) -> SpanValue {
    let items = column.items(at);
    if items.len() < 2 {
        return column.value(at);
    }
    let slot = plan.fields.iter().position(|known| known == field);
    let tests = || plan.tests.iter().filter(|(of, _)| Some(*of) == slot);
    let matching = items.iter().find(|item| tests().any(|(_, test)| test.holds(item)));
    matching.or(items.first()).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn thresholds_are_fractions_of_dropped_spans() {
        assert_eq!(weight("ot=th:8"), 2.0);
        assert_eq!(weight("x=1, ot=rv:1234;th:c"), 4.0);
        assert_eq!(weight("ot=th:0"), 1.0);
        assert_eq!(weight(""), 1.0);
        assert_eq!(weight("ot=th:zz"), 1.0);
        assert_eq!(weight("ot=th:ffffffffffffffffff"), 1.0);
    }
}
