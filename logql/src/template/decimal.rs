//! Decimal numbers of up to 38 digits: what the float functions of templates compute with, so
//! that 0.1 and 0.2 make 0.3.

use std::fmt::Write as _;

/// `digits × 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    exponent: i32,
}

/// Digits behind the point that a quotient has.
const QUOTIENT_DIGITS: i32 = 16;

impl Decimal {
    /// The shortest decimal that reads back as `value`; `None` for what is no number, or too long.
    pub(super) fn of(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = write!(text, "{value:e}");
        let (number, exponent) = text.split_once('e')?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let shift = i32::try_from(fraction.len()).ok()?;
        let exponent = exponent.parse::<i32>().ok()?.checked_sub(shift)?;
        (exponent.abs() < 40).then_some(Decimal { digits, exponent })
    }

    /// Both with the exponent of the finer one.
    fn aligned(self, other: Decimal) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |number: Decimal| {
            let zeros = u32::try_from(number.exponent - exponent).ok()?;
            number.digits.checked_mul(10i128.checked_pow(zeros)?)
        };
        Some((scaled(self)?, scaled(other)?, exponent))
    }

    pub(super) fn add(self, other: Decimal) -> Option<Decimal> {
        let (a, b, exponent) = self.aligned(other)?;
        Some(Decimal { digits: a.checked_add(b)?, exponent })
    }

    pub(super) fn sub(self, other: Decimal) -> Option<Decimal> {
        let (a, b, exponent) = self.aligned(other)?;
        Some(Decimal { digits: a.checked_sub(b)?, exponent })
    }

    pub(super) fn mul(self, other: Decimal) -> Option<Decimal> {
        let digits = self.digits.checked_mul(other.digits)?;
        Some(Decimal { digits, exponent: self.exponent.checked_add(other.exponent)? })
    }

    /// Rounded to [`QUOTIENT_DIGITS`], halves away from zero.
    pub(super) fn div(self, other: Decimal) -> Option<Decimal> {
        let zeros = u32::try_from(self.exponent - other.exponent + QUOTIENT_DIGITS).ok()?;
        let dividend = self.digits.checked_mul(10i128.checked_pow(zeros)?)?;
        let quotient = dividend.checked_div(other.digits)?;
        let rest = dividend.checked_rem(other.digits)?;
        let up = rest.checked_mul(2)?.unsigned_abs() >= other.digits.unsigned_abs();
        let sign = if (dividend < 0) == (other.digits < 0) { 1 } else { -1 };
        let digits = if up { quotient.checked_add(sign)? } else { quotient };
        Some(Decimal { digits, exponent: -QUOTIENT_DIGITS })
    }

    /// The nearest float.
    pub(super) fn to_float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(a: f64, b: f64, f: fn(Decimal, Decimal) -> Option<Decimal>) -> f64 {
        f(Decimal::of(a).unwrap(), Decimal::of(b).unwrap()).unwrap().to_float()
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(apply(0.1, 0.2, Decimal::add), 0.3);
        assert_eq!(apply(1.1, 1.1, Decimal::mul), 1.21);
        assert_eq!(apply(1.0, 3.0, Decimal::div), 0.333_333_333_333_333_3);
        assert_eq!(apply(-2.0, 3.0, Decimal::div), -0.666_666_666_666_666_7);
        assert_eq!(apply(1.0, 0.9, Decimal::sub), 0.1);
    }
}
