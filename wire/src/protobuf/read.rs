//! Reads a message field by field.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use crate::error::{Error, ProtobufErrorKind};

/// How deeply groups may be nested: nobody writes them any more.
const GROUP_DEPTH_MAX: u32 = 32;

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const GROUP_START: u8 = 3;
const GROUP_END: u8 = 4;
const FIXED32: u8 = 5;

/// The fields of one message, from the front.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Offset in the whole input of the byte behind `rest`.
    end: usize,
}

/// One field: its number and its value as it is coded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    /// Offset of its tag in the whole input.
    pub(crate) at: usize,
    value: Value<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(Bytes<'a>),
}

/// A length-delimited value: text, bytes or a message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bytes<'a> {
    pub(crate) bytes: &'a [u8],
    /// Offset of the first byte in the whole input.
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    /// The message that `input` is.
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Reader { rest: input, end: input.len() }
    }

    /// Offset in the whole input of the next byte.
    pub(crate) fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// The next field, or none at the end of the message.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>, Error> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let at = self.position();
            let (number, wire_type) = self.tag()?;
            let value = match wire_type {
                LENGTH_DELIMITED => Value::Bytes(self.bytes()?),
                VARINT => Value::Varint(self.varint()?),
                FIXED64 => Value::Fixed64(u64::from_le_bytes(self.take()?)),
                FIXED32 => Value::Fixed32(u32::from_le_bytes(self.take()?)),
                GROUP_START => {
                    self.skip_group(number, at)?;
                    continue;
                }
                GROUP_END => return Err(error(at, ProtobufErrorKind::Group)),
                found => return Err(error(at, ProtobufErrorKind::UnknownWireType { found })),
            };
            return Ok(Some(Field { number, at, value }));
        }
    }

    #[inline]
    fn tag(&mut self) -> Result<(u32, u8), Error> {
        let at = self.position();
        let tag = self.varint()?;
        let number = tag >> 3;
        match u32::try_from(tag) {
            Ok(_) if number != 0 => {}
            _ => return Err(error(at, ProtobufErrorKind::FieldNumber { number })),
        }
        #[expect(clippy::cast_possible_truncation, reason = "the tag fits u32, checked above")]
        Ok((number as u32, (tag & 7) as u8))
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, Error> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            [low, high, rest @ ..] if *high < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*low & 0x7f) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Error> {
        let mut value = 0;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            // The tenth byte holds the 64th bit alone.
            if index == 9 && *byte > 1 {
                break;
            }
            value |= u64::from(*byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        let ends = self.rest.len() < 10;
        let kind =
            if ends { ProtobufErrorKind::Truncated } else { ProtobufErrorKind::VarintTooLong };
        Err(error(self.position(), kind))
    }

    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        match self.rest.split_first_chunk() {
            Some((chunk, rest)) => {
                self.rest = rest;
                Ok(*chunk)
            }
            None => Err(error(self.position(), ProtobufErrorKind::Truncated)),
        }
    }

    #[inline]
    fn bytes(&mut self) -> Result<Bytes<'a>, Error> {
        let start = self.position();
        let len = self.varint()?;
        let at = self.position();
        match usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len)) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(Bytes { bytes, at })
            }
            None => Err(error(start, ProtobufErrorKind::Truncated)),
        }
    }

    /// Steps over the fields of a group whose start has been read, and of the groups in it.
    fn skip_group(&mut self, number: u32, at: usize) -> Result<(), Error> {
        let mut open = [0; GROUP_DEPTH_MAX as usize];
        let mut depth = 0;
        let enter = |open: &mut [u32], depth: usize, number| match open.get_mut(depth) {
            Some(slot) => {
                *slot = number;
                Ok(depth + 1)
            }
            None => Err(error(at, ProtobufErrorKind::Group)),
        };
        depth = enter(&mut open, depth, number)?;
        while depth > 0 {
            if self.rest.is_empty() {
                return Err(error(at, ProtobufErrorKind::Group));
            }
            let (number, wire_type) = self.tag()?;
            match wire_type {
                VARINT => drop(self.varint()?),
                FIXED64 => drop(self.take::<8>()?),
                FIXED32 => drop(self.take::<4>()?),
                LENGTH_DELIMITED => drop(self.bytes()?),
                GROUP_START => depth = enter(&mut open, depth, number)?,
                GROUP_END if open.get(depth - 1) == Some(&number) => depth -= 1,
                GROUP_END => return Err(error(at, ProtobufErrorKind::Group)),
                found => return Err(error(at, ProtobufErrorKind::UnknownWireType { found })),
            }
        }
        Ok(())
    }

    /// Whether every byte has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Field<'a> {
    /// A `bool`, `int32`, `int64`, `uint32`, `uint64` or enumeration, as 64 bits.
    #[inline]
    pub(crate) fn varint(&self) -> Result<u64, Error> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(self.wrong(VARINT)),
        }
    }

    /// An `int64`.
    pub(crate) fn int64(&self) -> Result<i64, Error> {
        Ok(self.varint()?.cast_signed())
    }

    /// A `uint32`: the lower half, as every reader of protobuf takes it.
    #[expect(clippy::cast_possible_truncation, reason = "protobuf truncates")]
    pub(crate) fn uint32(&self) -> Result<u32, Error> {
        Ok(self.varint()? as u32)
    }

    /// An enumeration or `int32`: the lower half, signed.
    pub(crate) fn int32(&self) -> Result<i32, Error> {
        Ok(self.uint32()?.cast_signed())
    }

    /// A `sint32`.
    pub(crate) fn sint32(&self) -> Result<i32, Error> {
        let value = self.uint32()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A `bool`.
    pub(crate) fn bool(&self) -> Result<bool, Error> {
        Ok(self.varint()? != 0)
    }

    /// A `fixed64`.
    #[inline]
    pub(crate) fn fixed64(&self) -> Result<u64, Error> {
        match self.value {
            Value::Fixed64(value) => Ok(value),
            _ => Err(self.wrong(FIXED64)),
        }
    }

    /// A `fixed32`.
    pub(crate) fn fixed32(&self) -> Result<u32, Error> {
        match self.value {
            Value::Fixed32(value) => Ok(value),
            _ => Err(self.wrong(FIXED32)),
        }
    }

    /// A `double`.
    pub(crate) fn double(&self) -> Result<f64, Error> {
        Ok(f64::from_bits(self.fixed64()?))
    }

    /// A `string`, `bytes` or message.
    #[inline]
    pub(crate) fn bytes(&self) -> Result<Bytes<'a>, Error> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.wrong(LENGTH_DELIMITED)),
        }
    }

    /// The fields of the message that this field is.
    #[inline]
    pub(crate) fn message(&self) -> Result<Reader<'a>, Error> {
        Ok(self.bytes()?.message())
    }

    #[cold]
    fn wrong(&self, expected: u8) -> Error {
        let found = match self.value {
            Value::Varint(_) => VARINT,
            Value::Fixed64(_) => FIXED64,
            Value::Fixed32(_) => FIXED32,
            Value::Bytes(_) => LENGTH_DELIMITED,
        };
        error(self.at, ProtobufErrorKind::WireType { number: self.number, found, expected })
    }
}

