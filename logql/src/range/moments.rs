//! `sum`, `avg`, `stdvar` and `stddev` `_over_time`.

use super::Window;

pub(super) fn sum(window: Window<'_>) -> f64 {
    window.values().sum()
}

/// The mean, computed so that sums of large values do not overflow.
pub(super) fn average(window: Window<'_>) -> f64 {
    let (mut mean, mut count) = (0.0f64, 0.0f64);
    for value in window.values() {
        count += 1.0;
        if mean.is_infinite() {
            // An infinite mean stays what it is, unless the opposite infinity comes.
            let same = value.is_infinite() && (mean > 0.0) == (value > 0.0);
            if same || value.is_finite() {
                continue;
            }
        }
        mean += value / count - mean / count;
    }
    mean
}

/// The variance of the population, by Welford's method.
pub(super) fn variance(window: Window<'_>) -> f64 {
    let (mut squares, mut count, mut mean) = (0.0, 0.0, 0.0);
    for value in window.values() {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    squares / count
}
