//! Packs runs of small integers: a frame of reference per block, then fixed-width bits.
//!
//! ~~~text
//! block    count       base (zigzag varint) │ width u8 │ count·width bits, low bits first, padded to bytes
//! blocks   of BLOCK values each, the last one shorter
//! ~~~
//!
//! `base` is the least value of the block; what is packed is the distance to it. Source: frame of
//! reference coding (Goldstein, Ramakrishnan, Shaft 1998).
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

/// Values per block: small enough that one large value costs little, large enough that the
/// header does not matter.
pub(super) const BLOCK: usize = 128;

/// Bytes that [`pack`] would append.
pub(crate) fn packed_bytes(values: &[i64]) -> usize {
    values
        .chunks(BLOCK)
        .map(|block| {
            let (base, width) = frame(block);
            zigzag_bytes(base) + 1 + (block.len() * usize::from(width)).div_ceil(8)
        })
        .sum()
}

/// The least value of a block and the bits that the largest distance to it needs.
fn frame(block: &[i64]) -> (i64, u8) {
    let min = block.iter().copied().min().unwrap_or(0);
    let max = block.iter().copied().max().unwrap_or(0);
    // The distance of two i64 fits a u64 in wrapping arithmetic.
    let distance = max.wrapping_sub(min).cast_unsigned();
    let width = u8::try_from(u64::BITS - distance.leading_zeros()).unwrap_or(64);
    (min, width)
}

/// Bytes that a zigzag varint takes.
fn zigzag_bytes(value: i64) -> usize {
    let bits = u64::BITS - ((value << 1) ^ (value >> 63)).cast_unsigned().leading_zeros();
    usize::try_from(bits.max(1).div_ceil(7)).unwrap_or(10)
}

/// Appends `values`.
pub(crate) fn pack(values: &[i64], out: &mut Vec<u8>) {
    for block in values.chunks(BLOCK) {
        let (base, width) = frame(block);
        varint::put_i64(out, base);
        out.push(width);
        pack_block(block, base, u32::from(width), out);
    }
}

fn pack_block(block: &[i64], base: i64, width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let mut word = 0_u64;
    let mut bits = 0_u32;
    for value in block {
        let distance = value.wrapping_sub(base).cast_unsigned();
        word |= distance << bits;
        bits += width;
        if bits >= u64::BITS {
            out.extend_from_slice(&word.to_le_bytes());
            bits -= u64::BITS;
            // What did not fit; nothing if the word was just full.
            word = distance.checked_shr(width - bits).unwrap_or(0);
        }
    }
    let bytes = word.to_le_bytes();
    out.extend(bytes.iter().take(bits.div_ceil(8) as usize));
}

/// Hands `count` values to `take`, a block at a time.
///
/// # Errors
///
/// Where the input ends early or a width is above 64.
pub(crate) fn unpack_blocks(
    input: &mut Cursor<'_>,
    count: usize,
    mut take: impl FnMut(&mut [i64]),
) -> Result<(), Damaged> {
    let mut values = [0_i64; BLOCK];
    let mut left = count;
    while left > 0 {
        let block = left.min(BLOCK);
        let base = input.varint_i64()?;
        let width = input.u8()?;
        if width > 64 {
            return Err(input.field("bit width"));
        }
        let bytes = input.take((block * usize::from(width)).div_ceil(8))?;
        if let Some(values) = values.get_mut(..block) {
            unpack_block(bytes, base, u32::from(width), values);
            take(values);
        }
        left -= block;
    }
    Ok(())
}

/// `bytes` holds as many values of `width` bits as `values` has room for.
fn unpack_block(bytes: &[u8], base: i64, width: u32, values: &mut [i64]) {
    if width == 0 {
        return values.fill(base);
    }
    let mask = u64::MAX >> (64 - width);
    if width > 56 {
        return unpack_wide(bytes, base, width, mask, values);
    }
    // A value of at most 56 bits lies within the eight bytes that hold its first bit; the copy
    // gives the last values eight bytes to read.
    let mut padded = [0_u8; BLOCK * 7 + 8];
    if let Some(head) = padded.get_mut(..bytes.len()) {
        head.copy_from_slice(bytes);
    }
    let width = width as usize;
    for (index, value) in values.iter_mut().enumerate() {
        let bit = index * width;
        let word = padded.get(bit / 8..).and_then(|tail| tail.first_chunk::<8>());
        let word = word.map_or(0, |word| u64::from_le_bytes(*word));
        *value = base.wrapping_add(((word >> (bit % 8)) & mask).cast_signed());
    }
}

fn unpack_wide(bytes: &[u8], base: i64, width: u32, mask: u64, values: &mut [i64]) {
    let mut bytes = bytes.iter();
    let mut pending = 0_u128;
    let mut bits = 0_u32;
    for value in values {
        while bits < width {
            pending |= u128::from(bytes.next().copied().unwrap_or(0)) << bits;
            bits += 8;
        }
        let low = u64::try_from(pending & u128::from(mask)).unwrap_or(0);
        *value = base.wrapping_add(low.cast_signed());
        pending >>= width;
        bits -= width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(values: &[i64]) {
        let mut bytes = Vec::new();
        pack(values, &mut bytes);
        assert_eq!(bytes.len(), packed_bytes(values));
        let mut cursor = Cursor::new(&bytes);
        let mut back = Vec::new();
        unpack_blocks(&mut cursor, values.len(), |block| back.extend_from_slice(block)).unwrap();
        assert_eq!(back, values);
        assert!(cursor.is_empty());
    }

    #[test]
    fn golden_block() {
        let mut bytes = Vec::new();
        pack(&[-1, 0, 2, 6], &mut bytes);
        // base -1, width 3, distances 0 1 3 7: 111 011 001 000 from the high bits down.
        assert_eq!(bytes, [1, 3, 0b1100_1000, 0b0000_1110]);
    }

    #[test]
    fn the_whole_range_fits() {
        round_trip(&[i64::MIN, i64::MAX, 0, -1, 1]);
        round_trip(&[]);
        round_trip(&[7; 500]);
    }

    proptest! {
        #[test]
        fn any_values_round_trip(
            values in prop::collection::vec(any::<i64>(), 0..400),
            shift in 0_u32..64,
        ) {
            let values: Vec<i64> = values.iter().map(|value| value >> shift).collect();
            round_trip(&values);
        }

        #[test]
        fn any_bytes_are_an_error_or_values(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack_blocks(&mut Cursor::new(&bytes), 1000, |_| {});
        }
    }
}
