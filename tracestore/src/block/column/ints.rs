//! Integers: what they have in common taken out, the rest in byte planes.
//! ~~~text
//! base    signed varint   the smallest value
//! step    varint          greatest common divisor of the distances from it, at least 1
//! width   u8              bytes of the largest number of steps, 1 to 8
//! planes  width × count   lowest bytes of all values, then the next ones …
//! ~~~
//! Times of clocks that count microseconds have a step of 1,000. Planes keep the bytes that are
//! mostly zero together, which the compression of the page then takes away. The width is never
//! zero, so that a count cannot promise more values than bytes are there.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

/// Appends the values.
pub(crate) fn put_ints(out: &mut Vec<u8>, values: &[i64]) {
    let base = values.iter().copied().min().unwrap_or_default();
    let distance = |value: &i64| value.wrapping_sub(base) as u64;
    let mut step = 0;
    for value in values {
        step = common_divisor(step, distance(value));
        if step == 1 {
            break;
        }
    }
    let step = step.max(1);
    let largest = values.iter().map(distance).max().unwrap_or_default() / step;
    let width = width_of(largest);
    varint::put_i64(out, base);
    varint::put_u64(out, step);
    out.push(width);
    let steps: Vec<u64> = if step == 1 {
        values.iter().map(distance).collect()
    } else {
        values.iter().map(|value| distance(value) / step).collect()
    };
    for plane in 0..width {
        out.extend(steps.iter().map(|steps| low_byte(steps >> (8 * plane))));
    }
}

/// Reads `count` values.
///
/// # Errors
///
/// The bytes are no such values.
pub(crate) fn read_ints(input: &mut Cursor<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    let base = input.varint_i64()?;
    let step = input.varint_u64()?;
    let steps = read_planes(input, count)?;
    Ok(steps.into_iter().map(|steps| base.wrapping_add(steps.wrapping_mul(step) as i64)).collect())
}

/// Appends small unsigned numbers: width and planes as above, without base and step.
pub(crate) fn put_ids(out: &mut Vec<u8>, ids: &[u32]) {
    let width = width_of(ids.iter().copied().max().unwrap_or_default().into());
    out.push(width);
    for plane in 0..width {
        out.extend(ids.iter().map(|id| low_byte(u64::from(id >> (8 * plane)))));
    }
}

/// Reads `count` numbers below `bound`.
///
/// # Errors
///
/// The bytes are no such numbers.
pub(crate) fn read_ids(
    input: &mut Cursor<'_>,
    count: usize,
    bound: usize,
) -> Result<Vec<u32>, Damaged> {
    let at = input.position();
    let ids = read_planes(input, count)?;
    if ids.iter().any(|id| *id >= bound as u64) {
        return Err(Damaged::field(at, "a position in a table"));
    }
    let narrow = |id: u64| u32::try_from(id).map_err(|_| Damaged::field(at, "a small number"));
    ids.into_iter().map(narrow).collect()
}

fn read_planes(input: &mut Cursor<'_>, count: usize) -> Result<Vec<u64>, Damaged> {
    let width = input.u8()?;
    if !(1..=8).contains(&width) {
        return Err(input.field("width of a column"));
    }
    let first = input.take(count)?;
    let mut values: Vec<u64> = first.iter().map(|byte| u64::from(*byte)).collect();
    for plane in 1..width {
        for (value, byte) in values.iter_mut().zip(input.take(count)?) {
            *value |= u64::from(*byte) << (8 * plane);
        }
    }
    Ok(values)
}

fn width_of(largest: u64) -> u8 {
    match largest.checked_ilog2().unwrap_or_default() / 8 + 1 {
        1 => 1,
        2 => 2,
        3 => 3,
        4 => 4,
        5 => 5,
        6 => 6,
        7 => 7,
        _ => 8,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lowest byte is what is wanted")]
fn low_byte(value: u64) -> u8 {
    value as u8
}

fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_ints() {
        let mut bytes = Vec::new();
        put_ints(&mut bytes, &[-1000, 1000, 600_000]);
        // Base -1000, step 1000, two bytes: 0, 2, 601.
        assert_eq!(bytes, [0xcf, 0x0f, 0xe8, 0x07, 2, 0, 2, 0x59, 0, 0, 2]);
        let mut bytes = Vec::new();
        put_ids(&mut bytes, &[1, 258]);
        assert_eq!(bytes, [2, 1, 2, 0, 1]);
    }

    #[test]
    fn a_position_past_the_table_is_damage() {
        let mut bytes = Vec::new();
        put_ids(&mut bytes, &[1, 2]);
        assert!(read_ids(&mut Cursor::new(&bytes), 2, 2).is_err());
        assert_eq!(read_ids(&mut Cursor::new(&bytes), 2, 3).unwrap(), [1, 2]);
    }

    proptest! {
        #[test]
        fn values_come_back(
            values in prop::collection::vec(prop_oneof![any::<i64>(), -5..5_i64], 0..20),
            scale in 1..1_000_000_i64,
        ) {
            for scale in [1, scale] {
                let values: Vec<i64> = values.iter().map(|v| v.wrapping_mul(scale)).collect();
                let mut bytes = Vec::new();
                put_ints(&mut bytes, &values);
                let mut input = Cursor::new(&bytes);
                prop_assert_eq!(read_ints(&mut input, values.len()).unwrap(), values);
                prop_assert!(input.finish().is_ok());
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_values(bytes: Vec<u8>, count in 0_usize..1 << 40) {
            let _ = read_ints(&mut Cursor::new(&bytes), count);
            let _ = read_ids(&mut Cursor::new(&bytes), count, 10);
        }
    }
}
