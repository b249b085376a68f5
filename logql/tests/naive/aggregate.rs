//! Range aggregations over the values of one window.

/// A range aggregation over values with their times in milliseconds, as its definition has it.
pub(crate) fn aggregate(op: &str, samples: &[(i64, f64)], end: i64, range: i64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    let count = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let mean = sum / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let (first, last) = (values[0], values[values.len() - 1]);
    values.sort_by(f64::total_cmp);
    match op {
        "sum" => sum,
        "avg" => mean,
        "min" => values[0],
        "max" => values[values.len() - 1],
        "stdvar" => variance,
        "stddev" => variance.sqrt(),
        "rate" => sum / (range as f64 / 1e3),
        "first" => first,
        "last" => last,
        "rate_counter" => counter_rate(samples, end, range),
        _ => {
            let rank = 0.3 * (count - 1.0);
            let above = values[(rank.floor() as usize + 1).min(values.len() - 1)];
            let below = values[rank.floor() as usize];
            below + (above - below) * (rank - rank.floor())
        }
    }
}

/// The rate of a counter over a window, per second: what it rose by from sample to sample, or has
/// risen to behind a reset, spread over the time that the samples stand for.
pub(crate) fn counter_rate(samples: &[(i64, f64)], end: i64, range: i64) -> f64 {
    if samples.len() < 2 {
        return 0.0;
    }
    let rise: f64 = samples
        .windows(2)
        .map(|pair| if pair[1].1 < pair[0].1 { pair[1].1 } else { pair[1].1 - pair[0].1 })
        .sum();
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    let covered = (last.0 - first.0) as f64;
    let distance = covered / (samples.len() - 1) as f64;
    let reach = |gap: f64| if gap < distance * 1.1 { gap } else { distance / 2.0 };
    let mut before = reach((first.0 - (end - range)) as f64);
    if rise > 0.0 && first.1 >= 0.0 {
        before = before.min(covered * first.1 / rise);
    }
    let after = reach((end - last.0) as f64);
    rise * (covered + before + after) / covered / (range as f64 / 1e3)
}
