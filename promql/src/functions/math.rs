//! Functions of one number.

/// The body of a function that maps every value of a vector to another one.
pub(crate) type Map = fn(f64) -> f64;

/// The body of the function `name`, if it is one of these.
pub(crate) fn map(name: &str) -> Option<Map> {
    Some(match name {
        "abs" => f64::abs,
        "acos" => f64::acos,
        "acosh" => f64::acosh,
        "asin" => f64::asin,
        "asinh" => f64::asinh,
        "atan" => f64::atan,
        "atanh" => f64::atanh,
        "ceil" => f64::ceil,
        "cos" => f64::cos,
        "cosh" => f64::cosh,
        "deg" => f64::to_degrees,
        "exp" => f64::exp,
        "floor" => f64::floor,
        "ln" => f64::ln,
        "log10" => f64::log10,
        "log2" => f64::log2,
        "rad" => f64::to_radians,
        "sgn" => sign,
        "sin" => f64::sin,
        "sinh" => f64::sinh,
        "sqrt" => f64::sqrt,
        "tan" => f64::tan,
        "tanh" => f64::tanh,
        _ => return None,
    })
}

/// -1, 0 (with its sign) or 1; NaN of NaN.
fn sign(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

/// `value` to the nearest multiple of `1 / inverse`; halves go up.
pub(crate) fn round(value: f64, inverse: f64) -> f64 {
    (value * inverse + 0.5).floor() / inverse
}

/// The lesser of two numbers; NaN if one is, unless the other is -Inf. As Go's `math.Min`.
#[inline]
pub(crate) fn least(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

/// The greater of two numbers; NaN if one is, unless the other is +Inf. As Go's `math.Max`.
#[inline]
pub(crate) fn greatest(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_up() {
        for (value, to, expected) in
            [(0.5, 1.0, 1.0), (-0.5, 1.0, 0.0), (-1.5, 1.0, -1.0), (7.6, 5.0, 10.0)]
        {
            assert_eq!(round(value, 1.0 / to), expected, "{value}");
        }
    }

    #[test]
    fn nan_wins_against_all_but_one_infinity() {
        assert!(least(f64::NAN, 1.0).is_nan());
        assert_eq!(least(f64::NAN, f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(greatest(1.0, f64::NAN).is_nan());
        assert_eq!(greatest(f64::INFINITY, f64::NAN), f64::INFINITY);
    }
}
