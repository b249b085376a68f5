//! Attribute values of one name, in the type that they have.
//! ~~~text
//! kind u8 │ values
//!   0 integers   ints.rs
//!   1 floats     8 bytes LE each
//!   2 booleans   a byte each, 0 or 1
//!   3 texts      texts.rs
//!   4 mixed      dictionary: count varint, values (span/format.rs) │ ids: positions in it (ints.rs)
//! ~~~
//! Mixed are values of several types, and arrays, maps, bytes and empty ones.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use hashbrown::HashMap;
use telemetry_core::model::AttributeValue;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, varint};

use super::ints::{put_ids, put_ints, read_ids, read_ints};
use super::texts::{Texts, put_texts, read_texts};
use crate::span::format;

const INTS: u8 = 0;
const FLOATS: u8 = 1;
const BOOLS: u8 = 2;
const TEXTS: u8 = 3;
const MIXED: u8 = 4;

/// The values of an attribute that are there, in row order.
#[derive(Debug)]
pub(crate) enum Values {
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
    Texts(Texts),
    Mixed { dictionary: Vec<AttributeValue>, ids: Vec<u32> },
}

/// What is known of values without reading them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Range {
    /// Nothing.
    Any,
    /// Integers, from the least to the greatest.
    Ints(i64, i64),
    /// Floats, from the least to the greatest; none is NaN.
    Floats(f64, f64),
}

impl Values {
    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        match self {
            Values::Ints(values) => values.len(),
            Values::Floats(values) => values.len(),
            Values::Bools(values) => values.len(),
            Values::Texts(texts) => texts.ids().len(),
            Values::Mixed { ids, .. } => ids.len(),
        }
    }

    /// The value at a position, as it was handed in; empty past the end.
    pub(crate) fn value(&self, at: usize) -> AttributeValue {
        let value = match self {
            Values::Ints(values) => values.get(at).map(|value| AttributeValue::Int(*value)),
            Values::Floats(values) => values.get(at).map(|value| AttributeValue::Double(*value)),
            Values::Bools(values) => values.get(at).map(|value| AttributeValue::Bool(*value)),
            Values::Texts(texts) => {
                (at < texts.ids().len()).then(|| AttributeValue::from(texts.value(at)))
            }
            Values::Mixed { dictionary, ids } => {
                ids.get(at).and_then(|id| dictionary.get(*id as usize)).cloned()
            }
        };
        value.unwrap_or_default()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Values::Ints(values) => values.len() * 8,
            Values::Floats(values) => values.len() * 8,
            Values::Bools(values) => values.len(),
            Values::Texts(texts) => texts.bytes(),
            Values::Mixed { dictionary, ids } => {
                let mut bytes = Vec::new();
                dictionary.iter().for_each(|value| format::put_value(&mut bytes, value));
                ids.len() * 4 + dictionary.len() * 64 + bytes.len() * 2
            }
        }
    }
}

