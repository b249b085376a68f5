//! A column of float values: as integers, differences of them, and what is left.
//!
//! ~~~text
//! scale       u8    decimal.rs
//! form        u8    bits 0-1: how often differences were taken, 0 to 2 · bit 2: there is a divisor ·
//!                   bit 3: there are exceptions
//! divisor     if bit 2: varint, then the first integer (zigzag varint), which was taken away from
//!             all before they were divided
//! first       zigzag varints: the first integer, and the first difference, as far as they were taken
//! exceptions  if bit 3: varint count, then of each: varint distance to the place before · kind u8:
//!             0 the mark of a series that ended · 1 any bits, u64 LE
//! residuals   residuals.rs: the other integers, or differences
//! ~~~
//!
//! Sizes in pages and the like are multiples of something large, which is divided out. Counters
//! become numbers around their rate, clocks the same number again and again. The order of
//! differences is judged by how far they lie from their middle, which is what a coding pays for.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::decimal::{self, STALE, Scale, Scaled};
use super::logarithm::log2;
use super::residuals;
use super::sums::Sums;

const ORDER: u8 = 0b11;
const DIVIDED: u8 = 1 << 2;
const EXCEPTIONS: u8 = 1 << 3;
const FORM_MAX: u8 = (1 << 4) - 1;

const ENDED: u8 = 0;
const ANY: u8 = 1;

/// Appends a column of at least one value.
pub(super) fn write(values: &[f64], out: &mut Vec<u8>) {
    let Scaled { scale, mut integers, exceptions } = decimal::scale(values);
    let divided = divide(&mut integers);
    let order = order_of(&integers);
    let mut first = [0; 2];
    for first in first.iter_mut().take(order) {
        *first = integers.first().copied().unwrap_or(0);
        integers = differences(&integers);
    }
    out.push(scale.code());
    let mut form = u8::try_from(order).unwrap_or(0);
    form |= u8::from(divided.is_some()) * DIVIDED;
    form |= u8::from(!exceptions.is_empty()) * EXCEPTIONS;
    out.push(form);
    if let Some((divisor, offset)) = divided {
        varint::put_u64(out, divisor.unsigned_abs());
        varint::put_i64(out, offset);
    }
    first.iter().take(order).for_each(|first| varint::put_i64(out, *first));
    if !exceptions.is_empty() {
        write_exceptions(&exceptions, out);
    }
    residuals::write(&integers, order, out);
}

fn write_exceptions(exceptions: &[(usize, u64)], out: &mut Vec<u8>) {
    varint::put_u64(out, exceptions.len() as u64);
    let mut previous = 0;
    for (place, bits) in exceptions {
        varint::put_u64(out, (place - previous) as u64);
        previous = *place;
        if *bits == STALE {
            out.push(ENDED);
        } else {
            out.push(ANY);
            out.extend_from_slice(&bits.to_le_bytes());
        }
    }
}

/// Takes the first integer away from all and divides them by what they have in common then:
/// divisor and first integer. None, and nothing done, where that is nothing.
fn divide(integers: &mut [i64]) -> Option<(i64, i64)> {
    let offset = integers.first().copied()?;
    let mut divisor = 0_u64;
    for integer in integers.iter() {
        // Differences of ordered bits may be too large for what follows.
        divisor = common(divisor, integer.checked_sub(offset)?.unsigned_abs());
        if divisor == 1 {
            return None;
        }
    }
    let divisor = i64::try_from(divisor).ok().filter(|divisor| *divisor > 1)?;
    integers.iter_mut().for_each(|integer| *integer = (*integer - offset) / divisor);
    Some((divisor, offset))
}

/// The greatest common divisor.
fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// How often to take differences: how often makes them lie closest to their middle.
fn order_of(integers: &[i64]) -> usize {
    let count = integers.len();
    if count < 3 {
        return usize::from(count == 2);
    }
    let step = residuals::step(count);
    let sampled = integers.windows(3).step_by(step);
    let mut columns = [const { Vec::new() }; 3];
    for window in sampled {
        let &[a, b, c] = window else { continue };
        let (once, again) = (b.wrapping_sub(a), c.wrapping_sub(b));
        let [plain, first, second] = &mut columns;
        plain.push(b);
        first.push(again);
        second.push(again.wrapping_sub(once));
    }
    let costs = columns.map(spread);
    // Of equal ones the one that needs the least work, but a constant is no residual at all.
    let [plain, once, twice] = costs;
    if plain < once && plain < twice {
        0
    } else if once <= twice {
        1
    } else {
        2
    }
}

