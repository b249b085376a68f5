//! String literals as Go and Prometheus spell them.
//!
//! Three forms: `"…"` and `'…'` with escapes, `` `…` `` raw. Escapes are Go's: `\a \b \f \n \r
//! \t \v \\`, the literal's own quote, `\x` with two hex digits, three octal digits, `\u` with
//! four and `\U` with eight hex digits. Hex and octal escapes give bytes, so a literal can spell
//! invalid UTF-8; whether that is allowed is the caller's choice ([`read`] or [`read_bytes`]).
//!
//! Source: the Go specification, section "String literals", and `strconv.Quote`. Prometheus adds
//! the single-quoted form; LogQL and TraceQL do not have it and check the first byte themselves.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::Span;
use std::borrow::Cow;
use std::fmt::{self, Write};

/// Why a text is no string literal, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct StringError {
    /// What is wrong.
    pub kind: StringErrorKind,
    /// The bytes at fault, counted from the start of the text given.
    pub span: Span,
}

/// What can be wrong with a string literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StringErrorKind {
    /// The text does not begin with a quote.
    #[error("expected a quoted string")]
    NotQuoted,
    /// The closing quote is missing.
    #[error("string literal is not terminated")]
    Unterminated,
    /// A line ends inside a quoted literal; only a raw one may span lines.
    #[error("newline in string literal")]
    Newline,
    /// A backslash is followed by what is no escape.
    #[error("unknown escape sequence")]
    Escape,
    /// An escape names no character: a surrogate or more than U+10FFFF.
    #[error("escape sequence is an invalid Unicode code point")]
    CodePoint,
    /// The escapes of the literal spell bytes that are not UTF-8.
    #[error("string literal is not valid UTF-8")]
    InvalidUtf8,
    /// Text follows the closing quote.
    #[error("unexpected text after the string literal")]
    Trailing,
}

/// A literal read from the head of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal<T> {
    /// What the literal means.
    pub value: T,
    /// Bytes of the text that the literal takes, quotes included.
    pub len: usize,
}

/// Reads the string literal at the start of `text`; what follows it is left alone.
///
/// # Errors
/// [`StringError`] with the offset; also where the escapes do not give UTF-8.
///
/// ```
/// use telemetry_core::syntax::string::read;
/// let literal = read(r#""a\tb" or x"#)?;
/// assert_eq!((literal.value.as_ref(), literal.len), ("a\tb", 6));
/// # Ok::<(), telemetry_core::syntax::string::StringError>(())
/// ```
pub fn read(text: &str) -> Result<Literal<Cow<'_, str>>, StringError> {
    let Literal { value, len } = read_bytes(text)?;
    let value = match value {
        // The literal has no escapes, so it is a piece of `text`.
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    };
    match value {
        Some(value) => Ok(Literal { value, len }),
        None => Err(error(StringErrorKind::InvalidUtf8, 0, len)),
    }
}

/// As [`read`], for callers that take any bytes.
///
/// # Errors
/// [`StringError`] with the offset.
pub fn read_bytes(text: &str) -> Result<Literal<Cow<'_, [u8]>>, StringError> {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'`') => {
            let body = bytes.get(1..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'`', body) else {
                return Err(error(StringErrorKind::Unterminated, 0, bytes.len()));
            };
            let value = Cow::Borrowed(body.get(..end).unwrap_or_default());
            Ok(Literal { value, len: end + 2 })
        }
        Some(quote @ (b'"' | b'\'')) => read_escaped(bytes, *quote),
        _ => Err(error(StringErrorKind::NotQuoted, 0, bytes.len().min(1))),
    }
}

/// The value of `text`, which is one whole literal: Prometheus' `strutil.Unquote`.
///
/// # Errors
/// [`StringError`] with the offset.
pub fn unquote(text: &str) -> Result<Cow<'_, str>, StringError> {
    let Literal { value, len } = read(text)?;
    if len < text.len() {
        return Err(error(StringErrorKind::Trailing, len, text.len()));
    }
    Ok(value)
}

