//! Values of fields, borrowed from where they are stored, and tests on them.
//!
//! What a test means is said by [`SpanTest`]; this is the same without making a [`SpanValue`] first.

use std::sync::Arc;

use telemetry_core::model::{AttributeValue, KeyValue, SpanId, SpanKind, StatusCode, TraceId};
use telemetry_core::source::span::{Comparison, SpanTest, SpanValue, short_trace_id};

/// The value of a field at one span.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Nil,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(&'a str),
    Duration(i64),
    Status(StatusCode),
    Kind(SpanKind),
    /// Its hexadecimal text.
    SpanId(SpanId),
    /// Its hexadecimal text without leading zeros.
    TraceId(TraceId),
    /// An array.
    Other(SpanValue),
}

impl<'a> Value<'a> {
    /// The value that an attribute has for a language.
    pub(crate) fn of(value: &'a AttributeValue) -> Self {
        match value {
            AttributeValue::String(text) => Value::Text(text),
            AttributeValue::Bool(value) => Value::Bool(*value),
            AttributeValue::Int(value) => Value::Int(*value),
            AttributeValue::Double(value) => Value::Float(*value),
            AttributeValue::Array(_) => match SpanValue::from_attribute(value) {
                SpanValue::Nil => Value::Nil,
                array => Value::Other(array),
            },
            AttributeValue::Empty | AttributeValue::Bytes(_) | AttributeValue::Map(_) => Value::Nil,
        }
    }

    /// The value of the first attribute called `name`.
    pub(crate) fn find(attributes: &'a [KeyValue], name: &str) -> Self {
        KeyValue::find(attributes, name).map_or(Value::Nil, Value::of)
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The same, owned.
    pub(crate) fn to_owned(&self) -> SpanValue {
        match self {
            Value::Nil => SpanValue::Nil,
            Value::Int(value) => SpanValue::Int(*value),
            Value::Float(value) => SpanValue::Float(*value),
            Value::Bool(value) => SpanValue::Bool(*value),
            Value::Text(text) => SpanValue::String(Arc::from(*text)),
            Value::Duration(value) => SpanValue::Duration(*value),
            Value::Status(status) => SpanValue::Status(*status),
            Value::Kind(kind) => SpanValue::Kind(*kind),
            Value::SpanId(id) => SpanValue::String(Arc::from(hex(&id.0, &mut [0; 16]))),
            Value::TraceId(id) => SpanValue::String(short_trace_id(*id)),
            Value::Other(value) => value.clone(),
        }
    }

    /// Whether the value holds a test.
    pub(crate) fn holds(&self, test: &SpanTest) -> bool {
        match self {
            Value::Nil => false,
            Value::Int(value) | Value::Duration(value) => holds_int(test, *value),
            Value::Float(value) => holds_float(test, *value),
            Value::Bool(value) => holds_bool(test, *value),
            Value::Text(text) => holds_text(test, text),
            Value::Status(status) => match test {
                SpanTest::Exists => true,
                SpanTest::Compare(comparison, SpanValue::Status(other)) => {
                    is_equality(*comparison) && comparison.accepts(status.cmp(other))
                }
                _ => false,
            },
            Value::Kind(kind) => match test {
                SpanTest::Exists => true,
                SpanTest::Compare(comparison, SpanValue::Kind(other)) => {
                    is_equality(*comparison) && comparison.accepts(kind.cmp(other))
                }
                _ => false,
            },
            Value::SpanId(id) => holds_text(test, hex(&id.0, &mut [0; 16])),
            Value::TraceId(id) => {
                holds_text(test, hex(&id.0, &mut [0; 32]).trim_start_matches('0'))
            }
            Value::Other(value) => test.holds(value),
        }
    }
}

fn is_equality(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Equal | Comparison::NotEqual)
}

