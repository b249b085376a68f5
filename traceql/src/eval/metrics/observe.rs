//! Spans that a pipeline keeps, one by one: each once, however many spansets it is in.

use telemetry_core::source::span::{Intrinsic, RowBits, SpanColumn, SpanField, SpanValue};
use telemetry_core::time::Nanos;

use super::Metrics;
use crate::ast::Pipeline;
use crate::error::Error;
use crate::eval::group::{Group, ROWS_PER_CHECK};
use crate::eval::spanset::{self, Rows};
use crate::plan::{self, Plan, Steps};

/// Bits of a sampling threshold.
const THRESHOLD_BITS: u32 = 56;

/// Rows of one group that count.
pub(super) struct Observed<'a> {
    /// The group.
    pub(super) group: &'a Group<'a>,
    /// Rows, ascending.
    pub(super) rows: Vec<u32>,
    /// The interval of each.
    pub(super) points: Vec<usize>,
    /// How many spans each stands for.
    pub(super) weights: Vec<f64>,
}

/// Calls `visit` for every group with the rows of it that count.
pub(super) fn each_group(
    metrics: &Metrics<'_>,
    plan: Plan,
    steps: &Steps,
    visit: &mut dyn FnMut(&Observed<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let Metrics { source, axis, context, .. } = metrics;
    let groups = source.select(&plan::request(&plan, steps, axis.window()), context)?;
    for at in 0..groups.len() {
        context.check()?;
        let opened = groups.open(at, context)?;
        let group = Group::new(&*opened, &plan, context);
        let spansets = spanset::run(&group, steps, spanset::whole_traces(&group))?;
        let mut kept = RowBits::none(opened.spans());
        for spanset in &spansets {
            match &spanset.rows {
                Rows::Range(start, end) => (*start..*end).for_each(|row| kept.set(row)),
                Rows::List(rows) => rows.iter().for_each(|row| kept.set(*row)),
            }
        }
        let all: Vec<u32> = kept.iter().collect();
        let starts = group.fetch(&Intrinsic::StartTime.into(), &all)?;
        let (mut rows, mut points) = (Vec::new(), Vec::new());
        for (at, row) in all.into_iter().enumerate() {
            if at % ROWS_PER_CHECK == 0 {
                context.check()?;
            }
            if let SpanValue::Int(start) = starts.value(at)
                && let Some(point) = axis.point(Nanos(start))
            {
                rows.push(row);
                points.push(point);
            }
        }
        if rows.is_empty() {
            continue;
        }
        let weights = if metrics.extrapolate {
            let states = group.fetch(&Intrinsic::TraceState.into(), &rows)?;
            (0..rows.len())
                .map(|at| weight(states.value(at).as_str().unwrap_or_default()))
                .collect()
        } else {
            vec![1.0; rows.len()]
        };
        visit(&Observed { group: &group, rows, points, weights })?;
    }
    Ok(())
}

/// Compiles a pipeline together with fields that are looked at beside it.
pub(super) fn compile(pipeline: &Pipeline, fields: &[&SpanField]) -> Result<(Plan, Steps), Error> {
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

impl Observed<'_> {
    /// Values of a field at the rows.
    pub(super) fn column(&self, field: &SpanField) -> Result<SpanColumn, Error> {
        Ok(self.group.fetch(field, &self.rows)?)
    }

    /// The value at a position: of several the first that holds a test of the query, else the first.
    pub(super) fn value(&self, field: &SpanField, column: &SpanColumn, at: usize) -> SpanValue {
        let items = column.items(at);
        if items.len() < 2 {
            return column.value(at);
        }
        let plan = self.group.plan;
        let slot = plan.fields.iter().position(|known| known == field);
        let tests = || plan.tests.iter().filter(|(of, _)| Some(*of) == slot);
        let matching = items.iter().find(|item| tests().any(|(_, test)| test.holds(item)));
        matching.or(items.first()).cloned().unwrap_or_default()
    }
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
