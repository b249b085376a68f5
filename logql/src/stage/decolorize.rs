//! `| decolorize`: takes ANSI escape sequences out of the line.
//!
//! A sequence is `ESC [` or the single byte 0x9b (here as U+009B), parameters, and a final
//! letter; or `ESC ]` … BEL, the sequences that set titles and links.

use super::Entry;
use memchr::memchr;

/// Sequences start with this byte.
const ESCAPE: u8 = 0x1b;

pub(crate) fn apply(entry: &mut Entry<'_>) {
    if let Some(plain) = plain(entry.line.get()) {
        entry.line.replace(&plain);
    }
}

/// The line without sequences; none where it has no escapes.
pub(crate) fn plain(line: &[u8]) -> Option<Vec<u8>> {
    let first = memchr(ESCAPE, line)?;
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    let mut at = first;
    loop {
        plain.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let len = sequence_len(rest);
        if len == 0 {
            plain.extend_from_slice(rest.get(..1).unwrap_or_default());
        }
        rest = rest.get(len.max(1)..).unwrap_or_default();
        match memchr(ESCAPE, rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    plain.extend_from_slice(rest);
    Some(plain)
}

/// Length of the sequence at the head of `text`; 0 if there is none.
fn sequence_len(text: &[u8]) -> usize {
    let body = text.get(1..).unwrap_or_default();
    let intermediates = body
        .iter()
        .take_while(|byte| matches!(byte, b'[' | b']' | b'(' | b')' | b'#' | b';' | b'?'))
        .count();
    let tail = body.get(intermediates..).unwrap_or_default();
    // A title or link: text up to the bell.
    if body.first() == Some(&b']')
        && let Some(bell) = memchr(0x07, tail)
    {
        return 1 + intermediates + bell + 1;
    }
    let parameters = tail.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    match tail.get(parameters) {
        Some(b'A'..=b'P' | b'R' | b'Z' | b'c' | b'f'..=b'n' | b'q' | b'r' | b'u' | b'y')
        | Some(b'=' | b'>' | b'<' | b'~' | b's') => 1 + intermediates + parameters + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::apply;

    #[test]
    fn colours_go_and_text_stays() {
        for (line, plain) in [
            ("sample text", "sample text"),
            ("\x1b[31mred\x1b[0m \x1b[1;36mx", "red x"),
            ("\x1b", "\x1b"),
            ("a\x1b b", "a\x1b b"),
        ] {
            assert_eq!(apply("| decolorize", line).line, plain.as_bytes(), "{line:?}");
        }
    }
}
