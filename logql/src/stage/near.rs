//! The next byte of some kind, looked for eight bytes at a time.
//!
//! What ends a key or a value comes after a few bytes: too near for a vectorised search, whose call
//! costs more than that, and far enough for a look at each byte to be slow.
//!
//! In a word of eight bytes `x - 1` borrows into the high bit of a byte where that byte was zero.
//! A borrow runs on to higher bytes, so only the lowest bit that is set is sure to be right: it is
//! the one that is asked for.

use memchr::memchr2;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// Bytes of a string that are looked at before the vectorised search takes over.
const STRING_NEAR: usize = 24;

/// Marks bytes below `bound`, at most 128; the lowest mark is right.
fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(ONES.wrapping_mul(u64::from(bound))) & !word & HIGHS
}

/// Marks bytes equal to `byte`; the lowest mark is right.
fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ ONES.wrapping_mul(u64::from(byte)), 1)
}

/// The first byte of `bytes` that `marks` marks in a word, and `is` holds for.
#[inline]
fn first(bytes: &[u8], marks: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> Option<usize> {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(bytes.len() - rest.len() + marks.trailing_zeros() as usize / 8);
        }
        rest = behind;
    }
    let at = rest.iter().position(|byte| is(*byte))?;
    Some(bytes.len() - rest.len() + at)
}

/// The length of the word of logfmt that `bytes` begin with: up to a blank, `=` or `"`.
#[inline]
pub(super) fn word_len(bytes: &[u8]) -> usize {
    let marks = |word| below(word, b' ' + 1) | equal(word, b'=') | equal(word, b'"');
    let is = |byte| byte <= b' ' || byte == b'=' || byte == b'"';
    first(bytes, marks, is).unwrap_or(bytes.len())
}

/// The first quote or backslash.
#[inline]
pub(super) fn quote_or_escape(bytes: &[u8]) -> Option<usize> {
    let near = bytes.get(..STRING_NEAR).unwrap_or(bytes);
    let marks = |word| equal(word, b'"') | equal(word, b'\\');
    if let Some(at) = first(near, marks, |byte| matches!(byte, b'"' | b'\\')) {
        return Some(at);
    }
    let far = memchr2(b'"', b'\\', bytes.get(near.len()..)?)?;
    Some(near.len() + far)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_found_is_the_first(
            bytes in prop::collection::vec(
                prop_oneof![3 => any::<u8>(), 1 => prop::sample::select(b" !=<>\"#\\]\x1f\x7f\x80\xa0".to_vec())],
                0..80),
            plain in 0_usize..70,
        ) {
            let mut bytes = bytes;
            bytes.splice(0..0, std::iter::repeat_n(b'a', plain));
            let word = bytes.iter().position(|byte| *byte <= b' ' || matches!(byte, b'=' | b'"'));
            prop_assert_eq!(word_len(&bytes), word.unwrap_or(bytes.len()));
            let quote = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_escape(&bytes), quote);
        }
    }
}
