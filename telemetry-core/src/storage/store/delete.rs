//! Deletes: logged like a commit, so that they have a place in the order.
//!
//! The head is sealed first. So a tombstone hides whole heads and blocks by their last commit, and
//! the active head is never hit by any.

use super::engine::{Engine, Seal};
use super::opened::Opened;
use crate::storage::error::{Error, Result};
use crate::storage::tombstone::Tombstone;
use crate::storage::wal::RecordKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl<E: Engine> Opened<E> {
    /// Hides what was committed so far and the tombstone selects. Gives the number of the delete.
    pub(super) fn delete(&self, mut tombstone: Tombstone) -> Result<u64> {
        self.check_writable()?;
        let mut guard = self.writer.lock();
        let writer = guard.as_mut().ok_or(Error::Closed)?;
        let sequence = writer.last_commit + 1;
        tombstone.sequence = sequence;
        self.watch(self.seal(writer, Seal::Delete).map(drop))?;
        let mut record = Vec::new();
        tombstone.encode(&mut record);
        let end = match &mut writer.log {
            Some(log) => {
                let mut append = || log.append(RecordKind::Delete, &record);
                let result = append();
                Some(self.watch(self.with_reserve(result, append))?)
            }
            None => None,
        };
        writer.last_commit = sequence;
        self.change_view(|view| view.tombstones.push(Arc::new(tombstone)));
        self.visible.store(sequence, Ordering::Release);
        drop(guard);
        self.measure_heads();
        self.settle(end)?;
        Ok(sequence)
    }
}
