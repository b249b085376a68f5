//! Any order of appends, flushes, compactions, deletes, kills and reopenings equals a map.
#![cfg(test)]

mod spans;

use proptest::prelude::*;
use spans::subject::Spans;
use spans::{Brief, numbered};
use telemetry_core::model::Span;
use telemetry_core::storage::trial::Deletion;
use telemetry_core::storage::trial::model::{Step, run};

fn step() -> impl Strategy<Value = Step<Brief>> {
    // The start follows from trace and id, so that a span that is sent twice is hidden by the same
    // deletes.
    let span = (1_u8..6, 1_u8..30)
        .prop_map(|(trace, id)| (trace, id, i64::from(trace) * 20 + i64::from(id) * 7 % 100));
    prop_oneof![
        6 => prop::collection::vec(span, 1..20).prop_map(Step::Commit),
        2 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => (0_u8..3, 0_i64..200, 0_i64..100).prop_map(|(part, start, length)| {
            Step::Delete(Deletion { part, start, end: start + length })
        }),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
    ]
}

/// The spans of a commit differ from those of other commits that have their ids.
fn numbered_by(at: i64, step: Step<Brief>) -> Step<Span> {
    match step {
        Step::Commit(spans) => {
            Step::Commit(spans.into_iter().map(|span| numbered(span, at)).collect())
        }
        Step::Flush => Step::Flush,
        Step::Compact => Step::Compact,
        Step::Delete(deletion) => Step::Delete(deletion),
        Step::Close => Step::Close,
        Step::Kill => Step::Kill,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_store_equals_a_map(steps in prop::collection::vec(step(), 1..40)) {
        let steps: Vec<_> = (0..).zip(steps).map(|(at, step)| numbered_by(at, step)).collect();
        run::<Spans>(&steps).unwrap();
    }
}