/// Appends values and says what range they have.
pub(crate) fn put_values(out: &mut Vec<u8>, values: &[&AttributeValue]) -> Range {
    /// All values, if all are of the type.
    fn all<'a, T>(
        values: &[&'a AttributeValue],
        one: impl Fn(&'a AttributeValue) -> Option<T>,
    ) -> Option<Vec<T>> {
        values.iter().map(|value| one(value)).collect()
    }
    let ints =
        |value: &AttributeValue| if let AttributeValue::Int(v) = value { Some(*v) } else { None };
    let floats = |value: &AttributeValue| {
        if let AttributeValue::Double(v) = value { Some(*v) } else { None }
    };
    let bools = |value: &AttributeValue| {
        if let AttributeValue::Bool(v) = value { Some(u8::from(*v)) } else { None }
    };
    match values.first() {
        Some(AttributeValue::String(_)) => {
            if let Some(texts) = all(values, AttributeValue::as_str) {
                out.push(TEXTS);
                put_texts(out, texts.into_iter());
                return Range::Any;
            }
        }
        Some(AttributeValue::Int(_)) => {
            if let Some(ints) = all(values, ints) {
                out.push(INTS);
                put_ints(out, &ints);
                let (min, max) = (ints.iter().min(), ints.iter().max());
                return Range::Ints(*min.unwrap_or(&0), *max.unwrap_or(&0));
            }
        }
        Some(AttributeValue::Double(_)) => {
            if let Some(floats) = all(values, floats) {
                out.push(FLOATS);
                floats.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
                return float_range(&floats);
            }
        }
        Some(AttributeValue::Bool(_)) => {
            if let Some(bools) = all(values, bools) {
                out.push(BOOLS);
                out.extend(bools);
                return Range::Any;
            }
        }
        _ => {}
    }
    put_mixed(out, values);
    Range::Any
}

fn float_range(floats: &[f64]) -> Range {
    if floats.iter().any(|value| value.is_nan()) {
        return Range::Any;
    }
    let min = floats.iter().copied().fold(f64::INFINITY, f64::min);
    Range::Floats(min, floats.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// Equal values have equal bytes, and NaN is equal to itself that way.
fn put_mixed(out: &mut Vec<u8>, values: &[&AttributeValue]) {
    let mut known = HashMap::<Vec<u8>, u32>::new();
    let mut dictionary = Vec::new();
    let mut ids = Vec::with_capacity(values.len());
    for value in values {
        let mut bytes = Vec::new();
        format::put_value(&mut bytes, value);
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let id = *known.entry_ref(bytes.as_slice()).or_insert(next);
        if id == next {
            dictionary.extend_from_slice(&bytes);
        }
        ids.push(id);
    }
    out.push(MIXED);
    varint::put_u64(out, known.len() as u64);
    out.extend_from_slice(&dictionary);
    put_ids(out, &ids);
}

/// Reads `count` values.
///
/// # Errors
///
/// The bytes are no such values.
pub(crate) fn read_values(input: &mut Cursor<'_>, count: usize) -> Result<Values, Damaged> {
    let at = input.position();
    Ok(match input.u8()? {
        INTS => Values::Ints(read_ints(input, count)?),
        FLOATS => {
            let bytes = input.take(count.saturating_mul(8))?;
            let chunks = bytes.chunks_exact(8);
            let float = |chunk: &[u8]| f64::from_le_bytes(chunk.try_into().unwrap_or_default());
            Values::Floats(chunks.map(float).collect())
        }
        BOOLS => Values::Bools(input.take(count)?.iter().map(|byte| *byte != 0).collect()),
        TEXTS => Values::Texts(read_texts(input, count)?),
        MIXED => {
            let entries = input.count(1)?;
            let dictionary =
                (0..entries).map(|_| format::read_value(input)).collect::<Result<Vec<_>, _>>()?;
            let ids = read_ids(input, count, dictionary.len())?;
            Values::Mixed { dictionary, ids }
        }
        other => {
            let damage = Damage::Unknown { what: "kind of column", found: other.into() };
            return Err(Damaged::at(at, damage));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::sample::{Random, attribute};
    use proptest::prelude::*;

    fn round_trip(values: &[AttributeValue]) -> (Values, Range) {
        let mut bytes = Vec::new();
        let range = put_values(&mut bytes, &values.iter().collect::<Vec<_>>());
        let mut input = Cursor::new(&bytes);
        let read = read_values(&mut input, values.len()).unwrap();
        input.finish().unwrap();
        assert_eq!(read.len(), values.len());
        for (at, value) in values.iter().enumerate() {
            assert_eq!(format!("{:?}", read.value(at)), format!("{value:?}"));
        }
        (read, range)
    }

    #[test]
    fn golden_values() {
        let bytes = |values: &[AttributeValue]| {
            let mut bytes = Vec::new();
            put_values(&mut bytes, &values.iter().collect::<Vec<_>>());
            bytes
        };
        assert_eq!(bytes(&[true.into(), false.into()]), [BOOLS, 1, 0]);
        assert_eq!(bytes(&["a".into()]), [TEXTS, 1, 1, b'a', 1, 0]);
        assert_eq!(bytes(&[3_i64.into(), true.into()]), [MIXED, 2, 4, 6, 3, 1, 0, 1]);
        assert_eq!(bytes(&[1.0.into()]), [FLOATS, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    }

    #[test]
    fn columns_have_the_type_of_their_values() {
        let (values, range) = round_trip(&[3_i64.into(), (-2_i64).into()]);
        assert!(matches!(values, Values::Ints(_)));
        assert_eq!(range, Range::Ints(-2, 3));
        let (values, range) = round_trip(&[0.5.into(), 4.0.into()]);
        assert!(matches!(values, Values::Floats(_)));
        assert_eq!(range, Range::Floats(0.5, 4.0));
        assert_eq!(round_trip(&[f64::NAN.into()]).1, Range::Any);
        assert!(matches!(round_trip(&["a".into(), "b".into()]).0, Values::Texts(_)));
        let mixed =
            ["a".into(), 1_i64.into(), AttributeValue::Double(f64::NAN), AttributeValue::Empty];
        assert!(matches!(round_trip(&mixed).0, Values::Mixed { .. }));
    }

    proptest! {
        #[test]
        fn values_come_back(seed: u64, count in 0_usize..30) {
            let mut random = Random(seed);
            let values: Vec<AttributeValue> =
                (0..count).map(|_| attribute(&mut random).value).collect();
            round_trip(&values);
        }

        #[test]
        fn any_bytes_are_an_error_or_values(bytes: Vec<u8>, count in 0_usize..50) {
            let _ = read_values(&mut Cursor::new(&bytes), count);
        }
    }
}
