//! Reads a message field by field.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use crate::error::{Error, Fault, ProtobufErrorKind};

/// How deeply groups may be nested: nobody writes them any more.
const GROUP_DEPTH_MAX: u32 = 32;

/// The fields of one message, from the front.
///
/// [`tag`](Self::tag) says which field comes next, and one of the other functions reads it or steps
/// over it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Offset in the whole input of the byte behind `rest`.
    end: usize,
}

/// How a value is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Varint,
    Fixed64,
    /// A length, then so many bytes: text, bytes, a message or packed numbers.
    Len,
    /// Fields up to the tag that ends the group.
    Group,
    Fixed32,
}

/// A field's number and how it is coded. A caller matches both: a known number that is coded
/// otherwise is another field, which it does not know.
pub(crate) type Tag = (u32, Wire);

/// The wire type that ends a group.
const GROUP_END: u8 = 4;

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

    /// Whether every byte has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read.
    #[inline]
    pub(crate) fn rest(&self) -> Bytes<'a> {
        Bytes { bytes: self.rest, at: self.position() }
    }

    /// The next byte, which is not taken.
    pub(crate) fn next_byte(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next field, or none at the end of the message.
    #[inline]
    pub(crate) fn tag(&mut self) -> Result<Option<Tag>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = self.position();
        let (number, wire) = self.raw_tag()?;
        match wire {
            Ok(wire) => Ok(Some((number, wire))),
            Err(GROUP_END) => Err(fault(at, ProtobufErrorKind::Group)),
            Err(found) => Err(fault(at, ProtobufErrorKind::UnknownWireType { found })),
        }
    }

    /// Steps over the tag that is the byte `tag`, if it comes next.
    #[inline]
    pub(crate) fn take_tag(&mut self, tag: u8) -> bool {
        match self.rest {
            [next, rest @ ..] if *next == tag => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The next tag; the wire type as a number where it begins no value.
    #[inline]
    fn raw_tag(&mut self) -> Result<(u32, Result<Wire, u8>), Fault> {
        let at = self.position();
        let tag = self.varint()?;
        let wire = match (tag & 7) as u8 {
            0 => Ok(Wire::Varint),
            1 => Ok(Wire::Fixed64),
            2 => Ok(Wire::Len),
            3 => Ok(Wire::Group),
            5 => Ok(Wire::Fixed32),
            other => Err(other),
        };
        match u32::try_from(tag) {
            Ok(tag) if tag > 7 => Ok((tag >> 3, wire)),
            _ => Err(fault(at, ProtobufErrorKind::FieldNumber { number: tag >> 3 })),
        }
    }

    /// A `bool`, `int32`, `int64`, `uint32`, `uint64` or enumeration, as 64 bits.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Fault> {
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

    fn long_varint(&mut self) -> Result<u64, Fault> {
        // Nearly all are in the next eight bytes, which are then read at once: sevens of bits
        // become fourteens, those twenty-eights, those fifty-six.
        if let Some((bytes, _)) = self.rest.split_first_chunk::<8>() {
            let bytes = u64::from_le_bytes(*bytes);
            let ends = !bytes & 0x8080_8080_8080_8080;
            if ends != 0 {
                let bits = ends.trailing_zeros();
                let sevens = bytes & (u64::MAX >> (63 - bits)) & 0x7f7f_7f7f_7f7f_7f7f;
                let fourteens = joined(sevens, 0x007f_007f_007f_007f, 1);
                let wide = joined(fourteens, 0x0000_3fff_0000_3fff, 2);
                self.rest = self.rest.get(bits as usize / 8 + 1..).unwrap_or_default();
                return Ok(joined(wide, 0x0fff_ffff, 4));
            }
        }
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
        Err(fault(self.position(), kind))
    }

    /// An `int64`.
    #[inline]
    pub(crate) fn int64(&mut self) -> Result<i64, Fault> {
        Ok(self.varint()?.cast_signed())
    }

    /// A `uint32`: the lower half, as every reader of protobuf takes it.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "protobuf truncates")]
    pub(crate) fn uint32(&mut self) -> Result<u32, Fault> {
        Ok(self.varint()? as u32)
    }

    /// An enumeration or `int32`: the lower half, signed.
    #[inline]
    pub(crate) fn int32(&mut self) -> Result<i32, Fault> {
        Ok(self.uint32()?.cast_signed())
    }

    /// A `sint32`.
    #[inline]
    pub(crate) fn sint32(&mut self) -> Result<i32, Fault> {
        let value = self.uint32()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A `bool`.
    #[inline]
    pub(crate) fn bool(&mut self) -> Result<bool, Fault> {
        Ok(self.varint()? != 0)
    }

    /// A `fixed64`.
    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, Fault> {
        self.take().map(u64::from_le_bytes)
    }

    /// A `fixed32`.
    #[inline]
    pub(crate) fn fixed32(&mut self) -> Result<u32, Fault> {
        self.take().map(u32::from_le_bytes)
    }

    /// A `double`.
    #[inline]
    pub(crate) fn double(&mut self) -> Result<f64, Fault> {
        self.fixed64().map(f64::from_bits)
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        match self.rest.split_first_chunk() {
            Some((chunk, rest)) => {
                self.rest = rest;
                Ok(*chunk)
            }
            None => Err(fault(self.position(), ProtobufErrorKind::Truncated)),
        }
    }

    /// The next `len` bytes.
    pub(crate) fn exactly(&mut self, len: usize) -> Result<Bytes<'a>, Fault> {
        let at = self.position();
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(Bytes { bytes, at })
            }
            None => Err(fault(at, ProtobufErrorKind::Truncated)),
        }
    }

    /// A `string` or `bytes`.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<Bytes<'a>, Fault> {
        let start = self.position();
        let len = self.varint()?;
        let at = self.position();
        match usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len)) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(Bytes { bytes, at })
            }
            None => Err(fault(start, ProtobufErrorKind::Truncated)),
        }
    }

    /// A `string`, `bytes` or message whose tag has been read, and those that follow it at once
    /// under the same tag, which is the byte `tag`: the lengths, the values and the tags between
    /// them. [`next_of_run`] reads them one by one.
    ///
    /// [`next_of_run`]: Self::next_of_run
    #[inline]
    pub(crate) fn run(&mut self, tag: u8) -> Result<Bytes<'a>, Fault> {
        let (from, at) = (self.rest, self.position());
        self.bytes()?;
        while let [next, rest @ ..] = self.rest
            && *next == tag
        {
            self.rest = rest;
            self.bytes()?;
        }
        let len = from.len() - self.rest.len();
        Ok(Bytes { bytes: from.get(..len).unwrap_or_default(), at })
    }

    /// The next value of a run, whose [`Bytes::message`] this is; none at its end.
    pub(crate) fn next_of_run(&mut self) -> Result<Option<Bytes<'a>>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let value = self.bytes()?;
        // The tag of the next one.
        self.rest = self.rest.get(1..).unwrap_or_default();
        Ok(Some(value))
    }

    /// The fields of a message.
    #[inline]
    pub(crate) fn message(&mut self) -> Result<Reader<'a>, Fault> {
        self.bytes().map(Bytes::message)
    }

    /// Steps over the field whose tag has been read.
    #[inline]
    pub(crate) fn skip(&mut self, tag: Tag) -> Result<(), Fault> {
        match tag.1 {
            Wire::Len => self.bytes().map(drop),
            Wire::Varint => self.varint().map(drop),
            Wire::Fixed64 => self.take::<8>().map(drop),
            Wire::Fixed32 => self.take::<4>().map(drop),
            Wire::Group => self.skip_group(tag.0, 0),
        }
    }

    /// Steps over the fields of a group and of the groups in it.
    #[cold]
    fn skip_group(&mut self, group: u32, depth: u32) -> Result<(), Fault> {
        let at = self.position();
        while depth < GROUP_DEPTH_MAX && !self.rest.is_empty() {
            match self.raw_tag()? {
                (number, Ok(Wire::Group)) => self.skip_group(number, depth + 1)?,
                (number, Ok(wire)) => self.skip((number, wire))?,
                (number, Err(GROUP_END)) if number == group => return Ok(()),
                (_, Err(GROUP_END)) => break,
                (_, Err(found)) => {
                    return Err(fault(at, ProtobufErrorKind::UnknownWireType { found }));
                }
            }
        }
        Err(fault(at, ProtobufErrorKind::Group))
    }
}

