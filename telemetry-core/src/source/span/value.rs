//! The value of a field at one span.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::model::{AttributeValue, SpanKind, StatusCode};

/// The value of a field at one span, as trace languages see it.
///
/// Attribute values that a language cannot compare are [`Nil`](Self::Nil): bytes, maps, empty
/// arrays and arrays of mixed types. The trace itself still holds them.
#[derive(Clone, Debug, Default)]
pub enum SpanValue {
    /// No value.
    #[default]
    Nil,
    /// A signed integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    String(Arc<str>),
    /// A boolean.
    Bool(bool),
    /// Nanoseconds.
    Duration(i64),
    /// How a span ended.
    Status(StatusCode),
    /// What a span did.
    Kind(SpanKind),
    /// Integers.
    Ints(Arc<[i64]>),
    /// Floating-point numbers.
    Floats(Arc<[f64]>),
    /// Texts.
    Strings(Arc<[Arc<str>]>),
    /// Booleans.
    Bools(Arc<[bool]>),
}

/// The type of a [`SpanValue`], in the order that values of different types have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "one per variant of SpanValue, explained there")]
pub enum SpanValueKind {
    Nil,
    Int,
    Float,
    String,
    Bool,
    Ints,
    Floats,
    Strings,
    Bools,
    Duration,
    Status,
    Kind,
}

impl SpanValueKind {
    /// Whether values of this type are numbers: integers, floats and durations.
    pub fn is_number(self) -> bool {
        matches!(self, SpanValueKind::Int | SpanValueKind::Float | SpanValueKind::Duration)
    }
}

impl SpanValue {
    /// The type.
    pub fn kind(&self) -> SpanValueKind {
        match self {
            SpanValue::Nil => SpanValueKind::Nil,
            SpanValue::Int(_) => SpanValueKind::Int,
            SpanValue::Float(_) => SpanValueKind::Float,
            SpanValue::String(_) => SpanValueKind::String,
            SpanValue::Bool(_) => SpanValueKind::Bool,
            SpanValue::Duration(_) => SpanValueKind::Duration,
            SpanValue::Status(_) => SpanValueKind::Status,
            SpanValue::Kind(_) => SpanValueKind::Kind,
            SpanValue::Ints(_) => SpanValueKind::Ints,
            SpanValue::Floats(_) => SpanValueKind::Floats,
            SpanValue::Strings(_) => SpanValueKind::Strings,
            SpanValue::Bools(_) => SpanValueKind::Bools,
        }
    }

    /// Whether there is no value.
    pub fn is_nil(&self) -> bool {
        matches!(self, SpanValue::Nil)
    }

    /// The number as a float: integers, floats, and nanoseconds of durations.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            SpanValue::Int(value) | SpanValue::Duration(value) => Some(*value as f64),
            SpanValue::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            SpanValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// Number of elements of an array.
    pub fn array_len(&self) -> Option<usize> {
        match self {
            SpanValue::Ints(items) => Some(items.len()),
            SpanValue::Floats(items) => Some(items.len()),
            SpanValue::Strings(items) => Some(items.len()),
            SpanValue::Bools(items) => Some(items.len()),
            _ => None,
        }
    }

    /// Calls `each` with every element of an array, or once with a value that is not one.
    pub fn for_each_element(&self, mut each: impl FnMut(SpanValue)) {
        match self {
            SpanValue::Ints(items) => items.iter().for_each(|item| each(SpanValue::Int(*item))),
            SpanValue::Floats(items) => items.iter().for_each(|item| each(SpanValue::Float(*item))),
            SpanValue::Strings(items) => {
                items.iter().for_each(|item| each(SpanValue::String(item.clone())));
            }
            SpanValue::Bools(items) => items.iter().for_each(|item| each(SpanValue::Bool(*item))),
            other => each(other.clone()),
        }
    }

    /// A value that an attribute has for a language; see the type's own text for what becomes nil.
    pub fn from_attribute(value: &AttributeValue) -> Self {
        match value {
            AttributeValue::String(text) => SpanValue::String(Arc::from(text.as_str())),
            AttributeValue::Bool(value) => SpanValue::Bool(*value),
            AttributeValue::Int(value) => SpanValue::Int(*value),
            AttributeValue::Double(value) => SpanValue::Float(*value),
            AttributeValue::Array(items) => SpanValue::from_array(items),
            AttributeValue::Empty | AttributeValue::Bytes(_) | AttributeValue::Map(_) => {
                SpanValue::Nil
            }
        }
    }

    fn from_array(items: &[AttributeValue]) -> Self {
        fn all<T>(
            items: &[AttributeValue],
            one: impl Fn(&AttributeValue) -> Option<T>,
        ) -> Option<Arc<[T]>> {
            items.iter().map(one).collect()
        }
        let array = match items.first() {
            Some(AttributeValue::Int(_)) => all(items, |item| match item {
                AttributeValue::Int(value) => Some(*value),
                _ => None,
            })
            .map(SpanValue::Ints),
            Some(AttributeValue::Double(_)) => all(items, |item| match item {
                AttributeValue::Double(value) => Some(*value),
                _ => None,
            })
            .map(SpanValue::Floats),
            Some(AttributeValue::String(_)) => {
                all(items, |item| item.as_str().map(Arc::from)).map(SpanValue::Strings)
            }
            Some(AttributeValue::Bool(_)) => all(items, |item| match item {
                AttributeValue::Bool(value) => Some(*value),
                _ => None,
            })
            .map(SpanValue::Bools),
            _ => None,
        };
        array.unwrap_or_default()
    }

