//! Straight lines through samples, and smoothing.

use super::kahan::Sum;

/// The line of least squares: its slope per second, and its value at `origin` (milliseconds).
pub(crate) fn linear(times: &[i64], values: &[f64], origin: i64) -> (f64, f64) {
    let Some(first) = values.first() else { return (f64::NAN, f64::NAN) };
    // A constant is exact: sums would leave a slope of rounding errors.
    if values.iter().skip(1).all(|value| value == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, *first) };
    }
    let (mut x_sum, mut y_sum) = (Sum::default(), Sum::default());
    let (mut xy_sum, mut xx_sum) = (Sum::default(), Sum::default());
    for (time, y) in times.iter().zip(values) {
        let x = time.saturating_sub(origin) as f64 / 1e3;
        x_sum.add(x);
        y_sum.add(*y);
        xy_sum.add(x * y);
        xx_sum.add(x * x);
    }
    let count = values.len() as f64;
    let total = |sum: Sum| sum.sum + sum.lost;
    let (x, y, xy, xx) = (total(x_sum), total(y_sum), total(xy_sum), total(xx_sum));
    let covariance = xy - x * y / count;
    let variance = xx - x * x / count;
    let slope = covariance / variance;
    (slope, y / count - slope * x / count)
}

/// Holt's smoothing with a level and a trend; the last smoothed value. At least two values.
///
/// Source: <https://en.wikipedia.org/wiki/Exponential_smoothing#Double_exponential_smoothing>.
pub(crate) fn double_exponential(values: &[f64], level: f64, trend: f64) -> f64 {
    let (Some(first), Some(second)) = (values.first(), values.get(1)) else { return f64::NAN };
    let (mut before, mut smoothed, mut slope) = (0.0, *first, second - first);
    for (at, value) in values.iter().enumerate().skip(1) {
        if at > 1 {
            slope = trend * (smoothed - before) + (1.0 - trend) * slope;
        }
        let next = level * value + (1.0 - level) * (smoothed + slope);
        (before, smoothed) = (smoothed, next);
    }
    smoothed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let times = [0, 1_000, 2_000, 3_000];
        let values = [1.0, 3.0, 5.0, 7.0];
        let (slope, at_origin) = linear(&times, &values, 10_000);
        assert!((slope - 2.0).abs() < 1e-12 && (at_origin - 21.0).abs() < 1e-12);
    }

    #[test]
    fn a_constant_has_no_slope() {
        assert_eq!(linear(&[0, 1, 2], &[0.1; 3], 0), (0.0, 0.1));
        assert!(linear(&[0, 1], &[f64::INFINITY; 2], 0).0.is_nan());
    }

    #[test]
    fn a_straight_trend_is_followed() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        assert!((double_exponential(&values, 0.5, 0.1) - 9.0).abs() < 1e-12);
    }
}
