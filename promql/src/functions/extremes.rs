//! Greatest and least values of windows that slide.

use super::range::RowInput;
use super::segments::Sliding;
use crate::eval::{EvaluationError, Row};

/// The greatest value; NaN only if there is nothing else.
#[inline]
pub(super) fn max(values: &[f64]) -> f64 {
    fold(values, |best, value| if best > value { best } else { value }, f64::max)
}

/// The least value; NaN only if there is nothing else.
#[inline]
pub(super) fn min(values: &[f64]) -> f64 {
    fold(values, |best, value| if best < value { best } else { value }, f64::min)
}

/// Folds eight at a time by `better`, which knows no NaN; where one comes, one by one by `careful`.
#[inline]
fn fold(
    values: &[f64],
    better: impl Fn(f64, f64) -> f64,
    careful: impl Fn(f64, f64) -> f64,
) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let Some((first, chunks)) = chunks.split_first() else {
        return values.iter().copied().fold(f64::NAN, careful);
    };
    let (mut lanes, mut nan) = (*first, first.map(f64::is_nan));
    for chunk in chunks {
        for ((lane, nan), value) in lanes.iter_mut().zip(&mut nan).zip(chunk) {
            *nan |= value.is_nan();
            *lane = better(*lane, *value);
        }
    }
    if nan.contains(&true) {
        return values.iter().copied().fold(f64::NAN, careful);
    }
    lanes.iter().chain(rest).copied().fold(f64::NAN, careful)
}

/// Windows of more segments than this slide; shorter ones are faster looked at afresh.
const SLIDING: usize = 8;

/// The greatest or least value of each window: `of` all samples, `better` of two.
pub(super) fn row(
    input: &mut RowInput<'_>,
    out: &mut Row,
    of: fn(&[f64]) -> f64,
    better: fn(f64, f64) -> f64,
) -> Result<(), EvaluationError> {
    let values = input.values;
    if input.longest() < 8 || input.overlap() < 2 {
        return input.each(out, of);
    }
    let best = input.segments().map(values, of);
    let mut sliding = Sliding::new(&best, better);
    input.each_segments(out, |(first, behind), _| {
        Some(match behind - first > SLIDING {
            true => sliding.window(first, behind),
            false => of(&best[first..behind]),
        })
    })
}

/// The time in seconds of the last value of each window that no other one `beats`.
pub(super) fn times(
    input: &mut RowInput<'_>,
    out: &mut Row,
    beats: fn(f64, f64) -> bool,
) -> Result<(), EvaluationError> {
    let samples = input.values.iter().copied().zip(input.windows.times.iter().copied());
    let samples: Vec<(f64, i64)> = samples.collect();
    let mut sliding =
        Sliding::new(
            &samples,
            |best: (f64, i64), next: (f64, i64)| {
                if beats(next.0, best.0) || best.0.is_nan() { next } else { best }
            },
        );
    input.each_window(out, |low, high| sliding.window(low, high).1 as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_found_among_nan() {
        for length in 1..40 {
            let mut values: Vec<f64> = (0..length).map(|at| f64::from(at * 7 % 11)).collect();
            for nan in [None, Some(0), Some(length / 2), Some(length - 1)] {
                if let Some(at) = nan {
                    values[at as usize] = f64::NAN;
                }
                let greatest = values.iter().copied().fold(f64::NAN, f64::max);
                let least = values.iter().copied().fold(f64::NAN, f64::min);
                assert_eq!(max(&values).to_bits(), greatest.to_bits());
                assert_eq!(min(&values).to_bits(), least.to_bits());
            }
        }
        assert!(max(&[f64::NAN; 20]).is_nan());
    }
}
