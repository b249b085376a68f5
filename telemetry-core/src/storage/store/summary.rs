//! A store's numbers, gathered without waiting for anybody.

use super::engine::Engine;
use super::opened::Opened;
use crate::storage::stats::StoreStats;
use std::sync::atomic::Ordering;

impl<E: Engine> Opened<E> {
    pub(super) fn stats(&self) -> StoreStats {
        let view = self.view();
        let active = self.engine.head_size(&view.head);
        let sealed = view.sealed.iter().map(|sealed| self.engine.head_size(&sealed.head));
        let (bytes, items) = sealed.fold((active.bytes, active.items), |sum, size| {
            (sum.0 + size.bytes, sum.1 + size.items)
        });
        let mut by_level: Vec<u64> = Vec::new();
        for block in &view.blocks {
            // A level beyond this comes from no plan; it is counted with the last.
            let level = (block.entry().level as usize).min(63);
            by_level.resize(by_level.len().max(level + 1), 0);
            if let Some(count) = by_level.get_mut(level) {
                *count += 1;
            }
        }
        let unsynced = |sync: &std::sync::Arc<crate::storage::wal::LogSync>| {
            sync.written().saturating_sub(sync.durable())
        };
        StoreStats {
            commits: self.visible.load(Ordering::Acquire),
            head_bytes: bytes,
            head_items: items,
            sealed_heads: view.sealed.len() as u64,
            log_bytes: self.log_bytes(),
            log_bytes_unsynced: self.log_sync.as_ref().map_or(0, unsynced),
            blocks: view.blocks.len() as u64,
            block_bytes: view.blocks.iter().map(|block| block.entry().bytes).sum(),
            block_items: view.blocks.iter().map(|block| block.entry().items).sum(),
            blocks_by_level: by_level,
            tombstones: view.tombstones.len() as u64,
            retired: self.retired.lock().len() as u64,
            time_range: self.time_range(&view),
            flushes: self.counters.flushes.load(Ordering::Relaxed),
            compactions: self.counters.compactions.load(Ordering::Relaxed),
            blocks_expired: self.counters.blocks_expired.load(Ordering::Relaxed),
            last_maintenance: *self.counters.last_maintenance.lock(),
            cache: self.runtime.cache().stats(),
            recovery: self.recovery.lock().clone(),
        }
    }
}