/// The differences of neighbours, one fewer.
fn differences(integers: &[i64]) -> Vec<i64> {
    let next = integers.get(1..).unwrap_or_default();
    integers.iter().zip(next).map(|(a, b)| b.wrapping_sub(*a)).collect()
}

/// What the coding of whole numbers pays for each of a few of them, about, in 1024ths of a bit: how
/// far their differences lie from the middle one.
pub(crate) fn spread(mut differences: Vec<i64>) -> u64 {
    let middle = residuals::median(differences.iter().copied(), 1);
    differences.iter_mut().for_each(|difference| *difference = difference.wrapping_sub(middle));
    let bits = differences.iter().map(|far| log2(far.unsigned_abs().saturating_add(1)));
    bits.sum::<u64>() / (differences.len() as u64).max(1)
}

/// Appends those of `count` values to `out` that are at the `wanted` places.
///
/// # Errors
///
/// Where the bytes are no such column.
pub(super) fn read(
    input: &mut Cursor<'_>,
    count: usize,
    wanted: Range<usize>,
    out: &mut Vec<f64>,
) -> Result<(), Damaged> {
    let scale = Scale::from_code(input.u8()?).ok_or_else(|| input.field("scale of values"))?;
    let form = input.u8()?;
    let order = usize::from(form & ORDER);
    if form > FORM_MAX || order > count.min(2) {
        return Err(input.field("form of values"));
    }
    let divided = if form & DIVIDED == 0 {
        None
    } else {
        let divisor = i64::try_from(input.varint_u64()?).unwrap_or(0);
        Some((divisor, input.varint_i64()?))
    };
    let mut first = [0; 2];
    for first in first.iter_mut().take(order) {
        *first = input.varint_i64()?;
    }
    let exceptions =
        if form & EXCEPTIONS == 0 { Vec::new() } else { read_exceptions(input, count)? };
    let wanted = wanted.start.min(count)..wanted.end.min(count);
    let before = out.len();
    out.resize(before + wanted.len(), 0.0);
    let values = out.get_mut(before..).unwrap_or_default();
    let mut put = |place: usize, integers: &mut [i64]| {
        // Of the integers at these places, those that are wanted, and where they go.
        let skipped = wanted.start.saturating_sub(place).min(integers.len());
        let Some(integers) = integers.get_mut(skipped..) else { return };
        let slots = values.get_mut((place + skipped).saturating_sub(wanted.start)..);
        let Some(slots) = slots.filter(|slots| !slots.is_empty()) else { return };
        if let Some((divisor, offset)) = divided {
            for integer in integers.iter_mut() {
                *integer = integer.wrapping_mul(divisor).wrapping_add(offset);
            }
        }
        scale.values(integers, slots);
    };
    let [value, step] = first;
    let mut ahead = [value, value.wrapping_add(step)];
    put(0, ahead.get_mut(..order).unwrap_or_default());
    let behind = |place: usize| place.saturating_sub(order);
    let residuals = behind(wanted.start)..behind(wanted.end);
    let start = Sums::new(order, first);
    residuals::read(input, count - order, residuals, start, &mut |sums, block| {
        let place = sums.place + order;
        sums.add_up(block);
        put(place, block);
    })?;
    for (place, bits) in exceptions {
        let slot = place.checked_sub(wanted.start).and_then(|place| values.get_mut(place));
        slot.into_iter().for_each(|slot| *slot = f64::from_bits(bits));
    }
    Ok(())
}

