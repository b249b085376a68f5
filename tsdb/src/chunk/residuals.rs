//! What is left of a column when its differences were taken: whichever coding is the smallest.
//!
//! ~~~text
//! coding  u8   0 zeros    every number is 0
//!              1 packed   bitpack.rs
//!              2 bins     bins/mod.rs
//!              3 sparse   the common number (zigzag varint) │ varint count of the others │
//!                         numbers between one of the others and the next: a column as this
//!                         one, not sparse │ the others: another
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::sums::Sums;
use super::{bins, bitpack};

const ZEROS: u8 = 0;
const PACKED: u8 = 1;
const BINS: u8 = 2;
const SPARSE: u8 = 3;

/// Of fewer numbers, bins and their header are no more than a twentieth smaller than packed bits, and
/// these are read three times as fast.
const BINS_NUMBERS_MIN: usize = 400;
/// The same for columns of a sparse one, which are read fast because they are short.
const BINS_OTHERS_MIN: usize = 128;

/// Numbers looked at to find the middle of all.
const SAMPLED: usize = 384;

/// Appends `numbers`, for which differences were taken `order` times.
pub(super) fn write(numbers: &[i64], order: usize, out: &mut Vec<u8>) {
    if numbers.iter().all(|number| *number == 0) {
        return out.push(ZEROS);
    }
    let start = out.len();
    write_dense(numbers, order, BINS_NUMBERS_MIN, out);
    let common = median(numbers.iter().copied(), numbers.len());
    let others = numbers.iter().filter(|number| **number != common).count();
    if others * 2 < numbers.len() {
        let mut sparse = vec![SPARSE];
        write_sparse(numbers, common, &mut sparse);
        if sparse.len() < out.len() - start {
            out.truncate(start);
            out.extend(sparse);
        }
    }
}

/// The middle of about [`SAMPLED`] of so many numbers.
pub(super) fn median(numbers: impl Iterator<Item = i64>, count: usize) -> i64 {
    let mut sampled: Vec<i64> = numbers.step_by(step(count)).collect();
    let middle = sampled.len() / 2;
    if sampled.is_empty() { 0 } else { *sampled.select_nth_unstable(middle).1 }
}

/// Distance of the numbers that are looked at where there are so many.
pub(super) fn step(count: usize) -> usize {
    count.div_ceil(SAMPLED).max(1)
}

fn write_dense(numbers: &[i64], order: usize, bins_min: usize, out: &mut Vec<u8>) {
    let start = out.len();
    if numbers.len() >= bins_min {
        out.push(BINS);
        if bins::write(numbers, order, out) && out.len() - start <= bitpack::packed_bytes(numbers) {
            return;
        }
        out.truncate(start);
    }
    out.push(PACKED);
    bitpack::pack(numbers, out);
}

fn write_sparse(numbers: &[i64], common: i64, out: &mut Vec<u8>) {
    let (mut gaps, mut others) = (Vec::new(), Vec::new());
    let mut gap = 0;
    for number in numbers {
        if *number == common {
            gap += 1;
        } else {
            gaps.push(gap);
            others.push(*number);
            gap = 0;
        }
    }
    varint::put_i64(out, common);
    varint::put_u64(out, others.len() as u64);
    write_dense(&gaps, 0, BINS_OTHERS_MIN, out);
    write_dense(&others, 0, BINS_OTHERS_MIN, out);
}

/// Hands those of `count` numbers to `take` that are at the `wanted` places, and maybe others, some
/// at a time with where they are, which is `start` for the first; `take` adds them up.
///
/// # Errors
///
/// Where the bytes are no such column.
pub(super) fn read(
    input: &mut Cursor<'_>,
    count: usize,
    wanted: Range<usize>,
    mut start: Sums,
    take: &mut dyn FnMut(&mut Sums, &mut [i64]),
) -> Result<(), Damaged> {
    match input.u8()? {
        ZEROS => fill(0, count, &mut |block| take(&mut start, block)),
        SPARSE => take(&mut start, &mut read_sparse(input, count)?),
        coding => return read_dense(coding, input, count, wanted, start, take),
    }
    Ok(())
}