    /// A total order: numbers by value whatever their type (a duration by its nanoseconds), values
    /// of other differing types by type, text by bytes.
    pub fn total_cmp(&self, other: &SpanValue) -> Ordering {
        match (self, other) {
            (
                SpanValue::Int(a) | SpanValue::Duration(a),
                SpanValue::Int(b) | SpanValue::Duration(b),
            ) => a.cmp(b),
            (SpanValue::String(a), SpanValue::String(b)) => a.cmp(b),
            (SpanValue::Bool(a), SpanValue::Bool(b)) => a.cmp(b),
            (SpanValue::Status(a), SpanValue::Status(b)) => {
                status_number(*a).cmp(&status_number(*b))
            }
            (SpanValue::Kind(a), SpanValue::Kind(b)) => a.cmp(b),
            (SpanValue::Ints(a), SpanValue::Ints(b)) => a.cmp(b),
            (SpanValue::Strings(a), SpanValue::Strings(b)) => a.cmp(b),
            (SpanValue::Bools(a), SpanValue::Bools(b)) => a.cmp(b),
            (SpanValue::Floats(a), SpanValue::Floats(b)) => {
                let unequal =
                    a.iter().zip(b.iter()).map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne());
                unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            _ => match (self.as_f64(), other.as_f64()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => self.kind().cmp(&other.kind()),
            },
        }
    }
}

/// The number that a status has among integers: error, ok, unset.
pub(super) fn status_number(status: StatusCode) -> i64 {
    match status {
        StatusCode::Error => 0,
        StatusCode::Ok => 1,
        StatusCode::Unset => 2,
    }
}

/// Same type and same value; floats by their bits, so that values can be keys.
impl PartialEq for SpanValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SpanValue {}

/// By type, then by value.
impl Ord for SpanValue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.kind().cmp(&other.kind()).then_with(|| self.total_cmp(other))
    }
}

impl PartialOrd for SpanValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::hash::Hash for SpanValue {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.kind().hash(hasher);
        match self {
            SpanValue::Nil => {}
            SpanValue::Int(value) | SpanValue::Duration(value) => value.hash(hasher),
            SpanValue::Float(value) => value.to_bits().hash(hasher),
            SpanValue::String(text) => text.hash(hasher),
            SpanValue::Bool(value) => value.hash(hasher),
            SpanValue::Status(value) => value.hash(hasher),
            SpanValue::Kind(value) => value.hash(hasher),
            SpanValue::Ints(items) => items.hash(hasher),
            SpanValue::Floats(items) => items.iter().for_each(|item| item.to_bits().hash(hasher)),
            SpanValue::Strings(items) => items.hash(hasher),
            SpanValue::Bools(items) => items.hash(hasher),
        }
    }
}

impl From<i64> for SpanValue {
    fn from(value: i64) -> Self {
        SpanValue::Int(value)
    }
}

impl From<f64> for SpanValue {
    fn from(value: f64) -> Self {
        SpanValue::Float(value)
    }
}

impl From<bool> for SpanValue {
    fn from(value: bool) -> Self {
        SpanValue::Bool(value)
    }
}

impl From<&str> for SpanValue {
    fn from(value: &str) -> Self {
        SpanValue::String(Arc::from(value))
    }
}

/// Text for people: strings bare, durations in nanoseconds, arrays in brackets.
impl fmt::Display for SpanValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpanValue::Nil => f.write_str("nil"),
            SpanValue::Int(value) => write!(f, "{value}"),
            SpanValue::Float(value) => write!(f, "{value}"),
            SpanValue::String(text) => f.write_str(text),
            SpanValue::Bool(value) => write!(f, "{value}"),
            SpanValue::Duration(value) => write!(f, "{value}ns"),
            SpanValue::Status(status) => f.write_str(status.as_str()),
            SpanValue::Kind(kind) => f.write_str(kind.as_str()),
            array => {
                let (mut result, mut first) = (f.write_str("["), true);
                array.for_each_element(|item| {
                    let comma = if first { "" } else { ", " };
                    result = result.and_then(|()| write!(f, "{comma}{item}"));
                    first = false;
                });
                result.and_then(|()| f.write_str("]"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_one_type_are_values_and_others_are_not() {
        let strings = AttributeValue::Array(vec!["a".into(), "b".into()]);
        assert_eq!(SpanValue::from_attribute(&strings).to_string(), "[a, b]");
        let mixed = AttributeValue::Array(vec!["a".into(), 1_i64.into()]);
        assert!(SpanValue::from_attribute(&mixed).is_nil());
        assert!(SpanValue::from_attribute(&AttributeValue::Array(Vec::new())).is_nil());
    }

    #[test]
    fn numbers_order_by_value_and_equal_only_within_a_type() {
        let (one, one_float) = (SpanValue::Int(1), SpanValue::Float(1.0));
        assert!(one.total_cmp(&one_float).is_eq());
        assert_ne!(one, one_float);
        assert!(SpanValue::Duration(2).total_cmp(&SpanValue::Float(1.5)).is_gt());
    }
}
