//! Targets of the storage kernel: whatever lies on the disk, opening and reading it ends.

use std::path::Path;
use std::sync::Arc;

use telemetry_core::labels::{MatchOp, Matcher};
use telemetry_core::storage::block::{BlockReader, BlockWriter};
use telemetry_core::storage::cache::BlockCache;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::fs::{FaultyFileSystem, Volume};
use telemetry_core::storage::manifest::{BlockEntry, EngineFormat, Manifest};
use telemetry_core::storage::postings::{FrozenPostings, PostingsIndex, select};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::ulid::Ulid;
use telemetry_core::storage::wal::{self, LogOptions, LogWriter, RecordKind};

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target { name: "storage_log", run: log, seeds: &[b"\x05\x40one,two,three,,five", b",,,,"] },
    Target {
        name: "storage_damage",
        run: damage,
        seeds: &[b"\x05\x40one,two,three,,five", b"\x50\x01a page,another"],
    },
    Target { name: "storage_manifest", run: manifest, seeds: &[b"QUADRMAN\0\0\0\0\x01\0\0\0toy0"] },
    Target {
        name: "storage_postings",
        run: postings,
        seeds: &[b"\x02\0\0\0\x03\0\0\0\x04\0\0\0\x2d\x01\0\0\
              \x01\0\0\0\x02\0\0\0\x04\0\0\0\x02\0\0\0\x03\0\0\0\x06\0\0\0\
              \x01\0\0\0\x02\0\0\0\x03\0\0\0\x05\0\0\0\x04\0\0\0\x07\0\0\0\
              abxzzy\0\x03\xa8\x02\0\x03\xa8\x02\0\x03\0\x03\0\xac\x02\0\x03"],
    },
    Target {
        name: "storage_tombstone",
        run: tombstone,
        seeds: &[b"\xac\x02\x01\x0e\x02\0\x03job\x03api\x03\x03pod\x03a.*\x02\x01\x02"],
    },
];

const FORMAT: EngineFormat = EngineFormat { engine: *b"fuzz", revision: 0 };

/// A log whose segment is `data`, or a log that was damaged where `data` says, ends; what is read
/// from it is what was written first.
fn log(data: &[u8]) {
    let directory = Path::new("/wal");
    let fs = FaultyFileSystem::new(1);
    let volume = Volume::new(Arc::new(fs.clone()));
    let path = directory.join("0000000000000000.wal");
    volume.create_dir_all(directory).unwrap();
    volume.write(&path, data).unwrap();
    let _ = wal::replay(&volume, directory, FORMAT.engine, 0, &mut |_| Ok(()));
    volume.remove_file(&path).unwrap();

    let [at, byte, rest @ ..] = data else { return };
    let bodies: Vec<&[u8]> = rest.split(|byte| *byte == b',').collect();
    let options =
        LogOptions { engine: FORMAT.engine, segment_bytes_max: u64::MAX, salt: 0x1234_5678 };
    let mut log = LogWriter::open(&volume, directory, options, 0).unwrap();
    for (i, body) in bodies.iter().enumerate() {
        log.append(RecordKind::Commit, body).unwrap();
        if i % 2 == 0 {
            log.sync().sync().unwrap();
        }
    }
    let mut bytes = fs.content(&path).unwrap();
    let at = usize::from(*at) * 3 % bytes.len();
    bytes[at] ^= byte;
    fs.damage(&path, bytes);
    let mut read = Vec::new();
    let take = &mut |record: wal::Record<'_>| {
        read.push(record.body.to_vec());
        Ok(())
    };
    // A damaged header may say that another build wrote it.
    if wal::replay(&volume, directory, FORMAT.engine, 0, take).is_ok() {
        assert!(read.len() <= bodies.len() && read.iter().eq(&bodies[..read.len()]));
    }
}

/// A block that was damaged where `data` says is as it was, or says so.
fn damage(data: &[u8]) {
    let [at, byte, rest @ ..] = data else { return };
    let pages: Vec<&[u8]> = rest.split(|byte| *byte == b',').collect();
    let fs = FaultyFileSystem::new(1);
    let volume = Volume::new(Arc::new(fs.clone()));
    let mut block = BlockWriter::create(&volume, Path::new("/b"), Ulid(1), FORMAT).unwrap();
    let mut file = block.file("data").unwrap();
    file.begin(1);
    let refs: Vec<_> = pages.iter().map(|page| file.page(page).unwrap()).collect();
    file.section(2, rest).unwrap();
    block.finish_file(file).unwrap();
    let entry = BlockEntry {
        id: Ulid(1),
        level: 0,
        min_time: 0,
        max_time: 0,
        first_commit: 1,
        last_commit: 1,
        cleaned: 0,
        bytes: block.finish().unwrap(),
        items: 1,
        meta: Vec::new(),
    };
    let path = fs.files().remove(0);
    let mut bytes = fs.content(&path).unwrap();
    let at = usize::from(*at) * 3 % bytes.len();
    bytes[at] ^= byte;
    fs.damage(&path, bytes);
    let cache = BlockCache::new(1 << 16);
    let reader = BlockReader::new(&volume, Path::new("/b"), entry, FORMAT, &cache);
    let Ok(file) = reader.file("data") else { return assert_ne!(*byte, 0) };
    for (page, expected) in refs.iter().zip(&pages) {
        assert!(
            file.read_page(1, *page).is_err() || file.read_page(1, *page).unwrap() == *expected
        );
    }
    assert!(file.read_section(2).is_err() || file.read_section(2).unwrap() == rest);
    assert_eq!(file.verify().is_ok(), *byte == 0);
}

/// A manifest is read or refused; whatever an engine keeps in it comes back.
fn manifest(data: &[u8]) {
    let directory = Path::new("/store");
    let volume = Volume::new(Arc::new(FaultyFileSystem::new(1)));
    volume.create_dir_all(directory).unwrap();
    volume.write(&directory.join("MANIFEST"), data).unwrap();
    let _ = Manifest::load(&volume, directory, FORMAT);
    let mut manifest = Manifest::new(FORMAT);
    manifest.extra = data.to_vec();
    manifest.store(&volume, directory).unwrap();
    assert_eq!(Manifest::load(&volume, directory, FORMAT).unwrap(), Some(manifest));
}

/// An index is refused, or answers everything with ids or an error.
fn postings(data: &[u8]) {
    let Ok(index) = FrozenPostings::open(data.to_vec().into()) else { return };
    let matchers = [
        Matcher::equal("a", "x"),
        Matcher::not_equal("b", "y"),
        Matcher::new(MatchOp::Regex, "a", "z.*").unwrap(),
        Matcher::new(MatchOp::NotRegex, "b", "(x|y)?").unwrap(),
    ];
    for matcher in matchers {
        if let Ok(ids) = select(&index, &[matcher]) {
            assert!(ids.iter().take(1_000).count() as u64 <= ids.len());
        }
    }
    for name in index.names().unwrap_or_default() {
        let _ = index.values(&name);
    }
    let _ = index.verify();
}

/// A tombstone that can be read is written the same again.
fn tombstone(data: &[u8]) {
    let Ok(tombstone) = Tombstone::decode(&mut Cursor::new(data)) else { return };
    let mut bytes = Vec::new();
    tombstone.encode(&mut bytes);
    assert_eq!(Tombstone::decode(&mut Cursor::new(&bytes)), Ok(tombstone));
}
