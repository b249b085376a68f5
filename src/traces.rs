//! Traces: spans in, TraceQL out.

use telemetry_core::labels::Matcher;
use telemetry_core::model::{Span, Trace, TraceId};
use telemetry_core::sink::SpanSink;
use telemetry_core::source::span::SpanSource;
use telemetry_core::time::NanosRange;
use traceql::{MetricsRange, MetricsResult, SearchOptions, SearchResult};
use tracestore::{Batch, TraceStore};

use crate::bounds::bounded;
use crate::{Bounds, Error, Quadra};

/// The traces of a database.
#[derive(Clone, Debug)]
pub struct Traces {
    db: Quadra,
}

impl Quadra {
    /// The traces of this database.
    pub fn traces(&self) -> Traces {
        Traces { db: self.clone() }
    }

    /// A TraceQL query. Nothing happens before it is run.
    pub fn traceql(&self, query: impl Into<String>) -> TraceQuery {
        TraceQuery {
            db: self.clone(),
            query: query.into(),
            options: SearchOptions::default(),
            bounds: Bounds::default(),
        }
    }
}

impl Traces {
    /// The store itself, which is also a source for other languages.
    pub fn store(&self) -> &TraceStore {
        &self.db.stores().traces
    }

    /// Stores a span.
    ///
    /// # Errors
    ///
    /// The span breaks a limit, or the store takes none.
    pub fn push(&self, span: Span) -> Result<(), Error> {
        Ok(self.store().push(span)?)
    }

    /// Collects spans that are stored together.
    pub fn batch(&self) -> Batch {
        self.store().batch()
    }

    /// The store as a decoder sees it.
    pub fn sink(&self) -> impl SpanSink + use<> {
        self.store().sink()
    }

    /// All stored spans of a trace; none if there is none.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub fn trace(&self, id: TraceId) -> Result<Option<Trace>, Error> {
        Ok(self.store().trace(id, &Bounds::default().context(&self.db))?)
    }

    /// Deletes the spans of the resources that satisfy every matcher, that began in `window`.
    ///
    /// # Errors
    ///
    /// Where the store cannot take it.
    pub fn delete(
        &self,
        matchers: Vec<Matcher>,
        window: impl Into<NanosRange>,
    ) -> Result<(), Error> {
        Ok(self.store().delete(matchers, window.into())?)
    }
}

/// A TraceQL query and how it is run.
#[derive(Clone, Debug)]
pub struct TraceQuery {
    db: Quadra,
    query: String,
    options: SearchOptions,
    bounds: Bounds,
}

bounded!(TraceQuery);

impl TraceQuery {
    /// The most traces of the answer; 20 by default.
    #[must_use]
    pub fn limit(mut self, traces: usize) -> Self {
        self.options.limit = traces;
        self
    }

    /// The most spans shown per spanset; 3 by default.
    #[must_use]
    pub fn spans_per_spanset(mut self, spans: usize) -> Self {
        self.options.spans_per_spanset = spans;
        self
    }

    /// Only traces that overlap this window, whose end is not in.
    #[must_use]
    pub fn between(mut self, window: impl Into<NanosRange>) -> Self {
        self.options.window = window.into();
        self
    }

    /// Searches for traces, the latest first.
    ///
    /// # Errors
    ///
    /// The text is no search, the query is stopped, or the store fails.
    pub fn run(&self) -> Result<SearchResult, Error> {
        let query = traceql::parse(&self.query)?;
        let context = self.bounds.context(&self.db);
        let store = &self.db.stores().traces;
        Ok(traceql::Engine.search(&query, store, &self.options, &context)?)
    }

    /// Computes the series of a metrics query.
    ///
    /// # Errors
    ///
    /// The text is no metrics query, the query is stopped, or the store fails.
    pub fn metrics(&self, range: MetricsRange) -> Result<MetricsResult, Error> {
        let query = traceql::parse(&self.query)?;
        let context = self.bounds.context(&self.db);
        Ok(traceql::Engine.metrics(&query, &self.db.stores().traces, range, &context)?)
    }
}
