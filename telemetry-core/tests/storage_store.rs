//! The life cycle of a store, told on a toy engine: what a caller sees while nothing fails.
#![cfg(feature = "storage")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod storage_toy;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use storage_toy::*;
use telemetry_core::storage::event::{Event, EventHook};
use telemetry_core::storage::fs::{FaultyFileSystem, FileSystem, MemoryFileSystem, OsFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::root::Root;
use telemetry_core::storage::store::{Durability, Retention, Store, StoreOptions};
use telemetry_core::storage::wal::Ending;
use telemetry_core::storage::{Error, backup};

fn seen(store: &Store<Toy>) -> Vec<Row> {
    contents(&store.snapshot()).unwrap()
}

#[test]
fn what_is_committed_is_seen_and_survives_closing() {
    let fs = MemoryFileSystem::new();
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    commit(&store, &[row("a", 1, 1), row("b", 2, 2)]).unwrap();
    assert_eq!(seen(&store), [row("a", 1, 1), row("b", 2, 2)]);
    store.close().unwrap();
    assert!(matches!(commit(&store, &[row("a", 1, 1)]), Err(Error::Closed)));
    assert!(matches!(store.health(), Err(Error::Closed)));
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    assert_eq!(seen(&store).len(), 2);
    let recovery = store.stats().recovery;
    assert_eq!(recovery.ending, Some(Ending::Closed));
    assert!(recovery.was_clean());
}

#[test]
fn dropping_the_last_handle_closes() {
    let fs = MemoryFileSystem::new();
    let store = open(&fs, by_hand(Durability::Off)).unwrap();
    let clone = store.clone();
    commit(&store, &[row("a", 1, 1)]).unwrap();
    drop(store);
    assert!(matches!(open(&fs, by_hand(Durability::Off)), Err(Error::Locked { .. })));
    drop(clone);
    let store = open(&fs, by_hand(Durability::Off)).unwrap();
    assert!(store.stats().recovery.was_clean());
    assert_eq!(seen(&store).len(), 1);
}

#[test]
fn a_flush_moves_rows_from_the_log_into_a_block() {
    let fs = MemoryFileSystem::new();
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    assert!(!store.flush().unwrap(), "nothing to flush");
    for i in 0..10 {
        commit(&store, &[row("a", i, i as u64)]).unwrap();
    }
    let before = store.snapshot();
    assert!(store.flush().unwrap());
    let stats = store.stats();
    assert_eq!((stats.blocks, stats.block_items, stats.head_items), (1, 10, 0));
    assert_eq!(stats.time_range, Some((0, 9)));
    assert_eq!(fs.list(Path::new("/data/toy/wal")).unwrap().len(), 1, "old segments are gone");
    assert_eq!(contents(&before).unwrap(), seen(&store));
    commit(&store, &[row("a", 10, 10)]).unwrap();
    store.close().unwrap();
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    assert_eq!(seen(&store).len(), 11);
    assert_eq!(*store.snapshot().head().carried.read(), 1, "what was carried is replayed");
}

#[test]
fn blocks_are_merged_until_the_plan_is_content() {
    let fs = MemoryFileSystem::new();
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    for i in 0..5 {
        commit(&store, &[row("a", i, i as u64)]).unwrap();
        store.flush().unwrap();
    }
    let old = store.snapshot();
    let before = seen(&store);
    assert_eq!(store.compact().unwrap(), 3);
    assert_eq!(store.stats().blocks_by_level, [1, 0, 1]);
    assert_eq!(seen(&store), before);
    // The old blocks are there as long as somebody reads them.
    assert_eq!(contents(&old).unwrap(), before);
    assert_eq!(store.stats().retired, 4);
    drop(old);
    store.run_maintenance().unwrap();
    assert_eq!(store.stats().retired, 0);
    assert_eq!(fs.list(Path::new("/data/toy/blocks")).unwrap().len(), 2);
}

#[test]
fn a_delete_hides_what_was_before_it_and_nothing_after() {
    for (flush_before, flush_after, compact) in
        [(false, false, false), (true, false, false), (false, true, false), (true, true, true)]
    {
        let fs = MemoryFileSystem::new();
        let store = open(&fs, by_hand(Durability::Always)).unwrap();
        commit(&store, &[row("a", 1, 1), row("a", 5, 2), row("b", 1, 3)]).unwrap();
        if flush_before {
            store.flush().unwrap();
        }
        delete(&store, "a", 0, 4).unwrap();
        commit(&store, &[row("a", 1, 4)]).unwrap();
        if flush_after {
            store.flush().unwrap();
        }
        if compact {
            store.compact().unwrap();
            assert_eq!(store.stats().tombstones, 0, "carried out and forgotten");
        }
        let expected = [row("a", 1, 4), row("a", 5, 2), row("b", 1, 3)];
        assert_eq!(seen(&store), expected);
        store.close().unwrap();
        let store = open(&fs, by_hand(Durability::Always)).unwrap();
        assert_eq!(seen(&store), expected);
        store.flush().unwrap();
        assert_eq!(seen(&store), expected);
        store.compact().unwrap();
        assert_eq!(seen(&store), expected);
        assert!(store.verify().unwrap().is_intact());
    }
}

#[test]
fn a_block_in_which_all_is_deleted_disappears() {
    let store = open(&MemoryFileSystem::new(), by_hand(Durability::Always)).unwrap();
    commit(&store, &[row("a", 1, 1)]).unwrap();
    store.flush().unwrap();
    delete(&store, "a", 0, 4).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(seen(&store), []);
    assert_eq!(store.stats().blocks, 0);
}

#[test]
fn retention_removes_whole_blocks_and_is_off_unless_asked_for() {
    let fs = MemoryFileSystem::new();
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    for time in [0, 100, 200] {
        commit(&store, &[row("a", time, 1)]).unwrap();
        store.flush().unwrap();
    }
    assert_eq!(store.expire().unwrap(), 0);
    store.close().unwrap();
    let mut options = by_hand(Durability::Always);
    options.retention = Retention { age: Some(150), bytes: None };
    let store = open(&fs, options).unwrap();
    assert_eq!(store.expire().unwrap(), 1);
    assert_eq!(seen(&store), [row("a", 100, 1), row("a", 200, 1)]);
    store.close().unwrap();
    let mut options = by_hand(Durability::Always);
    options.retention = Retention { age: None, bytes: Some(1) };
    let store = open(&fs, options).unwrap();
    assert_eq!(store.expire().unwrap(), 2);
    assert_eq!(seen(&store), []);
}

#[test]
fn a_head_that_is_too_large_is_flushed_without_a_thread_too() {
    let mut options = by_hand(Durability::Always);
    options.head_bytes_max = 640;
    let store = open(&MemoryFileSystem::new(), options).unwrap();
    for i in 0..100 {
        commit(&store, &[row("a", i, i as u64)]).unwrap();
        assert!(store.stats().head_bytes <= 640 + 64);
    }
    assert!(store.stats().flushes >= 9);
    assert_eq!(seen(&store).len(), 100);
}

#[test]
fn commits_wait_for_a_slow_flush_before_heads_have_half_as_much_again() {
    const HEAD_BYTES_MAX: u64 = 6400;
    let mut options = StoreOptions::default();
    options.head_bytes_max = HEAD_BYTES_MAX;
    options.durability = Durability::Off;
    let pace = Arc::<Pace>::default();
    let store = open_at_pace(&MemoryFileSystem::new(), options, pace.clone()).unwrap();
    let turn = pace.flush.lock();
    let writer = {
        let store = store.clone();
        std::thread::spawn(move || {
            let commit = |i: i64| {
                commit(&store, &[row("a", i, i as u64)]).unwrap();
                store.stats().head_bytes
            };
            (0..2000).map(commit).max()
        })
    };
    let most = HEAD_BYTES_MAX + HEAD_BYTES_MAX / 2 + 64;
    while store.stats().head_bytes < most {
        std::thread::yield_now();
    }
    drop(turn);
    assert_eq!(writer.join().unwrap(), Some(most));
    // Nobody flushed the little that came while somebody else flushed.
    let stats = store.stats();
    assert!(stats.flushes <= 2000 * 64 / HEAD_BYTES_MAX, "{}", stats.flushes);
    assert_eq!(seen(&store).len(), 2000);
}

#[test]
fn a_long_merge_keeps_no_head_in_memory_that_is_flushed_meanwhile() {
    let pace = Arc::<Pace>::default();
    let options = by_hand(Durability::Off);
    let store = open_at_pace(&MemoryFileSystem::new(), options, pace.clone()).unwrap();
    for i in 0..2 {
        commit(&store, &[row("a", i, i as u64)]).unwrap();
        store.flush().unwrap();
    }
    commit(&store, &[row("a", 2, 2)]).unwrap();
    let head = Arc::downgrade(store.begin().unwrap().head());
    let turn = pace.merge.lock();
    let merge = {
        let store = store.clone();
        std::thread::spawn(move || store.compact().unwrap())
    };
    while !pace.is_merging.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    store.flush().unwrap();
    assert!(head.upgrade().is_none());
    drop(turn);
    assert_eq!(merge.join().unwrap(), 1);
    assert_eq!(seen(&store).len(), 3);
}

#[test]
fn the_thread_flushes_merges_and_syncs() {
    let mut options = StoreOptions::default();
    options.head_bytes_max = 6400;
    options.durability = Durability::Interval(Duration::from_millis(1));
    let fs = MemoryFileSystem::new();
    let store = open(&fs, options).unwrap();
    for i in 0..1000 {
        commit(&store, &[row("a", i, i as u64)]).unwrap();
    }
    while store.stats().log_bytes_unsynced > 0 || store.stats().compactions == 0 {
        std::thread::yield_now();
    }
    assert_eq!(seen(&store).len(), 1000);
    store.close().unwrap();
}

#[test]
fn a_store_in_memory_logs_nothing_and_still_flushes() {
    let mut options = by_hand(Durability::Always);
    options.log = false;
    let fs = MemoryFileSystem::new();
    let store = open(&fs, options).unwrap();
    commit(&store, &[row("a", 1, 1)]).unwrap();
    store.flush().unwrap();
    commit(&store, &[row("a", 2, 2)]).unwrap();
    delete(&store, "a", 1, 1).unwrap();
    assert_eq!(seen(&store), [row("a", 2, 2)]);
    assert!(fs.list(Path::new("/data/toy/wal")).unwrap().is_empty());
    store.close().unwrap();
}

#[test]
fn a_backup_is_a_store() {
    let fs = MemoryFileSystem::new();
    let store = open(&fs, by_hand(Durability::Off)).unwrap();
    commit(&store, &[row("a", 1, 1)]).unwrap();
    store.flush().unwrap();
    commit(&store, &[row("a", 2, 2)]).unwrap();
    delete(&store, "a", 1, 1).unwrap();
    commit(&store, &[row("a", 3, 3)]).unwrap();
    let expected = seen(&store);
    store.backup(Path::new("/backup/toy")).unwrap();
    assert!(matches!(store.backup(Path::new("/backup/toy")), Err(Error::NotEmpty { .. })));
    // What comes later is not in it, and compacting the original does not hurt it.
    commit(&store, &[row("a", 4, 4)]).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    let shared: Arc<dyn FileSystem> = Arc::new(fs);
    backup::restore(&shared, Path::new("/backup"), Path::new("/restored")).unwrap();
    let again = backup::restore(&shared, Path::new("/backup"), Path::new("/restored"));
    assert!(matches!(again, Err(Error::NotEmpty { .. })));
    for path in ["/backup/toy", "/restored/toy"] {
        let toy = Toy { carries: true, ..Toy::default() };
        let options = by_hand(Durability::Always);
        let copy = Store::open(toy, shared.clone(), Path::new(path), options).unwrap();
        assert_eq!(seen(&copy), expected);
        assert!(copy.verify().unwrap().is_intact());
    }
}

#[test]
fn events_tell_what_happened() {
    let events = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let seen = events.clone();
    let mut options = by_hand(Durability::Always);
    options.on_event = Some(EventHook::new(move |event: &Event| {
        seen.lock().push(match event {
            Event::Flushed { items, .. } => format!("flushed {items}"),
            Event::Compacted { inputs, .. } => format!("compacted {}", inputs.len()),
            Event::Closed => "closed".into(),
            other => format!("{other:?}"),
        });
    }));
    let store = open(&MemoryFileSystem::new(), options).unwrap();
    for i in 0..2 {
        commit(&store, &[row("a", i, 1)]).unwrap();
        store.flush().unwrap();
    }
    store.compact().unwrap();
    drop(store);
    assert_eq!(*events.lock(), ["flushed 1", "flushed 1", "compacted 2", "closed"]);
}

#[test]
fn data_without_a_manifest_is_not_taken_for_a_new_store() {
    let fs = MemoryFileSystem::new();
    open(&fs, by_hand(Durability::Always)).unwrap().close().unwrap();
    let manifest = Path::new("/data/toy/MANIFEST");
    fs.remove_file(manifest).unwrap();
    assert!(open(&fs, by_hand(Durability::Always)).is_ok(), "nothing was lost with it");
    fs.remove_file(manifest).unwrap();
    fs.create(Path::new("/data/toy/wal/0000000000000000.wal")).unwrap();
    let refused = open(&fs, by_hand(Durability::Always));
    assert!(matches!(refused, Err(Error::ManifestMissing { .. })));
}

#[test]
fn one_process_writes_to_a_directory_of_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let toy = Toy { carries: false, ..Toy::default() };
        Store::open(toy, Arc::new(OsFileSystem), dir.path(), StoreOptions::default())
    };
    let store = open().unwrap();
    commit(&store, &[row("a", 1, 1)]).unwrap();
    assert!(matches!(open(), Err(Error::Locked { .. })));
    store.flush().unwrap();
    commit(&store, &[row("a", 2, 2)]).unwrap();
    let toy = Toy { carries: false, ..Toy::default() };
    let reader =
        Store::open_read_only(toy, Arc::new(OsFileSystem), dir.path(), StoreOptions::default());
    assert_eq!(seen(&reader.unwrap()).len(), 2);
    drop(store);
    assert_eq!(seen(&open().unwrap()).len(), 2);
}

