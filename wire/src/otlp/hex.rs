//! Ids as hexadecimal digits.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// The two digits of each byte.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

/// What each byte is as a digit in either case; 255 where it is none.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit as usize] as usize] = digit;
        values[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};

/// What `byte` is as a digit in either case; 255 where it is none.
#[inline]
pub(super) fn digit(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(255)
}

/// Appends the digits of `id`, in lower case.
pub(super) fn append(id: &[u8], out: &mut String) {
    for some in id.chunks(16) {
        let mut digits = [[0; 2]; 16];
        for (pair, byte) in digits.iter_mut().zip(some) {
            *pair = PAIRS.get(usize::from(*byte)).copied().unwrap_or_default();
        }
        let digits = digits.as_flattened().get(..2 * some.len()).unwrap_or_default();
        out.push_str(str::from_utf8(digits).unwrap_or_default());
    }
}

/// Whether an id is there and not zero.
pub(super) fn is_set(id: &[u8]) -> bool {
    let (words, rest) = id.as_chunks::<8>();
    words.iter().any(|word| *word != [0; 8]) || rest.iter().any(|byte| *byte != 0)
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
        let values = b"09afAFgG/:@`".map(digit);
        assert_eq!(values, [0, 9, 10, 15, 10, 15, 255, 255, 255, 255, 255, 255]);
        assert!(!is_set(&[0, 0]) && !is_set(&[]) && is_set(&[0, 1]));
    }
}
