//! The log's segments: from files to records.
//!
//! ~~~text
//! wal/00000000 …                    segments of pages of 32 KiB
//! wal/checkpoint.00000007/00000000  stands for the segments up to 7
//! wbl/00000000 …                    samples that came late
//!
//! fragment  type u8 │ length u16 BE │ crc u32 BE, CRC-32C of the data │ data
//! type      bits 0-2: 0 the rest of the page is empty · 1 a whole record · 2 its first, 3 a middle,
//!           4 its last fragment; bit 3: snappy; bit 4: zstd
//! ~~~
//! No fragment crosses a page. The log may be written to while it is read: what is cut off at the
//! end of the last segment is not there yet. Anywhere else it is damage.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::path::{Path, PathBuf};

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::fs::Volume;
use telemetry_core::storage::{Damage, Damaged, Result};

use super::snappy;

const PAGE_BYTES: usize = 32 << 10;
const HEAD_BYTES: usize = 7;
/// Prometheus's segments have 128 MiB.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;
const SNAPPY: u8 = 1 << 3;
const ZSTD: u8 = 1 << 4;

/// The files of a log in the order in which they are read.
///
/// # Errors
///
/// The file system's.
pub(super) fn segments(volume: &Volume, directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = volume.list_if_there(directory)?;
    let number = |name: &str| (name.len() == 8).then(|| name.parse::<u64>().ok()).flatten();
    let checkpoint = entries.iter().filter(|entry| entry.is_dir).filter_map(|entry| {
        Some((number(entry.name.strip_prefix("checkpoint.")?)?, directory.join(&entry.name)))
    });
    let checkpoint = checkpoint.max();
    let mut paths = Vec::new();
    let mut first = 0;
    if let Some((last, path)) = checkpoint {
        let inside = volume.list(&path)?;
        let inside = inside.iter().filter(|entry| number(&entry.name).is_some());
        paths.extend(inside.map(|entry| path.join(&entry.name)));
        first = last + 1;
    }
    let later = entries
        .iter()
        .filter(|entry| !entry.is_dir && number(&entry.name).is_some_and(|number| number >= first));
    paths.extend(later.map(|entry| directory.join(&entry.name)));
    Ok(paths)
}

/// Calls `each` with every record of a segment and its offset.
///
/// # Errors
///
/// The file system's; damage; what `each` says.
pub(super) fn read_segment(
    volume: &Volume,
    path: &Path,
    is_last: bool,
    each: &mut dyn FnMut(&[u8], u64) -> Result<()>,
) -> Result<()> {
    let bytes = volume.read(path, SEGMENT_BYTES_MAX)?;
    let mut failed = None;
    let read = records(&bytes, is_last, &mut |record, at| {
        let result = each(record, at as u64);
        let go_on = result.is_ok();
        failed = result.err();
        go_on
    });
    match failed {
        Some(error) => Err(error),
        None => read.map_err(|damaged| damaged.in_file(path, 0)),
    }
}

/// Calls `each` with every record of a segment's bytes until it says no.
///
/// # Errors
///
/// The bytes are damaged.
pub(super) fn records(
    bytes: &[u8],
    is_last: bool,
    each: &mut dyn FnMut(&[u8], usize) -> bool,
) -> Result<(), Damaged> {
    let mut record = Vec::new();
    let mut record_at = 0;
    for (page_index, page) in bytes.chunks(PAGE_BYTES).enumerate() {
        let base = page_index * PAGE_BYTES;
        let at = |damaged: Damaged, from: usize| Damaged {
            offset: damaged.offset + (base + from) as u64,
            ..damaged
        };
        let mut cursor = Cursor::new(page);
        while cursor.remaining() > 0 {
            let start = cursor.position();
            if cursor.rest().first().is_some_and(|head| head & 7 == 0) {
                if cursor.rest().iter().any(|byte| *byte != 0) {
                    return Err(at(Damaged::field(0, "rest of a page"), start));
                }
                break;
            }
            let fragment = match fragment(&mut cursor) {
                Ok(fragment) => fragment,
                Err(Damaged { damage: Damage::Truncated { .. }, .. })
                    if is_last && page.len() < PAGE_BYTES =>
                {
                    return Ok(());
                }
                Err(damaged) => return Err(at(damaged, 0)),
            };
            let (head, data) = fragment;
            let kind = head & 7;
            if kind == 1 || kind == 2 {
                if !record.is_empty() {
                    return Err(at(Damaged::field(0, "order of fragments"), start));
                }
                record_at = base + start;
            } else if record.is_empty() {
                return Err(at(Damaged::field(0, "order of fragments"), start));
            }
            if kind == 1 {
                let whole = decompress(head, data).map_err(|damaged| at(damaged, start))?;
                if !each(whole.as_deref().unwrap_or(data), record_at) {
                    return Ok(());
                }
                continue;
            }
            record.extend_from_slice(data);
            if kind == 4 {
                let whole = decompress(head, &record).map_err(|damaged| at(damaged, start))?;
                if !each(whole.as_deref().unwrap_or(&record), record_at) {
                    return Ok(());
                }
                record.clear();
            }
        }
    }
    if record.is_empty() || is_last {
        Ok(())
    } else {
        Err(Damaged::at(record_at, Damage::Missing { what: "end of a record" }))
    }
}

