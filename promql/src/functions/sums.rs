//! Sums, means and variances of windows that slide.
//!
//! Prometheus adds every window up by itself, with compensation. What comes out is the exact sum,
//! rounded once, but for rare last bits. So two forms give the same without looking at every sample of
//! every window:
//!
//! * whole multiples of 1/1024 that are small enough are added exactly, in any order;
//! * else sums of segments are kept in two floats each, some 106 bits, and joined in two floats.
//!
//! Windows that hardly overlap are added up one by one in the same forms. Windows with infinity, NaN or
//! numbers near overflow are added up as Prometheus does: there the order decides. So are variances of
//! windows that are all but constant: of a small difference of large numbers 106 bits may leave too
//! little.

use super::kahan;
use super::range::RowInput;
use super::segments::Sliding;
use crate::eval::{EvaluationError, Row};

/// Values are multiples of 1 / this where they are added exactly.
const DENOMINATOR: f64 = 1024.0;

/// Sums below this, counted in 1 / [`DENOMINATOR`], are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Sums that do not wait for each other.
const LANES: usize = 4;

/// Values that are looked at together.
const LOOKED_AT: usize = 64;

/// A share of what sums might be below which they have lost their leading digits.
const CANCELLED: f64 = 1.0 / 65_536.0;

/// Numbers above are added up by the definition: their squares and sums may overflow.
const LARGE: f64 = 1e150;

/// Windows slide where each sample is in more of them than this.
const OVERLAP: usize = 3;

/// A share of the squares below which a variance is computed by the definition.
const FLAT: f64 = 1e-9;

/// A number in two floats: the sum of both, of which the second is below the last bit of the first.
#[derive(Clone, Copy, Debug, Default)]
struct Double {
    high: f64,
    low: f64,
}

impl Double {
    /// Source: T. J. Dekker, "A floating-point technique for extending the available precision" (1971).
    #[inline]
    fn add(self, other: Double) -> Double {
        let (high, error) = two_sum(self.high, other.high);
        let low = error + self.low + other.low;
        let sum = high + low;
        Double { high: sum, low: low - (sum - high) }
    }

    #[inline]
    fn value(self) -> f64 {
        self.high + self.low
    }

    fn times(self, factor: f64) -> Double {
        let Double { high, low } = product(self.high, factor);
        Double { high, low: low + self.low * factor }.add(Double::default())
    }
}

/// A sum and the exact error of its rounding, by D. E. Knuth.
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// A product and the exact error of its rounding, by G. W. Veltkamp and T. J. Dekker.
#[inline]
fn product(a: f64, b: f64) -> Double {
    let split = |value: f64| {
        let scaled = value * 134_217_729.0;
        let high = scaled - (scaled - value);
        (high, value - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    let high = a * b;
    let low = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low;
    Double { high, low }
}

/// The sum of finite values: four at a time, which do not wait for each other.
fn double_sum(values: &[f64]) -> Double {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for ((high, low), value) in high.iter_mut().zip(&mut low).zip(chunk) {
            let (sum, error) = two_sum(*high, *value);
            *high = sum;
            *low += error;
        }
    }
    let lanes = high.iter().zip(&low).map(|(high, low)| Double { high: *high, low: *low });
    let rest = rest.iter().map(|value| Double { high: *value, low: 0.0 });
    lanes.chain(rest).fold(Double::default(), Double::add)
}

/// A number so large that adding it to values of at most `largest`, and taking it away again, leaves
/// what can be added up `longest` times without any rounding.
fn shift_of(largest: f64, longest: usize) -> f64 {
    // The power of two above, and half of it, so that values below zero leave it where it is.
    const EXPONENT: u64 = 0x7ff << 52;
    let power = f64::from_bits((largest * longest as f64 * 4.0).to_bits() & EXPONENT);
    power * 1.5
}

/// The sum of values for which `shift` is large enough, by S. M. Rump: of each what lies above the last
/// bit of `shift` is added exactly, the small rest beside it. Where large values cancel each other the
/// rest is not small beside the sum, which is then added up as others are.
fn split_sum(values: &[f64], shift: f64) -> Double {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    let add = |high: &mut f64, low: &mut f64, value: f64| {
        let above = (value + shift) - shift;
        *high += above;
        *low += value - above;
    };
    for chunk in chunks {
        for ((high, low), value) in high.iter_mut().zip(&mut low).zip(chunk) {
            add(high, low, *value);
        }
    }
    let ([a, b, c, d], [e, f, g, h]) = (high, low);
    let (mut high, mut low) = ((a + b) + (c + d), (e + f) + (g + h));
    rest.iter().for_each(|value| add(&mut high, &mut low, *value));
    if high.abs() < shift * CANCELLED {
        return double_sum(values);
    }
    let (high, low) = two_sum(high, low);
    Double { high, low }
}

/// How the values of a column can be added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// In any order: no sum is ever rounded.
    Exact,
    /// In two floats.
    Double,
    /// By the definition only.
    Literal,
}