impl<'a> Bytes<'a> {
    /// The fields of the message that these bytes are.
    #[inline]
    pub(crate) fn message(self) -> Reader<'a> {
        Reader { rest: self.bytes, end: self.at + self.bytes.len() }
    }

    /// These bytes without the first `count`.
    #[inline]
    pub(crate) fn from(self, count: usize) -> Self {
        let count = count.min(self.bytes.len());
        Bytes { bytes: self.bytes.get(count..).unwrap_or_default(), at: self.at + count }
    }

    /// The text; what is not UTF-8 is replaced by U+FFFD.
    pub(crate) fn text(self) -> Cow<'a, str> {
        match str::from_utf8(self.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(self.bytes),
        }
    }
}

/// The groups of bits under `low` and those above them, which are moved down by `gap`.
#[inline]
fn joined(groups: u64, low: u64, gap: u32) -> u64 {
    groups & low | (groups & !low) >> gap
}

#[cold]
pub(super) fn fault(position: usize, kind: ProtobufErrorKind) -> Fault {
    Box::new(Error::Protobuf { position, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with `input`, all of it stepped over.
    fn kind(input: &[u8]) -> (usize, ProtobufErrorKind) {
        let mut reader = Reader::new(input);
        let fault = loop {
            match reader.tag() {
                Ok(Some(tag)) => match reader.skip(tag) {
                    Ok(()) => {}
                    Err(fault) => break fault,
                },
                Ok(None) => panic!("no error in {input:?}"),
                Err(fault) => break fault,
            }
        };
        match *fault {
            Error::Protobuf { position, kind } => (position, kind),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn fields_come_in_order_with_their_positions() {
        // 1: varint 300 · 2: "hi" · 3: eight bytes · 4: four bytes
        let input = b"\x08\xac\x02\x12\x02hi\x19\x01\0\0\0\0\0\0\0\x25\x02\0\0\0";
        let mut reader = Reader::new(input);
        assert_eq!(reader.tag().unwrap(), Some((1, Wire::Varint)));
        assert_eq!(reader.varint().unwrap(), 300);
        assert_eq!(reader.tag().unwrap(), Some((2, Wire::Len)));
        let text = reader.bytes().unwrap();
        assert_eq!((text.at, text.text().as_ref()), (5, "hi"));
        assert_eq!(reader.tag().unwrap(), Some((3, Wire::Fixed64)));
        assert_eq!(reader.fixed64().unwrap(), 1);
        assert_eq!(reader.tag().unwrap(), Some((4, Wire::Fixed32)));
        assert_eq!(reader.fixed32().unwrap(), 2);
        assert_eq!(reader.tag().unwrap(), None);
    }

    #[test]
    fn a_message_in_a_message_counts_from_the_start_of_the_input() {
        let input = b"\x0a\x04\x0a\x02\x08\x80";
        let mut outer = Reader::new(input);
        outer.tag().unwrap();
        let mut inner = outer.message().unwrap();
        inner.tag().unwrap();
        let mut innermost = inner.message().unwrap();
        innermost.tag().unwrap();
        assert_eq!(innermost.varint().unwrap_err().position(), Some(5));
    }

    #[test]
    fn groups_are_stepped_over() {
        // Field 1 is a group with a varint, a nested group and a string in it; field 2 is 7.
        let input = b"\x0b\x08\x05\x13\x14\x1a\x01x\x0c\x10\x07";
        let mut reader = Reader::new(input);
        let tag = reader.tag().unwrap().unwrap();
        assert_eq!(tag, (1, Wire::Group));
        reader.skip(tag).unwrap();
        assert_eq!(reader.tag().unwrap(), Some((2, Wire::Varint)));
        assert_eq!(reader.varint().unwrap(), 7);
        assert_eq!(kind(&[0x0b; 64]).1, ProtobufErrorKind::Group);
        assert_eq!(kind(b"\x0b\x14"), (1, ProtobufErrorKind::Group));
        assert_eq!(kind(b"\x0b\x08\x01"), (1, ProtobufErrorKind::Group));
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
        let large = ProtobufErrorKind::FieldNumber { number: 1 << 29 };
        assert_eq!(kind(b"\x80\x80\x80\x80\x10"), (0, large));
        let eleven = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
        assert_eq!(kind(eleven), (1, ProtobufErrorKind::VarintTooLong));
    }

    #[test]
    fn numbers_of_every_length_are_read_wherever_they_end() {
        for bits in 0..64 {
            for value in [1 << bits, (1 << bits) - 1, 0x9e37_79b9_7f4a_7c15 >> bits] {
                let mut writer = super::super::Writer::default();
                writer.raw_varint(value);
                for behind in 0..12 {
                    let mut bytes = writer.out().clone();
                    let len = bytes.len();
                    bytes.extend(vec![0xff; behind]);
                    let mut reader = Reader::new(&bytes);
                    assert_eq!(reader.varint().unwrap(), value);
                    assert_eq!(reader.position(), len);
                }
            }
        }
    }

    #[test]
    fn the_largest_numbers_are_read() {
        let reader = Reader::new(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
        assert_eq!({ reader }.varint().unwrap(), u64::MAX);
        assert_eq!({ reader }.int64().unwrap(), -1);
        assert_eq!({ reader }.int32().unwrap(), -1);
        assert_eq!({ reader }.sint32().unwrap(), i32::MIN);
    }
}
