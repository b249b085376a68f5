//! A label set as bytes.
//! ~~~text
//! count  varint
//! each   name, then value: length varint, UTF-8 bytes; names ascend, values are not empty
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::cursor::Cursor;
use super::error::Damaged;
use super::varint;
use crate::labels::Labels;

/// Appends a label set.
pub fn put(out: &mut Vec<u8>, labels: &Labels) {
    varint::put_u64(out, labels.len() as u64);
    for (name, value) in labels.iter() {
        varint::put_str(out, name);
        varint::put_str(out, value);
    }
}

/// Reads a label set.
///
/// # Errors
/// The bytes are no label set.
pub fn read(cursor: &mut Cursor<'_>) -> Result<Labels, Damaged> {
    let count = cursor.count(2)?;
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(count);
    for _ in 0..count {
        let name = cursor.str()?;
        let value = cursor.str()?;
        if value.is_empty() || pairs.last().is_some_and(|(last, _)| *last >= name) {
            return Err(cursor.field("label set"));
        }
        pairs.push((name, value));
    }
    Ok(pairs.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;

    #[test]
    fn golden_label_set() {
        let set = labels! { "b" => "22", "a" => "1" };
        let mut bytes = Vec::new();
        put(&mut bytes, &set);
        assert_eq!(bytes, [2, 1, b'a', 1, b'1', 1, b'b', 2, b'2', b'2']);
        assert_eq!(read(&mut Cursor::new(&bytes)).unwrap(), set);
    }

    #[test]
    fn names_out_of_order_are_damage() {
        assert!(read(&mut Cursor::new(&[2, 1, b'b', 1, b'x', 1, b'a', 1, b'x'])).is_err());
        assert!(read(&mut Cursor::new(&[1, 1, b'b', 0])).is_err());
    }
}
