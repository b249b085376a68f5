//! Arithmetic between series, and stages over them. NaN is no value.

use std::sync::Arc;

use telemetry_core::source::span::{Comparison, SpanValue};

use crate::ast::{MathOp, SecondStage};
use crate::value::{Label, Series};

/// `a op b`; nothing is divided by zero.
fn apply(op: MathOp, a: f64, b: f64) -> f64 {
    match op {
        MathOp::Add => a + b,
        MathOp::Subtract => a - b,
        MathOp::Multiply => a * b,
        MathOp::Divide if b == 0.0 => f64::NAN,
        MathOp::Divide => a / b,
        MathOp::Modulo => a % b,
        MathOp::Power => a.powf(b),
    }
}

/// A number with each series.
pub(super) fn scalar(op: MathOp, number: f64, mut series: Vec<Series>, left: bool) -> Vec<Series> {
    for value in series.iter_mut().flat_map(|series| &mut series.values) {
        *value = if left { apply(op, number, *value) } else { apply(op, *value, number) };
    }
    series
}

/// The name of a series that has no labels.
fn name(labels: &[Label]) -> Option<&str> {
    match labels {
        [(key, SpanValue::String(name))] if &**key == "__name__" => Some(name),
        _ => None,
    }
}

/// Series with equal labels; a series without labels goes with every one of the other side.
pub(super) fn join(op: MathOp, left: Vec<Series>, right: Vec<Series>) -> Vec<Series> {
    let mut joined = Vec::new();
    for a in &left {
        for b in &right {
            let labels = match (name(&a.labels), name(&b.labels)) {
                (Some(a), Some(b)) => {
                    let name = format!("({a} {} {b})", op.symbol());
                    vec![(Arc::from("__name__"), SpanValue::from(name.as_str()))]
                }
                (Some(_), None) => b.labels.clone(),
                (None, Some(_)) => a.labels.clone(),
                (None, None) if a.labels == b.labels => a.labels.clone(),
                (None, None) => continue,
            };
            let values = a.values.iter().zip(&b.values).map(|(a, b)| apply(op, *a, *b)).collect();
            joined.push(Series { labels, values });
        }
    }
    joined
}

/// Keeps the points that a stage keeps.
pub(super) fn stage(stage: &SecondStage, series: &mut [Series]) {
    match stage {
        SecondStage::Filter(comparison, bound, _) => {
            for value in series.iter_mut().flat_map(|series| &mut series.values) {
                if !holds(*comparison, *value, bound.0) {
                    *value = f64::NAN;
                }
            }
        }
        SecondStage::Rank { top, count, .. } => {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
            let points = series.iter().map(|series| series.values.len()).max().unwrap_or_default();
            for point in 0..points {
                rank(series, point, *top, count);
            }
        }
    }
}

fn holds(comparison: Comparison, value: f64, bound: f64) -> bool {
    !value.is_nan() && comparison.accepts_f64(value, bound)
}

/// Of the series, which are in order of their labels, keeps the greatest (or least) values at one point. Of
/// equal values the earlier series is kept by `topk`, the later by `bottomk`.
fn rank(series: &mut [Series], point: usize, top: bool, count: usize) {
    let value = |at: usize| -> Option<f64> {
        let value = series.get(at)?.values.get(point).copied()?;
        (!value.is_nan()).then_some(value)
    };
    let mut order: Vec<(usize, f64)> =
        (0..series.len()).filter_map(|at| Some((at, value(at)?))).collect();
    order.sort_by(|(at, a), (other, b)| {
        let by_value = if top { b.total_cmp(a) } else { a.total_cmp(b) };
        by_value.then_with(|| if top { at.cmp(other) } else { other.cmp(at) })
    });
    for (at, _) in order.into_iter().skip(count) {
        if let Some(value) = series.get_mut(at).and_then(|series| series.values.get_mut(point)) {
            *value = f64::NAN;
        }
    }
}
