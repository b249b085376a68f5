//! Columns of 32-bit numbers in the pages of an index.
//!
//! ~~~text
//! coding  u8   0 the numbers · 1 the first and the distances from one to the next
//! values  bit-packed (chunk/bitpack.rs); how many there are is known from elsewhere
//! ~~~
//!
//! Whichever is smaller. Series are sorted by their labels, so that most columns are nearly
//! constant or rise.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

use crate::chunk::bitpack;

const PLAIN: u8 = 0;
const DISTANCES: u8 = 1;

/// Appends a column.
pub(super) fn put(values: &[u32], out: &mut Vec<u8>) {
    let plain: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
    let before = std::iter::once(&0).chain(&plain);
    let distances: Vec<i64> =
        plain.iter().zip(before).map(|(value, before)| value - before).collect();
    if bitpack::packed_bytes(&plain) <= bitpack::packed_bytes(&distances) {
        out.push(PLAIN);
        bitpack::pack(&plain, out);
    } else {
        out.push(DISTANCES);
        bitpack::pack(&distances, out);
    }
}

/// Appends the `count` numbers of a column to `out`.
///
/// # Errors
///
/// Where the bytes are no such column.
pub(super) fn read(
    input: &mut Cursor<'_>,
    count: usize,
    out: &mut Vec<u32>,
) -> Result<(), Damaged> {
    let coding = input.u8()?;
    if coding > DISTANCES {
        return Err(input.field("coding of numbers"));
    }
    let (mut fits, mut before) = (true, 0_i64);
    bitpack::unpack_blocks(input, count, |block| {
        out.extend(block.iter().map(|value| {
            let base = if coding == DISTANCES { before } else { 0 };
            before = base.wrapping_add(*value);
            let number = u32::try_from(before);
            fits &= number.is_ok();
            number.unwrap_or(0)
        }));
    })?;
    if fits { Ok(()) } else { Err(input.field("size of a number")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_columns() {
        let mut bytes = Vec::new();
        put(&[5, 5, 6, 4], &mut bytes);
        // Base 4 (zigzag 8), two bits each: 1, 1, 2, 0.
        assert_eq!(bytes, [PLAIN, 8, 2, 0b0010_0101]);
        bytes.clear();
        put(&[100, 200, 300, 400, 500, 600], &mut bytes);
        assert_eq!(bytes, [DISTANCES, 0xc8, 0x01, 0]);
    }

    proptest! {
        #[test]
        fn any_column_round_trips(
            values in prop::collection::vec(any::<u32>(), 0..300),
            shift in 0_u32..32,
            sorted: bool,
        ) {
            let mut values: Vec<u32> = values.iter().map(|value| value >> shift).collect();
            if sorted {
                values.sort_unstable();
            }
            let mut bytes = Vec::new();
            put(&values, &mut bytes);
            let (mut input, mut back) = (Cursor::new(&bytes), Vec::new());
            read(&mut input, values.len(), &mut back).unwrap();
            prop_assert!(input.is_empty());
            prop_assert_eq!(back, values);
        }

        #[test]
        fn any_bytes_are_an_error_or_numbers(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&mut Cursor::new(&bytes), 300, &mut Vec::new());
        }
    }
}
