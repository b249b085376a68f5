//! The bytes of the manifest.
//! ~~~text
//! offset  size  field
//! 0       8     magic            "QUADRMAN"
//! 8       2     version          u16 LE  FORMAT_VERSION of the log's format
//! 10      2     zero
//! 12      4     revision         u32 LE  FORMAT_REVISION of the log's format
//! 16      4     engine           which kind of store
//! 20      4     engine revision  u32 LE
//! 24      8     len              u64 LE  bytes of `body`
//! 32      len   body
//! +0      4     crc              u32 LE  CRC-32C of every byte before
//!
//! body    varints, except where a width is given
//!   sequence · replay_from · commits
//!   count of tombstones, each as tombstone.rs says
//!   count of blocks, each: id u128 LE · level · min_time, max_time signed
//!       · first_commit · last_commit · cleaned · bytes · items · meta (length and bytes)
//!   extra (length and bytes)
//! ~~~
//! Blocks are sorted by id, none occurs twice, and `min_time` is not after `max_time`.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::{BlockEntry, EngineFormat, Manifest};
use crate::storage::cursor::Cursor;
use crate::storage::error::{Damage, Damaged, Error, Result};
use crate::storage::tombstone::Tombstone;
use crate::storage::ulid::Ulid;
use crate::storage::varint::{put_bytes, put_i64, put_u64};
use crate::storage::wal::format::{FORMAT_REVISION, FORMAT_VERSION};
use std::path::Path;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"QUADRMAN";
const HEADER_BYTES: usize = 32;
/// The shortest encoded block.
const BLOCK_BYTES_MIN: usize = 25;
/// The shortest encoded tombstone.
const TOMBSTONE_BYTES_MIN: usize = 5;

pub(super) fn encode(manifest: &Manifest) -> Vec<u8> {
    let mut body = Vec::new();
    put_u64(&mut body, manifest.sequence);
    put_u64(&mut body, manifest.replay_from);
    put_u64(&mut body, manifest.commits);
    put_u64(&mut body, manifest.tombstones.len() as u64);
    for tombstone in &manifest.tombstones {
        tombstone.encode(&mut body);
    }
    put_u64(&mut body, manifest.blocks.len() as u64);
    for block in &manifest.blocks {
        body.extend_from_slice(&block.id.0.to_le_bytes());
        put_u64(&mut body, block.level.into());
        put_i64(&mut body, block.min_time);
        put_i64(&mut body, block.max_time);
        for number in
            [block.first_commit, block.last_commit, block.cleaned, block.bytes, block.items]
        {
            put_u64(&mut body, number);
        }
        put_bytes(&mut body, &block.meta);
    }
    put_bytes(&mut body, &manifest.extra);

    let mut out = Vec::with_capacity(HEADER_BYTES + body.len() + 4);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&FORMAT_REVISION.to_le_bytes());
    out.extend_from_slice(&manifest.format.engine);
    out.extend_from_slice(&manifest.format.revision.to_le_bytes());
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(&body);
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

pub(super) fn decode(bytes: &[u8], format: EngineFormat, path: &Path) -> Result<Manifest> {
    let damaged = |damaged: Damaged| damaged.in_file(path, 0);
    let mut cursor = Cursor::new(bytes);
    if cursor.array().map_err(damaged)? != MAGIC {
        return Err(damaged(Damaged::at(0, Damage::Magic { what: "manifest" })));
    }
    let Some((covered, crc)) = bytes.split_last_chunk::<4>() else {
        return Err(damaged(cursor.field("the length")));
    };
    let (found, expected) = (crc32c::crc32c(covered), u32::from_le_bytes(*crc));
    if found != expected {
        return Err(damaged(Damaged::at(0, Damage::Checksum { found, expected })));
    }
    // From here on the bytes are as they were written, by whichever build.
    let found_version = cursor.u16().map_err(damaged)?;
    cursor.u16().map_err(damaged)?;
    let found_revision = cursor.u32().map_err(damaged)?;
    let engine: [u8; 4] = cursor.array().map_err(damaged)?;
    let engine_revision = cursor.u32().map_err(damaged)?;
    let other = |found_version, found_revision, revision| Error::Format {
        path: path.to_path_buf(),
        found_version,
        found_revision,
        version: FORMAT_VERSION,
        revision,
    };
    if (found_version, found_revision) != (FORMAT_VERSION, FORMAT_REVISION) {
        return Err(other(found_version, found_revision, FORMAT_REVISION));
    }
    if engine != format.engine {
        return Err(Error::WrongEngine {
            path: path.to_path_buf(),
            found: String::from_utf8_lossy(&engine).into_owned(),
            expected: String::from_utf8_lossy(&format.engine).into_owned(),
        });
    }
    if engine_revision != format.revision {
        return Err(other(found_version, engine_revision, format.revision));
    }
    body(covered, cursor, format).map_err(damaged)
}

