//! One commit: validated, logged, applied, visible, durable.

use super::engine::Engine;
use super::opened::{Opened, Writer};
use super::options::Durability;
use crate::storage::error::{Action, Error, Result};
use crate::storage::wal::RecordKind;
use parking_lot::{MappedMutexGuard, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A record that grew beyond this gives its memory back.
const RECORD_BYTES_KEPT: usize = 4 << 20;

/// The right to commit. Nobody else commits while it is held; dropping it means that nothing
/// happened.
pub struct Commit<'a, E: Engine> {
    opened: &'a Opened<E>,
    writer: MappedMutexGuard<'a, Writer<E>>,
}

impl<E: Engine> Opened<E> {
    /// The right to commit.
    ///
    /// # Errors
    /// The store is closed, poisoned or open for reading; a failure in the background that was not
    /// reported yet; memory is short and flushing fails.
    pub(super) fn begin(&self) -> Result<Commit<'_, E>> {
        self.check_writable()?;
        if let Some(cause) = self.take_background_failure() {
            return Err(Error::Background { cause });
        }
        if self.has_no_room() {
            self.flush_where(Self::has_no_room)?;
        }
        let writer = MutexGuard::try_map(self.writer.lock(), Option::as_mut);
        let writer = writer.map_err(|_| Error::Closed)?;
        // Another writer may have run into the failure while this one waited.
        self.check_poison()?;
        Ok(Commit { opened: self, writer })
    }

    /// Whether commits wait until heads were flushed.
    fn has_no_room(&self) -> bool {
        let no_thread = self.maintenance.is_manual();
        self.memory.is_far_over() || (no_thread && self.memory.is_over())
    }
}

impl<E: Engine> Commit<'_, E> {
    /// The head that the commit will be applied to.
    pub fn head(&self) -> &Arc<E::Head> {
        &self.writer.head
    }

    /// The number that the commit will have.
    pub fn sequence(&self) -> u64 {
        self.writer.last_commit + 1
    }

    /// Where the record of the commit is encoded: empty at first, and whatever is in it when the
    /// commit finishes is what [`Engine::replay`] gets.
    pub fn record(&mut self) -> &mut Vec<u8> {
        &mut self.writer.record
    }

    /// Logs the record, applies the commit to the head with `apply`, makes it visible and, as the
    /// store's durability asks, durable.
    ///
    /// # Errors
    /// The record could not be logged: nothing was applied. It could not be made durable: it was
    /// applied, and the store is poisoned.
    pub fn finish<T>(mut self, apply: impl FnOnce(&E::Head) -> T) -> Result<T> {
        let opened = self.opened;
        let Writer { log, record, head, last_commit, .. } = &mut *self.writer;
        let end = match log {
            Some(log) => Some(opened.watch(log.append(RecordKind::Commit, record))?),
            None => None,
        };
        *last_commit += 1;
        let applied = guarded_apply(opened, head, apply)?;
        opened.visible.store(*last_commit, Ordering::Release);
        opened.measure_active(head);
        drop(self);
        opened.settle(end)?;
        Ok(applied)
    }
}

impl<E: Engine> Drop for Commit<'_, E> {
    fn drop(&mut self) {
        let record = &mut self.writer.record;
        if record.capacity() > RECORD_BYTES_KEPT {
            *record = Vec::new();
        }
        record.clear();
    }
}

/// A panic between log and memory would leave the two apart.
fn guarded_apply<E: Engine, T>(
    opened: &Opened<E>,
    head: &Arc<E::Head>,
    apply: impl FnOnce(&E::Head) -> T,
) -> Result<T> {
    opened.watch(super::opened::guarded(Action::Commit, || Ok(apply(head))))
}

impl<E: Engine> Opened<E> {
    /// Remembers the memory of the active head, and asks for a flush where it is too much.
    fn measure_active(&self, head: &E::Head) {
        let sealed = self.sealed_bytes.load(Ordering::Relaxed);
        self.memory.set(sealed + self.engine.head_size(head).bytes);
        if self.memory.is_over() && !self.flush_wanted.swap(true, Ordering::Relaxed) {
            self.wake();
        }
    }

    /// Makes a commit durable whose record ends at `end`, as far as it was asked for.
    pub(super) fn settle(&self, end: Option<u64>) -> Result<()> {
        let (Some(end), Some(sync)) = (end, &self.log_sync) else { return Ok(()) };
        match self.options.durability {
            Durability::Always => self.watch(sync.wait(end)),
            Durability::Interval(interval) => self.note_unsynced(interval),
            Durability::Off => Ok(()),
        }
    }
}
