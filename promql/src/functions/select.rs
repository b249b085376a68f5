//! The value at a place of the sorted order, without sorting.
//!
//! Floats are compared as whole numbers whose order is that of the floats: one instruction, where a
//! comparison that knows NaN takes several and branches.

/// Turns all bits but the sign where the sign is set: negative floats then ascend as whole numbers.
fn ordered(bits: u64) -> u64 {
    let sign = bits.cast_signed() >> 63;
    bits ^ (sign.cast_unsigned() | 1 << 63)
}

/// A number whose order is that of the floats, NaN in front; zeros of both signs are near.
#[inline]
pub(super) fn key(value: f64) -> u64 {
    if value.is_nan() { 0 } else { ordered(value.to_bits()) }
}

/// The value of a key.
#[inline]
fn value(key: u64) -> f64 {
    if key == 0 {
        return f64::NAN;
    }
    let sign = (!key).cast_signed() >> 63;
    f64::from_bits(key ^ (sign.cast_unsigned() | 1 << 63))
}

/// The value with `at` others before it in the sorted order, and the one behind it, or the same one
/// again at the end. There are more than `at` values.
pub(super) fn pair(values: &[f64], at: usize) -> (f64, f64) {
    let mut keys: Vec<u64> = values.iter().map(|value| key(*value)).collect();
    let (_, low, above) = keys.select_nth_unstable(at);
    let low = *low;
    let high = above.iter().copied().min().unwrap_or(low);
    (value(low), value(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_order_of_the_values() {
        let values = [
            f64::NAN,
            f64::NEG_INFINITY,
            -2.5,
            -f64::MIN_POSITIVE,
            0.0,
            5e-324,
            1.0,
            f64::MAX,
            f64::INFINITY,
        ];
        for (at, one) in values.iter().enumerate() {
            let back = value(key(*one));
            assert!(back == *one || (back.is_nan() && one.is_nan()));
            assert!(values[..at].iter().all(|before| key(*before) < key(*one)), "{one}");
        }
        assert_eq!(key(-f64::NAN), 0);
    }

    #[test]
    fn neighbours_in_the_order_are_found() {
        assert_eq!(pair(&[4.0, -1.0, 3.0, 2.0], 1), (2.0, 3.0));
        assert_eq!(pair(&[4.0, -1.0], 1), (4.0, 4.0));
        assert!(pair(&[4.0, f64::NAN], 0).0.is_nan());
    }
}
