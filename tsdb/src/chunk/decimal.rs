//! Floats as integers: what most metrics were before they became floats.
//!
//! ~~~text
//! scale  u8    0 ..= 15    e: integer / 10^e
//!              16 ..= 30   15 + e: integer · 10^-e, the product of two roundings
//!              31          the bits of the float, ordered as the floats are
//! ~~~
//!
//! Counters are whole numbers and gauges were rounded before anybody stored them, so `value · 10^e`
//! is a whole number for a small `e`. A decimal that was parsed is the nearest float, which a
//! division gives; milliseconds that a program multiplied by 0.001 are not, and need the product.
//! The rule is exact: every value that it does not give back bit for bit is an exception of its
//! column. Any float at all is an integer by its bits, and close floats are close integers, so
//! that a column of them goes through the same coding.
//! Sources: ALP (Afroozeh, Kuffo, Boncz 2023) for the exponent, VictoriaMetrics for the integers.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// Powers of ten that are exact as f64 and useful as scales.
pub(crate) const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The floats nearest to 10^-1, 10^-2, …: none of them is exact.
const PARTS: [f64; 15] = [
    1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15,
];

/// Integers above this are not exact as f64.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// Values looked at to find the exponent.
const PROBES: usize = 16;

/// Beyond one exception in this many values another scale is better.
const EXCEPTIONS_ONE_IN: usize = 8;

/// The scale of floats taken by their bits.
const BITS: u8 = 31;

/// Prometheus's mark for a series that ended: the one NaN that columns are full of.
pub(super) const STALE: u64 = 0x7ff0_0000_0000_0002;

/// From the integers of a column to its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Divided by a power of ten, whose exponent is first.
    Divide(u8, f64),
    /// Multiplied with the float nearest to ten to the minus of the exponent.
    Multiply(u8, f64),
    /// The bits of the float.
    Bits,
}

/// The integer that `value · power` is, if dividing gives back exactly the same bits.
#[inline]
pub(crate) fn to_integer(value: f64, power: f64) -> Option<i64> {
    let integer = rounded(value * power)?;
    (from_integer(integer, power).to_bits() == value.to_bits()).then_some(integer)
}

/// The nearest integer, if it is exact as a float.
#[inline]
fn rounded(scaled: f64) -> Option<i64> {
    // NaN is not below anything.
    if scaled.abs() <= INTEGER_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "at most INTEGER_MAX")]
        let integer = (scaled + 0.5_f64.copysign(scaled)) as i64;
        Some(integer)
    } else {
        None
    }
}

/// The value that an integer stands for.
#[inline]
pub(crate) fn from_integer(integer: i64, power: f64) -> f64 {
    // Dividing by one is exact but not free.
    if power == 1.0 { integer as f64 } else { integer as f64 / power }
}

impl Scale {
    /// The scale with a code.
    pub(super) fn from_code(code: u8) -> Option<Scale> {
        let index = usize::from(code);
        match POWERS.get(index) {
            Some(power) => Some(Scale::Divide(code, *power)),
            None if code == BITS => Some(Scale::Bits),
            None => {
                let part = PARTS.get(index - POWERS.len())?;
                Some(Scale::Multiply(code + 1 - 16, *part))
            }
        }
    }

    /// The code of the scale.
    pub(super) fn code(self) -> u8 {
        match self {
            Scale::Divide(exponent, _) => exponent,
            Scale::Multiply(exponent, _) => exponent + 15,
            Scale::Bits => BITS,
        }
    }

    /// The integer of a value; none if it is an exception.
    #[inline]
    pub(super) fn integer(self, value: f64) -> Option<i64> {
        match self {
            Scale::Divide(_, power) => to_integer(value, power),
            Scale::Multiply(exponent, part) => {
                let integer = rounded(value * POWERS.get(usize::from(exponent))?)?;
                ((integer as f64 * part).to_bits() == value.to_bits()).then_some(integer)
            }
            Scale::Bits => (value.to_bits() != STALE).then(|| ordered(value.to_bits())),
        }
    }

