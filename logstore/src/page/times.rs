//! The times of a page: runs that rise, each as Elias and Fano have it.
//!
//! ~~~text
//! unit      u8       0 ns   1 µs   2 ms   3 s: what all times are multiples of
//! segments  varint │ each, of rows whose times rise:
//!   rows    varint
//!   first   zigzag   in units
//!   span    varint   last - first
//!   low     u8       bits of each difference to the first that are stored as they are
//!   lows    (rows - 1) × low bits
//!   highs   the other bits of each difference, counted up in a row of bits: a 1 per row, and before
//!           it as many 0 as it is more than that of the row before
//! ~~~
//!
//! Takes about two bits a row more than the logarithm of the average distance, whatever the
//! distances; times at random cannot be had for less than half a bit below that. Source: P. Elias,
//! "Efficient storage and retrieval by content and address of static files", J. ACM 21 (1974).
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use crate::text::template::bits;

/// Nanoseconds of the units.
const UNITS: [i64; 4] = [1, 1_000, 1_000_000, 1_000_000_000];

/// Appends times.
pub(crate) fn write(times: &[i64], out: &mut Vec<u8>) {
    let fits = |unit: &i64| times.iter().all(|time| time % unit == 0);
    let coarsest = UNITS.iter().enumerate().skip(1).take_while(|(_, unit)| fits(unit)).last();
    let (code, unit) = coarsest.map_or((0, 1), |(code, unit)| (code, *unit));
    // One of four.
    out.push(u8::try_from(code).unwrap_or(0));
    let segments = times.chunk_by(|a, b| a <= b);
    varint::put_u64(out, segments.clone().count() as u64);
    for segment in segments {
        write_segment(segment, unit, out);
    }
}

fn write_segment(times: &[i64], unit: i64, out: &mut Vec<u8>) {
    let first = times.first().map_or(0, |time| time / unit);
    let difference = |time: &i64| (time / unit).wrapping_sub(first).cast_unsigned();
    let span = times.last().map_or(0, difference);
    let rows = times.len() as u64;
    varint::put_u64(out, rows);
    varint::put_i64(out, first);
    varint::put_u64(out, span);
    let low = span.checked_div(rows - 1).and_then(u64::checked_ilog2).unwrap_or(0);
    out.push(u8::try_from(low).unwrap_or(0));
    let rest = || times.iter().skip(1).map(difference);
    let mask = (1 << low) - 1;
    bits::put(rest().map(|difference| difference & mask), low, out);
    let start = out.len();
    out.resize(start + high_bytes(rows, span, low), 0);
    let highs = out.get_mut(start..).unwrap_or_default();
    for (row, difference) in (0..).zip(rest()) {
        let bit = (difference >> low) + row;
        if let Some(byte) = usize::try_from(bit / 8).ok().and_then(|at| highs.get_mut(at)) {
            *byte |= 1 << (bit % 8);
        }
    }
}

/// Bytes of the high bits: one bit per row behind the first, and as many as the last one's are.
fn high_bytes(rows: u64, span: u64, low: u32) -> usize {
    let bits = (rows - 1).saturating_add(span >> low);
    usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
}

/// Appends the times of `rows` rows to `into`.
///
/// # Errors
///
/// Where the bytes are no times of so many rows.
pub(crate) fn read(bytes: &[u8], rows: usize, into: &mut Vec<i64>) -> Result<(), Damaged> {
    let mut input = Cursor::new(bytes);
    let unit = *UNITS.get(usize::from(input.u8()?)).ok_or_else(|| input.field("unit of times"))?;
    let before = into.len();
    for _ in 0..input.count(4)? {
        read_segment(&mut input, unit, rows - (into.len() - before), into)?;
    }
    if into.len() - before != rows {
        return Err(input.field("number of times"));
    }
    input.finish()
}

