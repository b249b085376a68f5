//! Snappy's block format with a bound.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::io::ErrorKind;

use crate::error::{Error, Fault};

/// Decompresses one block into `out`, whose memory is used again, and gives what it holds. The
/// length stands in front of a block, so nothing is reserved for one that is too large.
pub(crate) fn decompress<'a>(
    block: &[u8],
    bytes_max: usize,
    out: &'a mut Vec<u8>,
) -> Result<&'a [u8], Fault> {
    let len = snap::raw::decompress_len(block).map_err(damaged)?;
    if len > bytes_max {
        return Err(Box::new(Error::TooLarge { limit: bytes_max }));
    }
    // No element of a block stands for more than 64 bytes: this one cannot hold what it promises.
    if len / 64 > block.len() {
        return Err(Box::new(Error::Snappy { source: ErrorKind::InvalidData.into() }));
    }
    if out.len() < len {
        // All of it is overwritten; bytes that are there already need not be cleared.
        out.resize(len, 0);
    }
    let len = snap::raw::Decoder::new().decompress(block, out).map_err(damaged)?;
    Ok(out.get(..len).unwrap_or_default())
}

/// Compresses `bytes` as one block.
pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(snap::raw::Encoder::new().compress_vec(bytes).map_err(damaged)?)
}

#[cold]
fn damaged(source: snap::Error) -> Fault {
    Box::new(Error::Snappy { source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_comes_back() {
        let mut out = vec![7; 3];
        for text in [&b""[..], b"one", &[5; 100_000]] {
            let block = compress(text).unwrap();
            assert_eq!(decompress(&block, text.len(), &mut out).unwrap(), text);
        }
    }

    #[test]
    fn nothing_past_the_bound_is_reserved() {
        let block = compress(&[5; 1000]).unwrap();
        let mut out = Vec::new();
        let fault = decompress(&block, 999, &mut out).unwrap_err();
        assert!(matches!(*fault, Error::TooLarge { limit: 999 }));
        // A header that promises 4 GiB behind which nothing is.
        let fault = decompress(b"\xff\xff\xff\xff\x0f\0", usize::MAX, &mut out).unwrap_err();
        assert!(matches!(*fault, Error::Snappy { .. }));
        assert_eq!(out.capacity(), 0);
    }

    #[test]
    fn damage_is_found() {
        let whole = compress(b"some bytes, some bytes, some bytes").unwrap();
        let mut out = Vec::new();
        for end in 0..whole.len() {
            assert!(decompress(&whole[..end], 100, &mut out).is_err(), "cut at {end}");
        }
    }
}
