//! The log as a whole, damaged in every way.

use super::format::{FRAME_BYTES, HEADER_BYTES};
use super::*;
use crate::storage::error::{Error, Result};
use crate::storage::fs::{FaultyFileSystem, Volume};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ENGINE: [u8; 4] = *b"toy0";

fn directory() -> &'static Path {
    Path::new("/wal")
}

fn options(segment_bytes_max: u64) -> LogOptions {
    LogOptions { engine: ENGINE, segment_bytes_max, salt: 0x5a17 }
}

fn writer(fs: &FaultyFileSystem, segment_bytes_max: u64, end: u64) -> LogWriter {
    let volume = Volume::new(Arc::new(fs.clone()));
    LogWriter::open(&volume, directory(), options(segment_bytes_max), end).unwrap()
}

fn read(fs: &FaultyFileSystem, from: u64) -> (Vec<Vec<u8>>, Replay) {
    let volume = Volume::new(Arc::new(fs.clone()));
    let mut bodies = Vec::new();
    let mut take = |record: Record<'_>| -> Result<()> {
        if record.kind == RecordKind::Commit {
            bodies.push(record.body.to_vec());
        }
        Ok(())
    };
    let replayed = replay(&volume, directory(), ENGINE, from, &mut take).unwrap();
    (bodies, replayed)
}

fn body(i: u8) -> Vec<u8> {
    vec![i; usize::from(i) * 3 % 50]
}

fn bodies(count: u8) -> Vec<Vec<u8>> {
    (0..count).map(body).collect()
}

/// A log of `count` records in one segment. `sync_every`: after how many records it is synced.
fn log(fs: &FaultyFileSystem, count: u8, sync_every: u8) -> PathBuf {
    let mut log = writer(fs, u64::MAX, 0);
    for i in 0..count {
        log.append(RecordKind::Commit, &body(i)).unwrap();
        if sync_every > 0 && i % sync_every == sync_every - 1 {
            log.sync().sync().unwrap();
        }
    }
    directory().join(segment::segment_name(0))
}

/// Where each record begins in the segment that [`log`] wrote, and where the last ends.
fn starts(count: u8) -> Vec<usize> {
    let mut at = HEADER_BYTES as usize;
    let mut starts = vec![at];
    for i in 0..count {
        at += FRAME_BYTES + body(i).len();
        starts.push(at);
    }
    starts
}

#[test]
fn records_come_back_in_order_over_segments_and_openings() {
    let fs = FaultyFileSystem::new(1);
    let mut end = 0;
    for round in 0..3u8 {
        let mut log = writer(&fs, 200, end);
        for i in 0..10 {
            log.append(RecordKind::Commit, &body(round * 10 + i)).unwrap();
        }
        if round == 1 {
            log.close().unwrap();
        }
        end = read(&fs, 0).1.end;
        assert_eq!(end, log.end());
    }
    let (found, replayed) = read(&fs, 0);
    assert_eq!(found, bodies(30));
    assert_eq!(replayed.ending, Ending::Open);
    assert_eq!(replayed.records, 31, "the mark of the clean close is one");
    assert!(fs.files().len() > 5);
}

#[test]
fn a_clean_close_is_the_last_record() {
    let fs = FaultyFileSystem::new(1);
    let mut log = writer(&fs, u64::MAX, 0);
    log.append(RecordKind::Commit, b"one").unwrap();
    log.close().unwrap();
    assert_eq!(read(&fs, 0).1.ending, Ending::Closed);
    // Opening and closing without a record writes nothing.
    let end = read(&fs, 0).1.end;
    writer(&fs, u64::MAX, end).close().unwrap();
    assert_eq!(read(&fs, 0).1.ending, Ending::Closed);
    assert_eq!(fs.files().len(), 1);
}

#[test]
fn a_tail_torn_at_any_byte_is_dropped_and_reported() {
    let count = 12;
    for sync_every in [0, 1, 5] {
        let fs = FaultyFileSystem::new(1);
        let path = log(&fs, count, sync_every);
        let whole = fs.content(&path).unwrap();
        let starts = starts(count);
        assert_eq!(starts.last(), Some(&whole.len()));
        for len in 0..=whole.len() {
            fs.damage(&path, whole[..len].to_vec());
            let complete = starts.iter().filter(|start| **start <= len).count().saturating_sub(1);
            let (found, replayed) = read(&fs, 0);
            assert_eq!(found, bodies(complete as u8), "{len} bytes");
            match &replayed.ending {
                Ending::Open => assert!(starts.contains(&len), "{len} bytes"),
                Ending::Torn { at, bytes, .. } => {
                    assert_eq!(at + bytes, len as u64, "{len} bytes");
                    assert!(!starts.contains(&len), "{len} bytes");
                }
                other => panic!("{len} bytes: {other:?}"),
            }
        }
    }
}

#[test]
fn a_flipped_bit_before_the_durable_offset_is_corruption_and_behind_it_a_torn_tail() {
    let (count, sync_every) = (12, 4);
    let fs = FaultyFileSystem::new(1);
    let path = log(&fs, count, sync_every);
    let whole = fs.content(&path).unwrap();
    let starts = starts(count);
    // The last sync was after the last record, so the newest that a record knows of is the one
    // before, after record 8.
    let durable = starts[8];
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs.damage(&path, damaged);
        let at = bit / 8;
        let (found, replayed) = read(&fs, 0);
        let record = starts.iter().rposition(|start| *start <= at);
        assert_eq!(found, bodies(record.unwrap_or(0) as u8), "bit {bit}");
        match &replayed.ending {
            Ending::Corrupt { .. } => assert!(at < durable, "bit {bit}"),
            Ending::Torn { .. } => assert!(at >= durable, "bit {bit}"),
            other => panic!("bit {bit}: {other:?}"),
        }
        assert_eq!(replayed.ending.check().is_err(), at < durable);
    }
}