    /// The values of integers, as far as there is room.
    pub(super) fn values(self, integers: &[i64], out: &mut [f64]) {
        match self {
            Scale::Divide(0, _) => convert(integers, out, |float| float),
            Scale::Divide(_, power) => convert(integers, out, |float| float / power),
            Scale::Multiply(_, part) => convert(integers, out, |float| float * part),
            Scale::Bits => {
                let slots = out.iter_mut().zip(integers);
                slots.for_each(|(slot, integer)| *slot = f64::from_bits(bits(*integer)));
            }
        }
    }
}

/// Half of the integers that a float has a place for behind its point.
const HALF: i64 = 1 << 51;
/// The float 2^52 + 2^51, whose last place is 1: its bits plus an integer of at most `HALF` are the
/// float that is so much more.
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// Integers to floats, and what is to be done with these. Processors convert integers of 64 bits one
/// at a time, if they are not of the newest; adding and subtracting they do side by side.
#[inline]
fn convert(integers: &[i64], out: &mut [f64], finish: impl Fn(f64) -> f64) {
    let far = integers.iter().fold(0, |far, integer| far | integer.wrapping_add(HALF));
    let slots = out.iter_mut().zip(integers);
    if (0..2 * HALF).contains(&far) {
        let shift = SHIFT.to_bits().cast_signed();
        slots.for_each(|(slot, integer)| {
            let shifted = f64::from_bits(integer.wrapping_add(shift).cast_unsigned());
            *slot = finish(shifted - SHIFT);
        });
    } else {
        slots.for_each(|(slot, integer)| *slot = finish(*integer as f64));
    }
}

/// The bits of a float as an integer that rises with it, NaNs at both ends.
fn ordered(bits: u64) -> i64 {
    let signed = bits.cast_signed();
    signed ^ ((signed >> 63) & i64::MAX)
}

/// The bits that [`ordered`] took.
#[inline]
fn bits(integer: i64) -> u64 {
    (integer ^ ((integer >> 63) & i64::MAX)).cast_unsigned()
}

/// Values as integers.
#[derive(Debug)]
pub(super) struct Scaled {
    pub(super) scale: Scale,
    /// One per value, any for an exception.
    pub(super) integers: Vec<i64>,
    /// Places and bits of the values that the scale does not give.
    pub(super) exceptions: Vec<(usize, u64)>,
}

/// The scale with which `values` have few exceptions, and their integers.
pub(super) fn scale(values: &[f64]) -> Scaled {
    let scales = [exponent_of(values, 0, 15), exponent_of(values, 16, 30)];
    for scale in scales.into_iter().flatten() {
        let scaled = scaled(values, scale);
        if scaled.exceptions.len() * EXCEPTIONS_ONE_IN <= values.len() {
            return scaled;
        }
    }
    scaled(values, Scale::Bits)
}

/// The scale with the least code from `first` to `last` that fits all probes, but for one in four.
fn exponent_of(values: &[f64], first: u8, last: u8) -> Option<Scale> {
    let step = (values.len() / PROBES).max(1);
    let mut code = first;
    let (mut probes, mut misses) = (0, 0);
    for value in values.iter().step_by(step) {
        let fits = |code: &u8| Scale::from_code(*code).is_some_and(|s| s.integer(*value).is_some());
        probes += 1;
        match (code..=last).find(fits) {
            Some(found) => code = found,
            // An odd value among the probes may still be an exception.
            None => misses += 1,
        }
    }
    if misses * 4 > probes { None } else { Scale::from_code(code) }
}

