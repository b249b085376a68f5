//! Values that are decimals of few digits, as integers.
//!
//! ~~~text
//! exponent  u8        values are integers divided by 10^exponent
//! divisor   varint    what all distances of integers to the first are a multiple of
//! offset    zigzag    if the divisor is not 1: the first integer, which is taken away from all
//!                     before they are divided
//! order     u8        how often differences were taken: 0, 1 or 2
//! first     zigzag varints, `order` of them: the first integer, then the first difference
//! exceptions varint   how many values the rule does not give
//!           varint distance to the exception before, u64 LE bits: one pair each
//! rest      bit-packed blocks (bitpack.rs)
//! ~~~
//!
//! Most metrics are counters or were rounded before anybody stored them, so `value · 10^e` is an
//! integer for a small `e`, and differences of integers pack into few bits. Sizes in pages and the
//! like are multiples of something large, which is divided out. The rule is exact:
//! every value that `integer / 10^e` does not give back bit for bit is an exception.
//! Source: ALP (Afroozeh, Kuffo, Boncz 2023) for the exponent, VictoriaMetrics for the integers.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::bitpack;

/// Powers of ten that are exact as f64 and useful as scales.
pub(crate) const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Integers above this are not exact as f64.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// Values looked at to find the exponent.
const PROBES: usize = 16;

/// Beyond one exception in this many values another coding is better.
const EXCEPTIONS_ONE_IN: usize = 16;

/// How a column would be coded.
#[derive(Debug)]
pub(super) struct Plan {
    exponent: u8,
    divisor: i64,
    offset: i64,
    order: u8,
    first: [i64; 2],
    rest: Vec<i64>,
    exceptions: Vec<(usize, u64)>,
    /// Bytes that [`Plan::write`] appends.
    pub(super) bytes: usize,
}

