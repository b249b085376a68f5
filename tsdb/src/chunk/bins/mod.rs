//! Many integers of which some are met more often: prefix codes of bins.
//!
//! ~~~text
//! base      zigzag varint   what was taken away from every number
//! outliers  varint count, then pairs: varint distance to the place before, zigzag varint of the
//!           number without the base
//! depth     u8              0 ..= 40: the other numbers are below 2^depth
//! tree      bits, high first, padded to bytes, in preorder: 1 a node with two halves · 0 a bin
//!           and then the length of its code, 0 if nothing is in it             tree.rs
//! sums      if differences were taken, for each time: what the numbers of the first, the second and
//!           the third stream add up to; of the second time the sums of the numbers up to each one.
//!           Zigzag varints: the first, then the distances
//! lengths   of the streams in bytes: varint, then three zigzag varints of the distance to the first
//! streams   four, a quarter of the numbers each, rounded up, the last ones less  lanes.rs
//!
//! length    0 that of the last bin that is not empty, at first 4 · 10s by 1 · 110s by 2 more, or less
//!           if s is 1 · 111 and 4 bits: another one
//! stream    bits, high first, padded to bytes; per number: the code of its bin · its distance to the
//!           bin's least number, in as many bits as the bin has
//! ~~~
//!
//! Differences of metrics lie around a middle, closer ones more often. Bins are narrow where many
//! lie and wide where few do; that a bin is a half of a half of the range makes it cost about four
//! bits to describe. A part of the numbers needs only the streams that it lies in, since the sums say
//! where each begins. Sources: Huffman 1952 for the codes, pcodec (Loncaric 2023) for bins with
//! plain bits behind them.
//!
//! Reading a stream to its end checks that it ends where the next one begins, in its bytes and in its
//! sums. A part that ends within a stream trusts the sums before it: to check them would be to read
//! what they are there to spare. The checksum of the page stands for them; only who forges a file, and
//! its checksums with it, can make such a part wrong, and `verify`, which reads all, still tells.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod lanes;
mod lengths;
mod tree;

use std::ops::Range;

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use self::lanes::{LANES, RUN, Table};
use self::tree::{DEPTH_MAX, Tree};
use super::sums::Sums;

/// Bins with at most one in so many numbers are tried.
const PARTS: [u64; 2] = [8, 24];

/// A number so many spans of the middle fifteen sixteenths away from them is an outlier.
const SPANS: i64 = 2;
/// Outliers are at most one in so many numbers.
const OUTLIERS_ONE_IN: usize = 64;

