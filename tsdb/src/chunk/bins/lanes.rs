//! Four streams of codes, read side by side.
//!
//! Where a code ends is known when it has been looked up; four streams that do not wait for each
//! other keep a processor busy meanwhile.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::super::bitstream::BitWriter;
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

/// What the next bits of a stream stand for.
///
/// ~~~text
/// bits 0-7   of the code and of what lies behind it
/// bits 8-15  of the code
/// bits 16-23 63 less the bits behind the code
/// bits 24-63 the least number of the bin
/// ~~~
#[derive(Debug)]
pub(super) struct Table([u64; ENTRIES]);

impl Table {
    /// The table of a complete code.
    pub(super) fn of(bins: &[Bin]) -> Table {
        let mut entries = [0; ENTRIES];
        let mut rest = entries.as_mut_slice();
        for place in in_code_order(bins.iter().map(|bin| bin.length)) {
            let Some(bin) = bins.get(place) else { continue };
            let share = 1_usize << (LENGTH_MAX - bin.length.min(LENGTH_MAX));
            let (mine, behind) = rest.split_at_mut(share.min(rest.len()));
            let (length, width) = (u64::from(bin.length), u64::from(bin.width));
            mine.fill((length + width) | length << 8 | (63 - width) << 16 | bin.low << 24);
            rest = behind;
        }
        Table(entries)
    }

    /// The number at a bit of a stream, which moves behind it. Behind the end are zeros.
    #[inline(always)]
    fn next(&self, stream: &[u8], bit: &mut usize) -> u64 {
        let tail = stream.get(*bit / 8..).unwrap_or_default();
        let word = match tail.first_chunk::<8>() {
            Some(word) => u64::from_be_bytes(*word),
            None => last_word(tail),
        };
        let window = word << (*bit % 8);
        let place = usize::try_from(window >> (u64::BITS - LENGTH_MAX)).unwrap_or(0);
        let entry = self.0.get(place).copied().unwrap_or(0);
        // Two shifts, since one of 64 bits is none.
        let behind = (window << ((entry >> 8) & 63)) >> 1 >> ((entry >> 16) & 63);
        *bit += usize::try_from(entry & 63).unwrap_or(0);
        (entry >> 24) + behind
    }
}

#[cold]
fn last_word(tail: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.iter_mut().zip(tail).for_each(|(byte, from)| *byte = *from);
    u64::from_be_bytes(word)
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
        let Lanes { table, bytes, bits } = self;
        let [mut a, mut b, mut c, mut d] = *bits;
        let add = |number: u64| number.cast_signed().wrapping_add(base);
        let mut groups = numbers.chunks_exact_mut(LANES);
        for group in &mut groups {
            let next = [
                table.next(bytes, &mut a),
                table.next(bytes, &mut b),
                table.next(bytes, &mut c),
                table.next(bytes, &mut d),
            ];
            group.copy_from_slice(&next.map(add));
        }
        *bits = [a, b, c, d];
        for (number, bit) in groups.into_remainder().iter_mut().zip(bits) {
            *number = add(table.next(bytes, bit));
        }
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
