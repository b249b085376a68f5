//! Binary logarithms in integers, so that every machine makes the same choice of coding.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// One bit, in the unit that [`log2`] counts in.
pub(super) const BIT: u64 = 1 << FRACTION_BITS;

const FRACTION_BITS: u32 = 10;
const STEPS: usize = 256;

/// Logarithms of `1 + index / STEPS`.
const FRACTIONS: [u64; STEPS] = fractions();

/// Each squaring doubles the logarithm; its whole part is the next bit.
#[expect(clippy::indexing_slicing, reason = "in bounds, and evaluated when compiled")]
const fn fractions() -> [u64; STEPS] {
    let mut table = [0; STEPS];
    let mut index = 0;
    while index < STEPS {
        let mut power = ((STEPS + index) as u64) << 22;
        let mut bits = 0;
        while bits < FRACTION_BITS {
            power = (power * power) >> 30;
            table[index] <<= 1;
            if power >= 2 << 30 {
                power >>= 1;
                table[index] |= 1;
            }
            bits += 1;
        }
        index += 1;
    }
    table
}

/// The logarithm of a number above zero in [`BIT`]s, rounded down to about 1/200 of a bit.
pub(super) fn log2(number: u64) -> u64 {
    let whole = number.max(1).ilog2();
    let mantissa = if whole >= 8 { number >> (whole - 8) } else { number << (8 - whole) };
    let fraction = usize::try_from(mantissa & 0xff).ok().and_then(|at| FRACTIONS.get(at));
    u64::from(whole) * BIT + fraction.copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_close_to_the_logarithm_of_floats() {
        for number in (1..3_000).chain([1 << 20, 12_345_678_901, u64::MAX]) {
            let exact = (number as f64).log2() * BIT as f64;
            let off = exact - log2(number) as f64;
            assert!((-1.0..8.0).contains(&off), "{number}: {off}");
        }
    }
}
