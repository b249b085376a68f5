//! [`Tsdb`]: the store as its users see it.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::{Exemplar, Metadata};
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{Committed, SeriesRef};
use telemetry_core::source::{LabelRequest, MetricSource, SeriesRequest, SeriesSet, SourceError};
use telemetry_core::storage;
use telemetry_core::storage::store::{Commit, Snapshot, Store, VerifyReport};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::MillisRange;

use crate::batch::{Batch, Series};
use crate::builder::Builder;
use crate::engine::Metrics;
use crate::error::Result;
use crate::head::{Earlier, Items, Judged, Staged, Stager};
use crate::options::OutOfOrder;
use crate::query::{self, Selected, SeriesExemplars};
use crate::record;
use crate::registry::{Newest, Print};
use crate::sink::Sink;
use crate::stats::Stats;

/// A store of metrics in one directory, or in memory. A clone is the same store; dropping the
/// last one closes it.
///
/// ```
/// use telemetry_core::labels;
/// use tsdb::Tsdb;
///
/// let db = Tsdb::in_memory()?;
/// let requests = db.series(&labels! { "__name__" => "requests_total", "job" => "api" })?;
/// requests.append(1_000, 1.0)?;
/// let mut batch = db.batch();
/// batch.append(&requests, 2_000, 2.0);
/// assert_eq!(batch.commit()?.stored, 1);
/// # Ok::<(), tsdb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tsdb {
    store: Store<Metrics>,
    /// Whether commits are logged.
    logs: bool,
    /// The latest time in the blocks that there were when the store was opened. Of what came later
    /// the registry knows the newest samples, until it evicts a series.
    newest_before: Option<i64>,
}

impl Tsdb {
    /// Opens the store in a directory, creating it where needed, with the default options.
    ///
    /// # Errors
    ///
    /// The directory is open elsewhere; it is damaged or of another format; the file system's.
    pub fn open(path: impl AsRef<Path>) -> Result<Tsdb> {
        Tsdb::builder(path).open()
    }

    /// A store that lives in memory only.
    ///
    /// # Errors
    ///
    /// None that is known; the kernel's signature.
    pub fn in_memory() -> Result<Tsdb> {
        Builder::in_memory().open()
    }

    /// Options for opening the store in a directory.
    pub fn builder(path: impl AsRef<Path>) -> Builder {
        Builder::new(path.as_ref())
    }

    pub(crate) fn new(store: Store<Metrics>, logs: bool) -> Self {
        let snapshot = store.snapshot();
        let newest_before = snapshot.blocks().iter().map(|block| block.entry().max_time).max();
        // What the log deleted again while it was replayed.
        for (_, tombstones) in snapshot.heads() {
            for tombstone in tombstones {
                store.engine().registry.note_deleted(&tombstone);
            }
        }
        drop(snapshot);
        Tsdb { store, logs, newest_before }
    }

    pub(crate) fn engine(&self) -> &Metrics {
        self.store.engine()
    }

    /// A handle to the series with these labels, which is made if there is none. A series without
    /// samples is not seen by queries. A handle does not keep its series in memory, and is good
    /// whether it is there or not.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`](crate::Error::Refused): there can be no such series.
    pub fn series(&self, labels: &Labels) -> Result<Series> {
        let series = Series::new(self.clone(), labels.clone());
        series.id_since(self.engine().registry.epoch())?;
        Ok(series)
    }

    /// The labels of a series that is in memory.
    pub fn labels_of(&self, series: SeriesRef) -> Option<Labels> {
        let registry = &self.engine().registry;
        let _pin = registry.hold();
        registry.see_reference(series).and_then(|id| registry.labels(id))
    }

    /// Collects samples that are stored together.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// The write side for decoders.
    pub fn sink(&self) -> Sink {
        Sink::new(self.clone())
    }

