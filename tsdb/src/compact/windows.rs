//! The ranges of time that blocks cover.
//!
//! A window of level 0 is [`WINDOW`] long; one of the next level is [`FACTOR`] times as long and
//! begins where one of the level below does, so that windows nest.

use std::collections::BTreeSet;

use telemetry_core::time::MillisRange;

/// Length of a window of level 0: two hours.
pub(super) const WINDOW: i64 = 2 * 3_600_000;
/// Windows of one level in one of the next.
const FACTOR: i64 = 3;
/// The highest level: 20 days.
const LEVEL_MAX: u32 = 5;
/// Retention removes whole blocks: they are at most this part of what is kept.
const RETENTION_PART: i64 = 10;

/// The highest level of windows for a store that keeps samples so long.
pub(crate) fn level_max(retention_ms: Option<i64>) -> u32 {
    let Some(retention) = retention_ms else { return LEVEL_MAX };
    let fits = |level: &u32| length(*level) <= retention / RETENTION_PART;
    (0..=LEVEL_MAX).rev().find(fits).unwrap_or(0)
}

/// The length of windows of a level.
pub(super) fn length(level: u32) -> i64 {
    WINDOW * FACTOR.pow(level.min(LEVEL_MAX))
}

/// The window of a level that a time is in.
pub(super) fn window_of(time: i64, level: u32) -> MillisRange {
    let length = length(level);
    let start = time.div_euclid(length).saturating_mul(length);
    MillisRange::new(start, start.saturating_add(length - 1))
}

/// Windows to put samples into that are in the windows `present` of level 0: as few as possible,
/// but none that is mostly empty. Ascending, not overlapping, covering all of `present`.
///
/// One window for everything is best, even if alignment makes it three times as long as what is in
/// it: every block repeats the tables of its series.
pub(super) fn cover(present: &BTreeSet<i64>, level_max: u32) -> Vec<MillisRange> {
    if let Some(whole) = single(present, level_max) {
        return vec![whole];
    }
    // Windows of the current level that are worth merging, and of lower levels that were not.
    let mut current: BTreeSet<i64> = present.clone();
    let mut left: Vec<MillisRange> = Vec::new();
    for level in 0..level_max {
        let parents: BTreeSet<i64> = current
            .iter()
            .map(|window| window.div_euclid(FACTOR))
            .filter(|parent| {
                let children = parent * FACTOR..(parent + 1) * FACTOR;
                current.range(children).count() * 2 > FACTOR as usize
            })
            .collect();
        let alone = current.iter().filter(|window| !parents.contains(&window.div_euclid(FACTOR)));
        left.extend(alone.map(|window| window_of(window.saturating_mul(length(level)), level)));
        current = parents;
    }
    let top = current.iter().map(|window| window.saturating_mul(length(level_max)));
    left.extend(top.map(|start| window_of(start, level_max)));
    // One that was left alone may lie in a window that its neighbours made; larger ones first.
    left.sort_by_key(|window| (window.start, std::cmp::Reverse(window.end)));
    let mut kept: Vec<MillisRange> = Vec::new();
    for window in left {
        if kept.last().is_none_or(|last| last.end < window.start) {
            kept.push(window);
        }
    }
    kept
}

/// The smallest window that holds all of `present`, if not too much of it is empty.
fn single(present: &BTreeSet<i64>, level_max: u32) -> Option<MillisRange> {
    let (first, last) = (present.first()?, present.last()?);
    let level = (0..=level_max).find(|level| {
        let windows = FACTOR.pow(*level);
        first.div_euclid(windows) == last.div_euclid(windows)
    })?;
    let filled = present.len() as i64 * FACTOR >= FACTOR.pow(level);
    filled.then(|| window_of(first.saturating_mul(WINDOW), level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(windows: &[MillisRange]) -> Vec<(i64, i64)> {
        let hour = |time: i64| time.div_euclid(3_600_000);
        windows.iter().map(|window| (hour(window.start.0), hour(window.end.0) + 1)).collect()
    }

    #[test]
    fn neighbours_share_a_window_and_strays_have_their_own() {
        let covered = |windows: &[i64]| cover(&windows.iter().copied().collect(), LEVEL_MAX);
        assert_eq!(hours(&covered(&[0])), [(0, 2)]);
        assert_eq!(hours(&covered(&[0, 1])), [(0, 6)]);
        assert_eq!(hours(&covered(&[2, 3, 4])), [(0, 18)]);
        assert_eq!(hours(&covered(&[2, 3])), [(4, 6), (6, 8)]);
        assert_eq!(hours(&covered(&[-40, 0, 1, 2, 3])), [(-80, -78), (0, 6), (6, 8)]);
        assert_eq!(hours(&covered(&[0, 1, 2, 3, 4])), [(0, 18)]);
        // The stray in the third part of a window joins it.
        assert_eq!(hours(&covered(&[0, 1, 3, 4, 8])), [(0, 18)]);
        assert!(covered(&[]).is_empty());
    }

    #[test]
    fn windows_are_small_where_little_is_kept() {
        let day = 24 * 3_600_000;
        assert_eq!(level_max(None), LEVEL_MAX);
        assert_eq!(level_max(Some(1)), 0);
        assert_eq!(length(level_max(Some(7 * day))), 6 * 3_600_000);
        assert_eq!(cover(&(0..9).collect(), 1).len(), 3);
    }

    proptest! {
        #[test]
        fn every_window_is_covered_once(windows in prop::collection::btree_set(-2_000_i64..2_000, 0..60),
            level_max in 0..=LEVEL_MAX,
        ) {
            let cover = cover(&windows, level_max);
            for (a, b) in cover.iter().zip(cover.iter().skip(1)) {
                prop_assert!(a.end < b.start);
            }
            for window in &windows {
                let range = window_of(window * WINDOW, 0);
                prop_assert_eq!(cover.iter().filter(|whole| whole.covers(&range)).count(), 1);
            }
        }
    }
}
