//! Decimal numbers as nearly all are spelt: a sign, digits, perhaps a point and more digits.
//!
//! Up to [`DIGITS_MAX`] digits fit a float exactly, and so does the power of ten that they are
//! divided by, so that the quotient is the nearest float (Clinger, "How to Read Floating Point Numbers
//! Accurately", 1990). What is longer, or has an exponent, is left to a full reader.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// Digits whose number a float holds exactly, whatever they are.
const DIGITS_MAX: usize = 15;

/// Digits whose number 64 bits hold, whatever they are; with a sign, most numbers of that length.
const INTEGER_DIGITS_MAX: usize = 19;

const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number at the head of `bytes` and how many bytes it has; none where it is not one of these,
/// or something that may belong to it follows.
#[inline]
pub(crate) fn float(bytes: &[u8]) -> Option<(f64, usize)> {
    let start = usize::from(bytes.first() == Some(&b'-'));
    let (mantissa, mut at) = digits(bytes, start, 0);
    let mut count = at - start;
    if !is_whole(bytes, start, count) {
        return None;
    }
    let (mut mantissa, mut fraction) = (mantissa, 0);
    if bytes.get(at) == Some(&b'.') {
        let point = at;
        (mantissa, at) = digits(bytes, point + 1, mantissa);
        fraction = at - point - 1;
        count += fraction;
        if fraction == 0 {
            return None;
        }
    }
    if count > DIGITS_MAX || is_part(bytes.get(at)) {
        return None;
    }
    let value = mantissa as f64 / POWERS.get(fraction)?;
    Some((if start == 1 { -value } else { value }, at))
}

/// As [`float`], of integers.
#[inline]
pub(crate) fn integer(bytes: &[u8]) -> Option<(i64, usize)> {
    let start = usize::from(bytes.first() == Some(&b'-'));
    let (mut value, mut at) = (0_u64, start);
    // Timestamps have 10 to 19 digits.
    if let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk).and_then(eight_digits) {
        (value, at) = (eight, at + 8);
    }
    let (value, at) = digits(bytes, at, value);
    let count = at - start;
    if !is_whole(bytes, start, count) || count > INTEGER_DIGITS_MAX || is_part(bytes.get(at)) {
        return None;
    }
    let value = i64::try_from(value).ok()?;
    Some((if start == 1 { -value } else { value }, at))
}

/// The number that goes on with the digits from `at` on, and where they end.
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|it| *it < 10)
    {
        value = value.wrapping_mul(10).wrapping_add(digit.into());
        at += 1;
    }
    (value, at)
}

/// Whether so many digits from `start` on are a whole number: `01` is none in JSON.
#[inline]
fn is_whole(bytes: &[u8], start: usize, count: usize) -> bool {
    count == 1 || count > 1 && bytes.get(start) != Some(&b'0')
}

/// The number that eight digits are, all at once: neighbours are joined to pairs, pairs to fours,
/// fours to the number.
#[inline]
fn eight_digits(bytes: &[u8; 8]) -> Option<u64> {
    let text = u64::from_le_bytes(*bytes);
    let digits = text ^ 0x3030_3030_3030_3030;
    // Above nine, adding six carries into the upper half of the byte.
    let carried = digits.wrapping_add(0x0606_0606_0606_0606);
    if (digits | carried) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

/// Whether a number may go on with this byte: in Go's spelling with letters and `_` too.
#[inline]
fn is_part(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_numbers_are_read() {
        assert_eq!(float(b"12.50,"), Some((12.5, 5)));
        assert_eq!(float(b"-0"), Some((-0.0, 2)));
        assert!(float(b"-0").unwrap().0.is_sign_negative());
        assert_eq!(float(b"999999999999999]"), Some((999_999_999_999_999.0, 15)));
        assert_eq!(integer(b"-17 "), Some((-17, 3)));
        assert_eq!(integer(b"9223372036854775807"), Some((i64::MAX, 19)));
        assert_eq!(integer(b"9223372036854775808"), None);
        assert_eq!(integer(b"12345678901234567890"), None);
        for other in ["", "-", "+1", "1e3", "1.", ".5", "01", "-01", "1_0", "0x1", "1.5.5", "1i"] {
            assert_eq!(float(other.as_bytes()), None, "{other}");
            assert_eq!(integer(other.as_bytes()), None, "{other}");
        }
        assert_eq!(float(b"9999999999999999"), None);
        assert_eq!(integer(b"9999999999999999999"), None);
        assert_eq!(integer(b"1.5"), None);
    }

    proptest! {
        #[test]
        fn integers_are_read_as_they_are_spelt(value in -i64::MAX..=i64::MAX, shift in 0..64_u32) {
            let value: i64 = value >> shift;
            let text = value.to_string();
            prop_assert_eq!(integer(text.as_bytes()), Some((value, text.len())));
        }

        #[test]
        fn eight_bytes_are_digits_or_none(bytes in prop::array::uniform8(b'*'..=b'?')) {
            let digits = bytes.iter().all(u8::is_ascii_digit);
            let text = std::str::from_utf8(&bytes).unwrap();
            prop_assert_eq!(eight_digits(&bytes), digits.then(|| text.parse().unwrap()));
            prop_assert_eq!(eight_digits(&[b'9'; 8]), Some(99_999_999));
        }

        #[test]
        fn what_is_read_is_the_nearest_float(
            whole in 0..10_000_000_u64,
            fraction in "[0-9]{1,8}",
            is_negative in any::<bool>(),
        ) {
            let text = format!("{}{whole}.{fraction}", if is_negative { "-" } else { "" });
            let (value, len) = float(text.as_bytes()).unwrap();
            prop_assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits());
            prop_assert_eq!(len, text.len());
        }
    }
}
