//! The power is cut at every write and every sync: the store opens again, and what is there is a
//! prefix of the commits, each whole, with all that the durability contract covers.
#![cfg(test)]

mod spans;

use std::sync::Arc;
use std::time::Duration;

use spans::{Model, commit, delete, numbered, open, scanned, to_scan, try_contents};
use telemetry_core::model::Span;
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::Durability;
use telemetry_core::time::NanosRange;

/// Commits in a run; some are followed by a flush, a delete or a compaction.
const COMMITS: i64 = 14;

fn spans_of(number: i64) -> Vec<Span> {
    // Every trace gets spans in several commits, and some spans come twice.
    (0..4)
        .map(|at| numbered((1 + at % 3, (number % 10 * 4) as u8 + at + 1, number * 10), 0))
        .collect()
}

fn is_delete_after(number: i64) -> bool {
    number % 6 == 5
}

/// Runs the script until something fails. Answers how many steps (commits and deletes) returned.
fn run(files: &FaultyFileSystem, durability: Durability) -> usize {
    let Ok(store) = open(Arc::new(files.clone()), durability) else { return 0 };
    let mut returned = 0;
    for number in 0..COMMITS {
        if commit(&store, &spans_of(number)).is_err() {
            break;
        }
        returned += 1;
        if is_delete_after(number) {
            if delete(&store, 1, NanosRange::new(0, number * 10)).is_err() {
                break;
            }
            returned += 1;
        }
        if number % 4 == 3 && store.flush().is_err() {
            break;
        }
        if number % 8 == 7 && store.compact().is_err() {
            break;
        }
    }
    returned
}

/// What the store holds after each number of steps.
fn prefixes() -> Vec<Vec<Span>> {
    let mut model = Model::default();
    let mut prefixes = vec![model.contents()];
    for number in 0..COMMITS {
        spans_of(number).iter().for_each(|span| model.insert(span));
        prefixes.push(model.contents());
        if is_delete_after(number) {
            model.delete(1, NanosRange::new(0, number * 10));
            prefixes.push(model.contents());
        }
    }
    prefixes
}

fn matrix(durability: Durability, reboots: bool, covered: impl Fn(usize) -> usize) {
    let prefixes = prefixes();
    let calls = {
        let files = FaultyFileSystem::new(0);
        run(&files, durability);
        files.calls()
    };
    let cuts = calls.appends + calls.syncs;
    assert!(cuts > 40, "the script writes too little: {calls:?}");
    for cut in 1..=cuts {
        let files = FaultyFileSystem::new(cut);
        files.cut_power_at(cut);
        let returned = run(&files, durability);
        let after = if reboots { files.reboot() } else { files.kill() };
        let store = open(Arc::new(after), durability)
            .unwrap_or_else(|error| panic!("seed {cut}, cut {cut}: {error}"));
        let found = try_contents(&store).unwrap();
        let fits = (covered(returned)..prefixes.len()).any(|steps| prefixes[steps] == found);
        let count = found.len();
        assert!(fits, "seed {cut}, cut {cut}: {returned} steps returned, {count} spans found");
        assert_eq!(scanned(&store).unwrap(), to_scan(&found), "cut {cut}");
        assert!(store.verify().unwrap().is_intact(), "cut {cut}");
        commit(&store, &spans_of(99)).unwrap();
    }
}

#[test]
fn always_keeps_every_commit_that_returned() {
    matrix(Durability::Always, true, |returned| returned);
}

#[test]
fn interval_keeps_a_prefix() {
    matrix(Durability::Interval(Duration::from_secs(3600)), true, |_| 0);
}

#[test]
fn a_killed_process_loses_nothing_that_returned() {
    matrix(Durability::Interval(Duration::from_secs(3600)), false, |returned| returned);
}
