//! `min`, `max`, `first` and `last` `_over_time`.

use super::Window;

/// The least value; NaN only where all are.
pub(super) fn min(window: Window<'_>) -> f64 {
    extreme(window, |value, best| value < best)
}

/// The greatest value; NaN only where all are.
pub(super) fn max(window: Window<'_>) -> f64 {
    extreme(window, |value, best| value > best)
}

fn extreme(window: Window<'_>, better: impl Fn(f64, f64) -> bool) -> f64 {
    let pick = |best: f64, value: f64| match better(value, best) || best.is_nan() {
        true => value,
        false => best,
    };
    window.values().reduce(pick).unwrap_or(f64::NAN)
}

pub(super) fn first(window: Window<'_>) -> f64 {
    window.samples.first().map_or(f64::NAN, |(_, value)| *value)
}

pub(super) fn last(window: Window<'_>) -> f64 {
    window.samples.last().map_or(f64::NAN, |(_, value)| *value)
}
