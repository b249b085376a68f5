//! Bits, high ones first, and the numbers of variable width that Prometheus writes in them.
//!
//! ~~~text
//! varbit   0 · 10+3 · 110+6 · 1110+9 · 11110+12 · 111110+18 · 1111110+25 · 11111110+56 · 11111111+64
//!          ones, a zero, then so many bits. A signed number of n bits is one of
//!          -(2^(n-1)-1) ..= 2^(n-1): the highest pattern is the positive end, not the negative.
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::{Damage, Damaged};

/// Bits behind a prefix of so many ones.
const VARBIT_WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/// Appends bits to bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    bits: u32,
}

impl BitWriter {
    /// Behind bytes that are there.
    pub(crate) fn behind(bytes: Vec<u8>) -> Self {
        BitWriter { bytes, pending: 0, bits: 0 }
    }

    /// Appends the low `count` bits of `value`, at most 64.
    #[inline]
    pub(crate) fn put(&mut self, value: u64, count: u32) {
        if count > 32 {
            self.put_short(value >> 32, count - 32);
            self.put_short(value, 32);
        } else {
            self.put_short(value, count);
        }
    }

    /// At most 32 bits: fewer than 8 are pending, so that 64 hold them.
    #[inline]
    fn put_short(&mut self, value: u64, count: u32) {
        self.pending = (self.pending << count) | (value & ((1 << count) - 1));
        self.bits += count;
        while self.bits >= 8 {
            self.bits -= 8;
            let [.., byte] = (self.pending >> self.bits).to_be_bytes();
            self.bytes.push(byte);
        }
    }

    /// Appends a signed number.
    pub(crate) fn put_varbit(&mut self, value: i64) {
        let fits = |width: u32| width == 64 || fits_signed(value, width);
        let ones = if value == 0 { 0 } else { ones_for(fits) };
        self.put_prefixed(ones, value.cast_unsigned());
    }

    /// Appends an unsigned number.
    pub(crate) fn put_varbit_unsigned(&mut self, value: u64) {
        let ones = ones_for(|width| 64 - value.leading_zeros() <= width);
        self.put_prefixed(ones, value);
    }

    fn put_prefixed(&mut self, ones: u32, value: u64) {
        // Eight ones have no zero behind them.
        let length = (ones + 1).min(8);
        self.put(((1_u64 << ones) - 1) << (length - ones), length);
        let width = VARBIT_WIDTHS.get(ones as usize).copied().unwrap_or(64);
        self.put(value, width);
    }

    /// Bytes begun so far.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len() + usize::from(self.bits > 0)
    }

    /// Overwrites bytes that are whole already.
    pub(crate) fn patch(&mut self, at: usize, with: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + with.len()) {
            place.copy_from_slice(with);
        }
    }

    /// The bytes, the last one filled up with zeros.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.bits > 0 {
            self.put_short(0, 8 - self.bits);
        }
        self.bytes
    }
}

fn ones_for(fits: impl Fn(u32) -> bool) -> u32 {
    (0..8).find(|ones| VARBIT_WIDTHS.get(*ones as usize).is_some_and(|w| fits(*w))).unwrap_or(8)
}

/// Whether a number is one of those that `width` bits stand for.
#[inline]
pub(crate) fn fits_signed(value: i64, width: u32) -> bool {
    if width == 0 {
        return value == 0;
    }
    let half = 1_i64 << (width - 1);
    -(half - 1) <= value && value <= half
}

/// The number that `width` bits stand for, at most 56.
#[inline]
fn signed(bits: u64, width: u32) -> i64 {
    if bits > 1 << (width - 1) {
        bits.wrapping_sub(1 << width).cast_signed()
    } else {
        bits.cast_signed()
    }
}

