//! Series as a table with a line of blocks each, as high as the values.

use std::io::{self, Write};

use quadra::logql::Series;
use quadra::time::Nanos;
use quadra::time::duration::format_prometheus;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SECOND: i64 = 1_000_000_000;
/// Steps that people read without reckoning, in seconds.
const STEPS: [i64; 16] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];
/// Characters of the longest line of blocks.
const WIDTH_MAX: usize = 80;

/// The next step from `nanos` up that people read without reckoning.
pub(crate) fn round_step(nanos: i64) -> i64 {
    let fits = |step: &&i64| **step * SECOND >= nanos;
    let longest = 86_400 * SECOND;
    let days = |nanos: i64| nanos.div_euclid(longest).saturating_add(1).saturating_mul(longest);
    STEPS.iter().find(fits).map_or_else(|| days(nanos), |step| step * SECOND)
}

/// Writes a line per series; `grid` is its first and last time and the step, in nanoseconds.
pub(crate) fn write(
    out: &mut impl Write,
    series: &[Series],
    (start, end, step): (i64, i64, i64),
) -> io::Result<()> {
    let steps = usize::try_from((end - start) / step + 2).unwrap_or(usize::MAX);
    let width = steps.min(WIDTH_MAX);
    writeln!(out, "{} to {}, every {}", Nanos(start), Nanos(end), format_prometheus(step))?;
    let names: Vec<String> = series.iter().map(|series| series.labels.to_string()).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    writeln!(
        out,
        "{:longest$}  {:width$}  {:>10}  {:>10}  {:>10}",
        "", "", "least", "most", "last"
    )?;
    for (series, name) in series.iter().zip(&names) {
        let values = || series.points.iter().map(|(_, value)| *value);
        let least = values().fold(f64::INFINITY, f64::min);
        let most = values().fold(f64::NEG_INFINITY, f64::max);
        let last = values().next_back().unwrap_or(f64::NAN);
        let column = |time: Nanos| {
            let step = usize::try_from((time.0 - start) / step).unwrap_or(0);
            step * width / steps
        };
        let line = blocks(series.points.iter().map(|(time, value)| (column(*time), *value)), width);
        writeln!(
            out,
            "{name:longest$}  {line}  {:>10}  {:>10}  {:>10}",
            short(least),
            short(most),
            short(last)
        )?;
    }
    Ok(())
}

/// A character per column: the greatest value there, from nothing to the greatest of all.
fn blocks(points: impl Iterator<Item = (usize, f64)>, width: usize) -> String {
    let mut columns = vec![f64::NAN; width];
    for (column, value) in points {
        if let Some(held) = columns.get_mut(column) {
            *held = held.max(value);
        }
    }
    let most = columns.iter().copied().fold(0.0, f64::max);
    let block = |value: &f64| match value {
        value if value.is_nan() => ' ',
        value if most <= 0.0 || *value <= 0.0 => BLOCKS[0],
        // From 0 to 7, as `value` is at most `most`.
        value => BLOCKS[((value / most * 7.0).round() as usize).min(7)],
    };
    columns.iter().map(block).collect()
}

/// A number in few characters.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        a if !a.is_finite() => value.to_string(),
        a if !(1e-3..1e6).contains(&a) => format!("{value:.2e}"),
        a if a == a.trunc() => format!("{value:.0}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_high_as_the_values() {
        let points = [(0, 0.0), (1, 5.0), (2, 10.0), (4, 10.0)];
        assert_eq!(blocks(points.into_iter(), 5), "▁▅█ █");
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(round_step(7 * SECOND), 10 * SECOND);
        assert_eq!(round_step(1), SECOND);
        assert_eq!(round_step(200_000 * SECOND), 3 * 86_400 * SECOND);
    }
}
