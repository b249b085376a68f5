//! Floats as XOR with the float before, within a window of meaningful bits.
//!
//! ~~~text
//! 0                                     the same again
//! 10  bits                              within the window of the one before
//! 11  leading 5 │ length 6 │ bits       a new window; length 0 is 64, leading at most 31
//! ~~~
//! Source: Gorilla (Pelkonen et al. 2015), section 4.1, as Prometheus writes it.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;

use super::bits::{BitReader, BitWriter};

/// Leading zeros are written in five bits.
const LEADING_MAX: u32 = 31;

/// A value and the window that the next one may use.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Float {
    pub(crate) bits: u64,
    leading: u32,
    /// Meaningful bits; none before the first window.
    length: u32,
    trailing: u32,
}

impl Float {
    pub(crate) fn new(value: f64) -> Self {
        Float { bits: value.to_bits(), ..Float::default() }
    }

    pub(crate) fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Appends the next value.
    pub(crate) fn write(&mut self, value: f64, out: &mut BitWriter) {
        let xor = value.to_bits() ^ self.bits;
        self.bits = value.to_bits();
        if xor == 0 {
            out.put(0, 1);
        } else if self.fits(xor) {
            out.put(0b10, 2);
            out.put(xor >> self.trailing, self.length);
        } else {
            out.put(0b11, 2);
            self.write_window(xor, out);
        }
    }

    fn fits(&self, xor: u64) -> bool {
        let leading = xor.leading_zeros().min(LEADING_MAX);
        self.length > 0 && leading >= self.leading && xor.trailing_zeros() >= self.trailing
    }

    fn write_window(&mut self, xor: u64, out: &mut BitWriter) {
        self.leading = xor.leading_zeros().min(LEADING_MAX);
        self.trailing = xor.trailing_zeros();
        self.length = 64 - self.leading - self.trailing;
        out.put(self.leading.into(), 5);
        out.put((self.length % 64).into(), 6);
        out.put(xor >> self.trailing, self.length);
    }

    /// Reads the next value.
    ///
    /// # Errors
    ///
    /// Where the bits end, or there is no such window.
    #[inline]
    pub(crate) fn read(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        input.fill();
        let head = input.peek();
        if head >> 63 == 0 {
            return input.skip(1);
        }
        input.skip(2)?;
        if head >> 62 == 0b11 {
            self.read_window(input)?;
        }
        self.read_in_window(input)
    }

    /// Reads the meaningful bits.
    #[inline]
    pub(crate) fn read_in_window(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        if self.length == 0 {
            return Err(input.field("window of meaningful bits"));
        }
        self.bits ^= input.take(self.length)? << self.trailing;
        Ok(())
    }

    /// Reads a new window.
    #[inline]
    pub(crate) fn read_window(&mut self, input: &mut BitReader<'_>) -> Result<(), Damaged> {
        let head = u32::try_from(input.take(11)?).unwrap_or(0);
        self.leading = head >> 6;
        self.length = match head & 63 {
            0 => 64,
            length => length,
        };
        match 64_u32.checked_sub(self.leading + self.length) {
            Some(trailing) => self.trailing = trailing,
            None => return Err(input.field("window of meaningful bits")),
        }
        Ok(())
    }
}