fn scaled(values: &[f64], scale: Scale) -> Scaled {
    let mut integers = Vec::with_capacity(values.len());
    let mut exceptions = Vec::new();
    // An exception stands where its neighbours would have it, so that differences stay small.
    let (mut last, mut before) = (None, None);
    for (index, value) in values.iter().enumerate() {
        let integer = scale.integer(*value);
        if integer.is_none() {
            exceptions.push((index, value.to_bits()));
        }
        let next = integer.or_else(|| on_the_line(before, last));
        integers.push(next.unwrap_or(0));
        (before, last) = (last, next);
    }
    // Exceptions in front take the first integer behind them.
    let leading = exceptions.iter().zip(0..).take_while(|((index, _), at)| index == at).count();
    if let Some(first) = integers.get(leading).copied() {
        integers.iter_mut().take(leading).for_each(|integer| *integer = first);
    }
    Scaled { scale, integers, exceptions }
}

/// The integer behind two others on one line, or close to it.
fn on_the_line(before: Option<i64>, last: Option<i64>) -> Option<i64> {
    let last = last?;
    let step = before.and_then(|before| last.checked_sub(before));
    Some(step.and_then(|step| last.checked_add(step)).unwrap_or(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_of_any_size_become_the_nearest_floats() {
        let edges = [0, 1, -1, HALF - 1, HALF, -HALF, -HALF - 1, i64::MAX, i64::MIN];
        for edge in edges {
            let integers = [edge, 5, -3, 0];
            for (scale, power) in [(Scale::Divide(0, 1.0), 1.0), (Scale::Divide(2, 100.0), 100.0)] {
                let mut out = [f64::NAN; 4];
                scale.values(&integers, &mut out);
                let wanted = integers.map(|integer| (integer as f64 / power).to_bits());
                assert_eq!(out.map(f64::to_bits), wanted);
            }
        }
    }

    fn chosen(values: &[f64]) -> Scaled {
        let scaled = scale(values);
        let mut back = vec![0.0; values.len()];
        scaled.scale.values(&scaled.integers, &mut back);
        for (index, bits) in &scaled.exceptions {
            back[*index] = f64::from_bits(*bits);
        }
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(values));
        scaled
    }

    #[test]
    fn each_kind_of_value_finds_its_scale() {
        assert_eq!(chosen(&[1.0, 2.0]).scale.code(), 0);
        assert_eq!(chosen(&[0.25, 2.5]).scale.code(), 2);
        let products: Vec<f64> = (1..500).map(|i| f64::from(i * 7) * 0.001).collect();
        assert_eq!(chosen(&products).scale, Scale::Multiply(3, 0.001));
        let roots: Vec<f64> = (1..100).map(|i| f64::from(i).sqrt()).collect();
        assert_eq!(chosen(&roots).scale, Scale::Bits);
    }

    #[test]
    fn codes_are_those_of_the_table() {
        for code in 0..=BITS {
            assert_eq!(Scale::from_code(code).unwrap().code(), code);
        }
        assert_eq!(Scale::from_code(BITS + 1), None);
    }

    #[test]
    fn odd_values_are_exceptions() {
        let mut values: Vec<f64> = (0..100).map(f64::from).collect();
        values[0] = f64::from_bits(STALE);
        values[51] = -0.0;
        values[99] = f64::NAN;
        let scaled = chosen(&values);
        assert_eq!(scaled.exceptions.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 51, 99]);
        assert_eq!(scaled.integers[..2], [1, 1]);
    }

    #[test]
    fn ordered_bits_rise_with_the_floats() {
        let rising = [f64::NEG_INFINITY, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, f64::INFINITY];
        let ordered = rising.map(|value| ordered(value.to_bits()));
        assert!(ordered.is_sorted_by(|a, b| a < b));
    }

    proptest! {
        #[test]
        fn any_values_come_back(all in prop::collection::vec(any::<u64>(), 1..200)) {
            chosen(&all.iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<f64>>());
            for one in all {
                prop_assert_eq!(bits(ordered(one)), one);
            }
        }
    }
}
