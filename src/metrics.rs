//! Metrics: samples in, PromQL out.

mod lookup;

use std::borrow::Borrow;
use std::time::Duration;

use promql::{Engine, Explanation, Options, QueryResult};
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::sink::MetricSink;
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{Batch, Series, Tsdb};

use crate::bounds::bounded;
use crate::{Bounds, Error, Quadra};

pub use lookup::Lookup;

/// The metrics of a database.
#[derive(Clone, Debug)]
pub struct Metrics {
    db: Quadra,
}

impl Quadra {
    /// The metrics of this database.
    pub fn metrics(&self) -> Metrics {
        Metrics { db: self.clone() }
    }

    /// A PromQL query. Nothing happens before it is run.
    pub fn promql(&self, query: impl Into<String>) -> MetricQuery {
        MetricQuery {
            db: self.clone(),
            query: query.into(),
            options: Options::default(),
            bounds: Bounds::default(),
        }
    }
}

impl Metrics {
    /// The store itself, which is also a source for other languages.
    pub fn store(&self) -> &Tsdb {
        &self.db.stores().metrics
    }

    /// A handle to the series with these labels, made if there is none.
    ///
    /// # Errors
    ///
    /// Why there can be no such series.
    pub fn series(&self, labels: impl Borrow<Labels>) -> Result<Series, Error> {
        Ok(self.store().series(labels.borrow())?)
    }

    /// Collects samples that are stored together.
    pub fn batch(&self) -> Batch {
        self.store().batch()
    }

    /// The store as a decoder sees it.
    pub fn sink(&self) -> impl MetricSink + use<> {
        self.store().sink()
    }

    /// Deletes the samples of the series that satisfy every matcher, in `window` (both ends are
    /// in).
    ///
    /// # Errors
    ///
    /// Where the store cannot take it.
    pub fn delete(&self, matchers: &[Matcher], window: MillisRange) -> Result<(), Error> {
        Ok(self.store().delete(matchers, window)?)
    }

    /// Looks up labels and series.
    pub fn lookup(&self) -> Lookup {
        Lookup::new(self.db.clone())
    }
}

/// A PromQL query and how it is run.
#[derive(Clone, Debug)]
pub struct MetricQuery {
    db: Quadra,
    query: String,
    options: Options,
    bounds: Bounds,
}

bounded!(MetricQuery);

impl MetricQuery {
    /// How the language behaves; by default as Prometheus 3.14 does.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The value at the newest stored time.
    ///
    /// # Errors
    ///
    /// The text is no query, the query is stopped or has no value, or the store fails.
    pub fn run(&self) -> Result<QueryResult, Error> {
        self.instant(self.newest())
    }

    /// The value at one time.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn instant(&self, time: impl Into<Millis>) -> Result<QueryResult, Error> {
        let context = self.bounds.context(&self.db);
        let store = &self.db.stores().metrics;
        Ok(Engine::new(self.options).instant(store, &self.query, time, &context)?)
    }

    /// What [`run`](Self::run) would do: what is read and pushed down, what is shared, what is held.
    /// Nothing is read for it.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let db = quadra::Quadra::open(directory.path())?;
    /// let plan = db.promql("sum by (job) (rate(requests_total[5m]))").explain()?;
    /// assert_eq!(plan.reads[0].hints.function, "rate");
    /// println!("{plan}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text is no query, or cannot be planned.
    pub fn explain(&self) -> Result<Explanation, Error> {
        let context = self.bounds.context(&self.db);
        Ok(Engine::new(self.options).explain_instant(&self.query, self.newest(), &context)?)
    }

    /// What [`range`](Self::range) would do. Nothing is read for it.
    ///
    /// # Errors
    ///
    /// As [`explain`](Self::explain); also too many steps.
    pub fn explain_range(
        &self,
        start: impl Into<Millis>,
        end: impl Into<Millis>,
        step: Duration,
    ) -> Result<Explanation, Error> {
        let context = self.bounds.context(&self.db);
        let range = MillisRange::new(start, end);
        Ok(Engine::new(self.options).explain_range(&self.query, range, step, &context)?)
    }

    /// The newest stored time.
    fn newest(&self) -> Millis {
        self.db.stores().metrics.time_range().map_or(Millis(0), |range| range.end)
    }

    /// The values from `start` to `end`, both included, at a distance of `step`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn range(
        &self,
        start: impl Into<Millis>,
        end: impl Into<Millis>,
        step: Duration,
    ) -> Result<QueryResult, Error> {
        let context = self.bounds.context(&self.db);
        let store = &self.db.stores().metrics;
        let range = MillisRange::new(start, end);
        Ok(Engine::new(self.options).range(store, &self.query, range, step, &context)?)
    }
}
