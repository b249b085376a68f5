//! Queries: text in, values out.

use std::time::Duration;

use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::MetricSource;
use telemetry_core::time::{Millis, MillisRange};

use crate::Error;
use crate::ast::Expr;
use crate::eval::{Annotations, EvaluationError, Evaluator, Grid, Settings, answer, fetch};
use crate::explain::{Explanation, describe};
use crate::parse::{ParseOptions, parse_with};
use crate::plan::{Plan, PlanSettings, plan};
use crate::value::{QueryResult, Value};

/// How queries are answered. The default is Prometheus 3.14's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Which parts of the language are on.
    pub parse: ParseOptions,
    /// How old the newest sample of a series may be at the time asked for. 5 minutes by default.
    pub lookback: Duration,
    /// The step of sub-queries that have none (`x[1h:]`). 1 minute by default.
    pub subquery_step: Duration,
    /// Whether metric names are dropped at the very end of a query, so that functions on labels see
    /// them. Off by default.
    pub delayed_name_removal: bool,
    /// Whether start timestamps of counters are looked at. Off by default.
    pub start_timestamps: bool,
    /// Whether functions may make labels with classic names only (letters, digits and underscores),
    /// not with any UTF-8 text. Off by default.
    pub legacy_names: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            parse: ParseOptions::default(),
            lookback: Duration::from_secs(300),
            subquery_step: Duration::from_secs(60),
            delayed_name_removal: false,
            start_timestamps: false,
            legacy_names: false,
        }
    }
}

/// Answers PromQL queries over any source of metrics.
///
/// ```
/// use promql::{Engine, Options, Value};
/// use telemetry_core::labels;
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::source::MemoryMetrics;
///
/// let mut metrics = MemoryMetrics::new();
/// for (instance, rise) in [("a", 1.0), ("b", 3.0)] {
///     let series = labels! { "__name__" => "errors_total", "instance" => instance };
///     for minute in 0..10 {
///         metrics.insert(&series, minute * 60_000, rise * minute as f64);
///     }
/// }
/// let engine = Engine::new(Options::default());
/// let query = "sum(increase(errors_total[5m]))";
/// let result = engine.instant(&metrics, query, 540_000, &QueryContext::new())?;
/// let Value::Vector(elements) = result.value else { unreachable!() };
/// assert_eq!(elements[0].value, 20.0.into());
/// # Ok::<(), promql::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine {
    options: Options,
}

