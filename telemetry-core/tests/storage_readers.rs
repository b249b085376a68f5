//! Readers: in the same process, and beside a writer in another one.
#![cfg(feature = "storage")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod storage_toy;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use storage_toy::*;
use telemetry_core::storage::Error;
use telemetry_core::storage::fs::{FaultyFileSystem, FileSystem, MemoryFileSystem, OsFileSystem};
use telemetry_core::storage::store::{Durability, Store, StoreOptions};

fn seen(store: &Store<Toy>) -> Vec<Row> {
    contents(&store.snapshot()).unwrap()
}

#[test]
fn a_reader_beside_a_writer_sees_what_it_refreshes() {
    let fs = MemoryFileSystem::new();
    let nothing = open_read_only(&fs, by_hand(Durability::Always));
    assert!(matches!(nothing, Err(Error::NoStore { .. })));
    let writer = open(&fs, by_hand(Durability::Off)).unwrap();
    let reader = open_read_only(&fs, by_hand(Durability::Always)).unwrap();
    assert_eq!(seen(&reader), []);
    let mut expected = Vec::new();
    for i in 0..10 {
        commit(&writer, &[row("a", i, 1), row("b", i, 1)]).unwrap();
        let before = seen(&reader);
        assert_eq!(before, expected);
        if i % 4 == 3 {
            writer.flush().unwrap();
            writer.compact().unwrap();
        }
        if i == 5 {
            delete(&writer, "a", 0, 2).unwrap();
        }
        assert_eq!(seen(&reader), before, "nothing moves without a refresh");
        assert!(reader.refresh().unwrap());
        expected = seen(&writer);
        assert_eq!(seen(&reader), expected);
        assert!(!reader.refresh().unwrap(), "nothing is new");
        assert_eq!(reader.stats().commits, writer.stats().commits);
    }
}

#[test]
fn a_reader_writes_nothing() {
    let fs = FaultyFileSystem::new(1);
    let writer = open(&fs, by_hand(Durability::Always)).unwrap();
    commit(&writer, &[row("a", 1, 1)]).unwrap();
    writer.flush().unwrap();
    commit(&writer, &[row("a", 2, 2)]).unwrap();
    // As if the writer were in the middle of a record.
    let path = fs.files().into_iter().rfind(|path| path.extension().is_some_and(|s| s == "wal"));
    let path = path.unwrap();
    let mut bytes = fs.content(&path).unwrap();
    bytes.extend_from_slice(&[1, 2, 3, 4, 5]);
    fs.damage(&path, bytes);
    let calls = fs.calls();
    let reader = open_read_only(&fs, by_hand(Durability::Always)).unwrap();
    assert_eq!(seen(&reader).len(), 2);
    assert!(matches!(commit(&reader, &[row("a", 1, 1)]), Err(Error::ReadOnly)));
    assert!(matches!(delete(&reader, "a", 1, 1), Err(Error::ReadOnly)));
    assert!(matches!(reader.flush(), Err(Error::ReadOnly)));
    assert!(matches!(reader.compact(), Err(Error::ReadOnly)));
    assert!(matches!(reader.expire(), Err(Error::ReadOnly)));
    assert!(matches!(reader.set_extra(vec![1]), Err(Error::ReadOnly)));
    reader.refresh().unwrap();
    assert!(reader.verify().unwrap().is_intact());
    reader.close().unwrap();
    assert_eq!(fs.calls().changes, calls.changes);
}

#[test]
fn the_writer_deletes_when_the_last_reader_is_gone() {
    let fs = MemoryFileSystem::new();
    let writer = open(&fs, by_hand(Durability::Always)).unwrap();
    for i in 0..2 {
        commit(&writer, &[row("a", i, 1)]).unwrap();
        writer.flush().unwrap();
    }
    let reader = open_read_only(&fs, by_hand(Durability::Always)).unwrap();
    writer.compact().unwrap();
    commit(&writer, &[row("a", 2, 1)]).unwrap();
    writer.flush().unwrap();
    let blocks = || fs.list(Path::new("/data/toy/blocks")).unwrap().len();
    assert_eq!(blocks(), 4);
    assert!(writer.stats().retired >= 3);
    // It opens blocks only now, and they are there.
    assert_eq!(seen(&reader), [row("a", 0, 1), row("a", 1, 1)]);
    reader.close().unwrap();
    writer.run_maintenance().unwrap();
    assert_eq!(writer.stats().retired, 0);
}

