//! `stage.luhn`: hides numbers of cards.

use super::{Run, StageSetupError, each};

/// Replaces runs of digits whose Luhn checksum is right.
#[derive(Clone, Debug)]
pub struct Luhn {
    /// What stands in the place of a number.
    pub replacement: String,
    /// The extracted value that is changed; empty: the line.
    pub source: String,
    /// Shorter runs of digits stay.
    pub min_length: usize,
}

impl Default for Luhn {
    fn default() -> Self {
        let replacement = "**REDACTED**".to_owned();
        Luhn { replacement, source: String::new(), min_length: 13 }
    }
}

impl Luhn {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let luhn = self.clone();
        Ok(each(move |entry, _| {
            let redacted = match entry.source(&luhn.source) {
                Some(text) => luhn.redacted(&text),
                None => return,
            };
            if let Some(redacted) = redacted {
                entry.set_source(&luhn.source, redacted);
            }
        }))
    }

    /// The text without numbers; none where it has none.
    fn redacted(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(start) = bytes.get(at..)?.iter().position(u8::is_ascii_digit) {
            let start = at + start;
            let len = bytes.get(start..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = start + len;
            let number = bytes.get(start..at)?;
            if len >= self.min_length.max(1) && is_right(number) {
                out.push_str(text.get(copied..start)?);
                out.push_str(&self.replacement);
                copied = at;
            }
        }
        (copied > 0).then(|| out + text.get(copied..).unwrap_or_default())
    }
}

/// Luhn's checksum: from the end every second digit counts double.
fn is_right(number: &[u8]) -> bool {
    let digits = number.iter().rev().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, double @ 10..) => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}
