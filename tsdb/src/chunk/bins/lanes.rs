//! Four streams of codes, read side by side.
//!
//! Where a code ends is known when it has been looked up; four streams that do not wait for each
//! other keep a processor busy meanwhile.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::super::bitstream::{BitWriter, word_at};
use super::lengths::{LENGTH_MAX, in_code_order};
use super::tree::Bin;

/// Streams of a column: number `i` of it is in stream `i % LANES`.
pub(super) const LANES: usize = 4;

const ENTRIES: usize = 1 << LENGTH_MAX;

/// Appends each stream to `out`, and says how many bytes each took. The numbers are in `bins`.
pub(super) fn write(numbers: &[u64], bins: &[Bin], out: &mut Vec<u8>) -> [usize; LANES] {
    let mut codes = vec![0_u64; bins.len()];
    let mut code = 0_u64;
    for place in in_code_order(bins.iter().map(|bin| bin.length)) {
        let (Some(bin), Some(slot)) = (bins.get(place), codes.get_mut(place)) else { continue };
        *slot = code >> (LENGTH_MAX - bin.length);
        code += 1 << (LENGTH_MAX - bin.length);
    }
    let mut lanes: [BitWriter; LANES] = Default::default();
    for group in numbers.chunks(LANES) {
        for (lane, number) in lanes.iter_mut().zip(group) {
            let place = bins.partition_point(|bin| bin.low <= *number).saturating_sub(1);
            let (Some(bin), Some(code)) = (bins.get(place), codes.get(place)) else { continue };
            lane.put((code << bin.width) | (number - bin.low), bin.length + bin.width);
        }
    }
    lanes.map(|lane| {
        let bytes = lane.finish();
        out.extend_from_slice(&bytes);
        bytes.len()
    })
}

/// Bits of a word that are there whatever bit of a byte it begins at.
const WORD_BITS: u32 = 57;

/// What the next bits of a stream stand for.
///
/// ~~~text
/// bits 0-7   of the code and of what lies behind it
/// bits 8-15  of the code
/// bits 16-23 63 less the bits behind the code
/// bits 24-63 the least number of the bin
/// ~~~
#[derive(Debug)]
pub(super) struct Table {
    entries: [u64; ENTRIES],
    /// Whether a word holds two numbers, whichever they are.
    pairs: bool,
}

impl Table {
    /// The table of a complete code.
    pub(super) fn of(bins: &[Bin]) -> Table {
        let mut entries = [0; ENTRIES];
        let mut rest = entries.as_mut_slice();
        let mut bits_max = 0;
        for place in in_code_order(bins.iter().map(|bin| bin.length)) {
            let Some(bin) = bins.get(place) else { continue };
            let share = 1_usize << (LENGTH_MAX - bin.length.min(LENGTH_MAX));
            let (mine, behind) = rest.split_at_mut(share.min(rest.len()));
            let (length, width) = (u64::from(bin.length), u64::from(bin.width));
            mine.fill((length + width) | length << 8 | (63 - width) << 16 | bin.low << 24);
            rest = behind;
            bits_max = bits_max.max(bin.length + bin.width);
        }
        Table { entries, pairs: bits_max * 2 <= WORD_BITS }
    }

    /// The number that a word begins with, and its bits.
    #[inline(always)]
    fn number(&self, word: u64) -> (u64, u64) {
        let place = usize::try_from(word >> (u64::BITS - LENGTH_MAX)).unwrap_or(0);
        let entry = self.entries.get(place).copied().unwrap_or(0);
        // Two shifts, since one of 64 bits is none.
        let behind = (word << ((entry >> 8) & 63)) >> 1 >> ((entry >> 16) & 63);
        ((entry >> 24) + behind, entry & 63)
    }

    /// The number at a bit of a stream, which moves behind it. Behind the end are zeros.
    #[inline(always)]
    fn next(&self, stream: &[u8], bit: &mut usize) -> u64 {
        let (number, bits) = self.number(word_at(stream, *bit));
        *bit += usize::try_from(bits).unwrap_or(0);
        number
    }

    /// The next two numbers, where both are in one word.
    #[inline(always)]
    fn next_two(&self, stream: &[u8], bit: &mut usize) -> [u64; 2] {
        let word = word_at(stream, *bit);
        let (one, bits) = self.number(word);
        let (other, more) = self.number(word << bits);
        *bit += usize::try_from(bits + more).unwrap_or(0);
        [one, other]
    }
}

/// A column of four streams on the way through.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    table: Table,
    /// All streams, one behind the other.
    bytes: &'a [u8],
    /// Where each goes on, in bits from the start of all.
    bits: [usize; LANES],
}

impl<'a> Lanes<'a> {
    /// At the start of streams of these lengths.
    pub(super) fn new(table: Table, bytes: &'a [u8], lengths: [usize; LANES]) -> Self {
        let mut start = 0;
        let bits = lengths.map(|length| {
            let bit = start * 8;
            start += length;
            bit
        });
        Lanes { table, bytes, bits }
    }

    /// The next numbers, each plus `base`. All but the last call ask for a multiple of [`LANES`].
    pub(super) fn take(&mut self, base: i64, numbers: &mut [i64]) {
        let rest = if self.table.pairs { self.take_pairs(base, numbers) } else { numbers };
        let Lanes { table, bytes, bits } = self;
        let add = |number: u64| number.cast_signed().wrapping_add(base);
        for group in rest.chunks_mut(LANES) {
            for (number, bit) in group.iter_mut().zip(bits.iter_mut()) {
                *number = add(table.next(bytes, bit));
            }
        }
    }

    /// As many as can be had two by two; gives the rest back.
    fn take_pairs<'n>(&mut self, base: i64, numbers: &'n mut [i64]) -> &'n mut [i64] {
        let Lanes { table, bytes, bits } = self;
        let [mut a, mut b, mut c, mut d] = *bits;
        let add = |number: u64| number.cast_signed().wrapping_add(base);
        let mut groups = numbers.chunks_exact_mut(2 * LANES);
        for group in &mut groups {
            let [a0, a1] = table.next_two(bytes, &mut a);
            let [b0, b1] = table.next_two(bytes, &mut b);
            let [c0, c1] = table.next_two(bytes, &mut c);
            let [d0, d1] = table.next_two(bytes, &mut d);
            let first = [add(a0), add(b0), add(c0), add(d0)];
            let second = [add(a1), add(b1), add(c1), add(d1)];
            let (low, high) = group.split_at_mut(LANES);
            low.copy_from_slice(&first);
            high.copy_from_slice(&second);
        }
        *bits = [a, b, c, d];
        groups.into_remainder()
    }

    /// Whether each stream has been read to its end.
    pub(super) fn are_at_end(&self, lengths: [usize; LANES]) -> bool {
        let mut end = 0;
        self.bits.iter().zip(lengths).all(|(bit, length)| {
            end += length;
            bit.div_ceil(8) == end
        })
    }
}
