//! Which blocks become one: a pure choice over what the manifest knows.
//!
//! 1. Blocks of one window that overlap in time, or are many, none of them much larger than the others
//!    together unless the window is the shortest: they are merged, small windows before large ones.
//! 2. Blocks of a window that is over, which is known by samples behind it.
//! 3. Blocks of a window of which at least half is filled, where none is much larger than the
//!    others together: chunks become long early, and no sample is merged often for it.
//! 4. Else a block of which tombstones hide something is written again without it.
//! 5. While nobody writes, blocks of a short window: how heads were cut, which depends on how busy the
//!    machine was, then makes no difference to what stays on the disk.
//!
//! A merge takes all blocks of the window, see the [module](super).

use std::collections::BTreeMap;

use telemetry_core::storage::store::PlanBlock;
use telemetry_core::storage::ulid::Ulid;

use telemetry_core::time::MillisRange;

use super::windows::window_of;

/// So many blocks of one window are merged before it is over.
const BLOCKS_MANY: usize = 4;
/// Blocks that together have more bytes are left alone.
const BYTES_MAX: u64 = 2 << 30;
/// The highest level of the windows that are merged while nobody writes, and the bytes of their blocks:
/// whoever writes once a minute pays a merge for each flush.
const REST_LEVEL_MAX: u32 = 1;
const REST_BYTES_MAX: u64 = 64 << 20;

