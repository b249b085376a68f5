//! The syntax tree of a query: data and positions, no behaviour.
//!
//! ~~~text
//! Query ─┬ Body::Search   Pipeline   = Stage | Stage | …
//!        │                             └ Spansets · Scalar filter · By · Coalesce · Select
//!        ├ Body::Metrics  MetricsExpr = Pipeline | function | second stages, or arithmetic of such
//!        └ hints          with(name=value, …)
//! ~~~
//!
//! Two trees are equal if they mean the same: positions do not count. The parser has already
//! folded constants: arithmetic, comparisons and logic between literals that have a value.

mod field;
mod metrics;
mod visit;

pub use visit::Part;

pub use field::{Attribute, BinaryOp, FieldExpr, UnaryOp};
pub use metrics::{
    MathOp, MetricsExpr, MetricsFunction, MetricsOperand, MetricsQuery, Number, OverTime,
    SecondStage,
};

use std::sync::Arc;

use telemetry_core::source::span::{Comparison, SpanValue};
use telemetry_core::syntax::Span;

/// Where a node stands in the text. Equal to every other.
#[derive(Clone, Copy, Debug, Default)]
pub struct At(pub Span);

impl PartialEq for At {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for At {}

/// A whole query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What is asked.
    pub body: Body,
    /// Hints on how to answer, in the order given.
    pub hints: Vec<Hint>,
}

/// What a query asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Traces and spans.
    Search(Pipeline),
    /// Series.
    Metrics(MetricsExpr),
}

/// One `name=value` of `with(…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: SpanValue,
    /// Where it stands.
    pub at: At,
}

/// Stages that the spansets of a trace pass one after the other. Never empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pipeline {
    /// The stages.
    pub stages: Vec<Stage>,
}

/// One stage of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Keeps some spans of each spanset.
    Spansets(SpansetExpr),
    /// Keeps spansets for which a comparison of aggregates holds.
    Scalar(ScalarFilter),
    /// `by(…)`: splits each spanset by the value of an expression.
    By(FieldExpr, At),
    /// `coalesce()`: joins the spansets into one.
    Coalesce(At),
    /// `select(…)`: makes fields appear in the answer.
    Select(Vec<Attribute>, At),
}

/// An expression over sets of spans.
#[derive(Clone, Debug, PartialEq)]
pub enum SpansetExpr {
    /// `{ … }`
    Filter(FieldExpr, At),
    /// Two of them joined.
    Binary {
        /// How.
        op: SpansetOp,
        /// The left side.
        left: Box<SpansetExpr>,
        /// The right side.
        right: Box<SpansetExpr>,
        /// Where it stands.
        at: At,
    },
    /// `( … | … )`, as an operand.
    Pipeline(Box<Pipeline>),
}

/// Operators between sets of spans of one trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpansetOp {
    /// `&&`: both, if neither is empty.
    And,
    /// `||`: both.
    Or,
    /// A relation between spans of the two sides.
    Structural {
        /// The relation.
        relation: Relation,
        /// What is kept of the two sides.
        mode: StructuralMode,
    },
}

/// How a span on the right stands to one on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `>>`
    Descendant,
    /// `>`
    Child,
    /// `<<`
    Ancestor,
    /// `<`
    Parent,
    /// `~`
    Sibling,
}

/// What a structural operator keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StructuralMode {
    /// Right-hand spans that stand in the relation to some left-hand span.
    Right,
    /// `!`: right-hand spans that stand in it to none.
    NotRight,
    /// `&`: the spans of both sides that stand in it to each other.
    Union,
}

/// A comparison of aggregates.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarFilter {
    /// The comparison.
    pub op: Comparison,
    /// The left side.
    pub left: ScalarExpr,
    /// The right side.
    pub right: ScalarExpr,
    /// Where it stands.
    pub at: At,
}

/// A number per spanset.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalarExpr {
    /// A constant.
    Static(SpanValue, At),
    /// An aggregate over the spans of the spanset.
    Aggregate(Aggregate),
    /// Arithmetic.
    Binary {
        /// The operator.
        op: MathOp,
        /// The left side.
        left: Box<ScalarExpr>,
        /// The right side.
        right: Box<ScalarExpr>,
        /// Where it stands.
        at: At,
    },
    /// `( … | aggregate )`: the aggregate at the end of a pipeline of its own.
    Pipeline(Box<Pipeline>, Box<ScalarExpr>, At),
}

/// An aggregate over the spans of a spanset.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub op: AggregateOp,
    /// What is aggregated; none for `count()`.
    pub operand: Option<FieldExpr>,
    /// Where it stands.
    pub at: At,
}

/// Aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is its own name")]
pub enum AggregateOp {
    Count,
    Min,
    Max,
    Avg,
    Sum,
}

impl AggregateOp {
    /// The aggregate as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            AggregateOp::Count => "count",
            AggregateOp::Min => "min",
            AggregateOp::Max => "max",
            AggregateOp::Avg => "avg",
            AggregateOp::Sum => "sum",
        }
    }
}
