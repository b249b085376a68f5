//! `index`: labels, series and posting lists of a block. What reader and writer share.
//!
//! ~~~text
//! magic     u32 BE   0xBAAAD700
//! version   u8       2 (1 is read)
//! symbols   u32 BE length │ u32 BE count │ (length varint, text)… sorted │ crc
//! series    each at a multiple of 16, which divided by 16 is its reference:
//!           length varint │ labels │ chunks │ crc
//!             labels  count varint, (name, value: symbol varint)…
//!             chunks  count varint; the first: min zigzag, max - min varint, reference varint
//!                     others: min - max before varint, max - min varint, reference difference zigzag
//! postings  each at a multiple of 4: u32 BE length │ u32 BE count │ u32 BE references rising │ crc
//! offsets   u32 BE length │ u32 BE count │ (2, name, value: length varint and text; offset of the
//!           list varint)… sorted │ crc
//! contents  six u64 BE: symbols, series, label indices, their offsets, postings, offsets │ crc
//! ~~~
//! Every `crc` is u32 BE, the CRC-32C of what stands between the length and it. A symbol is its
//! number; in version 1 the offset of its length in the file. The list of the empty name and value
//! has all series. Label indices are not used any more, and point to where nothing is.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged};

pub(super) const MAGIC: u32 = 0xBAAA_D700;
pub(super) const VERSION: u8 = 2;
pub(super) const VERSION_OFFSETS: u8 = 1;
pub(super) const HEAD_BYTES: u64 = 5;
pub(super) const CONTENTS_BYTES: u64 = 6 * 8 + 4;
pub(super) const SERIES_ALIGN: u64 = 16;
pub(super) const LIST_ALIGN: u64 = 4;
/// What an entry of the table of offsets begins with: it has two texts.
pub(super) const OFFSET_TEXTS: u8 = 2;

/// Where the sections are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) symbols: u64,
    pub(super) series: u64,
    pub(super) label_indices: u64,
    pub(super) label_offsets: u64,
    pub(super) postings: u64,
    pub(super) offsets: u64,
}

impl Contents {
    pub(super) fn read(bytes: &[u8]) -> Result<Contents, Damaged> {
        let covered = checked(bytes)?;
        let mut cursor = Cursor::new(covered);
        let mut next = || Ok::<_, Damaged>(u64::from_be_bytes(cursor.array()?));
        let (symbols, series, label_indices) = (next()?, next()?, next()?);
        let (label_offsets, postings, offsets) = (next()?, next()?, next()?);
        cursor.finish()?;
        Ok(Contents { symbols, series, label_indices, label_offsets, postings, offsets })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let all = [
            self.symbols,
            self.series,
            self.label_indices,
            self.label_offsets,
            self.postings,
            self.offsets,
        ];
        let mut out: Vec<u8> = all.iter().flat_map(|offset| offset.to_be_bytes()).collect();
        out.extend_from_slice(&crc32c::crc32c(&out).to_be_bytes());
        out
    }
}

/// The bytes in front of their checksum.
pub(super) fn checked(bytes: &[u8]) -> Result<&[u8], Damaged> {
    let Some((covered, crc)) = bytes.split_last_chunk::<4>() else {
        let damage = Damage::Truncated { needed: 4, available: bytes.len() as u64 };
        return Err(Damaged::at(0, damage));
    };
    let (found, expected) = (crc32c::crc32c(covered), u32::from_be_bytes(*crc));
    if found == expected {
        Ok(covered)
    } else {
        Err(Damaged::at(0, Damage::Checksum { found, expected }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_contents() {
        let contents = Contents { symbols: 5, series: 0x6e, offsets: 0x288, ..Contents::default() };
        let bytes = contents.write();
        assert_eq!(bytes.len() as u64, CONTENTS_BYTES);
        assert_eq!(bytes[..16], [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0x6e]);
        assert_eq!(Contents::read(&bytes), Ok(contents));
        assert!(Contents::read(&bytes[1..]).is_err());
    }
}
