//! From the log to heads: what opening does, for writing and for reading.

use super::engine::{Carry, Engine, Seal};
use super::opened::guarded;
use super::snapshot::SealedHead;
use crate::storage::cursor::Cursor;
use crate::storage::error::{Action, Error, Result};
use crate::storage::manifest::Manifest;
use crate::storage::tombstone::Tombstone;
use crate::storage::wal::{Record, RecordKind};
use std::sync::Arc;

/// Heads as they grow out of records.
pub(super) struct Replayer<'a, E: Engine> {
    engine: &'a E,
    pub(super) head: Arc<E::Head>,
    pub(super) sealed: Vec<Arc<SealedHead<E>>>,
    pub(super) tombstones: Vec<Arc<Tombstone>>,
    pub(super) last_commit: u64,
    pub(super) head_first_commit: u64,
    /// Records that end at or before this offset were applied earlier.
    applied: u64,
    /// Whether every record so far was carried: only these count at the start of a replay, and
    /// nowhere else, since elsewhere what they carry is in the records before them.
    carrying: bool,
}

impl<'a, E: Engine> Replayer<'a, E> {
    /// From where the manifest says.
    pub(super) fn new(engine: &'a E, manifest: &Manifest) -> Self {
        Replayer {
            engine,
            head: Arc::new(engine.new_head()),
            sealed: Vec::new(),
            tombstones: manifest.tombstones.clone(),
            last_commit: manifest.commits,
            head_first_commit: manifest.commits + 1,
            applied: 0,
            carrying: true,
        }
    }

    /// Onto a head that an earlier replay left at the log offset `applied`.
    pub(super) fn resume(
        engine: &'a E,
        head: Arc<E::Head>,
        last_commit: u64,
        head_first_commit: u64,
        applied: u64,
    ) -> Self {
        Replayer {
            engine,
            head,
            sealed: Vec::new(),
            tombstones: Vec::new(),
            last_commit,
            head_first_commit,
            applied,
            carrying: true,
        }
    }

    /// Applies a record.
    pub(super) fn take(&mut self, record: Record<'_>) -> Result<()> {
        self.carrying &= record.kind == RecordKind::Carry;
        if record.end <= self.applied {
            return Ok(());
        }
        let result = match record.kind {
            RecordKind::Carry if self.carrying => {
                guarded(Action::Commit, || self.engine.replay_carry(&self.head, record.body))
            }
            RecordKind::Commit => {
                self.last_commit += 1;
                guarded(Action::Commit, || self.engine.replay(&self.head, record.body))
            }
            RecordKind::Delete => self.delete(record.body),
            _ => Ok(()),
        };
        result.map_err(|error| in_record(error, &record))
    }

    fn delete(&mut self, body: &[u8]) -> Result<()> {
        let mut cursor = Cursor::new(body);
        let mut tombstone = Tombstone::decode(&mut cursor)?;
        cursor.finish()?;
        if self.engine.head_size(&self.head).items > 0 {
            let mut carry = Carry::default();
            let call = || self.engine.seal(&self.head, Seal::Delete, &mut carry);
            let next = Arc::new(guarded(Action::Commit, call)?);
            self.sealed.push(Arc::new(SealedHead {
                head: std::mem::replace(&mut self.head, next),
                first_commit: self.head_first_commit.min(self.last_commit),
                last_commit: self.last_commit,
            }));
            self.head_first_commit = self.last_commit + 1;
        }
        self.last_commit += 1;
        tombstone.sequence = self.last_commit;
        self.tombstones.push(Arc::new(tombstone));
        Ok(())
    }
}

/// An engine's decoder knows only the record: the file is added here.
fn in_record(error: Error, record: &Record<'_>) -> Error {
    match error {
        Error::Corrupt { path, offset, damage } if path.as_os_str().is_empty() => Error::Corrupt {
            path: record.path.to_path_buf(),
            offset: record.at.saturating_add(offset),
            damage,
        },
        error => error,
    }
}