#[test]
fn a_panic_of_the_engine_poisons_the_store_and_reads_go_on() {
    let fs = MemoryFileSystem::new();
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    commit(&store, &[row("a", 1, 1)]).unwrap();
    let mut commit_that_panics = store.begin().unwrap();
    encode(&[row("a", 2, 2)], commit_that_panics.record());
    let result = commit_that_panics.finish(|_| -> () { panic!("the engine is wrong") });
    assert!(matches!(result, Err(Error::Poisoned { .. })));
    assert!(matches!(commit(&store, &[row("a", 3, 3)]), Err(Error::Poisoned { .. })));
    assert!(matches!(store.flush(), Err(Error::Poisoned { .. })));
    assert_eq!(seen(&store), [row("a", 1, 1)]);
    assert!(store.close().is_err());
    // It had been logged.
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    assert_eq!(seen(&store), [row("a", 1, 1), row("a", 2, 2)]);
}

#[test]
fn many_writers_share_syncs() {
    let fs = FaultyFileSystem::new(1);
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let store = store.clone();
            std::thread::spawn(move || {
                for i in 0..50 {
                    commit(&store, &[row("a", thread, i)]).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(seen(&store).len(), 400);
    assert_eq!(store.stats().log_bytes_unsynced, 0);
    let survivor = open(&fs.reboot(), by_hand(Durability::Always)).unwrap();
    assert_eq!(seen(&survivor).len(), 400);
}

#[test]
fn stores_under_one_root_share_its_lock() {
    let memory = MemoryFileSystem::new();
    let fs: Arc<dyn FileSystem> = Arc::new(memory.clone());
    let root = Root::open(&fs, Path::new("/db")).unwrap();
    let open = |name: &str, lock| {
        let mut options = by_hand(Durability::Always);
        options.lock = lock;
        Store::open(
            Toy { carries: true, ..Toy::default() },
            fs.clone(),
            &Path::new("/db").join(name),
            options,
        )
    };
    let one = open("one", Some(root.lock().clone())).unwrap();
    let two = open("two", Some(root.lock().clone())).unwrap();
    commit(&one, &[row("a", 1, 1)]).unwrap();
    commit(&two, &[row("a", 2, 2)]).unwrap();
    assert!(matches!(open("one", None), Err(Error::Locked { .. })), "not while the root is open");
    let toy = Toy { carries: true, ..Toy::default() };
    let options = by_hand(Durability::Always);
    let reader = Store::open_read_only(toy, fs.clone(), Path::new("/db/one"), options).unwrap();
    assert_eq!(seen(&reader), [row("a", 1, 1)]);
    // A reader of one keeps the files of both.
    two.flush().unwrap();
    assert_eq!(two.stats().retired, 1);
    drop(reader);
    two.run_maintenance().unwrap();
    assert_eq!(two.stats().retired, 0);
    drop((one, two, root));
    assert_eq!(seen(&open("one", None).unwrap()), [row("a", 1, 1)]);
}

#[test]
fn a_damaged_block_can_be_moved_aside() {
    let fs = FaultyFileSystem::new(1);
    let store = open(&fs, by_hand(Durability::Always)).unwrap();
    commit(&store, &[row("a", 1, 1)]).unwrap();
    store.flush().unwrap();
    commit(&store, &[row("a", 2, 2)]).unwrap();
    let path = fs.files().into_iter().find(|path| path.ends_with("rows")).unwrap();
    let mut bytes = fs.content(&path).unwrap();
    bytes[30] ^= 1;
    fs.damage(&path, bytes);
    assert!(contents(&store.snapshot()).unwrap_err().is_corruption());
    let report = store.verify().unwrap();
    let id = report.problems[0].block.unwrap();
    let aside = store.quarantine_block(id).unwrap();
    assert_eq!(seen(&store), [row("a", 2, 2)]);
    assert!(fs.content(&aside[0]).is_some() && fs.content(&path).is_none());
    assert!(store.verify().unwrap().is_intact());
    assert_eq!(store.quarantine_block(id).unwrap().len(), 0);
}

#[test]
fn a_failure_in_the_background_is_reported_once() {
    let fs = FaultyFileSystem::new(1);
    let mut options = by_hand(Durability::Always);
    options.maintenance = Some(Maintenance::thread());
    options.head_bytes_max = 640;
    let store = open(&fs, options).unwrap();
    fs.limit_bytes(Some(fs.total_bytes() + 2500));
    let mut failures = Vec::new();
    let mut committed = 0;
    while failures.is_empty() {
        match commit(&store, &[row("a", 1, 1)]) {
            Ok(()) => committed += 1,
            Err(error) => failures.push(error),
        }
    }
    assert!(failures[0].is_disk_full(), "{}", failures[0]);
    fs.limit_bytes(None);
    // Whether it was the thread's failure or its own, commits go on when there is room.
    while commit(&store, &[row("a", 1, 1)]).is_err() {}
    store.flush().unwrap();
    store.run_maintenance().unwrap();
    store.health().unwrap();
    assert_eq!(seen(&store).len(), committed + 1);
    store.close().unwrap();
}

/// Commits, deletes, flushes, merges and readers at once: what is left is what the order of the
/// commits says.
#[test]
fn deletes_beside_commits_and_flushes_keep_their_place() {
    let fs = FaultyFileSystem::new(1);
    let store = open(&fs, by_hand(Durability::Off)).unwrap();
    let done = AtomicBool::new(false);
    let (mut rows, deletes) = std::thread::scope(|scope| {
        let committing = scope.spawn(|| {
            let mut rows = Vec::new();
            for i in 0..3000 {
                let mut commit = store.begin().unwrap();
                let number = commit.sequence();
                let row = row("a", i % 10, number);
                encode(std::slice::from_ref(&row), commit.record());
                commit.finish(|head| head.rows.write().push(row.clone())).unwrap();
                rows.push(row);
            }
            done.store(true, Ordering::Release);
            rows
        });
        let deleting = scope.spawn(|| {
            let mut deletes = Vec::new();
            let mut time = 0;
            while !done.load(Ordering::Acquire) {
                time = (time + 3) % 10;
                deletes.push((delete(&store, "a", time, time).unwrap(), time));
                std::thread::yield_now();
            }
            deletes
        });
        let merging = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                store.flush().unwrap();
                store.compact().unwrap();
            }
        });
        merging.join().unwrap();
        (committing.join().unwrap(), deleting.join().unwrap())
    });
    rows.retain(|row| !deletes.iter().any(|(at, time)| *at > row.number && *time == row.time));
    rows.sort();
    assert_eq!(seen(&store), rows);
    drop(store);
    let store = open(&fs.kill(), by_hand(Durability::Off)).unwrap();
    assert_eq!(seen(&store), rows, "after replay too");
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(seen(&store), rows);
    assert!(store.verify().unwrap().is_intact());
}
