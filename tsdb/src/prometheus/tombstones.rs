//! `tombstones`: times of series of a block that are deleted.
//!
//! ~~~text
//! magic    u32 BE   0x0130BA30
//! version  u8       1
//! stones            series varint · first zigzag varint · last zigzag varint, both ends deleted
//! crc      u32 BE   CRC-32C of the stones
//! ~~~
//! The file may be missing, which is the same as no stones.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged};
use telemetry_core::time::MillisRange;

const MAGIC: u32 = 0x0130_BA30;
const VERSION: u8 = 1;

/// Deleted times by series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tombstones(pub(super) BTreeMap<u64, Arc<[MillisRange]>>);

impl Tombstones {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It is damaged.
    pub(super) fn read(bytes: &[u8]) -> Result<Tombstones, Damaged> {
        let mut cursor = Cursor::new(bytes);
        if u32::from_be_bytes(cursor.array()?) != MAGIC {
            return Err(Damaged::at(0, Damage::Magic { what: "tombstones file" }));
        }
        let version = cursor.u8()?;
        if version != VERSION {
            let damage = Damage::Unknown { what: "version", found: version.into() };
            return Err(Damaged::at(4, damage));
        }
        let Some((stones, crc)) = cursor.rest().split_last_chunk::<4>() else {
            let damage = Damage::Truncated { needed: 4, available: cursor.remaining() as u64 };
            return Err(Damaged::at(5, damage));
        };
        let (found, expected) = (crc32c::crc32c(stones), u32::from_be_bytes(*crc));
        if found != expected {
            return Err(Damaged::at(5, Damage::Checksum { found, expected }));
        }
        let mut ranges: BTreeMap<u64, Vec<MillisRange>> = BTreeMap::new();
        let mut cursor = Cursor::new(stones);
        while !cursor.is_empty() {
            let series = cursor.varint_u64()?;
            let (first, last) = (cursor.varint_i64()?, cursor.varint_i64()?);
            ranges.entry(series).or_default().push(MillisRange::new(first, last));
        }
        Ok(Tombstones(ranges.into_iter().map(|(series, list)| (series, list.into())).collect()))
    }

    /// The file.
    #[cfg_attr(not(test), expect(dead_code, reason = "blocks are written without deleted samples"))]
    pub(super) fn write(&self) -> Vec<u8> {
        let mut stones = Vec::new();
        for (series, ranges) in &self.0 {
            for range in ranges.iter() {
                telemetry_core::storage::varint::put_u64(&mut stones, *series);
                telemetry_core::storage::varint::put_i64(&mut stones, range.start.0);
                telemetry_core::storage::varint::put_i64(&mut stones, range.end.0);
            }
        }
        with_frame(&stones)
    }

    /// The file of a block without deleted samples.
    pub(super) fn none() -> Vec<u8> {
        with_frame(&[])
    }
}

fn with_frame(stones: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_be_bytes().to_vec();
    out.push(VERSION);
    out.extend_from_slice(stones);
    out.extend_from_slice(&crc32c::crc32c(stones).to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_file() {
        assert_eq!(Tombstones::none(), [0x01, 0x30, 0xba, 0x30, 1, 0, 0, 0, 0]);
        let stones = Tombstones(BTreeMap::from([(30, [MillisRange::new(-1, 5)].into())]));
        let bytes = stones.write();
        assert_eq!(bytes[4..8], [1, 30, 1, 10]);
        assert_eq!(Tombstones::read(&bytes).unwrap(), stones);
        for length in 0..bytes.len() {
            assert!(Tombstones::read(&bytes[..length]).is_err());
        }
    }
}