/// Whether an integer, or the nanoseconds of a duration, hold a test.
#[inline]
pub(crate) fn holds_int(test: &SpanTest, value: i64) -> bool {
    match test {
        SpanTest::Exists => true,
        SpanTest::Compare(comparison, SpanValue::Int(other) | SpanValue::Duration(other)) => {
            comparison.accepts(value.cmp(other))
        }
        SpanTest::Compare(comparison, SpanValue::Float(other)) => {
            comparison.accepts_f64(value as f64, *other)
        }
        _ => false,
    }
}

/// Whether a floating-point number holds a test.
#[inline]
pub(crate) fn holds_float(test: &SpanTest, value: f64) -> bool {
    match test {
        SpanTest::Exists => true,
        SpanTest::Compare(comparison, other) => {
            other.as_f64().is_some_and(|other| comparison.accepts_f64(value, other))
        }
        _ => false,
    }
}

/// Whether a boolean holds a test.
pub(crate) fn holds_bool(test: &SpanTest, value: bool) -> bool {
    match test {
        SpanTest::Exists => true,
        SpanTest::Compare(comparison, SpanValue::Bool(other)) => {
            is_equality(*comparison) && comparison.accepts(value.cmp(other))
        }
        _ => false,
    }
}

/// Whether a text holds a test.
pub(crate) fn holds_text(test: &SpanTest, text: &str) -> bool {
    match test {
        SpanTest::Exists => true,
        SpanTest::Compare(comparison, SpanValue::String(other)) => {
            comparison.accepts(text.as_bytes().cmp(other.as_bytes()))
        }
        SpanTest::Compare(..) => false,
        SpanTest::Regex(regex) => regex.is_match_str(text),
        SpanTest::NotRegex(regex) => !regex.is_match_str(text),
    }
}

/// Lower-case hexadecimal digits of `bytes`; `buffer` is twice as long.
fn hex<'a>(bytes: &[u8], buffer: &'a mut [u8]) -> &'a str {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    for (pair, byte) in buffer.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    // Digits are ASCII.
    std::str::from_utf8(buffer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::sample::{Random, attribute};
    use telemetry_core::labels::regex::Regex;

    fn tests() -> Vec<SpanTest> {
        let mut operands: Vec<SpanValue> = vec![
            SpanValue::Nil,
            200_i64.into(),
            200.0.into(),
            0.5.into(),
            f64::NAN.into(),
            "GET".into(),
            true.into(),
            SpanValue::Duration(404),
            SpanValue::Status(StatusCode::Error),
            SpanValue::Kind(SpanKind::Server),
            "0101010101010101".into(),
        ];
        operands.push(SpanValue::Ints(Arc::from([1_i64, 2])));
        let comparisons = [
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessEqual,
            Comparison::Greater,
            Comparison::GreaterEqual,
        ];
        let regex = Regex::new("G.T|.*01").unwrap();
        let mut tests =
            vec![SpanTest::Exists, SpanTest::Regex(regex.clone()), SpanTest::NotRegex(regex)];
        for operand in operands {
            tests.extend(comparisons.map(|by| SpanTest::Compare(by, operand.clone())));
        }
        tests
    }

    #[test]
    fn borrowed_values_hold_what_owned_ones_hold() {
        let mut random = Random(7);
        let attributes: Vec<KeyValue> = (0..400).map(|_| attribute(&mut random)).collect();
        let mut values: Vec<Value<'_>> = attributes.iter().map(|a| Value::of(&a.value)).collect();
        values.extend([StatusCode::Error, StatusCode::Ok].map(Value::Status));
        values.extend([SpanKind::Server, SpanKind::Client].map(Value::Kind));
        values.extend([404, -1].map(Value::Duration));
        values.push(Value::SpanId(SpanId([1; 8])));
        values.push(Value::TraceId(TraceId([0xab; 16])));
        values.push(Value::TraceId(TraceId([1; 16])));
        for test in tests() {
            for value in &values {
                assert_eq!(value.holds(&test), test.holds(&value.to_owned()), "{value:?} {test:?}");
            }
        }
    }
}