#[test]
fn damage_in_a_segment_that_was_left_is_corruption() {
    let fs = FaultyFileSystem::new(1);
    let mut log = writer(&fs, 150, 0);
    for i in 0..12 {
        log.append(RecordKind::Commit, &body(i)).unwrap();
    }
    let path = directory().join(segment::segment_name(0));
    let whole = fs.content(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs.damage(&path, damaged);
        let ending = read(&fs, 0).1.ending;
        assert!(matches!(ending, Ending::Corrupt { .. }), "byte {at}: {ending:?}");
        fs.damage(&path, whole[..at].to_vec());
        let ending = read(&fs, 0).1.ending;
        assert!(matches!(ending, Ending::Corrupt { .. }), "{at} bytes: {ending:?}");
    }
}

#[test]
fn a_missing_segment_is_corruption() {
    let fs = FaultyFileSystem::new(1);
    let mut log = writer(&fs, 150, 0);
    for i in 0..12 {
        log.append(RecordKind::Commit, &body(i)).unwrap();
    }
    let files = fs.files();
    assert!(files.len() > 2);
    let volume = Volume::new(Arc::new(fs.clone()));
    volume.remove_file(&files[1]).unwrap();
    assert!(matches!(read(&fs, 0).1.ending, Ending::Corrupt { .. }));
}

#[test]
fn a_failed_write_leaves_a_dead_tail_and_the_log_goes_on() {
    for seed in 0..20 {
        let fs = FaultyFileSystem::new(seed);
        let mut log = writer(&fs, u64::MAX, 0);
        for i in 0..10 {
            if i % 3 == 1 {
                fs.fail_append(1);
                assert!(log.append(RecordKind::Commit, &[0xff; 40]).is_err());
            }
            log.append(RecordKind::Commit, &body(i)).unwrap();
        }
        let (found, replayed) = read(&fs, 0);
        assert_eq!(found, bodies(10), "seed {seed}");
        assert_eq!(replayed.ending, Ending::Open);
        log.sync().sync().unwrap();
        assert_eq!(read(&fs.reboot(), 0).0, bodies(10), "seed {seed}");
    }
}

#[test]
fn a_replay_may_begin_where_the_log_was_cut() {
    let fs = FaultyFileSystem::new(1);
    let mut log = writer(&fs, 150, 0);
    for i in 0..5 {
        log.append(RecordKind::Commit, &body(i)).unwrap();
    }
    let cut = log.rotate().unwrap();
    assert_eq!(read(&fs, cut).0, Vec::<Vec<u8>>::new());
    assert_eq!(read(&fs, cut).1.end, cut);
    for i in 5..9 {
        log.append(RecordKind::Commit, &body(i)).unwrap();
    }
    assert_eq!(read(&fs, cut).0, bodies(9)[5..]);
}

#[test]
fn what_a_user_stores_never_looks_like_a_frame() {
    let fs = FaultyFileSystem::new(1);
    // The frames of another log, with everything durable, stored as a record.
    let path = log(&fs, 12, 1);
    let other = fs.content(&path).unwrap();
    let fs = FaultyFileSystem::new(1);
    let volume = Volume::new(Arc::new(fs.clone()));
    let unknown = LogOptions { salt: 0xdead_beef, ..options(u64::MAX) };
    let mut log = LogWriter::open(&volume, directory(), unknown, 0).unwrap();
    log.append(RecordKind::Commit, &other).unwrap();
    let path = directory().join(segment::segment_name(0));
    let mut torn = fs.content(&path).unwrap();
    torn[HEADER_BYTES as usize] ^= 1;
    fs.damage(&path, torn);
    assert!(matches!(read(&fs, 0).1.ending, Ending::Torn { .. }));
}

#[test]
fn a_record_that_is_too_large_is_refused_before_anything_is_written() {
    let fs = FaultyFileSystem::new(1);
    let mut log = writer(&fs, u64::MAX, 0);
    let mut grow = |out: &mut Vec<u8>| out.resize(format::BODY_BYTES_MAX + FRAME_BYTES + 1, 0);
    let error = log.append_with(RecordKind::Commit, &mut grow).unwrap_err();
    assert!(matches!(error, Error::RecordTooLarge { .. }));
    log.append(RecordKind::Commit, &body(0)).unwrap();
    assert_eq!(read(&fs, 0).0, bodies(1));
}

#[test]
fn another_engine_is_refused() {
    let fs = FaultyFileSystem::new(1);
    log(&fs, 2, 1);
    let volume = Volume::new(Arc::new(fs));
    let error = replay(&volume, directory(), *b"logs", 0, &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, Error::WrongEngine { .. }));
}

#[test]
fn a_failed_sync_ends_the_log() {
    let fs = FaultyFileSystem::new(1);
    let mut log = writer(&fs, u64::MAX, 0);
    let end = log.append(RecordKind::Commit, b"one").unwrap();
    fs.fail_sync(1);
    assert!(matches!(log.sync().wait(end), Err(Error::Poisoned { .. })));
    assert!(matches!(log.sync().sync(), Err(Error::Poisoned { .. })), "not tried again");
    assert!(matches!(log.rotate(), Err(Error::Poisoned { .. })));
}