/// As [`unquote`], but a raw literal loses its carriage returns, as in Go's `strconv.Unquote`.
///
/// # Errors
/// [`StringError`] with the offset.
pub fn unquote_go(text: &str) -> Result<Cow<'_, str>, StringError> {
    let value = unquote(text)?;
    if text.starts_with('`') && value.contains('\r') {
        return Ok(Cow::Owned(value.replace('\r', "")));
    }
    Ok(value)
}

fn error(kind: StringErrorKind, start: usize, end: usize) -> StringError {
    StringError { kind, span: Span::new(start, end) }
}

fn read_escaped(bytes: &[u8], quote: u8) -> Result<Literal<Cow<'_, [u8]>>, StringError> {
    let mut owned: Option<Vec<u8>> = None;
    // Start of the run of plain bytes that is not copied yet.
    let mut run = 1;
    let mut at = 1;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(plain) = memchr::memchr3(quote, b'\\', b'\n', rest) else {
            return Err(error(StringErrorKind::Unterminated, 0, bytes.len()));
        };
        at += plain;
        let pending = bytes.get(run..at).unwrap_or_default();
        match bytes.get(at) {
            Some(b'\\') => {
                let out = owned.get_or_insert_with(Vec::new);
                out.extend_from_slice(pending);
                at += read_escape(bytes, at, quote, out)?;
                run = at;
            }
            Some(b'\n') => return Err(error(StringErrorKind::Newline, at, at + 1)),
            _ => {
                let value = match owned {
                    None => Cow::Borrowed(pending),
                    Some(mut out) => {
                        out.extend_from_slice(pending);
                        Cow::Owned(out)
                    }
                };
                return Ok(Literal { value, len: at + 1 });
            }
        }
    }
}

/// Reads the escape whose backslash is at `at`, appends what it means, returns its length.
fn read_escape(
    bytes: &[u8],
    at: usize,
    quote: u8,
    out: &mut Vec<u8>,
) -> Result<usize, StringError> {
    let bad = |len: usize| error(StringErrorKind::Escape, at, (at + len).min(bytes.len()));
    let Some(&kind) = bytes.get(at + 1) else {
        return Err(error(StringErrorKind::Unterminated, 0, bytes.len()));
    };
    let simple = match kind {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' => b'\\',
        _ if kind == quote => quote,
        b'x' => {
            let value = digits(bytes, at + 2, 2, 16).ok_or_else(|| bad(4))?;
            out.push(u8::try_from(value).map_err(|_| bad(4))?);
            return Ok(4);
        }
        b'u' | b'U' => {
            let count = if kind == b'u' { 4 } else { 8 };
            let value = digits(bytes, at + 2, count, 16).ok_or_else(|| bad(2))?;
            let Some(c) = char::from_u32(value) else {
                return Err(error(StringErrorKind::CodePoint, at, at + 2 + count));
            };
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(2 + count);
        }
        b'0'..=b'7' => {
            let value = digits(bytes, at + 1, 3, 8).ok_or_else(|| bad(2))?;
            out.push(u8::try_from(value).map_err(|_| bad(4))?);
            return Ok(4);
        }
        _ => return Err(bad(2)),
    };
    out.push(simple);
    Ok(2)
}

/// `count` digits of `radix` at `at`; at most eight, so the value fits.
fn digits(bytes: &[u8], at: usize, count: usize, radix: u32) -> Option<u32> {
    let mut value = 0u32;
    for byte in bytes.get(at..at + count)? {
        value = (value << radix.trailing_zeros()) | char::from(*byte).to_digit(radix)?;
    }
    Some(value)
}

/// `text` as Go's `strconv.Quote` writes it: in double quotes, with what cannot be printed escaped.
///
/// ```
/// assert_eq!(telemetry_core::syntax::string::quote("a\"\u{ad}\n"), r#""a\"\u00ad\n""#);
/// ```
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    // Writing to a String cannot fail.
    let _ = write_quoted(&mut out, text);
    out
}

