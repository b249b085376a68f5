//! A store against a naive model, over any sequence of steps and crashes.
#![cfg(feature = "storage")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod storage_toy;

use proptest::prelude::*;
use storage_toy::*;
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::{Durability, Store};

#[derive(Clone, Debug)]
enum Step {
    Commit {
        key: usize,
        time: i64,
        rows: u64,
    },
    Delete {
        key: usize,
        start: i64,
        len: i64,
    },
    Flush,
    Compact,
    Backup,
    Reopen,
    Kill,
    PowerLoss,
    /// The power goes at that change, in the middle of what comes next.
    PowerCut(u64),
    FullDisk(u64),
}

const KEYS: [&str; 3] =
    ["a", "b", "a long key that makes rows reach over sectors, again and again"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3usize, 0..20i64, 0..30u64)
            .prop_map(|(key, time, rows)| Step::Commit { key, time, rows }),
        2 => (0..3usize, 0..20i64, 0..8i64)
            .prop_map(|(key, start, len)| Step::Delete { key, start, len }),
        2 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => Just(Step::Backup),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        1 => Just(Step::PowerLoss),
        1 => (1..40u64).prop_map(Step::PowerCut),
        1 => (0..500u64).prop_map(Step::FullDisk),
    ]
}

/// What should be there. A change that was cut off may be there or not.
#[derive(Clone, Debug, Default)]
struct Model {
    rows: Vec<Row>,
    number: u64,
}

impl Model {
    fn rows_of(&mut self, key: usize, time: i64, count: u64) -> Vec<Row> {
        self.number += 1;
        (0..count).map(|i| row(KEYS[key], time + i as i64 % 5, self.number * 100 + i)).collect()
    }

    fn delete(&mut self, key: usize, start: i64, end: i64) {
        self.rows.retain(|row| row.key != KEYS[key] || !(start..=end).contains(&row.time));
    }

    fn sorted(&self) -> Vec<Row> {
        let mut rows = self.rows.clone();
        rows.sort();
        rows
    }
}

struct Bench {
    fs: FaultyFileSystem,
    store: Option<Store<Toy>>,
    model: Model,
    /// With the change that was cut off.
    maybe: Option<Model>,
    backups: u64,
}

impl Bench {
    /// The store, opened again if a crash has taken it.
    fn store(&mut self) -> Store<Toy> {
        if let Some(store) = &self.store {
            return store.clone();
        }
        let (store, seen) = loop {
            let opened = open(&self.fs, by_hand(Durability::Always));
            match opened.and_then(|store| Ok((contents(&store.snapshot())?, store))) {
                Ok((seen, store)) => break (store, seen),
                // The power may go while it recovers or right behind, and then comes back.
                Err(_) if !self.fs.is_powered() => self.fs = self.fs.reboot(),
                Err(error) if error.is_disk_full() => {
                    self.fs.limit_bytes(None);
                }
                Err(error) => panic!("{error}"),
            }
        };
        if let Some(maybe) = self.maybe.take()
            && seen == maybe.sorted()
        {
            self.model = maybe;
        }
        assert_eq!(seen, self.model.sorted(), "after opening {:?}", self.fs);
        self.store = Some(store.clone());
        store
    }

    /// A step failed: if the power is gone or the store gave up, it is opened again.
    fn failed(&mut self, maybe: Option<Model>) {
        if self.fs.is_powered() {
            self.fs.limit_bytes(None);
            if self.store.as_ref().is_some_and(|store| store.health().is_ok()) {
                return;
            }
        }
        self.maybe = maybe;
        self.store = None;
        self.fs = self.fs.reboot();
    }

    fn run(&mut self, step: &Step) {
        let store = self.store();
        let mut after = self.model.clone();
        let result = match step {
            Step::Commit { key, time, rows } => {
                let rows = after.rows_of(*key, *time, *rows);
                after.rows.extend_from_slice(&rows);
                commit(&store, &rows)
            }
            Step::Delete { key, start, len } => {
                after.delete(*key, *start, start + len);
                delete(&store, KEYS[*key], *start, start + len).map(drop)
            }
            Step::Flush => store.flush().map(drop),
            Step::Compact => store.compact().map(drop),
            Step::Backup => {
                self.backups += 1;
                store.backup(format!("/backups/{}", self.backups).as_ref())
            }
            Step::Reopen | Step::Kill | Step::PowerLoss => {
                drop(store);
                let store = self.store.take();
                match step {
                    Step::Reopen => drop(store.unwrap().close()),
                    Step::Kill => self.fs = self.fs.kill(),
                    _ => {}
                }
                if !self.fs.is_powered() || matches!(step, Step::PowerLoss) {
                    self.fs = self.fs.reboot();
                }
                return;
            }
            Step::PowerCut(n) => {
                self.fs.cut_power_at(*n);
                return;
            }
            Step::FullDisk(room) => {
                self.fs.limit_bytes(Some(self.fs.total_bytes() + room));
                return;
            }
        };
        drop(store);
        match result {
            Ok(()) => self.model = after,
            Err(_) => self.failed(Some(after)),
        }
        if let Some(store) = &self.store
            && self.fs.is_powered()
        {
            assert_eq!(contents(&store.snapshot()).unwrap(), self.model.sorted(), "{step:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_holds_what_the_model_holds(
        steps in prop::collection::vec(step(), 1..60),
        seed: u64,
    ) {
        let fs = FaultyFileSystem::new(seed);
        let mut bench =
            Bench { fs, store: None, model: Model::default(), maybe: None, backups: 0 };
        for step in &steps {
            bench.run(step);
        }
        if !bench.fs.is_powered() {
            bench.failed(None);
        }
        bench.fs.clear_faults();
        let store = bench.store();
        prop_assert!(store.verify().unwrap().is_intact());
        store.flush().unwrap();
        store.compact().unwrap();
        prop_assert_eq!(contents(&store.snapshot()).unwrap(), bench.model.sorted());
        prop_assert_eq!(store.stats().tombstones, 0);
    }
}

/// What an opening leaves to be done later may fail without a word.
#[test]
fn the_power_may_go_at_the_end_of_an_opening() {
    let commit = |rows| Step::Commit { key: 0, time: 0, rows };
    let steps = [
        commit(1),
        Step::Flush,
        commit(18),
        commit(7),
        Step::Delete { key: 2, start: 0, len: 0 },
        Step::FullDisk(332),
        commit(20),
        Step::PowerCut(22),
        commit(27),
        Step::Delete { key: 0, start: 0, len: 0 },
        Step::Reopen,
        commit(0),
    ];
    let (fs, model) = (FaultyFileSystem::new(0), Model::default());
    let mut bench = Bench { fs, store: None, model, maybe: None, backups: 0 };
    steps.iter().for_each(|step| bench.run(step));
}