fn fill(number: i64, count: usize, take: &mut dyn FnMut(&mut [i64])) {
    let mut left = count;
    while left > 0 {
        let mut block = [number; bitpack::BLOCK];
        if let Some(block) = block.get_mut(..left.min(bitpack::BLOCK)) {
            take(block);
        }
        left = left.saturating_sub(bitpack::BLOCK);
    }
}

fn read_dense(
    coding: u8,
    input: &mut Cursor<'_>,
    count: usize,
    wanted: Range<usize>,
    mut start: Sums,
    take: &mut dyn FnMut(&mut Sums, &mut [i64]),
) -> Result<(), Damaged> {
    match coding {
        PACKED => bitpack::unpack_blocks(input, count, |block| take(&mut start, block)),
        BINS => bins::read(input, count, wanted, start, take),
        _ => Err(input.field("coding of numbers")),
    }
}

fn read_sparse(input: &mut Cursor<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    let common = input.varint_i64()?;
    let others = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
    if others > count {
        return Err(input.field("numbers that are not the common one"));
    }
    let column = |input: &mut Cursor<'_>| {
        let mut numbers = vec![0; others];
        let coding = input.u8()?;
        read_dense(coding, input, others, 0..others, Sums::none(), &mut |sums, block| {
            let slots = numbers.get_mut(sums.place..).unwrap_or_default();
            slots.iter_mut().zip(block.iter()).for_each(|(slot, number)| *slot = *number);
            sums.add_up(block);
        })?;
        Ok::<_, Damaged>(numbers)
    };
    let (gaps, others) = (column(input)?, column(input)?);
    let mut all = vec![common; count];
    let mut place = 0_usize;
    for (gap, other) in gaps.into_iter().zip(others) {
        let at = usize::try_from(gap).ok().and_then(|gap| place.checked_add(gap));
        let slot = at.and_then(|at| all.get_mut(at)).ok_or_else(|| input.field("gap"))?;
        *slot = other;
        place = at.unwrap_or(place) + 1;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coded(numbers: &[i64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(numbers, 0, &mut bytes);
        let mut back = vec![0; numbers.len()];
        let mut cursor = Cursor::new(&bytes);
        read(&mut cursor, numbers.len(), 0..numbers.len(), Sums::none(), &mut |sums, block| {
            back[sums.place..sums.place + block.len()].copy_from_slice(block);
            sums.add_up(block);
        })
        .unwrap();
        assert!(cursor.is_empty());
        assert_eq!(back, numbers);
        bytes
    }

    #[test]
    fn golden_sparse_column() {
        let mut numbers = vec![1; 400];
        numbers[100] = 3;
        numbers[102] = 4;
        // The common 1, two others; gaps 100 and 1: base 1, seven bits each; 3 and 4.
        let golden = [SPARSE, 2, 2, PACKED, 2, 7, 0x63, 0, PACKED, 6, 1, 0b10];
        assert_eq!(coded(&numbers), golden);
    }

    #[test]
    fn each_kind_of_column_finds_its_coding() {
        assert_eq!(coded(&[0; 500]), [ZEROS]);
        assert_eq!(coded(&[1, 2, 3])[0], PACKED);
        let squares: Vec<i64> = (0..1000).map(|i| (i * i) % 97 * ((i * i) % 89)).collect();
        assert_eq!(coded(&squares)[0], BINS);
        let rare: Vec<i64> = (0..1000).map(|i| i64::from(i % 13 == 0) * i).collect();
        assert_eq!(coded(&rare)[0], SPARSE);
    }

    proptest! {
        #[test]
        fn any_numbers_round_trip(
            numbers in prop::collection::vec(any::<i64>(), 0..1500),
            shift in 0_u32..64,
            rare in 1_usize..20,
        ) {
            let sparse = numbers.iter().enumerate();
            let sparse = sparse.map(|(at, n)| if at % rare == 0 { n >> shift } else { 5 });
            coded(&sparse.collect::<Vec<i64>>());
        }

        #[test]
        fn any_bytes_are_an_error_or_numbers(
            coding in 0_u8..4,
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes: Vec<u8> = [&[coding][..], &bytes].concat();
            let mut take = |sums: &mut Sums, block: &mut [i64]| sums.add_up(block);
            let _ = read(&mut Cursor::new(&bytes), 1000, 0..1000, Sums::none(), &mut take);
        }
    }
}
