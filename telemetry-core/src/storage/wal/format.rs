//! A segment of the log: a header and frames.
//! ~~~text
//! header
//! offset  size  field
//! 0       8     magic     "QUADRWAL"
//! 8       2     version   u16 LE  see FORMAT_VERSION
//! 10      2     zero
//! 12      4     revision  u32 LE  see FORMAT_REVISION
//! 16      4     engine    which kind of store wrote it
//! 20      8     base      u64 LE  log offset of this header; everything before it is durable
//! 28      4     salt      u32 LE  chance; begins the checksum of every frame, so that bytes
//!                                 stored by a user never look like a frame
//! 32      4     crc       u32 LE  CRC-32C of the 32 bytes before
//!
//! frame
//! 0       4     crc       u32 LE  CRC-32C, begun with `salt`, of every byte after this field
//! 4       4     len       u32 LE  bytes of `body`, at most BODY_BYTES_MAX
//! 8       1     kind      u8      1 commit · 2 delete · 3 carry · 4 close
//! 9       8     durable   u64 LE  log offset known durable when this was written
//! 17      len   body
//! ~~~
//! `len` is under the checksum: a torn length must not send the reader past the segment. The body
//! of a commit and of a carry is the engine's; a delete is a tombstone; a close is empty and says
//! that the log was ended on purpose, with everything before it durable.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use crate::storage::cursor::Cursor;
use crate::storage::error::{Damage, Damaged};

/// Version of every file of the kernel. Zero until release 0.1: it may change at any time.
pub const FORMAT_VERSION: u16 = 0;
/// Raised with every change of a version 0 format; another one is refused.
pub const FORMAT_REVISION: u32 = 1;

pub(super) const MAGIC: [u8; 8] = *b"QUADRWAL";
/// Bytes of a segment's header.
pub const HEADER_BYTES: u64 = 36;
/// Bytes of a frame without its body.
pub const FRAME_BYTES: usize = 17;
/// The longest body.
pub const BODY_BYTES_MAX: usize = 256 << 20;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// A commit, as its engine encodes it.
    Commit,
    /// A tombstone.
    Delete,
    /// What the head kept when the rest of it went into a block.
    Carry,
    /// The log was ended on purpose.
    Close,
}

impl RecordKind {
    pub(super) const fn code(self) -> u8 {
        match self {
            RecordKind::Commit => 1,
            RecordKind::Delete => 2,
            RecordKind::Carry => 3,
            RecordKind::Close => 4,
        }
    }

    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(RecordKind::Commit),
            2 => Some(RecordKind::Delete),
            3 => Some(RecordKind::Carry),
            4 => Some(RecordKind::Close),
            _ => None,
        }
    }
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) engine: [u8; 4],
    pub(super) base: u64,
    pub(super) salt: u32,
}

/// Why a header was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    Damaged(Damaged),
    Format { version: u16, revision: u32 },
}

impl From<Damaged> for HeaderError {
    fn from(damaged: Damaged) -> Self {
        HeaderError::Damaged(damaged)
    }
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(36);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&FORMAT_REVISION.to_le_bytes());
        out.extend_from_slice(&self.engine);
        out.extend_from_slice(&self.base.to_le_bytes());
        out.extend_from_slice(&self.salt.to_le_bytes());
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut cursor = Cursor::new(bytes);
        let covered = cursor.clone().take(32)?;
        if cursor.array()? != MAGIC {
            return Err(Damaged::at(0, Damage::Magic { what: "log segment" }).into());
        }
        let version = cursor.u16()?;
        let zero = cursor.u16()?;
        let revision = cursor.u32()?;
        let engine = cursor.array()?;
        let base = cursor.u64()?;
        let salt = cursor.u32()?;
        let expected = cursor.u32()?;
        let found = crc32c::crc32c(covered);
        if found != expected {
            return Err(Damaged::at(0, Damage::Checksum { found, expected }).into());
        }
        if (version, revision) != (FORMAT_VERSION, FORMAT_REVISION) {
            return Err(HeaderError::Format { version, revision });
        }
        if zero != 0 {
            return Err(Damaged::field(10, "the zero field").into());
        }
        Ok(Header { engine, base, salt })
    }
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHead {
    pub(super) crc: u32,
    pub(super) len: usize,
    pub(super) kind: RecordKind,
    pub(super) durable: u64,
}

impl FrameHead {
    /// Reads the head; the checksum is not checked yet.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut cursor = Cursor::new(bytes);
        let crc = cursor.u32()?;
        let len = usize::try_from(cursor.u32()?).unwrap_or(usize::MAX);
        let code = cursor.u8()?;
        let durable = cursor.u64()?;
        if len > BODY_BYTES_MAX {
            return Err(Damaged::field(4, "the length of the frame"));
        }
        let unknown = Damage::Unknown { what: "kind of frame", found: code.into() };
        let kind = RecordKind::from_code(code).ok_or(Damaged::at(8, unknown))?;
        Ok(FrameHead { crc, len, kind, durable })
    }

    pub(super) const fn frame_len(&self) -> usize {
        FRAME_BYTES + self.len
    }
}

/// Completes a frame whose body was written behind `FRAME_BYTES` bytes of room. The body is at
/// most BODY_BYTES_MAX long, which the writer has checked.
pub(super) fn seal_frame(frame: &mut [u8], kind: RecordKind, durable: u64, salt: u32) {
    let len = u32::try_from(frame.len().saturating_sub(FRAME_BYTES)).unwrap_or(u32::MAX);
    if let Some((head, _)) = frame.split_first_chunk_mut::<FRAME_BYTES>() {
        let [_, _, _, _, rest @ ..] = head;
        let [l0, l1, l2, l3, code, at @ ..] = rest;
        [*l0, *l1, *l2, *l3] = len.to_le_bytes();
        *code = kind.code();
        *at = durable.to_le_bytes();
    }
    let crc = frame_crc(frame, salt);
    if let Some((field, _)) = frame.split_first_chunk_mut::<4>() {
        *field = crc.to_le_bytes();
    }
}

/// The checksum that a whole frame should carry.
pub(super) fn frame_crc(frame: &[u8], salt: u32) -> u32 {
    crc32c::crc32c_append(salt, frame.get(4..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes_are_as_in_the_diagram() {
        let header = Header { engine: *b"toy0", base: 0x0102, salt: 7 };
        let bytes = header.encode();
        let mut expected = b"QUADRWAL\0\0\0\0\x01\0\0\0toy0\x02\x01\0\0\0\0\0\0\x07\0\0\0".to_vec();
        let crc = crc32c::crc32c(&expected);
        expected.extend_from_slice(&crc.to_le_bytes());
        assert_eq!(bytes, expected);
        assert_eq!(bytes.len() as u64, HEADER_BYTES);
        assert_eq!(Header::decode(&bytes), Ok(header));

        let mut frame = vec![0; FRAME_BYTES];
        frame.extend_from_slice(b"ab");
        seal_frame(&mut frame, RecordKind::Delete, 0x0304, 7);
        assert_eq!(frame[4..], *b"\x02\0\0\0\x02\x04\x03\0\0\0\0\0\0ab");
        assert_eq!(frame[..4], crc32c::crc32c_append(7, &frame[4..]).to_le_bytes());
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_found() {
        let bytes = Header { engine: *b"toy0", base: 99, salt: 7 }.encode();
        for i in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[i / 8] ^= 1 << (i % 8);
            assert!(Header::decode(&damaged).is_err(), "bit {i}");
        }
    }
}