fn read_segment(
    input: &mut Cursor<'_>,
    unit: i64,
    rows_max: usize,
    into: &mut Vec<i64>,
) -> Result<(), Damaged> {
    let rows = input.varint_u64()?;
    if rows == 0 || rows > rows_max as u64 {
        return Err(input.field("number of times"));
    }
    let first = input.varint_i64()?;
    let span = input.varint_u64()?;
    let low = u32::from(input.u8()?);
    let count = usize::try_from(rows - 1).unwrap_or(usize::MAX);
    let lows = match bits::bytes(count, low) {
        Some(bytes) if low < u64::BITS => input.take(bytes)?,
        _ => return Err(input.field("bits of times")),
    };
    let highs = input.take(high_bytes(rows, span, low))?;
    into.push(first.wrapping_mul(unit));
    let mut ones = Ones { bytes: highs, at: 0, word: 0 };
    let (mut row, mut missing) = (0_u64, false);
    bits::read(lows, count, low, |low_bits| {
        let Some(bit) = ones.next() else {
            missing = true;
            return;
        };
        let difference = (bit.wrapping_sub(row) << low) | low_bits;
        row += 1;
        into.push(first.wrapping_add(difference.cast_signed()).wrapping_mul(unit));
    });
    if missing { Err(input.field("bits of times")) } else { Ok(()) }
}

/// The places of bits that are set.
struct Ones<'a> {
    bytes: &'a [u8],
    /// Bits before `bytes`.
    at: u64,
    /// Bits before `at` that are still to be given, the first of them lowest.
    word: u64,
}

impl Iterator for Ones<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        while self.word == 0 {
            if self.bytes.is_empty() {
                return None;
            }
            let (word, rest) = match self.bytes.split_first_chunk::<8>() {
                Some((word, rest)) => (u64::from_le_bytes(*word), rest),
                None => {
                    let little = self.bytes.iter().rev();
                    (little.fold(0, |word, byte| word << 8 | u64::from(*byte)), &[][..])
                }
            };
            (self.word, self.bytes) = (word, rest);
            self.at += 64;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(self.at - 64 + u64::from(bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_times() {
        let mut out = Vec::new();
        write(&[5000, 6000, 9000], &mut out);
        // Microseconds; 3 rows from 5 to 9; one low bit each: 1 and 4; highs 0 and 2.
        assert_eq!(out, [1, 1, 3, 10, 4, 1, 0b01, 0b1001]);
        let mut back = Vec::new();
        read(&out, 3, &mut back).unwrap();
        assert_eq!(back, [5000, 6000, 9000]);
        for length in 0..out.len() {
            assert!(read(&out[..length], 3, &mut Vec::new()).is_err());
        }
        assert!(read(&out, 4, &mut Vec::new()).is_err());
    }

    #[test]
    fn times_at_random_take_little_more_than_they_must() {
        let mut time = 0_i64;
        let step = |row: u64| (row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 38).cast_signed();
        let times: Vec<i64> = (0..5000)
            .map(|row| {
                time += step(row);
                time
            })
            .collect();
        let mut out = Vec::new();
        write(&times, &mut out);
        assert!(out.len() * 8 < 5000 * 28, "{} bits a row", out.len() * 8 / 5000);
    }

    proptest! {
        #[test]
        fn any_times_come_back(
            times in prop::collection::vec(
                prop_oneof![any::<i64>(), 0_i64..50, (0_i64..100).prop_map(|t| t * 1_000_000)], 0..80),
            is_sorted in any::<bool>(),
        ) {
            let mut times = times;
            if is_sorted {
                times.sort_unstable();
            }
            let mut out = Vec::new();
            write(&times, &mut out);
            let mut back = Vec::new();
            read(&out, times.len(), &mut back).unwrap();
            prop_assert_eq!(back, times);
        }

        #[test]
        fn any_bytes_are_an_error_or_times(
            bytes in prop::collection::vec(any::<u8>(), 0..60), rows in 0_usize..100,
        ) {
            let _ = read(&bytes, rows, &mut Vec::new());
        }
    }
}
