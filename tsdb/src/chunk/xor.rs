//! Any floats: each value XORed with the one before it.
//!
//! ~~~text
//! first   64 bits
//! then    0                                   the same value again
//!         10  meaningful bits                 within the window of the value before
//!         11  leading 5 bits │ length 6 bits │ meaningful bits      a new window; length 0 is 64
//! ~~~
//!
//! Source: Gorilla (Pelkonen et al. 2015), section 4.1.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;

use super::bitstream::{BitReader, BitWriter};

/// Leading zeros are written in five bits.
const LEADING_MAX: u32 = 31;

/// The column as bytes.
pub(super) fn write(values: &[f64]) -> Vec<u8> {
    let mut out = BitWriter::default();
    let mut values = values.iter().map(|value| value.to_bits());
    let Some(mut previous) = values.next() else { return out.finish() };
    out.put(previous, 64);
    // No window yet: a window of no bits holds only equal values, which take the short form.
    let (mut leading, mut trailing) = (64, 0);
    for value in values {
        let xor = value ^ previous;
        previous = value;
        if xor == 0 {
            out.put(0, 1);
        } else if xor.leading_zeros() >= leading && xor.trailing_zeros() >= trailing {
            out.put(0b10, 2);
            out.put(xor >> trailing, 64 - leading - trailing);
        } else {
            (leading, trailing) = (xor.leading_zeros().min(LEADING_MAX), xor.trailing_zeros());
            let length = 64 - leading - trailing;
            out.put(0b11, 2);
            out.put(u64::from(leading), 5);
            out.put(u64::from(length % 64), 6);
            out.put(xor >> trailing, length);
        }
    }
    out.finish()
}

/// Appends `count` values to `out`.
///
/// # Errors
///
/// Where the bytes are no such column.
pub(super) fn read(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Result<(), Damaged> {
    if count == 0 {
        return Ok(());
    }
    let mut input = BitReader::new(bytes);
    let mut value = input.take(64)?;
    out.push(f64::from_bits(value));
    let mut window: Option<(u32, u32)> = None;
    for _ in 1..count {
        if input.take(1)? == 1 {
            if input.take(1)? == 1 {
                let leading = bits(input.take(5)?);
                let length = match bits(input.take(6)?) {
                    0 => 64,
                    length => length,
                };
                let trailing = 64_u32.checked_sub(leading + length).ok_or_else(window_error)?;
                window = Some((length, trailing));
            }
            let (length, trailing) = window.ok_or_else(window_error)?;
            value ^= input.take(length)? << trailing;
        }
        out.push(f64::from_bits(value));
    }
    Ok(())
}

fn window_error() -> Damaged {
    Damaged::field(0, "window of meaningful bits")
}

fn bits(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(values: &[f64]) -> usize {
        let bytes = write(values);
        let mut back = Vec::new();
        read(&bytes, values.len(), &mut back).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(values));
        bytes.len()
    }

    #[test]
    fn golden_column() {
        // 2.0 ^ 1.0 = 0x7ff0…: leading 1, trailing 52, 11 bits.
        let bytes = write(&[1.0, 1.0, 2.0]);
        assert_eq!(bytes[..8], 1.0_f64.to_bits().to_be_bytes());
        assert_eq!(bytes[8..], [0b0110_0001, 0b0010_1111, 0b1111_1111, 0b1000_0000]);
    }

    #[test]
    fn equal_values_take_a_bit() {
        assert_eq!(round_trip(&[0.1; 801]), 8 + 100);
        round_trip(&[]);
    }

    proptest! {
        #[test]
        fn any_values_round_trip(bits in prop::collection::vec(any::<u64>(), 0..200), shift in 0..64) {
            let values: Vec<f64> = bits.iter().map(|bits| f64::from_bits(bits << shift)).collect();
            round_trip(&values);
        }

        #[test]
        fn any_bytes_are_an_error_or_values(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, 100, &mut Vec::new());
        }
    }
}
