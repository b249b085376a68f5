//! `quantile_over_time`: linear interpolation between the values around the rank.

use std::cmp::Ordering;

/// The order of values: NaN counts as the least, as in Go's sort of floats.
pub(super) fn order(a: &f64, b: &f64) -> Ordering {
    b.is_nan().cmp(&a.is_nan()).then_with(|| a.total_cmp(b))
}

/// The `q` quantile of some values, which get mixed.
pub(super) fn of(q: f64, values: &mut [f64]) -> f64 {
    let Some((lower, weight)) = rank(q, values.len()) else { return beyond(q) };
    if lower >= values.len() {
        return f64::NAN;
    }
    let (_, below, rest) = values.select_nth_unstable_by(lower, order);
    let below = *below;
    let above = rest.iter().copied().min_by(order).unwrap_or(below);
    below * (1.0 - weight) + above * weight
}

/// The `q` quantile of values that are in [`order`].
pub(super) fn of_sorted(q: f64, values: &[f64]) -> f64 {
    let Some((lower, weight)) = rank(q, values.len()) else { return beyond(q) };
    let at = |index: usize| values.get(index.min(values.len() - 1)).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(lower + 1) * weight
}

/// The index below the rank, and how far the rank is beyond it; nothing where there is no rank.
fn rank(q: f64, count: usize) -> Option<(usize, f64)> {
    if count == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let rank = q * (count - 1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "the rank lies within the indices")]
    let lower = rank.floor() as usize;
    Some((lower, rank - rank.floor()))
}

/// The quantile where there is no rank.
fn beyond(q: f64) -> f64 {
    match q {
        q if q < 0.0 => f64::NEG_INFINITY,
        q if q > 1.0 => f64::INFINITY,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_interpolated() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(of(0.0, &mut values), 1.0);
        assert_eq!(of(0.5, &mut values), 2.5);
        assert_eq!(of(1.0, &mut values), 4.0);
        assert_eq!(of(1.5, &mut values), f64::INFINITY);
        assert_eq!(of(-0.5, &mut values), f64::NEG_INFINITY);
        assert!(of(0.5, &mut []).is_nan());
    }
}
