//! What the source may leave traces out by.
//!
//! A trace matters only if the first stage keeps one of its spans:
//!
//! * A single filter: some span must hold it. If it is tests joined by `&&`, some span must hold all of them.
//!   Otherwise (`||` somewhere) some span must hold one of the tests, unless a side has none
//!   that must hold.
//! * Two filters joined: the spans that are kept hold one of the two filters.
//! * Anything that a span can hold without holding a test (negations, expressions) forbids leaving out.

use telemetry_core::source::span::{SpanRequest, TraceSkip};
use telemetry_core::time::NanosRange;

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
        SpansetStep::Binary(_, left, right) => match (of_spansets(left), of_spansets(right)) {
            (TraceSkip::Never, _) | (_, TraceSkip::Never) => TraceSkip::Never,
            _ => TraceSkip::UnlessAny,
        },
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
            (TraceSkip::UnlessAll(mut left), TraceSkip::UnlessAll(right)) => {
                left.extend(right);
                TraceSkip::UnlessAll(left)
            }
            // One side suffices to leave a trace out.
            (TraceSkip::Never, other) | (other, TraceSkip::Never) => other,
            _ => TraceSkip::UnlessAny,
        },
        Predicate::Or(left, right) => match (of_predicate(left), of_predicate(right)) {
            (TraceSkip::Never, _) | (_, TraceSkip::Never) => TraceSkip::Never,
            _ => TraceSkip::UnlessAny,
        },
    }
}
