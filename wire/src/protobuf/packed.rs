//! Repeated numbers, packed into one field. Unpacked, each in a field of its own, they are read by
//! the caller.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::read::{Bytes, Reader, fault};
use crate::error::{Fault, ProtobufErrorKind};

/// Appends the varints that a field is.
pub(crate) fn packed_varints(mut values: Reader<'_>, out: &mut Vec<u64>) -> Result<(), Fault> {
    while !values.is_empty() {
        out.push(values.varint()?);
    }
    Ok(())
}

/// Appends the `fixed64`s that a field is.
pub(crate) fn packed_fixed64(bytes: Bytes<'_>, out: &mut Vec<u64>) -> Result<(), Fault> {
    out.extend(chunks(bytes)?.iter().map(|value| u64::from_le_bytes(*value)));
    Ok(())
}

/// Appends the `double`s that a field is.
pub(crate) fn packed_doubles(bytes: Bytes<'_>, out: &mut Vec<f64>) -> Result<(), Fault> {
    out.extend(chunks(bytes)?.iter().map(|value| f64::from_le_bytes(*value)));
    Ok(())
}

fn chunks(bytes: Bytes<'_>) -> Result<&[[u8; 8]], Fault> {
    match bytes.bytes.as_chunks() {
        (chunks, []) => Ok(chunks),
        _ => Err(fault(bytes.at, ProtobufErrorKind::Packed)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;

    #[test]
    fn packed_numbers_follow_each_other() {
        let mut writer = Writer::default();
        for value in [300, 1, u64::MAX] {
            writer.raw_varint(value);
        }
        let bytes = writer.finish();
        let mut values = Vec::new();
        packed_varints(Reader::new(&bytes), &mut values).unwrap();
        assert_eq!(values, [300, 1, u64::MAX]);
        assert!(packed_varints(Reader::new(b"\x01\x80"), &mut values).is_err());
    }

    #[test]
    fn half_a_number_is_refused() {
        let bytes = Bytes { bytes: b"123456789", at: 2 };
        let error = packed_doubles(bytes, &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "byte 2: the packed numbers end inside a number");
        assert!(packed_fixed64(bytes, &mut Vec::new()).is_err());
        let bytes = Bytes { bytes: b"12345678", at: 2 };
        assert!(packed_fixed64(bytes, &mut Vec::new()).is_ok());
    }
}
