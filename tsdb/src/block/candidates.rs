//! Chunks written a moment ago, to which the next ones may be told by their difference.
//!
//! The buckets of a histogram are neighbours in a block and count the same events: each is close
//! to one of the others, and the difference to it is a small number. Nothing here knows labels;
//! which chunk is close is seen from a few of the values.

use std::collections::VecDeque;

use super::referenced::DEPTH_MAX;
use crate::chunk::column::spread;
use crate::chunk::format::{self, Reference};

/// Chunks of one time column that are kept: as many as a histogram has buckets by default.
const KEPT: usize = 12;
/// Chunks that are kept in all.
const KEPT_ALL: usize = 3 * KEPT;
/// Shorter chunks are merged soon, and then coded anew.
const SAMPLES_MIN: usize = 1_000;
/// Values looked at.
const SAMPLED: usize = 128;
/// What a value has to save, in 1024ths of a bit, so that reading two chunks for one is worth it.
const GAIN_MIN: u64 = 256;
/// Integers below are exact as floats, and so are their sums and differences.
const INTEGER_MAX: f64 = 4_503_599_627_370_496.0;

/// A chunk in the block that is being written.
#[derive(Debug)]
struct Candidate {
    column: u32,
    /// Where it begins in the content of VALUES, and its length.
    position: u64,
    bytes: u32,
    /// How many chunks have to be read for it besides itself.
    depth: usize,
    values: Vec<f64>,
}

/// The last chunks of whole numbers.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// The newest in front.
    kept: VecDeque<Candidate>,
}

impl Candidates {
    /// Appends a chunk of a time column, which will begin at a position.
    pub(super) fn encode(
        &mut self,
        values: &[f64],
        starts: &[i64],
        column: u32,
        position: u64,
        out: &mut Vec<u8>,
    ) {
        if values.len() < SAMPLES_MIN || !are_integers(values) {
            return format::encode(values, starts, out);
        }
        let mut depth = 0;
        match self.closest(values, column) {
            Some((near, differences)) => {
                depth = near.depth + 1;
                let distance = position - near.position;
                let reference = Reference { distance, bytes: near.bytes };
                format::encode_differences(values, starts, reference, &differences, out);
            }
            None => format::encode(values, starts, out),
        }
        self.keep(values.to_vec(), column, position, out.len(), depth);
    }

    /// Takes note of a chunk of so many samples that refers to none.
    pub(super) fn copied(&mut self, bytes: &[u8], samples: usize, column: u32, position: u64) {
        let mut values = Vec::with_capacity(samples);
        let decoded = format::decode(bytes, samples, 0..samples, &mut values, &mut Vec::new());
        if samples >= SAMPLES_MIN && matches!(decoded, Ok(None)) && are_integers(&values) {
            self.keep(values, column, position, bytes.len(), 0);
        }
    }

    fn keep(&mut self, values: Vec<f64>, column: u32, position: u64, bytes: usize, depth: usize) {
        let Ok(bytes) = u32::try_from(bytes) else { return };
        self.kept.truncate(KEPT_ALL - 1);
        self.kept.push_front(Candidate { column, position, bytes, depth, values });
    }

    /// The chunk whose differences are the cheapest, and these, if they are worth it.
    fn closest(&self, values: &[f64], column: u32) -> Option<(&Candidate, Vec<f64>)> {
        let alone = spread(steps(values, &[]));
        let near = self
            .kept
            .iter()
            .filter(|near| near.column == column && near.values.len() == values.len())
            .take(KEPT)
            .filter(|near| near.depth < DEPTH_MAX)
            .map(|near| (spread(steps(values, &near.values)), near))
            .min_by_key(|(cost, near)| (*cost, near.depth));
        let (_, near) = near.filter(|(cost, _)| cost + GAIN_MIN <= alone)?;
        let differences: Vec<f64> = values.iter().zip(&near.values).map(|(a, b)| a - b).collect();
        let exact = differences.iter().zip(&near.values).zip(values);
        let exact = exact.map(|((difference, near), value)| (difference + near, value));
        let is_exact = exact.into_iter().all(|(sum, value)| sum.to_bits() == value.to_bits());
        is_exact.then_some((near, differences))
    }
}

/// Whether all are whole numbers that add and subtract exactly.
fn are_integers(values: &[f64]) -> bool {
    values.iter().all(|value| value.abs() < INTEGER_MAX && value.fract() == 0.0)
}

/// From one value to the next, of a few places, less the same of the other column if there is one.
fn steps(values: &[f64], less: &[f64]) -> Vec<i64> {
    let place = |at: usize| {
        let step = |column: &[f64]| Some(column.get(at + 1)? - column.get(at)?);
        step(values).map(|own| own - step(less).unwrap_or(0.0))
    };
    let distance = values.len().div_ceil(SAMPLED).max(1);
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^55")]
    let whole = |step: f64| step as i64;
    (0..values.len()).step_by(distance).filter_map(place).map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two counters of which the second counts a few more events.
    fn counters() -> [Vec<f64>; 2] {
        let (mut state, mut low, mut high) = (1_u64, 0_u64, 0_u64);
        let mut columns = [Vec::new(), Vec::new()];
        for _ in 0..2_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            low += (state >> 40) % 200;
            high += (state >> 40) % 200 + (state >> 60) % 3;
            columns[0].push(low as f64);
            columns[1].push(high as f64);
        }
        columns
    }

    fn encoded(candidates: &mut Candidates, values: &[f64], column: u32, at: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        candidates.encode(values, &[], column, at, &mut bytes);
        bytes
    }

    #[test]
    fn a_bucket_is_told_by_the_one_before() {
        let [low, high] = counters();
        let mut candidates = Candidates::default();
        let first = encoded(&mut candidates, &low, 7, 100);
        assert!(!format::refers(&first));
        let next = encoded(&mut candidates, &high, 7, 100 + first.len() as u64);
        assert!(next.len() * 2 < first.len());
        let mut differences = Vec::new();
        let read =
            format::decode(&next, 2_000, 0..2_000, &mut differences, &mut Vec::new()).unwrap();
        let bytes = first.len() as u32;
        assert_eq!(read, Some(Reference { distance: bytes.into(), bytes }));
        assert!(low.iter().zip(differences).zip(high).all(|((a, b), sum)| a + b == sum));
    }

    #[test]
    fn other_times_and_other_series_are_no_help() {
        let [low, high] = counters();
        let mut candidates = Candidates::default();
        encoded(&mut candidates, &low, 7, 0);
        assert!(!format::refers(&encoded(&mut candidates, &high, 8, 3_000)));
        let steady: Vec<f64> = (0..2_000_u16).map(f64::from).collect();
        assert!(!format::refers(&encoded(&mut candidates, &steady, 7, 6_000)));
        let parts: Vec<f64> = low.iter().map(|value| value / 2.0).collect();
        assert!(!format::refers(&encoded(&mut candidates, &parts, 7, 9_000)));
    }
}
