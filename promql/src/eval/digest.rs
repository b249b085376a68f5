//! Chunks that need not be decoded, because what they know about themselves is enough.
//!
//! ~~~text
//! windows    └──────────────────┘
//!                   └──────────────────┘
//! chunks     [ a ][ b ][ c ][ d ][ e ]
//! known       no   no   c    no   no       a bound inside a chunk parts it: decoded
//! column     · · · · ·   C   · · · · ·      C: one value, at the time of the last sample
//! ~~~
//!
//! A chunk that no window bound parts is wholly in a window or not at all. It stands in the column as
//! one value, and the function runs over the column as it does over samples.

use telemetry_core::source::{ChunkStatistics, Columns};

use super::fetch::Opened;
use super::stale::{any_stale, drop_stale};
use super::{EvaluationError, Grid, WindowTimes};
use crate::functions::Digest;
use crate::plan::{OverTime, Range};

/// Windows whose bounds are closer to each other than this, in milliseconds, part most chunks.
const GAP_MIN: i64 = 300_000;

/// What is enough for the function `call` over `grid`; none if samples are to be decoded.
pub(crate) fn digest_of(call: &OverTime, grid: Grid) -> Option<Digest> {
    let Range::Samples { select, range } = &call.range else { return None };
    let when = WindowTimes { grid, at: select.at, offset: select.offset, range: *range };
    call.function.digest.filter(|_| select.extension.is_none() && is_promising(when))
}

/// Whether windows leave room for chunks between their bounds.
fn is_promising(when: WindowTimes) -> bool {
    let WindowTimes { grid, at, range, .. } = when;
    if grid.count <= 1 || at.is_some() {
        return range >= GAP_MIN;
    }
    // Bounds are the starts and the ends, both `step` apart; between the last start and the first end
    // there may be none at all.
    let between = range % grid.step;
    let covered = i64::try_from(grid.count - 1).unwrap_or(i64::MAX).saturating_mul(grid.step);
    let common = range.saturating_sub(covered);
    between.max(grid.step - between).max(common) >= GAP_MIN
}

/// Brings what `digest` needs of an opened series into `columns`, staleness markers taken out. False
/// if no chunk is spared, or there are histograms.
pub(super) fn load(
    opened: &Opened<'_>,
    when: WindowTimes,
    digest: Digest,
    columns: &mut Columns,
) -> Result<bool, EvaluationError> {
    columns.clear();
    let window = when.window();
    if digest == Digest::Last
        && (when.at.is_some() || when.grid.count <= 1)
        && let Some((_, statistics)) = opened.overlapping(window).next_back()
        && let Some(floats) = statistics.floats
        && statistics.window.end <= window.end
    {
        // The newest sample of all is in the only window, whatever bounds part its chunk.
        columns.floats.times.push(statistics.window.end.0);
        columns.floats.values.push(floats.last);
        opened.charge_chunks(0, 1)?;
        return Ok(true);
    }
    let spared = |statistics: &ChunkStatistics| {
        let value = digest.of(statistics)?;
        (!parts(when, statistics.window.start.0, statistics.window.end.0)).then_some(value)
    };
    let mut promising = false;
    for (_, statistics) in opened.overlapping(window) {
        if statistics.has_histograms {
            return Ok(false);
        }
        promising |= spared(&statistics).is_some();
    }
    if !promising {
        return Ok(false);
    }
    let (mut chunks, mut samples) = (0, 0);
    for (chunk, statistics) in opened.overlapping(window) {
        if let Some(value) = spared(&statistics) {
            columns.floats.times.push(statistics.window.end.0);
            columns.floats.values.push(value);
            continue;
        }
        let before = columns.floats.values.len();
        chunk.decode(window, columns)?;
        columns.floats.starts.clear();
        chunks += 1;
        samples += columns.floats.values.len() - before;
        if any_stale(&columns.floats.values[before..]) {
            drop_stale(columns);
        }
        if digest.counts() {
            columns.floats.values[before..].fill(1.0);
        }
    }
    opened.charge_chunks(chunks, samples)?;
    Ok(true)
}

/// Whether a bound of a window lies between samples from `first` to `last`.
fn parts(when: WindowTimes, first: i64, last: i64) -> bool {
    let is_between = |bound: i128| i128::from(first) <= bound && bound < i128::from(last);
    let (end, range) = (i128::from(when.end(0)), i128::from(when.range));
    if when.at.is_some() || when.grid.count <= 1 {
        return is_between(end) || is_between(end - range);
    }
    // The first of the bounds, `step` apart, that is not before the chunk.
    let step = i128::from(when.grid.step);
    [end, end - range].into_iter().any(|bound| {
        let behind = i128::from(first) - bound;
        let number = if behind <= 0 { 0 } else { (behind + step - 1) / step };
        number < when.grid.count as i128 && is_between(bound + number * step)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_parted_where_some_of_its_samples_are_in_a_window_and_some_are_not() {
        for (step, count, range, offset) in
            [(10, 4, 15, 0), (7, 1, 20, 3), (30, 3, 10, -5), (10, 3, 100, 0), (10, 5, 10, 0)]
        {
            let grid = Grid { start: 40, step, count };
            for at in [None, Some(35)] {
                let when = WindowTimes { grid, at, offset, range };
                for first in -90..110 {
                    for last in first..first + 40 {
                        let parted = (0..count).any(|step| {
                            let inside =
                                |time: i64| when.start(step) < time && time <= when.end(step);
                            let held = (first..=last).filter(|time| inside(*time)).count();
                            held != 0 && held as i64 != last - first + 1
                        });
                        let found = parts(when, first, last);
                        assert_eq!(found, parted, "{when:?} {first}..={last}");
                    }
                }
            }
        }
    }

    #[test]
    fn windows_must_be_long_and_their_bounds_far_apart() {
        let minute = 60_000_i64;
        let when = |count, step, range| {
            let grid = Grid { start: 0, step: step * minute, count };
            WindowTimes { grid, at: None, offset: 0, range: range * minute }
        };
        assert!(is_promising(when(1, 1, 60)));
        assert!(is_promising(when(10, 60, 60)));
        assert!(is_promising(when(10, 1, 60)));
        assert!(!is_promising(when(60, 1, 60)));
        assert!(!is_promising(when(1, 1, 4)));
        assert!(!is_promising(when(100, 6, 63)));
    }
}
