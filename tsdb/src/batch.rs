//! Handles that samples are appended through: [`Series`] for one, [`Batch`] for many.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Histogram, Metadata, SampleValue};
use telemetry_core::sink::{Committed, RefusalReason, SeriesRef};
use telemetry_core::time::Millis;

use crate::db::Tsdb;
use crate::error::{Error, Result};
use crate::head::{Extra, Items};
use crate::registry::Pin;

/// A series of a store. Good as long as the store is open, whatever happens to its samples: a series
/// that nobody has seen for long leaves memory, and is there again with its next sample.
#[derive(Debug)]
pub struct Series {
    db: Tsdb,
    labels: Labels,
    /// The id in memory (low half) and the epoch in which that was made sure of; 0 before.
    known: AtomicU64,
}

impl Clone for Series {
    fn clone(&self) -> Self {
        let known = AtomicU64::new(self.known.load(Ordering::Acquire));
        Series { db: self.db.clone(), labels: self.labels.clone(), known }
    }
}

impl Series {
    pub(crate) fn new(db: Tsdb, labels: Labels) -> Self {
        Series { db, labels, known: AtomicU64::new(0) }
    }

    /// The id of the series, which is in memory and was seen in `epoch` or later.
    #[inline]
    pub(crate) fn id_since(&self, epoch: u32) -> Result<u32, RefusalReason> {
        let known = self.known.load(Ordering::Acquire);
        if (known >> 32) as u32 >= epoch {
            return Ok(known as u32);
        }
        self.resolve()
    }

    #[cold]
    fn resolve(&self) -> Result<u32, RefusalReason> {
        let registry = &self.db.engine().registry;
        let epoch = registry.epoch();
        let id = registry.resolve(&self.labels)?;
        self.known.store(u64::from(epoch) << 32 | u64::from(id), Ordering::Release);
        Ok(id)
    }

    /// The series' number in this store: the shortest way to append. Good as long as the store is
    /// open; so the series stays in memory from here on, about 230 bytes, even without samples.
    /// Where series come and go, keep handles, or write through a [`Sink`](crate::Sink).
    pub fn reference(&self) -> SeriesRef {
        // Where limits say that it cannot be in memory it has no number.
        self.db.engine().registry.keep(&self.labels).unwrap_or(SeriesRef(u64::MAX))
    }

    /// Its labels.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Stores one sample: a commit of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the sample is not accepted; the store's.
    pub fn append(&self, time: impl Into<Millis>, value: impl Into<SampleValue>) -> Result<()> {
        let mut items = Items::default();
        let commit = self.db.begin()?;
        // No epoch ends during a commit, so the series stays where it is.
        let id = self.id_since(self.db.engine().registry.epoch())?;
        push(&mut items, id, time.into().0, value.into(), 0);
        let committed = self.db.commit(commit, &items, Vec::new(), Vec::new(), false)?;
        match committed.refused.into_iter().next() {
            Some(refusal) => Err(Error::Refused(refusal.reason)),
            None => Ok(()),
        }
    }
}

/// Collects samples that are stored together: one record of the log, seen by readers as a whole.
///
/// Samples of a scrape should come one behind the other, in the same order each time: such runs
/// are stored as rows, which costs a fraction of storing them one by one. A batch that is kept and
/// filled again keeps its memory.
#[derive(Debug)]
pub struct Batch {
    db: Tsdb,
    items: Items,
    exemplars: Vec<(u32, Exemplar)>,
    metadata: Vec<(String, Metadata)>,
    /// Whether samples may be late without bound: for imports.
    any_time: bool,
    /// From the first item to the commit: the series of the items stay in memory.
    pin: Option<Pin>,
}

impl Batch {
    pub(crate) fn new(db: Tsdb) -> Self {
        Batch {
            db,
            items: Items::default(),
            exemplars: Vec::new(),
            metadata: Vec::new(),
            any_time: false,
            pin: None,
        }
    }

    /// Series that are seen from now on, or were in the epoch that this gives, stay in memory until
    /// the commit.
    #[inline]
    pub(crate) fn hold(&mut self) -> u32 {
        let registry = || self.db.engine().registry.hold();
        self.pin.get_or_insert_with(registry).epoch()
    }

    /// Adds a sample of a series of this store: the next item.
    #[inline]
    pub fn append(
        &mut self,
        series: &Series,
        time: impl Into<Millis>,
        value: impl Into<SampleValue>,
    ) -> &mut Self {
        let epoch = self.hold();
        match series.id_since(epoch) {
            Ok(id) => push(&mut self.items, id, time.into().0, value.into(), 0),
            Err(reason) => self.refuse(reason),
        }
        self
    }

    /// Adds a float to a series that is known by its number: the next item. The shortest way.
    #[inline]
    pub fn append_ref(&mut self, series: SeriesRef, time: i64, value: f64) -> &mut Self {
        if let Some(id) = self.known(series) {
            self.items.push(id, time, value);
        }
        self
    }

    /// Adds a float of each of `series`, all at `time`: the next items. What a scrape gives.
    pub fn append_row(&mut self, series: &[SeriesRef], time: i64, values: &[f64]) -> &mut Self {
        let len = series.len().min(values.len());
        self.hold();
        if self.db.engine().registry.evicted() > 0 {
            for (series, value) in series.iter().zip(values) {
                self.append_ref(*series, time, *value);
            }
            return self;
        }
        self.items.series.extend(series.iter().take(len).map(|series| number(*series)));
        self.items.times.resize(self.items.times.len() + len, time);
        self.items.values.extend(values.iter().take(len));
        self
    }

