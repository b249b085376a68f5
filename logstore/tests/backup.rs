//! A backup is a store of what was committed when it began: in blocks, in memory, and deletes that are
//! not carried out. What `verify` says of a store, and where it finds damage.
#![cfg(test)]

mod lines;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use lines::{Line, commit, contents, delete, open, options};
use logstore::LogStore;
use telemetry_core::storage::fs::{FaultyFileSystem, FileSystem, MemoryFileSystem};
use telemetry_core::storage::store::Durability;
use telemetry_core::time::NanosRange;

/// The delete of lines with a `b`, of stream 1.
const WITH_B_OF_1: u8 = 4;

fn lines_of(number: i64) -> Vec<Line> {
    let text = |at: i64| format!("{} {number}.{at}", if at % 2 == 0 { "a" } else { "b" });
    (0..6_i64).map(|at| ((at % 3) as u8, number * 10 + at, text(at))).collect()
}

fn at(files: &Arc<dyn FileSystem>, path: &str) -> LogStore {
    let builder = LogStore::builder().file_system(files.clone());
    builder.storage(options(Durability::Always)).open(path).unwrap()
}

#[test]
fn a_backup_has_blocks_memory_and_deletes() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = open(files.clone(), Durability::Always).unwrap();
    for number in 0..5 {
        commit(&store, &lines_of(number)).unwrap();
    }
    store.flush().unwrap();
    delete(&store, WITH_B_OF_1, NanosRange::new(0, 40)).unwrap();
    for number in 5..8 {
        commit(&store, &lines_of(number)).unwrap();
    }
    delete(&store, 2, NanosRange::new(60, 65)).unwrap();
    let expected = contents(&store).unwrap();
    assert!(store.stats().tombstones > 0);
    store.backup("/copy").unwrap();
    // What comes after is not in it.
    commit(&store, &lines_of(9)).unwrap();
    delete(&store, 0, NanosRange::ALL).unwrap();

    let builder =
        || LogStore::builder().file_system(files.clone()).storage(options(Durability::Always));
    let restored = builder().restore("/copy", "/restored").unwrap();
    assert_eq!(contents(&restored).unwrap(), expected);
    assert!(restored.verify().unwrap().is_intact());
    // The deletes in it are carried out like any.
    restored.flush().unwrap();
    restored.compact().unwrap();
    assert_eq!(contents(&restored).unwrap(), expected);
    commit(&restored, &lines_of(10)).unwrap();
    assert_eq!(contents(&at(&files, "/copy")).unwrap(), expected, "the backup stays as it was");
    assert!(builder().restore("/copy", "/data/logs").is_err(), "there is a store");
}

#[test]
fn a_backup_while_lines_come_is_a_prefix_of_them() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = open(files.clone(), Durability::Off).unwrap();
    let (committed, is_done) = (AtomicI64::new(0), AtomicBool::new(false));
    let prefix = |count: i64| {
        let mut lines: Vec<Line> = (0..count).flat_map(lines_of).collect();
        lines.sort();
        lines
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if is_done.load(Ordering::Acquire) {
                    return;
                }
                commit(&store, &lines_of(number)).unwrap();
                committed.store(number + 1, Ordering::Release);
                match number % 20 {
                    7 | 14 => store.flush().unwrap(),
                    19 => store.compact().unwrap(),
                    _ => {}
                }
            }
        });
        for round in 0..12 {
            while committed.load(Ordering::Acquire) < 5 * (round + 1) {
                thread::yield_now();
            }
            let before = committed.load(Ordering::Acquire);
            let path = format!("/copies/{round}");
            store.backup(&path).unwrap();
            let after = committed.load(Ordering::Acquire) + 1;
            let copy = at(&files, &path);
            assert!(copy.verify().unwrap().is_intact());
            let found = contents(&copy).unwrap();
            let count = found.len() as i64 / 6;
            assert!((before..=after).contains(&count), "{count} of {before} to {after}");
            assert!(found == prefix(count), "not a prefix");
        }
        is_done.store(true, Ordering::Release);
    });
}

#[test]
fn verify_says_what_was_read_and_which_block_is_damaged() {
    let disk = FaultyFileSystem::new(3);
    let store = open(Arc::new(disk.clone()), Durability::Always).unwrap();
    commit(&store, &lines_of(0)).unwrap();
    store.flush().unwrap();
    commit(&store, &lines_of(1)).unwrap();
    store.flush().unwrap();
    commit(&store, &lines_of(2)).unwrap();
    let report = store.verify().unwrap();
    assert_eq!((report.blocks, report.log_records, report.is_intact()), (2, 1, true));
    assert!(report.block_bytes > 0);
    drop(store);

    let is_lines = |path: &&std::path::PathBuf| path.ends_with("lines");
    let files = disk.files();
    let path: &Path = files.iter().find(is_lines).unwrap();
    let mut content = disk.content(path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 4;
    let damaged = disk.kill();
    assert!(damaged.damage(path, content));
    let store = open(Arc::new(damaged), Durability::Always).unwrap();
    let report = store.verify().unwrap();
    let problems: Vec<String> = report.problems.iter().map(|p| p.error.to_string()).collect();
    assert_eq!(report.problems.len(), 1, "{problems:?}");
    let block = report.problems[0].block.unwrap().to_string();
    assert!(path.to_string_lossy().contains(&block), "{block} {}", path.display());
    assert!(problems[0].contains("lines"), "{problems:?}");
}