/// The integer that `value · power` is, if dividing gives back exactly the same bits.
#[inline]
pub(crate) fn to_integer(value: f64, power: f64) -> Option<i64> {
    let scaled = value * power;
    if scaled.is_nan() || scaled.abs() > INTEGER_MAX {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most INTEGER_MAX")]
    let integer = (scaled + 0.5_f64.copysign(scaled)) as i64;
    (from_integer(integer, power).to_bits() == value.to_bits()).then_some(integer)
}

/// The value that an integer stands for.
#[inline]
pub(crate) fn from_integer(integer: i64, power: f64) -> f64 {
    // Dividing by one is exact but not free.
    if power == 1.0 { integer as f64 } else { integer as f64 / power }
}

/// The least exponent that fits all probes.
fn exponent_of(values: &[f64]) -> Option<u8> {
    let step = (values.len() / PROBES).max(1);
    let mut exponent = 0;
    let mut misses = 0;
    for value in values.iter().step_by(step) {
        let fits =
            |at: &usize| POWERS.get(*at).is_some_and(|power| to_integer(*value, *power).is_some());
        match (exponent..POWERS.len()).find(fits) {
            Some(found) => exponent = found,
            // An odd value among the probes may still be an exception.
            None => misses += 1,
        }
    }
    if misses > 1 { None } else { u8::try_from(exponent).ok() }
}

/// How to code `values`, or none if they are no decimals.
pub(super) fn plan(values: &[f64]) -> Option<Plan> {
    let exponent = exponent_of(values)?;
    let power = *POWERS.get(usize::from(exponent))?;
    let mut integers = Vec::with_capacity(values.len());
    let mut exceptions = Vec::new();
    let mut last = 0;
    for (index, value) in values.iter().enumerate() {
        match to_integer(*value, power) {
            Some(integer) => last = integer,
            None => exceptions.push((index, value.to_bits())),
        }
        integers.push(last);
    }
    if exceptions.len() * EXCEPTIONS_ONE_IN > values.len() {
        return None;
    }
    let (divisor, offset) = divide(&mut integers);
    let head = integers.first().copied().unwrap_or(0);
    let once = differences(&integers);
    let twice = differences(&once);
    let first = [head, once.first().copied().unwrap_or(0)];
    let (order, rest) = least([integers, once, twice]);
    let mut plan = Plan { exponent, divisor, offset, order, first, rest, exceptions, bytes: 0 };
    let mut header = Vec::new();
    plan.write_header(&mut header);
    plan.bytes = header.len() + bitpack::packed_bytes(&plan.rest);
    Some(plan)
}

/// Takes the first integer away from all and divides them by what they have in common then. Where
/// that is nothing, leaves them as they are: divisor 1, offset 0.
fn divide(integers: &mut [i64]) -> (i64, i64) {
    let offset = integers.first().copied().unwrap_or(0);
    let mut divisor = 0_u64;
    for integer in integers.iter() {
        divisor = common(divisor, integer.abs_diff(offset));
        if divisor == 1 {
            return (1, 0);
        }
    }
    match i64::try_from(divisor) {
        Ok(divisor) if divisor > 1 => {
            integers.iter_mut().for_each(|integer| *integer = (*integer - offset) / divisor);
            (divisor, offset)
        }
        _ => (1, 0),
    }
}

/// The greatest common divisor.
fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The one of the columns that takes the fewest bytes, and its place. The second difference of one
/// value does not exist.
fn least(columns: [Vec<i64>; 3]) -> (u8, Vec<i64>) {
    let sizes = columns.each_ref().map(|column| bitpack::packed_bytes(column));
    let [plain, once, twice] = columns;
    // What is taken away from the column is stored before it.
    if sizes[0] <= sizes[1] && sizes[0] <= sizes[2] || once.is_empty() {
        (0, plain)
    } else if sizes[1] <= sizes[2] {
        (1, once)
    } else {
        (2, twice)
    }
}

/// The differences of neighbours, one fewer.
fn differences(integers: &[i64]) -> Vec<i64> {
    let next = integers.get(1..).unwrap_or_default();
    integers.iter().zip(next).map(|(a, b)| b.wrapping_sub(*a)).collect()
}

impl Plan {
    fn write_header(&self, out: &mut Vec<u8>) {
        out.push(self.exponent);
        varint::put_u64(out, self.divisor.unsigned_abs());
        if self.divisor != 1 {
            varint::put_i64(out, self.offset);
        }
        out.push(self.order);
        let first = self.first.iter().take(usize::from(self.order));
        first.for_each(|value| varint::put_i64(out, *value));
        varint::put_u64(out, self.exceptions.len() as u64);
        let mut previous = 0;
        for (index, bits) in &self.exceptions {
            varint::put_u64(out, (index - previous) as u64);
            out.extend_from_slice(&bits.to_le_bytes());
            previous = *index;
        }
    }

    /// Appends the column.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.write_header(out);
        bitpack::pack(&self.rest, out);
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
    let exponent = input.u8()?;
    let power =
        *POWERS.get(usize::from(exponent)).ok_or_else(|| input.field("decimal exponent"))?;
    let divisor = i64::try_from(input.varint_u64()?).unwrap_or(0);
    if divisor == 0 {
        return Err(input.field("divisor"));
    }
    let offset = if divisor == 1 { 0 } else { input.varint_i64()? };
    let scale = Scale { divisor, offset, power };
    let order = input.u8()?;
    if order > 2 || usize::from(order) > count {
        return Err(input.field("order of differences"));
    }
    let mut first = [0_i64; 2];
    for slot in first.iter_mut().take(usize::from(order)) {
        *slot = input.varint_i64()?;
    }
    let exceptions = input.varint_u64()?;
    if exceptions > count as u64 {
        return Err(input.field("number of exceptions"));
    }
    let mut replaced = Vec::with_capacity(usize::try_from(exceptions).unwrap_or(0));
    let mut index = 0_u64;
    for _ in 0..exceptions {
        index = index.saturating_add(input.varint_u64()?);
        let at = usize::try_from(index).ok().filter(|at| *at < count);
        let at = at.ok_or_else(|| input.field("position of an exception"))?;
        replaced.push((at, input.u64()?));
    }
    let start = out.len();
    out.reserve(count);
    unpack_integers(input, count, order, first, scale, out)?;
    for (at, bits) in replaced {
        if let Some(slot) = out.get_mut(start + at) {
            *slot = f64::from_bits(bits);
        }
    }
    Ok(())
}

/// From the integers of a column to its values.
#[derive(Clone, Copy)]
struct Scale {
    divisor: i64,
    offset: i64,
    power: f64,
}

/// Undoes the packing, the differences and the scale, a block at a time.
fn unpack_integers(
    input: &mut Cursor<'_>,
    count: usize,
    order: u8,
    first: [i64; 2],
    scale: Scale,
    out: &mut Vec<f64>,
) -> Result<(), Damaged> {
    let [mut value, mut step] = first;
    let Scale { divisor, offset, power } = scale;
    let scale =
        |integer: i64| from_integer(integer.wrapping_mul(divisor).wrapping_add(offset), power);
    match order {
        0 => bitpack::unpack_blocks(input, count, |block| {
            out.extend(block.iter().map(|integer| scale(*integer)));
        }),
        1 => {
            out.push(scale(value));
            bitpack::unpack_blocks(input, count - 1, |block| {
                out.extend(block.iter().map(|difference| {
                    value = value.wrapping_add(*difference);
                    scale(value)
                }));
            })
        }
        _ => {
            out.push(scale(value));
            value = value.wrapping_add(step);
            out.push(scale(value));
            bitpack::unpack_blocks(input, count - 2, |block| {
                out.extend(block.iter().map(|difference| {
                    step = step.wrapping_add(*difference);
                    value = value.wrapping_add(step);
                    scale(value)
                }));
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(values: &[f64]) -> Option<usize> {
        let plan = plan(values)?;
        let mut bytes = Vec::new();
        plan.write(&mut bytes);
        assert_eq!(bytes.len(), plan.bytes);
        let mut back = Vec::new();
        read(&mut Cursor::new(&bytes), values.len(), &mut back).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(values));
        Some(bytes.len())
    }

    #[test]
    fn golden_column() {
        let mut bytes = Vec::new();
        plan(&[1.5, 2.0, 2.5, 3.0]).unwrap().write(&mut bytes);
        // exponent 1, divisor 5 behind 15, order 1: 0 first, no exceptions, three times 1 in no bits.
        assert_eq!(bytes, [1, 5, 30, 1, 0, 0, 2, 0]);
    }

    #[test]
    fn counters_take_few_bits() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i * 37 + i % 5)).collect();
        assert!(round_trip(&values).unwrap() < 1000);
    }

    #[test]
    fn odd_values_are_exceptions() {
        let mut values: Vec<f64> = (0..100).map(f64::from).collect();
        values[50] = f64::NAN;
        values[51] = -0.0;
        values[99] = f64::from_bits(0x7ff0_0000_0000_0002);
        assert!(round_trip(&values).is_some());
    }

    #[test]
    fn values_of_many_digits_are_left_to_others() {
        let values: Vec<f64> = (1..100).map(|i| f64::from(i).sqrt()).collect();
        assert!(plan(&values).is_none());
    }

    proptest! {
        #[test]
        fn any_decimals_round_trip(
            integers in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 1..300),
            exponent in 0_usize..8,
        ) {
            let values: Vec<f64> =
                integers.iter().map(|integer| *integer as f64 / POWERS[exponent]).collect();
            round_trip(&values);
        }

        #[test]
        fn any_values_round_trip(bits in prop::collection::vec(any::<u64>(), 1..200)) {
            let values: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
            round_trip(&values);
        }

        #[test]
        fn any_bytes_are_an_error_or_values(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut Cursor::new(&bytes), 300, &mut Vec::new());
        }
    }
}
