//! JSON text: read token by token, strings written.
//!
//! Names and lists are the caller's business: what a format wants of an object it says in the
//! closures that it hands over.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod plain;

use std::borrow::Cow;
use std::fmt::Write;

use memchr::memchr2;
use plain::{behind_value, plain_len};

use crate::decimal;
use crate::error::{Error, JsonErrorKind};

/// How deeply what is skipped may be nested.
const SKIPPED_DEPTH_MAX: u32 = 128;

/// A place in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Result<Self, Error> {
        match str::from_utf8(input) {
            Ok(text) => Ok(Reader::of(text)),
            Err(error) => {
                Err(Error::Json { position: error.valid_up_to(), kind: JsonErrorKind::Utf8 })
            }
        }
    }

    pub(crate) fn of(text: &'a str) -> Self {
        Reader { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What is wrong at the present place.
    #[cold]
    pub(crate) fn error(&self, kind: JsonErrorKind) -> Error {
        self.error_at(self.at, kind)
    }

    #[cold]
    pub(crate) fn error_at(&self, position: usize, kind: JsonErrorKind) -> Error {
        let ends = position >= self.text.len() && matches!(kind, JsonErrorKind::Expected { .. });
        Error::Json { position, kind: if ends { JsonErrorKind::End } else { kind } }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next byte that is not white space, or 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if *byte > b' ' => *byte,
            _ => self.peek_behind_space(),
        }
    }

    #[inline(never)]
    fn peek_behind_space(&mut self) -> u8 {
        for byte in self.bytes() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    /// Steps over `byte` if it comes next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte && byte != 0;
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Error> {
        if self.take(byte) { Ok(()) } else { Err(self.error(JsonErrorKind::Expected { expected })) }
    }

    /// Steps over `null` if it comes next.
    #[inline]
    pub(crate) fn take_null(&mut self) -> Result<bool, Error> {
        if self.peek() != b'n' {
            return Ok(false);
        }
        self.literal("null").map(|()| true)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Error> {
        match self.peek() {
            b't' => self.literal("true").map(|()| true),
            b'f' => self.literal("false").map(|()| false),
            _ => Err(self.error(JsonErrorKind::Expected { expected: "true or false" })),
        }
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Error> {
        if self.bytes().starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.error(JsonErrorKind::Expected { expected: word }))
        }
    }

    /// A string, borrowed where it has no escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        match self.take_plain_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.escaped_string(),
        }
    }

    /// A string without escapes, if one comes next.
    #[inline]
    fn take_plain_string(&mut self) -> Option<&'a str> {
        if self.peek() != b'"' {
            return None;
        }
        let start = self.at + 1;
        let bytes = self.text.as_bytes().get(start..)?;
        let len = plain_len(bytes);
        if bytes.get(len) != Some(&b'"') {
            return None;
        }
        self.at = start + len + 1;
        self.text.get(start..start + len)
    }

    /// A string that is not plain, or none at all.
    #[inline(never)]
    fn escaped_string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        let mut escaped = String::new();
        loop {
            let chunk_start = self.at;
            let (chunk, is_last) = self.chunk()?;
            if is_last {
                if escaped.is_empty() && chunk_start == start {
                    return Ok(Cow::Borrowed(chunk));
                }
                escaped.push_str(chunk);
                return Ok(Cow::Owned(escaped));
            }
            escaped.push_str(chunk);
            escaped.push(self.escape()?);
        }
    }

    /// Appends a string to `out`.
    #[inline]
    pub(crate) fn append_string(&mut self, out: &mut String) -> Result<(), Error> {
        self.expect(b'"', "a string")?;
        loop {
            let (chunk, is_last) = self.chunk()?;
            out.push_str(chunk);
            if is_last {
                return Ok(());
            }
            out.push(self.escape()?);
        }
    }

    /// What of a string stands for itself, up to the quote that ends it, which is stepped over, or
    /// to a backslash, which is not.
    #[inline]
    fn chunk(&mut self) -> Result<(&'a str, bool), Error> {
        let start = self.at;
        self.at += plain_len(self.bytes());
        let chunk = self.text.get(start..self.at).unwrap_or_default();
        match self.bytes().first() {
            Some(b'"') => {
                self.at += 1;
                Ok((chunk, true))
            }
            Some(b'\\') => Ok((chunk, false)),
            Some(_) => Err(self.control()),
            None => Err(self.error_at(self.text.len(), JsonErrorKind::End)),
        }
    }

    /// A control character in a string; that the string has no end counts more.
    #[cold]
    fn control(&self) -> Error {
        match memchr2(b'"', b'\\', self.bytes()) {
            Some(_) => self.error(JsonErrorKind::Control),
            None => self.error_at(self.text.len(), JsonErrorKind::End),
        }
    }

    /// The character behind a backslash. Half a surrogate pair is U+FFFD, as in Go.
    fn escape(&mut self) -> Result<char, Error> {
        let start = self.at;
        let Some([_, letter]) = self.bytes().first_chunk() else {
            return Err(self.error_at(self.text.len(), JsonErrorKind::End));
        };
        self.at += 2;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let Some(unit) = self.code_unit() else {
                    return Err(self.error_at(start, JsonErrorKind::Escape));
                };
                self.surrogates(unit)
            }
            _ => return Err(self.error_at(start, JsonErrorKind::Escape)),
        })
    }

    fn surrogates(&mut self, unit: u32) -> char {
        let before = self.at;
        if (0xd800..0xdc00).contains(&unit) && self.bytes().starts_with(b"\\u") {
            self.at += 2;
            match self.code_unit() {
                Some(low) if (0xdc00..0xe000).contains(&low) => {
                    let point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    return char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
                }
                // Whatever follows stands for itself.
                _ => self.at = before,
            }
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn code_unit(&mut self) -> Option<u32> {
        let digits: &[u8; 4] = self.bytes().first_chunk()?;
        let mut unit = 0;
        for digit in digits {
            unit = unit << 4 | char::from(*digit).to_digit(16)?;
        }
        self.at += 4;
        Some(unit)
    }

    /// The text of a number.
    pub(crate) fn number(&mut self) -> Result<&'a str, Error> {
        self.peek();
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let len = self.bytes().iter().take_while(is_part).count();
        let text = self.text.get(self.at..self.at + len).unwrap_or_default();
        if !is_number(text) {
            return Err(self.error(JsonErrorKind::Expected { expected: "a number" }));
        }
        self.at += len;
        Ok(text)
    }

    /// An integer that is spelt plainly, if one comes next.
    #[inline]
    pub(crate) fn take_integer(&mut self) -> Option<i64> {
        self.peek();
        let (value, len) = decimal::integer(self.bytes())?;
        self.at += len;
        Some(value)
    }

    /// An integer that is spelt plainly within quotes, if one comes next.
    #[inline]
    pub(crate) fn take_quoted_integer(&mut self) -> Option<i64> {
        self.peek();
        let [b'"', digits @ ..] = self.bytes() else { return None };
        let (value, len) = decimal::integer(digits)?;
        if digits.get(len) != Some(&b'"') {
            return None;
        }
        self.at += len + 2;
        Some(value)
    }

    /// Steps over a value of any kind.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        self.peek();
        match behind_value(self.bytes()) {
            Some(rest) => {
                self.at = self.text.len() - rest.len();
                Ok(())
            }
            None => self.skip_any(0),
        }
    }

    fn skip_any(&mut self, depth: u32) -> Result<(), Error> {
        if depth == SKIPPED_DEPTH_MAX {
            return Err(self.error(JsonErrorKind::TooDeep));
        }
        match self.peek() {
            b'"' => drop(self.string()?),
            b'{' => self.object(|reader, _| reader.skip_any(depth + 1))?,
            b'[' => self.array(|reader| reader.skip_any(depth + 1))?,
            b'n' => drop(self.take_null()?),
            b't' | b'f' => drop(self.bool()?),
            _ => drop(self.number()?),
        }
        Ok(())
    }

    /// An object; `member` reads the value behind each name.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect(b'{', "an object")?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.expect(b':', "`:`")?;
            member(self, &name)?;
            if !self.take(b',') {
                return self.expect(b'}', "`,` or `}`");
            }
        }
    }

    /// The first name in the object that comes next.
    pub(crate) fn first_name(mut self) -> Option<String> {
        let name = if self.take(b'{') { self.string().ok()? } else { return None };
        Some(name.into_owned())
    }

    /// An array; `element` reads each element.
    #[inline]
    pub(crate) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect(b'[', "an array")?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if !self.take(b',') {
                return self.expect(b']', "`,` or `]`");
            }
        }
    }

    /// An array of numbers, appended to `out`: `plain` reads one that is spelt plainly at the head of
    /// what comes, and tells its length; `other` reads whatever else may stand there.
    #[inline]
    pub(crate) fn numbers<T>(
        &mut self,
        plain: impl Fn(&[u8]) -> Option<(T, usize)>,
        other: impl Fn(&mut Self) -> Result<T, Error>,
        out: &mut Vec<T>,
    ) -> Result<(), Error> {
        self.array(|reader| {
            reader.peek();
            let text = reader.text.as_bytes();
            let plain_at = |at: usize| plain(text.get(at..)?).map(|(value, len)| (value, at + len));
            let Some((value, mut at)) = plain_at(reader.at) else {
                out.push(other(reader)?);
                return Ok(());
            };
            out.push(value);
            // Those that follow without white space.
            while text.get(at) == Some(&b',')
                && let Some((value, end)) = plain_at(at + 1)
            {
                out.push(value);
                at = end;
            }
            reader.at = at;
            Ok(())
        })
    }

    /// Checks that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        match self.peek() {
            0 if self.at == self.text.len() => Ok(()),
            _ => Err(self.error(JsonErrorKind::Trailing)),
        }
    }
}

