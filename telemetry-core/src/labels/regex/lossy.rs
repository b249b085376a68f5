//! Text that is not UTF-8, as Go's regular expressions read it.
//!
//! Go takes every byte that is no part of a valid encoding for the character U+FFFD, one for one.
//! A copy with that character written out is UTF-8; places in it are translated back to the text.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

/// Bytes of U+FFFD that stand for one byte of the text.
const REPLACEMENT_BYTES: usize = char::REPLACEMENT_CHARACTER.len_utf8();

/// A copy of a text in which U+FFFD stands for every byte that is no part of UTF-8.
pub(super) struct Lossy {
    text: String,
    /// Where the characters that were put in start in the copy.
    replaced: Vec<usize>,
}

impl Lossy {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut lossy = Lossy { text: String::with_capacity(bytes.len()), replaced: Vec::new() };
        for chunk in bytes.utf8_chunks() {
            lossy.text.push_str(chunk.valid());
            for _ in chunk.invalid() {
                lossy.replaced.push(lossy.text.len());
                lossy.text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        lossy
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The range of the original text for one of the copy.
    pub(super) fn range(&self, range: Range<usize>) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }

    /// The place in the original text for one in the copy.
    pub(super) fn offset(&self, in_copy: usize) -> usize {
        let before = self.replaced.partition_point(|at| *at < in_copy);
        in_copy - before * (REPLACEMENT_BYTES - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invalid_byte_is_one_character() {
        // A truncated encoding is as many characters as it has bytes.
        let lossy = Lossy::new(b"a\xe2\x82b\xffc\xc3\xa9");
        assert_eq!(lossy.text(), "a\u{fffd}\u{fffd}b\u{fffd}cé");
        let ranges = [(0..1, 0..1), (1..7, 1..3), (7..8, 3..4), (8..11, 4..5), (12..14, 6..8)];
        for (in_copy, expected) in ranges {
            assert_eq!(lossy.range(in_copy), expected);
        }
    }
}
