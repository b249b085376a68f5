//! `quantile_over_time`: linear interpolation between the values around the rank.

use super::Window;

pub(super) fn quantile(q: f64, window: Window<'_>, scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend(window.values());
    of(q, scratch)
}

/// The `q` quantile of some values, which get sorted.
pub(crate) fn of(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // NaN counts as the least, as in Go's sort of floats.
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())));
    let rank = q * (values.len() - 1) as f64;
    let weight = rank - rank.floor();
    #[expect(clippy::cast_possible_truncation, reason = "the rank lies within the indices")]
    let lower = rank.floor() as usize;
    let at = |index: usize| values.get(index.min(values.len() - 1)).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(lower + 1) * weight
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
