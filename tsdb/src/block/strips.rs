//! A page of STRIPS: the values of up to [`ROWS`] short chunks, coded across them.
//!
//! ~~~text
//! counts     column (numbers.rs): values of each chunk, 1 to SAMPLES_MAX
//! exponents  column: e of each chunk, whose values are integers / 10^e
//! first      bit-packed (chunk/bitpack.rs): the first integer of each
//! steps      for each value behind the first, up to the highest count:
//!            coding u8   1 the distance to the value before · 2 the distance to the distance before
//!            distances   bit-packed, of the chunks that have so many values
//! ~~~
//!
//! Series with a handful of samples are many and alike: where each would need a chunk of 20 bytes, a
//! strip takes the bits of the values. A chunk is in a strip if all its values are decimals of few
//! digits and it has no start timestamps.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

use super::numbers;
use crate::chunk::bitpack;
use crate::chunk::decimal::{POWERS, from_integer, to_integer};

/// Values of a chunk in a strip.
pub(super) const SAMPLES_MAX: usize = 16;
/// Chunks of a strip.
pub(super) const ROWS: u32 = 512;

const DISTANCES: u8 = 1;
const SECOND_DISTANCES: u8 = 2;

/// A strip under construction.
#[derive(Debug, Default)]
pub(super) struct StripWriter {
    counts: Vec<u32>,
    exponents: Vec<u32>,
    /// The integers of all chunks, chunk by chunk.
    integers: Vec<i64>,
}

impl StripWriter {
    /// Adds a chunk, if it is one for a strip.
    pub(super) fn push(&mut self, values: &[f64]) -> bool {
        if values.is_empty() || values.len() > SAMPLES_MAX {
            return false;
        }
        let before = self.integers.len();
        for (exponent, power) in (0..).zip(POWERS.iter()) {
            self.integers.extend(values.iter().map_while(|value| to_integer(*value, *power)));
            if self.integers.len() - before == values.len() {
                self.counts.push(u32::try_from(values.len()).unwrap_or(0));
                self.exponents.push(exponent);
                return true;
            }
            self.integers.truncate(before);
        }
        false
    }

    /// Whether it holds no more.
    pub(super) fn is_full(&self) -> bool {
        self.counts.len() >= ROWS as usize
    }

    /// Number of chunks.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Appends the page and begins the next.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        numbers::put(&self.counts, out);
        numbers::put(&self.exponents, out);
        // Per step the chunks that have so many values, with the values of this step and before.
        let mut rows: Vec<&[i64]> = Vec::with_capacity(self.counts.len());
        let mut rest = &self.integers[..];
        for count in &self.counts {
            let (row, behind) = rest.split_at((*count as usize).min(rest.len()));
            rows.push(row);
            rest = behind;
        }
        let at = |row: &[i64], step: usize| row.get(step).copied().unwrap_or(0);
        bitpack::pack(&rows.iter().map(|row| at(row, 0)).collect::<Vec<_>>(), out);
        for step in 1..SAMPLES_MAX {
            rows.retain(|row| row.len() > step);
            if rows.is_empty() {
                break;
            }
            let distance = |row: &[i64], step: usize| at(row, step).wrapping_sub(at(row, step - 1));
            let once: Vec<i64> = rows.iter().map(|row| distance(row, step)).collect();
            let twice = rows.iter().zip(&once).map(|(row, once)| {
                once.wrapping_sub(if step > 1 { distance(row, step - 1) } else { 0 })
            });
            let twice: Vec<i64> = twice.collect();
            if bitpack::packed_bytes(&once) <= bitpack::packed_bytes(&twice) {
                out.push(DISTANCES);
                bitpack::pack(&once, out);
            } else {
                out.push(SECOND_DISTANCES);
                bitpack::pack(&twice, out);
            }
        }
        *self = StripWriter::default();
    }
}

/// A strip.
#[derive(Debug)]
pub(super) struct Strip {
    /// Where the values of each chunk begin, and where all end.
    starts: Vec<u32>,
    values: Vec<f64>,
}