#[test]
fn readers_in_the_process_always_see_a_prefix() {
    let fs = MemoryFileSystem::new();
    let mut options = StoreOptions::default();
    options.head_bytes_max = 6400;
    options.durability = Durability::Off;
    let store = open(&fs, options).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let check = |rows: &[Row]| {
        let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
        let expected: Vec<u64> = (0..numbers.len() as u64).map(|i| i / 2).collect();
        assert_eq!(numbers, expected, "commits are whole and none is missing");
    };
    let readers: Vec<_> = (0..2)
        .map(|beside| {
            let (store, fs, done) = (store.clone(), fs.clone(), done.clone());
            std::thread::spawn(move || {
                let other = open_read_only(&fs, by_hand(Durability::Off)).unwrap();
                let mut reads = 0;
                while !done.load(Ordering::Acquire) || reads == 0 {
                    if beside == 0 {
                        check(&seen(&store));
                    } else {
                        other.refresh().unwrap();
                        check(&seen(&other));
                    }
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    for number in 0..2000u64 {
        let time = number as i64;
        commit(&store, &[row("a", time, number), row("a", time, number)]).unwrap();
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        assert!(reader.join().unwrap() > 0);
    }
    assert_eq!(seen(&store).len(), 4000);
}

const CHILD_DIRECTORY: &str = "STORAGE_READERS_CHILD_DIRECTORY";

/// Not a test of its own: what the child process of the tests below does. It commits 1, 2, 3 … and
/// prints each number after its commit has returned.
#[test]
fn child_process() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let mut options = StoreOptions::default();
    options.head_bytes_max = 64 * 500;
    let toy = Toy { carries: true, ..Toy::default() };
    let store = Store::open(toy, Arc::new(OsFileSystem), Path::new(&directory), options).unwrap();
    let first = store.stats().commits + 1;
    let mut out = std::io::stdout();
    for number in first.. {
        commit(&store, &[row("a", number as i64, number), row("b", 0, number)]).unwrap();
        if writeln!(out, "{number}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

#[test]
fn a_process_killed_at_any_moment_loses_no_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let mut waits = 7u64;
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_process", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD_DIRECTORY, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = 0;
        // An arbitrary number of commits, different each round.
        waits = waits * 31 % 1201;
        let mut left = waits;
        while let Some(Ok(line)) = lines.next() {
            last = line.trim().parse().unwrap_or(last);
            if last > 0 && left == 300.min(waits) {
                // The child holds the lock; a reader may come in.
                let toy = Toy { carries: true, ..Toy::default() };
                let fs: Arc<dyn FileSystem> = Arc::new(OsFileSystem);
                let other = Store::open(toy, fs.clone(), &path, StoreOptions::default());
                assert!(matches!(other, Err(Error::Locked { .. })), "round {round}");
                let toy = Toy { carries: true, ..Toy::default() };
                let reader = Store::open_read_only(toy, fs, &path, StoreOptions::default());
                let rows = seen(&reader.unwrap());
                assert!(rows.len() as u64 >= 2 * last, "round {round}");
            }
            left = left.saturating_sub(1);
            if left == 0 {
                break;
            }
        }
        child.kill().unwrap();
        // What it printed before it was killed counts too.
        for line in lines.map_while(Result::ok) {
            last = line.trim().parse().unwrap_or(last);
        }
        child.wait().unwrap();
        let toy = Toy { carries: true, ..Toy::default() };
        let fs = Arc::new(OsFileSystem);
        let store = Store::open(toy, fs, &path, StoreOptions::default()).unwrap();
        let mut numbers: Vec<u64> = seen(&store).iter().map(|row| row.number).collect();
        numbers.sort_unstable();
        let count = numbers.len() as u64 / 2;
        let expected: Vec<u64> = (1..=count).flat_map(|number| [number, number]).collect();
        assert_eq!(numbers, expected, "round {round}: each commit is whole");
        assert!(count >= last && last > 0, "round {round}: {count} found, {last} had returned");
    }
}
