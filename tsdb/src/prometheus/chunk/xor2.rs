//! Floats in the encoding XOR2, with start timestamps. Read only.
//!
//! ~~~text
//! count     u16 BE
//! starts    u8         bit 7: sample 0 has a start timestamp · bits 0-6: the first sample whose
//!                      start timestamp differs from that of sample 0; 0 if none does
//! sample 0  time zigzag varint · value 64 bits · [time - start, zigzag varint]
//! sample 1  time difference varint · value · [start]
//! others    0                          the same difference and value
//!           10 window                  the same difference, another value
//!           110+13 · 1110+20 · 11110+64 bits, two's complement: change of the difference; value
//!           11111                      the same difference, a staleness marker
//!           each · [start]
//!
//! value     0 the same · 10 in the window · 110 a new window · 111 a staleness marker, after
//!           which the next value is still XORed with the one before it
//! window    0 in the window · 1 a new one
//! start     varbit, from the first sample that differs on: the time of the sample before minus
//!           the start timestamp; behind it the difference to the same number of the sample before
//! ~~~
//!
//! **Unproved:** written after the code facts of Prometheus 3.14; there is no block of a real
//! Prometheus to check it with.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::STALE_MARKER;
use telemetry_core::source::FloatColumn;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

use super::bits::BitReader;
use super::window::Float;

/// Start timestamps as they are read along.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// Whether sample 0 has one.
    pub(super) first_known: bool,
    /// The first sample that differs; 0 for none.
    first_change: usize,
    pub(super) start: i64,
    /// Time of the sample before minus the start timestamp.
    difference: i64,
}

impl Starts {
    pub(super) fn new(header: u8) -> Self {
        let (first_known, first_change) = (header & 0x80 != 0, usize::from(header & 0x7f));
        Starts { first_known, first_change, ..Starts::default() }
    }

    /// Reads what stands behind sample `index`, which is not the first.
    pub(super) fn read(
        &mut self,
        index: usize,
        time_before: i64,
        input: &mut BitReader<'_>,
    ) -> Result<(), Damaged> {
        if self.first_change == 0 || index < self.first_change {
            return Ok(());
        }
        let read = input.varbit()?;
        self.difference =
            if index == self.first_change { read } else { self.difference.wrapping_add(read) };
        self.start = time_before.wrapping_sub(self.difference);
        Ok(())
    }
}

/// Appends the samples of a chunk.
///
/// # Errors
///
/// Where the bytes are no such chunk. What was appended before is not taken back.
pub(crate) fn decode(data: &[u8], out: &mut FloatColumn) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(data);
    let count = usize::from(u16::from_be_bytes(cursor.array()?));
    let mut starts = Starts::new(cursor.u8()?);
    if count == 0 {
        return Ok(());
    }
    let mut time = cursor.varint_i64()?;
    let mut value = Float::new(f64::from_bits(u64::from_be_bytes(cursor.array()?)));
    if starts.first_known {
        starts.start = time.wrapping_sub(cursor.varint_i64()?);
    }
    out.push(time, value.value(), starts.start);
    if count == 1 {
        return Ok(());
    }
    let mut delta = cursor.varint_u64()?.cast_signed();
    let mut input = BitReader::new(cursor.rest());
    for index in 1..count {
        let stale = if index == 1 {
            read_value(&mut value, &mut input)?
        } else {
            read_joint(&mut delta, &mut value, &mut input)?
        };
        starts.read(index, time, &mut input)?;
        time = time.wrapping_add(delta);
        out.push(time, if stale { STALE_MARKER } else { value.value() }, starts.start);
    }
    Ok(())
}

/// Gives whether the sample is a staleness marker.
fn read_joint(
    delta: &mut i64,
    value: &mut Float,
    input: &mut BitReader<'_>,
) -> Result<bool, Damaged> {
    input.fill();
    let ones = input.peek().leading_ones().min(5);
    input.skip((ones + 1).min(5))?;
    let width = match ones {
        0 => return Ok(false),
        1 => {
            if input.take(1)? == 1 {
                value.read_window(input)?;
            }
            value.read_in_window(input)?;
            return Ok(false);
        }
        5 => return Ok(true),
        2 => 13,
        3 => 20,
        _ => 64,
    };
    // Sign-extended from the highest bit.
    let change = (input.take(width)? << (64 - width)).cast_signed() >> (64 - width);
    *delta = delta.wrapping_add(change);
    read_value(value, input)
}

fn read_value(value: &mut Float, input: &mut BitReader<'_>) -> Result<bool, Damaged> {
    input.fill();
    let ones = input.peek().leading_ones().min(3);
    input.skip((ones + 1).min(3))?;
    match ones {
        0 => return Ok(false),
        3 => return Ok(true),
        2 => value.read_window(input)?,
        _ => {}
    }
    value.read_in_window(input)?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::super::bits::BitWriter;
    use super::*;

    /// Written by hand after the box at the head of this file.
    #[test]
    fn a_chunk_by_hand() {
        let mut out = BitWriter::behind(vec![0, 6, 0x80 | 4]);
        // 1000 ms, 1.0, start 990.
        [0xd0_u64, 0x0f].into_iter().for_each(|byte| out.put(byte, 8));
        out.put(1.0_f64.to_bits(), 64);
        out.put(20, 8);
        // 15 ms later, 2.0: a new window.
        out.put(15, 8);
        out.put(0b110, 3);
        out.put(1, 5);
        out.put(11, 6);
        out.put(0x7ff, 11);
        out.put(0b11111, 5);
        // 14 ms later, 1.0 in the window.
        out.put(0b110, 3);
        out.put(0x1fff, 13);
        out.put(0b10, 2);
        out.put(0x7ff, 11);
        // 14 ms later, the same value, start 1040: 4 ms before the sample before.
        out.put(0, 1);
        out.put_varbit(4);
        // 14 ms later, a staleness marker by its value after a change of 0 in 64 bits.
        out.put(0b11110, 5);
        out.put(0, 64);
        out.put(0b111, 3);
        out.put_varbit(14);
        let mut column = FloatColumn::default();
        decode(&out.finish(), &mut column).unwrap();
        assert_eq!(column.times, [1_000, 1_015, 1_030, 1_044, 1_058, 1_072]);
        let stale = STALE_MARKER.to_bits();
        let bits: Vec<u64> = column.values.iter().map(|value| value.to_bits()).collect();
        let one = 1.0_f64.to_bits();
        assert_eq!(bits, [one, 2.0_f64.to_bits(), stale, one, one, stale]);
        assert_eq!(column.starts, [990, 990, 990, 990, 1_040, 1_040]);
    }
}
