//! The log store: writing, deleting, care. Reading is in `search`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::LogEntry;
use telemetry_core::sink::LogSink;
use telemetry_core::source::LogDelete;
use telemetry_core::storage::stats::StoreStats;
use telemetry_core::storage::store::{Snapshot, Store, VerifyReport};
use telemetry_core::time::{Nanos, NanosRange};

use crate::batch::Batch;
use crate::engine::Logs;
use crate::options::Builder;
use crate::rate::Taken;
use crate::refused::{Counters, Refused};
use crate::retention::Retention;
use crate::{Discovery, Error, Limits};

/// A store of log lines. Clones are handles to the same store; dropping the last one closes it.
///
/// ```
/// use logstore::LogStore;
/// use telemetry_core::labels;
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::source::{Direction, LogColumns, LogRequest, LogSource, LogWant};
/// use telemetry_core::time::NanosRange;
///
/// let store = LogStore::in_memory()?;
/// store.push(&labels! { "app" => "api" }, 1_000, "level=error msg=timeout")?;
///
/// let request = LogRequest {
///     matchers: vec![],
///     window: NanosRange::ALL,
///     direction: Direction::Backward,
///     filters: vec![],
/// };
/// let pages = store.select(&request, &QueryContext::new())?;
/// let mut columns = LogColumns::default();
/// pages.page(0).ok_or("no page")?.decode(LogWant::ALL, &mut columns)?;
/// assert_eq!(columns.line(0), b"level=error msg=timeout");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogStore {
    store: Store<Logs>,
    intake: Arc<Intake>,
}

/// What lines meet on their way in.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) limits: Limits,
    pub(crate) discovery: Discovery,
    pub(crate) taken: Taken,
    pub(crate) refused: Counters,
    retention: Retention,
    /// The newest time that the rules of retention were last asked at.
    asked: Mutex<i64>,
}

impl Intake {
    pub(crate) fn new(limits: Limits, discovery: Discovery, retention: Retention) -> Self {
        let (taken, refused) = Default::default();
        Intake { limits, discovery, taken, refused, retention, asked: Mutex::new(i64::MIN) }
    }
}

impl LogStore {
    pub(crate) fn new(store: Store<Logs>, intake: Intake) -> Self {
        LogStore { store, intake: Arc::new(intake) }
    }

    pub(crate) fn kernel(&self) -> &Store<Logs> {
        &self.store
    }

