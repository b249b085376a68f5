//! Repeated numbers, packed into one field or each in a field of its own.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::read::{Field, error};
use crate::error::{Error, ProtobufErrorKind};

/// Appends the varints of `field`.
pub(crate) fn packed_varints(field: &Field<'_>, out: &mut Vec<u64>) -> Result<(), Error> {
    if let Ok(value) = field.varint() {
        out.push(value);
        return Ok(());
    }
    let mut values = field.message()?;
    while !values.is_empty() {
        out.push(values.varint()?);
    }
    Ok(())
}

/// Appends the `fixed64`s of `field`.
pub(crate) fn packed_fixed64(field: &Field<'_>, out: &mut Vec<u64>) -> Result<(), Error> {
    if let Ok(value) = field.fixed64() {
        out.push(value);
        return Ok(());
    }
    let bytes = field.bytes()?;
    let (values, rest) = bytes.bytes.as_chunks();
    if !rest.is_empty() {
        return Err(error(bytes.at, ProtobufErrorKind::Packed { number: field.number }));
    }
    out.extend(values.iter().map(|value| u64::from_le_bytes(*value)));
    Ok(())
}

/// Appends the `double`s of `field`.
pub(crate) fn packed_doubles(field: &Field<'_>, out: &mut Vec<f64>) -> Result<(), Error> {
    if let Ok(value) = field.double() {
        out.push(value);
        return Ok(());
    }
    let bytes = field.bytes()?;
    let (values, rest) = bytes.bytes.as_chunks();
    if !rest.is_empty() {
        return Err(error(bytes.at, ProtobufErrorKind::Packed { number: field.number }));
    }
    out.extend(values.iter().map(|value| f64::from_le_bytes(*value)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, Writer};
    use super::*;

    #[test]
    fn packed_and_unpacked_numbers_are_the_same() {
        let mut writer = Writer::default();
        writer.varint(1, 300);
        writer.message(1, |packed| {
            packed.raw_varint(1);
            packed.raw_varint(u64::MAX);
        });
        let bytes = writer.finish();
        let (mut reader, mut values) = (Reader::new(&bytes), Vec::new());
        while let Some(field) = reader.next().unwrap() {
            packed_varints(&field, &mut values).unwrap();
        }
        assert_eq!(values, [300, 1, u64::MAX]);
    }

    #[test]
    fn half_a_number_is_refused() {
        let field = Reader::new(b"\x0a\x09123456789").next().unwrap().unwrap();
        let error = packed_doubles(&field, &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "byte 2: the packed field 1 ends inside a number");
        assert!(packed_fixed64(&field, &mut Vec::new()).is_err());
    }
}
