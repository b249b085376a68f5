//! What is to be computed, decided before anything is read.
//!
//! ~~~text
//! AST (checked) ──▶ Plan: Scalar · Vector · Range nodes, each with its type
//!                    ├─ durations, `@` and calls without series are numbers (`fold`)
//!                    ├─ what does not depend on the step is under `Once`
//!                    └─ selectors in a table: equal ones once, each with the times it is read
//!                       at (`share`)
//! ~~~
//!
//! A plan is made for one range of times. Types are in the nodes: where an AST could hold any
//! expression, a plan holds a scalar, a vector or a range, so evaluation has nothing to check.

mod absent;
mod call;
mod fold;
mod info;
mod operator;
mod planner;
mod share;

use telemetry_core::labels::{Labels, Matcher, Regex};
use telemetry_core::syntax::Span;
use telemetry_core::time::MillisRange;
use telemetry_core::vector::Grouping;

use crate::ast::{AggregateOp, BinaryOp, Extension, Fill, Side};
use crate::functions::{Map, RangeFunction};

pub(crate) use planner::{PlanSettings, plan};

/// What a query computes.
pub(crate) struct Plan {
    pub(crate) root: Root,
    pub(crate) selectors: Vec<Selector>,
}

/// What a query gives.
pub(crate) enum Root {
    Scalar(Scalar),
    Vector(Vector),
    /// The samples of a range, only in instant queries.
    Range(Range),
    String(Box<str>),
}

/// Series to be read.
pub(crate) struct Selector {
    pub(crate) matchers: Vec<Matcher>,
    /// Every sample that is looked at, both ends included.
    pub(crate) window: MillisRange,
    pub(crate) step_ms: Option<i64>,
    pub(crate) range_ms: Option<i64>,
    pub(crate) function: &'static str,
    /// How many places of the query look at them.
    pub(crate) uses: usize,
}

/// One number per step.
pub(crate) enum Scalar {
    Constant(f64),
    /// The time of the step.
    Time,
    /// The value of a vector of one float, else NaN.
    OfVector(Box<Vector>),
    Negate(Box<Scalar>),
    Binary {
        op: BinaryOp,
        left: Box<Scalar>,
        right: Box<Scalar>,
    },
    Least(Box<Scalar>, Box<Scalar>),
    Greatest(Box<Scalar>, Box<Scalar>),
    /// The same at every step.
    Once(Box<Scalar>),
}

/// Series with at most one value per step.
pub(crate) enum Vector {
    Select(Select),
    /// The times of the samples that a selector finds.
    TimesOf(Select),
    /// Their start timestamps, where known.
    StartsOf(Select),
    OverTime(Box<OverTime>),
    AbsentOverTime {
        range: Range,
        labels: Labels,
    },
    Map {
        map: ValueMap,
        input: Box<Vector>,
    },
    WithScalar(Box<WithScalar>),
    Binary(Box<Binary>),
    Set(Box<Set>),
    Aggregate(Box<Aggregate>),
    /// A scalar as a vector of one series without labels.
    OfScalar(Scalar),
    Absent {
        input: Box<Vector>,
        labels: Labels,
    },
    LabelReplace(Box<LabelReplace>),
    LabelJoin(Box<LabelJoin>),
    Sort {
        input: Box<Vector>,
        order: Order,
        span: Span,
    },
    Histogram(Box<HistogramCall>),
    Info(Box<Info>),
    /// The same at every step.
    Once(Box<Vector>),
}

/// A selector at a place of the query.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    /// Which selector of the plan.
    pub(crate) selector: usize,
    pub(crate) at: Option<i64>,
    pub(crate) offset: i64,
    pub(crate) extension: Option<Extension>,
    /// Whether of histograms only counts and sums are looked at.
    pub(crate) counts_only: bool,
    pub(crate) span: Span,
    pub(crate) slot: usize,
}

/// A range vector.
pub(crate) enum Range {
    /// The samples of a selector.
    Samples { select: Select, range: i64 },
    /// The values of an expression.
    Subquery(Box<Subquery>),
}

pub(crate) struct Subquery {
    pub(crate) inner: Vector,
    pub(crate) range: i64,
    pub(crate) step: i64,
    pub(crate) offset: i64,
    pub(crate) at: Option<i64>,
    pub(crate) slot: usize,
}

