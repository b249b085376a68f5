//! What a chunk knows about its floats without being decoded.
//!
//! ~~~text
//! form    u8      0: raw floats · 1 + e: integers after scaling by 10^e
//! raw     first, last, min, max, sum: u64 LE bits each
//! scaled  zigzag varints: first, then the distances of last and min to it, and of max to last:
//!         of a counter min is the first value and max the last;
//!         the sum as a zigzag varint where e is 0, else as u64 LE bits
//! resets  varint
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::FloatStatistics;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::decimal::{POWERS, from_integer, to_integer};

const RAW: u8 = 0;
/// Integers that are not scaled.
const WHOLE: u8 = 1;

/// The statistics of a column; none if it is empty or any value is NaN (a staleness marker is).
pub(crate) fn of(values: &[f64]) -> Option<FloatStatistics> {
    let (first, last) = (*values.first()?, *values.last()?);
    let mut statistics =
        FloatStatistics { min: first, max: first, sum: 0.0, first, last, resets: 0 };
    let mut previous = first;
    for value in values {
        if value.is_nan() {
            return None;
        }
        // Not `f64::min`, which need not tell the zeros apart: the first of equals stays.
        statistics.min = if *value < statistics.min { *value } else { statistics.min };
        statistics.max = if *value > statistics.max { *value } else { statistics.max };
        statistics.sum += value;
        statistics.resets += u64::from(*value < previous);
        previous = *value;
    }
    // Infinities of both signs add up to NaN.
    if statistics.sum.is_nan() { None } else { Some(statistics) }
}

/// The four values as integers at the least exponent that suits all.
fn scaled(statistics: &FloatStatistics) -> Option<(u8, [i64; 4])> {
    let values = [statistics.first, statistics.last, statistics.min, statistics.max];
    POWERS.iter().zip(0_u8..).find_map(|(power, exponent)| {
        let mut integers = [0; 4];
        for (integer, value) in integers.iter_mut().zip(values) {
            *integer = to_integer(value, *power)?;
        }
        let sum_fits = exponent > 0 || to_integer(statistics.sum, 1.0).is_some();
        sum_fits.then_some((exponent, integers))
    })
}

/// Appends statistics.
pub(super) fn write(statistics: &FloatStatistics, out: &mut Vec<u8>) {
    let FloatStatistics { min, max, sum, first, last, resets } = *statistics;
    match scaled(statistics) {
        Some((exponent, [first, last, min, max])) => {
            out.push(exponent + 1);
            varint::put_i64(out, first);
            let distances = [last - first, min - first, max - last];
            distances.iter().for_each(|distance| varint::put_i64(out, *distance));
            match to_integer(sum, 1.0) {
                Some(sum) if exponent == 0 => varint::put_i64(out, sum),
                _ => out.extend_from_slice(&sum.to_bits().to_le_bytes()),
            }
        }
        None => {
            out.push(RAW);
            for value in [first, last, min, max, sum] {
                out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
        }
    }
    varint::put_u64(out, resets);
}

/// Reads the last value, and nothing behind it.
pub(super) fn read_last(input: &mut Cursor<'_>) -> Result<f64, Damaged> {
    let form = input.u8()?;
    if form == RAW {
        input.f64()?;
        return input.f64();
    }
    let power = power(form, input)?;
    let base = input.varint_i64()?;
    Ok(from_integer(base.wrapping_add(input.varint_i64()?), power))
}

/// The power of ten that a form of scaled statistics names.
fn power(form: u8, input: &Cursor<'_>) -> Result<f64, Damaged> {
    let exponent = usize::from(form).checked_sub(1);
    let power = exponent.and_then(|exponent| POWERS.get(exponent)).copied();
    power.ok_or_else(|| input.field("exponent of statistics"))
}

/// Reads statistics.
pub(super) fn read(input: &mut Cursor<'_>) -> Result<FloatStatistics, Damaged> {
    let form = input.u8()?;
    let [first, last, min, max, sum];
    if form == RAW {
        [first, last, min, max, sum] =
            [input.f64()?, input.f64()?, input.f64()?, input.f64()?, input.f64()?];
    } else {
        let power = power(form, input)?;
        let base = input.varint_i64()?;
        let end = base.wrapping_add(input.varint_i64()?);
        let least = base.wrapping_add(input.varint_i64()?);
        let integers = [base, end, least, end.wrapping_add(input.varint_i64()?)];
        [first, last, min, max] = integers.map(|integer| from_integer(integer, power));
        sum = if form == WHOLE { from_integer(input.varint_i64()?, 1.0) } else { input.f64()? };
    }
    Ok(FloatStatistics { min, max, sum, first, last, resets: input.varint_u64()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_what_a_range_function_asks() {
        let statistics = of(&[3.0, 5.0, 1.0, 1.0, 4.0]).unwrap();
        assert_eq!((statistics.min, statistics.max, statistics.sum), (1.0, 5.0, 14.0));
        assert_eq!((statistics.first, statistics.last, statistics.resets), (3.0, 4.0, 1));
    }

    #[test]
    fn a_nan_says_nothing() {
        assert_eq!(of(&[1.0, f64::NAN]), None);
        assert_eq!(of(&[]), None);
    }

    proptest! {
        #[test]
        fn any_statistics_round_trip(
            values in prop::collection::vec(any::<i32>(), 1..20),
            scale in 0_usize..8,
            odd: Option<f64>,
        ) {
            let mut values: Vec<f64> =
                values.iter().map(|value| f64::from(*value) / POWERS[scale]).collect();
            values.extend(odd);
            if let Some(statistics) = of(&values) {
                let mut bytes = Vec::new();
                write(&statistics, &mut bytes);
                let back = read(&mut Cursor::new(&bytes)).unwrap();
                prop_assert_eq!(back.sum.to_bits(), statistics.sum.to_bits());
                prop_assert_eq!(back.min.to_bits(), statistics.min.to_bits());
                prop_assert_eq!(back, statistics);
                let last = read_last(&mut Cursor::new(&bytes)).unwrap();
                prop_assert_eq!(last.to_bits(), statistics.last.to_bits());
            }
        }
    }
}
