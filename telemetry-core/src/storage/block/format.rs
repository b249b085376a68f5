//! A file of a block: header, sections, table, footer.
//! ~~~text
//! header
//! offset  size  field
//! 0       8     magic            "QUADRBLK"
//! 8       2     version          u16 LE  FORMAT_VERSION of the log's format
//! 10      2     zero
//! 12      4     revision         u32 LE  FORMAT_REVISION of the log's format
//! 16      4     engine           which kind of store wrote it
//! 20      4     engine revision  u32 LE
//!
//! 24      …     sections, one behind the other, without gaps; meaning and inner form are the
//!               engine's. A page in a section: bytes, then their CRC-32C as u32 LE
//!
//! table, one row a section, in the order of the file; no id occurs twice
//! +0      4     id      u32 LE
//! +4      4     crc     u32 LE  CRC-32C of the section's bytes
//! +8      8     offset  u64 LE  from the start of the file
//! +16     8     bytes   u64 LE
//!
//! footer, the last bytes of the file
//! +0      8     offset of the table  u64 LE
//! +8      4     rows of the table    u32 LE
//! +12     4     crc                  u32 LE  CRC-32C of header, table and the 12 bytes before
//! +16     8     magic                "QUADREND"
//! ~~~
//! So every byte of a file is under a checksum or compared with a constant.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use crate::storage::cursor::Cursor;
use crate::storage::error::{Damage, Damaged, Error};
use crate::storage::manifest::EngineFormat;
use crate::storage::wal::format::{FORMAT_REVISION, FORMAT_VERSION};
use std::path::Path;

const MAGIC: [u8; 8] = *b"QUADRBLK";
const END_MAGIC: [u8; 8] = *b"QUADREND";
pub(super) const HEADER_BYTES: u64 = 24;
pub(super) const FOOTER_BYTES: u64 = 24;
pub(super) const ROW_BYTES: u64 = 24;
/// Bytes behind every page.
pub(super) const PAGE_CRC_BYTES: usize = 4;

/// Where a section lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionEntry {
    /// The engine's name for it.
    pub id: u32,
    /// CRC-32C of its bytes.
    pub crc: u32,
    /// From the start of the file.
    pub offset: u64,
    /// Its size.
    pub bytes: u64,
}

/// Where a page lies in its section. Engines keep it in their indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageRef {
    /// From the start of the section.
    pub offset: u64,
    /// Its size without the checksum.
    pub bytes: u32,
}

pub(super) fn encode_header(format: EngineFormat) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&FORMAT_REVISION.to_le_bytes());
    out.extend_from_slice(&format.engine);
    out.extend_from_slice(&format.revision.to_le_bytes());
    out
}

/// Table and footer.
pub(super) fn encode_end(format: EngineFormat, sections: &[SectionEntry], offset: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for section in sections {
        out.extend_from_slice(&section.id.to_le_bytes());
        out.extend_from_slice(&section.crc.to_le_bytes());
        out.extend_from_slice(&section.offset.to_le_bytes());
        out.extend_from_slice(&section.bytes.to_le_bytes());
    }
    let rows = u32::try_from(sections.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(&rows.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&encode_header(format)), &out);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&END_MAGIC);
    out
}

/// What the footer says about the table.
pub(super) struct Footer {
    pub(super) table_offset: u64,
    pub(super) rows: u32,
    crc: u32,
}

pub(super) fn decode_footer(bytes: &[u8], file_bytes: u64) -> Result<Footer, Damaged> {
    let mut cursor = Cursor::new(bytes);
    let table_offset = cursor.u64()?;
    let rows = cursor.u32()?;
    let crc = cursor.u32()?;
    if cursor.array()? != END_MAGIC {
        return Err(Damaged::at(16, Damage::Magic { what: "complete block file" }));
    }
    let end = u64::from(rows)
        .checked_mul(ROW_BYTES)
        .and_then(|bytes| bytes.checked_add(table_offset))
        .and_then(|end| end.checked_add(FOOTER_BYTES));
    if table_offset < HEADER_BYTES || end != Some(file_bytes) {
        return Err(Damaged::field(0, "the place of the table"));
    }
    Ok(Footer { table_offset, rows, crc })
}

/// Checks the header and reads the table. `end` is everything from the table to the end of the
/// file.
pub(super) fn decode(
    header: &[u8],
    end: &[u8],
    footer: &Footer,
    format: EngineFormat,
    path: &Path,
) -> Result<Vec<SectionEntry>, Error> {
    let at_table = |damaged: Damaged| damaged.in_file(path, footer.table_offset);
    let mut cursor = Cursor::new(header);
    let at_header = |damaged: Damaged| damaged.in_file(path, 0);
    if cursor.array().map_err(at_header)? != MAGIC {
        return Err(at_header(Damaged::at(0, Damage::Magic { what: "block file" })));
    }
    let covered = end.len().saturating_sub(12);
    let crc = crc32c::crc32c(header);
    let found = crc32c::crc32c_append(crc, end.get(..covered).unwrap_or_default());
    if found != footer.crc {
        let damage = Damage::Checksum { found, expected: footer.crc };
        return Err(at_table(Damaged::at(0, damage)));
    }
    check_format(header, format, path)?;
    table(end, footer).map_err(at_table)
}

fn check_format(header: &[u8], format: EngineFormat, path: &Path) -> Result<(), Error> {
    let mut cursor = Cursor::new(header.get(8..).unwrap_or_default());
    let at_header = |damaged: Damaged| damaged.in_file(path, 8);
    let found_version = cursor.u16().map_err(at_header)?;
    cursor.u16().map_err(at_header)?;
    let kernel = cursor.u32().map_err(at_header)?;
    let engine: [u8; 4] = cursor.array().map_err(at_header)?;
    let engine_revision = cursor.u32().map_err(at_header)?;
    let same_kernel = (found_version, kernel) == (FORMAT_VERSION, FORMAT_REVISION);
    if !same_kernel || engine_revision != format.revision {
        return Err(Error::Format {
            path: path.to_path_buf(),
            found_version,
            found_revision: if same_kernel { engine_revision } else { kernel },
            version: FORMAT_VERSION,
            revision: if same_kernel { format.revision } else { FORMAT_REVISION },
        });
    }
    if engine != format.engine {
        return Err(Error::WrongEngine {
            path: path.to_path_buf(),
            found: String::from_utf8_lossy(&engine).into_owned(),
            expected: String::from_utf8_lossy(&format.engine).into_owned(),
        });
    }
    Ok(())
}

fn table(bytes: &[u8], footer: &Footer) -> Result<Vec<SectionEntry>, Damaged> {
    let mut cursor = Cursor::new(bytes);
    let mut sections: Vec<SectionEntry> = Vec::new();
    let mut expected = HEADER_BYTES;
    for _ in 0..footer.rows {
        let section = SectionEntry {
            id: cursor.u32()?,
            crc: cursor.u32()?,
            offset: cursor.u64()?,
            bytes: cursor.u64()?,
        };
        let twice = sections.iter().any(|before| before.id == section.id);
        let end = section.offset.checked_add(section.bytes);
        match end {
            Some(end) if section.offset == expected && end <= footer.table_offset && !twice => {
                expected = end;
            }
            _ => return Err(cursor.field("the section before this byte")),
        }
        sections.push(section);
    }
    if expected != footer.table_offset {
        return Err(cursor.field("the end of the sections"));
    }
    Ok(sections)
}
