//! A pull scanner over logfmt: `level=info msg="it works" flag`.
//!
//! ~~~text
//! line   = { blank } [ pair { blank { blank } pair } ]        blank: any byte up to 0x20
//! pair   = key [ "=" [ value ] ]
//! key    = bytes above 0x20 other than "=" and '"'
//! value  = the same bytes, or '"' text with JSON escapes '"'
//! ~~~
//!
//! After an error in a key or a plain value the scanner goes on behind the next blank. A broken
//! quoted value ends the line.

use crate::stage::json::unescape_into;
use crate::stage::near::{quote_or_escape, word_len};

/// What is wrong with a pair, and at which byte, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("logfmt syntax error at pos {at} : {kind}")]
pub(crate) struct LogfmtError {
    pub(crate) at: usize,
    pub(crate) kind: LogfmtErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogfmtErrorKind {
    #[error("unexpected '='")]
    Equal,
    #[error("unexpected '\"'")]
    Quote,
    #[error("invalid key")]
    Key,
    #[error("unterminated quoted value")]
    Unterminated,
    #[error("invalid quoted value")]
    Quoted,
}

/// A key and its value; the value of a key without `=`, and of one without anything behind it, is
/// empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair<'l> {
    pub(crate) key: &'l [u8],
    pub(crate) value: Value<'l>,
}

/// The text of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'l> {
    Plain(&'l [u8]),
    /// Between quotes, with escapes.
    Escaped(&'l [u8]),
}

impl Value<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Value::Plain(text) | Value::Escaped(text) => text.is_empty(),
        }
    }

    /// Appends the value as text.
    pub(crate) fn text_into(&self, out: &mut String) {
        match self {
            Value::Plain(text) => crate::stage::sanitize::text_into(out, text),
            // The scanner has read the escapes before, so they are right.
            Value::Escaped(text) => {
                unescape_into(out, text);
            }
        }
    }
}

/// Goes through a line pair by pair.
pub(crate) struct Logfmt<'l> {
    line: &'l [u8],
    at: usize,
    scratch: String,
}

impl<'l> Logfmt<'l> {
    pub(crate) fn new(line: &'l [u8]) -> Self {
        Logfmt { line, at: 0, scratch: String::new() }
    }

    fn byte(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn error(&self, kind: LogfmtErrorKind) -> LogfmtError {
        LogfmtError { at: self.at + 1, kind }
    }

    /// Moves behind everything up to the next blank.
    fn skip_word(&mut self) {
        while self.byte().is_some_and(|byte| byte > b' ') {
            self.at += 1;
        }
    }

    /// Moves to the first byte that ends a word or must not stand in one.
    fn word(&mut self) -> &'l [u8] {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let word = rest.get(..word_len(rest)).unwrap_or_default();
        self.at += word.len();
        word
    }

    /// Notes an unexpected byte and moves behind its word.
    fn unexpected(&mut self, byte: u8) -> LogfmtError {
        let kind = if byte == b'=' { LogfmtErrorKind::Equal } else { LogfmtErrorKind::Quote };
        let error = self.error(kind);
        self.skip_word();
        error
    }

    fn pair(&mut self) -> Result<Pair<'l>, LogfmtError> {
        let key = self.word();
        match self.byte() {
            Some(byte @ (b'"' | b'=')) if byte == b'"' || key.is_empty() => {
                return Err(self.unexpected(byte));
            }
            _ => {}
        }
        // A key must be UTF-8, and may not hold the character that stands for what is not.
        let is_text = key.is_ascii()
            || std::str::from_utf8(key).is_ok_and(|key| !key.contains(char::REPLACEMENT_CHARACTER));
        if !is_text {
            return Err(self.error(LogfmtErrorKind::Key));
        }
        if self.byte() != Some(b'=') {
            return Ok(Pair { key, value: Value::Plain(b"") });
        }
        self.at += 1;
        if self.byte() == Some(b'"') {
            let value = self.quoted()?;
            return Ok(Pair { key, value });
        }
        let value = self.word();
        match self.byte() {
            Some(byte @ (b'"' | b'=')) => Err(self.unexpected(byte)),
            _ => Ok(Pair { key, value: Value::Plain(value) }),
        }
    }

    fn quoted(&mut self) -> Result<Value<'l>, LogfmtError> {
        let start = self.at + 1;
        let mut from = start;
        let mut escaped = false;
        loop {
            let rest = self.line.get(from..).unwrap_or_default();
            let Some(found) = quote_or_escape(rest) else {
                self.at = self.line.len();
                return Err(self.error(LogfmtErrorKind::Unterminated));
            };
            let end = from + found;
            if self.line.get(end) == Some(&b'\\') {
                escaped = true;
                from = end + 2;
                continue;
            }
            self.at = end + 1;
            let text = self.line.get(start..end).unwrap_or_default();
            if !escaped {
                return Ok(Value::Plain(text));
            }
            self.scratch.clear();
            if !unescape_into(&mut self.scratch, text) {
                return Err(self.error(LogfmtErrorKind::Quoted));
            }
            return Ok(Value::Escaped(text));
        }
    }
}

impl<'l> Iterator for Logfmt<'l> {
    type Item = Result<Pair<'l>, LogfmtError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.byte().is_some_and(|byte| byte <= b' ') {
            self.at += 1;
        }
        self.byte()?;
        Some(self.pair())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(line: &str) -> Vec<String> {
        Logfmt::new(line.as_bytes())
            .map(|pair| match pair {
                Ok(Pair { key, value }) => {
                    let mut text = String::new();
                    value.text_into(&mut text);
                    format!("{}={text}", String::from_utf8_lossy(key))
                }
                Err(error) => error.to_string(),
            })
            .collect()
    }

    #[test]
    fn pairs_of_all_kinds() {
        assert_eq!(
            pairs(r#" a=1  b c= d="x y" e="q\"z\n" "#),
            ["a=1", "b=", "c=", "d=x y", "e=q\"z\n"]
        );
    }

    #[test]
    fn errors_say_where_and_the_line_goes_on() {
        assert_eq!(
            pairs("foobar====x a=1"),
            ["logfmt syntax error at pos 8 : unexpected '='", "a=1"]
        );
        assert_eq!(
            pairs(r#"a="b" bu"zz=1 =x c=2"#),
            [
                "a=b",
                "logfmt syntax error at pos 9 : unexpected '\"'",
                "logfmt syntax error at pos 15 : unexpected '='",
                "c=2"
            ]
        );
        assert_eq!(pairs(r#"a="b"#), ["logfmt syntax error at pos 5 : unterminated quoted value"]);
    }
}
