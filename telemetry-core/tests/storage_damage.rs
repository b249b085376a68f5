//! Damage: whatever byte of whatever file is changed or cut off, opening, reading or the full check
//! finds it, or it changes nothing. No answer is wrong and nothing panics.
#![cfg(feature = "storage")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod storage_toy;

use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use storage_toy::*;
use telemetry_core::storage::event::{Event, EventHook};
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::{Durability, OnCorruption};
use telemetry_core::storage::wal::Ending;
use telemetry_core::storage::{Error, Result};

/// A store with blocks of two levels, a tombstone, and several segments of the log.
fn store(durability: Durability) -> (FaultyFileSystem, Vec<Vec<Row>>) {
    let fs = FaultyFileSystem::new(11);
    let store = open(&fs, by_hand(durability)).unwrap();
    let mut states = vec![Vec::new()];
    let mut state = Vec::new();
    for i in 0..12u64 {
        let rows = [row("a", i as i64, i), row("b", i as i64, i)];
        commit(&store, &rows).unwrap();
        state.extend(rows);
        states.push(state.clone());
        if [1, 3, 5].contains(&i) {
            store.flush().unwrap();
        }
        if i == 3 {
            store.compact().unwrap();
        }
        if i == 7 {
            delete(&store, "a", 0, 4).unwrap();
            state.retain(|row| row.key != "a" || row.time > 4);
            states.push(state.clone());
        }
    }
    if durability == Durability::Always {
        store.close().unwrap();
        (fs, sorted(states))
    } else {
        (fs.kill(), sorted(states))
    }
}

fn sorted(mut states: Vec<Vec<Row>>) -> Vec<Vec<Row>> {
    states.iter_mut().for_each(|state| state.sort());
    states
}

/// What is read, if nothing says that something is wrong; and how the log ended.
fn read(fs: &FaultyFileSystem) -> Result<(Vec<Row>, Option<Ending>)> {
    let store = open(fs, by_hand(Durability::Always))?;
    let rows = contents(&store.snapshot())?;
    let mut report = store.verify()?;
    match report.problems.pop() {
        Some(problem) => Err(problem.error),
        None => Ok((rows, store.stats().recovery.ending)),
    }
}

/// Every file with damage of one kind in every place.
fn damaged(
    fs: &FaultyFileSystem,
    damage: impl Fn(&[u8], usize) -> Vec<u8>,
    mut check: impl FnMut(&FaultyFileSystem, &Path, usize),
) {
    for path in fs.files() {
        let whole = fs.content(&path).unwrap();
        // The reserve holds nothing.
        if path.ends_with("RESERVE") {
            continue;
        }
        for at in 0..whole.len() {
            let copy = fs.fork();
            copy.damage(&path, damage(&whole, at));
            check(&copy, &path, at);
        }
    }
}

fn flip(whole: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    bytes[at] ^= 1 << (at % 8);
    bytes
}

fn cut(whole: &[u8], at: usize) -> Vec<u8> {
    whole[..at].to_vec()
}

#[test]
fn in_a_closed_store_damage_is_found_or_harmless() {
    let (fs, states) = store(Durability::Always);
    let expected = states.last().unwrap();
    let (mut found, mut harmless) = (0, 0);
    for (damage, cuts) in [(flip as fn(&[u8], usize) -> Vec<u8>, false), (cut, true)] {
        damaged(&fs, damage, |copy, path, at| match read(copy) {
            Err(error) => {
                let plain = matches!(error, Error::Corrupt { .. } | Error::Format { .. });
                assert!(plain, "{path:?} at {at}: {error}");
                found += 1;
            }
            Ok((rows, ending)) => {
                // Only the mark of the clean close may be lost, and cutting whole records off the
                // end of the log cannot be told from never having written them.
                let is_prefix = states.contains(&rows);
                let cut_off = cuts && is_prefix;
                assert!(rows == *expected || cut_off, "{path:?} at {at}: {rows:?}");
                assert_ne!(ending, Some(Ending::Closed), "{path:?} at {at}");
                harmless += 1;
            }
        });
    }
    assert!(found > 20 * harmless / 10, "{found} found, {harmless} harmless");
}

#[test]
fn in_a_store_that_was_killed_damage_is_found_or_costs_the_tail() {
    let (fs, states) = store(Durability::Off);
    assert_eq!(read(&fs.fork()).unwrap().0, *states.last().unwrap());
    for damage in [flip as fn(&[u8], usize) -> Vec<u8>, cut] {
        damaged(&fs, damage, |copy, path, at| {
            if let Ok((rows, ending)) = read(copy) {
                assert!(states.contains(&rows), "{path:?} at {at}: {rows:?}");
                let is_reported = matches!(ending, Some(Ending::Torn { .. } | Ending::Open));
                assert!(is_reported, "{path:?} at {at}: {ending:?}");
            }
        });
    }
}