/// Whether `text` is spelt as JSON wants a number.
pub(crate) fn is_number(text: &str) -> bool {
    fn digits(text: &str) -> Option<&str> {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < text.len()).then_some(rest)
    }
    let text = text.strip_prefix('-').unwrap_or(text);
    let leading_zero =
        text.starts_with('0') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let Some(mut rest) = digits(text).filter(|_| !leading_zero) else { return false };
    if let Some(fraction) = rest.strip_prefix('.') {
        let Some(after) = digits(fraction) else { return false };
        rest = after;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let Some(after) = digits(exponent) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// Appends `text` as a JSON string. What has to be escaped is, and what `also` names.
pub(crate) fn write_string(text: &str, out: &mut String, also: impl Fn(char) -> bool) {
    out.push('"');
    let mut run = 0;
    for (at, c) in text.char_indices() {
        let letter = match c {
            '"' | '\\' => c,
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\0'..='\u{1f}' => 'u',
            c if also(c) => 'u',
            _ => continue,
        };
        out.push_str(text.get(run..at).unwrap_or_default());
        run = at + c.len_utf8();
        out.push('\\');
        out.push(letter);
        if letter == 'u' {
            // Writing to a string does not fail.
            let _ = write!(out, "{:04x}", u32::from(c));
        }
    }
    out.push_str(text.get(run..).unwrap_or_default());
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn skip(text: &str) -> Result<(), Error> {
        let mut reader = Reader::new(text.as_bytes())?;
        reader.skip()?;
        reader.end()
    }

    #[test]
    fn strings_are_unescaped() {
        let text = r#""a\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00\ud83dx\udc00""#;
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        assert_eq!(reader.string().unwrap(), "a\"\\/\u{8}\u{c}\n\r\tü😀\u{fffd}x\u{fffd}");
        assert!(matches!(Reader::new(b"\"plain\"").unwrap().string(), Ok(Cow::Borrowed("plain"))));
        assert_eq!(Reader::new(br#""\u0041""#).unwrap().string().unwrap(), "A");
    }

    #[test]
    fn strings_that_are_written_are_read() {
        let text = "a\"\\\u{8}\u{c}\n\r\tü😀\u{1}<";
        let mut out = String::new();
        write_string(text, &mut out, |c| c == '<');
        assert_eq!(out, r#""a\"\\\b\f\n\r\tü😀\u0001\u003c""#);
        assert_eq!(Reader::new(out.as_bytes()).unwrap().string().unwrap(), text);
    }

    #[test]
    fn errors_name_their_byte() {
        let cases = [
            ("{\"a\":}", 5, "expected a number"),
            ("{\"a\" 1}", 5, "expected `:`"),
            ("[1 2]", 3, "expected `,` or `]`"),
            ("[1", 2, "the text ends too early"),
            ("\"a", 2, "the text ends too early"),
            ("\"a\\x\"", 2, "no escape is spelt like this"),
            ("\"a\u{1}\"", 2, "a control character in a string must be escaped"),
            ("{} x", 3, "the request has ended before this"),
            ("01", 0, "expected a number"),
            ("nul", 0, "expected null"),
        ];
        for (text, position, message) in cases {
            let error = skip(text).unwrap_err();
            assert_eq!(error.to_string(), format!("byte {position}: {message}"), "{text}");
        }
        assert_eq!(Reader::new(b"{\"\xff").unwrap_err().position(), Some(2));
        assert!(matches!(
            skip(&"[".repeat(1_000)),
            Err(Error::Json { kind: JsonErrorKind::TooDeep, .. })
        ));
        for depth in [15, 16, 17, 127] {
            assert!(skip(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth))).is_ok());
        }
    }

    proptest! {
        /// Stepping over a plain value at once is stepping over it token by token.
        #[test]
        fn values_are_skipped_alike(text in r#"(\{"a":|\{|\}|\[|\]|,|:|null|true|fals|1|-0|01|2\.5|"ü"|"\\n"| ){0,14}"#) {
            let reader = Reader::new(text.as_bytes()).unwrap();
            let (mut at_once, mut by_token) = (reader, reader);
            let results = [at_once.skip(), by_token.skip_any(0)];
            let [at_once, by_token] = [at_once, by_token].map(|reader| reader.at());
            let [first, second] = results.map(|result| result.map_err(|error| error.to_string()));
            prop_assert_eq!(&first, &second, "{}", text);
            prop_assert!(first.is_err() || at_once == by_token, "{}", text);
        }

        /// A string is what another reader makes of it, whichever way it is read.
        #[test]
        fn strings_are_those_of_another_reader(text in r#""([ -!#-\[\]-~]{0,40}|[\x00-\x20ü😀]|\\["\\/bfnrtxu]|\\u00[0-9a-gA-F]{2}|\\ud83d\\ude0[0-9a-f]){0,5}"?"#) {
            let other = serde_json::from_str::<String>(&text).ok();
            let reader = Reader::new(text.as_bytes()).unwrap();
            let (mut whole, mut appended, mut out) = (reader, reader, String::new());
            let read = whole.string().ok().filter(|_| whole.end().is_ok());
            prop_assert_eq!(read.as_deref(), other.as_deref());
            let is_right = appended.append_string(&mut out).is_ok() && appended.end().is_ok();
            prop_assert_eq!(is_right.then_some(out), other);
        }

        /// What is accepted is what another reader accepts, on text that is nearly JSON.
        #[test]
        fn the_same_text_is_json_as_elsewhere(text in r#"[\[\]{}",:0-9eE+.\-a-c\\n tu]{0,12}"#) {
            // The other reader refuses halves of surrogate pairs, which cannot occur here.
            let other: Result<serde_json::Value, _> = serde_json::from_str(&text);
            // It also refuses numbers that fit no float.
            let too_large = other.as_ref().is_err_and(|e| e.to_string().contains("out of range"));
            prop_assert!(too_large || skip(&text).is_ok() == other.is_ok(), "{text}: {other:?}");
        }
    }
}
