//! Floats with their times, as remote write and remote read code them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use crate::error::Fault;
use crate::protobuf::Bytes;
use crate::protobuf::Wire::*;

/// The first bytes of the value, field 1 of eight bytes, and of the time, field 2 of a varint.
const VALUE_TAG: u8 = 0x09;
const TIME_TAG: u8 = 0x10;

/// Bytes of a time that is read at once: of those from 1971 to 2109.
const TIME_BYTES: usize = 6;

/// The first byte of a sample in a series, field 2 of a length.
const SAMPLE_TAG: u8 = 0x12;

/// The field at the head of `fields` whose tag is one byte, and its length too; and what follows.
#[inline]
pub(super) fn short_field(tag: u8, fields: &[u8]) -> Option<(&[u8], &[u8])> {
    match fields {
        [first, len, rest @ ..] if *first == tag && *len < 0x80 => {
            rest.split_at_checked(usize::from(*len))
        }
        _ => None,
    }
}

/// The [`plain`] sample at the head of the fields of a series, and what follows it.
#[inline]
pub(super) fn first_plain(fields: &[u8]) -> Option<((f64, i64), &[u8])> {
    let (sample, rest) = short_field(SAMPLE_TAG, fields)?;
    Some((plain(sample)?, rest))
}

/// The value and time of a message that has nothing else.
#[inline]
pub(super) fn read(message: Bytes<'_>) -> Result<(f64, i64), Fault> {
    match plain(message.bytes) {
        Some(sample) => Ok(sample),
        None => read_fields(message),
    }
}

/// The value and time of a message, if it is written as all senders do in our days: the value,
/// which is left out where it is zero, then a time of six bytes, and no more.
#[inline]
pub(super) fn plain(message: &[u8]) -> Option<(f64, i64)> {
    let (head, time) = message.split_last_chunk::<TIME_BYTES>()?;
    let value = match head {
        [VALUE_TAG, value @ .., TIME_TAG] => f64::from_le_bytes(value.try_into().ok()?),
        [TIME_TAG] => 0.0,
        _ => return None,
    };
    let [a, b, c, d, e, f] = *time;
    let time = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
    // All but the last byte say that another follows.
    if time & 0x8080_8080_8080 != 0x0080_8080_8080 {
        return None;
    }
    // Sevens of bits become fourteens, and those forty-two.
    let fourteens = time & 0x007f_007f_007f | (time & 0x7f00_7f00_7f00) >> 1;
    let low = fourteens & 0x3fff;
    let middle = fourteens >> 2 & 0x0fff_c000;
    let high = fourteens >> 4 & 0x03ff_f000_0000;
    Some((value, (low | middle | high).cast_signed()))
}

fn read_fields(message: Bytes<'_>) -> Result<(f64, i64), Fault> {
    let (mut value, mut time, mut message) = (0.0, 0, message.message());
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Fixed64) => value = message.double()?,
            (2, Varint) => time = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    Ok((value, time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Writer;

    fn message(value: f64, time: i64) -> Vec<u8> {
        let mut out = Writer::default();
        out.nonzero_double(1, value);
        out.varint(2, time.cast_unsigned());
        out.finish()
    }

    #[test]
    fn times_of_every_length_are_read() {
        for bits in 0..63 {
            for time in [1 << bits, (1_i64 << bits) - 1, 0x5e37_79b9_7f4a_7c15 >> bits, -1 << bits]
            {
                for value in [2.5, 0.0] {
                    let bytes = message(value, time);
                    assert_eq!(read(Bytes { bytes: &bytes, at: 0 }).unwrap(), (value, time));
                    let is_plain = (1 << 35..1 << 42).contains(&time);
                    assert_eq!(plain(&bytes).is_some(), is_plain, "{time}");
                }
            }
        }
    }

    #[test]
    fn what_is_written_otherwise_is_read_field_by_field() {
        let plain_bytes = message(1.0, 1_700_000_000_000);
        assert!(plain(&plain_bytes).is_some());
        let mut swapped = Writer::default();
        swapped.varint(2, 1_700_000_000_000);
        swapped.double(1, 1.0);
        let more = [&*plain_bytes, b"\x18\x07"].concat();
        for bytes in [swapped.finish(), more] {
            assert_eq!(plain(&bytes), None);
            let read = read(Bytes { bytes: &bytes, at: 0 }).unwrap();
            assert_eq!(read, (1.0, 1_700_000_000_000));
        }
        assert_eq!(read(Bytes::default()).unwrap(), (0.0, 0));
        for end in 1..plain_bytes.len() {
            assert_eq!(plain(&plain_bytes[..end]), None);
            // What is left without the value is a sample of zero.
            assert_eq!(plain(&plain_bytes[end..]).is_some(), end == 9);
        }
        assert!(read(Bytes { bytes: &plain_bytes[..5], at: 0 }).is_err());
    }
}
