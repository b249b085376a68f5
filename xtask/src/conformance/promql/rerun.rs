//! The same question in other words: with `@` on every selector.

use super::script::Times;
use promql::ast::{At, AtTime, Expr, Modifiers, visit::walk_mut};
use promql::{ParseOptions, parse_with};
use telemetry_core::syntax::Span;

/// Functions whose result depends on the evaluation time.
const BY_EVALUATION_TIME: &[&str] = &[
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
    "year",
];
/// What a range around the time is made of.
const MINUTE: i64 = 60_000;

/// A query that must give what the original one gives at its time.
pub(super) struct Rerun {
    pub(super) query: String,
    /// When it is evaluated.
    pub(super) time: i64,
}

/// `query`, evaluated at `time`, with `@ time` on every selector and subquery that has none, at other
/// times. Empty where it depends on the evaluation time otherwise, or is no query.
pub(super) fn with_at(query: &str, time: i64) -> Vec<Rerun> {
    let Ok(mut expr) = parse_with(query, &ParseOptions::EVERYTHING) else { return Vec::new() };
    let mut movable = true;
    walk_mut(&mut expr, &mut |node| {
        match node {
            Expr::Selector(node) => set(&mut node.modifiers, time),
            Expr::Matrix(node) => set(&mut node.selector.modifiers, time),
            Expr::Subquery(node) => {
                set(&mut node.modifiers, time);
                // What is inside moves with it.
                return false;
            }
            Expr::Call(node) => movable &= !BY_EVALUATION_TIME.contains(&&*node.name),
            _ => {}
        }
        true
    });
    if !movable {
        return Vec::new();
    }
    let times: &[i64] =
        if time == 0 { &[-1000, 0, 1000] } else { &[-10 * time, 0, time / 5, time, 10 * time] };
    times.iter().map(|time| Rerun { query: expr.to_string(), time: *time }).collect()
}

fn set(modifiers: &mut Modifiers, time: i64) {
    if modifiers.at.is_none() {
        modifiers.at = Some(At { time: AtTime::Millis(time), span: Span::default() });
    }
}

/// Times of a range query around `time`.
pub(super) fn range_around(time: i64) -> Times {
    Times::Range { start: time - MINUTE, end: time + MINUTE, step: MINUTE }
}

/// Whether the text names a time of the query, which a range query would change.
pub(super) fn names_query_times(query: &str) -> bool {
    ["start()", "end()", "range()", "step()"].iter().any(|call| query.contains(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_get_a_time_and_subqueries_keep_theirs() {
        let reruns =
            with_at("a + b @ 5 + rate(c[1m:] @ 7) + sum_over_time(rate(d[1m])[5m:])", 60_000);
        assert_eq!(
            reruns[0].query,
            "a @ 60.000 + b @ 5.000 + rate(c[1m:] @ 7.000) \
             + sum_over_time(rate(d[1m])[5m:] @ 60.000)"
        );
        let times: Vec<_> = reruns.iter().map(|rerun| rerun.time).collect();
        assert_eq!(times, [-600_000, 0, 12_000, 60_000, 600_000]);
        assert!(with_at("time() + a", 0).is_empty());
    }
}
