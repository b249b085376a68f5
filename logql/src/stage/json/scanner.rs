//! A pull scanner over JSON text: finds ends, checks little, copies nothing.
//!
//! It is as lenient as the scanner that Loki uses, as what it accepts decides which labels a
//! broken line has: text behind the object is ignored, a comma may trail, brackets inside skipped
//! values only have to balance.

use crate::stage::near::quote_or_escape;
use memchr::memchr3;
use std::ops::Range;

/// What is wrong with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("Malformed JSON error")]
    Malformed,
    #[error("Unknown value type")]
    UnknownValue,
    #[error("Value is string, but can't find closing '\"' symbol")]
    String,
    #[error("Value is array, but can't find closing ']' symbol")]
    Array,
    #[error("Value looks like object, but can't find closing '}}' symbol")]
    Object,
    #[error("Value looks like Number/Boolean/None, but can't find its end: ',' or '}}' symbol")]
    Token,
    #[error("Encountered an invalid escape sequence in a string")]
    Escape,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonKind {
    String,
    Number,
    Bool,
    Null,
    Object,
    Array,
}

/// A value: its kind, its text (a string's without the quotes), and where the text goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonValue {
    pub(crate) kind: JsonKind,
    pub(crate) text: Range<usize>,
    pub(crate) next: usize,
}

/// Position of the next byte at or behind `at` that is no blank.
pub(crate) fn skip_blank(json: &[u8], at: usize) -> Option<usize> {
    let rest = json.get(at..)?;
    if rest.first().is_some_and(|byte| *byte > b' ') {
        return Some(at);
    }
    let blank = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))?;
    Some(at + blank)
}

/// The string whose opening quote is at `at - 1`: the end of its text, and whether it has escapes.
pub(crate) fn string_end(json: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut escaped = false;
    let mut from = at;
    loop {
        let found = from + quote_or_escape(json.get(from..)?)?;
        if json.get(found) == Some(&b'"') {
            return Some((found, escaped));
        }
        escaped = true;
        from = found + 2;
    }
}

/// Position behind the bracket that closes the one at `at`; brackets in strings do not count.
pub(crate) fn block_end(json: &[u8], at: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    let mut from = at;
    loop {
        let found = from + memchr3(b'"', open, close, json.get(from..)?)?;
        match json.get(found) {
            Some(b'"') => from = string_end(json, found + 1)?.0 + 1,
            Some(byte) if *byte == open => {
                depth += 1;
                from = found + 1;
            }
            _ => {
                depth = depth.saturating_sub(1);
                from = found + 1;
                if depth == 0 {
                    return Some(from);
                }
            }
        }
    }
}

/// The value that starts at or behind `at`.
pub(crate) fn value(json: &[u8], at: usize) -> Result<JsonValue, JsonError> {
    let at = skip_blank(json, at).ok_or(JsonError::Malformed)?;
    match json.get(at) {
        Some(b'"') => {
            let (end, _) = string_end(json, at + 1).ok_or(JsonError::String)?;
            Ok(JsonValue { kind: JsonKind::String, text: at + 1..end, next: end + 1 })
        }
        Some(b'{') => {
            let next = block_end(json, at, b'{', b'}').ok_or(JsonError::Object)?;
            Ok(JsonValue { kind: JsonKind::Object, text: at..next, next })
        }
        Some(b'[') => {
            let next = block_end(json, at, b'[', b']').ok_or(JsonError::Array)?;
            Ok(JsonValue { kind: JsonKind::Array, text: at..next, next })
        }
        _ => token(json, at),
    }
}

/// A number, `true`, `false` or `null` at `at`.
pub(crate) fn token(json: &[u8], at: usize) -> Result<JsonValue, JsonError> {
    let rest = json.get(at..).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b'}' | b']');
    let len = rest.iter().position(ends).ok_or(JsonError::Token)?;
    let text = rest.get(..len).unwrap_or_default();
    let kind = match text.first() {
        Some(b't' | b'f') if matches!(text, b"true" | b"false") => JsonKind::Bool,
        Some(b'n') if text == b"null" => JsonKind::Null,
        Some(b'0'..=b'9' | b'-') => JsonKind::Number,
        _ => return Err(JsonError::UnknownValue),
    };
    Ok(JsonValue { kind, text: at..at + len, next: at + len })
}

/// Appends what the text of a string means; false if an escape is broken. Bytes that are not
/// UTF-8 become blanks.
pub(crate) fn unescape_into(out: &mut String, text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        crate::stage::sanitize::text_into(out, rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let Some(len) = escape_into(out, rest) else { return false };
        rest = rest.get(len..).unwrap_or_default();
    }
    crate::stage::sanitize::text_into(out, rest);
    true
}

/// Appends what the escape behind a backslash means; gives its length.
fn escape_into(out: &mut String, rest: &[u8]) -> Option<usize> {
    let simple = match rest.first()? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_into(out, rest),
        _ => return None,
    };
    out.push(simple);
    Some(1)
}

/// `uXXXX`, or two of them that make one character.
fn unicode_into(out: &mut String, rest: &[u8]) -> Option<usize> {
    let unit = |at: usize| -> Option<u32> {
        let digits = std::str::from_utf8(rest.get(at..at + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let high = unit(1)?;
    if !(0xd800..0xe000).contains(&high) {
        out.push(char::from_u32(high)?);
        return Some(5);
    }
    if high >= 0xdc00 || rest.get(5..7)? != b"\\u" {
        return None;
    }
    let low = unit(7)?;
    if !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    out.push(char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?);
    Some(11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_where_brackets_balance() {
        let json = br#"{"a":{"b":"}"},"c":["{"]} x"#;
        assert_eq!(block_end(json, 0, b'{', b'}'), Some(json.len() - 2));
        assert_eq!(block_end(json, 5, b'{', b'}'), Some(14));
        assert_eq!(block_end(b"{\"a\":{}", 0, b'{', b'}'), None);
    }

    #[test]
    fn escapes() {
        let mut out = String::new();
        assert!(unescape_into(&mut out, br#"say \"hi\" \\ \t\u00e9\ud83d\ude00"#));
        assert_eq!(out, "say \"hi\" \\ \té😀");
        for broken in [&br"\x"[..], br"\u12", br"\ud83d", br"\ude00", br"\"] {
            assert!(!unescape_into(&mut String::new(), broken), "{broken:?}");
        }
    }

    #[test]
    fn tokens_need_an_end() {
        assert_eq!(token(b"12,", 0).unwrap().kind, JsonKind::Number);
        assert_eq!(token(b"12", 0), Err(JsonError::Token));
        assert_eq!(token(b"nul,", 0), Err(JsonError::UnknownValue));
        assert_eq!(token(b"}", 0), Err(JsonError::UnknownValue));
    }
}
