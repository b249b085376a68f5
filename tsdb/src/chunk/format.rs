//! A chunk of floats as bytes, without its times.
//!
//! ~~~text
//! flags       u8               bit 0: statistics · bit 1: start timestamps · bit 2: a reference
//! statistics  statistics.rs    if bit 0
//! starts      if bit 1: the first (zigzag varint), then the differences, bit-packed
//! reference   if bit 2: how many bytes before this chunk another one begins, at least 1, and how
//!             many bytes that has (varint each)
//! values      column.rs        if bit 2: what has to be added to the values of the other chunk
//! ~~~
//!
//! A bucket of a histogram counts what the bucket before it counts and a little more: the little
//! takes fewer bits. The other chunk lies in the same block and has the same times.
//!
//! Where a chunk lies, how long it is and which times belong to it stand in the index of its
//! block; the page that it lies in has the checksum.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use telemetry_core::source::FloatStatistics;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::{bitpack, column, statistics};

const STATISTICS: u8 = 1;
const STARTS: u8 = 2;
const REFERENCE: u8 = 4;

/// Another chunk, from the view of one that is told by its difference to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// How far before this one it begins; not 0.
    pub(crate) distance: u64,
    /// Its length.
    pub(crate) bytes: u32,
}

/// Appends a chunk of 1 to [`super::SAMPLES_MAX`] values. `starts` are as many, or none.
pub(crate) fn encode(values: &[f64], starts: &[i64], out: &mut Vec<u8>) {
    write(values, starts, None, out);
}

/// Appends a chunk as [`encode`] does, which is told by its differences to another one.
pub(crate) fn encode_differences(
    values: &[f64],
    starts: &[i64],
    reference: Reference,
    differences: &[f64],
    out: &mut Vec<u8>,
) {
    write(values, starts, Some((reference, differences)), out);
}

fn write(
    values: &[f64],
    starts: &[i64],
    differences: Option<(Reference, &[f64])>,
    out: &mut Vec<u8>,
) {
    let known = statistics::of(values);
    let has_starts = starts.iter().any(|start| *start != 0);
    out.push(
        (u8::from(known.is_some()) * STATISTICS)
            | (u8::from(has_starts) * STARTS)
            | (u8::from(differences.is_some()) * REFERENCE),
    );
    if let Some(known) = known {
        statistics::write(&known, out);
    }
    if has_starts {
        write_starts(starts, out);
    }
    match differences {
        Some((reference, differences)) => {
            varint::put_u64(out, reference.distance);
            varint::put_u64(out, reference.bytes.into());
            column::write(differences, out);
        }
        None => column::write(values, out),
    }
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
    if flags > (STATISTICS | STARTS | REFERENCE) {
        Err(input.field("flags of a chunk"))
    } else {
        Ok(flags)
    }
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

/// The last value, where the chunk knows about its values.
///
/// # Errors
///
/// Where the bytes are no chunk.
pub(crate) fn peek_last(bytes: &[u8]) -> Result<Option<f64>, Damaged> {
    let mut input = Cursor::new(bytes);
    if flags(&mut input)? & STATISTICS == 0 {
        return Ok(None);
    }
    statistics::read_last(&mut input).map(Some)
}

/// Whether the chunk is told by its difference to another one.
pub(crate) fn refers(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|flags| flags & REFERENCE != 0)
}

/// Appends the values of a chunk of `count` that are at the `wanted` places, and its start timestamps
/// if it has any, which are all. Where it refers to another chunk, the values are differences to
/// those of the other.
///
/// # Errors
///
/// Where the bytes are no chunk of so many.
pub(crate) fn decode(
    bytes: &[u8],
    count: usize,
    wanted: Range<usize>,
    values: &mut Vec<f64>,
    starts: &mut Vec<i64>,
) -> Result<Option<Reference>, Damaged> {
    let mut input = Cursor::new(bytes);
    let flags = flags(&mut input)?;
    if flags & STATISTICS != 0 {
        statistics::read(&mut input)?;
    }
    if flags & STARTS != 0 {
        read_starts(&mut input, count, starts)?;
    }
    let mut reference = None;
    if flags & REFERENCE != 0 {
        let distance = input.varint_u64()?;
        if distance == 0 {
            return Err(input.field("distance of a reference"));
        }
        reference = Some(Reference { distance, bytes: input.varint_u32()? });
    }
    column::read(&mut input, count, wanted, values)?;
    input.finish()?;
    Ok(reference)
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
    fn golden_reference() {
        let mut bytes = Vec::new();
        let reference = Reference { distance: 300, bytes: 20 };
        encode_differences(&[7.0, 8.0, 9.0], &[], reference, &[1.0; 3], &mut bytes);
        // The statistics are those of the values; the other chunk; a constant 1.
        let mut golden = vec![STATISTICS | REFERENCE, 1, 14, 4, 0, 0, 48, 0];
        golden.extend_from_slice(&[0xac, 2, 20, 0, 1, 2, 0]);
        assert_eq!(bytes, golden);
        assert!(refers(&bytes));
        let mut values = Vec::new();
        let read = decode(&bytes, 3, 0..3, &mut values, &mut Vec::new()).unwrap();
        assert_eq!((read, values), (Some(reference), vec![1.0; 3]));
    }

    #[test]
    fn a_truncated_chunk_is_an_error() {
        let mut bytes = Vec::new();
        encode(&[0.1, 0.2, 1e300, 0.4], &[1, 1, 2, 2], &mut bytes);
        for length in 0..bytes.len() {
            let part = bytes.get(..length).unwrap();
            assert!(decode(part, 4, 0..4, &mut Vec::new(), &mut Vec::new()).is_err());
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
            decode(&bytes, values.len(), 0..values.len(), &mut back, &mut back_starts).unwrap();
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&values));
            prop_assert_eq!(&back_starts[..], starts);
            prop_assert_eq!(peek(&bytes).unwrap(), statistics::of(&values));
        }

        #[test]
        fn any_bytes_are_an_error_or_samples(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = peek(&bytes);
            let _ = decode(&bytes, 100, 0..100, &mut Vec::new(), &mut Vec::new());
        }
    }
}
