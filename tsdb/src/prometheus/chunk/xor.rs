//! Floats in the encoding XOR, the one that nearly all chunks have.
//!
//! ~~~text
//! count     u16 BE
//! sample 0  time zigzag varint · value 64 bits
//! sample 1  time difference varint · value by window.rs
//! others    change of the difference · value by window.rs
//!
//! change    0 · 10+14 bits · 110+17 · 1110+20 · 1111+64
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::FloatColumn;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::bits::{BitReader, BitWriter, fits_signed};
use super::window::Float;

/// Appends the samples of a chunk.
///
/// # Errors
///
/// Where the bytes are no such chunk. What was appended before is not taken back.
pub(crate) fn decode(data: &[u8], out: &mut FloatColumn) -> Result<(), Damaged> {
    let mut cursor = Cursor::new(data);
    let count = usize::from(u16::from_be_bytes(cursor.array()?));
    if count == 0 {
        return Ok(());
    }
    let mut time = cursor.varint_i64()?;
    let mut value = Float::new(f64::from_bits(u64::from_be_bytes(cursor.array()?)));
    out.times.reserve(count);
    out.values.reserve(count);
    out.times.push(time);
    out.values.push(value.value());
    if count == 1 {
        return Ok(());
    }
    let mut delta = cursor.varint_u64()?.cast_signed();
    let mut input = BitReader::new(cursor.rest());
    value.read(&mut input)?;
    time = time.wrapping_add(delta);
    out.times.push(time);
    out.values.push(value.value());
    for _ in 2..count {
        input.fill();
        if input.peek() >> 63 == 0 {
            input.skip(1)?;
        } else {
            delta = delta.wrapping_add(read_change(&mut input)?);
        }
        value.read(&mut input)?;
        time = time.wrapping_add(delta);
        out.times.push(time);
        out.values.push(value.value());
    }
    Ok(())
}

#[inline]
fn read_change(input: &mut BitReader<'_>) -> Result<i64, Damaged> {
    match input.peek().leading_ones() {
        1 => {
            input.skip(2)?;
            input.signed(14)
        }
        2 => {
            input.skip(3)?;
            input.signed(17)
        }
        3 => {
            input.skip(4)?;
            input.signed(20)
        }
        _ => {
            input.skip(4)?;
            Ok(input.take(64)?.cast_signed())
        }
    }
}

/// A chunk that is being written.
#[derive(Clone, Debug)]
pub(crate) struct XorWriter {
    out: BitWriter,
    count: u16,
    time: i64,
    delta: i64,
    value: Float,
}

impl XorWriter {
    pub(crate) fn new() -> Self {
        let (out, value) = (BitWriter::behind(vec![0, 0]), Float::default());
        XorWriter { out, count: 0, time: 0, delta: 0, value }
    }

    /// Samples so far.
    pub(crate) fn count(&self) -> u16 {
        self.count
    }

    /// Bytes so far.
    pub(crate) fn len_bytes(&self) -> usize {
        self.out.len_bytes()
    }

    /// Appends a sample that is later than the one before. A chunk takes 65,535.
    pub(crate) fn push(&mut self, time: i64, value: f64) {
        let delta = time.wrapping_sub(self.time);
        let mut bytes = Vec::new();
        match self.count {
            0 => {
                varint::put_i64(&mut bytes, time);
                bytes.extend_from_slice(&value.to_bits().to_be_bytes());
                self.put_bytes(&bytes);
                self.value = Float::new(value);
            }
            1 => {
                varint::put_u64(&mut bytes, delta.cast_unsigned());
                self.put_bytes(&bytes);
                self.value.write(value, &mut self.out);
                self.delta = delta;
            }
            _ => {
                let change = delta.wrapping_sub(self.delta);
                match change {
                    0 => self.out.put(0, 1),
                    _ if fits_signed(change, 14) => self.put_change(0b10, 2, change, 14),
                    _ if fits_signed(change, 17) => self.put_change(0b110, 3, change, 17),
                    _ if fits_signed(change, 20) => self.put_change(0b1110, 4, change, 20),
                    _ => self.put_change(0b1111, 4, change, 64),
                }
                self.value.write(value, &mut self.out);
                self.delta = delta;
            }
        }
        self.time = time;
        self.count = self.count.saturating_add(1);
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.out.put(u64::from(*byte), 8));
    }

    fn put_change(&mut self, prefix: u64, length: u32, change: i64, width: u32) {
        self.out.put(prefix, length);
        self.out.put(change.cast_unsigned(), width);
    }

    /// The chunk.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.patch(0, &self.count.to_be_bytes());
        self.out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(samples: &[(i64, f64)]) -> Vec<u8> {
        let mut writer = XorWriter::new();
        samples.iter().for_each(|(time, value)| writer.push(*time, *value));
        assert!(writer.len_bytes() >= 2);
        writer.finish()
    }

    #[test]
    fn golden_chunk() {
        let bytes = encode(&[(1_000, 1.0), (16_000, 1.0), (31_000, 2.0), (46_001, 2.0)]);
        let mut golden = vec![0, 4, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x98, 0x75];
        // The same value; no change, a new window of 11 ones behind a zero; a change of one.
        golden.extend_from_slice(&[0b0011_0000, 0b1001_0111, 0b1111_1111]);
        golden.extend_from_slice(&[0b1110_0000, 0b0000_0000, 0b0100_0000]);
        assert_eq!(bytes, golden);
    }

    proptest! {
        #[test]
        fn any_samples_come_back(
            samples in prop::collection::vec((any::<i64>(), 0_u32..64, any::<u64>(), 0_u32..64), 0..300),
        ) {
            let mut time = 0_i64;
            let samples: Vec<(i64, f64)> = samples
                .iter()
                .map(|(step, small, bits, shift)| {
                    time = time.wrapping_add(step >> small);
                    (time, f64::from_bits(bits << shift))
                })
                .collect();
            let mut column = FloatColumn::default();
            decode(&encode(&samples), &mut column).unwrap();
            let times: Vec<i64> = samples.iter().map(|(time, _)| *time).collect();
            let bits: Vec<u64> = samples.iter().map(|(_, value)| value.to_bits()).collect();
            prop_assert_eq!(column.times, times);
            prop_assert_eq!(column.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), bits);
        }

        #[test]
        fn any_bytes_are_an_error_or_samples(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes, &mut FloatColumn::default());
        }
    }
}
