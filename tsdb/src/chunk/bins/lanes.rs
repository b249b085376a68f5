//! Four streams of codes, read side by side.
//!
//! Where a code ends is known when it has been looked up; four streams that do not wait for each
//! other keep a processor busy meanwhile. Each has a quarter of the numbers, one behind the other,
//! so that a part of a column needs only the streams that it lies in.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use super::super::bitstream::{BitWriter, word_at};
use super::lengths::{LENGTH_MAX, in_code_order};
use super::tree::Bin;

/// Streams of a column.
pub(super) const LANES: usize = 4;

/// Numbers of a stream that are read at a time: those of all streams stay in the nearest memory.
pub(super) const RUN: usize = 64;

const ENTRIES: usize = 1 << LENGTH_MAX;

/// The places of `count` numbers that each stream has.
pub(super) fn places(count: usize) -> [Range<usize>; LANES] {
    let quarter = quarter(count);
    let at = |lane: usize| quarter.saturating_mul(lane).min(count);
    [at(0)..at(1), at(1)..at(2), at(2)..at(3), at(3)..count]
}

fn quarter(count: usize) -> usize {
    count.div_ceil(LANES)
}

/// Appends each stream to `out`, and says how many bytes each took. The numbers are in `bins`.
pub(super) fn write(numbers: &[u64], bins: &[Bin], out: &mut Vec<u8>) -> [usize; LANES] {
    let mut codes = vec![0_u64; bins.len()];
    let mut code = 0_u64;
    for place in in_code_order(bins.iter().map(|bin| bin.length)) {
        let (Some(bin), Some(slot)) = (bins.get(place), codes.get_mut(place)) else { continue };
        *slot = code >> (LENGTH_MAX - bin.length);
        code += 1 << (LENGTH_MAX - bin.length);
    }
    places(numbers.len()).map(|places| {
        let mut lane = BitWriter::default();
        for number in numbers.get(places).unwrap_or_default() {
            let place = bins.partition_point(|bin| bin.low <= *number).saturating_sub(1);
            let (Some(bin), Some(code)) = (bins.get(place), codes.get(place)) else { continue };
            lane.put((code << bin.width) | (number - bin.low), bin.length + bin.width);
        }
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

    /// The next `count` numbers of `N` streams, each plus `base`; `bits` says where these go on.
    /// At most [`RUN`].
    #[expect(clippy::indexing_slicing, reason = "a measured loop; the bounds are constants")]
    fn numbers<const N: usize>(
        &self,
        bytes: &[u8],
        bits: &mut [usize; N],
        base: i64,
        count: usize,
        out: &mut [[i64; RUN]; LANES],
    ) {
        const { assert!(N <= LANES) };
        let add = |number: u64| number.cast_signed().wrapping_add(base);
        let count = count.min(RUN);
        let mut at = 0;
        if self.pairs {
            while at + 1 < count {
                for lane in 0..N {
                    let [one, other] = self.next_two(bytes, &mut bits[lane]);
                    out[lane][at] = add(one);
                    out[lane][at + 1] = add(other);
                }
                at += 2;
            }
        }
        while at < count {
            for lane in 0..N {
                out[lane][at] = add(self.next(bytes, &mut bits[lane]));
            }
            at += 1;
        }
    }

    /// Reads `count` numbers of each stream that `bits` has a bit of, at most [`LANES`].
    pub(super) fn read(
        &self,
        bytes: &[u8],
        bits: &mut [usize],
        base: i64,
        count: usize,
        out: &mut [[i64; RUN]; LANES],
    ) {
        if let Ok(bits) = <&mut [usize; 4]>::try_from(&mut *bits) {
            self.numbers(bytes, bits, base, count, out);
        } else if let Ok(bits) = <&mut [usize; 3]>::try_from(&mut *bits) {
            self.numbers(bytes, bits, base, count, out);
        } else if let Ok(bits) = <&mut [usize; 2]>::try_from(&mut *bits) {
            self.numbers(bytes, bits, base, count, out);
        } else if let Ok(bits) = <&mut [usize; 1]>::try_from(bits) {
            self.numbers(bytes, bits, base, count, out);
        }
    }
}
