//! Crashes: for every n, the n-th call fails or the power goes with it, and what is found after is a
//! prefix of the commits that holds all that the durability contract covers, each whole.
#![cfg(feature = "storage")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod storage_toy;

use std::time::Duration;
use storage_toy::*;
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::{Durability, Store};
use telemetry_core::storage::{Error, Result};

/// One step of the workload.
#[derive(Clone, Copy, Debug)]
enum Step {
    Commit(u64),
    Delete(i64),
    Flush,
    Compact,
    Sync,
    Reopen,
}

use Step::{Commit, Compact, Delete, Flush, Reopen, Sync};

/// Every kind of step beside every other.
const STEPS: [Step; 26] = [
    Commit(1),
    Commit(2),
    Flush,
    Commit(3),
    Sync,
    Delete(2),
    Commit(4),
    Reopen,
    Commit(5),
    Commit(6),
    Flush,
    Commit(7),
    Flush,
    Compact,
    Delete(3),
    Commit(8),
    Sync,
    Commit(9),
    Flush,
    Delete(8),
    Compact,
    Commit(10),
    Commit(11),
    Reopen,
    Flush,
    Commit(12),
];

/// The rows of a commit: several, so that half a commit would be seen, and enough of them that
/// it takes more than a sector.
fn rows(number: u64) -> Vec<Row> {
    let key =
        format!("k{:0>width$}", number % 3, width = if number.is_multiple_of(4) { 200 } else { 3 });
    (0..3).map(|i| row(&key, number as i64 + i, number)).collect()
}

/// What the first `count` commits and deletes leave.
fn after(count: usize) -> Vec<Row> {
    let mut left: Vec<Row> = Vec::new();
    let changes = STEPS.iter().filter(|step| matches!(step, Commit(_) | Delete(_)));
    changes.take(count).for_each(|step| apply(*step, &mut left));
    left.sort();
    left
}

fn apply(step: Step, rows_left: &mut Vec<Row>) {
    match step {
        Commit(number) => rows_left.extend(rows(number)),
        Delete(time) => rows_left.retain(|row| !hides(time, row)),
        _ => {}
    }
}

fn hides(time: i64, row: &Row) -> bool {
    row.key == "k001" && (time..=time + 1).contains(&row.time)
}

/// How far a workload came.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Commits and deletes that returned.
    returned: usize,
    /// Commits and deletes that were begun.
    begun: usize,
    /// Those that must survive power loss.
    durable: usize,
}

struct Run<'a> {
    fs: &'a FaultyFileSystem,
    durability: Durability,
    store: Option<Store<Toy>>,
    progress: Progress,
}

impl Run<'_> {
    fn step(&mut self, step: Step) -> Result<()> {
        if self.store.is_none() {
            self.store = Some(open(self.fs, by_hand(self.durability))?);
        }
        let Some(store) = &self.store else { return Ok(()) };
        match step {
            Commit(number) => {
                self.progress.begun += 1;
                commit(store, &rows(number))?;
            }
            Delete(time) => {
                self.progress.begun += 1;
                delete(store, "k001", time, time + 1)?;
            }
            Flush => store.flush().map(drop)?,
            Compact => store.compact().map(drop)?,
            Sync => store.sync()?,
            Reopen => {
                let store = self.store.take();
                store.map_or(Ok(()), |store| store.close())?;
            }
        }
        if matches!(step, Commit(_) | Delete(_)) {
            self.progress.returned += 1;
            if self.durability == Durability::Always {
                self.progress.durable = self.progress.returned;
            }
        } else if step_is_a_sync(step) {
            self.progress.durable = self.progress.returned;
        }
        Ok(())
    }
}

fn step_is_a_sync(step: Step) -> bool {
    matches!(step, Flush | Sync | Reopen)
}

/// Runs the steps until one fails.
fn run(fs: &FaultyFileSystem, durability: Durability) -> (Progress, Option<Error>) {
    let mut run = Run { fs, durability, store: None, progress: Progress::default() };
    for step in STEPS {
        if let Err(error) = run.step(step) {
            return (run.progress, Some(error));
        }
    }
    (run.progress, None)
}

