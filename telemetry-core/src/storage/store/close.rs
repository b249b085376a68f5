//! Closing: what is in memory becomes safe, then the directory is given back.

use super::engine::Engine;
use super::opened::Opened;
use crate::storage::error::{Action, Error, Result};
use crate::storage::event::Event;
use std::sync::atomic::Ordering;

impl<E: Engine> Opened<E> {
    /// Flushes a head that is large enough, ends the log, lets go of the locks. The second time
    /// nothing happens.
    pub(super) fn close(&self) -> Result<()> {
        if self.closing.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let chore = self.chore.lock().take();
        if let Some(chore) = chore {
            self.maintenance.remove(chore);
        }
        let compacting = self.compacting.lock();
        let flushing = self.flushing.lock();
        let background = self.background_failure();
        let result = self.close_writer();
        self.closed.store(true, Ordering::Release);
        drop((compacting, flushing));
        self.sweep();
        *self.writer_lock.lock() = None;
        self.emit(Event::Closed);
        match (result, background) {
            (Ok(()), Some(cause)) => Err(Error::Background { cause }),
            (result, _) => result,
        }
    }

    fn close_writer(&self) -> Result<()> {
        if let Some(reader) = &self.reader {
            reader.lock().lock = None;
            return Ok(());
        }
        let mut result = self.check_poison();
        let bytes_kept = self.options.head_bytes_kept_on_close;
        if result.is_ok() && self.options.log && self.memory.used() >= bytes_kept {
            // Should it fail, everything is still in the log.
            result = self.flush_in_turn(false).map(drop);
        }
        let writer = self.writer.lock().take();
        if let Some(mut log) = writer.and_then(|writer| writer.log)
            && self.poisoned().is_none()
        {
            result = result.and(self.watch(log.close()));
        }
        result
    }

    /// What dropping the last handle does: nobody is there to hear of a failure but the hook.
    pub(super) fn close_on_drop(&self) {
        if let Err(error) = self.close() {
            let error = std::sync::Arc::new(error);
            self.emit(Event::Failed { during: Action::Sync, error });
        }
    }
}
