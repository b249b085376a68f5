//! What a query is going to do: the plan as a value that can be looked at and printed.
//!
//! ~~~text
//! Explanation
//! ├─ times            first, last, step, how many
//! ├─ reads            what the source is asked for, each selector once
//! └─ root: Operator   what is computed, at how many times, what is held meanwhile
//!    └─ inputs: Operator…
//! ~~~
//!
//! Nothing is read for it. Constants are folded in it, durations are numbers, and what does not change
//! with the step stands below a [`Repeat`](OperatorKind::Repeat).

mod describe;
mod print;

use telemetry_core::labels::Matcher;
use telemetry_core::source::SeriesHints;
use telemetry_core::time::{Millis, MillisRange};
use telemetry_core::vector::Grouping;

use crate::ast::{AggregateOp, BinaryOp, Extension, Side};

pub(crate) use describe::{describe, hints};

/// The plan of a query. [`Display`](std::fmt::Display) prints it as a tree; that form is for people
/// and may change.
///
/// ```
/// use promql::{Engine, Options};
/// use std::time::Duration;
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::time::MillisRange;
///
/// let engine = Engine::new(Options::default());
/// let query = "sum by (job) (rate(errors_total[5m])) > 2 * 3";
/// let (range, step) = (MillisRange::new(0, 3_600_000), Duration::from_secs(60));
/// let plan = engine.explain_range(query, range, step, &QueryContext::new())?;
/// assert_eq!(plan.to_string(), r#"
/// 61 steps from 0 to 3600000, every 1m; 1 thread
/// >                           streamed
///   sum by (job)              grouped
///     rate                    streamed, sliding
///       samples of read 0, 5m back
///   6                         constant
/// read 0: {__name__="errors_total"} from -299999 to 3600000
///   for rate, range 5m, step 1m
/// "#.trim_start());
/// # Ok::<(), promql::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The first time and the last one at which the query is evaluated.
    pub times: MillisRange,
    /// Milliseconds between two times; none in an instant query.
    pub step_ms: Option<i64>,
    /// How many times there are.
    pub steps: usize,
    /// How many threads may work on it.
    pub parallelism: usize,
    /// What is asked of the source, in this order.
    pub reads: Vec<SourceRead>,
    /// What is computed.
    pub root: Operator,
}

/// A request to the source.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SourceRead {
    /// What the series must satisfy.
    pub matchers: Vec<Matcher>,
    /// The times of all samples that are looked at, both ends included.
    pub window: MillisRange,
    /// What the source is told about their use.
    pub hints: SeriesHints,
    /// How many selectors of the query share it. Where it is more than one, decoded samples are kept
    /// for the others.
    pub uses: usize,
}

/// A node of the plan.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Operator {
    /// What it is.
    pub kind: OperatorKind,
    /// At how many times it is evaluated.
    pub steps: usize,
    /// What is held while it is evaluated.
    pub form: Form,
    /// What it works on, in the order of the query.
    pub inputs: Vec<Operator>,
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OperatorKind {
    /// A number that was known before anything was read.
    Constant(f64),
    /// A text.
    Text(Box<str>),
    /// The time of the step.
    StepTime,
    /// The newest sample at each step.
    Newest(Reach),
    /// The samples of a range at each step.
    Samples(Reach),
    /// The values of the input at times of its own.
    Subquery {
        /// How far back it looks, in milliseconds.
        range_ms: i64,
        /// Milliseconds between two of its times.
        step_ms: i64,
        /// The time of `@`, in place of the step's.
        at: Option<Millis>,
        /// How long before that it ends, in milliseconds; negative: after.
        offset_ms: i64,
    },
    /// A function over a range.
    OverTime {
        /// The function.
        function: &'static str,
        /// Whether windows of floats are computed from those before them, or a row at a time.
        sliding: bool,
        /// Whether chunks that no window bound parts are taken by their statistics, not decoded.
        from_statistics: bool,
    },
    /// Any other function.
    Call {
        /// The function.
        function: &'static str,
    },
    /// The sign changed.
    Negate,
    /// An operator.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// By which labels series are matched; none where one side is a number.
        matching: Option<Grouping>,
        /// The side that may have many series for one of the other.
        many: Option<Side>,
    },
    /// An aggregation. A parameter is the second input.
    Aggregate {
        /// The aggregation.
        op: AggregateOp,
        /// The labels of the groups.
        grouping: Grouping,
    },
    /// The input at one time, repeated for all steps.
    Repeat,
}

/// Which samples a selector looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reach {
    /// Which of the [`reads`](Explanation::reads).
    pub read: usize,
    /// How far back it looks, in milliseconds; the start is not in it.
    pub range_ms: i64,
    /// The time of `@`, in place of the step's.
    pub at: Option<Millis>,
    /// How long before that it ends, in milliseconds; negative: after.
    pub offset_ms: i64,
    /// Whether samples around the range count.
    pub extension: Option<Extension>,
}

/// What is held while a node is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// One number.
    Constant,
    /// A number per step.
    Numbers,
    /// One series at a time.
    Streamed,
    /// A value per group and step: series are added to their group as they come.
    Grouped,
    /// All series of the inputs.
    Collected,
}

impl Explanation {
    /// Every node, parents before their inputs.
    pub fn operators(&self) -> impl Iterator<Item = &Operator> {
        let mut waiting = vec![&self.root];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(next.inputs.iter().rev());
            Some(next)
        })
    }
}
