//! Ids as hexadecimal digits.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends the digits of `id`, in lower case.
pub(super) fn append(id: &[u8], out: &mut String) {
    let digit = |half: u8| char::from(DIGITS.get(usize::from(half & 15)).copied().unwrap_or(b'0'));
    out.reserve(2 * id.len());
    for byte in id {
        out.push(digit(byte >> 4));
        out.push(digit(*byte));
    }
}

/// Whether an id is there and not zero.
pub(super) fn is_set(id: &[u8]) -> bool {
    id.iter().any(|byte| *byte != 0)
}

/// The id of `len` bytes that `text` spells in lower case; none where it is another or zero.
pub(super) fn parse(text: &str, len: usize) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let is_lower = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 2 * len || !digits.iter().all(is_lower) {
        return None;
    }
    let half = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
    let pairs = digits.as_chunks::<2>().0.iter();
    let id: Vec<u8> = pairs.map(|[high, low]| half(*high) << 4 | half(*low)).collect();
    is_set(&id).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        let mut text = String::new();
        append(&[0, 0x0f, 0xa5, 0xff], &mut text);
        assert_eq!(text, "000fa5ff");
        assert_eq!(parse(&text, 4), Some(vec![0, 0x0f, 0xa5, 0xff]));
        for other in ["000FA5FF", "00000000", "000fa5", "000fa5fg"] {
            assert_eq!(parse(other, 4), None, "{other}");
        }
        assert!(!is_set(&[0, 0]) && !is_set(&[]) && is_set(&[0, 1]));
    }
}