/// Opens what a crash left, and says how many commits and deletes are there.
fn found(fs: &FaultyFileSystem, at_least: usize, at_most: usize, context: &str) -> usize {
    let store = open(fs, by_hand(Durability::Always))
        .unwrap_or_else(|error| panic!("{context}: does not open: {error}"));
    let seen = contents(&store.snapshot()).unwrap_or_else(|error| panic!("{context}: {error}"));
    let count = (at_least..=at_most).find(|count| after(*count) == seen);
    let count = count.unwrap_or_else(|| {
        panic!("{context}: no prefix of {at_least} to {at_most} changes leaves {seen:?}")
    });
    if store.stats().blocks > 0 {
        let carried = *store.snapshot().head().carried.read();
        assert!(carried > 0, "{context}: what a flush carried over is lost");
    }
    // It goes on from there, and everything is in order.
    assert!(store.verify().unwrap().is_intact(), "{context}");
    commit(&store, &[row("after", 99, 99)]).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    let mut expected = after(count);
    expected.push(row("after", 99, 99));
    expected.sort();
    assert_eq!(contents(&store.snapshot()).unwrap(), expected, "{context}");
    store.close().unwrap();
    let store = open(fs, by_hand(Durability::Always)).unwrap();
    assert_eq!(contents(&store.snapshot()).unwrap(), expected, "{context}");
    assert_eq!(store.stats().recovery.orphans, 0, "{context}: nothing is left lying about");
    count
}

const DURABILITIES: [Durability; 3] =
    [Durability::Always, Durability::Interval(Duration::from_secs(3600)), Durability::Off];

/// How many calls the whole workload makes.
fn calls() -> (u64, u64) {
    let fs = FaultyFileSystem::new(0);
    let (progress, error) = run(&fs, Durability::Always);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(progress.returned, 15);
    let count = found(&fs.kill(), 15, 15, "without any fault");
    assert_eq!(count, 15);
    (fs.calls().changes, fs.calls().all)
}

#[test]
fn the_power_may_go_at_any_write_or_sync() {
    let (changes, _) = calls();
    for durability in DURABILITIES {
        for n in 1..=changes {
            for seed in 0..5 {
                let fs = FaultyFileSystem::new(seed * 1000 + n);
                fs.cut_power_at(n);
                let (progress, _) = run(&fs, durability);
                let context = format!("{durability:?}, cut at change {n}, {fs:?}");
                found(&fs.reboot(), progress.durable, progress.begun, &context);
            }
        }
    }
}

#[test]
fn the_process_may_be_killed_at_any_call() {
    let (changes, _) = calls();
    for durability in DURABILITIES {
        for n in 1..=changes {
            let fs = FaultyFileSystem::new(n);
            fs.cut_power_at(n);
            let (progress, _) = run(&fs, durability);
            let context = format!("{durability:?}, killed at change {n}, {fs:?}");
            // What returned is there, whatever the durability.
            found(&fs.kill(), progress.returned, progress.begun, &context);
        }
    }
}

#[test]
fn the_power_may_go_again_while_the_store_recovers() {
    let (changes, _) = calls();
    for n in (1..=changes).step_by(3) {
        let fs = FaultyFileSystem::new(n);
        fs.cut_power_at(n);
        let (progress, _) = run(&fs, Durability::Always);
        let mut rebooted = fs.reboot();
        for again in 1..=12 {
            rebooted.cut_power_at(again);
            drop(open(&rebooted, by_hand(Durability::Always)));
            rebooted = rebooted.reboot();
        }
        let context = format!("cut at change {n} and again, {fs:?}");
        found(&rebooted, progress.durable, progress.begun, &context);
    }
}

