//! The text of a stream's labels: `{app="api", env="prod"}`.
//!
//! Names are of the classic kind, values are string literals of Go. White space may stand between
//! all of them, and a comma behind the last one. A label with an empty value is no label.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use telemetry_core::syntax::string;

use crate::error::{Error, Fault, StreamLabelsErrorKind};
use crate::protobuf::Bytes;

/// Names and values in the order of the text.
pub(super) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Reads the labels that `text` is.
pub(super) fn read(text: Bytes<'_>) -> Result<Pairs<'_>, Fault> {
    let at = text.at;
    let text = str::from_utf8(text.bytes)
        .map_err(|error| fault(at + error.valid_up_to(), StreamLabelsErrorKind::Utf8))?;
    let mut cursor = Cursor { rest: text, end: at + text.len() };
    let mut pairs = Pairs::new();
    cursor.take(b'{').ok_or_else(|| cursor.fault(StreamLabelsErrorKind::Open))?;
    while cursor.take(b'}').is_none() {
        let name = cursor.name()?;
        cursor.take(b'=').ok_or_else(|| cursor.fault(StreamLabelsErrorKind::Equal))?;
        let value = cursor.value()?;
        if !value.is_empty() {
            pairs.push((name.into(), value));
        }
        if cursor.take(b',').is_none() && cursor.next() != Some(b'}') {
            return Err(cursor.fault(StreamLabelsErrorKind::Separator));
        }
    }
    match cursor.next() {
        None => Ok(pairs),
        Some(_) => Err(cursor.fault(StreamLabelsErrorKind::Trailing)),
    }
}

struct Cursor<'a> {
    rest: &'a str,
    /// Offset in the whole input of the byte behind `rest`.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// The next byte that is not white space.
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.rest.as_bytes().first() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip(1),
                other => return other.copied(),
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.next() == Some(byte)).then(|| self.skip(1))
    }

    fn name(&mut self) -> Result<&'a str, Fault> {
        let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        if !self.next().is_some_and(is_first) {
            return Err(self.fault(StreamLabelsErrorKind::Name));
        }
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let len = self.rest.bytes().take_while(is_word).count();
        let name = self.rest.get(..len).unwrap_or_default();
        self.skip(len);
        Ok(name)
    }

    fn value(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.next();
        match string::read(self.rest) {
            Ok(literal) => {
                self.skip(literal.len);
                Ok(literal.value)
            }
            Err(error) => {
                self.skip(error.span.start);
                Err(self.fault(StreamLabelsErrorKind::Value))
            }
        }
    }

    #[cold]
    fn fault(&self, kind: StreamLabelsErrorKind) -> Fault {
        fault(self.end - self.rest.len(), kind)
    }
}

#[cold]
fn fault(position: usize, kind: StreamLabelsErrorKind) -> Fault {
    Box::new(Error::StreamLabels { position, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let pairs = read(Bytes { bytes: text.as_bytes(), at: 0 }).unwrap();
        pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    fn error(text: &[u8]) -> (usize, StreamLabelsErrorKind) {
        match *read(Bytes { bytes: text, at: 100 }).unwrap_err() {
            Error::StreamLabels { position, kind } => (position - 100, kind),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn labels_are_read_with_and_without_space() {
        let expected =
            [("app".to_owned(), "api".to_owned()), ("env".to_owned(), "a\"b".to_owned())];
        for text in [r#"{app="api",env="a\"b"}"#, " {\tapp = `api` ,\n env=\"a\\\"b\", } "] {
            assert_eq!(pairs(text), expected, "{text}");
        }
        assert_eq!(pairs("{}"), []);
        assert_eq!(pairs(r#"{gone="",_1="x"}"#), [("_1".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn what_is_no_label_is_named_with_its_place() {
        let cases: [(&[u8], usize, StreamLabelsErrorKind); 9] = [
            (b"", 0, StreamLabelsErrorKind::Open),
            (b"app=\"a\"", 0, StreamLabelsErrorKind::Open),
            (b"{a-b=\"c\"}", 2, StreamLabelsErrorKind::Equal),
            (b"{1=\"c\"}", 1, StreamLabelsErrorKind::Name),
            (b"{a=c}", 3, StreamLabelsErrorKind::Value),
            (b"{a=\"c", 3, StreamLabelsErrorKind::Value),
            (b"{a=\"c\" b=\"d\"}", 7, StreamLabelsErrorKind::Separator),
            (b"{a=\"c\"} x", 8, StreamLabelsErrorKind::Trailing),
            (b"{a=\"\xff\"}", 4, StreamLabelsErrorKind::Utf8),
        ];
        for (text, position, kind) in cases {
            assert_eq!(error(text), (position, kind), "{}", text.escape_ascii());
        }
    }
}
