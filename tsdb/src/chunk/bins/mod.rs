//! Many integers of which some are met more often: prefix codes of bins.
//!
//! ~~~text
//! base      zigzag varint   what was taken away from every number
//! outliers  varint count, then pairs: varint distance to the place before, zigzag varint of the
//!           number without the base
//! depth     u8              0 ..= 40: the other numbers are below 2^depth
//! tree      bits, high first, padded to bytes, in preorder: 1 a node with two halves · 0 a bin
//!           and then the length of its code, 0 if nothing is in it             tree.rs
//! lengths   of the streams in bytes: varint, then three zigzag varints of the distance to the first
//! streams   four; number i is in stream i % 4                                lanes.rs
//!
//! length    0 that of the last bin that is not empty, at first 4 · 10s by 1 · 110s by 2 more, or less
//!           if s is 1 · 111 and 4 bits: another one
//! stream    bits, high first, padded to bytes; per number: the code of its bin · its distance to the
//!           bin's least number, in as many bits as the bin has
//! ~~~
//!
//! Differences of metrics lie around a middle, closer ones more often. Bins are narrow where many
//! lie and wide where few do; that a bin is a half of a half of the range makes it cost about four
//! bits to describe. Sources: Huffman 1952 for the codes, pcodec (Loncaric 2023) for bins with
//! plain bits behind them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod lanes;
mod lengths;
mod tree;

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use self::lanes::{LANES, Lanes, Table};
use self::tree::{DEPTH_MAX, Tree};

/// Numbers decoded at a time: few enough to stay in the nearest memory.
const BLOCK: usize = 128;

/// Bins with at most one in so many numbers are tried.
const PARTS: [u64; 2] = [8, 24];

/// A number so many spans of the middle fifteen sixteenths away from them is an outlier.
const SPANS: i64 = 2;
/// Outliers are at most one in so many numbers.
const OUTLIERS_ONE_IN: usize = 64;

/// Appends `numbers`, if they can be coded so and it may pay: false, and nothing appended, where
/// they are too far apart or all in one bin.
pub(super) fn write(numbers: &[i64], out: &mut Vec<u8>) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let (Some(kept), Some(median)) = (inliers(&sorted), sorted.get(sorted.len() / 2)) else {
        return false;
    };
    let (Some(least), Some(most)) = (kept.first().copied(), kept.last().copied()) else {
        return false;
    };
    let depth = u64::BITS - most.abs_diff(least).leading_zeros();
    if depth > DEPTH_MAX {
        return false;
    }
    let sorted: Vec<u64> = kept.iter().map(|number| number.abs_diff(least)).collect();
    let Some((tree, lengths)) = shortest(&sorted, depth) else { return false };
    let mut outliers = Vec::new();
    let mut place = 0_u64;
    let mut offsets = Vec::with_capacity(numbers.len());
    for number in numbers {
        if (least..=most).contains(number) {
            offsets.push(number.abs_diff(least));
        } else {
            outliers.push((place, number.wrapping_sub(least)));
            place = 0;
            offsets.push(median.abs_diff(least));
        }
        place += 1;
    }
    varint::put_i64(out, least);
    varint::put_u64(out, outliers.len() as u64);
    for (distance, number) in outliers {
        varint::put_u64(out, distance);
        varint::put_i64(out, number);
    }
    out.push(u8::try_from(depth).unwrap_or(0));
    tree.write(&lengths, out);
    let mut streams = Vec::with_capacity(numbers.len());
    let [first, others @ ..] = lanes::write(&offsets, &tree.bins(&lengths), &mut streams);
    varint::put_u64(out, first as u64);
    for other in others {
        varint::put_i64(out, (other as u64).wrapping_sub(first as u64).cast_signed());
    }
    out.extend(streams);
    true
}

/// The tree with the fewest bits in all, and the lengths of its codes; none of one bin.
fn shortest(sorted: &[u64], depth: u32) -> Option<(Tree, Vec<u32>)> {
    let trees = PARTS.iter().filter_map(|parts| {
        let tree = Tree::of(sorted, depth, *parts);
        let counts = tree.counts();
        let used = counts.iter().filter(|count| **count > 0).count();
        (used >= 2).then(|| {
            let lengths = lengths::lengths(&counts);
            (tree.bits(&lengths), tree, lengths)
        })
    });
    trees.min_by_key(|(bits, ..)| *bits).map(|(_, tree, lengths)| (tree, lengths))
}

/// The numbers that are no outliers, if all are not.
fn inliers(sorted: &[i64]) -> Option<&[i64]> {
    let edge = sorted.len() / 32;
    let low = *sorted.get(edge)?;
    let high = *sorted.get(sorted.len() - 1 - edge)?;
    let reach = high.saturating_sub(low).saturating_add(1).saturating_mul(SPANS);
    let (from, to) = (low.saturating_sub(reach), high.saturating_add(reach));
    let start = sorted.partition_point(|number| *number < from);
    let end = sorted.partition_point(|number| *number <= to);
    let outliers = sorted.len() - (end - start);
    // Where they are many, bins of their own are cheaper.
    if outliers * OUTLIERS_ONE_IN > sorted.len() { Some(sorted) } else { sorted.get(start..end) }
}

