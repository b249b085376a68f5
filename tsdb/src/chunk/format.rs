//! A chunk of floats as bytes.
//!
//! ~~~text
//! count    varint          samples, 1 to SAMPLES_MAX
//! times    timestamps.rs
//! values   choose.rs
//! ~~~
//!
//! Where a chunk lies, how long it is, its time range and statistics stand in the index of its
//! block; the block's section has the checksum.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::FloatColumn;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;
use telemetry_core::time::MillisRange;

use super::{choose, timestamps};

/// The most samples of one chunk: what one decode may allocate.
pub(crate) const SAMPLES_MAX: usize = 1 << 16;

/// Buffers that decoding reuses.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    integers: Vec<i64>,
    times: Vec<i64>,
    values: Vec<f64>,
}

/// Appends a chunk. `times` ascend and are as many as `values`, 1 to [`SAMPLES_MAX`].
pub(crate) fn encode(times: &[i64], values: &[f64], out: &mut Vec<u8>) {
    varint::put_u64(out, times.len() as u64);
    timestamps::write(times, out);
    choose::write(values, out);
}

/// Appends the samples in `range` (both ends included) to `out`.
///
/// # Errors
///
/// Where the bytes are no chunk.
pub(crate) fn decode(
    bytes: &[u8],
    range: MillisRange,
    scratch: &mut Scratch,
    out: &mut FloatColumn,
) -> Result<(), Damaged> {
    let mut input = Cursor::new(bytes);
    let count = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
    if count == 0 || count > SAMPLES_MAX {
        return Err(input.field("number of samples"));
    }
    let Scratch { integers, times, values } = scratch;
    times.clear();
    values.clear();
    timestamps::read(&mut input, count, integers, times)?;
    choose::read(&mut input, count, integers, values)?;
    input.finish()?;
    let start = times.partition_point(|time| *time < range.start.0);
    let end = times.partition_point(|time| *time <= range.end.0).max(start);
    let before = out.times.len();
    out.times.extend_from_slice(times.get(start..end).unwrap_or_default());
    out.values.extend_from_slice(values.get(start..end).unwrap_or_default());
    if !out.starts.is_empty() {
        out.starts.resize(out.times.len().max(before), 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(bytes: &[u8], range: MillisRange) -> (Vec<i64>, Vec<f64>) {
        let mut out = FloatColumn::default();
        decode(bytes, range, &mut Scratch::default(), &mut out).unwrap();
        (out.times, out.values)
    }

    #[test]
    fn golden_chunk() {
        let mut bytes = Vec::new();
        encode(&[1000, 2000, 3000], &[7.0, 8.0, 9.0], &mut bytes);
        assert_eq!(
            bytes,
            [
                3, // samples
                1, 0xd0, 0x0f, 0xe8, 0x07, // stride: first 1000, every 1000
                2, 0, 1, 14, 0, 2, 0, // decimal: exponent 0, order 1, first 7, then 1 in no bits
            ]
        );
    }

    #[test]
    fn only_samples_in_range_come_out() {
        let mut bytes = Vec::new();
        encode(&[1, 2, 3, 4], &[0.1, 0.2, 0.3, 0.4], &mut bytes);
        assert_eq!(decoded(&bytes, MillisRange::new(2, 3)), (vec![2, 3], vec![0.2, 0.3]));
        assert_eq!(decoded(&bytes, MillisRange::new(9, 12)).0.len(), 0);
    }

    #[test]
    fn a_truncated_chunk_is_an_error() {
        let mut bytes = Vec::new();
        encode(&[1, 2, 5, 9], &[0.1, 0.2, 1e300, 0.4], &mut bytes);
        for length in 0..bytes.len() {
            let mut out = FloatColumn::default();
            let part = bytes.get(..length).unwrap();
            let range = MillisRange::new(0, 10);
            assert!(decode(part, range, &mut Scratch::default(), &mut out).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_samples(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut out = FloatColumn::default();
            let range = MillisRange::new(i64::MIN, i64::MAX);
            let _ = decode(&bytes, range, &mut Scratch::default(), &mut out);
        }
    }
}
