//! Ids of series: given once, and again when nobody knows any more whose they were.

use std::collections::VecDeque;

/// Ids that were not given yet, or are free again.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// The first that was never given.
    next: u32,
    /// Free ones, the smallest last.
    free: Vec<u32>,
    /// Ids of evicted series, with the epoch from which on nobody can have met them: ascending.
    waiting: VecDeque<(u32, Vec<u32>)>,
}

impl Ids {
    /// An id; none where all are given. Small ones first, so that lists of them stay short.
    pub(super) fn take(&mut self) -> Option<u32> {
        if let Some(id) = self.free.pop() {
            return Some(id);
        }
        // The last number stands for none.
        let id = self.next;
        self.next = id.checked_add(1)?;
        Some(id)
    }

    /// Behind all ids that were given.
    pub(super) fn end(&self) -> u32 {
        self.next
    }

    /// Ids that nobody has met who began in `epoch` or later.
    pub(super) fn give_back(&mut self, ids: Vec<u32>, epoch: u32) {
        if !ids.is_empty() {
            self.waiting.push_back((epoch, ids));
        }
    }

    /// All who are left began in `oldest` or later.
    pub(super) fn release(&mut self, oldest: u32) {
        let before = self.free.len();
        while let Some((_, ids)) = self.waiting.pop_front_if(|(epoch, _)| *epoch <= oldest) {
            self.free.extend(ids);
        }
        if self.free.len() > before {
            self.free.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_when_nobody_has_met_them() {
        let mut ids = Ids::default();
        assert_eq!((ids.take(), ids.take(), ids.take()), (Some(0), Some(1), Some(2)));
        ids.give_back(vec![0, 2], 5);
        ids.release(4);
        assert_eq!(ids.take(), Some(3));
        ids.release(5);
        assert_eq!((ids.take(), ids.take(), ids.take()), (Some(0), Some(2), Some(4)));
        assert_eq!(ids.end(), 5);
    }
}