fn body(covered: &[u8], mut cursor: Cursor<'_>, format: EngineFormat) -> Result<Manifest, Damaged> {
    let len = cursor.u64()?;
    if len != covered.len().saturating_sub(HEADER_BYTES) as u64 {
        return Err(cursor.field("the length"));
    }
    let mut cursor = Cursor::new(covered);
    cursor.take(HEADER_BYTES)?;
    let mut manifest = Manifest::new(format);
    manifest.sequence = cursor.varint_u64()?;
    manifest.replay_from = cursor.varint_u64()?;
    manifest.commits = cursor.varint_u64()?;
    for _ in 0..cursor.count(TOMBSTONE_BYTES_MIN)? {
        manifest.tombstones.push(Arc::new(Tombstone::decode(&mut cursor)?));
    }
    for _ in 0..cursor.count(BLOCK_BYTES_MIN)? {
        let block = BlockEntry {
            id: Ulid(cursor.u128()?),
            level: cursor.varint_u32()?,
            min_time: cursor.varint_i64()?,
            max_time: cursor.varint_i64()?,
            first_commit: cursor.varint_u64()?,
            last_commit: cursor.varint_u64()?,
            cleaned: cursor.varint_u64()?,
            bytes: cursor.varint_u64()?,
            items: cursor.varint_u64()?,
            meta: cursor.bytes()?.to_vec(),
        };
        let sorted = manifest.blocks.last().is_none_or(|before| before.id < block.id);
        if !sorted || block.min_time > block.max_time || block.first_commit > block.last_commit {
            return Err(cursor.field("the block before this byte"));
        }
        manifest.blocks.push(block);
    }
    manifest.extra = cursor.bytes()?.to_vec();
    cursor.finish()?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Matcher;

    const FORMAT: EngineFormat = EngineFormat { engine: *b"toy0", revision: 3 };

    fn manifest() -> Manifest {
        let mut tombstone = Tombstone::new(vec![Matcher::equal("a", "b")], 1, 2);
        tombstone.sequence = 9;
        Manifest {
            sequence: 1,
            replay_from: 300,
            commits: 8,
            tombstones: vec![Arc::new(tombstone)],
            blocks: vec![BlockEntry {
                id: Ulid(0x0102),
                level: 1,
                min_time: -1,
                max_time: 1,
                first_commit: 1,
                last_commit: 8,
                cleaned: 0,
                bytes: 5,
                items: 6,
                meta: vec![7],
            }],
            extra: vec![8, 9],
            ..Manifest::new(FORMAT)
        }
    }

    #[test]
    fn golden_bytes_are_as_in_the_diagram() {
        let mut golden = b"QUADRMAN\0\0\0\0\x01\0\0\0toy0\x03\0\0\0\x38\0\0\0\0\0\0\0".to_vec();
        golden.extend_from_slice(b"\x01\xac\x02\x08");
        golden.extend_from_slice(b"\x01\x09\x02\x04\x01\0\x01a\x01b\0");
        golden.extend_from_slice(b"\x01\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        golden.extend_from_slice(b"\x01\x01\x02\x01\x08\0\x05\x06\x01\x07");
        golden.extend_from_slice(b"\x02\x08\x09");
        golden[24] = u8::try_from(golden.len() - HEADER_BYTES).unwrap();
        let crc = crc32c::crc32c(&golden);
        golden.extend_from_slice(&crc.to_le_bytes());
        let bytes = encode(&manifest());
        assert_eq!(bytes, golden);
        assert_eq!(decode(&bytes, FORMAT, Path::new("m")).unwrap(), manifest());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let bytes = encode(&manifest());
        for i in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[i / 8] ^= 1 << (i % 8);
            assert!(decode(&damaged, FORMAT, Path::new("m")).is_err(), "bit {i}");
        }
        for len in 0..bytes.len() {
            assert!(decode(&bytes[..len], FORMAT, Path::new("m")).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn another_engine_or_revision_is_named() {
        let bytes = encode(&manifest());
        let other = EngineFormat { engine: *b"logs", revision: 3 };
        let error = decode(&bytes, other, Path::new("m")).unwrap_err();
        assert!(matches!(error, Error::WrongEngine { found, .. } if found == "toy0"));
        let newer = EngineFormat { revision: 4, ..FORMAT };
        let error = decode(&bytes, newer, Path::new("m")).unwrap_err();
        assert!(matches!(error, Error::Format { found_revision: 3, revision: 4, .. }));
    }

    #[test]
    fn a_tombstone_is_spent_when_nothing_before_it_is_left() {
        let mut manifest = manifest();
        manifest.drop_spent_tombstones();
        assert_eq!(manifest.tombstones.len(), 1, "commits up to it are not all in blocks");
        manifest.commits = 9;
        manifest.drop_spent_tombstones();
        assert_eq!(manifest.tombstones.len(), 1, "the block is not cleaned");
        manifest.blocks[0].cleaned = 9;
        manifest.drop_spent_tombstones();
        assert!(manifest.tombstones.is_empty());
    }
}
