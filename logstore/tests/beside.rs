//! Readers beside a writer, flushes and compactions see every commit once and whole.
#![cfg(test)]

mod lines;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::{self, ScopedJoinHandle};

use lines::{Line, commit, contents, open};
use telemetry_core::storage::fs::MemoryFileSystem;
use telemetry_core::storage::store::Durability;

const COMMITS: i64 = 400;
const COMMITS_PER_CHECK: i64 = 4;
const LINES_PER_COMMIT: i64 = 5;

/// The lines of commit `number`, over three streams; every other commit comes late.
fn lines_of(number: i64) -> Vec<Line> {
    let time = if number % 2 == 0 { number } else { number - 20 };
    (0..LINES_PER_COMMIT)
        .map(|at| (u8::try_from(at % 3).unwrap(), time, format!("{number} {at}")))
        .collect()
}

#[test]
fn every_commit_is_seen_once_and_whole() {
    let store = open(Arc::new(MemoryFileSystem::new()), Durability::Off).unwrap();
    let (committed, is_done) = (AtomicI64::new(0), AtomicBool::new(false));
    let (checks, rounds) = (AtomicI64::new(0), AtomicI64::new(0));
    let check = || {
        let before = committed.load(Ordering::Acquire);
        let found = contents(&store).unwrap();
        assert!(found.windows(2).all(|pair| pair[0] != pair[1]), "a line came twice");
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for (_, _, text) in &found {
            let number = text.split_once(' ').unwrap().0.parse().unwrap();
            *counts.entry(number).or_default() += 1;
        }
        assert!((0..before).all(|number| counts.contains_key(&number)), "a commit is missing");
        assert!(counts.values().all(|count| *count == LINES_PER_COMMIT), "half a commit");
    };
    thread::scope(|scope| {
        let keeper = scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                store.flush().unwrap();
                store.compact().unwrap();
                rounds.fetch_add(1, Ordering::AcqRel);
            }
        });
        let reader = || {
            while !is_done.load(Ordering::Acquire) {
                check();
                checks.fetch_add(1, Ordering::AcqRel);
            }
        };
        let threads = [keeper, scope.spawn(reader), scope.spawn(reader)];
        for number in 0..COMMITS {
            commit(&store, &lines_of(number)).unwrap();
            committed.store(number + 1, Ordering::Release);
            // Nobody runs ahead of the others, or waits for one that failed.
            let is_ahead = || {
                let others = [&checks, &rounds].map(|count| count.load(Ordering::Acquire));
                others.iter().any(|count| *count < number / COMMITS_PER_CHECK)
            };
            while is_ahead() && !threads.iter().any(ScopedJoinHandle::is_finished) {
                thread::yield_now();
            }
        }
        is_done.store(true, Ordering::Release);
    });
    check();
}
