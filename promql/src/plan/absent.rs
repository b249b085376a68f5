//! The labels of the series that `absent` gives.

use telemetry_core::labels::{Labels, LabelsBuilder, METRIC_NAME, MatchOp};

use crate::ast::{Expr, LabelMatcher, VectorSelector};

/// The labels that a selector fixes by `=`. A label with two matchers is left out, the metric name
/// always; an expression that is no selector fixes none.
pub(super) fn labels(expr: &Expr) -> Labels {
    match expr {
        Expr::Selector(node) => of_selector(node),
        Expr::Matrix(node) => of_selector(&node.selector),
        _ => Labels::empty(),
    }
}

fn of_selector(node: &VectorSelector) -> Labels {
    let mut builder = LabelsBuilder::new();
    let mut seen: Vec<&str> = Vec::new();
    let named = |matcher: &&LabelMatcher| &*matcher.name != METRIC_NAME;
    for matcher in node.matchers.iter().filter(named) {
        if matcher.op == MatchOp::Equal && !seen.contains(&&*matcher.name) {
            builder.set(&matcher.name, &matcher.value);
            seen.push(&matcher.name);
        } else {
            builder.remove(&matcher.name);
        }
    }
    builder.build()
}
