//! Checked reading of bytes that may be hostile: every read says where it failed.
//!
//! Nothing here allocates more than the bytes that are there can stand for: counts are checked
//! against what is left before anybody reserves memory for them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::error::{Damage, Damaged};
use super::varint::unfold;

/// A position in a byte slice that only moves forward.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// Fewer bytes are left.
        #[inline]
        pub fn $name(&mut self) -> Result<$type, Damaged> {
            Ok(<$type>::from_le_bytes(self.array()?))
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// At the start of `bytes`.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, position: 0 }
    }

    /// Offset of the next byte.
    #[inline]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes that are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Whether no byte is left.
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// All that is left, without moving.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let end = self.position.checked_add(count).filter(|end| *end <= self.bytes.len());
        match end.and_then(|end| Some((end, self.bytes.get(self.position..end)?))) {
            Some((end, bytes)) => {
                self.position = end;
                Ok(bytes)
            }
            None => Err(self.truncated(count as u64)),
        }
    }

    /// The next bytes as an array.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline]
    pub fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Damaged> {
        match self.rest().first_chunk::<COUNT>() {
            Some(bytes) => {
                self.position += COUNT;
                Ok(*bytes)
            }
            None => Err(self.truncated(COUNT as u64)),
        }
    }

    fixed! {
        /// One byte.
        u8: u8,
        /// Two bytes, lowest first.
        u16: u16,
        /// Four bytes, lowest first.
        u32: u32,
        /// Eight bytes, lowest first.
        u64: u64,
        /// Sixteen bytes, lowest first.
        u128: u128,
        /// Eight bytes, lowest first, two's complement.
        i64: i64,
        /// Eight bytes, lowest first, IEEE 754.
        f64: f64,
    }

    /// An unsigned number of variable width.
    ///
    /// # Errors
    /// It does not end, or it does not fit 64 bits.
    #[inline]
    pub fn varint_u64(&mut self) -> Result<u64, Damaged> {
        let start = self.position;
        let mut value = 0u64;
        for (i, byte) in self.rest().iter().enumerate().take(super::varint::VARINT_BYTES_MAX) {
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if i == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * i);
            if byte & 0x80 == 0 {
                self.position += i + 1;
                return Ok(value);
            }
        }
        if self.remaining() < super::varint::VARINT_BYTES_MAX {
            return Err(self.truncated(self.remaining() as u64 + 1));
        }
        Err(Damaged::at(start, Damage::Varint))
    }

    /// A signed number of variable width.
    ///
    /// # Errors
    /// As [`Cursor::varint_u64`].
    #[inline]
    pub fn varint_i64(&mut self) -> Result<i64, Damaged> {
        Ok(unfold(self.varint_u64()?))
    }

    /// An unsigned number of variable width that fits 32 bits.
    ///
    /// # Errors
    /// As [`Cursor::varint_u64`], or it does not fit.
    #[inline]
    pub fn varint_u32(&mut self) -> Result<u32, Damaged> {
        let start = self.position;
        u32::try_from(self.varint_u64()?).map_err(|_| Damaged::at(start, Damage::Varint))
    }

    /// A count of things of which each takes at least `item_bytes_min` of the bytes that follow,
    /// so that it is safe to reserve memory for them.
    ///
    /// # Errors
    /// As [`Cursor::varint_u64`], or so many cannot follow.
    pub fn count(&mut self, item_bytes_min: usize) -> Result<usize, Damaged> {
        let start = self.position;
        let count = self.varint_u64()?;
        let needed = count.saturating_mul(item_bytes_min.max(1) as u64);
        match usize::try_from(count) {
            Ok(count) if needed <= self.remaining() as u64 => Ok(count),
            _ => Err(Damaged::at(
                start,
                Damage::Truncated { needed, available: self.remaining() as u64 },
            )),
        }
    }

    /// A length and as many bytes.
    ///
    /// # Errors
    /// The length is damaged, or fewer bytes are left.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let count = self.count(1)?;
        self.take(count)
    }

    /// A length and as many bytes of text.
    ///
    /// # Errors
    /// As [`Cursor::bytes`], or it is not UTF-8.
    #[inline]
    pub fn str(&mut self) -> Result<&'a str, Damaged> {
        let start = self.position;
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged::at(start, Damage::Utf8))
    }

    /// Says that the structure must end here.
    ///
    /// # Errors
    /// Bytes are left.
    pub fn finish(self) -> Result<(), Damaged> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(Damaged::at(self.position, Damage::Trailing { count: count as u64 })),
        }
    }

    /// A field that began at the current position breaks a rule.
    pub fn field(&self, what: &'static str) -> Damaged {
        Damaged::field(self.position, what)
    }

    #[cold]
    fn truncated(&self, needed: u64) -> Damaged {
        let available = self.remaining() as u64;
        Damaged::at(self.position, Damage::Truncated { needed, available })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_count_cannot_promise_more_than_is_there() {
        let mut cursor = Cursor::new(&[3, 1, 2, 3]);
        assert_eq!(cursor.clone().count(1).unwrap(), 3);
        assert!(cursor.count(2).is_err());
    }

    #[test]
    fn the_end_is_reported_where_it_is() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        cursor.u16().unwrap();
        let error = cursor.u32().unwrap_err();
        assert_eq!(error.offset, 2);
        assert_eq!(error.damage, Damage::Truncated { needed: 4, available: 1 });
        assert_eq!(cursor.take(1).unwrap(), [3]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, calls in prop::collection::vec(0u8..10, 0..20)) {
            let mut cursor = Cursor::new(&bytes);
            for call in calls {
                let before = cursor.position();
                let ok = match call {
                    0 => cursor.u8().is_ok(),
                    1 => cursor.u64().is_ok(),
                    2 => cursor.varint_u64().is_ok(),
                    3 => cursor.varint_i64().is_ok(),
                    4 => cursor.varint_u32().is_ok(),
                    5 => cursor.count(3).is_ok(),
                    6 => cursor.bytes().is_ok(),
                    7 => cursor.str().is_ok(),
                    8 => cursor.take(5).is_ok(),
                    _ => cursor.f64().is_ok(),
                };
                prop_assert!(ok || cursor.position() >= before);
                prop_assert!(cursor.position() <= bytes.len());
            }
        }
    }
}