/// The first byte and the data of the next fragment.
fn fragment<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, &'a [u8]), Damaged> {
    let start = cursor.position();
    if cursor.remaining() < HEAD_BYTES {
        let available = cursor.remaining() as u64;
        return Err(Damaged::at(start, Damage::Truncated { needed: 7, available }));
    }
    let head = cursor.u8()?;
    let length = usize::from(u16::from_be_bytes(cursor.array()?));
    let expected = u32::from_be_bytes(cursor.array()?);
    let data = cursor.take(length)?;
    if head & 7 > 4 || head >> 5 != 0 {
        return Err(Damaged::at(start, Damage::Unknown { what: "fragment", found: head.into() }));
    }
    let found = crc32c::crc32c(data);
    if found != expected {
        return Err(Damaged::at(start, Damage::Checksum { found, expected }));
    }
    Ok((head, data))
}

/// What compressed bytes stand for; none if they are not compressed.
fn decompress(head: u8, data: &[u8]) -> Result<Option<Vec<u8>>, Damaged> {
    if head & SNAPPY != 0 {
        snappy::decompress(data).map(Some)
    } else if head & ZSTD != 0 {
        // Prometheus's default is snappy; zstd would need a C compiler here.
        let damage = Damage::Unknown { what: "compression of a record: zstd", found: ZSTD.into() };
        Err(Damaged::at(0, damage))
    } else {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(kind: u8, data: &[u8]) -> Vec<u8> {
        let mut out = vec![kind];
        out.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend_from_slice(&crc32c::crc32c(data).to_be_bytes());
        out.extend_from_slice(data);
        out
    }

    fn read(bytes: &[u8], is_last: bool) -> Result<Vec<Vec<u8>>, Damaged> {
        let mut found = Vec::new();
        records(bytes, is_last, &mut |record, _| {
            found.push(record.to_vec());
            true
        })?;
        Ok(found)
    }

    #[test]
    fn records_cross_pages() {
        let mut bytes = fragment(1, b"one");
        bytes.extend(fragment(2, &[7; PAGE_BYTES - 17]));
        assert_eq!(bytes.len(), PAGE_BYTES);
        bytes.extend(fragment(4, b"end"));
        // Snappy: a literal of two bytes.
        bytes.extend(fragment(1 | SNAPPY, &[2, 4, b'h', b'i']));
        let found = read(&bytes, false).unwrap();
        assert_eq!(found[0], b"one");
        assert_eq!(found[1].len(), PAGE_BYTES - 17 + 3);
        assert_eq!(found[2], b"hi");
    }

    #[test]
    fn a_cut_off_end_is_not_there_yet() {
        let mut bytes = fragment(1, b"one");
        bytes.extend(fragment(1, b"two"));
        bytes.truncate(bytes.len() - 1);
        assert_eq!(read(&bytes, true).unwrap(), [b"one"]);
        assert!(read(&bytes, false).is_err());
        bytes[8] ^= 1;
        assert!(read(&bytes, true).is_err());
        let refused = read(&fragment(1 | ZSTD, b"x"), true).unwrap_err();
        assert!(matches!(refused.damage, Damage::Unknown { .. }));
    }
}
