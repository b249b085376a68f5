//! Runs queries: compiles, asks the source, goes through groups, keeps the best.
//!
//! Groups are taken with the latest first, and the search ends when no group that is left can
//! hold a trace later than those found. So the answer is the same however data is spread over groups.

use std::cmp::Reverse;
use std::sync::Mutex;

use telemetry_core::query::QueryContext;
use telemetry_core::source::span::{SpanGroups, SpanSource};
use telemetry_core::time::{Nanos, NanosRange};

use crate::ast::{Body, Pipeline, Query};
use crate::error::Error;
use crate::eval::answer::{Assembler, Found};
use crate::eval::metrics::{Metrics, MetricsRange};
use crate::plan::{self, Plan, Steps};
use crate::value::{MetricsResult, SearchResult};

/// Traces that a search gives where nothing is said, as in Tempo.
pub const TRACES_DEFAULT: usize = 20;

/// Spans per spanset that a search gives where nothing is said, as in Tempo.
pub const SPANS_PER_SPANSET_DEFAULT: usize = 3;

/// Bounds and order of a search.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// Traces that overlap this window.
    pub window: NanosRange,
    /// Traces at most.
    pub limit: usize,
    /// Spans per spanset at most; what was kept beyond is counted.
    pub spans_per_spanset: usize,
    /// Whether the traces are the latest there are (the default). If not, the search ends as soon
    /// as it has `limit` traces, whichever they are.
    pub most_recent: bool,
    /// Whether spans are counted by service in each trace.
    pub services: bool,
}

impl Default for SearchOptions {
    fn default() -> Self {
        SearchOptions {
            window: NanosRange::ALL,
            limit: TRACES_DEFAULT,
            spans_per_spanset: SPANS_PER_SPANSET_DEFAULT,
            most_recent: true,
            services: false,
        }
    }
}

/// Runs queries over a source. Holds nothing: one serves all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine;

impl Engine {
    /// Searches for traces.
    ///
    /// # Errors
    /// [`Error::Shape`] for a metrics query, [`Error::Evaluation`], and what the source reports.
    pub fn search(
        &self,
        query: &Query,
        source: &dyn SpanSource,
        options: &SearchOptions,
        context: &QueryContext,
    ) -> Result<SearchResult, Error> {
        let Body::Search(pipeline) = &query.body else {
            return Err(Error::Shape { wanted: "traces", found: "series" });
        };
        if options.limit == 0 || is_empty(pipeline) {
            return Ok(SearchResult::default());
        }
        let mut plan = Plan::default();
        let steps = Steps::compile(&mut plan, pipeline)?;
        let shown = plan::shown_fields(pipeline);
        let assembler = Assembler::new(&plan, &steps, shown, options);
        let groups = source.select(&plan::request(&plan, &steps, options.window), context)?;
        let found = collect(&*groups, &assembler, options, context)?;
        Ok(SearchResult { traces: found.into_iter().map(|found| found.0).collect() })
    }
}

impl Engine {
    /// Computes series. Without a range of its own a host takes [`MetricsRange::aligned`] over what
    /// it wants to see, with the step of [`default_step`](crate::default_step).
    ///
    /// # Errors
    /// [`Error::Shape`] for a search, [`Error::Step`] for a range without time, and what the source
    /// reports; steps and series are bounded by the context.
    pub fn metrics(
        &self,
        query: &Query,
        source: &dyn SpanSource,
        range: MetricsRange,
        context: &QueryContext,
    ) -> Result<MetricsResult, Error> {
        let Body::Metrics(expr) = &query.body else {
            return Err(Error::Shape { wanted: "series", found: "traces" });
        };
        let metrics = Metrics::new(source, range, &query.hints, context)?;
        Ok(MetricsResult { times: metrics.points(), series: metrics.series(expr)? })
    }
}

/// Whether the first stage holds for no span whatever.
fn is_empty(pipeline: &Pipeline) -> bool {
    use crate::ast::{FieldExpr, SpansetExpr, Stage};
    use telemetry_core::source::span::SpanValue;
    matches!(
        pipeline.stages.first(),
        Some(Stage::Spansets(SpansetExpr::Filter(FieldExpr::Static(SpanValue::Bool(false), _), _)))
    )
}

impl Query {
    /// Whether the answer is empty whatever is stored: `{ false }` and the like.
    pub fn is_noop(&self) -> bool {
        matches!(&self.body, Body::Search(pipeline) if is_empty(pipeline))
    }
}

/// Goes through the groups in waves of as many as can run at once.
fn collect(
    groups: &dyn SpanGroups,
    assembler: &Assembler<'_>,
    options: &SearchOptions,
    context: &QueryContext,
) -> Result<Vec<Found>, Error> {
    let mut order: Vec<(Nanos, usize)> =
        (0..groups.len()).map(|group| (groups.bounds(group).1, group)).collect();
    if options.most_recent {
        order.sort_by_key(|(latest, group)| (Reverse(*latest), *group));
    }
    let mut best = Vec::<Found>::new();
    for wave in order.chunks(context.parallelism()) {
        let full = best.len() >= options.limit;
        if full && !options.most_recent {
            break;
        }
        let latest = wave.iter().map(|(latest, _)| *latest).max();
        if full && best.last().map(|worst| worst.0.start) > latest {
            break;
        }
        let answers = Mutex::new(Vec::with_capacity(wave.len()));
        let run = |at: usize| {
            let Some((_, group)) = wave.get(at) else { return };
            let answer = groups
                .open(*group, context)
                .map_err(Error::from)
                .and_then(|group| assembler.group(&*group, context));
            // Nobody panics while holding the lock.
            answers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(answer);
        };
        context.run(wave.len(), &run);
        for answer in answers.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
            best.extend(answer?);
        }
        best.sort_by_key(Found::order);
        best.truncate(options.limit);
    }
    Ok(best)
}
