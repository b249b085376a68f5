//! Group commit: many writers wait, one of them syncs for all.
//!
//! [`LogSync`] is shared between the writer, whoever waits for a commit to be durable, and the
//! maintenance that syncs every so often. The writer publishes how far it has written; a sync
//! covers what was published before it began.

use crate::storage::error::{Error, Result};
use crate::storage::fs::OpenFile;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far the log is written and how far it is durable.
#[derive(Debug, Default)]
pub struct LogSync {
    written: AtomicU64,
    durable: AtomicU64,
    /// The segment that is being written. Segments before it are durable.
    current: Mutex<Option<OpenFile>>,
    turn: Mutex<Turn>,
    finished: Condvar,
}

#[derive(Debug, Default)]
struct Turn {
    syncing: bool,
    failure: Option<Arc<Error>>,
}

impl LogSync {
    pub(super) fn new(end: u64) -> Self {
        LogSync { written: AtomicU64::new(end), durable: AtomicU64::new(end), ..LogSync::default() }
    }

    /// Log offset up to which everything has been given to the system.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Log offset up to which everything survives power loss.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn publish(&self, written: u64) {
        self.written.store(written, Ordering::Release);
    }

    /// Everything up to `end` is durable now, and `file` is written from there.
    pub(super) fn begin_segment(&self, file: Option<OpenFile>, end: u64) {
        *self.current.lock() = file;
        self.publish(end);
        self.durable.fetch_max(end, Ordering::AcqRel);
    }

    /// The failure that ended this log, if one did.
    pub fn failure(&self) -> Option<Arc<Error>> {
        self.turn.lock().failure.clone()
    }

    pub(super) fn fail(&self, error: Error) -> Error {
        let cause = Arc::new(error);
        self.turn.lock().failure.get_or_insert_with(|| cause.clone());
        Error::Poisoned { cause }
    }

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// [`Error::Poisoned`] where a sync failed, now or before.
    pub fn sync(&self) -> Result<()> {
        self.wait(self.written())
    }

    /// Returns when the log is durable up to `offset`, syncing if nobody does.
    ///
    /// # Errors
    /// [`Error::Poisoned`] where a sync failed, now or before.
    pub fn wait(&self, offset: u64) -> Result<()> {
        let mut turn = self.turn.lock();
        loop {
            if let Some(cause) = &turn.failure {
                return Err(Error::Poisoned { cause: cause.clone() });
            }
            if self.durable() >= offset {
                return Ok(());
            }
            if turn.syncing {
                self.finished.wait(&mut turn);
                continue;
            }
            turn.syncing = true;
            drop(turn);
            let result = self.sync_current();
            turn = self.turn.lock();
            turn.syncing = false;
            if let Err(error) = result {
                turn.failure.get_or_insert_with(|| Arc::new(error));
            }
            self.finished.notify_all();
        }
    }

    fn sync_current(&self) -> Result<()> {
        // The offset first: should the writer begin another segment in between, all that this
        // offset covers was made durable with the segment it left.
        let written = self.written();
        let file = self.current.lock().clone();
        if let Some(file) = file {
            file.sync()?;
        }
        self.durable.fetch_max(written, Ordering::AcqRel);
        Ok(())
    }
}