    /// Adds a sample with its start timestamp, 0 if unknown: the next item.
    pub fn append_with_start(
        &mut self,
        series: SeriesRef,
        time: i64,
        value: impl Into<SampleValue>,
        start: i64,
    ) -> &mut Self {
        if let Some(id) = self.known(series) {
            push(&mut self.items, id, time, value.into(), start);
        }
        self
    }

    /// The id of a series. Where it has been evicted the next item is refused.
    #[inline]
    fn known(&mut self, series: SeriesRef) -> Option<u32> {
        self.hold();
        let registry = &self.db.engine().registry;
        if registry.evicted() == 0 {
            return Some(number(series));
        }
        let id = registry.see_reference(series);
        if id.is_none() {
            self.refuse(RefusalReason::UnknownSeries { handle: series.0 });
        }
        id
    }

    /// From here on samples may be late without bound.
    pub(crate) fn accept_any_time(&mut self) {
        self.any_time = true;
    }

    /// Counts an item that could not be handed in.
    pub(crate) fn refuse(&mut self, reason: RefusalReason) {
        self.items.push_extra(u32::MAX, 0, 0.0, Extra::Refused(reason));
    }

    /// Adds an exemplar to a series. Not an item.
    pub fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) -> &mut Self {
        self.hold();
        if let Some(id) = self.db.engine().registry.see_reference(series) {
            self.exemplars.push((id, exemplar));
        }
        self
    }

    /// Sets what is known about a metric. Not an item.
    pub fn metadata(&mut self, metric: &str, metadata: &Metadata) -> &mut Self {
        // Scrapes repeat it; only news are worth a place in the log.
        if self.db.metadata(metric).as_ref() != Some(metadata) {
            self.metadata.push((metric.to_owned(), metadata.clone()));
        }
        self
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items.len() == 0
    }

    /// Stores what was collected and begins anew. Items that are not accepted are in the answer,
    /// by position; the others are stored.
    ///
    /// # Errors
    ///
    /// The store's; nothing is stored then, and what was collected is given up.
    pub fn commit(&mut self) -> Result<Committed> {
        let exemplars = std::mem::take(&mut self.exemplars);
        let metadata = std::mem::take(&mut self.metadata);
        let committed = self.db.begin().and_then(|commit| {
            self.db.commit(commit, &self.items, exemplars, metadata, self.any_time)
        });
        self.items.clear();
        self.pin = None;
        committed
    }
}

/// The id of a series that no other had before; one that no series has where it is none.
fn number(series: SeriesRef) -> u32 {
    u32::try_from(series.0).unwrap_or(u32::MAX)
}

#[inline]
fn push(items: &mut Items, series: u32, time: i64, value: SampleValue, start: i64) {
    match value {
        SampleValue::Float(value) if start == 0 => items.push(series, time, value),
        SampleValue::Float(value) => items.push_extra(series, time, value, Extra::Start(start)),
        SampleValue::Histogram(histogram) => push_histogram(items, series, time, histogram, start),
    }
}

#[cold]
fn push_histogram(
    items: &mut Items,
    series: u32,
    time: i64,
    histogram: Arc<Histogram>,
    start: i64,
) {
    // A staleness marker need not have buckets that fit.
    let is_stale = SampleValue::Histogram(Arc::clone(&histogram)).is_stale();
    let extra = match histogram.validate() {
        Err(_) if !is_stale => Extra::Refused(RefusalReason::Malformed { rule: "histogram" }),
        _ => Extra::Histogram(histogram, start),
    };
    items.push_extra(series, time, 0.0, extra);
}

#[cfg(test)]
mod tests {
    use telemetry_core::labels;
    use telemetry_core::query::QueryContext;
    use telemetry_core::source::{MetricSource, SeriesRequest};
    use telemetry_core::time::MillisRange;

    use super::*;

    fn series_with_samples(db: &Tsdb, name: &str) -> usize {
        let matchers = vec![telemetry_core::labels::Matcher::equal("__name__", name)];
        let request = SeriesRequest::new(matchers, MillisRange::ALL);
        db.select(&request, &QueryContext::new()).unwrap().len()
    }

    #[test]
    fn a_batch_that_outlives_heads_keeps_its_series_until_the_head_that_it_went_to_is_sealed() {
        let db = Tsdb::in_memory().unwrap();
        let series = |name: &str| db.series(&labels! { "__name__" => name }).unwrap();
        let (old, number, other) = (series("old"), series("number"), series("other"));
        let number = db.engine().registry.reference(number.id_since(0).unwrap());
        let exemplar =
            Exemplar { labels: labels! { "trace_id" => "7" }, value: 1.0, time: Millis(1) };
        let mut batch = db.batch();
        batch.append(&old, 1, 1.0).append_ref(number, 1, 1.0).exemplar(number, exemplar);
        for time in [1, 2] {
            other.append(time, 1.0).unwrap();
            db.flush().unwrap();
        }
        assert_eq!(batch.commit().unwrap().stored, 2);
        // The second flush ends only now.
        db.engine().registry.evict();
        other.append(3, 1.0).unwrap();
        db.flush().unwrap();
        assert_eq!((series_with_samples(&db, "old"), series_with_samples(&db, "number")), (1, 1));
        assert!(old.append(2, 2.0).is_ok());
    }
}
