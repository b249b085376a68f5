//! Picks the coding of a page's text.
//!
//! ~~~text
//! coding  u8   1 LZ4   2 zstd   (3 is text by templates: template/format.rs)
//! raw     varint       bytes after decompression, at most TEXT_BYTES_MAX
//! packed  length varint, bytes
//! ~~~
//!
//! zstd (feature `zstd`) is taken where it is at least an eighth smaller: LZ4 decompresses twice
//! as fast. A build without the feature refuses pages that need it.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, varint};

const LZ4: u8 = 1;
const ZSTD: u8 = 2;

/// What one byte of an LZ4 block can become at the most.
const LZ4_EXPANSION_MAX: usize = 255;

/// The most text of one page; also bounds what a hostile zstd frame can make.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 30;

/// Memory that is reserved because a frame says so.
#[cfg(feature = "zstd")]
const TRUSTED_BYTES_MAX: usize = 4 << 20;

#[cfg(feature = "zstd")]
thread_local! {
    /// Making one costs more than what it does for a small section.
    static DECOMPRESSOR: std::cell::RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        const { std::cell::RefCell::new(None) };
}

/// Level 1 gives nearly all of level 3 on log lines, at the same speed or better.
#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 1;

/// Appends the text.
pub(crate) fn write(text: &[u8], out: &mut Vec<u8>) {
    let lz4 = lz4_flex::block::compress(text);
    #[cfg(feature = "zstd")]
    if let Ok(zstd) = zstd::bulk::compress(text, ZSTD_LEVEL)
        && zstd.len() <= lz4.len() - lz4.len() / 8
    {
        return put(ZSTD, text.len(), &zstd, out);
    }
    put(LZ4, text.len(), &lz4, out);
}

fn put(coding: u8, raw: usize, packed: &[u8], out: &mut Vec<u8>) {
    out.push(coding);
    varint::put_u64(out, raw as u64);
    varint::put_bytes(out, packed);
}

/// Reads the text.
///
/// # Errors
///
/// Where the bytes are no such text, or this build lacks the coding.
pub(crate) fn read(input: &mut Cursor<'_>) -> Result<Vec<u8>, Damaged> {
    let start = input.position();
    let coding = input.u8()?;
    let raw = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
    let packed = input.bytes()?;
    let wrong = |what| Damaged::field(start, what);
    if raw > TEXT_BYTES_MAX {
        return Err(wrong("length of the text"));
    }
    let text = match coding {
        LZ4 => lz4_bytes(packed, raw).ok_or_else(|| wrong("LZ4 text"))?,
        #[cfg(feature = "zstd")]
        ZSTD => zstd_bytes(packed, raw).ok_or_else(|| wrong("zstd text"))?,
        #[cfg(not(feature = "zstd"))]
        ZSTD => return Err(wrong("zstd text in a build without zstd, whose coding")),
        _ => {
            let damage = Damage::Unknown { what: "coding of text", found: u64::from(coding) };
            return Err(Damaged::at(start, damage));
        }
    };
    if text.len() == raw { Ok(text) } else { Err(wrong("length of the text")) }
}

/// Decompresses; nothing where the bytes are none of `raw` bytes.
pub(super) fn lz4_bytes(packed: &[u8], raw: usize) -> Option<Vec<u8>> {
    if raw > packed.len().saturating_mul(LZ4_EXPANSION_MAX) {
        return None;
    }
    lz4_flex::block::decompress(packed, raw).ok()
}

/// Decompresses; nothing where the bytes are none of at most `raw` bytes. What promises to be long
/// is read step by step, so that memory follows what is there.
#[cfg(feature = "zstd")]
pub(super) fn zstd_bytes(packed: &[u8], raw: usize) -> Option<Vec<u8>> {
    use std::io::Read as _;
    if raw > TEXT_BYTES_MAX {
        return None;
    }
    if raw <= TRUSTED_BYTES_MAX {
        return DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                None => kept.insert(zstd::bulk::Decompressor::new().ok()?),
            };
            decompressor.decompress(packed, raw).ok()
        });
    }
    let decoder = zstd::stream::read::Decoder::with_buffer(packed).ok()?;
    let mut text = Vec::new();
    decoder.take(raw as u64 + 1).read_to_end(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(text, &mut bytes);
        assert_eq!(read(&mut Cursor::new(&bytes)).unwrap(), text);
        bytes
    }

    #[test]
    fn text_that_does_not_compress_stays_lz4() {
        let noise: Vec<u8> =
            (0..1000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[1]).collect();
        assert_eq!(round_trip(&noise)[0], LZ4);
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn text_that_repeats_in_part_is_zstd() {
        let text: String = (0..2000)
            .map(|i| format!("level=info user={} took {}ms\n", i * 7919 % 1009, i * 31 % 97))
            .collect();
        assert_eq!(round_trip(text.as_bytes())[0], ZSTD);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in prop::collection::vec(any::<u8>(), 0..3000)) {
            round_trip(&text);
        }

        #[test]
        fn any_bytes_are_an_error_or_text(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut Cursor::new(&bytes));
        }
    }
}
