//! Picks the coding of a column of values: the smallest.
//!
//! ~~~text
//! coding  u8   1 constant: value u64 LE
//!              2 decimal (decimal.rs)
//!              3 xor: length varint, then bits (xor.rs)
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::{decimal, xor};

const CONSTANT: u8 = 1;
const DECIMAL: u8 = 2;
const XOR: u8 = 3;

/// A decimal coding this small (bytes per value) is taken without trying others: XOR cannot
/// reach it on values that change.
const GOOD_ENOUGH_BYTES: usize = 2;

/// Appends a column of at least one value.
pub(super) fn write(values: &[f64], out: &mut Vec<u8>) {
    let first = values.first().map_or(0, |value| value.to_bits());
    if values.iter().all(|value| value.to_bits() == first) {
        out.push(CONSTANT);
        out.extend_from_slice(&first.to_le_bytes());
        return;
    }
    let plan = decimal::plan(values);
    if let Some(plan) = plan.as_ref().filter(|plan| plan.bytes <= values.len() * GOOD_ENOUGH_BYTES)
    {
        out.push(DECIMAL);
        return plan.write(out);
    }
    let bits = xor::write(values);
    match plan {
        Some(plan) if plan.bytes <= bits.len() => {
            out.push(DECIMAL);
            plan.write(out);
        }
        _ => {
            out.push(XOR);
            varint::put_bytes(out, &bits);
        }
    }
}

/// Appends `count` values to `out`.
///
/// # Errors
///
/// Where the bytes are no such column.
pub(super) fn read(
    input: &mut Cursor<'_>,
    count: usize,
    out: &mut Vec<f64>,
) -> Result<(), Damaged> {
    match input.u8()? {
        CONSTANT => {
            let value = f64::from_bits(input.u64()?);
            out.resize(out.len() + count, value);
            Ok(())
        }
        DECIMAL => decimal::read(input, count, out),
        XOR => xor::read(input.bytes()?, count, out),
        _ => Err(input.field("coding of values")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coded(values: &[f64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(values, &mut bytes);
        let mut back = Vec::new();
        read(&mut Cursor::new(&bytes), values.len(), &mut back).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(values));
        bytes
    }

    #[test]
    fn each_kind_of_column_finds_its_coding() {
        assert_eq!(coded(&[f64::NAN; 10])[0], CONSTANT);
        assert_eq!(coded(&[1.0, 2.0, 4.0])[0], DECIMAL);
        let roots: Vec<f64> = (1..100).map(|i| f64::from(i).sqrt()).collect();
        assert_eq!(coded(&roots)[0], XOR);
    }

    proptest! {
        #[test]
        fn any_column_round_trips(bits in prop::collection::vec(any::<u64>(), 1..150)) {
            let values: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
            coded(&values);
        }
    }
}
