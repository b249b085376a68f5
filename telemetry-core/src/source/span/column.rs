//! A column: the values of one field at some rows.

use std::sync::Arc;

use super::rows::RowBits;
use super::value::SpanValue;
use crate::model::{SpanId, SpanKind, StatusCode};

/// Values of one field, one per row asked for, some possibly absent.
#[derive(Clone, Debug)]
pub struct SpanColumn {
    /// Positions that have a value; none if all have.
    pub present: Option<RowBits>,
    /// The values. What stands at an absent position has no meaning.
    pub values: SpanValues,
}

/// The values of a column, typed where all its values have one type.
#[derive(Clone, Debug)]
pub enum SpanValues {
    /// The same value at every position; [`SpanValue::Nil`] if the field does not occur.
    Constant(SpanValue, usize),
    /// Integers.
    Int(Vec<i64>),
    /// Floating-point numbers.
    Float(Vec<f64>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Nanoseconds.
    Duration(Vec<i64>),
    /// Statuses.
    Status(Vec<StatusCode>),
    /// Kinds.
    Kind(Vec<SpanKind>),
    /// Span ids, whose value is their hexadecimal text.
    SpanId(Vec<SpanId>),
    /// Text by position in a dictionary, whose entries need be neither sorted nor unique.
    String {
        /// The texts.
        dictionary: Arc<[Arc<str>]>,
        /// A position in `dictionary` per row.
        ids: Vec<u32>,
    },
    /// Arrays, or values of several types.
    Mixed(Vec<SpanValue>),
    /// Several values per row (events, links).
    Multiple {
        /// First item of each row, ascending, and behind them the number of items.
        starts: Vec<u32>,
        /// The items; none is nil.
        items: Vec<SpanValue>,
    },
}

impl SpanValues {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            SpanValues::Constant(_, len) => *len,
            SpanValues::Int(values) | SpanValues::Duration(values) => values.len(),
            SpanValues::Float(values) => values.len(),
            SpanValues::Bool(values) => values.len(),
            SpanValues::Status(values) => values.len(),
            SpanValues::Kind(values) => values.len(),
            SpanValues::SpanId(values) => values.len(),
            SpanValues::String { ids, .. } => ids.len(),
            SpanValues::Mixed(values) => values.len(),
            SpanValues::Multiple { starts, .. } => starts.len().saturating_sub(1),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl SpanColumn {
    /// A column in which every row has a value.
    pub fn full(values: SpanValues) -> Self {
        SpanColumn { present: None, values }
    }

    /// `len` rows without a value.
    pub fn absent(len: usize) -> Self {
        SpanColumn::full(SpanValues::Constant(SpanValue::Nil, len))
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the row at `position` has a value.
    pub fn is_present(&self, position: usize) -> bool {
        let marked = match &self.present {
            None => true,
            Some(present) => u32::try_from(position).is_ok_and(|at| present.contains(at)),
        };
        marked
            && match &self.values {
                SpanValues::Constant(value, len) => position < *len && !value.is_nil(),
                SpanValues::Mixed(values) => values.get(position).is_some_and(|v| !v.is_nil()),
                SpanValues::Multiple { .. } => !self.items(position).is_empty(),
                values => position < values.len(),
            }
    }

    /// The value at `position`; nil if absent or past the end; the first of several.
    pub fn value(&self, position: usize) -> SpanValue {
        if !self.is_present(position) {
            return SpanValue::Nil;
        }
        let value = match &self.values {
            SpanValues::Constant(value, _) => Some(value.clone()),
            SpanValues::Int(values) => values.get(position).copied().map(SpanValue::Int),
            SpanValues::Float(values) => values.get(position).copied().map(SpanValue::Float),
            SpanValues::Bool(values) => values.get(position).copied().map(SpanValue::Bool),
            SpanValues::Duration(values) => values.get(position).copied().map(SpanValue::Duration),
            SpanValues::Status(values) => values.get(position).copied().map(SpanValue::Status),
            SpanValues::Kind(values) => values.get(position).copied().map(SpanValue::Kind),
            SpanValues::SpanId(values) => {
                values.get(position).map(|id| SpanValue::from(id.to_string().as_str()))
            }
            SpanValues::String { dictionary, ids } => ids
                .get(position)
                .and_then(|id| dictionary.get(*id as usize))
                .map(|text| SpanValue::String(text.clone())),
            SpanValues::Mixed(values) => values.get(position).cloned(),
            SpanValues::Multiple { .. } => self.items(position).first().cloned(),
        };
        value.unwrap_or_default()
    }

    /// The items of [`SpanValues::Multiple`] at `position`; none for other columns.
    pub fn items(&self, position: usize) -> &[SpanValue] {
        let SpanValues::Multiple { starts, items } = &self.values else { return &[] };
        match (starts.get(position), starts.get(position + 1)) {
            (Some(start), Some(end)) => items.get(*start as usize..*end as usize).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// Builds a column from single values and finds its type.
#[derive(Debug, Default)]
pub struct SpanColumnBuilder {
    values: Vec<SpanValue>,
}

impl SpanColumnBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        SpanColumnBuilder::default()
    }

    /// Adds the value of the next row.
    pub fn push(&mut self, value: SpanValue) {
        self.values.push(value);
    }

    /// The column: typed if all values that are there have one type, else mixed.
    pub fn build(self) -> SpanColumn {
        let values = self.values;
        let len = values.len();
        let mut kinds = values.iter().filter(|value| !value.is_nil()).map(SpanValue::kind);
        let Some(kind) = kinds.next() else { return SpanColumn::absent(len) };
        if !kinds.all(|other| other == kind) {
            return SpanColumn::full(SpanValues::Mixed(values));
        }
        let present = RowBits::from_fn(len, |at| values.get(at).is_some_and(|v| !v.is_nil()));
        let present = if present.count() == len { None } else { Some(present) };
        SpanColumn { present, values: typed(values) }
    }
}

/// `values` are nil or of one type.
fn typed(values: Vec<SpanValue>) -> SpanValues {
    use SpanValue as V;
    macro_rules! column {
        ($to:ident, $from:ident, $absent:expr) => {
            SpanValues::$to(
                values.iter().map(|v| if let V::$from(v) = v { *v } else { $absent }).collect(),
            )
        };
    }
    match values.iter().find(|value| !value.is_nil()) {
        Some(V::Int(_)) => column!(Int, Int, 0),
        Some(V::Float(_)) => column!(Float, Float, 0.0),
        Some(V::Bool(_)) => column!(Bool, Bool, false),
        Some(V::Duration(_)) => column!(Duration, Duration, 0),
        Some(V::Status(_)) => column!(Status, Status, StatusCode::Unset),
        Some(V::Kind(_)) => column!(Kind, Kind, SpanKind::Unspecified),
        Some(V::String(_)) => dictionary(&values),
        _ => SpanValues::Mixed(values),
    }
}

fn dictionary(values: &[SpanValue]) -> SpanValues {
    let mut known = hashbrown::HashMap::<Arc<str>, u32>::new();
    let mut texts = Vec::<Arc<str>>::new();
    let ids = values.iter().map(|value| {
        let SpanValue::String(text) = value else { return 0 };
        *known.entry_ref(text).or_insert_with(|| {
            texts.push(text.clone());
            texts.len() as u32 - 1
        })
    });
    let ids = ids.collect();
    SpanValues::String { dictionary: texts.into(), ids }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[SpanValue]) -> SpanColumn {
        let mut builder = SpanColumnBuilder::new();
        values.iter().for_each(|value| builder.push(value.clone()));
        builder.build()
    }

    #[test]
    fn a_column_gives_back_what_was_put_in() {
        let (int, text) = (SpanValue::Int(3), SpanValue::from("x"));
        for values in [
            vec![int.clone(), SpanValue::Nil, SpanValue::Int(4)],
            vec![text.clone(), text.clone(), SpanValue::Nil, "y".into()],
            vec![int, text, SpanValue::Float(0.5)],
            vec![SpanValue::Nil],
            vec![SpanValue::Strings(Arc::from([Arc::from("a")])), SpanValue::Nil],
        ] {
            let column = column(&values);
            assert_eq!(column.len(), values.len());
            for (at, value) in values.iter().enumerate() {
                assert_eq!(column.value(at), *value);
                assert_eq!(column.is_present(at), !value.is_nil());
            }
            assert!(column.value(values.len()).is_nil());
        }
    }

    #[test]
    fn several_values_per_row_are_reached_by_items() {
        let items = vec![SpanValue::Int(1), SpanValue::Int(2)];
        let column = SpanColumn::full(SpanValues::Multiple { starts: vec![0, 0, 2], items });
        assert!(!column.is_present(0));
        assert_eq!(column.items(1).len(), 2);
        assert_eq!(column.value(1), SpanValue::Int(1));
    }
}