/// Takes bits from bytes: eight bytes are loaded at a time.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next byte to load.
    at: usize,
    /// Bits that are loaded, the next one highest; behind `bits` there may be more of the same.
    buffer: u64,
    bits: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0, buffer: 0, bits: 0 }
    }

    /// Bits that are left.
    pub(crate) fn remaining(&self) -> u64 {
        (self.bytes.len() - self.at) as u64 * 8 + u64::from(self.bits)
    }

    /// Loads at least 56 bits, if so many are left.
    #[inline]
    pub(crate) fn fill(&mut self) {
        match self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            Some(word) => {
                self.buffer |= u64::from_be_bytes(*word) >> self.bits;
                self.at += ((63 - self.bits) >> 3) as usize;
                self.bits |= 56;
            }
            None => self.fill_tail(),
        }
    }

    #[cold]
    fn fill_tail(&mut self) {
        while self.bits <= 56
            && let Some(byte) = self.bytes.get(self.at)
        {
            self.buffer |= u64::from(*byte) << (56 - self.bits);
            self.bits += 8;
            self.at += 1;
        }
    }

    /// The loaded bits, the next one highest. Only those that [`skip`](Self::skip) takes count.
    #[inline]
    pub(crate) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Steps over loaded bits.
    ///
    /// # Errors
    ///
    /// So many are not loaded.
    #[inline]
    pub(crate) fn skip(&mut self, count: u32) -> Result<(), Damaged> {
        if count > self.bits {
            return Err(self.end());
        }
        self.buffer <<= count;
        self.bits -= count;
        Ok(())
    }

    /// The next `count` bits, at most 64.
    ///
    /// # Errors
    ///
    /// Where there are fewer.
    #[inline]
    pub(crate) fn take(&mut self, count: u32) -> Result<u64, Damaged> {
        if count > 56 {
            let high = self.take_short(count - 32)?;
            Ok((high << 32) | self.take_short(32)?)
        } else {
            self.take_short(count)
        }
    }

    #[inline]
    fn take_short(&mut self, count: u32) -> Result<u64, Damaged> {
        if count == 0 {
            return Ok(0);
        }
        if self.bits < count {
            self.fill();
        }
        let value = self.buffer >> (64 - count);
        self.skip(count)?;
        Ok(value)
    }

    fn width(&mut self) -> Result<u32, Damaged> {
        self.fill();
        let ones = self.buffer.leading_ones().min(8);
        self.skip((ones + 1).min(8))?;
        Ok(VARBIT_WIDTHS.get(ones as usize).copied().unwrap_or(64))
    }

    /// A signed number.
    ///
    /// # Errors
    ///
    /// Where the bits end.
    #[inline]
    pub(crate) fn varbit(&mut self) -> Result<i64, Damaged> {
        match self.width()? {
            0 => Ok(0),
            64 => Ok(self.take(64)?.cast_signed()),
            width => self.signed(width),
        }
    }

    /// An unsigned number.
    ///
    /// # Errors
    ///
    /// Where the bits end.
    #[inline]
    pub(crate) fn varbit_unsigned(&mut self) -> Result<u64, Damaged> {
        let width = self.width()?;
        self.take(width)
    }

    /// A signed number of 1 to 56 bits.
    ///
    /// # Errors
    ///
    /// Where the bits end.
    #[inline]
    pub(crate) fn signed(&mut self, width: u32) -> Result<i64, Damaged> {
        Ok(signed(self.take(width)?, width))
    }

    /// A float's bits.
    ///
    /// # Errors
    ///
    /// Where the bits end.
    pub(crate) fn f64(&mut self) -> Result<f64, Damaged> {
        Ok(f64::from_bits(self.take(64)?))
    }

    /// A rule of the format is broken about here.
    #[cold]
    pub(crate) fn field(&self, what: &'static str) -> Damaged {
        Damaged::field(self.at, what)
    }

    #[cold]
    fn end(&self) -> Damaged {
        Damaged::at(self.at, Damage::Truncated { needed: 1, available: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn varbit_bits_are_as_documented() {
        let bits = |value: i64| {
            let mut out = BitWriter::default();
            out.put_varbit(value);
            out.finish()
        };
        assert_eq!(bits(0), [0]);
        assert_eq!(bits(4), [0b1010_0000]);
        assert_eq!(bits(-3), [0b1010_1000]);
        assert_eq!(bits(5), [0b1100_0010, 0b1000_0000]);
        assert_eq!(bits(i64::MIN), [0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn any_numbers_come_back(
            numbers in prop::collection::vec((any::<u64>(), 0_u32..64, 1_u32..=64), 0..100),
        ) {
            let mut out = BitWriter::default();
            for (value, shift, width) in &numbers {
                out.put_varbit(value.cast_signed() >> shift);
                out.put_varbit_unsigned(value >> shift);
                out.put(*value, *width);
            }
            let bytes = out.finish();
            let mut input = BitReader::new(&bytes);
            for (value, shift, width) in &numbers {
                prop_assert_eq!(input.varbit().unwrap(), value.cast_signed() >> shift);
                prop_assert_eq!(input.varbit_unsigned().unwrap(), value >> shift);
                let mask = if *width == 64 { u64::MAX } else { (1 << width) - 1 };
                prop_assert_eq!(input.take(*width).unwrap(), value & mask);
            }
            prop_assert!(input.remaining() < 8);
        }
    }
}
