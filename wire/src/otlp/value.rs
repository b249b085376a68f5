//! Attribute values as they lie in the input, and what becomes of them.
//!
//! ~~~text
//! KeyValue     1 key · 2 value                 ArrayValue    1 values*      KeyValueList  1 values*
//! AnyValue     1 string · 2 bool · 3 int · 4 double · 5 array · 6 list of named values · 7 bytes
//! ~~~
//!
//! Reading is shallow: arrays and lists stay bytes until somebody asks for the owned value or for
//! the text. Text follows OpenTelemetry's collector, on which Loki and Prometheus build: strings
//! as they are, numbers as JSON writes them, bytes in base64, arrays and lists as JSON with sorted
//! names and `<`, `>`, `&` escaped. Not a number and infinities, which JSON does not have, become
//! `NaN`, `+Inf` and `-Inf`, within JSON as strings.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use telemetry_core::model::{AttributeValue, KeyValue};
use telemetry_core::sink::{RawAttribute, RawValue};
use telemetry_core::syntax::number;

use super::texts::Texts;
use crate::base64;
use crate::error::{Error, Fault};
use crate::json;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, Writer};

/// How deeply arrays and lists may be nested.
pub(super) const VALUE_DEPTH_MAX: u32 = 32;

/// Tags of one byte: field number and wire type of a key, its value, a string and an integer.
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;
const STRING: u8 = 0x0a;
const INT: u8 = 0x18;

/// A named value, its parts still in the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'a> {
    pub(super) key: Bytes<'a>,
    pub(super) value: Any<'a>,
}

/// A value, arrays and lists still unread.
#[derive(Clone, Copy, Debug)]
pub(super) enum Any<'a> {
    Empty,
    String(Bytes<'a>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Array(Reader<'a>),
    Map(Reader<'a>),
    Bytes(&'a [u8]),
}

impl<'a> Attribute<'a> {
    #[inline]
    pub(super) fn read(message: Reader<'a>) -> Result<Self, Fault> {
        match Attribute::plain(message.rest()) {
            Some(attribute) => Ok(attribute),
            None => Attribute::read_any(message),
        }
    }

    /// The attribute as nearly all are: its key, then a text or an integer, and nothing else, all
    /// of them short. None where it has another form.
    #[inline]
    fn plain(message: Bytes<'a>) -> Option<Self> {
        let [KEY, key_len @ ..0x80, after @ ..] = message.bytes else { return None };
        let (key, after) = after.split_at_checked(usize::from(*key_len))?;
        let [VALUE, any_len @ ..0x80, any @ ..] = after else { return None };
        if usize::from(*any_len) != any.len() {
            return None;
        }
        let value = match any {
            [STRING, len @ ..0x80, text @ ..] if usize::from(*len) == text.len() => {
                let at = message.at + message.bytes.len() - text.len();
                Any::String(Bytes { bytes: text, at })
            }
            [INT, low @ ..0x80] => Any::Int(i64::from(*low)),
            [INT, low, high @ ..0x80] if *low >= 0x80 => {
                Any::Int(i64::from(*low & 0x7f) | i64::from(*high) << 7)
            }
            _ => return None,
        };
        Some(Attribute { key: Bytes { bytes: key, at: message.at + 2 }, value })
    }

    fn read_any(mut message: Reader<'a>) -> Result<Self, Fault> {
        let mut attribute = Attribute { key: Bytes::default(), value: Any::Empty };
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => attribute.key = message.bytes()?,
                (2, Len) => attribute.value = Any::read(message.message()?)?,
                _ => message.skip(tag)?,
            }
        }
        Ok(attribute)
    }

    /// The attribute as the model keeps it; `depth` arrays and lists are around it.
    pub(super) fn to_model(self, texts: &mut Texts, depth: u32) -> Result<KeyValue, Fault> {
        Ok(KeyValue { key: texts.owned(self.key), value: self.value.to_model(texts, depth)? })
    }

    /// The attribute as a sink takes it.
    #[inline]
    pub(super) fn to_raw(self, texts: &mut Texts) -> Result<RawAttribute<'a>, Fault> {
        let key = texts.read(self.key);
        let value = match self.value {
            Any::Empty => RawValue::Empty,
            Any::String(text) => RawValue::String(texts.read(text)),
            Any::Bool(value) => RawValue::Bool(value),
            Any::Int(value) => RawValue::Int(value),
            Any::Double(value) => RawValue::Double(value),
            Any::Bytes(bytes) => RawValue::Bytes(bytes),
            nested @ (Any::Array(_) | Any::Map(_)) => RawValue::Nested(nested.to_model(texts, 0)?),
        };
        Ok(RawAttribute { key, value })
    }
}