/// After one failed call the store goes on or says that it is poisoned; either way what it shows,
/// and what it finds when it is opened again, are the commits that returned.
#[test]
fn any_call_may_fail_once() {
    let (_, all) = calls();
    for n in 1..=all {
        let fs = FaultyFileSystem::new(n);
        fs.fail_call(n);
        let context = format!("call {n} fails, {fs:?}");
        // Without and with the first commit or delete that failed: it may have been logged.
        let (mut left, mut with_failed) = (Vec::new(), Vec::new());
        let mut has_failed = false;
        let mut run = Run {
            fs: &fs,
            durability: Durability::Always,
            store: None,
            progress: Progress::default(),
        };
        for step in STEPS {
            let result = run.step(step);
            let is_change = matches!(step, Commit(_) | Delete(_));
            if result.is_ok() {
                apply(step, &mut left);
            }
            if result.is_ok() || (is_change && !has_failed) {
                apply(step, &mut with_failed);
            }
            has_failed |= result.is_err() && is_change;
        }
        left.sort();
        with_failed.sort();
        fs.clear_faults();
        if let Some(store) = &run.store {
            let seen = contents(&store.snapshot()).unwrap();
            assert!(seen == left || seen == with_failed, "{context}: shows {seen:?}");
        }
        drop(run);
        let store = open(&fs.kill(), by_hand(Durability::Always)).unwrap();
        let seen = contents(&store.snapshot()).unwrap();
        assert!(seen == left || seen == with_failed, "{context}: finds {seen:?}, not {left:?}");
    }
}

#[test]
fn a_failed_sync_poisons_and_reads_go_on() {
    let fs = FaultyFileSystem::new(3);
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    commit(&store, &rows(1)).unwrap();
    fs.fail_sync(1);
    assert!(matches!(commit(&store, &rows(2)), Err(Error::Poisoned { .. })));
    for _ in 0..2 {
        assert!(matches!(commit(&store, &rows(3)), Err(Error::Poisoned { .. })));
        assert!(matches!(store.flush(), Err(Error::Poisoned { .. })));
        assert!(matches!(delete(&store, "k001", 0, 1), Err(Error::Poisoned { .. })));
        assert!(matches!(store.health(), Err(Error::Poisoned { .. })));
    }
    assert!(contents(&store.snapshot()).unwrap().len() >= 3);
    assert!(matches!(store.close(), Err(Error::Poisoned { .. })));
    let store = open(&fs.reboot(), by_hand(Durability::Always)).unwrap();
    let seen = contents(&store.snapshot()).unwrap();
    assert!(seen == rows(1) || seen.len() == 6, "{seen:?}");
}

#[test]
fn appends_resume_when_a_full_disk_has_room_again() {
    let fs = FaultyFileSystem::new(3);
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    commit(&store, &rows(1)).unwrap();
    store.flush().unwrap();
    commit(&store, &rows(2)).unwrap();
    fs.limit_bytes(Some(fs.total_bytes() + 20));
    for _ in 0..3 {
        let error = commit(&store, &rows(3)).unwrap_err();
        assert!(error.is_disk_full(), "{error}");
        assert!(store.flush().unwrap_err().is_disk_full());
    }
    assert_eq!(contents(&store.snapshot()).unwrap().len(), 6);
    // Deletes work on a full disk: there is a reserve for them.
    delete(&store, "k001", 0, 1).unwrap();
    let left = contents(&store.snapshot()).unwrap();
    assert_eq!(left.len(), 5);
    fs.limit_bytes(None);
    commit(&store, &rows(4)).unwrap();
    store.flush().unwrap();
    store.close().unwrap();
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    let seen = contents(&store.snapshot()).unwrap();
    assert_eq!(seen.len(), left.len() + 3);
    assert!(rows(4).iter().all(|row| seen.contains(row)));
}

#[test]
fn short_reads_change_nothing() {
    let fs = FaultyFileSystem::new(3);
    let (progress, _) = run(&fs, Durability::Always);
    let after_kill = fs.kill();
    after_kill.short_reads(true);
    found(&after_kill, progress.returned, progress.returned, "short reads");
}