impl Strip {
    /// Reads a strip of `rows` chunks.
    pub(super) fn read(bytes: &[u8], rows: usize) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let (mut counts, mut exponents) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        numbers::read(&mut input, rows, &mut counts)?;
        numbers::read(&mut input, rows, &mut exponents)?;
        let known = |count: &u32| (1..=SAMPLES_MAX).contains(&(*count as usize));
        if !counts.iter().all(known) {
            return Err(input.field("values of a chunk"));
        }
        let mut starts = Vec::with_capacity(rows + 1);
        let mut total = 0;
        for count in &counts {
            starts.push(total);
            total += *count;
        }
        starts.push(total);
        let mut integers = vec![0_i64; total as usize];
        let most = counts.iter().max().map_or(0, |most| *most as usize);
        let mut read = Vec::with_capacity(rows);
        for step in 0..most {
            let coding = if step == 0 { DISTANCES } else { input.u8()? };
            if coding != DISTANCES && coding != SECOND_DISTANCES {
                return Err(input.field("coding of a step"));
            }
            let having = |(count, start): (&u32, &u32)| {
                (*count as usize > step).then_some(*start as usize + step)
            };
            let places: Vec<usize> = counts.iter().zip(&starts).filter_map(having).collect();
            read.clear();
            bitpack::unpack_blocks(&mut input, places.len(), |block| {
                read.extend_from_slice(block)
            })?;
            for (place, distance) in places.into_iter().zip(&read) {
                let back = |by: usize| {
                    let place = if by > step { None } else { place.checked_sub(by) };
                    place.and_then(|place| integers.get(place)).copied().unwrap_or(0)
                };
                let before = if coding == SECOND_DISTANCES && step > 1 {
                    back(1).wrapping_sub(back(2))
                } else {
                    0
                };
                let value = distance.wrapping_add(before).wrapping_add(back(1));
                if let Some(slot) = integers.get_mut(place) {
                    *slot = value;
                }
            }
        }
        input.finish()?;
        let mut values = Vec::with_capacity(integers.len());
        let mut integers = integers.into_iter();
        for (count, exponent) in counts.iter().zip(&exponents) {
            let power = POWERS.get(*exponent as usize);
            let power = *power.ok_or_else(|| Damaged::field(0, "exponent of a chunk"))?;
            let row = integers.by_ref().take(*count as usize);
            values.extend(row.map(|integer| from_integer(integer, power)));
        }
        Ok(Strip { starts, values })
    }

    /// The values of a chunk.
    pub(super) fn get(&self, row: usize) -> Option<&[f64]> {
        let (start, end) = (*self.starts.get(row)?, *self.starts.get(row + 1)?);
        self.values.get(start as usize..end as usize)
    }

    /// Memory that it takes.
    pub(super) fn memory_bytes(&self) -> u64 {
        (self.values.len() * 8 + self.starts.len() * 4 + 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_page() {
        let mut strip = StripWriter::default();
        assert!(strip.push(&[10.0, 11.0, 12.0]));
        assert!(strip.push(&[1.5]));
        assert!(strip.push(&[11.0, 14.0, 17.0]));
        assert!(!strip.push(&[0.1_f64.sqrt()]) && !strip.push(&[f64::NAN]));
        let mut bytes = Vec::new();
        strip.finish(&mut bytes);
        assert!(strip.is_empty());
        let counts = [0, 2, 2, 0b10_0010];
        let exponents = [0, 0, 1, 0b010];
        // First integers 10, 15, 11; distances 1, 3; the same distances again.
        let first = [20, 3, 0b0110_1000, 0];
        let steps = [DISTANCES, 2, 2, 0b1000, SECOND_DISTANCES, 0, 0];
        assert_eq!(bytes, [&counts[..], &exponents, &first, &steps].concat());
        let strip = Strip::read(&bytes, 3).unwrap();
        assert_eq!(strip.get(1), Some(&[1.5][..]));
        assert_eq!((strip.get(2), strip.get(3)), (Some(&[11.0, 14.0, 17.0][..]), None));
    }

    proptest! {
        #[test]
        fn any_strip_round_trips(
            chunks in prop::collection::vec(
                (prop::collection::vec(any::<i64>(), 1..=SAMPLES_MAX), 0_usize..6, 11_u32..60), 1..150),
        ) {
            let mut strip = StripWriter::default();
            let mut kept = Vec::new();
            for (integers, exponent, shift) in chunks {
                let values: Vec<f64> =
                    integers.iter().map(|it| (it >> shift) as f64 / POWERS[exponent]).collect();
                if strip.push(&values) {
                    kept.push(values);
                }
            }
            let mut bytes = Vec::new();
            strip.finish(&mut bytes);
            let strip = Strip::read(&bytes, kept.len()).unwrap();
            for (at, values) in kept.iter().enumerate() {
                let bits = |values: &[f64]| values.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(strip.get(at).unwrap()), bits(values));
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_a_strip(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Strip::read(&bytes, 5);
        }
    }
}
