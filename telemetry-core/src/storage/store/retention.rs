//! Removing old blocks: by age, counted from the newest stored time, and by bytes.

use super::engine::Engine;
use super::opened::Opened;
use super::options::Retention;
use super::snapshot::{LiveBlock, View};
use crate::storage::error::Result;
use crate::storage::event::Event;
use crate::storage::manifest::BlockEntry;
use crate::storage::ulid::Ulid;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl<E: Engine> Opened<E> {
    /// Removes what is too old or too much. Gives how many blocks that were.
    pub(super) fn expire(&self) -> Result<u64> {
        self.check_writable()?;
        if self.options.retention == Retention::default() {
            return Ok(0);
        }
        let _turn = self.compacting.lock();
        let view = self.view();
        let newest = self.newest_item(&view);
        let entries: Vec<&BlockEntry> = view.blocks.iter().map(|block| block.entry()).collect();
        let ids = expired(&entries, newest, self.log_bytes(), &self.options.retention);
        if ids.is_empty() {
            return Ok(0);
        }
        let chosen = |block: &&Arc<LiveBlock<E>>| ids.contains(&block.entry().id);
        let blocks: Vec<_> = view.blocks.iter().filter(chosen).cloned().collect();
        self.replace_blocks(&blocks, &[])?;
        self.counters.blocks_expired.fetch_add(blocks.len() as u64, Ordering::Relaxed);
        self.emit(Event::Expired {
            bytes: blocks.iter().map(|block| block.entry().bytes).sum(),
            blocks: ids,
        });
        Ok(blocks.len() as u64)
    }

    /// The latest time of what was stored, by which everything is as old as it is. Blocks without
    /// items have only what stands beside some, at times that nobody answers for: one of them that is
    /// far ahead must not remove all others.
    fn newest_item(&self, view: &View<E>) -> Option<i64> {
        let heads = view.sealed.iter().map(|sealed| &*sealed.head);
        let heads = heads.chain(std::iter::once(&*view.head));
        let blocks = view.blocks.iter().map(|block| block.entry());
        heads
            .filter_map(|head| self.engine.head_range(head).map(|(_, newest)| newest))
            .chain(blocks.filter(|entry| entry.items > 0).map(|entry| entry.max_time))
            .max()
    }

    /// Earliest and latest stored time.
    pub(super) fn time_range(&self, view: &View<E>) -> Option<(i64, i64)> {
        let heads = view.sealed.iter().map(|sealed| &*sealed.head);
        let heads = heads.chain(std::iter::once(&*view.head));
        let blocks = view.blocks.iter().map(|block| block.entry());
        heads
            .filter_map(|head| self.engine.head_range(head))
            .chain(blocks.map(|entry| (entry.min_time, entry.max_time)))
            .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    /// Bytes of the log that a replay would read.
    pub(super) fn log_bytes(&self) -> u64 {
        let written = self.log_sync.as_ref().map_or(0, |sync| sync.written());
        written.saturating_sub(self.replay_from.load(Ordering::Acquire))
    }
}

/// Which blocks go: a pure choice.
fn expired(
    blocks: &[&BlockEntry],
    newest: Option<i64>,
    log_bytes: u64,
    retention: &Retention,
) -> Vec<Ulid> {
    let mut oldest_first = blocks.to_vec();
    oldest_first.sort_by_key(|entry| (entry.max_time, entry.id));
    let mut bytes = blocks.iter().map(|entry| entry.bytes).sum::<u64>().saturating_add(log_bytes);
    let oldest = match (newest, retention.age) {
        (Some(newest), Some(age)) => newest.saturating_sub(age),
        _ => i64::MIN,
    };
    let mut gone = Vec::new();
    for entry in oldest_first {
        let is_too_much = retention.bytes.is_some_and(|bytes_max| bytes > bytes_max);
        if entry.max_time < oldest || is_too_much {
            bytes = bytes.saturating_sub(entry.bytes);
            gone.push(entry.id);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u128, min_time: i64, max_time: i64, bytes: u64) -> BlockEntry {
        BlockEntry {
            id: Ulid(id),
            level: 0,
            min_time,
            max_time,
            first_commit: 1,
            last_commit: 1,
            cleaned: 0,
            bytes,
            items: 1,
            meta: Vec::new(),
        }
    }

    #[test]
    fn age_counts_from_the_newest_stored_time() {
        let blocks = [entry(1, 0, 10, 5), entry(2, 5, 20, 5), entry(3, 20, 30, 5)];
        let blocks: Vec<_> = blocks.iter().collect();
        let retention = Retention { age: Some(20), bytes: None };
        assert_eq!(expired(&blocks, Some(40), 0, &retention), [Ulid(1)]);
        assert_eq!(expired(&blocks, Some(30), 0, &retention), []);
        assert_eq!(expired(&blocks, None, 0, &retention), []);
        let extreme = Retention { age: Some(i64::MAX), bytes: None };
        assert_eq!(expired(&blocks, Some(i64::MIN), 0, &extreme), []);
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let blocks = [entry(1, 20, 30, 5), entry(2, 0, 10, 5), entry(3, 5, 20, 5)];
        let blocks: Vec<_> = blocks.iter().collect();
        let retention = Retention { age: None, bytes: Some(9) };
        assert_eq!(expired(&blocks, Some(30), 0, &retention), [Ulid(2), Ulid(3)]);
        assert_eq!(expired(&blocks, Some(30), 5, &retention), [Ulid(2), Ulid(3), Ulid(1)]);
    }
}
