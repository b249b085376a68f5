//! JSON documents as stages read and write them.

use super::entry::Value;
use crate::stage::json::{skip_blank, string_end, unescape_into};

/// How deeply a document may be nested; a deeper one is malformed.
const DEPTH_MAX: u32 = 128;

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// A number with its spelling.
    Number(f64, String),
    Text(String),
    Array(Vec<Json>),
    /// Members in order; of equal names the last counts.
    Object(Vec<(String, Json)>),
}

/// The elements of an array as they are written; none of what is no array.
pub(super) fn elements(text: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader { text, at: 0 };
    let mut found = Vec::new();
    if !reader.take(b'[') {
        return None;
    }
    if !reader.take(b']') {
        loop {
            reader.peek()?;
            let start = reader.at;
            reader.value(DEPTH_MAX)?;
            found.push(text.get(start..reader.at)?);
            if reader.take(b']') {
                break;
            }
            if !reader.take(b',') {
                return None;
            }
        }
    }
    skip_blank(text, reader.at).is_none().then_some(found)
}

impl Json {
    /// Reads a whole document.
    pub(super) fn read(text: &[u8]) -> Option<Json> {
        let mut reader = Reader { text, at: 0 };
        let json = reader.value(DEPTH_MAX)?;
        skip_blank(text, reader.at).is_none().then_some(json)
    }

    pub(super) fn member(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => {
                members.iter().rev().find(|member| member.0 == name).map(|member| &member.1)
            }
            _ => None,
        }
    }

    /// The value as stages keep it: arrays and objects as their text.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(value, _) => Value::Number(*value),
            Json::Text(text) => Value::Text(text.clone()),
            Json::Array(_) | Json::Object(_) => {
                let mut out = String::new();
                self.write(&mut out);
                Value::Text(out)
            }
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            // Writing to a string does not fail.
            Json::Number(value, _) => {
                let _ = telemetry_core::syntax::number::write_json(out, *value);
            }
            Json::Text(text) => write_text(text, out),
            Json::Array(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                let mut sorted: Vec<&(String, Json)> = members.iter().rev().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                sorted.dedup_by(|a, b| a.0 == b.0);
                out.push('{');
                for (at, (name, value)) in sorted.into_iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// A JSON string as Go writes it, safe to embed in HTML.
pub(super) fn write_text(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.at = skip_blank(self.text, self.at)?;
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: u32) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        match self.peek()? {
            b'"' => self.string().map(Json::Text),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            _ => self.word(),
        }
    }

    fn string(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        let (end, _) = string_end(self.text, self.at + 1)?;
        let body = self.text.get(self.at + 1..end)?;
        let mut out = String::new();
        if body.iter().any(|byte| *byte < 0x20) || !unescape_into(&mut out, body) {
            return None;
        }
        self.at = end + 1;
        Some(out)
    }

    fn object(&mut self, depth: u32) -> Option<Json> {
        self.at += 1;
        let mut members = Vec::new();
        if self.take(b'}') {
            return Some(Json::Object(members));
        }
        loop {
            let name = self.string()?;
            if !self.take(b':') {
                return None;
            }
            members.push((name, self.value(depth)?));
            if !self.take(b',') {
                return self.take(b'}').then_some(Json::Object(members));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<Json> {
        self.at += 1;
        let mut values = Vec::new();
        if self.take(b']') {
            return Some(Json::Array(values));
        }
        loop {
            values.push(self.value(depth)?);
            if !self.take(b',') {
                return self.take(b']').then_some(Json::Array(values));
            }
        }
    }

    fn word(&mut self) -> Option<Json> {
        let rest = self.text.get(self.at..)?;
        let ends =
            |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':') || byte.is_ascii_whitespace();
        let len = rest.iter().position(ends).unwrap_or(rest.len());
        let word = std::str::from_utf8(rest.get(..len)?).ok()?;
        self.at += len;
        match word {
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            "null" => Some(Json::Null),
            word => {
                let is_number =
                    |byte: u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let number: f64 = word.parse().ok()?;
                let spelt = word.bytes().all(is_number) && !word.starts_with(['+', '.']);
                (spelt && number.is_finite()).then(|| Json::Number(number, word.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn documents_are_read_and_written() {
        let text = r#" {"b": [1.50, -2e3, true, null, {}], "a": "x\"\u00fc<", "b": []} "#;
        let json = Json::read(text.as_bytes()).unwrap();
        assert_eq!(json.to_value(), Value::from(r#"{"a":"x\"ü\u003c","b":[]}"#));
        assert_eq!(json.member("b"), Some(&Json::Array(vec![])));
        for text in ["", "{", "{\"a\" 1}", "[1,]", "{} x", "01x", "\"a", "[1 2]", "nul"] {
            assert_eq!(Json::read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Json::read("[".repeat(1_000).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_document_or_none(text in r#"[\[\]{}",:0-9eE.\-a-c\\n tu]{0,24}"#) {
            let _ = Json::read(text.as_bytes());
        }
    }
}
