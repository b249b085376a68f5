//! Queries over a source: parse → check → plan → evaluate.

use crate::ast::Expr;
use crate::error::Error;
use crate::eval::row::{Columns, Row, Steps};
use crate::eval::{self, Access};
use crate::plan::{self, LinesPlan};
use crate::value::{Instant, LogStream, Series, VectorSample};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{Direction, LogSource};
use telemetry_core::time::{Clock, Nanos, NanosRange, SystemClock};

/// Lines that a log query gives where nobody says how many.
pub const LIMIT_DEFAULT: usize = 100;

/// What lines a log query gives.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The times of the lines: the start is in, the end is not.
    pub window: NanosRange,
    /// How many lines at most.
    pub limit: usize,
    /// Whether the newest or the oldest lines come first, and are kept where the limit cuts.
    pub direction: Direction,
    /// A line is left out if it is nearer than this to the one before it in the answer; 0 keeps
    /// all. In nanoseconds.
    pub interval_ns: i64,
}

impl Default for LogOptions {
    /// [`LIMIT_DEFAULT`] lines of all times, the newest first.
    fn default() -> Self {
        LogOptions {
            window: NanosRange::ALL,
            limit: LIMIT_DEFAULT,
            direction: Direction::Backward,
            interval_ns: 0,
        }
    }
}

/// Runs queries over a source.
///
/// ```
/// use logql::{Engine, LogOptions};
/// use telemetry_core::labels;
/// use telemetry_core::model::LogEntry;
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::source::MemoryLogs;
///
/// let mut logs = MemoryLogs::new();
/// logs.insert(&labels! { "app" => "api" }, LogEntry::new(1, "level=error msg=timeout"));
/// logs.insert(&labels! { "app" => "api" }, LogEntry::new(2, "level=info msg=ok"));
///
/// let query = logql::parse(r#"{app="api"} | logfmt | level="error""#)?;
/// let engine = Engine::new(&logs);
/// let streams = engine.log(&query, &LogOptions::default(), &QueryContext::new())?;
/// assert_eq!(streams[0].entries[0].text(), "level=error msg=timeout");
/// assert_eq!(streams[0].labels.get("msg"), Some("timeout"));
/// # Ok::<(), logql::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Engine<'s> {
    source: &'s dyn LogSource,
    clock: &'s dyn Clock,
}

impl std::fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl<'s> Engine<'s> {
    /// An engine over `source`.
    pub fn new(source: &'s dyn LogSource) -> Self {
        Engine { source, clock: &SystemClock }
    }

    /// The same engine with another idea of the time, which only the template function `now` asks
    /// for.
    #[must_use]
    pub fn with_clock(self, clock: &'s dyn Clock) -> Self {
        Engine { clock, ..self }
    }

    pub(crate) fn source(&self) -> &'s dyn LogSource {
        self.source
    }

    pub(crate) fn access<'a>(&'a self, context: &'a QueryContext) -> Access<'a> {
        Access { source: self.source, context, now: self.clock.now().0 }
    }

    /// The lines of a log query, by their labels. Streams are sorted by labels, lines stand in the
    /// direction asked for.
    ///
    /// # Errors
    ///
    /// [`Error::NotLog`] for a metric query; otherwise where a stage cannot be made, the query is
    /// stopped, or the source fails.
    pub fn log(
        &self,
        query: &Expr,
        options: &LogOptions,
        context: &QueryContext,
    ) -> Result<Vec<LogStream>, Error> {
        let Expr::Log(log) = query else { return Err(Error::NotLog { span: query.span() }) };
        let plan = LinesPlan::new(log)?;
        eval::log::run(&plan, options, &self.access(context))
    }

    /// A metric query at one time.
    ///
    /// # Errors
    ///
    /// [`Error::LogInstant`] for a log query; otherwise where a stage cannot be made, a line cannot
    /// be read and the query does not allow for it, operands do not match, the query is stopped, or
    /// the source fails.
    pub fn instant(
        &self,
        query: &Expr,
        time: impl Into<Nanos>,
        context: &QueryContext,
    ) -> Result<Instant, Error> {
        if query.is_log() {
            return Err(Error::LogInstant);
        }
        let plan = plan::metric(query)?;
        let steps = Steps::instant(time.into());
        Ok(match eval::metric(&plan, &steps, &self.access(context))? {
            Columns::Number(value) => Instant::Scalar(value),
            Columns::Rows(mut rows) => {
                if !orders(query) {
                    sort(&mut rows);
                }
                context.bound(Resource::Rows, rows.len() as u64)?;
                let sample =
                    |row: Row| VectorSample { value: row.value(0), labels: row.label_set() };
                Instant::Vector(rows.into_iter().map(sample).collect())
            }
        })
    }

    /// A metric query at `start` and every `step_ns` from there up to `end`, which is in. Series
    /// are sorted by labels; a number is a series without any.
    ///
    /// # Errors
    ///
    /// [`Error::NotMetric`] for a log query, [`Error::Step`] for a step that is not positive,
    /// [`Error::Range`] for an end before the start; otherwise as [`Engine::instant`].
    pub fn range(
        &self,
        query: &Expr,
        start: impl Into<Nanos>,
        end: impl Into<Nanos>,
        step_ns: i64,
        context: &QueryContext,
    ) -> Result<Vec<Series>, Error> {
        if query.is_log() {
            return Err(Error::NotMetric { span: query.span() });
        }
        let steps = steps(start.into(), end.into(), step_ns, context)?;
        let plan = plan::metric(query)?;
        let mut rows = match eval::metric(&plan, &steps, &self.access(context))? {
            Columns::Rows(rows) => rows,
            Columns::Number(value) => vec![Row::constant(value, steps.count)],
        };
        sort(&mut rows);
        context.bound(Resource::Rows, rows.len() as u64)?;
        let point = |row: &Row, step: usize| (Nanos(steps.time(step)), row.value(step));
        let series = |row: Row| Series {
            points: row.presence.ones().map(|step| point(&row, step)).collect(),
            labels: row.label_set(),
        };
        Ok(rows.into_iter().map(series).collect())
    }
}

fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| a.labels.cmp(&b.labels).then_with(|| a.empty.cmp(&b.empty)));
}

fn steps(start: Nanos, end: Nanos, step_ns: i64, context: &QueryContext) -> Result<Steps, Error> {
    if step_ns <= 0 {
        return Err(Error::Step);
    }
    if end < start {
        return Err(Error::Range);
    }
    let count = end.0.abs_diff(start.0) / step_ns.unsigned_abs() + 1;
    context.bound(Resource::Steps, count)?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Steps { start: start.0, step: step_ns, count })
}

/// Whether the order of an instant answer is the query's.
fn orders(query: &Expr) -> bool {
    use crate::ast::VectorOp as Op;
    match query {
        Expr::VectorAggregation(node) => {
            matches!(node.op, Op::Sort | Op::SortDesc | Op::Topk | Op::Bottomk | Op::ApproxTopk)
        }
        // Arithmetic with a number leaves the order as it is.
        Expr::Binary(node) => match (&*node.left, &*node.right) {
            (operand, Expr::Literal(_)) | (Expr::Literal(_), operand) => orders(operand),
            _ => false,
        },
        Expr::LabelReplace(node) => orders(&node.inner),
        _ => false,
    }
}
