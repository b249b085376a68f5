//! `rate_counter`: the per-second rate of a counter, as Prometheus' `rate`.
//!
//! What a counter lost by being reset is added back. The increase between first and last sample
//! is then extended to the window: up to its ends where the samples come close to them, half a
//! sample distance where not, and never to before the counter was zero.

use super::Window;

pub(super) fn rate(window: Window<'_>) -> f64 {
    let [(first_time, first), .., (last_time, last)] = window.samples else { return 0.0 };
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let mut increase = last - first;
    let mut before = 0.0;
    for value in window.values() {
        if value < before {
            increase += before;
        }
        before = value;
    }
    let start = window.end.saturating_sub(window.range_ns);
    let mut to_start = seconds(first_time.saturating_sub(start));
    let to_end = seconds(window.end.saturating_sub(*last_time));
    let sampled = seconds(last_time.saturating_sub(*first_time));
    let distance = sampled / (window.samples.len() - 1) as f64;
    let threshold = distance * 1.1;
    let extended = |gap: f64| if gap < threshold { gap } else { distance / 2.0 };
    to_start = extended(to_start);
    if increase > 0.0 && *first >= 0.0 {
        to_start = to_start.min(sampled * (first / increase));
    }
    let interval = sampled + to_start + extended(to_end);
    increase * (interval / sampled) / window.range_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_extended_to_the_window() {
        let second = 1_000_000_000;
        let samples = [(75 * second, 30.0), (105 * second, 90.0), (135 * second, 150.0)];
        let window = |range: std::ops::Range<usize>, end: i64| Window {
            samples: &samples[range],
            end: end * second,
            range_ns: 60 * second,
        };
        assert_eq!(rate(window(0..2, 105)), 1.5);
        assert_eq!(rate(window(1..3, 135)), 2.0);
        assert_eq!(rate(window(0..1, 80)), 0.0);
    }
}
