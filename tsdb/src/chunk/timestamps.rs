//! Times of samples, strictly ascending.
//!
//! ~~~text
//! stride   1 │ first (zigzag varint) │ stride (varint)              every distance is the same
//! packed   2 │ first (zigzag varint) │ distances, bit-packed (bitpack.rs)
//! ~~~
//!
//! Scrapes come at a steady pace with some jitter: the distances lie close together, so one frame
//! of reference per block takes few bits, and nothing where there is no jitter.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::bitpack;

const STRIDE: u8 = 1;
const PACKED: u8 = 2;

/// Appends `times`.
pub(crate) fn write(times: &[i64], out: &mut Vec<u8>) {
    let distances: Vec<i64> =
        times.iter().zip(times.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a)).collect();
    let first = times.first().copied().unwrap_or(0);
    let stride = distances.first().copied().unwrap_or(0);
    if distances.iter().all(|distance| *distance == stride) {
        out.push(STRIDE);
        varint::put_i64(out, first);
        varint::put_u64(out, stride.cast_unsigned());
    } else {
        out.push(PACKED);
        varint::put_i64(out, first);
        bitpack::pack(&distances, out);
    }
}

/// Appends `count` times to `out`.
///
/// # Errors
///
/// Where the bytes are no such column, or the times do not ascend.
pub(crate) fn read(
    input: &mut Cursor<'_>,
    count: usize,
    out: &mut Vec<i64>,
) -> Result<(), Damaged> {
    let coding = input.u8()?;
    let mut time = input.varint_i64()?;
    match coding {
        STRIDE => {
            let stride = input.varint_u64()?.cast_signed();
            let steps = i64::try_from(count.saturating_sub(1)).unwrap_or(i64::MAX);
            let ascends = stride > 0 || steps == 0;
            if !ascends || stride.checked_mul(steps).and_then(|all| all.checked_add(time)).is_none()
            {
                return Err(input.field("stride of times"));
            }
            out.extend((0..count).map(|_| {
                let now = time;
                time = time.wrapping_add(stride);
                now
            }));
        }
        PACKED => {
            let mut ascends = true;
            out.push(time);
            bitpack::unpack_blocks(input, count.saturating_sub(1), |distances| {
                out.extend(distances.iter().map(|distance| {
                    let next = time.checked_add(*distance).filter(|_| *distance > 0);
                    ascends &= next.is_some();
                    time = next.unwrap_or(time);
                    time
                }));
            })?;
            if !ascends {
                return Err(input.field("distance of times"));
            }
        }
        _ => return Err(input.field("coding of times")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(times: &[i64]) -> usize {
        let mut bytes = Vec::new();
        write(times, &mut bytes);
        let mut back = Vec::new();
        read(&mut Cursor::new(&bytes), times.len(), &mut back).unwrap();
        assert_eq!(back, times);
        bytes.len()
    }

    #[test]
    fn golden_columns() {
        let mut bytes = Vec::new();
        write(&[10, 25, 40], &mut bytes);
        assert_eq!(bytes, [STRIDE, 20, 15]);
        bytes.clear();
        write(&[10, 25, 41], &mut bytes);
        // base 15 (zigzag 30), one bit each: 0, 1.
        assert_eq!(bytes, [PACKED, 20, 30, 1, 0b10]);
    }

    #[test]
    fn a_steady_pace_takes_no_room() {
        let times: Vec<i64> = (0..1000).map(|i| 1_700_000_000_000 + i * 15_000).collect();
        assert!(round_trip(&times) < 12);
    }

    #[test]
    fn times_that_do_not_ascend_are_refused() {
        let mut bytes = Vec::new();
        write(&[1, 1], &mut bytes);
        let read = read(&mut Cursor::new(&bytes), 2, &mut Vec::new());
        assert!(read.is_err());
    }

    proptest! {
        #[test]
        fn any_times_round_trip(
            first in any::<i32>(),
            steps in prop::collection::vec(1_i64..1_000_000_000_000, 0..300),
        ) {
            let mut times = vec![i64::from(first)];
            for step in steps {
                times.push(times[times.len() - 1] + step);
            }
            round_trip(&times);
        }

        #[test]
        fn any_bytes_are_an_error_or_times(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&mut Cursor::new(&bytes), 50, &mut Vec::new());
        }
    }
}
