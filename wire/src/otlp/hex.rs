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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        let mut text = String::new();
        append(&[0, 0x0f, 0xa5, 0xff], &mut text);
        assert_eq!(text, "000fa5ff");
        assert!(!is_set(&[0, 0]) && !is_set(&[]) && is_set(&[0, 1]));
    }
}