/// The blocks to merge next, if any; windows are of levels up to `level_max`.
pub(crate) fn plan(blocks: &[PlanBlock<'_>], level_max: u32) -> Option<Vec<Ulid>> {
    let newest = blocks.iter().map(|block| block.entry.max_time).max()?;
    let due = (0..=level_max).find_map(|level| due_at(blocks, level, newest, false));
    due.or_else(|| {
        let hidden = blocks.iter().find(|block| block.has_tombstones)?;
        Some(vec![hidden.entry.id])
    })
}

/// As [`plan`], while nobody writes.
pub(crate) fn plan_at_rest(blocks: &[PlanBlock<'_>], level_max: u32) -> Option<Vec<Ulid>> {
    let newest = blocks.iter().map(|block| block.entry.max_time).max()?;
    let mut levels = (0..=level_max.min(REST_LEVEL_MAX)).rev();
    let due = levels.find_map(|level| due_at(blocks, level, newest, true));
    due.or_else(|| plan(blocks, level_max))
}

/// The blocks of the first window of a level that are due.
fn due_at(blocks: &[PlanBlock<'_>], level: u32, newest: i64, at_rest: bool) -> Option<Vec<Ulid>> {
    let mut windows: BTreeMap<i64, Vec<&PlanBlock<'_>>> = BTreeMap::new();
    for block in blocks {
        let window = window_of(block.entry.min_time, level);
        // A block of a larger window is no matter of this level.
        if block.entry.max_time <= window.end.0 {
            windows.entry(window.start.0).or_default().push(block);
        }
    }
    windows.into_iter().find_map(|(start, inside)| {
        let window = window_of(start, level);
        // Where a larger window's block overlaps this one, merging around it would change which of
        // two samples at one time counts as the first.
        let crossed = blocks.iter().any(|block| {
            let entry = block.entry;
            let inside = window.start.0 <= entry.min_time && entry.max_time <= window.end.0;
            !inside && entry.min_time <= window.end.0 && window.start.0 <= entry.max_time
        });
        let bytes = inside.iter().map(|block| block.entry.bytes).fold(0, u64::saturating_add);
        let is_over = window.end.0 < newest;
        let is_balanced = is_balanced(&inside);
        let early = level > 0 && is_half_full(&inside, window) && is_balanced;
        let many = inside.len() >= BLOCKS_MANY && (level == 0 || is_balanced);
        let rests = at_rest && bytes <= REST_BYTES_MAX;
        let due = is_over || many || overlap(&inside) || early || rests;
        (inside.len() > 1 && bytes <= BYTES_MAX && due && !crossed)
            .then(|| inside.iter().map(|block| block.entry.id).collect())
    })
}

/// Whether the blocks reach over half of the window.
fn is_half_full(blocks: &[&PlanBlock<'_>], window: MillisRange) -> bool {
    let first = blocks.iter().map(|block| block.entry.min_time).min().unwrap_or(0);
    let last = blocks.iter().map(|block| block.entry.max_time).max().unwrap_or(first);
    last.saturating_sub(first) >= (window.end.0 - window.start.0) / 2
}

/// Whether no block has much more samples than all others together.
fn is_balanced(blocks: &[&PlanBlock<'_>]) -> bool {
    let items = || blocks.iter().map(|block| block.entry.items);
    let all = items().fold(0, u64::saturating_add);
    items().max().is_some_and(|most| most <= all / 8 * 5)
}

fn overlap(blocks: &[&PlanBlock<'_>]) -> bool {
    let mut ranges: Vec<(i64, i64)> =
        blocks.iter().map(|block| (block.entry.min_time, block.entry.max_time)).collect();
    ranges.sort_unstable();
    ranges.iter().zip(ranges.iter().skip(1)).any(|(a, b)| b.0 <= a.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::storage::manifest::BlockEntry;

    const HOUR: i64 = 3_600_000;

    /// Blocks from hour to hour, and the one that tombstones hide something in.
    fn planned(ranges: &[(i64, i64)], hidden: Option<usize>) -> Option<Vec<u128>> {
        planned_by(plan, ranges, hidden)
    }

    fn planned_by(
        plan: fn(&[PlanBlock<'_>], u32) -> Option<Vec<Ulid>>,
        ranges: &[(i64, i64)],
        hidden: Option<usize>,
    ) -> Option<Vec<u128>> {
        let entries: Vec<BlockEntry> = ranges
            .iter()
            .zip(0_u32..)
            .map(|((start, end), id)| BlockEntry {
                id: Ulid(id.into()),
                level: 0,
                min_time: start * HOUR,
                max_time: end * HOUR - 1,
                first_commit: 1,
                last_commit: 1,
                cleaned: 0,
                bytes: 1_000,
                items: 100 * (end - start).unsigned_abs(),
                meta: Vec::new(),
            })
            .collect();
        let blocks: Vec<_> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| PlanBlock { entry, has_tombstones: hidden == Some(at) })
            .collect();
        Some(plan(&blocks, 5)?.into_iter().map(|id| id.0).collect())
    }

    #[test]
    fn a_window_is_merged_when_it_is_over() {
        assert_eq!(planned(&[(0, 3), (3, 4)], None), None);
        assert_eq!(planned(&[(0, 3), (3, 4), (6, 8)], None), Some(vec![0, 1]));
        // The first day of three is merged with nothing until the window of its size is over.
        assert_eq!(planned(&[(0, 6), (6, 8)], None), None);
    }

    #[test]
    fn a_window_that_is_half_full_is_merged_if_its_blocks_are_alike() {
        assert_eq!(planned(&[(0, 2), (2, 4)], None), Some(vec![0, 1]));
        assert_eq!(planned(&[(0, 4), (4, 6)], None), None);
        assert_eq!(planned(&[(0, 6), (6, 12)], None), Some(vec![0, 1]));
        assert_eq!(planned(&[(0, 12), (12, 16)], None), None);
        // Less than half of six hours; and two hours are short enough to wait for their end.
        assert_eq!(planned(&[(0, 1), (1, 2)], None), None);
    }

    #[test]
    fn short_windows_are_merged_while_nobody_writes() {
        let at_rest = |ranges: &[(i64, i64)]| planned_by(plan_at_rest, ranges, None);
        assert_eq!(at_rest(&[(0, 18), (18, 22), (22, 23), (23, 24)]), Some(vec![1, 2, 3]));
        assert_eq!(planned(&[(0, 18), (18, 22), (22, 23), (23, 24)], None), None);
        assert_eq!(at_rest(&[(0, 18), (18, 24)]), None);
        assert_eq!(at_rest(&[(0, 1), (1, 2)]), Some(vec![0, 1]));
        assert_eq!(at_rest(&[]), None);
    }

    #[test]
    fn overlapping_blocks_are_merged_at_once() {
        assert_eq!(planned(&[(0, 2), (1, 2)], None), Some(vec![0, 1]));
        assert_eq!(planned(&[(0, 6), (3, 4)], None), Some(vec![0, 1]));
        // All blocks of the window go along.
        assert_eq!(planned(&[(0, 6), (8, 9), (0, 12)], None), Some(vec![0, 1, 2]));
    }

    #[test]
    fn many_small_blocks_are_merged_before_their_window_is_over() {
        let quarter = [(0, 1), (1, 2), (2, 3), (3, 4)];
        assert_eq!(planned(&quarter[..3], None), Some(vec![0, 1]));
        assert_eq!(planned(&[(2, 3), (3, 4)], None), None);
        assert_eq!(planned(&[(0, 2), (2, 3), (3, 4), (4, 6)], None), Some(vec![1, 2]));
    }

    #[test]
    fn deletes_are_carried_out_when_nothing_else_is_due() {
        assert_eq!(planned(&[(0, 2), (6, 8)], Some(1)), Some(vec![1]));
        assert_eq!(planned(&[], None), None);
    }
}