impl Engine {
    /// An engine with these options.
    pub fn new(options: Options) -> Self {
        Engine { options }
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The value of `query` at `time`.
    ///
    /// # Errors
    ///
    /// The query is no PromQL, or has no value: see [`Error`].
    pub fn instant(
        &self,
        source: &dyn MetricSource,
        query: &str,
        time: impl Into<Millis>,
        context: &QueryContext,
    ) -> Result<QueryResult, Error> {
        let expr = parse_with(query, &self.options.parse)?;
        self.instant_of(source, query, &expr, time, context)
    }

    /// As [`instant`](Self::instant), of a query that is parsed already; `query` is its text, for
    /// the places of errors and remarks.
    ///
    /// # Errors
    ///
    /// The query has no value.
    pub fn instant_of(
        &self,
        source: &dyn MetricSource,
        query: &str,
        expr: &Expr,
        time: impl Into<Millis>,
        context: &QueryContext,
    ) -> Result<QueryResult, Error> {
        let time = time.into().0;
        let annotations = Annotations::default();
        let value = self.evaluate(source, expr, Asked::instant(time), context, &annotations);
        finish(query, value, &annotations, context)
    }

    /// The values of `query` from `start` to `end`, both included, at a distance of `step`.
    ///
    /// # Errors
    ///
    /// The query is no PromQL, is no scalar or instant vector, or has no value; the range has more
    /// steps than the limits of `context` allow.
    pub fn range(
        &self,
        source: &dyn MetricSource,
        query: &str,
        range: MillisRange,
        step: Duration,
        context: &QueryContext,
    ) -> Result<QueryResult, Error> {
        let expr = parse_with(query, &self.options.parse)?;
        self.range_of(source, query, &expr, range, step, context)
    }

    /// As [`range`](Self::range), of a query that is parsed already.
    ///
    /// # Errors
    ///
    /// The query has no value.
    pub fn range_of(
        &self,
        source: &dyn MetricSource,
        query: &str,
        expr: &Expr,
        range: MillisRange,
        step: Duration,
        context: &QueryContext,
    ) -> Result<QueryResult, Error> {
        let annotations = Annotations::default();
        let value = Asked::range(range, step, context)
            .and_then(|asked| self.evaluate(source, expr, asked, context, &annotations));
        finish(query, value, &annotations, context)
    }

    /// What [`instant`](Self::instant) would do. Nothing is read.
    ///
    /// # Errors
    ///
    /// The query is no PromQL, or cannot be planned.
    pub fn explain_instant(
        &self,
        query: &str,
        time: impl Into<Millis>,
        context: &QueryContext,
    ) -> Result<Explanation, Error> {
        self.explain(query, Ok(Asked::instant(time.into().0)), context)
    }

    /// What [`range`](Self::range) would do. Nothing is read.
    ///
    /// # Errors
    ///
    /// The query is no PromQL, or cannot be planned; the range has more steps than the limits of
    /// `context` allow.
    pub fn explain_range(
        &self,
        query: &str,
        range: MillisRange,
        step: Duration,
        context: &QueryContext,
    ) -> Result<Explanation, Error> {
        self.explain(query, Asked::range(range, step, context), context)
    }

    fn explain(
        &self,
        query: &str,
        asked: Result<Asked, EvaluationError>,
        context: &QueryContext,
    ) -> Result<Explanation, Error> {
        let expr = parse_with(query, &self.options.parse)?;
        let planned = asked.and_then(|asked| Ok((asked, self.plan(&expr, asked)?)));
        let (asked, plan) = planned.map_err(|error| failure(query, error))?;
        let lookback = millis(self.options.lookback);
        Ok(describe(&plan, asked.grid, asked.is_range, lookback, context.parallelism()))
    }

    fn plan(&self, expr: &Expr, asked: Asked) -> Result<Plan, EvaluationError> {
        let Asked { grid, end, is_range } = asked;
        let lookback = millis(self.options.lookback);
        let subquery_step = millis(self.options.subquery_step);
        let legacy_names = self.options.legacy_names;
        plan(expr, PlanSettings { grid, end, is_range, lookback, subquery_step, legacy_names })
    }

    fn evaluate(
        &self,
        source: &dyn MetricSource,
        expr: &Expr,
        asked: Asked,
        context: &QueryContext,
        annotations: &Annotations,
    ) -> Result<Value, EvaluationError> {
        let plan = self.plan(expr, asked)?;
        let fetched = fetch(source, &plan.selectors, context)?;
        let evaluator = Evaluator {
            context,
            fetched: &fetched,
            annotations,
            settings: Settings {
                lookback: millis(self.options.lookback),
                delayed_name_removal: self.options.delayed_name_removal,
                start_timestamps: self.options.start_timestamps,
            },
        };
        answer(&evaluator, &plan, asked.grid, asked.is_range, expr.span())
    }
}

/// The times asked for.
#[derive(Clone, Copy)]
struct Asked {
    grid: Grid,
    /// The end of the range, which the last step need not meet.
    end: i64,
    is_range: bool,
}

impl Asked {
    fn instant(time: i64) -> Self {
        Asked { grid: Grid::instant(time), end: time, is_range: false }
    }

    fn range(
        range: MillisRange,
        step: Duration,
        context: &QueryContext,
    ) -> Result<Self, EvaluationError> {
        let grid = Grid::range(range.start.0, range.end.0, millis(step))?;
        context.bound(Resource::Steps, grid.count as u64)?;
        Ok(Asked { grid, end: range.end.0, is_range: true })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn finish(
    query: &str,
    value: Result<Value, EvaluationError>,
    annotations: &Annotations,
    context: &QueryContext,
) -> Result<QueryResult, Error> {
    let value = value.map_err(|error| failure(query, error))?;
    Ok(QueryResult {
        value,
        annotations: annotations.render(query),
        statistics: context.statistics().snapshot(),
    })
}

fn failure(query: &str, error: EvaluationError) -> Error {
    let query = query.into();
    match error {
        EvaluationError::Unsupported { what, span } => {
            Error::Unsupported { what: what.subject(), span, query }
        }
        EvaluationError::Check { kind, span } => Error::Check { kind, span, query },
        error => Error::Evaluation { error: Box::new(error), query },
    }
}