#[test]
fn a_file_that_is_missing_is_found() {
    let (fs, states) = store(Durability::Always);
    for path in fs.files() {
        let copy = fs.fork();
        let volume = telemetry_core::storage::fs::Volume::new(Arc::new(copy.clone()));
        volume.remove_file(&path).unwrap();
        match read(&copy) {
            Ok((rows, _)) => {
                let is_last = path.ends_with("RESERVE") || states.contains(&rows);
                assert!(is_last, "{path:?}: {rows:?}");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// The segments of the log.
fn segments(fs: &FaultyFileSystem) -> Vec<PathBuf> {
    let mut files = fs.files();
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "wal"));
    files
}

#[test]
fn a_damaged_log_is_refused_or_moved_aside_as_the_caller_wants() {
    let (fs, states) = store(Durability::Always);
    for path in segments(&fs) {
        let whole = fs.content(&path).unwrap();
        for at in (0..whole.len()).step_by(7) {
            let copy = fs.fork();
            copy.damage(&path, flip(&whole, at));
            match open(&copy, by_hand(Durability::Always)) {
                Err(Error::Corrupt { path: named, .. }) => assert_eq!(named, path),
                // The mark of the clean close.
                Ok(_) => continue,
                Err(error) => panic!("{error}"),
            }
            let events = Arc::new(Mutex::new(Vec::new()));
            let heard = events.clone();
            let mut options = by_hand(Durability::Always);
            options.on_corruption = OnCorruption::Quarantine;
            options.on_event = Some(EventHook::new(move |event| {
                if let Event::Quarantined { paths, bytes, .. } = event {
                    heard.lock().push((paths.clone(), *bytes));
                }
            }));
            let store = open(&copy, options).unwrap();
            let left = contents(&store.snapshot()).unwrap();
            assert!(states.contains(&left), "{path:?} at {at}: {left:?}");
            let report = store.stats().recovery;
            assert!(!report.was_clean() && !report.quarantined.is_empty());
            {
                let events = events.lock();
                assert_eq!(events.len(), 1);
                assert_eq!(events[0].0, report.quarantined);
                assert!(events[0].1 > 0);
            }
            let name = path.file_name().unwrap();
            assert!(report.quarantined.iter().any(|aside| aside.file_name() == Some(name)));
            assert_eq!(
                copy.content(&report.quarantined[0]).map(|bytes| bytes.is_empty()),
                Some(false)
            );
            // From now on it is an ordinary store.
            commit(&store, &[row("c", 1, 1)]).unwrap();
            store.close().unwrap();
            let store = open(&copy, by_hand(Durability::Always)).unwrap();
            assert_eq!(contents(&store.snapshot()).unwrap().len(), left.len() + 1);
            assert!(store.verify().unwrap().is_intact());
        }
    }
}

#[test]
fn a_reader_may_take_what_is_before_the_damage() {
    let (fs, states) = store(Durability::Always);
    let path = segments(&fs).remove(0);
    let whole = fs.content(&path).unwrap();
    fs.damage(&path, flip(&whole, whole.len() / 2));
    assert!(open_read_only(&fs, by_hand(Durability::Always)).is_err());
    let mut options = by_hand(Durability::Always);
    options.on_corruption = OnCorruption::Quarantine;
    let reader = open_read_only(&fs, options).unwrap();
    assert!(states.contains(&contents(&reader.snapshot()).unwrap()));
    assert!(reader.stats().recovery.ending.unwrap().check().is_err());
    assert_eq!(fs.content(&path).unwrap().len(), whole.len(), "a reader repairs nothing");
}

#[test]
fn the_power_may_go_while_a_damaged_log_is_moved_aside() {
    let (fs, states) = store(Durability::Always);
    let path = segments(&fs).remove(0);
    let whole = fs.content(&path).unwrap();
    fs.damage(&path, flip(&whole, whole.len() / 2));
    let quarantine = || {
        let mut options = by_hand(Durability::Always);
        options.on_corruption = OnCorruption::Quarantine;
        options
    };
    let expected = contents(&open(&fs.fork(), quarantine()).unwrap().snapshot()).unwrap();
    assert!(states.contains(&expected));
    for n in 1.. {
        let copy = fs.fork();
        copy.cut_power_at(n);
        let first = open(&copy, quarantine());
        let is_done = first.is_ok();
        drop(first);
        let store = open(&copy.reboot(), quarantine()).unwrap();
        assert_eq!(contents(&store.snapshot()).unwrap(), expected, "cut at change {n}");
        assert!(store.verify().unwrap().is_intact());
        if is_done {
            break;
        }
    }
}