    /// The right to commit, after waiting for it. A head is sealed, and an epoch ends, before or
    /// after.
    pub(crate) fn begin(&self) -> Result<Commit<'_, Metrics>> {
        Ok(self.store.begin()?)
    }

    /// Stores a commit.
    pub(crate) fn commit(
        &self,
        mut commit: Commit<'_, Metrics>,
        items: &Items,
        exemplars: Vec<(u32, Exemplar)>,
        metadata: Vec<(String, Metadata)>,
        any_time: bool,
    ) -> Result<Committed> {
        let head = Arc::clone(commit.head());
        let Metrics { registry, layouts_seen, out_of_order, refused, .. } = self.engine();
        let mut staged = Staged { metadata, ..Staged::default() };
        let earlier = BlocksBefore { db: self, snapshot: OnceCell::new() };
        let out_of_order = if any_time { OutOfOrder::Unlimited } else { *out_of_order };
        let asks_for_late = !any_time;
        let notes = head.notes().read();
        // Seen now, a series stays until the head that has something of it is sealed.
        for (series, exemplar) in exemplars.into_iter().filter(|(id, _)| registry.see(*id)) {
            match notes.judge(series, &exemplar, out_of_order) {
                Judged::New => staged.exemplars.push((series, exemplar)),
                Judged::Known => {}
                Judged::Refused => refused.count_exemplar(),
            }
        }
        drop(notes);
        Stager {
            head: &head,
            registry,
            earlier: &earlier,
            out_of_order,
            asks_for_late,
            layouts_seen,
        }
        .stage(items, &mut staged)?;
        refused.count(&staged.refused);
        let committed =
            Committed { stored: staged.accepted, refused: std::mem::take(&mut staged.refused) };
        if staged.is_empty() {
            return Ok(committed);
        }
        if self.logs {
            let mut log = head.log.lock();
            record::encode(&mut log, registry, &staged, &items.values, commit.record());
        }
        let sequence = commit.sequence();
        match commit.finish(|head| head.apply(&staged, &items.values, sequence)) {
            Ok(()) => Ok(committed),
            Err(error) => {
                head.log.lock().forget();
                Err(error.into())
            }
        }
    }

    /// Hides the samples in `range` (both ends included) of the series that satisfy every matcher,
    /// as far as they were stored before. Without matchers all series are meant.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn delete(&self, matchers: &[Matcher], range: MillisRange) -> Result<()> {
        if !range.is_empty() {
            let (start, end) = (range.start.0, range.end.0);
            let tombstone = Tombstone::new(matchers.to_vec(), start, end);
            self.store.delete(tombstone.clone())?;
            self.engine().registry.note_deleted(&tombstone);
        }
        Ok(())
    }

    /// Exemplars in `range` (both ends included) of the series that satisfy every matcher of any of
    /// the selectors: as Prometheus's `query_exemplars` gives them, by the labels of their series and
    /// then by time, each once.
    ///
    /// ```
    /// # use telemetry_core::{labels, labels::Matcher, model::Exemplar, query::QueryContext, time::{Millis, MillisRange}};
    /// # let db = tsdb::Tsdb::in_memory()?;
    /// let requests = db.series(&labels! { "__name__" => "requests_total" })?;
    /// let exemplar = Exemplar { labels: labels! { "trace_id" => "4bf9" }, value: 1.0, time: Millis(10) };
    /// let mut batch = db.batch();
    /// batch.append(&requests, 10, 1.0).exemplar(requests.reference(), exemplar);
    /// assert_eq!(batch.commit()?.stored, 1);
    /// let selector = vec![Matcher::equal("__name__", "requests_total")];
    /// let found = db.query_exemplars(&[selector], MillisRange::ALL, &QueryContext::new()).unwrap();
    /// assert_eq!(found[0].exemplars[0].labels.get("trace_id"), Some("4bf9"));
    /// # Ok::<(), tsdb::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Past a bound of `context`; a block that cannot be read.
    pub fn query_exemplars(
        &self,
        selectors: &[Vec<Matcher>],
        range: MillisRange,
        context: &QueryContext,
    ) -> Result<Vec<SeriesExemplars>, SourceError> {
        let snapshot = self.store.snapshot();
        query::exemplars(&snapshot, &self.engine().registry, selectors, range, context)
    }

    /// What is known about a metric.
    pub fn metadata(&self, metric: &str) -> Option<Metadata> {
        self.store.snapshot().head().notes().read().metadata(metric).cloned()
    }

    /// What is known about all metrics, by name.
    pub fn all_metadata(&self) -> Vec<(String, Metadata)> {
        let snapshot = self.store.snapshot();
        let notes = snapshot.head().notes().read();
        let all = notes.all_metadata().map(|(metric, known)| (metric.to_owned(), known.clone()));
        let mut all: Vec<_> = all.collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// Times of the earliest and the latest sample or, in blocks, exemplar, deleted ones included.
    pub fn time_range(&self) -> Option<MillisRange> {
        let (start, end) = self.store.stats().time_range?;
        Some(MillisRange::new(start, end))
    }

    /// Writes everything in memory as blocks. Gives whether there was anything.
    ///
    /// # Errors
    ///
    /// The file system's; nothing is lost then.
    pub fn flush(&self) -> Result<bool> {
        Ok(self.store.flush()?)
    }

    /// Merges blocks until nothing is left to merge, and carries out deletes. Gives how many
    /// merges that took.
    ///
    /// # Errors
    ///
    /// The file system's; the blocks stay as they were.
    pub fn compact(&self) -> Result<u64> {
        Ok(self.store.compact()?)
    }

    /// Does what is due: syncs, flushes, merges, retention. Gives how long from now it next wants
    /// to be called, if that is known.
    ///
    /// # Errors
    ///
    /// The first step that failed.
    pub fn run_maintenance(&self) -> Result<Option<Duration>> {
        Ok(self.store.run_maintenance()?)
    }

    /// Makes everything committed so far survive power loss.
    ///
    /// # Errors
    ///
    /// The file system's: the store takes no more writes then.
    pub fn sync(&self) -> Result<()> {
        Ok(self.store.sync()?)
    }

    /// Checks every byte.
    ///
    /// # Errors
    ///
    /// The file system's; damage is in the report.
    pub fn verify(&self) -> Result<VerifyReport> {
        Ok(self.store.verify()?)
    }

    /// Copies the store to an empty or new directory while writing goes on.
    ///
    /// # Errors
    ///
    /// The directory is not empty; the file system's.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<()> {
        Ok(self.store.backup(to.as_ref())?)
    }

    /// Copies a backup to a new or empty directory, and opens it. The backup stays; it is a store
    /// itself, and could be opened where it is.
    ///
    /// # Errors
    ///
    /// The directory is not empty; the file system's; as [`Tsdb::open`].
    pub fn restore(backup: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<Tsdb> {
        Tsdb::builder(path).restore(backup)
    }

    /// Of a store that is open for reading: reads what the writer has done since. Gives whether
    /// there was anything.
    ///
    /// # Errors
    ///
    /// As opening; what was read before stays.
    pub fn refresh(&self) -> Result<bool> {
        Ok(self.store.refresh()?)
    }

    /// Whether writing works and nothing has failed in the background.
    ///
    /// # Errors
    ///
    /// What has failed.
    pub fn health(&self) -> Result<()> {
        Ok(self.store.health()?)
    }

    /// The state of the store in numbers.
    pub fn stats(&self) -> Stats {
        let Metrics { registry, refused, .. } = self.engine();
        Stats::new(self.store.stats(), registry, refused.read())
    }

    /// Syncs the log, flushes what is large enough and gives the directory back. All clones are
    /// closed.
    ///
    /// # Errors
    ///
    /// What could not be made safe. The store is closed all the same.
    pub fn close(&self) -> Result<()> {
        Ok(self.store.close()?)
    }
}

