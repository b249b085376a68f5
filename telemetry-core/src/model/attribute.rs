//! Attribute values as OpenTelemetry defines them.

use std::fmt;

/// The value of an attribute: OpenTelemetry's `AnyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum AttributeValue {
    /// No value at all (`AnyValue` without a member).
    #[default]
    Empty,
    /// Text.
    String(String),
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list, possibly of mixed types.
    Array(Vec<AttributeValue>),
    /// Named values, in the order given.
    Map(Vec<KeyValue>),
}

/// A named attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue {
    /// The name; any UTF-8 text.
    pub key: String,
    /// The value.
    pub value: AttributeValue,
}

impl KeyValue {
    /// A named attribute from anything that is a name and a value.
    pub fn new(key: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        KeyValue { key: key.into(), value: value.into() }
    }

    /// The first value called `key`.
    pub fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a AttributeValue> {
        attributes.iter().find(|attribute| attribute.key == key).map(|found| &found.value)
    }
}

impl AttributeValue {
    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            AttributeValue::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(value: &str) -> Self {
        AttributeValue::String(value.to_owned())
    }
}

impl From<String> for AttributeValue {
    fn from(value: String) -> Self {
        AttributeValue::String(value)
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> Self {
        AttributeValue::Bool(value)
    }
}

impl From<i64> for AttributeValue {
    fn from(value: i64) -> Self {
        AttributeValue::Int(value)
    }
}

impl From<f64> for AttributeValue {
    fn from(value: f64) -> Self {
        AttributeValue::Double(value)
    }
}

/// Text for people: strings bare, lists in brackets, maps in braces, bytes in hexadecimal.
impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttributeValue::Empty => Ok(()),
            AttributeValue::String(text) => f.write_str(text),
            AttributeValue::Bool(value) => write!(f, "{value}"),
            AttributeValue::Int(value) => write!(f, "{value}"),
            AttributeValue::Double(value) => write!(f, "{value}"),
            AttributeValue::Bytes(bytes) => bytes.iter().try_for_each(|b| write!(f, "{b:02x}")),
            AttributeValue::Array(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            AttributeValue::Map(entries) => {
                f.write_str("{")?;
                for (at, entry) in entries.iter().enumerate() {
                    write!(f, "{}{}={}", if at == 0 { "" } else { ", " }, entry.key, entry.value)?;
                }
                f.write_str("}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_keys_is_found() {
        let attributes =
            [KeyValue::new("a", 1_i64), KeyValue::new("b", "x"), KeyValue::new("b", "y")];
        assert_eq!(KeyValue::find(&attributes, "b").and_then(AttributeValue::as_str), Some("x"));
        assert_eq!(KeyValue::find(&attributes, "c"), None);
    }

    #[test]
    fn values_print_for_people() {
        let value = AttributeValue::Map(vec![
            KeyValue::new("a", AttributeValue::Array(vec![1_i64.into(), "x".into()])),
            KeyValue::new("b", AttributeValue::Bytes(vec![0, 255])),
        ]);
        assert_eq!(value.to_string(), "{a=[1, x], b=00ff}");
    }
}
