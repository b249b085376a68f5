//! Aggregates over the spans of a spanset.
//!
//! Values that are no numbers are left out. A spanset without any has no aggregate (nil), which
//! holds no comparison. `avg` and `sum` take the type of the first number and leave others out;
//! an average of integers is a float, one of durations a duration, cut to whole nanoseconds.

use telemetry_core::source::span::SpanValue;

use super::expr::Values;
use super::group::{Group, Wanted};
use super::spanset::Spanset;
use crate::ast::AggregateOp;
use crate::error::Error;
use crate::plan::Expr;

/// The aggregate of each spanset.
pub(super) fn aggregate(
    group: &Group<'_>,
    op: AggregateOp,
    operand: Option<&Expr>,
    spansets: &[Spanset],
) -> Result<Vec<SpanValue>, Error> {
    let Some(operand) = operand else {
        let count = |set: &Spanset| SpanValue::Int(set.rows.len() as i64);
        return Ok(spansets.iter().map(count).collect());
    };
    let mut rows: Vec<u32> = spansets.iter().flat_map(|set| set.rows.list().into_owned()).collect();
    rows.sort_unstable();
    rows.dedup();
    let values = Values::new(group, operand, &Wanted::List(&rows))?;
    let mut found = Vec::with_capacity(spansets.len());
    for spanset in spansets {
        group.context.check()?;
        let mut state = Running::default();
        for row in spanset.rows.list().iter() {
            let at = rows.binary_search(row).unwrap_or_default();
            state.add(op, values.at(at, *row)?.first());
        }
        found.push(state.finish(op));
    }
    Ok(found)
}

#[derive(Default)]
struct Running {
    /// The extreme, or the sum of values of the first one's type.
    value: Option<SpanValue>,
    count: i64,
}

impl Running {
    fn add(&mut self, op: AggregateOp, value: SpanValue) {
        if !value.kind().is_number() {
            return;
        }
        let Some(known) = &mut self.value else {
            (self.value, self.count) = (Some(value), 1);
            return;
        };
        match op {
            AggregateOp::Min if value.total_cmp(known).is_lt() => *known = value,
            AggregateOp::Max if value.total_cmp(known).is_gt() => *known = value,
            AggregateOp::Sum | AggregateOp::Avg => {
                match (known, value) {
                    (SpanValue::Int(sum), SpanValue::Int(value))
                    | (SpanValue::Duration(sum), SpanValue::Duration(value)) => {
                        *sum = sum.wrapping_add(value);
                    }
                    (SpanValue::Float(sum), SpanValue::Float(value)) => *sum += value,
                    _ => return,
                }
                self.count += 1;
            }
            _ => {}
        }
    }

    fn finish(self, op: AggregateOp) -> SpanValue {
        match (op, self.value) {
            (AggregateOp::Avg, Some(SpanValue::Int(sum))) => {
                SpanValue::Float(sum as f64 / self.count as f64)
            }
            (AggregateOp::Avg, Some(SpanValue::Float(sum))) => {
                SpanValue::Float(sum / self.count as f64)
            }
            (AggregateOp::Avg, Some(SpanValue::Duration(sum))) => {
                SpanValue::Duration(sum.checked_div(self.count).unwrap_or_default())
            }
            (_, value) => value.unwrap_or_default(),
        }
    }
}
