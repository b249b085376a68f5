//! Looks for a field in a line of JSON or logfmt, and reads no more of it than that takes.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use memchr::memchr2;

/// Whether the line begins and ends as an object.
pub(super) fn is_json(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{") && line.ends_with(b"}")
}

/// The text of the first member of a name in `names` that is a string, as it is spelt; members of
/// members down to `depth` objects.
pub(super) fn in_json<'l>(line: &'l [u8], names: &[String], depth: u32) -> Option<&'l [u8]> {
    let mut json = Json { rest: line, names, found: None };
    json.object(depth);
    json.found
}

/// A place in a JSON text. What is malformed ends the search.
struct Json<'l, 'n> {
    rest: &'l [u8],
    names: &'n [String],
    found: Option<&'l [u8]>,
}

impl<'l> Json<'l, '_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.skip(1))
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Goes through an object; none where the search is over.
    fn object(&mut self, depth: u32) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.take(b':')?;
            match self.peek()? {
                b'"' => {
                    let value = self.string()?;
                    if self.names.iter().any(|wanted| wanted.as_bytes() == name) {
                        self.found = Some(value);
                        return None;
                    }
                }
                b'{' if depth > 1 => self.object(depth - 1)?,
                b'{' | b'[' => self.skip_nested()?,
                b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => self.skip_plain()?,
                _ => return None,
            }
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    fn string(&mut self) -> Option<&'l [u8]> {
        self.take(b'"')?;
        let text = self.rest;
        let mut len = 0;
        loop {
            let at = memchr2(b'"', b'\\', text.get(len..)?)?;
            len += at;
            if text.get(len) == Some(&b'"') {
                self.skip(len + 1);
                return text.get(..len);
            }
            len += 2;
        }
    }

    /// Steps over an object or an array.
    fn skip_nested(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                byte => {
                    match byte {
                        b'{' | b'[' => open += 1,
                        b'}' | b']' => open -= 1,
                        _ => {}
                    }
                    self.skip(1);
                }
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    fn skip_plain(&mut self) -> Option<()> {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        let len = self.rest.iter().position(ends)?;
        let word = self.rest.get(..len)?;
        let is_number = word.first().is_some_and(|first| matches!(first, b'-' | b'0'..=b'9'));
        let is_value = is_number || matches!(word, b"true" | b"false" | b"null");
        self.skip(len);
        is_value.then_some(())
    }
}

/// The value of the pair whose name, in any case, comes first in `names`.
pub(super) fn in_logfmt<'l>(line: &'l [u8], names: &[String]) -> Option<&'l [u8]> {
    let mut best = names.len();
    let mut found = None;
    let mut rest = line;
    loop {
        let blanks = rest.iter().position(|byte| *byte > b' ');
        let Some(start) = blanks else { return found };
        rest = rest.get(start..).unwrap_or_default();
        let (key, after) = rest.split_at_checked(word_len(rest))?;
        let (value, after) = match after.first() {
            Some(b'=') if !key.is_empty() => value(after.get(1..).unwrap_or_default()),
            // A pair that is none: on to the next word.
            Some(b'=' | b'"') => (None, skip_word(after)),
            _ => (Some(&b""[..]), after),
        };
        let place = names.iter().position(|name| key.eq_ignore_ascii_case(name.as_bytes()));
        if let (Some(value), Some(place)) = (value, place.filter(|place| *place < best)) {
            (found, best) = (Some(value), place);
            if place == 0 {
                return found;
            }
        }
        rest = after;
    }
}

/// A value and what is behind it.
fn value(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if let Some(quoted) = text.strip_prefix(b"\"") {
        let mut len = 0;
        while let Some(at) = quoted.get(len..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            len += at;
            if quoted.get(len) == Some(&b'"') {
                return (quoted.get(..len), quoted.get(len + 1..).unwrap_or_default());
            }
            len += 2;
        }
        return (None, b"");
    }
    let (value, after) = text.split_at_checked(word_len(text)).unwrap_or((text, b""));
    match after.first() {
        Some(b'=' | b'"') => (None, skip_word(after)),
        _ => (Some(value), after),
    }
}

/// Length of the word that `text` begins with.
fn word_len(text: &[u8]) -> usize {
    let ends = |byte: &u8| *byte <= b' ' || matches!(byte, b'=' | b'"');
    text.iter().position(ends).unwrap_or(text.len())
}

fn skip_word(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte <= b' ').unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_line_is_read_to_its_end(line in prop::collection::vec(
            prop::sample::select(&b"{}[]\":,\\= \n\x01\xffa1level"[..]), 0..60,
        )) {
            let names = ["level".to_owned(), "a".to_owned()];
            let _ = in_json(&line, &names, 2);
            let _ = in_logfmt(&line, &names);
        }
    }
}
