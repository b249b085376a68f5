//! Lines and bytes per stretch of time, kept with every run: what counts by label read.
//!
//! ~~~text
//! width   u8      0: none, and nothing follows; else its place in WIDTHS, from 1 on
//! start   zigzag  in widths
//! counts  varint │ each varint
//! bytes   per count that is not 0: varint
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::PageBuckets;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

const SECOND: i64 = 1_000_000_000;

/// Nanoseconds of a stretch. Each divides the next but one, and the steps that people ask for are
/// multiples of some.
const WIDTHS: [i64; 10] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    3600 * SECOND,
    21_600 * SECOND,
    86_400 * SECOND,
];

/// Rows per stretch, at least on average: fewer are counted as quickly from their times.
const ROWS_MIN: usize = 32;
/// The stretch that pictures of a day are drawn with; it is kept even with few rows in each.
const USUAL_WIDTH: i64 = 300 * SECOND;
/// Rows per stretch of that.
const USUAL_ROWS_MIN: usize = 4;
/// Stretches of a run.
const STRETCHES_MAX: usize = 512;

/// The stretch that a time lies in: its end is in, its start is not.
fn stretch(time: i64, width: i64) -> i64 {
    time.saturating_sub(1).div_euclid(width)
}

/// Counts lines, of which `times` rise and `bytes` are the lengths, in the narrowest stretches of
/// which there are not too many; none where too few lines are in each.
pub(super) fn count(times: &[i64], bytes: impl Iterator<Item = u64>) -> Option<PageBuckets> {
    let (first, last) = (*times.first()?, *times.last()?);
    let stretches = |width: &i64| {
        let rows = if *width == USUAL_WIDTH { USUAL_ROWS_MIN } else { ROWS_MIN };
        let most = (times.len() / rows).min(STRETCHES_MAX);
        let stretches =
            stretch(last, *width).checked_sub(stretch(first, *width))?.checked_add(1)?;
        usize::try_from(stretches).ok().filter(|stretches| *stretches <= most)
    };
    let width = *WIDTHS.iter().find(|width| stretches(width).is_some())?;
    let count = stretches(&width)?;
    let from = stretch(first, width);
    let mut buckets = PageBuckets {
        start: from.checked_mul(width)?,
        width,
        counts: vec![0; count],
        line_bytes: vec![0; count],
    };
    for (time, bytes) in times.iter().zip(bytes) {
        let at = usize::try_from(stretch(*time, width) - from).ok()?;
        *buckets.counts.get_mut(at)? += 1;
        *buckets.line_bytes.get_mut(at)? += bytes;
    }
    Some(buckets)
}

/// Appends counts.
pub(super) fn write(buckets: Option<&PageBuckets>, out: &mut Vec<u8>) {
    let place = |buckets: &PageBuckets| WIDTHS.iter().position(|width| *width == buckets.width);
    let known = buckets.and_then(|buckets| Some((buckets, place(buckets)?)));
    let Some((buckets, place)) = known else {
        out.push(0);
        return;
    };
    // There are ten widths.
    out.push(u8::try_from(place + 1).unwrap_or(0));
    varint::put_i64(out, buckets.start / buckets.width);
    varint::put_u64(out, buckets.counts.len() as u64);
    buckets.counts.iter().for_each(|count| varint::put_u64(out, u64::from(*count)));
    for (count, bytes) in buckets.counts.iter().zip(&buckets.line_bytes) {
        if *count > 0 {
            varint::put_u64(out, *bytes);
        }
    }
}

/// Reads counts.
///
/// # Errors
///
/// Where the bytes are no counts.
pub(super) fn read(input: &mut Cursor<'_>) -> Result<Option<PageBuckets>, Damaged> {
    let Some(place) = usize::from(input.u8()?).checked_sub(1) else { return Ok(None) };
    let wrong = |input: &Cursor<'_>| input.field("stretches of time");
    let width = *WIDTHS.get(place).ok_or_else(|| wrong(input))?;
    let start = input.varint_i64()?.checked_mul(width).ok_or_else(|| wrong(input))?;
    let count = input.count(1)?;
    let mut buckets = PageBuckets {
        start,
        width,
        counts: Vec::with_capacity(count),
        line_bytes: Vec::with_capacity(count),
    };
    for _ in 0..count {
        buckets.counts.push(input.varint_u32()?);
    }
    for count in &buckets.counts {
        buckets.line_bytes.push(if *count > 0 { input.varint_u64()? } else { 0 });
    }
    Ok(Some(buckets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_counts() {
        // From 1 ns behind the start of a second to the end of the next: two stretches.
        let times: Vec<i64> =
            (0..64).map(|row| 3 * SECOND + 1 + row * (2 * SECOND - 1) / 63).collect();
        let buckets = count(&times, (0..64).map(|_| 3)).unwrap();
        assert_eq!((buckets.start, buckets.width), (3 * SECOND, SECOND));
        assert_eq!(buckets.counts, [32, 32]);
        let mut out = Vec::new();
        write(Some(&buckets), &mut out);
        assert_eq!(out, [1, 6, 2, 32, 32, 96, 96]);
        assert_eq!(read(&mut Cursor::new(&out)).unwrap(), Some(buckets));
        assert_eq!(read(&mut Cursor::new(&[0])).unwrap(), None);
    }

    #[test]
    fn few_or_scattered_lines_are_not_counted() {
        assert_eq!(count(&[1, 2, 3], [1; 3].into_iter()), None);
        let times: Vec<i64> = (0..40).map(|row| row * (i64::MAX / 40)).collect();
        assert_eq!(count(&times, [1; 40].into_iter()), None);
        assert_eq!(count(&[i64::MIN; 64], [1; 64].into_iter()), None);
    }

    proptest! {
        #[test]
        fn every_line_is_in_its_stretch(
            mut times in prop::collection::vec(-200_000_000_000_i64..200_000_000_000, 64..200),
        ) {
            times.sort_unstable();
            let bytes = |time: &i64| time.unsigned_abs() % 100;
            if let Some(found) = count(&times, times.iter().map(bytes)) {
                for (at, expected) in found.counts.iter().enumerate() {
                    let start = found.start + at as i64 * found.width;
                    let within = |time: &&i64| start < **time && **time <= start + found.width;
                    prop_assert_eq!(times.iter().filter(within).count(), *expected as usize);
                    let sum: u64 = times.iter().filter(within).map(bytes).sum();
                    prop_assert_eq!(sum, found.line_bytes[at]);
                }
                prop_assert_eq!(found.counts.iter().sum::<u32>() as usize, times.len());
                let mut out = Vec::new();
                write(Some(&found), &mut out);
                prop_assert_eq!(read(&mut Cursor::new(&out)).unwrap(), Some(found));
            }
        }
    }
}
