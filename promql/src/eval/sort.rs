//! Orders of the series of an instant vector.

use std::cmp::Ordering;

use telemetry_core::syntax::Span;

use super::{Collected, EvaluationError, Evaluator, Grid, Note, RowSet};
use crate::functions::compare_naturally;
use crate::plan::{Order, Vector};

impl<'a> Evaluator<'a> {
    /// Where there are several steps there is no order: series of a range are ordered by labels.
    pub(super) fn sort(
        &'a self,
        input: &'a Vector,
        order: &'a Order,
        span: Span,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        if grid.count > 1 {
            self.annotations.add(Note::SortInRange, span);
        }
        let mut rows = self.collect(input, grid)?;
        if !matches!(order, Order::ByLabels { .. }) {
            rows.iter_mut().for_each(|row| row.row.keep_floats());
            rows.retain(|row| !row.row.presence.is_none());
        }
        if grid.count == 1 {
            rows.sort_by(|a, b| compare(order, a, b));
        }
        Ok(RowSet::Ready(rows))
    }
}

fn compare(order: &Order, a: &Collected, b: &Collected) -> Ordering {
    let (x, y) = (a.row.floats[0], b.row.floats[0]);
    match order {
        Order::Ascending => nan_last(x, y, x.partial_cmp(&y)),
        Order::Descending => nan_last(x, y, y.partial_cmp(&x)),
        Order::ByLabels { labels, descending } => {
            let value = |row: &Collected, name: &str| {
                row.identity.labels.get(name).unwrap_or_default().to_owned()
            };
            let order = labels
                .iter()
                .map(|name| compare_naturally(&value(a, name), &value(b, name)))
                .find(|order| *order != Ordering::Equal)
                .unwrap_or_else(|| a.identity.labels.cmp(&b.identity.labels));
            if *descending { order.reverse() } else { order }
        }
    }
}

fn nan_last(x: f64, y: f64, order: Option<Ordering>) -> Ordering {
    order.unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
}