impl<'a> Bytes<'a> {
    /// The fields of the message that these bytes are.
    pub(crate) fn message(self) -> Reader<'a> {
        Reader { rest: self.bytes, end: self.at + self.bytes.len() }
    }

    /// The text; what is not UTF-8 is replaced by U+FFFD.
    pub(crate) fn text(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }
}

#[cold]
pub(super) fn error(position: usize, kind: ProtobufErrorKind) -> Error {
    Error::Protobuf { position, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(input: &[u8]) -> (usize, ProtobufErrorKind) {
        let mut reader = Reader::new(input);
        loop {
            match reader.next() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("no error in {input:?}"),
                Err(Error::Protobuf { position, kind }) => return (position, kind),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn fields_come_in_order_with_their_positions() {
        // 1: varint 300 · 2: "hi" · 3: eight bytes · 4: four bytes
        let input = b"\x08\xac\x02\x12\x02hi\x19\x01\0\0\0\0\0\0\0\x25\x02\0\0\0";
        let mut reader = Reader::new(input);
        let field = reader.next().unwrap().unwrap();
        assert_eq!((field.number, field.at, field.varint().unwrap()), (1, 0, 300));
        let field = reader.next().unwrap().unwrap();
        let text = field.bytes().unwrap();
        assert_eq!((field.number, text.at, text.text().as_ref()), (2, 5, "hi"));
        assert_eq!(reader.next().unwrap().unwrap().fixed64().unwrap(), 1);
        assert_eq!(reader.next().unwrap().unwrap().fixed32().unwrap(), 2);
        assert!(reader.next().unwrap().is_none());
    }

    #[test]
    fn a_message_in_a_message_counts_from_the_start_of_the_input() {
        let input = b"\x0a\x04\x0a\x02\x08\x80";
        let mut outer = Reader::new(input);
        let mut inner = outer.next().unwrap().unwrap().message().unwrap();
        let mut innermost = inner.next().unwrap().unwrap().message().unwrap();
        assert_eq!(innermost.next().unwrap_err().position(), Some(5));
    }

    #[test]
    fn groups_are_stepped_over() {
        // Field 1 is a group with a varint, a nested group and a string in it; field 2 is 7.
        let input = b"\x0b\x08\x05\x13\x14\x1a\x01x\x0c\x10\x07";
        let mut reader = Reader::new(input);
        let field = reader.next().unwrap().unwrap();
        assert_eq!((field.number, field.varint().unwrap()), (2, 7));
        assert!(reader.next().unwrap().is_none());
        let deep = [0x0b; 64];
        assert_eq!(kind(&deep), (0, ProtobufErrorKind::Group));
        assert_eq!(kind(b"\x0b\x14"), (0, ProtobufErrorKind::Group));
        assert_eq!(kind(b"\x0c"), (0, ProtobufErrorKind::Group));
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_position() {
        assert_eq!(kind(b"\x08"), (1, ProtobufErrorKind::Truncated));
        assert_eq!(kind(b"\x08\x80\x80"), (1, ProtobufErrorKind::Truncated));
        assert_eq!(kind(b"\x12\x05abc"), (1, ProtobufErrorKind::Truncated));
        assert_eq!(kind(b"\x09abc"), (1, ProtobufErrorKind::Truncated));
        assert_eq!(kind(b"\x00"), (0, ProtobufErrorKind::FieldNumber { number: 0 }));
        assert_eq!(kind(b"\x0e"), (0, ProtobufErrorKind::UnknownWireType { found: 6 }));
        let eleven = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
        assert_eq!(kind(eleven), (1, ProtobufErrorKind::VarintTooLong));
    }

    #[test]
    fn the_largest_numbers_are_read() {
        let input = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        let field = Reader::new(input).next().unwrap().unwrap();
        assert_eq!(field.varint().unwrap(), u64::MAX);
        assert_eq!(field.int64().unwrap(), -1);
        assert_eq!(field.int32().unwrap(), -1);
        assert_eq!(field.sint32().unwrap(), i32::MIN);
    }

    #[test]
    fn a_field_of_another_type_is_named() {
        let field = Reader::new(b"\x08\x01").next().unwrap().unwrap();
        let message = field.bytes().unwrap_err().to_string();
        assert_eq!(message, "byte 0: field 1 has wire type 0, expected 2");
    }
}
