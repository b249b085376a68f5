//! Which blocks to merge: a pure choice over what the manifest knows.

use super::engine::PlanBlock;
use crate::storage::ulid::Ulid;

/// Merging by tiers: so many neighbours of one level become one block of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiers {
    /// How many neighbours are merged at once.
    pub fan_in: usize,
    /// Blocks that together have more bytes are left alone.
    pub bytes_max: u64,
}

impl Default for Tiers {
    fn default() -> Self {
        Tiers { fan_in: 4, bytes_max: 1 << 30 }
    }
}

/// The oldest run of `fan_in` neighbours of one level, lowest level first; else the oldest block
/// that tombstones hide something in.
///
/// Only neighbours in the order of commits are merged, so that the order stays a total one.
pub fn by_tier(blocks: &[PlanBlock<'_>], tiers: &Tiers) -> Option<Vec<Ulid>> {
    let runs = blocks.windows(tiers.fan_in.max(2)).filter(|run| {
        let level = run.first().map(|block| block.entry.level);
        let bytes = run.iter().map(|block| block.entry.bytes);
        run.iter().all(|block| Some(block.entry.level) == level)
            && bytes.fold(0, u64::saturating_add) <= tiers.bytes_max
    });
    let lowest = runs.min_by_key(|run| run.first().map(|block| block.entry.level));
    let hidden = || blocks.iter().find(|block| block.has_tombstones).map(std::slice::from_ref);
    let chosen = lowest.or_else(hidden)?;
    Some(chosen.iter().map(|block| block.entry.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::manifest::BlockEntry;

    fn plan(levels: &[u32], bytes: u64, hidden: Option<usize>) -> Option<Vec<u128>> {
        let entries: Vec<BlockEntry> = levels
            .iter()
            .zip(0..)
            .map(|(level, i)| BlockEntry {
                id: Ulid(i),
                level: *level,
                min_time: 0,
                max_time: 0,
                first_commit: 1,
                last_commit: 1,
                cleaned: 0,
                bytes,
                items: 1,
                meta: Vec::new(),
            })
            .collect();
        let blocks: Vec<PlanBlock<'_>> = entries
            .iter()
            .enumerate()
            .map(|(i, entry)| PlanBlock { entry, has_tombstones: hidden == Some(i) })
            .collect();
        let chosen = by_tier(&blocks, &Tiers { fan_in: 3, bytes_max: 100 })?;
        Some(chosen.into_iter().map(|id| id.0).collect())
    }

    #[test]
    fn neighbours_of_the_lowest_level_first() {
        assert_eq!(plan(&[1, 1, 1, 0, 0, 0, 0], 1, None), Some(vec![3, 4, 5]));
        assert_eq!(plan(&[1, 1, 1, 0, 0], 1, None), Some(vec![0, 1, 2]));
        assert_eq!(plan(&[0, 1, 0, 0, 1], 1, None), None);
        assert_eq!(plan(&[], 1, None), None);
    }

    #[test]
    fn what_would_grow_too_large_is_left_alone() {
        assert_eq!(plan(&[0, 0, 0], 34, None), None);
        assert_eq!(plan(&[0, 0, 0], 33, None), Some(vec![0, 1, 2]));
    }

    #[test]
    fn deletes_are_carried_out_when_nothing_else_is_due() {
        assert_eq!(plan(&[0, 0], 1, Some(1)), Some(vec![1]));
        assert_eq!(plan(&[0, 0, 0], 1, Some(1)), Some(vec![0, 1, 2]));
    }
}
