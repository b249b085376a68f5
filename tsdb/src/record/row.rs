//! The values of a row, as differences to the row before.
//!
//! ~~~text
//! value    varint   1 + zigzag(integer − integer before), where value = integer / 10^exponent
//!          0 │ exponent u8 │ u64 LE bits     anything else; sets the exponent from here on:
//!                                            0 to 15, or NO_DECIMAL
//!          0 │ NO_SAMPLE u8                  the series is not in this row; changes nothing
//! ~~~
//!
//! Counters and rounded gauges take a byte or two that way, without a compressor. The exponent of
//! a series only rises, and is what its values have needed so far.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use crate::chunk::decimal::{POWERS, from_integer, to_integer};
use crate::head::HOLE;

/// The value is no decimal of few digits: the next one is written whole as well.
const NO_DECIMAL: u8 = u8::MAX;

/// In the place of an exponent: there is no value.
const NO_SAMPLE: u8 = NO_DECIMAL - 1;

/// Integers beyond this are written whole: their differences need not fit a varint.
const INTEGER_MAX: i64 = 1 << 53;

/// The last row of a layout.
#[derive(Debug, Default)]
pub(crate) struct RowCodec {
    /// The log's number of the layout, and in which epoch it was given; none before.
    pub(super) layout: Option<(u32, u64)>,
    pub(super) last_time: i64,
    /// Per series the exponent and the integer of the last value.
    exponents: Vec<u8>,
    integers: Vec<i64>,
}

impl RowCodec {
    /// Before the first row of a layout of so many series.
    pub(super) fn begin(&mut self, columns: usize, layout: u32, epoch: u64) {
        self.layout = Some((layout, epoch));
        self.last_time = 0;
        self.exponents.clear();
        self.exponents.resize(columns, NO_DECIMAL);
        self.integers.clear();
        self.integers.resize(columns, 0);
    }

    /// Appends the values of a row: one a series.
    pub(super) fn write(&mut self, values: &[f64], out: &mut Vec<u8>) {
        let columns = self.exponents.iter_mut().zip(&mut self.integers);
        for ((exponent, last), value) in columns.zip(values) {
            let power = POWERS.get(usize::from(*exponent));
            match power.and_then(|power| to_integer(*value, *power)) {
                Some(integer) if integer.abs() <= INTEGER_MAX => {
                    let distance = integer - *last;
                    varint::put_u64(out, varint::fold(distance) + 1);
                    *last = integer;
                }
                _ => (*exponent, *last) = write_whole((*exponent, *last), *value, out),
            }
        }
    }

    /// Reads the values of a row and appends them to `values`.
    pub(super) fn read(
        &mut self,
        input: &mut Cursor<'_>,
        values: &mut Vec<f64>,
    ) -> Result<(), Damaged> {
        for (exponent, last) in self.exponents.iter_mut().zip(&mut self.integers) {
            let token = input.varint_u64()?;
            let value = if token == 0 {
                match input.u8()? {
                    NO_SAMPLE => f64::from_bits(HOLE),
                    whole => {
                        let value = input.f64()?;
                        (*exponent, *last) = after(whole, value);
                        value
                    }
                }
            } else {
                let power = POWERS
                    .get(usize::from(*exponent))
                    .ok_or_else(|| input.field("value without an exponent"))?;
                *last = last.wrapping_add(varint::unfold(token - 1));
                from_integer(*last, *power)
            };
            values.push(value);
        }
        Ok(())
    }
}

/// Appends a value with its bits. Takes and gives exponent and integer of the column.
#[cold]
fn write_whole(column: (u8, i64), value: f64, out: &mut Vec<u8>) -> (u8, i64) {
    if value.to_bits() == HOLE {
        out.extend_from_slice(&[0, NO_SAMPLE]);
        return column;
    }
    // Never below the exponent so far: a series of 1.5, 2, 2.5 would change it all the time.
    let least = if column.0 == NO_DECIMAL { 0 } else { usize::from(column.0) };
    let fits = |(_, power): &(u8, &f64)| {
        to_integer(value, **power).is_some_and(|integer| integer.abs() <= INTEGER_MAX)
    };
    let exponent = (0_u8..).zip(POWERS.iter()).skip(least).find(fits);
    let exponent = exponent.map_or(NO_DECIMAL, |(exponent, _)| exponent);
    varint::put_u64(out, 0);
    out.push(exponent);
    out.extend_from_slice(&value.to_bits().to_le_bytes());
    after(exponent, value)
}

/// Exponent and integer of a column after a value with its bits.
fn after(exponent: u8, value: f64) -> (u8, i64) {
    let power = POWERS.get(usize::from(exponent));
    match power.and_then(|power| to_integer(value, *power)) {
        Some(integer) => (exponent, integer),
        None => (NO_DECIMAL, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(rows: &[Vec<f64>]) -> Vec<u8> {
        let columns = rows.first().map_or(0, Vec::len);
        let (mut writer, mut reader) = (RowCodec::default(), RowCodec::default());
        writer.begin(columns, 0, 0);
        reader.begin(columns, 0, 0);
        let mut bytes = Vec::new();
        for row in rows {
            writer.write(row, &mut bytes);
        }
        let mut input = Cursor::new(&bytes);
        for row in rows {
            let mut back = Vec::new();
            reader.read(&mut input, &mut back).unwrap();
            let bits = |row: &[f64]| row.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&back), bits(row));
        }
        assert!(input.is_empty());
        bytes
    }

    #[test]
    fn golden_rows() {
        let bytes = round_trip(&[vec![1.5, 7.0], vec![1.6, 7.0]]);
        let mut golden = vec![0, 1];
        golden.extend_from_slice(&1.5_f64.to_le_bytes());
        golden.extend_from_slice(&[0, 0]);
        golden.extend_from_slice(&7.0_f64.to_le_bytes());
        golden.extend_from_slice(&[3, 1]);
        assert_eq!(bytes, golden);
    }

    #[test]
    fn a_hole_takes_two_bytes_and_changes_nothing() {
        let hole = f64::from_bits(HOLE);
        let bytes = round_trip(&[vec![1.5], vec![hole], vec![1.6]]);
        assert_eq!(&bytes[10..], [0, NO_SAMPLE, 3]);
    }

    proptest! {
        #[test]
        fn any_rows_round_trip(
            rows in prop::collection::vec(
                prop::collection::vec((any::<u64>(), any::<i32>(), 0_u8..5), 3),
                0..20,
            ),
        ) {
            let rows: Vec<Vec<f64>> = rows
                .iter()
                .map(|row| {
                    let value = |(bits, whole, kind): &(u64, i32, u8)| match kind {
                        0 => f64::from_bits(*bits),
                        1 => f64::from(*whole) / 100.0,
                        _ => f64::from(*whole),
                    };
                    row.iter().map(value).collect()
                })
                .collect();
            round_trip(&rows);
        }

        #[test]
        fn any_bytes_are_an_error_or_values(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut codec = RowCodec::default();
            codec.begin(5, 0, 0);
            let _ = codec.read(&mut Cursor::new(&bytes), &mut Vec::new());
        }
    }
}
