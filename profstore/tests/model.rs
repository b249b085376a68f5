//! Any order of appends, flushes, compactions, deletes, kills and reopenings equals a map.
#![cfg(test)]

mod profiles;

use std::sync::Arc;

use profiles::{Model, Sample, commit, contents, delete, open};
use proptest::prelude::*;
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::Durability;
use telemetry_core::time::NanosRange;

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Sample>),
    Flush,
    Compact,
    Delete(u8, i64, i64),
    Close,
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let sample = (0_u8..3, 0_i64..200, "[a-c](;[a-c]){0,5} [1-9]");
    prop_oneof![
        6 => prop::collection::vec(sample, 1..20).prop_map(Step::Commit),
        2 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => (0_u8..3, 0_i64..200, 0_i64..100).prop_map(|(number, start, length)| {
            Step::Delete(number, start, start + length)
        }),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_store_equals_a_map(steps in prop::collection::vec(step(), 1..40)) {
        let mut files = FaultyFileSystem::new(1);
        let mut store = open(Arc::new(files.clone()), Durability::Always).unwrap();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Commit(samples) => {
                    prop_assert_eq!(commit(&store, &samples).unwrap(), samples.len() as u64);
                    samples.iter().for_each(|sample| model.insert(sample));
                }
                Step::Flush => store.flush().unwrap(),
                Step::Compact => store.compact().unwrap(),
                Step::Delete(number, start, end) => {
                    let window = NanosRange::new(start, end);
                    delete(&store, number, window).unwrap();
                    model.delete(number, window);
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
            prop_assert_eq!(contents(&store).unwrap(), model.contents());
        }
        prop_assert!(store.verify().unwrap().is_intact());
    }
}