/// Hands `count` numbers to `take`, some at a time.
///
/// # Errors
///
/// Where the bytes are no such column.
pub(super) fn read(
    input: &mut Cursor<'_>,
    count: usize,
    take: &mut dyn FnMut(&mut [i64]),
) -> Result<(), Damaged> {
    let base = input.varint_i64()?;
    let outliers = read_outliers(input, count)?;
    let depth = u32::from(input.u8()?);
    if depth > DEPTH_MAX {
        return Err(input.field("depth of bins"));
    }
    let (bins, bytes) = tree::read(input.rest(), depth)?;
    input.take(bytes)?;
    if !lengths::are_complete(bins.iter().map(|bin| bin.length)) {
        return Err(input.field("lengths of codes"));
    }
    let lengths = read_lengths(input)?;
    let bytes = input.take(lengths.iter().copied().fold(0, usize::saturating_add))?;
    let mut lanes = Lanes::new(Table::of(&bins), bytes, lengths);
    let mut outliers = outliers.into_iter().peekable();
    let mut block = [0_i64; BLOCK];
    let mut place = 0;
    while place < count {
        let Some(block) = block.get_mut(..BLOCK.min(count - place)) else { break };
        lanes.take(base, block);
        while let Some((at, number)) = outliers.next_if(|(at, _)| *at < place + block.len()) {
            if let Some(slot) = block.get_mut(at - place) {
                *slot = number.wrapping_add(base);
            }
        }
        place += block.len();
        take(block);
    }
    if lanes.are_at_end(lengths) { Ok(()) } else { Err(input.field("streams of codes")) }
}

/// Places and numbers, ascending by place.
fn read_outliers(input: &mut Cursor<'_>, count: usize) -> Result<Vec<(usize, i64)>, Damaged> {
    let outliers = input.count(2)?;
    let mut read = Vec::with_capacity(outliers.min(count));
    let mut place = 0_usize;
    for _ in 0..outliers {
        let distance = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
        place = place.saturating_add(distance);
        if place >= count {
            return Err(input.field("place of an outlier"));
        }
        read.push((place, input.varint_i64()?));
    }
    Ok(read)
}

fn read_lengths(input: &mut Cursor<'_>) -> Result<[usize; LANES], Damaged> {
    let first = input.varint_u64()?;
    let mut lengths = [usize::try_from(first).unwrap_or(usize::MAX); LANES];
    for length in lengths.iter_mut().skip(1) {
        let other = first.wrapping_add(input.varint_i64()?.cast_unsigned());
        *length = usize::try_from(other).unwrap_or(usize::MAX);
    }
    Ok(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(numbers: &[i64]) -> Option<usize> {
        let mut bytes = Vec::new();
        if !write(numbers, &mut bytes) {
            assert!(bytes.is_empty());
            return None;
        }
        let mut back = Vec::new();
        let mut cursor = Cursor::new(&bytes);
        read(&mut cursor, numbers.len(), &mut |block| back.extend_from_slice(block)).unwrap();
        assert!(cursor.is_empty());
        assert_eq!(back, numbers);
        Some(bytes.len())
    }

    #[test]
    fn golden_column() {
        let mut numbers = vec![5; 24];
        numbers.extend([6; 8]);
        numbers.extend([9, 9, 9, 9, 8, 8, 8, 8]);
        let mut bytes = Vec::new();
        assert!(write(&numbers, &mut bytes));
        // Base 5, no outliers, depth 3.
        let mut golden = vec![10, 0, 3];
        // Three splits, then the bins of 5, 6, 7 and 8, and 9 to 12, with codes 0, 10, 110, 111.
        golden.extend([0b1110_1110, 0b0010_1000, 0b1000_0000]);
        // Four streams of three bytes: six times 0, twice 10, 111 and 0 of 3, 110 and 1 of 1.
        golden.extend([3, 0, 0, 0]);
        golden.extend([0b0000_0010, 0b1011_1001, 0b1010_0000].repeat(4));
        assert_eq!(bytes, golden);
        let mut back = Vec::new();
        read(&mut Cursor::new(&bytes), 40, &mut |block| back.extend_from_slice(block)).unwrap();
        assert_eq!(back, numbers);
    }

    #[test]
    fn numbers_around_a_middle_take_less_than_the_widest_needs() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33).cast_signed() % 100
        };
        // A sum of four: 800 possible values, two thirds of them within 230.
        let mut numbers: Vec<i64> =
            (0..2_000).map(|_| random() + random() + random() + random()).collect();
        let size = round_trip(&numbers).unwrap();
        assert!(size < 2_120, "{size}");
        // A counter that began anew.
        numbers[1_000] = -1_000_000_000;
        assert!(round_trip(&numbers).unwrap() < size + 12);
    }

    #[test]
    fn equal_numbers_and_numbers_of_any_size_are_left_to_others() {
        assert_eq!(round_trip(&[7; 300]), None);
        assert_eq!(round_trip(&[]), None);
        assert_eq!(round_trip(&[i64::MIN, i64::MAX, 0, 1, 2]), None);
    }

    proptest! {
        #[test]
        fn any_numbers_round_trip(
            numbers in prop::collection::vec(any::<i64>(), 0..1500),
            shift in 20_u32..64,
            odd in prop::collection::vec((any::<prop::sample::Index>(), any::<i64>()), 0..4),
        ) {
            let mut numbers: Vec<i64> =
                numbers.iter().enumerate().map(|(at, n)| n >> shift >> (at % 4)).collect();
            for (at, number) in odd {
                if !numbers.is_empty() {
                    let at = at.index(numbers.len());
                    numbers[at] = number;
                }
            }
            round_trip(&numbers);
        }

        #[test]
        fn any_bytes_are_an_error_or_numbers(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            depth in 0_u8..12,
        ) {
            let _ = read(&mut Cursor::new(&bytes), 1000, &mut |_| {});
            let bytes: Vec<u8> = [&[0, 0, depth][..], &bytes].concat();
            let _ = read(&mut Cursor::new(&bytes), 1000, &mut |_| {});
        }
    }
}