/// Adding and taking away this number rounds to a whole one.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The form for windows of at most `longest` samples, none farther from zero than `largest`; infinite
/// where that is not known.
fn form(values: &[f64], longest: usize, largest: f64) -> Form {
    if largest > LARGE {
        return form_of_any(values, longest);
    }
    let broken = |value: &f64| {
        let scaled = value * DENOMINATOR;
        (scaled + ROUNDER) - ROUNDER != scaled
    };
    // Most columns show it at once.
    let mut runs = values.chunks(LOOKED_AT);
    let is_exact = largest * DENOMINATOR * longest as f64 <= EXACT
        && !runs.any(|run| run.iter().fold(false, |any, value| any | broken(value)));
    if is_exact { Form::Exact } else { Form::Double }
}

/// The form for windows of at most `longest` samples, of which nothing is known.
fn form_of_any(values: &[f64], longest: usize) -> Form {
    let (mut broken, mut largest, mut zeros) = ([0_u64; LANES], [0.0_f64; LANES], [0.0; LANES]);
    let mut look = |lane: usize, value: f64| {
        let scaled = value * DENOMINATOR;
        broken[lane] |= u64::from((scaled + ROUNDER) - ROUNDER != scaled);
        let size = value.abs();
        largest[lane] = if size <= largest[lane] { largest[lane] } else { size };
        // Nothing, unless the value is infinite or NaN: then NaN, which stays.
        zeros[lane] += value * 0.0;
    };
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        (0..LANES).for_each(|lane| look(lane, chunk[lane]));
    }
    rest.iter().for_each(|value| look(0, *value));
    let largest = largest.into_iter().fold(0.0, f64::max);
    let is_finite = zeros.iter().all(|zero| *zero == 0.0);
    let whole = broken == [0; LANES];
    if is_finite && whole && largest * DENOMINATOR * longest as f64 <= EXACT {
        Form::Exact
    } else if is_finite && largest <= LARGE {
        Form::Double
    } else {
        Form::Literal
    }
}

/// Sums that are exact, in any order: four at a time.
fn plain_sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    let [a, b, c, d] = lanes;
    (a + b) + (c + d) + rest.iter().sum::<f64>()
}

/// The sum of each window, or with `mean` their mean.
pub(super) fn row(
    input: &mut RowInput<'_>,
    out: &mut Row,
    mean: bool,
) -> Result<(), EvaluationError> {
    let overlap = input.overlap();
    let longest = input.longest();
    let finished = |sum: f64, count: f64| if mean { sum / count } else { sum };
    let rounded = |Double { high, low }: Double, count: f64| {
        if mean { high / count + low / count } else { high + low }
    };
    let form = if longest < 8 { Form::Literal } else { form(input.values, longest, input.largest) };
    let values = input.values;
    // Where it is not known how large values may be, there is none.
    let shift = (input.largest <= LARGE).then(|| shift_of(input.largest, longest));
    let double_sum = |values: &[f64]| match shift {
        Some(shift) => split_sum(values, shift),
        None => double_sum(values),
    };
    match form {
        Form::Exact if overlap > OVERLAP => {
            let sums = input.segments().map(values, plain_sum);
            let mut sliding = Sliding::new(&sums, |a, b| a + b);
            input.each_segments(out, |(first, behind), (low, high)| {
                Some(finished(sliding.window(first, behind), (high - low) as f64))
            })
        }
        Form::Exact => input.each(out, |values| finished(plain_sum(values), values.len() as f64)),
        Form::Double if overlap > OVERLAP => {
            let sums = input.segments().map(values, double_sum);
            let mut sliding = Sliding::new(&sums, Double::add);
            input.each_segments(out, |(first, behind), (low, high)| {
                Some(rounded(sliding.window(first, behind), (high - low) as f64))
            })
        }
        Form::Double => input.each(out, |values| rounded(double_sum(values), values.len() as f64)),
        _ if mean => input.each(out, kahan::mean),
        _ => input.each(out, kahan::sum),
    }
}