/// Writes an attribute whose value is text, as field `number`.
pub(super) fn write_attribute(out: &mut Writer, number: u32, key: &str, value: &str) {
    out.message(number, |pair| {
        pair.bytes(1, key.as_bytes());
        pair.message(2, |any| any.bytes(1, value.as_bytes()));
    });
}

/// Attributes as the model keeps them.
pub(super) fn owned(
    attributes: &[Attribute<'_>],
    texts: &mut Texts,
) -> Result<Vec<KeyValue>, Fault> {
    attributes.iter().map(|attribute| attribute.to_model(texts, 0)).collect()
}

impl<'a> Any<'a> {
    pub(super) fn read(mut message: Reader<'a>) -> Result<Self, Fault> {
        let mut value = Any::Empty;
        while let Some(tag) = message.tag()? {
            value = match tag {
                (1, Len) => Any::String(message.bytes()?),
                (2, Varint) => Any::Bool(message.bool()?),
                (3, Varint) => Any::Int(message.int64()?),
                (4, Fixed64) => Any::Double(message.double()?),
                (5, Len) => Any::Array(message.message()?),
                (6, Len) => Any::Map(message.message()?),
                (7, Len) => Any::Bytes(message.bytes()?.bytes),
                _ => {
                    message.skip(tag)?;
                    continue;
                }
            };
        }
        Ok(value)
    }

    /// The value as the model keeps it; `depth` arrays and lists are around it.
    fn to_model(self, texts: &mut Texts, depth: u32) -> Result<AttributeValue, Fault> {
        Ok(match self {
            Any::Empty => AttributeValue::Empty,
            Any::String(text) => AttributeValue::String(texts.owned(text)),
            Any::Bool(value) => AttributeValue::Bool(value),
            Any::Int(value) => AttributeValue::Int(value),
            Any::Double(value) => AttributeValue::Double(value),
            Any::Bytes(bytes) => AttributeValue::Bytes(bytes.to_vec()),
            Any::Array(mut values) => {
                let depth = deeper(&values, depth)?;
                let mut array = Vec::new();
                while let Some(value) = next_value(&mut values)? {
                    array.push(value.to_model(texts, depth)?);
                }
                AttributeValue::Array(array)
            }
            Any::Map(mut values) => {
                let depth = deeper(&values, depth)?;
                let mut map = Vec::new();
                while let Some(entry) = next_entry(&mut values)? {
                    map.push(entry.to_model(texts, depth)?);
                }
                AttributeValue::Map(map)
            }
        })
    }

    /// Appends the value as text.
    pub(super) fn write_text(self, out: &mut String, texts: &mut Texts) -> Result<(), Fault> {
        match self {
            Any::String(text) => texts.append(text, out),
            Any::Double(value) if !value.is_finite() => write_special(value, out),
            Any::Bytes(bytes) => base64::encode(bytes, out),
            Any::Empty => {}
            value => value.write_json(out, texts, 0)?,
        }
        Ok(())
    }

    fn write_json(self, out: &mut String, texts: &mut Texts, depth: u32) -> Result<(), Fault> {
        match self {
            Any::Empty => out.push_str("null"),
            Any::String(text) => write_string(&texts.read(text), out),
            Any::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Any::Int(value) => {
                out.push_str(if value < 0 { "-" } else { "" });
                write_integer(value.unsigned_abs(), out);
            }
            Any::Double(value) if value.is_finite() => drop(number::write_json(out, value)),
            Any::Double(value) => {
                out.push('"');
                write_special(value, out);
                out.push('"');
            }
            Any::Bytes(bytes) => {
                out.push('"');
                base64::encode(bytes, out);
                out.push('"');
            }
            Any::Array(mut values) => {
                let depth = deeper(&values, depth)?;
                out.push('[');
                let mut first = true;
                while let Some(value) = next_value(&mut values)? {
                    separate(&mut first, out);
                    value.write_json(out, texts, depth)?;
                }
                out.push(']');
            }
            Any::Map(values) => write_map(values, out, texts, depth)?,
        }
        Ok(())
    }
}

/// Writes an object with its names sorted; of equal names the last counts.
fn write_map(
    mut values: Reader<'_>,
    out: &mut String,
    texts: &mut Texts,
    depth: u32,
) -> Result<(), Fault> {
    let depth = deeper(&values, depth)?;
    let mut entries: Vec<(Cow<'_, str>, Any<'_>)> = Vec::new();
    while let Some(entry) = next_entry(&mut values)? {
        entries.push((texts.read(entry.key), entry.value));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let mut rest = entries.iter().peekable();
    out.push('{');
    let mut first = true;
    while let Some((name, value)) = rest.next() {
        if rest.peek().is_some_and(|(next, _)| next == name) {
            continue;
        }
        separate(&mut first, out);
        write_string(name, out);
        out.push(':');
        value.write_json(out, texts, depth)?;
    }
    out.push('}');
    Ok(())
}

/// One array or list deeper.
pub(super) fn deeper(values: &Reader<'_>, depth: u32) -> Result<u32, Fault> {
    if depth == VALUE_DEPTH_MAX {
        return Err(Box::new(Error::TooDeep {
            position: values.position(),
            limit: VALUE_DEPTH_MAX,
        }));
    }
    Ok(depth + 1)
}

fn next_value<'a>(values: &mut Reader<'a>) -> Result<Option<Any<'a>>, Fault> {
    while let Some(tag) = values.tag()? {
        if tag == (1, Len) {
            return Any::read(values.message()?).map(Some);
        }
        values.skip(tag)?;
    }
    Ok(None)
}