/// Writes what [`quote`] returns.
///
/// # Errors
/// Those of the writer.
pub fn write_quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut run = 0;
    for (at, c) in text.char_indices() {
        if !needs_escape(c) {
            continue;
        }
        out.write_str(text.get(run..at).unwrap_or_default())?;
        write_escape(out, c)?;
        run = at + c.len_utf8();
    }
    out.write_str(text.get(run..).unwrap_or_default())?;
    out.write_char('"')
}

fn needs_escape(c: char) -> bool {
    match c {
        '"' | '\\' => true,
        ' '..='~' => false,
        _ => !is_print(c),
    }
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // The standard library escapes exactly the other categories when it prints a string for
    // debugging, and marks at the start of the string, hence the letter in front.
    let mut buffer = [b'a', 0, 0, 0, 0];
    let len = match buffer.get_mut(1..) {
        Some(rest) => c.encode_utf8(rest).len(),
        None => 0,
    };
    let shown = buffer.get(..1 + len).and_then(|bytes| std::str::from_utf8(bytes).ok());
    shown.is_some_and(|shown| shown.escape_debug().nth(1) == Some(c))
}

fn write_escape(out: &mut impl Write, c: char) -> fmt::Result {
    let simple = match c {
        '"' => '"',
        '\\' => '\\',
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        _ => {
            let code = u32::from(c);
            return match code {
                0..=0x7f => write!(out, "\\x{code:02x}"),
                0x80..=0xffff => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
        }
    };
    out.write_char('\\')?;
    out.write_char(simple)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> (StringErrorKind, usize) {
        let error = unquote(text).unwrap_err();
        (error.kind, error.span.start)
    }

    #[test]
    fn every_escape_of_go_is_read() {
        let text = r#""\a\b\f\n\r\t\v\\\"\x41\101é\U0001F600""#;
        assert_eq!(unquote(text).unwrap(), "\x07\x08\x0c\n\r\t\x0b\\\"AAé😀");
        assert_eq!(unquote(r"'it\'s'").unwrap(), "it's");
        assert_eq!(unquote("`a\\n\r\nb`").unwrap(), "a\\n\r\nb");
        assert_eq!(unquote_go("`a\\n\r\nb`").unwrap(), "a\\n\nb");
    }

    #[test]
    fn bytes_spelt_by_escapes_must_be_utf8_together() {
        assert_eq!(unquote(r#""\xc3\xa9""#).unwrap(), "é");
        assert_eq!(kind(r#""\xff""#), (StringErrorKind::InvalidUtf8, 0));
        assert_eq!(read_bytes(r#""\xff""#).unwrap().value.as_ref(), b"\xff");
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(kind("abc"), (StringErrorKind::NotQuoted, 0));
        assert_eq!(kind("\"abc"), (StringErrorKind::Unterminated, 0));
        assert_eq!(kind("\"abc\\"), (StringErrorKind::Unterminated, 0));
        assert_eq!(kind("\"a\nb\""), (StringErrorKind::Newline, 2));
        assert_eq!(kind(r#""ab\q""#), (StringErrorKind::Escape, 3));
        assert_eq!(kind(r#""ab\'""#), (StringErrorKind::Escape, 3));
        assert_eq!(kind(r#""\400""#), (StringErrorKind::Escape, 1));
        assert_eq!(kind(r#""\08""#), (StringErrorKind::Escape, 1));
        assert_eq!(kind(r#""\ud800""#), (StringErrorKind::CodePoint, 1));
        assert_eq!(kind(r#""a"b"#), (StringErrorKind::Trailing, 3));
        assert_eq!(kind("`abc"), (StringErrorKind::Unterminated, 0));
    }

    #[test]
    fn quotes_as_go_does() {
        let text = "\u{0}\x07\u{7f}é\u{301}\u{ad}\u{a0}\u{2028}\u{e000}\u{10ffff}😀\u{fffd}";
        let quoted = r#""\x00\a\x7fé\u0301\u00ad\u00a0\u2028\ue000\U0010ffff😀�""#;
        // A combining mark counts as printable wherever it stands.
        assert_eq!(quote(text), quoted.replace("\\u0301", "\u{301}"));
    }
}