/// Appends `numbers`, for which differences were taken `order` times, if they can be coded so and it
/// may pay: false, and nothing appended, where they are too far apart or all in one bin.
pub(super) fn write(numbers: &[i64], order: usize, out: &mut Vec<u8>) -> bool {
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
    write_sums(numbers, order, out);
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

/// Appends what the numbers before each stream but the first add up to, as often as `order` says.
fn write_sums(numbers: &[i64], order: usize, out: &mut Vec<u8>) {
    let mut columns = [[0; LANES]; 2];
    let (mut sum, mut sums) = (0_i64, 0_i64);
    for (lane, places) in lanes::places(numbers.len()).into_iter().enumerate() {
        for number in numbers.get(places).unwrap_or_default() {
            sum = sum.wrapping_add(*number);
            sums = sums.wrapping_add(sum);
        }
        for (column, sum) in columns.iter_mut().zip([sum, sums]) {
            column.get_mut(lane).into_iter().for_each(|slot| *slot = sum);
        }
    }
    for column in columns.iter().take(order) {
        let (mut before, mut distance) = (0_i64, 0_i64);
        for sum in column.iter().take(LANES - 1) {
            let next = sum.wrapping_sub(before);
            varint::put_i64(out, next.wrapping_sub(distance));
            (before, distance) = (*sum, next);
        }
    }
}

/// Where each stream begins: what [`write_sums`] wrote.
fn read_sums(
    input: &mut Cursor<'_>,
    places: &[Range<usize>; LANES],
    start: Sums,
) -> Result<[Sums; LANES], Damaged> {
    let mut columns = [[0_i64; LANES]; 2];
    for column in columns.iter_mut().take(start.order()) {
        let (mut before, mut distance) = (0_i64, 0_i64);
        for sum in column.iter_mut().skip(1) {
            distance = distance.wrapping_add(input.varint_i64()?);
            before = before.wrapping_add(distance);
            *sum = before;
        }
    }
    let [sums, sums_of_sums] = columns;
    let mut starts = [start; LANES];
    let known = places.iter().zip(sums).zip(sums_of_sums);
    for (slot, ((places, sum), sums)) in starts.iter_mut().zip(known) {
        *slot = start.behind(places.start, [sum, sums]);
    }
    Ok(starts)
}

/// A stream on the way through.
#[derive(Clone, Copy, Debug)]
struct Lane {
    sums: Sums,
    /// Behind the last place that is wanted, and behind the last that it has.
    until: usize,
    end: usize,
    /// Where it goes on, and where its bytes end.
    bit: usize,
    end_byte: usize,
    /// Where the next one begins.
    next: Option<Sums>,
}

/// Hands those of `count` numbers to `take` that are at the `wanted` places, and maybe others, some
/// at a time with where they are.
///
/// # Errors
///
/// Where the bytes are no such column.
pub(super) fn read(
    input: &mut Cursor<'_>,
    count: usize,
    wanted: Range<usize>,
    start: Sums,
    take: &mut dyn FnMut(&mut Sums, &mut [i64]),
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
    let places = lanes::places(count);
    let starts = read_sums(input, &places, start)?;
    let lengths = read_lengths(input)?;
    let bytes = input.take(lengths.iter().copied().fold(0, usize::saturating_add))?;
    let table = Table::of(&bins);
    let mut lanes = wanted_lanes(&places, &starts, lengths, &wanted);
    let mut blocks = [[0; RUN]; LANES];
    while !lanes.is_empty() {
        let left = lanes.iter().map(|lane| lane.until.saturating_sub(lane.sums.place));
        let count = left.min().unwrap_or(0).min(RUN);
        let mut bits = [0; LANES];
        bits.iter_mut().zip(&lanes).for_each(|(bit, lane)| *bit = lane.bit);
        let bits = bits.get_mut(..lanes.len()).unwrap_or_default();
        table.read(bytes, bits, base, count, &mut blocks);
        for ((lane, block), bit) in lanes.iter_mut().zip(&mut blocks).zip(bits) {
            lane.bit = *bit;
            let Some(block) = block.get_mut(..count) else { break };
            put_outliers(&outliers, base, lane.sums.place, block);
            take(&mut lane.sums, block);
        }
        let mut is_whole = true;
        lanes.retain(|lane| {
            is_whole &= lane.sums.place < lane.end || lane.is_whole();
            lane.sums.place < lane.until
        });
        if !is_whole {
            return Err(input.field("streams of codes"));
        }
    }
    Ok(())
}

impl Lane {
    /// Whether it ended where its bytes end, and where the next one begins.
    fn is_whole(&self) -> bool {
        self.bit.div_ceil(8) == self.end_byte && self.next.is_none_or(|next| next == self.sums)
    }
}

/// The streams with wanted numbers.
fn wanted_lanes(
    places: &[Range<usize>; LANES],
    starts: &[Sums; LANES],
    lengths: [usize; LANES],
    wanted: &Range<usize>,
) -> Vec<Lane> {
    let mut lanes = Vec::with_capacity(LANES);
    let mut byte = 0_usize;
    let nexts = starts.iter().skip(1).copied().map(Some).chain([None]);
    for (((places, sums), length), next) in places.iter().zip(starts).zip(lengths).zip(nexts) {
        let (bit, end_byte) = (byte.saturating_mul(8), byte.saturating_add(length));
        byte = end_byte;
        let until = places.end.min(wanted.end);
        if places.start.max(wanted.start) < until {
            lanes.push(Lane { sums: *sums, until, end: places.end, bit, end_byte, next });
        }
    }
    lanes
}

/// Replaces the numbers of a block that are outliers.
fn put_outliers(outliers: &[(usize, i64)], base: i64, place: usize, block: &mut [i64]) {
    if outliers.is_empty() {
        return;
    }
    let first = outliers.partition_point(|(at, _)| *at < place);
    for (at, number) in outliers.iter().skip(first) {
        match block.get_mut(at - place) {
            Some(slot) => *slot = number.wrapping_add(base),
            None => break,
        }
    }
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

    fn read_part(bytes: &[u8], count: usize, wanted: Range<usize>, start: Sums) -> Vec<i64> {
        let mut back = vec![None; count];
        let mut cursor = Cursor::new(bytes);
        read(&mut cursor, count, wanted.clone(), start, &mut |sums, block| {
            let place = sums.place;
            sums.add_up(block);
            back[place..place + block.len()].iter_mut().zip(block).for_each(|(a, b)| *a = Some(*b));
        })
        .unwrap();
        assert!(cursor.is_empty());
        back[wanted].iter().map(|number| number.unwrap()).collect()
    }

    /// Writes and reads numbers, whole and in parts, as they are and as differences.
    fn round_trip(numbers: &[i64]) -> Option<usize> {
        let mut size = None;
        for order in 0..3 {
            let mut bytes = Vec::new();
            if !write(numbers, order, &mut bytes) {
                assert!(bytes.is_empty());
                return None;
            }
            size = size.or(Some(bytes.len()));
            let start = Sums::new(order, [7, -3]);
            let mut wanted = numbers.to_vec();
            start.clone().add_up(&mut wanted);
            let count = numbers.len();
            for part in [0..count, count / 3..count * 4 / 5, count - 1..count, 0..1, 0..0] {
                assert_eq!(read_part(&bytes, count, part.clone(), start), wanted[part]);
            }
        }
        size
    }

    #[test]
    fn golden_column() {
        let mut numbers = vec![5; 24];
        numbers.extend([6; 8]);
        numbers.extend([9, 9, 9, 9, 8, 8, 8, 8]);
        // Base 5, no outliers, depth 3.
        let head = [10, 0, 3];
        // Three splits, then the bins of 5, 6, 7 and 8, and 9 to 12, with codes 0, 10, 110, 111.
        let tree = [0b1110_1110, 0b0010_1000, 0b1000_0000];
        // Streams of 2, 2, 2 and 5 bytes: 0 ten times; again; 0 four times and 10 six times; twice
        // 10, 111 and 0 of 3 four times, 110 and 1 of 1 four times.
        let mut streams = vec![2, 0, 0, 6, 0, 0, 0, 0, 0b0000_1010, 0b1010_1010];
        streams.extend([0b1010_1110, 0b0111_0011, 0b1001_1100, 0b1101_1101, 0b1101_1101]);
        // Ten times 5, as many more, and 6 more than that: 4 times 5 and 6 times 6.
        let once = [100, 0, 12];
        // 5 + 10 + … + 50 = 275, and 55 + … + 100 = 775, which is 500 more; of the third 10 alike.
        let twice = [0xa6, 4, 0xe8, 7];
        for (order, sums) in [vec![], once.to_vec()].into_iter().enumerate() {
            let mut bytes = Vec::new();
            assert!(write(&numbers, order, &mut bytes));
            assert_eq!(bytes, [&head[..], &tree, &sums, &streams].concat());
        }
        let mut bytes = Vec::new();
        assert!(write(&numbers, 2, &mut bytes));
        assert_eq!(bytes.get(6..13), Some(&[&once[..], &twice].concat()[..]));
        round_trip(&numbers);
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

    #[test]
    fn sums_that_are_not_those_of_the_streams_are_damage() {
        let numbers: Vec<i64> = (0..400).map(|i| i * i % 97).collect();
        for order in 1..3 {
            let mut bytes = Vec::new();
            assert!(write(&numbers, order, &mut bytes));
            let mut plain = Vec::new();
            assert!(write(&numbers, 0, &mut plain));
            // The sums are all that differs.
            let sums = bytes.iter().zip(&plain).position(|(a, b)| a != b).unwrap();
            for at in sums..sums + bytes.len() - plain.len() {
                let mut bytes = bytes.clone();
                bytes[at] ^= 2;
                let start = Sums::new(order, [7, -3]);
                let mut take = |sums: &mut Sums, block: &mut [i64]| sums.add_up(block);
                let read = read(&mut Cursor::new(&bytes), 400, 0..400, start, &mut take);
                assert!(read.is_err(), "{order} {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn parts_of_damaged_columns_are_an_error_or_as_many_numbers(
            count in 1_usize..600,
            order in 0_usize..3,
            odd in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            ends: [prop::sample::Index; 2],
            other_count in prop::option::of(1_usize..700),
        ) {
            let numbers: Vec<i64> = (0_i64..).map(|i| i * i % 97).take(count).collect();
            let mut bytes = Vec::new();
            prop_assume!(write(&numbers, order, &mut bytes));
            for (at, byte) in odd {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let count = other_count.unwrap_or(count);
            let [a, b] = ends.map(|end| end.index(count + 1));
            let wanted = a.min(b)..a.max(b);
            let mut places = vec![0; count];
            let mut take = |sums: &mut Sums, block: &mut [i64]| {
                places[sums.place..][..block.len()].iter_mut().for_each(|times| *times += 1);
                sums.add_up(block);
            };
            let start = Sums::new(order, [7, -3]);
            let read = read(&mut Cursor::new(&bytes), count, wanted.clone(), start, &mut take);
            prop_assert!(places.iter().all(|times| *times <= 1));
            prop_assert!(read.is_err() || places[wanted].iter().all(|times| *times == 1));
        }

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
            order in 0_usize..3,
        ) {
            let mut take = |sums: &mut Sums, block: &mut [i64]| sums.add_up(block);
            let start = Sums::new(order, [1, 2]);
            let _ = read(&mut Cursor::new(&bytes), 1000, 0..1000, start, &mut take);
            let bytes: Vec<u8> = [&[0, 0, depth][..], &bytes].concat();
            let _ = read(&mut Cursor::new(&bytes), 1000, 300..700, start, &mut take);
        }
    }
}
