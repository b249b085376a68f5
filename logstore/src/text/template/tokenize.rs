//! Cuts a line into what is static and what varies.
//!
//! A run of letters and digits is
//! - a variable, if it is all digits, or all hexadecimal of one case and at least
//!   [`HEX_BYTES_MIN`] long; without a digit only beside a dash, as a group of a UUID; behind `0x`
//!   without it;
//! - static with one variable, if its digits are one run between letters (`eth0`, `3rd`, `a1b`);
//! - a variable as a whole, if it mixes them in another way;
//! - static, if it has no digit.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// A shorter run is no hexadecimal number.
const HEX_BYTES_MIN: usize = 4;
/// Variables of one line; with more it is no template.
const VARIABLES_MAX: usize = 250;
/// Bytes of one line; a longer one is no template.
const LINE_BYTES_MAX: usize = 60_000;

/// Classes of bytes, as a set.
pub(crate) mod class {
    /// A decimal digit.
    pub(crate) const DIGIT: u8 = 1;
    /// `a` to `f`.
    pub(crate) const LOWER_HEX: u8 = 2;
    /// `A` to `F`.
    pub(crate) const UPPER_HEX: u8 = 4;
    /// Another ASCII letter.
    pub(crate) const LETTER: u8 = 8;
    /// Any other byte.
    pub(crate) const OTHER: u8 = 16;
}
use class::{DIGIT, LETTER, LOWER_HEX, OTHER, UPPER_HEX};

static CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "a table of 256 and a byte, at compile time")]
const fn classes() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' => LOWER_HEX,
            b'A'..=b'F' => UPPER_HEX,
            b'g'..=b'z' | b'G'..=b'Z' => LETTER,
            _ => OTHER,
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// The class of a byte.
#[inline]
#[expect(clippy::indexing_slicing, reason = "a table of 256 and a byte")]
pub(crate) fn class_of(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// The classes of some bytes.
pub(crate) fn classes_of(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |mask, byte| mask | class_of(*byte))
}

/// Where a variable lies in the text of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First byte.
    pub(crate) start: u32,
    /// Number of bytes.
    pub(crate) bytes: u32,
    /// Which classes of bytes are in it.
    pub(crate) mask: u8,
}

impl Span {
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.bytes as usize
    }
}

/// Appends the variables of `line`, counted from `base`. Answers the hash of what is between them;
/// none where the line is no template, and then nothing was appended.
pub(super) fn variables(line: &[u8], base: u32, out: &mut Vec<Span>) -> Option<u64> {
    if line.len() > LINE_BYTES_MAX {
        return None;
    }
    let before = out.len();
    let mut hash = GapHash::default();
    let (mut gap, mut at) = (0, 0);
    while let Some(first) = line.get(at) {
        let start = at;
        let mut mask = class_of(*first);
        at += 1;
        if mask == OTHER {
            continue;
        }
        for byte in line.get(at..).unwrap_or_default() {
            match class_of(*byte) {
                OTHER => break,
                class => mask |= class,
            }
            at += 1;
        }
        if mask & DIGIT == 0 && (mask & LETTER != 0 || !is_beside_dash(line, start, at)) {
            continue;
        }
        let run = line.get(start..at).unwrap_or_default();
        let Some((from, to, mask)) = variable(run, mask) else { continue };
        if out.len() - before == VARIABLES_MAX {
            out.truncate(before);
            return None;
        }
        hash.add(line.get(gap..start + from).unwrap_or_default());
        // Lines are bounded, so these fit.
        let part = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        out.push(Span { start: base + part(start + from), bytes: part(to - from), mask });
        gap = start + to;
    }
    hash.add(line.get(gap..).unwrap_or_default());
    Some(hash.finish())
}

fn is_beside_dash(line: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| line.get(at));
    before == Some(&b'-') || line.get(end) == Some(&b'-')
}

fn is_hex(mask: u8) -> bool {
    mask & LETTER == 0 && mask & (LOWER_HEX | UPPER_HEX) != LOWER_HEX | UPPER_HEX
}

/// Which part of a run varies, and the classes in it.
fn variable(run: &[u8], mask: u8) -> Option<(usize, usize, u8)> {
    if mask == DIGIT || is_hex(mask) && run.len() >= HEX_BYTES_MIN {
        return Some((0, run.len(), mask));
    }
    if mask & DIGIT == 0 {
        return None;
    }
    if let Some(hex) = run.strip_prefix(b"0x") {
        let mask = classes_of(hex);
        if is_hex(mask) && !hex.is_empty() {
            return Some((2, run.len(), mask));
        }
    }
    let from = run.iter().position(u8::is_ascii_digit)?;
    let digits = run.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let to = from + digits;
    let more = run.iter().skip(to).any(u8::is_ascii_digit);
    Some(if more { (0, run.len(), mask) } else { (from, to, DIGIT) })
}

/// The hash of the gaps of a template; also of long values, whose filters are on disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GapHash(u64);

impl Default for GapHash {
    fn default() -> Self {
        GapHash(0x9e37_79b9_7f4a_7c15)
    }
}

impl GapHash {
    const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd;

    /// Takes in the next gap.
    pub(crate) fn add(&mut self, gap: &[u8]) {
        let mut hash = (self.0 ^ gap.len() as u64).wrapping_mul(Self::MULTIPLIER);
        let (words, rest) = gap.as_chunks::<8>();
        for word in words {
            hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(Self::MULTIPLIER);
            hash ^= hash >> 32;
        }
        let last = rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte));
        self.0 = (hash ^ last).wrapping_mul(Self::MULTIPLIER) ^ hash >> 29;
    }

    pub(crate) fn finish(self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        variables(line.as_bytes(), 0, &mut spans).unwrap();
        for span in &spans {
            assert_eq!(span.mask, classes_of(&line.as_bytes()[span.range()]));
        }
        spans.iter().map(|span| &line[span.range()]).collect()
    }

    #[test]
    fn what_varies_is_found() {
        assert_eq!(cut("10.0.0.7:80 took 1.5ms"), ["10", "0", "0", "7", "80", "1", "5"]);
        let found = cut("0x1f eth0 3rd a1b2g deadbee0 DeadBee0 bad face added");
        assert_eq!(found, ["1f", "0", "3", "a1b2g", "deadbee0", "0"]);
        assert_eq!(cut("5d6860-74c5dcc7-facade"), ["5d6860", "74c5dcc7", "facade"]);
        assert!(cut("no digits at all").is_empty());
    }

    #[test]
    fn gaps_tell_templates_apart() {
        let hash = |line: &str| variables(line.as_bytes(), 0, &mut Vec::new());
        assert_eq!(hash("a 1 b"), hash("a 22 b"));
        assert_ne!(hash("a 1 b"), hash("a 1 c"));
        assert_ne!(hash("1 b"), hash(" 1b"));
        assert_eq!(hash(&"1 ".repeat(300)), None);
        assert_eq!(hash(&"x".repeat(100_000)), None);
    }
}