    pub(crate) fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Opens the store in `path`, made if there is none.
    ///
    /// # Errors
    ///
    /// The directory is in use, damaged, or of another kind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::default().open(path)
    }

    /// A store that writes nothing to disk.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn in_memory() -> Result<Self, Error> {
        Builder::default().in_memory()
    }

    /// Other than the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Stores one line of the stream `labels`. A line that is there already (stream, time and
    /// text) is kept once.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for a line that breaks a limit; [`Error::Storage`] where the store
    /// cannot take any.
    pub fn push(
        &self,
        labels: &Labels,
        time: impl Into<Nanos>,
        line: impl AsRef<[u8]>,
    ) -> Result<(), Error> {
        self.push_entry(labels, &LogEntry::new(time, line))
    }

    /// Stores one line with its structured metadata.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_entry(&self, labels: &Labels, entry: &LogEntry) -> Result<(), Error> {
        let mut batch = self.batch();
        batch.push(labels, entry);
        batch.commit()?.into_single().map_err(Error::Refused)
    }

    /// Collects lines that are stored together, as they are. It is a [`LogSink`] as well.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone(), false)
    }

    /// The store as a decoder of pushes sees it: lines are stored with what [`Discovery`] finds out
    /// about them, `service_name` and `detected_level` as in Loki unless the builder said otherwise.
    pub fn sink(&self) -> impl LogSink + use<> {
        Batch::new(self.clone(), true)
    }

    /// Lines refused since the store was opened, by reason.
    pub fn refused(&self) -> Refused {
        self.intake.refused.read()
    }

    /// Deletes the lines of the streams that satisfy every matcher, in `window` (its end is not in).
    ///
    /// # Errors
    ///
    /// Where the store cannot take it.
    pub fn delete(&self, matchers: Vec<Matcher>, window: NanosRange) -> Result<(), Error> {
        self.delete_lines(LogDelete::streams(matchers, window))
    }

    /// Deletes some lines of some streams: what was stored until now, and nothing that comes later.
    /// They are gone for readers at once, and from disk with the next compaction.
    ///
    /// # Errors
    ///
    /// [`Error::DeleteLanguage`] and [`Error::DeleteCondition`] for a condition that this store
    /// cannot have compiled; where the store cannot take the delete.
    pub fn delete_lines(&self, delete: LogDelete) -> Result<(), Error> {
        if let Some(tombstone) = self.store.engine().conditions.tombstone(delete)? {
            self.store.delete(tombstone)?;
        }
        Ok(())
    }

    /// Deletes what the rules of retention keep no longer, now that lines up to `newest` have come.
    pub(crate) fn expire(&self, newest: i64) -> Result<(), Error> {
        let Intake { retention, asked, .. } = &*self.intake;
        let Some(step) = retention.step() else { return Ok(()) };
        let mut asked = asked.lock();
        if newest < asked.saturating_add(step) || self.store.is_read_only() {
            return Ok(());
        }
        *asked = newest;
        let memory = self.store.extra();
        let due = {
            // Not held while deletes end heads, which it would keep in memory.
            let snapshot = self.store.snapshot();
            let since = |commit| oldest_since(&snapshot, commit);
            retention.due(newest, snapshot.visible(), since, &memory)
        };
        if let Some((tombstones, memory)) = due {
            for tombstone in tombstones {
                self.store.delete(tombstone)?;
            }
            self.store.set_extra(memory)?;
        }
        Ok(())
    }

    /// The same with the newest line that there is.
    fn expire_now(&self) -> Result<(), Error> {
        match self.intake.retention.step().and(self.store.stats().time_range) {
            Some((_, newest)) => self.expire(newest),
            None => Ok(()),
        }
    }

    /// Writes what is in memory as a block.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn flush(&self) -> Result<(), Error> {
        self.store.flush()?;
        Ok(())
    }

    /// Merges small blocks and carries out deletes.
    ///
    /// # Errors
    ///
    /// Where a block cannot be read or written.
    pub fn compact(&self) -> Result<(), Error> {
        self.expire_now()?;
        self.store.compact()?;
        Ok(())
    }

    /// Does what is due now. The answer says when to call again.
    ///
    /// # Errors
    ///
    /// Where a step fails.
    pub fn run_maintenance(&self) -> Result<Option<Duration>, Error> {
        self.expire_now()?;
        Ok(self.store.run_maintenance()?)
    }

    /// Reads every byte and says what is damaged.
    ///
    /// # Errors
    ///
    /// Where the check itself cannot go on.
    pub fn verify(&self) -> Result<VerifyReport, Error> {
        Ok(self.store.verify()?)
    }

    /// Copies the store to `path` while writing goes on.
    ///
    /// # Errors
    ///
    /// Where `path` is not empty or cannot be written.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.store.backup(path.as_ref())?;
        Ok(())
    }

    /// Copies a backup to `path`, which must be new or empty, and opens it. The backup stays; it is a
    /// store itself, and could be opened where it is.
    ///
    /// # Errors
    ///
    /// As [`Builder::restore`].
    pub fn restore(backup: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::default().restore(backup, path)
    }

    /// Reads again what a writer did since, if this store is open for reading.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be read.
    pub fn refresh(&self) -> Result<(), Error> {
        self.store.refresh()?;
        Ok(())
    }

    /// A failure in the background, if there was one.
    ///
    /// # Errors
    ///
    /// That failure.
    pub fn health(&self) -> Result<(), Error> {
        Ok(self.store.health()?)
    }

    /// What the store holds and did.
    pub fn stats(&self) -> StoreStats {
        self.store.stats()
    }

    /// Syncs the log, writes what is worth a block, and closes for every handle.
    ///
    /// # Errors
    ///
    /// Where that fails, and what failed in the background before.
    pub fn close(&self) -> Result<(), Error> {
        Ok(self.store.close()?)
    }
}

/// Time of the oldest line that came after a commit, or earlier: heads and blocks that hold later
/// lines too are taken as a whole.
fn oldest_since(snapshot: &Snapshot<Logs>, commit: u64) -> Option<i64> {
    let heads = snapshot.heads().filter_map(|(head, _)| Some(head.range()?.0));
    let blocks = snapshot.blocks().iter().map(|block| block.entry());
    let blocks = blocks.filter(|entry| entry.last_commit > commit).map(|entry| entry.min_time);
    heads.chain(blocks).min()
}
