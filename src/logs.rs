//! Logs: lines in, LogQL out.

use std::borrow::Borrow;
use std::time::Duration;

use logql::{Instant, LogLine, LogOptions, LogStream, Pager, Series};
use logstore::{Batch, LogStore};
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::sink::LogSink;
use telemetry_core::source::{Direction, LabelRequest, LogSource};
use telemetry_core::time::{MillisRange, Nanos, NanosRange};

use crate::bounds::bounded;
use crate::{Bounds, Error, Quadra};

/// Lines that [`LogQuery::stream`] reads at once.
const LINES_PER_PAGE: usize = 1_000;

/// The logs of a database.
#[derive(Clone, Debug)]
pub struct Logs {
    db: Quadra,
}

impl Quadra {
    /// The logs of this database.
    pub fn logs(&self) -> Logs {
        Logs { db: self.clone() }
    }

    /// A LogQL query. Nothing happens before it is run.
    pub fn logql(&self, query: impl Into<String>) -> LogQuery {
        LogQuery {
            db: self.clone(),
            query: query.into(),
            options: LogOptions::default(),
            bounds: Bounds::default(),
        }
    }
}

impl Logs {
    /// The store itself, which is also a source for other languages.
    pub fn store(&self) -> &LogStore {
        &self.db.stores().logs
    }

    /// LogQL over the store, with the calls beside queries: names and values of labels, fields that
    /// lines have, volume, patterns, live tail (`logql::explore`).
    ///
    /// ```
    /// use quadra::telemetry_core::query::QueryContext;
    /// use quadra::{Quadra, labels, time::NanosRange};
    ///
    /// let db = Quadra::in_memory()?;
    /// db.logs().push(labels! { "app" => "shop" }, 1, "it works")?;
    /// let names = db.logs().engine().label_names(&[], NanosRange::ALL, &QueryContext::new())?;
    /// assert_eq!(names, ["app"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn engine(&self) -> logql::Engine<'_> {
        logql::Engine::new(self.store())
    }

    /// Stores a line of the stream `labels`.
    ///
    /// # Errors
    ///
    /// The line breaks a limit, or the store takes none.
    pub fn push(
        &self,
        labels: impl Borrow<Labels>,
        time: impl Into<Nanos>,
        line: impl AsRef<[u8]>,
    ) -> Result<(), Error> {
        Ok(self.store().push(labels.borrow(), time, line)?)
    }

    /// Stores a line with structured metadata.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_entry(&self, labels: impl Borrow<Labels>, entry: LogEntry) -> Result<(), Error> {
        Ok(self.store().push_entry(labels.borrow(), &entry)?)
    }

    /// Collects lines that are stored together.
    pub fn batch(&self) -> Batch {
        self.store().batch()
    }

    /// The store as a decoder of pushes sees it: it finds out `service_name` and `detected_level` as
    /// Loki does. [`batch`](Self::batch) is a sink as well, and stores lines as they are.
    pub fn sink(&self) -> impl LogSink + use<> {
        self.store().sink()
    }

    /// Deletes the lines in `window` that a log query shows, as Loki does: what was stored until now,
    /// and nothing that comes later. They are gone for readers at once, and from disk with the next
    /// compaction. (Whole streams by matchers: [`LogStore::delete`].)
    ///
    /// ```
    /// use quadra::{Quadra, labels, time::NanosRange};
    ///
    /// let db = Quadra::in_memory()?;
    /// db.logs().push(labels! { "app" => "shop" }, 1, r#"{"user":7,"card":"4242"}"#)?;
    /// db.logs().push(labels! { "app" => "shop" }, 2, r#"{"user":8}"#)?;
    /// db.logs().delete(r#"{app="shop"} |= "card" | json | user="7""#, NanosRange::ALL)?;
    /// assert_eq!(db.logql(r#"{app="shop"}"#).run()?[0].entries.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text is no log query, or one that a delete cannot be ([`logql::delete`]); the store cannot
    /// take it.
    pub fn delete(&self, query: &str, window: impl Into<NanosRange>) -> Result<(), Error> {
        let delete = logql::delete(&logql::parse(query)?, window)?;
        Ok(self.store().delete_lines(delete)?)
    }

    /// The label sets of the streams that satisfy every matcher.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub fn streams(&self, matchers: Vec<Matcher>) -> Result<Vec<Labels>, Error> {
        let request = LabelRequest { matchers, window: MillisRange::ALL, limit: usize::MAX };
        Ok(self.store().streams(&request, &Bounds::default().context(&self.db))?)
    }
}

