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
    bytes: &'a [u8],
    /// Bits that were taken.
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, position: 0 }
    }

    /// Bytes of which bits were taken.
    pub(super) fn bytes_taken(&self) -> usize {
        self.position.div_ceil(8)
    }

    /// The next `count` bits, at most 32.
    ///
    /// # Errors
    ///
    /// Where there are fewer.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Result<u64, Damaged> {
        let behind = self.position + count as usize;
        if behind > self.bytes.len() * 8 {
            return Err(end());
        }
        let word = word_at(self.bytes, self.position);
        self.position = behind;
        // Two shifts, since one of 64 bits is none.
        Ok(word >> 1 >> (u64::BITS - 1 - count.min(u64::BITS - 1)))
    }
}

/// The bits from one on, at least 57. Behind the end are zeros.
#[inline(always)]
pub(super) fn word_at(bytes: &[u8], bit: usize) -> u64 {
    let byte = bit / 8;
    let word = match bytes.get(byte..byte.saturating_add(8)) {
        Some(word) => word.first_chunk().map_or(0, |word| u64::from_be_bytes(*word)),
        None => last_word(bytes, byte),
    };
    word << (bit % 8)
}

#[cold]
fn last_word(bytes: &[u8], byte: usize) -> u64 {
    let mut word = [0; 8];
    let tail = bytes.get(byte..).unwrap_or_default();
    word.iter_mut().zip(tail).for_each(|(byte, from)| *byte = *from);
    u64::from_be_bytes(word)
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
                let (high, low) = (count.saturating_sub(32), (*count).min(32));
                let taken = reader.take(high).unwrap() << 32 | reader.take(low).unwrap();
                prop_assert_eq!(taken, value & mask);
            }
            prop_assert_eq!(reader.bytes_taken(), bytes.len());
            prop_assert!(reader.take(8).is_err());
        }
    }
}
