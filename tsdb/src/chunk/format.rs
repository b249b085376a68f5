//! A chunk of floats as bytes, without its times.
//!
//! ~~~text
//! flags       u8               bit 0: statistics · bit 1: start timestamps
//! statistics  statistics.rs    if bit 0
//! starts      if bit 1: the first (zigzag varint), then the differences, bit-packed
//! values      column.rs
//! ~~~
//!
//! Where a chunk lies, how long it is and which times belong to it stand in the index of its
//! block; the page that it lies in has the checksum.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::FloatStatistics;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::{bitpack, column, statistics};

const STATISTICS: u8 = 1;
const STARTS: u8 = 2;

/// Appends a chunk of 1 to [`super::SAMPLES_MAX`] values. `starts` are as many, or none.
pub(crate) fn encode(values: &[f64], starts: &[i64], out: &mut Vec<u8>) {
    let known = statistics::of(values);
    let has_starts = starts.iter().any(|start| *start != 0);
    out.push((u8::from(known.is_some()) * STATISTICS) | (u8::from(has_starts) * STARTS));
    if let Some(known) = known {
        statistics::write(&known, out);
    }
    if has_starts {
        write_starts(starts, out);
    }
    column::write(values, out);
}

/// Appends start timestamps, which are as many as the samples.
pub(super) fn write_starts(starts: &[i64], out: &mut Vec<u8>) {
    let differences: Vec<i64> =
        starts.iter().zip(starts.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a)).collect();
    varint::put_i64(out, starts.first().copied().unwrap_or(0));
    bitpack::pack(&differences, out);
}

/// Appends the start timestamps of `count` samples to `out`.
pub(super) fn read_starts(
    input: &mut Cursor<'_>,
    count: usize,
    out: &mut Vec<i64>,
) -> Result<(), Damaged> {
    let mut start = input.varint_i64()?;
    out.push(start);
    bitpack::unpack_blocks(input, count.saturating_sub(1), |differences| {
        out.extend(differences.iter().map(|difference| {
            start = start.wrapping_add(*difference);
            start
        }));
    })
}

fn flags(input: &mut Cursor<'_>) -> Result<u8, Damaged> {
    let flags = input.u8()?;
    if flags > (STATISTICS | STARTS) { Err(input.field("flags of a chunk")) } else { Ok(flags) }
}

/// What the chunk knows about its values.
///
/// # Errors
///
/// Where the bytes are no chunk.
pub(crate) fn peek(bytes: &[u8]) -> Result<Option<FloatStatistics>, Damaged> {
    let mut input = Cursor::new(bytes);
    if flags(&mut input)? & STATISTICS == 0 {
        return Ok(None);
    }
    statistics::read(&mut input).map(Some)
}

/// Appends the `count` values of a chunk, and its start timestamps if it has any.
///
/// # Errors
///
/// Where the bytes are no chunk of so many.
pub(crate) fn decode(
    bytes: &[u8],
    count: usize,
    values: &mut Vec<f64>,
    starts: &mut Vec<i64>,
) -> Result<(), Damaged> {
    let mut input = Cursor::new(bytes);
    let flags = flags(&mut input)?;
    if flags & STATISTICS != 0 {
        statistics::read(&mut input)?;
    }
    if flags & STARTS != 0 {
        read_starts(&mut input, count, starts)?;
    }
    column::read(&mut input, count, values)?;
    input.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_chunk() {
        let mut bytes = Vec::new();
        encode(&[7.0, 8.0, 9.0], &[], &mut bytes);
        // Whole numbers: first 7, last +2, min +0, max +0 behind it, sum 24, no resets.
        let mut golden = vec![STATISTICS, 1, 14, 4, 0, 0, 48, 0];
        // Whole numbers, order 1, first 7, then packed: 1 in no bits.
        golden.extend_from_slice(&[0, 1, 14, 1, 2, 0]);
        assert_eq!(bytes, golden);
        bytes.clear();
        encode(&[f64::NAN, 8.0], &[5, 4], &mut bytes);
        // Starts 5 and 1 less; values by their bits.
        assert_eq!(bytes.get(..5), Some(&[STARTS, 10, 1, 0, 31][..]));
    }

    #[test]
    fn a_truncated_chunk_is_an_error() {
        let mut bytes = Vec::new();
        encode(&[0.1, 0.2, 1e300, 0.4], &[1, 1, 2, 2], &mut bytes);
        for length in 0..bytes.len() {
            let part = bytes.get(..length).unwrap();
            assert!(decode(part, 4, &mut Vec::new(), &mut Vec::new()).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_chunk_round_trips(
            samples in prop::collection::vec((any::<i16>(), any::<u64>(), any::<bool>()), 1..50),
            starts in prop::collection::vec(any::<i64>(), 50),
            with_starts: bool,
        ) {
            let values: Vec<f64> = samples
                .iter()
                .map(|(whole, bits, odd)| if *odd { f64::from_bits(*bits) } else { (*whole).into() })
                .collect();
            let starts = if with_starts { &starts[..values.len()] } else { &[] };
            let mut bytes = Vec::new();
            encode(&values, starts, &mut bytes);
            let (mut back, mut back_starts) = (Vec::new(), Vec::new());
            decode(&bytes, values.len(), &mut back, &mut back_starts).unwrap();
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&values));
            prop_assert_eq!(&back_starts[..], starts);
            prop_assert_eq!(peek(&bytes).unwrap(), statistics::of(&values));
        }

        #[test]
        fn any_bytes_are_an_error_or_samples(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = peek(&bytes);
            let _ = decode(&bytes, 100, &mut Vec::new(), &mut Vec::new());
        }
    }
}
