//! The functions over ranges, by their definitions.

use super::quantile;

/// What the function `name` makes of the samples of one window.
pub(super) fn over_time(
    name: &str,
    samples: &[(i64, f64)],
    start: i64,
    end: i64,
    time: i64,
    parameter: f64,
) -> Option<f64> {
    let values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    let (first, last) = (samples.first()?, samples.last()?);
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = || values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
    let pairs = || values.iter().zip(values.iter().skip(1));
    Some(match name {
        "sum_over_time" => values.iter().sum(),
        "avg_over_time" => mean,
        "min_over_time" => values.iter().copied().fold(f64::NAN, f64::min),
        "max_over_time" => values.iter().copied().fold(f64::NAN, f64::max),
        "count_over_time" => count,
        "last_over_time" => last.1,
        "first_over_time" => first.1,
        "present_over_time" => 1.0,
        "stddev_over_time" => variance().sqrt(),
        "stdvar_over_time" => variance(),
        "mad_over_time" if values.iter().any(|value| value.is_nan()) => f64::NAN,
        "mad_over_time" => {
            let median = quantile(0.5, values.clone());
            quantile(0.5, values.iter().map(|value| (value - median).abs()).collect())
        }
        "ts_of_first_over_time" => first.0 as f64 / 1e3,
        "ts_of_last_over_time" => last.0 as f64 / 1e3,
        "ts_of_max_over_time" | "ts_of_min_over_time" => {
            let beats = |value: f64, best: f64| match name {
                "ts_of_max_over_time" => value >= best,
                _ => value <= best,
            };
            let mut best = *first;
            for sample in &samples[1..] {
                if beats(sample.1, best.1) || best.1.is_nan() {
                    best = *sample;
                }
            }
            best.0 as f64 / 1e3
        }
        "quantile_over_time" => quantile(parameter, values),
        "changes" => pairs().filter(|(a, b)| a != b && !(a.is_nan() && b.is_nan())).count() as f64,
        "resets" => pairs().filter(|(a, b)| b < a).count() as f64,
        "rate" | "increase" | "delta" => {
            if samples.len() < 2 {
                return None;
            }
            let counter = name != "delta";
            let mut rise = last.1 - first.1;
            if counter {
                rise += pairs().filter(|(a, b)| b < a).map(|(a, _)| a).sum::<f64>();
            }
            let sampled = (last.0 - first.0) as f64 / 1e3;
            let distance = sampled / (count - 1.0);
            let gap = |gap: i64| {
                let gap = gap as f64 / 1e3;
                if gap >= distance * 1.1 { distance / 2.0 } else { gap }
            };
            let mut before = gap(first.0 - start);
            if counter && rise > 0.0 && first.1 >= 0.0 {
                before = before.min(sampled * (first.1 / rise));
            }
            let whole = rise * (sampled + before + gap(end - last.0)) / sampled;
            if name == "rate" { whole / ((end - start) as f64 / 1e3) } else { whole }
        }
        "irate" | "idelta" => {
            let [.., previous, last] = samples else { return None };
            let rise = last.1 - previous.1;
            if name == "idelta" {
                return Some(rise);
            }
            let rise = if last.1 < previous.1 { last.1 } else { rise };
            rise / ((last.0 - previous.0) as f64 / 1e3)
        }
        "deriv" | "predict_linear" => {
            if samples.len() < 2 {
                return None;
            }
            let origin = if name == "deriv" { first.0 } else { time };
            let x: Vec<f64> = samples.iter().map(|(t, _)| (t - origin) as f64 / 1e3).collect();
            let x_mean = x.iter().sum::<f64>() / count;
            // Where a value is infinite, what comes out depends on the form of the sums.
            if !mean.is_finite() {
                let (sum_x, sum_y) = (x_mean * count, mean * count);
                let sum_xy: f64 = x.iter().zip(&values).map(|(x, y)| x * y).sum();
                let variance = x.iter().map(|x| x * x).sum::<f64>() - sum_x * sum_x / count;
                let slope = (sum_xy - sum_x * sum_y / count) / variance;
                let now = sum_y / count - slope * sum_x / count;
                return Some(if name == "deriv" { slope } else { slope * parameter + now });
            }
            let covariance: f64 =
                x.iter().zip(&values).map(|(x, y)| (x - x_mean) * (y - mean)).sum();
            let slope = covariance / x.iter().map(|x| (x - x_mean) * (x - x_mean)).sum::<f64>();
            if name == "deriv" { slope } else { mean - slope * x_mean + slope * parameter }
        }
        other => panic!("{other}"),
    })
}
