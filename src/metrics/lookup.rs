//! Lookups beside queries: which labels and series there are, and how many of each.

use telemetry_core::labels::{Labels, Matcher, parse_selector};
use telemetry_core::source::{LabelRequest, MetricSource};
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{Cardinality, Tsdb};

use crate::bounds::bounded;
use crate::{Bounds, Error, Quadra};

/// Looks up labels and series: of everything stored, unless it is narrowed down.
///
/// ```
/// use quadra::{Quadra, labels};
///
/// let db = Quadra::in_memory()?;
/// for (job, minute) in [("api", 0), ("db", 10)] {
///     let up = db.metrics().series(labels! { "__name__" => "up", "job" => job })?;
///     up.append(minute * 60_000, 1.0)?;
/// }
/// let metrics = db.metrics();
/// assert_eq!(metrics.lookup().label_names()?, ["__name__", "job"]);
/// assert_eq!(metrics.lookup().between(300_000, 900_000).label_values("job")?, ["db"]);
/// assert_eq!(metrics.lookup().selector(r#"up{job=~"a.*"}"#)?.series()?.len(), 1);
/// assert_eq!(metrics.lookup().cardinality()?.series, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lookup {
    db: Quadra,
    request: LabelRequest,
    bounds: Bounds,
}

bounded!(Lookup);

impl Lookup {
    pub(super) fn new(db: Quadra) -> Self {
        let window = MillisRange::ALL;
        let request = LabelRequest { matchers: Vec::new(), window, limit: usize::MAX };
        Lookup { db, request, bounds: Bounds::default() }
    }

    /// Only series that satisfy this selector, `name{label="value"}`, as well as any set before.
    ///
    /// # Errors
    ///
    /// The text is no selector.
    pub fn selector(self, text: &str) -> Result<Self, Error> {
        Ok(self.matching(parse_selector(text)?))
    }

    /// Only series that satisfy all of these, as well as any set before.
    #[must_use]
    pub fn matching(mut self, matchers: impl IntoIterator<Item = Matcher>) -> Self {
        self.request.matchers.extend(matchers);
        self
    }

    /// Only series with samples from `start` to `end`, both included, as exactly as that can be told
    /// without reading them.
    #[must_use]
    pub fn between(mut self, start: impl Into<Millis>, end: impl Into<Millis>) -> Self {
        self.request.window = MillisRange::new(start, end);
        self
    }

    /// The most rows of an answer; all of them by default.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Self {
        self.request.limit = rows;
        self
    }

    /// The names of the labels, sorted.
    ///
    /// # Errors
    ///
    /// The lookup is stopped, or the store fails.
    pub fn label_names(&self) -> Result<Vec<String>, Error> {
        Ok(self.store().label_names(&self.request, &self.bounds.context(&self.db))?)
    }

    /// The values of the label `name`, sorted.
    ///
    /// # Errors
    ///
    /// As [`label_names`](Self::label_names).
    pub fn label_values(&self, name: &str) -> Result<Vec<String>, Error> {
        Ok(self.store().label_values(name, &self.request, &self.bounds.context(&self.db))?)
    }

    /// The labels of the series, sorted.
    ///
    /// # Errors
    ///
    /// As [`label_names`](Self::label_names).
    pub fn series(&self) -> Result<Vec<Labels>, Error> {
        Ok(self.store().find_series(&self.request, &self.bounds.context(&self.db))?)
    }

    /// How many series there are, by metric, label and pair, and how many came and went in each
    /// hour; the limit holds for each of the lists.
    ///
    /// # Errors
    ///
    /// As [`label_names`](Self::label_names).
    pub fn cardinality(&self) -> Result<Cardinality, Error> {
        Ok(self.store().cardinality(&self.request, &self.bounds.context(&self.db))?)
    }

    fn store(&self) -> &Tsdb {
        &self.db.stores().metrics
    }
}