/// A function over a range.
pub(crate) struct OverTime {
    pub(crate) function: &'static RangeFunction,
    pub(crate) range: Range,
    pub(crate) parameters: Vec<Scalar>,
    /// The range.
    pub(crate) span: Span,
    /// The first scalar argument, or the call.
    pub(crate) parameter_span: Span,
}

/// What is done to every value of a vector by itself. The metric name goes.
pub(crate) enum ValueMap {
    /// A function of one number, and its name.
    Float(&'static str, Map),
    Negate,
    Round(Scalar),
    Clamp(Scalar, Scalar),
    ClampMin(Scalar),
    ClampMax(Scalar),
    /// The time of the step, for every value.
    Time,
    /// No value at all: start timestamps are lost in expressions.
    Nothing,
    HistogramAvg,
    HistogramCount,
    HistogramSum,
    HistogramStddev,
    HistogramStdvar,
}

pub(crate) struct WithScalar {
    pub(crate) op: BinaryOp,
    pub(crate) return_bool: bool,
    pub(crate) vector: Vector,
    pub(crate) scalar: Scalar,
    /// Whether the scalar stands on the left.
    pub(crate) scalar_left: bool,
    pub(crate) span: Span,
    pub(crate) slot: usize,
}

pub(crate) struct Binary {
    pub(crate) op: BinaryOp,
    pub(crate) return_bool: bool,
    pub(crate) left: Vector,
    pub(crate) right: Vector,
    pub(crate) grouping: Grouping,
    /// The side of the many, and the labels taken from the one; none: one to one.
    pub(crate) group: Option<(Side, Vec<Box<str>>)>,
    pub(crate) fill: Fill,
    pub(crate) span: Span,
}

pub(crate) struct Set {
    pub(crate) op: BinaryOp,
    pub(crate) left: Vector,
    pub(crate) right: Vector,
    pub(crate) grouping: Grouping,
    pub(crate) span: Span,
}

pub(crate) struct Aggregate {
    pub(crate) op: AggregateOp,
    pub(crate) grouping: Grouping,
    pub(crate) input: Vector,
    pub(crate) parameter: Option<Scalar>,
    /// The label of `count_values`.
    pub(crate) label: Box<str>,
    /// The vector.
    pub(crate) span: Span,
    /// The parameter, or the whole where there is none.
    pub(crate) parameter_span: Span,
}

pub(crate) struct LabelReplace {
    pub(crate) input: Vector,
    pub(crate) to: Box<str>,
    pub(crate) replacement: Box<str>,
    pub(crate) from: Box<str>,
    pub(crate) pattern: Regex,
    pub(crate) span: Span,
}

pub(crate) struct LabelJoin {
    pub(crate) input: Vector,
    pub(crate) to: Box<str>,
    pub(crate) separator: Box<str>,
    pub(crate) from: Vec<Box<str>>,
    pub(crate) span: Span,
}

/// An order of the series of an instant vector.
pub(crate) enum Order {
    Ascending,
    Descending,
    ByLabels { labels: Vec<Box<str>>, descending: bool },
}

/// A function over the buckets of histograms.
pub(crate) struct HistogramCall {
    pub(crate) function: HistogramFunction,
    pub(crate) input: Vector,
    /// The vector.
    pub(crate) span: Span,
    /// The first of the scalars.
    pub(crate) parameter_span: Span,
}

pub(crate) enum HistogramFunction {
    Quantile(Scalar),
    Quantiles { label: Box<str>, phis: Vec<(Scalar, Span)> },
    Fraction(Scalar, Scalar),
}

/// `info(v, {…})`.
pub(crate) struct Info {
    pub(crate) input: Vector,
    /// The info series, as they are selected.
    pub(crate) select: Select,
    /// Matchers of the metric name that say what an info series is.
    pub(crate) names: Vec<Matcher>,
    /// Matchers of the labels to be added; none: all labels.
    pub(crate) labels: Vec<Matcher>,
    pub(crate) span: Span,
}

/// The metric name and what goes with it.
pub(crate) const METADATA_LABELS: [&str; 3] = ["__name__", "__type__", "__unit__"];
