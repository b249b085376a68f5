//! Numbers of variable width: seven bits a byte, lowest first, the high bit says that more follow.
//!
//! Signed numbers are folded first (0, -1, 1, -2 … become 0, 1, 2, 3 …) so that small ones stay
//! short. Reading is [`super::cursor::Cursor`]'s; this file writes.

/// The longest form of a 64-bit number.
pub const VARINT_BYTES_MAX: usize = 10;

/// Appends an unsigned number.
#[inline]
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number.
#[inline]
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, fold(value));
}

/// Appends a length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a length and the text.
pub fn put_str(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// Bytes that [`put_u64`] appends.
pub const fn len_u64(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Signed to unsigned, small to small.
#[inline]
pub const fn fold(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`fold`].
#[inline]
pub const fn unfold(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::super::cursor::Cursor;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_as_documented() {
        let mut out = Vec::new();
        put_u64(&mut out, 300);
        put_i64(&mut out, -1);
        put_str(&mut out, "ab");
        assert_eq!(out, [0xac, 0x02, 0x01, 0x02, b'a', b'b']);
    }

    proptest! {
        #[test]
        fn every_number_comes_back(value: u64, signed: i64) {
            let mut out = Vec::new();
            put_u64(&mut out, value);
            prop_assert_eq!(out.len(), len_u64(value));
            put_i64(&mut out, signed);
            let mut cursor = Cursor::new(&out);
            prop_assert_eq!(cursor.varint_u64().unwrap(), value);
            prop_assert_eq!(cursor.varint_i64().unwrap(), signed);
            prop_assert!(cursor.finish().is_ok());
        }
    }
}