/// The variance of each window, or what `finish` makes of it.
pub(super) fn variances(
    input: &mut RowInput<'_>,
    out: &mut Row,
    finish: fn(f64) -> f64,
) -> Result<(), EvaluationError> {
    let literal = |values: &[f64]| finish(kahan::variance(values));
    let (overlap, longest, values) = (input.overlap(), input.longest(), input.values);
    if overlap <= OVERLAP || longest < 8 || form(values, longest, input.largest) == Form::Literal {
        return input.each(out, literal);
    }
    // Around one of the values squares are small, and their sum loses less.
    let origin = values.first().copied().unwrap_or_default();
    let moments = |values: &[f64]| {
        let (mut sum, mut squares) = (Double::default(), Double::default());
        for value in values {
            let (away, error) = two_sum(*value, -origin);
            sum = sum.add(Double { high: away, low: error });
            let square = product(away, away);
            let low = square.low + 2.0 * away * error;
            squares = squares.add(Double { high: square.high, low });
        }
        (sum, squares)
    };
    let moments = input.segments().map(values, moments);
    let mut sliding = Sliding::new(&moments, |a: (Double, Double), b: (Double, Double)| {
        (a.0.add(b.0), a.1.add(b.1))
    });
    input.each_segments(out, |(first, behind), (low, high)| {
        let (sum, squares) = sliding.window(first, behind);
        let count = (high - low) as f64;
        // n · Σx² − (Σx)², over n².
        let squared = product(sum.high, sum.high);
        let squared = Double { high: squared.high, low: squared.low + 2.0 * sum.high * sum.low };
        let scaled = squares.times(count);
        let difference = scaled.add(Double { high: -squared.high, low: -squared.low }).value();
        let enough = difference > scaled.high * FLAT;
        enough.then(|| finish(difference / (count * count)))
    })?;
    input.fill_left_out(out, literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_sums_are_added_in_any_order() {
        let form = |values: &[f64], longest| {
            let form = super::form(values, longest, f64::INFINITY);
            let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            if form != Form::Literal {
                assert_eq!(super::form(values, longest, largest), form, "{values:?}");
            }
            form
        };
        assert_eq!(form(&[1.0, 0.5, -3.0], 3), Form::Exact);
        assert_eq!(form(&[0.1], 1), Form::Double);
        assert_eq!(form(&[1e13, 1e-5], 2), Form::Double);
        let mut late = [1.0; 200];
        late[199] = 0.3;
        assert_eq!(form(&late, 200), Form::Double);
        for values in [&[f64::NAN, 1.0][..], &[f64::INFINITY], &[1e300, 2.0], &[0.0, f64::NAN]] {
            assert_eq!(form(values, 2), Form::Literal, "{values:?}");
        }
        assert_eq!(form(&[8e12; 2], 1), Form::Exact);
        assert_eq!(form(&[8e12; 2], 2), Form::Double);
    }

    #[test]
    fn sums_in_two_floats_keep_what_compensation_keeps() {
        let values = [1e100, 1.0, 3.5, -1e100];
        assert_eq!(double_sum(&values).value(), 4.5);
        let tenths = [0.1; 1000];
        assert_eq!(double_sum(&tenths).value(), kahan::sum(&tenths));
        assert_eq!(plain_sum(&[1.0; 7]), 7.0);
    }

    #[test]
    fn sums_of_parts_are_those_in_two_floats() {
        let of = |values: &[f64]| {
            let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            let sum = split_sum(values, shift_of(largest, values.len())).value();
            assert_eq!(sum, double_sum(values).value(), "{values:?}");
            sum
        };
        assert_eq!(of(&[1e100, 1.0, 3.5, -1e100]), 4.5);
        assert_eq!(of(&[0.0; 9]), 0.0);
        assert_eq!(of(&[5e-324; 5]), 25e-324);
        let mut state = 7_u64;
        for count in 1..300_u32 {
            let mut random = |_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                f64::from((state >> 40) as u32) / 1e4 - f64::from(count * 5)
            };
            of(&(0..count).map(&mut random).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_product_and_its_error_are_exact() {
        let Double { high, low } = product(1.0 + f64::EPSILON, 1.0 + f64::EPSILON);
        assert_eq!((high, low), (1.0 + 2.0 * f64::EPSILON, f64::EPSILON * f64::EPSILON));
    }
}
