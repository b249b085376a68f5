//! Columns from single values.

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{SpanId, SpanKind, StatusCode};
use telemetry_core::source::span::{RowBits, SpanColumn, SpanValue, SpanValues};

use super::value::Value;

/// The column of these values: typed if all that are there have one type, else mixed.
pub(crate) fn column(values: &[Value<'_>]) -> SpanColumn {
    let mut there = values.iter().filter(|value| !value.is_nil());
    let Some(first) = there.next() else { return SpanColumn::absent(values.len()) };
    let kind = std::mem::discriminant(first);
    if !there.all(|value| std::mem::discriminant(value) == kind) {
        return mixed(values);
    }
    macro_rules! typed {
        ($to:ident, $absent:expr) => {
            SpanValues::$to(
                values.iter().map(|v| if let Value::$to(v) = v { *v } else { $absent }).collect(),
            )
        };
    }
    let columns = match first {
        Value::Int(_) => typed!(Int, 0),
        Value::Float(_) => typed!(Float, 0.0),
        Value::Bool(_) => typed!(Bool, false),
        Value::Duration(_) => typed!(Duration, 0),
        Value::Status(_) => typed!(Status, StatusCode::Unset),
        Value::Kind(_) => typed!(Kind, SpanKind::Unspecified),
        Value::SpanId(_) => typed!(SpanId, SpanId::default()),
        Value::Text(_) => texts(values),
        Value::Nil | Value::TraceId(_) | Value::Other(_) => return mixed(values),
    };
    SpanColumn { present: present(values), values: columns }
}

fn mixed(values: &[Value<'_>]) -> SpanColumn {
    SpanColumn::full(SpanValues::Mixed(values.iter().map(Value::to_owned).collect()))
}

fn present(values: &[Value<'_>]) -> Option<RowBits> {
    if !values.iter().any(Value::is_nil) {
        return None;
    }
    Some(RowBits::from_fn(values.len(), |at| values.get(at).is_some_and(|value| !value.is_nil())))
}

fn texts(values: &[Value<'_>]) -> SpanValues {
    let mut known = HashMap::<&str, u32>::new();
    let mut dictionary = Vec::<Arc<str>>::new();
    let ids = values.iter().map(|value| {
        let Value::Text(text) = value else { return 0 };
        *known.entry(text).or_insert_with(|| {
            dictionary.push(Arc::from(*text));
            dictionary.len() as u32 - 1
        })
    });
    let ids = ids.collect();
    SpanValues::String { dictionary: dictionary.into(), ids }
}

/// A column of several values per row.
#[derive(Debug)]
pub(crate) struct Multiple {
    starts: Vec<u32>,
    items: Vec<SpanValue>,
}

impl Multiple {
    pub(crate) fn new() -> Self {
        Multiple { starts: vec![0], items: Vec::new() }
    }

    /// Adds an item to the row that is being filled.
    pub(crate) fn push(&mut self, value: SpanValue) {
        if !value.is_nil() {
            self.items.push(value);
        }
    }

    /// Ends the row.
    pub(crate) fn end_row(&mut self) {
        self.starts.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn build(self) -> SpanColumn {
        SpanColumn::full(SpanValues::Multiple { starts: self.starts, items: self.items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::sample::{Random, attribute};
    use telemetry_core::model::{KeyValue, TraceId};

    #[test]
    fn a_column_gives_back_what_was_put_in() {
        let mut random = Random(3);
        let attributes: Vec<KeyValue> = (0..300).map(|_| attribute(&mut random)).collect();
        let mut lists: Vec<Vec<Value<'_>>> = Vec::new();
        for name in ["http.method", "code", "ratio", "ok", "tags", "blob", "shared", ""] {
            let values =
                attributes.iter().map(
                    |KeyValue { key, value }| {
                        if key == name { Value::of(value) } else { Value::Nil }
                    },
                );
            lists.push(values.collect());
        }
        lists.push(vec![Value::Nil, Value::SpanId(SpanId([3; 8]))]);
        lists.push(vec![Value::TraceId(TraceId([3; 16])), Value::Nil]);
        lists.push(vec![Value::Text("a"), Value::Nil, Value::Text("b"), Value::Text("a")]);
        lists.push(vec![Value::Duration(1), Value::Duration(2)]);
        for values in lists {
            let column = column(&values);
            assert_eq!(column.len(), values.len());
            for (at, value) in values.iter().enumerate() {
                assert_eq!(column.value(at), value.to_owned());
                assert_eq!(column.is_present(at), !value.is_nil());
            }
        }
    }
}