/// Places and bits.
fn read_exceptions(input: &mut Cursor<'_>, count: usize) -> Result<Vec<(usize, u64)>, Damaged> {
    let exceptions = input.count(2)?;
    let mut read = Vec::with_capacity(exceptions.min(count));
    let mut place = 0_usize;
    for _ in 0..exceptions {
        let distance = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
        place = place.saturating_add(distance);
        if place >= count {
            return Err(input.field("place of an exception"));
        }
        let bits = match input.u8()? {
            ENDED => STALE,
            ANY => input.u64()?,
            _ => return Err(input.field("kind of an exception")),
        };
        read.push((place, bits));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coded(values: &[f64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(values, &mut bytes);
        let mut back = Vec::new();
        let mut cursor = Cursor::new(&bytes);
        let count = values.len();
        read(&mut cursor, count, 0..count, &mut back).unwrap();
        assert!(cursor.is_empty());
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(values));
        for part in [0..0, 0..1, count - 1..count, count / 3..count / 2, count / 4..count] {
            let mut back = vec![7.0];
            read(&mut Cursor::new(&bytes), count, part.clone(), &mut back).unwrap();
            assert_eq!(bits(&back[1..]), bits(&values[part]));
        }
        bytes
    }

    #[test]
    fn golden_columns() {
        // A constant: differences of nothing. Scale 0, order 1, first 7, zeros.
        assert_eq!(coded(&[7.0; 10]), [0, 1, 14, 0]);
        // A line: tenths, divisor 5 from 15 on, order 1: from 0, each 1 more: base 1 in no bits.
        assert_eq!(coded(&[1.5, 2.0, 2.5, 3.0]), [1, 1 | DIVIDED, 5, 30, 0, 1, 2, 0]);
        // The end of a series: an exception behind seven values.
        let ended = [1.0, 3.0, 4.0, 6.0, 7.0, 9.0, 10.0, f64::from_bits(STALE)];
        let golden = [0, 1 | EXCEPTIONS, 2, 1, 7, ENDED, 1, 2, 1, 0b1_0101];
        assert_eq!(coded(&ended), golden);
    }

    #[test]
    fn a_mark_costs_a_few_bytes() {
        let mut values: Vec<f64> = (0..960).map(|i| f64::from(i * 37 + i * i * i % 101)).collect();
        let size = coded(&values).len();
        values[500] = f64::from_bits(STALE);
        assert!(coded(&values).len() < size + 30);
    }

    #[test]
    fn floats_of_single_precision_lose_their_empty_half() {
        let values: Vec<f64> = (1..300_u16).map(|i| f64::from(f32::from(i).sqrt())).collect();
        assert!(coded(&values).len() < 300 * 3);
    }

    #[test]
    fn odd_columns_come_back() {
        let odd = [
            f64::NAN,
            f64::from_bits(STALE),
            f64::from_bits(0xfff8_0000_0000_0001),
            -0.0,
            0.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324,
            -5e-324,
            f64::MAX,
            f64::MIN,
            9_007_199_254_740_993.0,
            1e300,
        ];
        for (at, one) in odd.iter().enumerate() {
            coded(&[*one]);
            coded(&[*one; 300]);
            coded(&[*one, 1.0, *one, 2.0]);
            coded(&odd[at..]);
        }
    }

    #[test]
    fn columns_of_every_length_come_back() {
        let value = |i: u32| f64::from(i * 31 + i.wrapping_mul(2_654_435_761) % 977) / 10.0;
        let mut values: Vec<f64> = (0..3_000).map(value).collect();
        for (place, odd) in [(17, f64::NAN), (911, -0.0), (2_222, f64::from_bits(STALE))] {
            values[place] = odd;
        }
        // Some hundred lengths in all, each around the places where streams end.
        let lengths = (1..40).chain((40..3_000).step_by(13)).chain(398..410).chain(2_877..2_884);
        for length in lengths {
            coded(&values[..length]);
        }
    }

    /// Values as metrics have them, and some as they do not.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        let integers = prop::collection::vec(any::<i64>(), 1..1500);
        let odd = prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 0..6);
        (integers, 0_u32..64, 0_usize..16, 0_u8..3, 0_u8..4, odd).prop_map(
            |(integers, shift, exponent, order, kind, odd)| {
                let mut integers: Vec<i64> = integers.iter().map(|n| n >> shift).collect();
                for _ in 0..order {
                    let mut sum = 0;
                    crate::chunk::sums::add_up(&mut sum, &mut integers);
                }
                let value = |integer: i64| match kind {
                    0 => integer as f64,
                    1 => integer as f64 / decimal::POWERS[exponent],
                    2 => integer as f64 * [1.0, 0.1, 0.01, 0.001, 1e-6, 1e-9][exponent % 6],
                    _ => f64::from_bits(integer.cast_unsigned()),
                };
                let mut values: Vec<f64> = integers.into_iter().map(value).collect();
                for (at, bits) in odd {
                    let at = at.index(values.len());
                    values[at] = f64::from_bits(if bits % 2 == 0 { STALE } else { bits });
                }
                values
            },
        )
    }

    proptest! {
        #[test]
        fn any_column_round_trips(values in values()) {
            coded(&values);
        }

        #[test]
        fn any_bits_round_trip(bits in prop::collection::vec(any::<u64>(), 1..150)) {
            coded(&bits.iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_an_error_or_values(
            head in (0_u8..33, 0_u8..17),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes: Vec<u8> = [&[head.0, head.1][..], &bytes].concat();
            let _ = read(&mut Cursor::new(&bytes), 300, 0..300, &mut Vec::new());
            let _ = read(&mut Cursor::new(&bytes), 300, 90..200, &mut Vec::new());
        }
    }
}