/// The next named value of a list.
pub(super) fn next_entry<'a>(values: &mut Reader<'a>) -> Result<Option<Attribute<'a>>, Fault> {
    while let Some(tag) = values.tag()? {
        if tag == (1, Len) {
            return Attribute::read(values.message()?).map(Some);
        }
        values.skip(tag)?;
    }
    Ok(None)
}

fn separate(first: &mut bool, out: &mut String) {
    if !std::mem::take(first) {
        out.push(',');
    }
}

/// Appends the digits of a number.
#[inline]
pub(super) fn write_integer(value: u64, out: &mut String) {
    let (mut digits, mut rest, mut len) = ([0; 20], value, 0);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        len += 1;
        if rest == 0 {
            break;
        }
    }
    let digits = digits.get(digits.len() - len..).unwrap_or_default();
    out.push_str(str::from_utf8(digits).unwrap_or_default());
}

fn write_special(value: f64, out: &mut String) {
    // Writing to a string does not fail.
    let _ = number::write_f(out, value);
}

/// A JSON string as Go's encoder writes it, safe to embed in HTML.
pub(super) fn write_string(text: &str, out: &mut String) {
    json::write_string(text, out, |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::default();
        write(&mut writer);
        let bytes = writer.finish();
        let mut out = String::new();
        let value = Any::read(Reader::new(&bytes)).unwrap();
        value.write_text(&mut out, &mut Texts::default()).unwrap();
        out
    }

    #[test]
    fn plain_values_are_their_text() {
        assert_eq!(text(|_| {}), "");
        assert_eq!(text(|any| any.bytes(1, b"a \"b\"")), "a \"b\"");
        assert_eq!(text(|any| any.varint(2, 1)), "true");
        for value in [0, 7, -3, 120, i64::MAX, i64::MIN] {
            assert_eq!(text(|any| any.varint(3, value.cast_unsigned())), value.to_string());
        }
        assert_eq!(text(|any| any.fixed64(4, 637.704_f64.to_bits())), "637.704");
        assert_eq!(text(|any| any.fixed64(4, 1e21_f64.to_bits())), "1e+21");
        assert_eq!(text(|any| any.fixed64(4, f64::INFINITY.to_bits())), "+Inf");
        assert_eq!(text(|any| any.bytes(7, b"hello")), "aGVsbG8=");
    }

    #[test]
    fn lists_are_json_with_sorted_names() {
        let list = text(|any| {
            any.message(6, |list| {
                for (name, value) in [("b", 1), ("a<", 2), ("b", 3)] {
                    list.message(1, |entry| {
                        entry.bytes(1, name.as_bytes());
                        entry.message(2, |any| any.varint(3, value));
                    });
                }
            });
        });
        assert_eq!(list, r#"{"a\u003c":2,"b":3}"#);
        let array = text(|any| {
            any.message(5, |array| {
                array.message(1, |any| any.bytes(1, "ü\n".as_bytes()));
                array.message(1, |_| {});
                array.message(1, |any| any.fixed64(4, f64::NAN.to_bits()));
            });
        });
        assert_eq!(array, r#"["ü\n",null,"NaN"]"#);
    }

    #[test]
    fn nesting_is_bounded() {
        let mut bytes = vec![0x10, 1];
        for _ in 0..VALUE_DEPTH_MAX + 1 {
            for tag in [1, 5] {
                let mut writer = Writer::default();
                writer.bytes(tag, &bytes);
                bytes = writer.finish();
            }
        }
        let value = Any::read(Reader::new(&bytes)).unwrap();
        let error = value.write_text(&mut String::new(), &mut Texts::default()).unwrap_err();
        assert!(matches!(*error, Error::TooDeep { limit: VALUE_DEPTH_MAX, .. }));
        assert!(value.to_model(&mut Texts::default(), 0).is_err());
    }
}
