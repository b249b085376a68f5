//! Writes a message field by field.

/// Bytes reserved for the length in front of a message: enough for 4 GiB.
const LENGTH_BYTES: usize = 5;

/// Messages up to this size are moved to close the gap behind a shorter length. Longer ones keep
/// it: a varint may have leading zeros, and so nothing is measured beforehand or moved twice.
const MOVED_BYTES_MAX: usize = 16 * 1024;

/// A message under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// The message.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// What has been written.
    pub(crate) fn written(&self) -> &[u8] {
        &self.out
    }

    /// Where bytes that belong to the field just begun are appended.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// A varint without a tag.
    #[inline]
    pub(crate) fn raw_varint(&mut self, value: u64) {
        match u8::try_from(value) {
            Ok(byte @ ..0x80) => self.out.push(byte),
            _ => self.long_varint(value),
        }
    }

    fn long_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.out.push(value.to_le_bytes()[0]);
    }

    #[inline]
    fn tag(&mut self, number: u32, wire_type: u32) {
        self.raw_varint(u64::from(number << 3 | wire_type));
    }

    /// A field of wire type 0.
    pub(crate) fn varint(&mut self, number: u32, value: u64) {
        self.tag(number, 0);
        self.raw_varint(value);
    }

    /// A field of wire type 0, unless it is zero.
    pub(crate) fn nonzero(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.varint(number, value);
        }
    }

    /// A varint of zigzag coding without a tag.
    pub(crate) fn raw_sint(&mut self, value: i64) {
        self.raw_varint((value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
    }

    /// A `sint32` or `sint64`.
    pub(crate) fn sint(&mut self, number: u32, value: i64) {
        self.tag(number, 0);
        self.raw_sint(value);
    }

    /// A `sint32` or `sint64`, unless it is zero.
    pub(crate) fn nonzero_sint(&mut self, number: u32, value: i64) {
        if value != 0 {
            self.sint(number, value);
        }
    }

    /// A field of wire type 1.
    pub(crate) fn fixed64(&mut self, number: u32, value: u64) {
        self.tag(number, 1);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A `double`.
    pub(crate) fn double(&mut self, number: u32, value: f64) {
        self.fixed64(number, value.to_bits());
    }

    /// A `double`, unless it is the zero that a missing field stands for. Its negative is not.
    pub(crate) fn nonzero_double(&mut self, number: u32, value: f64) {
        if value.to_bits() != 0 {
            self.double(number, value);
        }
    }

    /// Packed `double`s, unless there are none.
    pub(crate) fn doubles(&mut self, number: u32, values: &[f64]) {
        if !values.is_empty() {
            self.tag(number, 2);
            self.raw_varint(values.len() as u64 * 8);
            values.iter().for_each(|value| self.out.extend_from_slice(&value.to_le_bytes()));
        }
    }

    /// A field of wire type 5.
    pub(crate) fn fixed32(&mut self, number: u32, value: u32) {
        self.tag(number, 5);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A field of wire type 2 with these bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, number: u32, bytes: &[u8]) {
        self.tag(number, 2);
        self.raw_varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// A field of wire type 2 with these bytes, unless there are none.
    pub(crate) fn nonempty(&mut self, number: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.bytes(number, bytes);
        }
    }

    /// A field of wire type 2 with what `body` writes.
    pub(crate) fn message<T>(&mut self, number: u32, body: impl FnOnce(&mut Writer) -> T) -> T {
        let start = self.begin(number);
        let result = body(self);
        self.end(start);
        result
    }

    /// As [`message`](Self::message) where the message mostly has less than 128 bytes: it then lies
    /// where it belongs, and else is moved once.
    #[inline]
    pub(crate) fn short_message<T>(
        &mut self,
        number: u32,
        body: impl FnOnce(&mut Writer) -> T,
    ) -> T {
        self.tag(number, 2);
        let at = self.out.len();
        self.out.push(0);
        let result = body(self);
        let len = self.out.len() - at - 1;
        match (u8::try_from(len), self.out.get_mut(at)) {
            (Ok(len @ ..0x80), Some(place)) => *place = len,
            _ => self.make_room(at, len),
        }
        result
    }

    /// Writes the length of a message for which there is one byte, at `at`.
    fn make_room(&mut self, at: usize, len: usize) {
        let end = self.out.len();
        // The length is written behind the message and moved in front of it.
        self.raw_varint(len as u64);
        let width = self.out.len() - end;
        let mut length = [0; 10];
        if let (Some(to), Some(from)) = (length.get_mut(..width), self.out.get(end..)) {
            to.copy_from_slice(from);
        }
        self.out.truncate(end);
        self.out.splice(at..=at, length.into_iter().take(width));
    }

    /// Begins a field of wire type 2; what is written until [`end`](Self::end) is its value.
    pub(crate) fn begin(&mut self, number: u32) -> usize {
        self.tag(number, 2);
        self.out.extend_from_slice(&[0; LENGTH_BYTES]);
        self.out.len()
    }

    /// Ends the field whose value starts at `start`.
    pub(crate) fn end(&mut self, start: usize) {
        let body_bytes = self.out.len() - start;
        let mut len = body_bytes as u64;
        let shortest = (1..LENGTH_BYTES).find(|bytes| len >> (7 * bytes) == 0);
        let width = match shortest {
            Some(width) if body_bytes <= MOVED_BYTES_MAX => width,
            _ => LENGTH_BYTES,
        };
        let first = start - LENGTH_BYTES;
        if width < LENGTH_BYTES {
            self.out.copy_within(start.., first + width);
            self.out.truncate(first + width + body_bytes);
        }
        for (index, byte) in self.out.iter_mut().skip(first).take(width).enumerate() {
            let more = if index + 1 < width { 0x80 } else { 0 };
            *byte = (len.to_le_bytes()[0] & 0x7f) | more;
            len >>= 7;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, Wire};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.varint(1, u64::MAX);
        writer.nonzero(2, 0);
        writer.message(3, |inner| {
            inner.bytes(1, b"text");
            inner.fixed32(2, 7);
        });
        writer.fixed64(4, 9);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.tag().unwrap(), Some((1, Wire::Varint)));
        assert_eq!(reader.varint().unwrap(), u64::MAX);
        assert_eq!(reader.tag().unwrap(), Some((3, Wire::Len)));
        let mut inner = reader.message().unwrap();
        assert_eq!(inner.tag().unwrap(), Some((1, Wire::Len)));
        assert_eq!(inner.bytes().unwrap().bytes, b"text");
        assert_eq!(inner.tag().unwrap(), Some((2, Wire::Fixed32)));
        assert_eq!(inner.fixed32().unwrap(), 7);
        assert_eq!(inner.tag().unwrap(), None);
        assert_eq!(reader.tag().unwrap(), Some((4, Wire::Fixed64)));
        assert_eq!(reader.fixed64().unwrap(), 9);
    }

    #[test]
    fn messages_expected_to_be_short_may_be_long() {
        for len in [0, 1, 127, 128, 129, 16_383, 16_384, 100_000] {
            let mut writer = Writer::default();
            writer.short_message(1, |inner| inner.out().extend(vec![7; len]));
            writer.short_message(200, |inner| inner.varint(1, 9));
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.tag().unwrap(), Some((1, Wire::Len)));
            assert_eq!(reader.bytes().unwrap().bytes, vec![7; len]);
            assert_eq!(reader.tag().unwrap(), Some((200, Wire::Len)));
            assert_eq!(reader.bytes().unwrap().bytes, [8, 9]);
        }
    }

    #[test]
    fn long_messages_have_their_length() {
        let mut writer = Writer::default();
        writer.message(1, |inner| inner.bytes(1, &[7; 100_000]));
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        reader.tag().unwrap();
        let mut inner = reader.message().unwrap();
        inner.tag().unwrap();
        assert_eq!(inner.bytes().unwrap().bytes.len(), 100_000);
    }
}
