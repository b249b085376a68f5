//! Bytes compressed with LZ4, with their length before them.
//! ~~~text
//! raw      varint  bytes after decompression
//! packed   length varint, an LZ4 block
//! ~~~
//! The length is hostile until proved otherwise: LZ4 makes at most 255 bytes of one, so a length
//! beyond that is refused before memory is reserved for it.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::cursor::Cursor;
use super::error::Damaged;
use super::varint;

/// What one byte of an LZ4 block can become at the most.
const EXPANSION_MAX: u64 = 255;

/// Appends `raw`, compressed.
pub fn put(out: &mut Vec<u8>, raw: &[u8]) {
    varint::put_u64(out, raw.len() as u64);
    varint::put_bytes(out, &lz4_flex::block::compress(raw));
}

/// Reads and decompresses.
///
/// # Errors
/// The bytes are no such block.
pub fn read(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Damaged> {
    let raw_bytes = cursor.varint_u64()?;
    let packed = cursor.bytes()?;
    let possible = (packed.len() as u64).saturating_mul(EXPANSION_MAX);
    let raw_bytes = usize::try_from(raw_bytes)
        .ok()
        .filter(|bytes| *bytes as u64 <= possible)
        .ok_or_else(|| cursor.field("length of compressed bytes"))?;
    let raw =
        lz4_flex::block::decompress(packed, raw_bytes).map_err(|_| cursor.field("LZ4 block"))?;
    if raw.len() == raw_bytes { Ok(raw) } else { Err(cursor.field("length of compressed bytes")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_that_cannot_be_is_refused() {
        let mut bytes = Vec::new();
        varint::put_u64(&mut bytes, u64::MAX / 2);
        varint::put_bytes(&mut bytes, &[0x10, b'a']);
        assert!(read(&mut Cursor::new(&bytes)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(raw in prop::collection::vec(0_u8..4, 0..2000)) {
            let mut bytes = Vec::new();
            put(&mut bytes, &raw);
            prop_assert_eq!(read(&mut Cursor::new(&bytes)).unwrap(), raw);
        }

        #[test]
        fn any_bytes_are_an_error_or_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut Cursor::new(&bytes));
        }
    }
}
