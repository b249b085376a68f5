//! Decompression with a bound.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::error::Error;

/// The first two bytes of every gzip stream.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether `bytes` look like gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Decompresses gzip; several members one after another are one stream. A few kilobytes can hold
/// gigabytes: nothing past `bytes_max` is produced.
///
/// # Errors
///
/// [`Error::Gzip`] where the stream is damaged or ends early, [`Error::TooLarge`] where it holds
/// more than `bytes_max` bytes.
pub fn gunzip(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    // One byte more than allowed tells "exactly full" from "too large".
    let limit = (bytes_max as u64).saturating_add(1);
    MultiGzDecoder::new(bytes)
        .take(limit)
        .read_to_end(&mut out)
        .map_err(|source| Error::Gzip { source })?;
    if out.len() > bytes_max { Err(Error::TooLarge { limit: bytes_max }) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 1_000_000]);
        assert!(bomb.len() < 10_000);
        assert!(matches!(gunzip(&bomb, 999_999), Err(Error::TooLarge { limit: 999_999 })));
        assert_eq!(gunzip(&bomb, 1_000_000).unwrap().len(), 1_000_000);
    }

    #[test]
    fn members_follow_each_other() {
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(gunzip(&two, 100).unwrap(), b"one two");
    }

    #[test]
    fn damage_is_found_at_every_byte() {
        let whole = gzip(b"some bytes that are worth a checksum");
        for end in 0..whole.len() {
            // Of an empty input there is nothing to complain about but its emptiness.
            assert!(gunzip(&whole[..end], 100).is_err(), "cut at {end}");
        }
        let mut flipped = whole;
        let last = flipped.len() - 5;
        flipped[last] ^= 1;
        assert!(matches!(gunzip(&flipped, 100), Err(Error::Gzip { .. })));
    }
}
