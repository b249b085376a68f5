//! What the source may leave traces out by.
//!
//! A trace matters only if the first stage keeps one of its spans:
//!
//! * A single filter: some span must hold it. If it is tests joined by `&&`, some span must hold all of them.
//!   Otherwise (`||` somewhere) some span must hold one of the tests, unless a side has none
//!   that must hold.
//! * Two filters joined by `||`: some span holds one of them. By `&&` or a structural operator: some span holds
//!   the one and some span the other. By a negated structural operator: the spans kept are of the right side.
//! * Anything that a span can hold without holding a test (negations, expressions) forbids leaving out.

use telemetry_core::source::span::{SpanRequest, TraceSkip};
use telemetry_core::time::NanosRange;

use crate::ast::{SpansetOp, StructuralMode};

use super::{Plan, Predicate, SpansetStep, Step, Steps};

/// The request for a pipeline.
pub(crate) fn request(plan: &Plan, steps: &Steps, window: NanosRange) -> SpanRequest {
    let skip = match steps.0.first() {
        Some(Step::Spansets(first)) => of_spansets(first),
        _ => TraceSkip::Never,
    };
    SpanRequest { window, conditions: plan.conditions(), skip, columns: plan.fields.clone() }
}

fn of_spansets(step: &SpansetStep) -> TraceSkip {
    match step {
        SpansetStep::Filter(predicate) => of_predicate(predicate),
        SpansetStep::Binary(op, left, right) => {
            let negated =
                matches!(op, SpansetOp::Structural { mode: StructuralMode::NotRight, .. });
            match (of_spansets(left), of_spansets(right)) {
                (_, right) if negated => right,
                (left, right) if *op == SpansetOp::Or => either(left, right),
                (left, right) => both(left, right),
            }
        }
        SpansetStep::Steps(steps) => match steps.0.first() {
            Some(Step::Spansets(first)) => of_spansets(first),
            _ => TraceSkip::Never,
        },
    }
}

fn of_predicate(predicate: &Predicate) -> TraceSkip {
    match predicate {
        Predicate::Fixed(_) | Predicate::Not(_) | Predicate::Expr(_) => TraceSkip::Never,
        Predicate::Test(test) => TraceSkip::UnlessAll(vec![*test]),
        Predicate::And(left, right) => match (of_predicate(left), of_predicate(right)) {
            // The same span must hold all of them.
            (TraceSkip::UnlessAll(mut left), TraceSkip::UnlessAll(right)) => {
                left.extend(right);
                TraceSkip::UnlessAll(left)
            }
            (left, right) => both(left, right),
        },
        Predicate::Or(left, right) => either(of_predicate(left), of_predicate(right)),
    }
}

/// Both sides must be held by some span, maybe not the same: the side that rules out more suffices.
fn both(left: TraceSkip, right: TraceSkip) -> TraceSkip {
    match (left, right) {
        (TraceSkip::Never, other) | (other, TraceSkip::Never) => other,
        (TraceSkip::UnlessAny, other) | (other, TraceSkip::UnlessAny) => other,
        (TraceSkip::UnlessAll(left), TraceSkip::UnlessAll(right)) => {
            TraceSkip::UnlessAll(if left.len() > right.len() { left } else { right })
        }
    }
}

/// One of the sides must be held.
fn either(left: TraceSkip, right: TraceSkip) -> TraceSkip {
    match (left, right) {
        (TraceSkip::Never, _) | (_, TraceSkip::Never) => TraceSkip::Never,
        _ => TraceSkip::UnlessAny,
    }
}
