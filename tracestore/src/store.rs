//! The trace store: writing, deleting, care. Reading is in `search`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use telemetry_core::labels::Matcher;
use telemetry_core::model::{Resource, Scope, Span};
use telemetry_core::sink::{Committed, RawSpan, Refusal, RefusalReason, SinkError, SpanSink};
use telemetry_core::storage::stats::StoreStats;
use telemetry_core::storage::store::{Store, VerifyReport};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::NanosRange;

use crate::engine::Traces;
use crate::options::Builder;
use crate::record::Encoder;
use crate::{Error, Limits};

/// A store of spans. Clones are handles to the same store; dropping the last one closes it.
///
/// It is a [`SpanSource`](telemetry_core::source::span::SpanSource): traces are read by id or through
/// a language.
///
/// ```
/// use telemetry_core::model::{Span, SpanId, TraceId};
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::source::span::SpanSource;
/// use telemetry_core::time::Nanos;
/// use tracestore::TraceStore;
///
/// let store = TraceStore::in_memory()?;
/// store.push(Span {
///     trace_id: TraceId([1; 16]),
///     span_id: SpanId([2; 8]),
///     name: "GET /".into(),
///     start: Nanos(1_000),
///     end: Nanos(3_000),
///     ..Span::default()
/// })?;
///
/// let trace = store.trace(TraceId([1; 16]), &QueryContext::new())?;
/// assert_eq!(trace.map(|trace| trace.spans.len()), Some(1));
/// # Ok::<(), tracestore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TraceStore {
    pub(crate) store: Store<Traces>,
    limits: Arc<Limits>,
    /// Commits are logged, and so have to be encoded.
    is_logged: bool,
}

impl TraceStore {
    pub(crate) fn new(store: Store<Traces>, limits: Limits, is_logged: bool) -> Self {
        TraceStore { store, limits: Arc::new(limits), is_logged }
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

    /// Stores one span.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for a span that breaks a limit; [`Error::Storage`] where the store
    /// cannot take any.
    pub fn push(&self, span: Span) -> Result<(), Error> {
        let mut batch = self.batch();
        batch.push(span);
        batch.commit()?.into_single().map_err(Error::Refused)
    }

    /// Collects spans that are stored together.
    pub fn batch(&self) -> Batch {
        Batch {
            store: self.clone(),
            spans: Vec::new(),
            items: 0,
            refused: Vec::new(),
            checked: None,
            encoder: Encoder::default(),
        }
    }

    /// The store as a decoder sees it.
    pub fn sink(&self) -> impl SpanSink + use<> {
        self.batch()
    }

    /// Deletes spans that satisfy every matcher and start in `window`.
    ///
    /// A matcher is about an attribute of the resource, which is the empty text where it is absent.
    /// The names `trace:id`, `span:id`, `span:name`, `span:kind` and `span:status` mean the span.
    ///
    /// # Errors
    ///
    /// Where the store cannot take it.
    pub fn delete(&self, matchers: Vec<Matcher>, window: NanosRange) -> Result<(), Error> {
        if window.start < window.end {
            let last = window.end.0.saturating_sub(1);
            self.store.delete(Tombstone::new(matchers, window.start.0, last))?;
        }
        Ok(())
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
        self.store.compact()?;
        Ok(())
    }

    /// Does what is due now. The answer says when to call again.
    ///
    /// # Errors
    ///
    /// Where a step fails.
    pub fn run_maintenance(&self) -> Result<Option<Duration>, Error> {
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
        Ok(self.store.backup(path.as_ref())?)
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

/// Spans that are stored together.
#[derive(Debug)]
pub struct Batch {
    store: TraceStore,
    spans: Vec<Span>,
    items: u64,
    refused: Vec<Refusal>,
    /// Resource and scope of the last span that was in order: mostly those of the next one too.
    checked: Option<(Arc<Resource>, Arc<Scope>)>,
    encoder: Encoder,
}

impl Batch {
    /// Adds a span: the next item. A parent id of zeros is no parent.
    pub fn push(&mut self, mut span: Span) {
        match self.check(&span) {
            Ok(()) => {
                span.parent_span_id = span.parent_span_id.filter(|parent| !parent.is_zero());
                self.spans.push(span);
            }
            Err(reason) => self.refused.push(Refusal { index: self.items, reason }),
        }
        self.items += 1;
    }

    fn check(&mut self, span: &Span) -> Result<(), RefusalReason> {
        let limits = &self.store.limits;
        limits.check_span(span)?;
        let is_known = |(resource, scope): &(Arc<Resource>, Arc<Scope>)| {
            Arc::ptr_eq(resource, &span.resource) && Arc::ptr_eq(scope, &span.scope)
        };
        if !self.checked.as_ref().is_some_and(is_known) {
            limits.check_resource(&span.resource)?;
            limits.check_scope(&span.scope)?;
            self.checked = Some((span.resource.clone(), span.scope.clone()));
        }
        Ok(())
    }

    /// Stores the spans and is empty again.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    pub fn commit(&mut self) -> Result<Committed, Error> {
        let spans = std::mem::take(&mut self.spans);
        let refused = std::mem::take(&mut self.refused);
        let stored = std::mem::take(&mut self.items) - refused.len() as u64;
        if !spans.is_empty() {
            // Encoded before anybody else is kept waiting.
            let record: &[u8] =
                if self.store.is_logged { self.encoder.encode(&spans) } else { &[] };
            let mut commit = self.store.store.begin()?;
            commit.record().extend_from_slice(record);
            commit.finish(|head| head.apply(spans))?;
        }
        Ok(Committed { stored, refused })
    }
}

impl SpanSink for Batch {
    fn push(&mut self, span: &RawSpan<'_>) {
        Batch::push(self, span.to_span());
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.refused.push(Refusal { index: self.items, reason });
        self.items += 1;
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Batch::commit(self).map_err(SinkError::store)
    }
}
