//! Small sections of a page, compressed if that makes them smaller.
//!
//! ~~~text
//! coding  u8   0 as it is   1 LZ4   2 zstd
//! raw     varint       bytes after decompression; not there with coding 0
//! packed  length varint, bytes
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::OnceLock;

use bytes::Bytes;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, varint};

use super::choose;

const RAW: u8 = 0;
const LZ4: u8 = 1;
const ZSTD: u8 = 2;

/// Fewer bytes are not worth a header.
const BYTES_MIN: usize = 48;

/// Higher levels make these sections hardly smaller.
#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 1;

/// Compresses sections; keeps its buffers.
#[derive(Default)]
pub(crate) struct Packer {
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Compressor<'static>>,
    packed: Vec<u8>,
}

impl Packer {
    /// Appends a section.
    pub(crate) fn put(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        let coding = if raw.len() < BYTES_MIN { RAW } else { self.compress(raw) };
        out.push(coding);
        if coding == RAW {
            varint::put_bytes(out, raw);
        } else {
            varint::put_u64(out, raw.len() as u64);
            varint::put_bytes(out, &self.packed);
        }
    }

    #[cfg(feature = "zstd")]
    fn compress(&mut self, raw: &[u8]) -> u8 {
        if self.zstd.is_none() {
            self.zstd = zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        }
        let Some(zstd) = &mut self.zstd else { return RAW };
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        match zstd.compress_to_buffer(raw, &mut self.packed) {
            Ok(bytes) if bytes < raw.len() => ZSTD,
            _ => RAW,
        }
    }

    #[cfg(not(feature = "zstd"))]
    fn compress(&mut self, raw: &[u8]) -> u8 {
        self.packed = lz4_flex::block::compress(raw);
        if self.packed.len() < raw.len() { LZ4 } else { RAW }
    }
}

/// Reads a section.
///
/// # Errors
///
/// Where the bytes are no section, or this build lacks the coding.
pub(crate) fn read(input: &mut Cursor<'_>) -> Result<Vec<u8>, Damaged> {
    let start = input.position();
    let coding = input.u8()?;
    if coding == RAW {
        return Ok(input.bytes()?.to_vec());
    }
    let raw = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
    let packed = input.bytes()?;
    let wrong = |what| Damaged::field(start, what);
    let bytes = match coding {
        LZ4 => choose::lz4_bytes(packed, raw).ok_or_else(|| wrong("LZ4 section"))?,
        #[cfg(feature = "zstd")]
        ZSTD => choose::zstd_bytes(packed, raw).ok_or_else(|| wrong("zstd section"))?,
        #[cfg(not(feature = "zstd"))]
        ZSTD => return Err(wrong("zstd section in a build without zstd, whose coding")),
        _ => {
            let damage = Damage::Unknown { what: "coding of a section", found: u64::from(coding) };
            return Err(Damaged::at(start, damage));
        }
    };
    if bytes.len() == raw { Ok(bytes) } else { Err(wrong("length of a section")) }
}

/// A section that is read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Packed {
    section: Bytes,
    raw_bytes: usize,
    raw: OnceLock<Vec<u8>>,
}

impl Packed {
    /// Finds a section of `page`, which `input` reads.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub(crate) fn find(input: &mut Cursor<'_>, page: &Bytes) -> Result<Self, Damaged> {
        let start = input.position();
        let coding = input.u8()?;
        let raw_bytes = match coding {
            RAW => None,
            _ => Some(usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX)),
        };
        let packed = input.bytes()?;
        let section = page.slice(start..input.position());
        let raw_bytes = raw_bytes.unwrap_or(packed.len());
        Ok(Packed { section, raw_bytes, raw: OnceLock::new() })
    }

    /// Its length after decompression; [`get`](Self::get) fails where that is not true.
    pub(crate) fn raw_bytes(&self) -> usize {
        self.raw_bytes
    }

    /// Its bytes.
    ///
    /// # Errors
    ///
    /// As [`read`].
    pub(crate) fn get(&self) -> Result<&[u8], Damaged> {
        if let Some(raw) = self.raw.get() {
            return Ok(raw);
        }
        let raw = read(&mut Cursor::new(&self.section))?;
        Ok(self.raw.get_or_init(|| raw))
    }

    /// Some of its bytes; the section is not read for none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), or they are not there.
    pub(crate) fn part(&self, from: usize, bytes: usize) -> Result<&[u8], Damaged> {
        if bytes == 0 {
            return Ok(&[]);
        }
        let end = from.saturating_add(bytes);
        self.get()?.get(from..end).ok_or_else(|| Damaged::field(0, "part of a section"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_section() {
        let mut out = Vec::new();
        Packer::default().put(b"abc", &mut out);
        assert_eq!(out, [RAW, 3, b'a', b'b', b'c']);
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(raw in prop::collection::vec(0_u8..5, 0..1000)) {
            let mut out = Vec::new();
            Packer::default().put(&raw, &mut out);
            let mut input = Cursor::new(&out);
            prop_assert_eq!(&read(&mut input).unwrap(), &raw);
            prop_assert!(input.finish().is_ok());
            let mut input = Cursor::new(&out);
            let packed = Packed::find(&mut input, &Bytes::copy_from_slice(&out)).unwrap();
            prop_assert!(input.is_empty() && packed.raw_bytes() == raw.len());
            prop_assert_eq!(packed.get().unwrap(), raw);
        }

        #[test]
        fn any_bytes_are_an_error_or_a_section(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&mut Cursor::new(&bytes));
        }
    }
}
