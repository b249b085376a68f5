//! Single bits and short runs of them, high bits first.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::{Damage, Damaged};

/// Appends bits to bytes.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    bits: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of `value`, at most 64.
    pub(super) fn put(&mut self, value: u64, count: u32) {
        if count > 32 {
            self.put_short(value >> 32, count - 32);
            self.put_short(value, 32);
        } else {
            self.put_short(value, count);
        }
    }

    /// At most 32 bits: fewer than 32 are pending, so that 64 hold them.
    fn put_short(&mut self, value: u64, count: u32) {
        self.pending = (self.pending << count) | (value & ((1 << count) - 1));
        self.bits += count;
        if self.bits >= 32 {
            self.bits -= 32;
            let word = u32::try_from((self.pending >> self.bits) & u64::from(u32::MAX));
            self.bytes.extend_from_slice(&word.unwrap_or(0).to_be_bytes());
        }
    }

    /// The bytes, the last one filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.bits > 0 {
            // To the top of a word, of which the bytes that have bits are kept.
            let word = (self.pending << (u64::BITS - self.bits)).to_be_bytes();
            self.bytes.extend(word.iter().take(self.bits.div_ceil(8) as usize));
        }
        self.bytes
    }
}

/// Takes bits from bytes.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: std::slice::Iter<'a, u8>,
    pending: u64,
    bits: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes: bytes.iter(), pending: 0, bits: 0 }
    }

    /// The next `count` bits, at most 64.
    ///
    /// # Errors
    ///
    /// Where there are fewer.
    pub(super) fn take(&mut self, count: u32) -> Result<u64, Damaged> {
        if count > 32 {
            let high = self.take_short(count - 32)?;
            Ok((high << 32) | self.take_short(32)?)
        } else {
            self.take_short(count)
        }
    }

    fn take_short(&mut self, count: u32) -> Result<u64, Damaged> {
        while self.bits < count {
            let byte = self.bytes.next().ok_or_else(end)?;
            self.pending = (self.pending << 8) | u64::from(*byte);
            self.bits += 8;
        }
        self.bits -= count;
        Ok((self.pending >> self.bits) & ((1 << count) - 1))
    }
}

fn end() -> Damaged {
    Damaged::at(0, Damage::Truncated { needed: 1, available: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_runs_round_trip(runs in prop::collection::vec((any::<u64>(), 0_u32..=64), 0..100)) {
            let mut writer = BitWriter::default();
            for (value, count) in &runs {
                writer.put(*value, *count);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            for (value, count) in &runs {
                let mask = if *count == 64 { u64::MAX } else { (1 << count) - 1 };
                prop_assert_eq!(reader.take(*count).unwrap(), value & mask);
            }
        }
    }
}