impl MetricSource for Tsdb {
    fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError> {
        let snapshot = self.store.snapshot();
        let SeriesRequest { matchers, window, sorted, .. } = request;
        let registry = &self.engine().registry;
        let selection = query::select(&snapshot, registry, matchers, *window, *sorted, context)?;
        Ok(Box::new(Selected::new(selection, *window, snapshot)))
    }

    fn label_names(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        let snapshot = self.store.snapshot();
        query::label_names(&snapshot, &self.engine().registry, request, context)
    }

    fn label_values(
        &self,
        name: &str,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        let snapshot = self.store.snapshot();
        query::label_values(&snapshot, &self.engine().registry, name, request, context)
    }
}

/// What the blocks that a store was opened with know about newest samples, looked up when it is
/// first asked for.
struct BlocksBefore<'a> {
    db: &'a Tsdb,
    snapshot: OnceCell<Snapshot<Metrics>>,
}

impl Earlier for BlocksBefore<'_> {
    fn newest_time(&self) -> Option<i64> {
        self.db.newest_before.max(self.db.engine().registry.newest_evicted())
    }

    fn newest_of(&self, labels: &Labels) -> storage::Result<Option<Newest>> {
        query::newest_in_blocks(self.snapshot(), labels)
    }

    fn value_at(&self, series: u32, time: i64) -> storage::Result<Option<Print>> {
        let Some(labels) = self.db.engine().registry.labels(series) else { return Ok(None) };
        query::value_stored(self.snapshot(), series, &labels, time)
    }
}

impl BlocksBefore<'_> {
    fn snapshot(&self) -> &Snapshot<Metrics> {
        self.snapshot.get_or_init(|| self.db.store.snapshot())
    }
}