/// A LogQL query and how it is run.
#[derive(Clone, Debug)]
pub struct LogQuery {
    db: Quadra,
    query: String,
    options: LogOptions,
    bounds: Bounds,
}

bounded!(LogQuery);

impl LogQuery {
    /// The most lines of the answer; 100 by default.
    #[must_use]
    pub fn limit(mut self, lines: usize) -> Self {
        self.options.limit = lines;
        self
    }

    /// Which lines come first; the newest by default.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.options.direction = direction;
        self
    }

    /// Only lines in this window, whose end is not in.
    #[must_use]
    pub fn between(mut self, window: impl Into<NanosRange>) -> Self {
        self.options.window = window.into();
        self
    }

    /// Runs a log query: its lines, by their labels.
    ///
    /// # Errors
    ///
    /// The text is no log query, the query is stopped, or the store fails.
    pub fn run(&self) -> Result<Vec<LogStream>, Error> {
        self.with_engine(|engine, query, context| engine.log(query, &self.options, context))
    }

    /// The lines of a log query one by one, in order, read a page at a time: for answers that
    /// should not be in memory as a whole. The limit holds for all lines together.
    ///
    /// # Errors
    ///
    /// The text is no log query. What happens on the way comes as an item.
    pub fn stream(&self) -> Result<LogLines, Error> {
        Ok(LogLines {
            query: logql::parse(&self.query)?,
            pager: Pager::new(self.options.clone(), LINES_PER_PAGE),
            context: self.bounds.context(&self.db),
            page: Vec::new().into_iter(),
            db: self.db.clone(),
        })
    }

    /// Runs a metric query at one time.
    ///
    /// # Errors
    ///
    /// The text is no metric query, the query is stopped, or the store fails.
    pub fn instant(&self, time: impl Into<Nanos>) -> Result<Instant, Error> {
        self.with_engine(|engine, query, context| engine.instant(query, time, context))
    }

    /// Runs a metric query from `start` to `end`, both included, at a distance of `step`.
    ///
    /// # Errors
    ///
    /// As [`instant`](Self::instant).
    pub fn range(
        &self,
        start: impl Into<Nanos>,
        end: impl Into<Nanos>,
        step: Duration,
    ) -> Result<Vec<Series>, Error> {
        let step = i64::try_from(step.as_nanos()).unwrap_or(i64::MAX);
        self.with_engine(|engine, query, context| engine.range(query, start, end, step, context))
    }

    fn with_engine<T>(
        &self,
        run: impl FnOnce(
            &logql::Engine<'_>,
            &logql::ast::Expr,
            &QueryContext,
        ) -> Result<T, logql::Error>,
    ) -> Result<T, Error> {
        let query = logql::parse(&self.query)?;
        let engine = logql::Engine::new(&self.db.stores().logs);
        Ok(run(&engine, &query, &self.bounds.context(&self.db))?)
    }
}

/// The lines of a log query, read as they are asked for. Dropping it stops the work.
#[derive(Debug)]
pub struct LogLines {
    query: logql::ast::Expr,
    pager: Pager,
    context: QueryContext,
    page: std::vec::IntoIter<LogLine>,
    db: Quadra,
}

impl Iterator for LogLines {
    type Item = Result<LogLine, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(line) = self.page.next() {
            return Some(Ok(line));
        }
        let engine = logql::Engine::new(&self.db.stores().logs);
        match self.pager.next(&engine, &self.query, &self.context) {
            Ok(page) => {
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => Some(Err(error.into())),
        }
    }
}
