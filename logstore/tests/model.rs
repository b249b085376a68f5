//! Any order of appends, flushes, compactions, deletes, kills and reopenings equals a map; deletes
//! take all lines of a stream in a window or those that satisfy a condition.
#![cfg(test)]

mod lines;

use lines::subject::Lines;
use lines::{DELETES, Line};
use proptest::prelude::*;
use telemetry_core::storage::trial::Deletion;
use telemetry_core::storage::trial::model::{Step, run};

fn step() -> impl Strategy<Value = Step<Line>> {
    let line = (0_u8..3, 0_i64..200, "[a-c]{1,40}");
    prop_oneof![
        6 => prop::collection::vec(line, 1..20).prop_map(Step::Commit),
        2 => Just(Step::Flush),
        1 => Just(Step::Compact),
        2 => (0..DELETES, 0_i64..200, 0_i64..100).prop_map(|(part, start, length)| {
            Step::Delete(Deletion { part, start, end: start + length })
        }),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_store_equals_a_map(steps in prop::collection::vec(step(), 1..40)) {
        run::<Lines<0>>(&steps).unwrap();
    }
}
