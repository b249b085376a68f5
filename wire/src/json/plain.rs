//! JSON that is spelt as programs do, looked at many bytes at once.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use crate::decimal;

/// How deeply what is stepped over at once may be nested.
const DEPTH_MAX: u32 = 16;

/// What follows the value at the head of `bytes`, where that is spelt as programs do: without white
/// space, escapes and fractions, and not nested deeply. None says nothing about it.
#[inline]
pub(super) fn behind_value(bytes: &[u8]) -> Option<&[u8]> {
    behind_nested(bytes, DEPTH_MAX)
}

fn behind_nested(bytes: &[u8], depth: u32) -> Option<&[u8]> {
    match bytes {
        [b'"', text @ ..] => behind_text(text),
        [b'{', b'}', rest @ ..] | [b'[', b']', rest @ ..] => Some(rest),
        [b'{', members @ ..] => {
            let mut members = members;
            loop {
                let [b'"', name @ ..] = members else { return None };
                let [b':', value @ ..] = behind_text(name)? else { return None };
                match behind_nested(value, depth.checked_sub(1)?)? {
                    [b',', more @ ..] => members = more,
                    [b'}', rest @ ..] => return Some(rest),
                    _ => return None,
                }
            }
        }
        [b'[', elements @ ..] => {
            let mut elements = elements;
            loop {
                match behind_nested(elements, depth.checked_sub(1)?)? {
                    [b',', more @ ..] => elements = more,
                    [b']', rest @ ..] => return Some(rest),
                    _ => return None,
                }
            }
        }
        [b'n', b'u', b'l', b'l', rest @ ..]
        | [b't', b'r', b'u', b'e', rest @ ..]
        | [b'f', b'a', b'l', b's', b'e', rest @ ..] => Some(rest),
        _ => decimal::integer(bytes).and_then(|(_, len)| bytes.get(len..)),
    }
}

/// What follows a string behind its opening quote.
#[inline]
fn behind_text(text: &[u8]) -> Option<&[u8]> {
    match text.get(plain_len(text)..)? {
        [b'"', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// How many bytes come before the first quote, backslash or control character.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let head = bytes.get(..BLOCK_BYTES).unwrap_or(bytes);
    match plain_len_of_words(head) {
        BLOCK_BYTES => {
            BLOCK_BYTES + plain_len_of_blocks(bytes.get(BLOCK_BYTES..).unwrap_or_default())
        }
        len => len,
    }
}

/// Bytes that the compiler looks at with vectors.
const BLOCK_BYTES: usize = 32;

/// As [`plain_len`], for long texts.
fn plain_len_of_blocks(bytes: &[u8]) -> usize {
    let is_special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    let mut len = 0;
    for block in bytes.as_chunks::<BLOCK_BYTES>().0 {
        if block.iter().fold(false, |found, byte| found | is_special(*byte)) {
            break;
        }
        len += block.len();
    }
    len + plain_len_of_words(bytes.get(len..).unwrap_or_default())
}

/// As [`plain_len`], eight bytes at once.
#[inline]
fn plain_len_of_words(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    // The upper bit of each byte that is zero. Only bytes behind the first one may be wrong: what
    // is borrowed from them made them look so.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = zeros(word ^ (ONES * u64::from(b'"')));
        let backslashes = zeros(word ^ (ONES * u64::from(b'\\')));
        let controls = word.wrapping_sub(ONES * 0x20) & !word;
        let ends = (quotes | backslashes | controls) & (ONES << 7);
        if ends != 0 {
            return index * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    let is_end = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    bytes.len() - rest.len() + rest.iter().position(is_end).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_text_ends_at_the_first_byte_that_is_not(text in r#"[a !#\x{1f}"\\ü\[\x{7f}\x{1f600}]{0,9}[a-zü]{0,90}[a !#\x{1f}"\\ü\[\x{7f}\x{1f600}]{0,9}"#) {
            let is_end = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
            let expected = text.bytes().position(is_end).unwrap_or(text.len());
            prop_assert_eq!(plain_len(text.as_bytes()), expected);
        }
    }
}
