//! Any order of appends, flushes, compactions, deletes, kills and reopenings equals a map.
#![cfg(test)]

mod spans;

use std::sync::Arc;

use proptest::prelude::*;
use spans::{Brief, Model, commit, delete, numbered, open, scanned, to_scan, try_contents};
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::Durability;
use telemetry_core::time::NanosRange;

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Brief>),
    Flush,
    Compact,
    Delete(u8, i64, i64),
    Close,
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    // The start follows from trace and id, so that a span that is sent twice is hidden by the same
    // deletes.
    let span = (1_u8..6, 1_u8..30)
        .prop_map(|(trace, id)| (trace, id, i64::from(trace) * 20 + i64::from(id) * 7 % 100));
    prop_oneof![
        6 => prop::collection::vec(span, 1..20).prop_map(Step::Commit),
        2 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => (0_u8..3, 0_i64..200, 0_i64..100).prop_map(|(service, start, length)| {
            Step::Delete(service, start, start + length)
        }),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_store_equals_a_map(steps in prop::collection::vec(step(), 1..40)) {
        let mut files = FaultyFileSystem::new(1);
        let mut store = open(Arc::new(files.clone()), Durability::Always).unwrap();
        let mut model = Model::default();
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Commit(spans) => {
                    let spans: Vec<_> = spans.iter().map(|span| numbered(*span, number)).collect();
                    prop_assert_eq!(commit(&store, &spans).unwrap(), spans.len() as u64);
                    spans.iter().for_each(|span| model.insert(span));
                }
                Step::Flush => store.flush().unwrap(),
                Step::Compact => store.compact().unwrap(),
                Step::Delete(service, start, end) => {
                    let window = NanosRange::new(start, end);
                    delete(&store, service, window).unwrap();
                    model.delete(service, window);
                }
                Step::Close => {
                    store.close().unwrap();
                    drop(store);
                    store = open(Arc::new(files.clone()), Durability::Always).unwrap();
                }
                Step::Kill => {
                    let after = files.kill();
                    store = open(Arc::new(after.clone()), Durability::Always).unwrap();
                    files = after;
                }
            }
            let expected = model.contents();
            prop_assert_eq!(scanned(&store).unwrap(), to_scan(&expected));
            prop_assert_eq!(try_contents(&store).unwrap(), expected);
        }
        prop_assert!(store.verify().unwrap().is_intact());
    }
}
