//! Snappy's block format, read.
//!
//! ~~~text
//! length varint, then elements by the low two bits of their first byte:
//! 00  literal: length - 1 in the high six bits; 60 to 63: in 1 to 4 bytes LE behind
//! 01  copy: length - 4 in bits 2-4, offset in bits 5-7 and a byte
//! 10  copy: length - 1 in the high six bits, offset u16 LE
//! 11  copy: length - 1 in the high six bits, offset u32 LE
//! ~~~
//! Source: format_description.txt of google/snappy.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged};

/// No element makes more than 64 bytes of two.
const RATIO_MAX: u64 = 32;

/// The bytes that `input` stands for.
///
/// # Errors
///
/// It is no such block.
pub(super) fn decompress(input: &[u8]) -> Result<Vec<u8>, Damaged> {
    let mut cursor = Cursor::new(input);
    let length = cursor.varint_u64()?;
    if length > (input.len() as u64).saturating_mul(RATIO_MAX) {
        let available = cursor.remaining() as u64;
        return Err(Damaged::at(0, Damage::Truncated { needed: length, available }));
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(length);
    while !cursor.is_empty() {
        let tag = cursor.u8()?;
        let high = usize::from(tag >> 2);
        let (count, offset) = match tag & 3 {
            0 => {
                let bytes = cursor.take(high.saturating_sub(59))?;
                let long = bytes.iter().rev().fold(0_usize, |n, byte| n << 8 | usize::from(*byte));
                let count = if high < 60 { high } else { long };
                out.extend_from_slice(cursor.take(count + 1)?);
                continue;
            }
            1 => (4 + (high & 7), usize::from(tag >> 5) << 8 | usize::from(cursor.u8()?)),
            2 => (high + 1, usize::from(cursor.u16()?)),
            _ => (high + 1, usize::try_from(cursor.u32()?).unwrap_or(usize::MAX)),
        };
        let start = out.len().checked_sub(offset).filter(|_| offset > 0);
        let start = start.ok_or_else(|| cursor.field("offset of a copy"))?;
        if out.len() + count > length {
            return Err(cursor.field("length of a copy"));
        }
        // A copy may reach into what it makes.
        for at in start..start + count {
            let byte = out.get(at).copied().unwrap_or(0);
            out.push(byte);
        }
    }
    if out.len() == length { Ok(out) } else { Err(cursor.field("length of a block")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies() {
        // "abab" + "ab" repeated over itself.
        assert_eq!(decompress(&[6, 0b100, b'a', b'b', 0b1, 2]).unwrap(), b"ababab");
        assert_eq!(decompress(&[3, 60 << 2, 2, b'x', b'y', b'z']).unwrap(), b"xyz");
        assert_eq!(decompress(&[4, 0, b'a', 0b1010, 1, 0]).unwrap(), b"aaaa");
        for bad in
            [&[][..], &[5, 0, b'a'], &[5, 0, b'a', 1, 2], &[9], &[1, 4, b'a', b'b'], &[255; 9]]
        {
            assert!(decompress(bad).is_err(), "{bad:?}");
        }
    }
}
