//! The syntax tree of a LogQL query: data and positions, no behaviour.
//!
//! The tree is what the grammar accepts, not what makes sense: a log query may stand where only
//! samples may, a filter may hold a bad pattern. `check` owns those rules.
//! Every node carries an [`At`], its place in the query; places never take part in comparison,
//! so that a tree equals the tree of its own printed text.

mod pipeline;
pub mod rewrite;
mod visit;

pub use pipeline::{
    Extraction, FilterArm, FilterText, LabelFilter, LabelFilterValue, LabelFormat, LabelMatch,
    LineFilter, LineFilterOp, Stage, StageKind, ValueOp,
};
pub use visit::{Visit, walk};

pub use telemetry_core::labels::MatchOp;
use telemetry_core::syntax::Span;

/// The place of a node in the query. Two places always compare equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct At(pub Span);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for At {}

impl std::hash::Hash for At {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl From<Span> for At {
    fn from(span: Span) -> Self {
        At(span)
    }
}

/// A whole query, or an operand in one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Expr {
    /// A selector and its pipeline: gives lines.
    Log(LogQuery),
    /// `rate({…}[5m])`: gives samples from the lines of a window.
    RangeAggregation(RangeAggregation),
    /// `sum by (job) (…)`.
    VectorAggregation(VectorAggregation),
    /// Two operands and an operator.
    Binary(Binary),
    /// A number.
    Literal(Literal),
    /// `label_replace(v, "dst", "replacement", "src", "regex")`.
    LabelReplace(LabelReplace),
    /// `vector(1)`.
    Vector(Literal),
}

impl Expr {
    /// The place of the expression in the query.
    pub fn span(&self) -> Span {
        match self {
            Expr::Log(node) => node.at.0,
            Expr::RangeAggregation(node) => node.at.0,
            Expr::VectorAggregation(node) => node.at.0,
            Expr::Binary(node) => node.at.0,
            Expr::Literal(node) | Expr::Vector(node) => node.at.0,
            Expr::LabelReplace(node) => node.at.0,
        }
    }

    /// Whether the query gives lines, not samples.
    pub fn is_log(&self) -> bool {
        matches!(self, Expr::Log(_))
    }
}

/// `{app="api"} |= "error" | json`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogQuery {
    /// Which streams.
    pub selector: Selector,
    /// What is done with each line, in order.
    pub stages: Vec<Stage>,
    /// Its place.
    pub at: At,
}

/// `{app="api", env!="dev"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// The matchers in the order they were written; a stream has to satisfy all.
    pub matchers: Vec<LabelMatcher>,
    /// Its place.
    pub at: At,
}

/// One `name op "value"`.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMatcher {
    /// Name of the label.
    pub name: Box<str>,
    /// How it is compared.
    pub op: MatchOp,
    /// A text or a regular expression.
    pub value: Box<str>,
    /// Its place.
    pub at: At,
}

/// An aggregation over the lines, or unwrapped values, of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeAggregation {
    /// Which one.
    pub op: RangeOp,
    /// The number before the range: the quantile.
    pub parameter: Option<Parameter>,
    /// Lines, window and offset.
    pub range: LogRange,
    /// `by (…)` or `without (…)`.
    pub grouping: Option<Grouping>,
    /// Its place.
    pub at: At,
}

/// `{…} | json | unwrap latency [5m] offset 1h`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRange {
    /// The lines.
    pub log: LogQuery,
    /// What is read from a label instead of counting lines.
    pub unwrap: Option<Unwrap>,
    /// Length of the window in nanoseconds. The window is open at its start: `(t - range, t]`.
    pub range_ns: i64,
    /// How far the window lies in the past, in nanoseconds; may be negative.
    pub offset_ns: i64,
    /// Its place.
    pub at: At,
}

/// `| unwrap duration(latency) | latency_error=""`.
#[derive(Clone, Debug, PartialEq)]
pub struct Unwrap {
    /// The label whose value is the sample.
    pub label: Box<str>,
    /// How the text becomes a number.
    pub conversion: Conversion,
    /// Label filters behind it.
    pub filters: Vec<LabelFilter>,
    /// Its place.
    pub at: At,
}

/// How `unwrap` reads a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conversion {
    /// A plain number.
    Number,
    /// `bytes(l)`: `5MB`, `1.5KiB`.
    Bytes,
    /// `duration(l)`: Go durations, in seconds.
    Duration,
    /// `duration_seconds(l)`: the same under its long name.
    DurationSeconds,
}

/// A number as it was written, and its value.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The text in the query.
    pub text: Box<str>,
    /// Its value.
    pub value: f64,
    /// Its place.
    pub at: At,
}

/// Parameters are equal when their values are: `0.50` and `.5` ask for the same.
impl PartialEq for Parameter {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// `by (a, b)` or `without (a, b)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Whether the labels are removed rather than kept.
    pub without: bool,
    /// The labels in the order they were written.
    pub labels: Vec<Box<str>>,
}

/// An aggregation over series.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorAggregation {
    /// Which one.
    pub op: VectorOp,
    /// The number before the operand: the `k` of `topk`.
    pub parameter: Option<Parameter>,
    /// What is aggregated.
    pub inner: Box<Expr>,
    /// `by (…)` or `without (…)`.
    pub grouping: Option<Grouping>,
    /// Its place.
    pub at: At,
}

/// `left op right`.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Left operand.
    pub left: Box<Expr>,
    /// Right operand.
    pub right: Box<Expr>,
    /// `bool`: a comparison gives 0 and 1 instead of filtering.
    pub return_bool: bool,
    /// `on (…)` or `ignoring (…)`, and `group_left`, `group_right`.
    pub matching: Option<Matching>,
    /// Its place.
    pub at: At,
}

/// Which labels decide what meets what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// `on`: only these labels count; `ignoring`: all but these.
    pub on: bool,
    /// The labels in the order they were written.
    pub labels: Vec<Box<str>>,
    /// Many-to-one or one-to-many.
    pub group: Option<Group>,
}

/// `group_left (…)` or `group_right (…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The side that may hold many.
    pub side: GroupSide,
    /// Labels copied from the one to the many; `None` where no list was written.
    pub include: Option<Vec<Box<str>>>,
}

/// Which side of an operator may hold many series per match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupSide {
    /// `group_left`.
    Left,
    /// `group_right`.
    Right,
}

/// A number, or the number of `vector(…)`.
#[derive(Clone, Copy, Debug)]
pub struct Literal {
    /// Its value; constants are folded, so this may be the value of a whole expression.
    pub value: f64,
    /// Its place.
    pub at: At,
}

/// Literals are equal when they are the same float: a NaN equals a NaN.
impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value || (self.value.is_nan() && other.value.is_nan())
    }
}

/// `label_replace(inner, "destination", "replacement", "source", "regex")`.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelReplace {
    /// The series.
    pub inner: Box<Expr>,
    /// Label that is written.
    pub destination: Box<str>,
    /// What is written, with `$1` for groups.
    pub replacement: Box<str>,
    /// Label that is read.
    pub source: Box<str>,
    /// Anchored regular expression over the source's value.
    pub regex: Box<str>,
    /// Place of the regular expression.
    pub regex_at: At,
    /// Its place.
    pub at: At,
}

/// Declares an enum of keywords with their spelling.
macro_rules! spelled {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// Every one of them, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// How it is written.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use spelled;

spelled! {
    /// A range aggregation.
    RangeOp {
        Count => "count_over_time",
        Rate => "rate",
        RateCounter => "rate_counter",
        Bytes => "bytes_over_time",
        BytesRate => "bytes_rate",
        Avg => "avg_over_time",
        Sum => "sum_over_time",
        Min => "min_over_time",
        Max => "max_over_time",
        Stdvar => "stdvar_over_time",
        Stddev => "stddev_over_time",
        Quantile => "quantile_over_time",
        First => "first_over_time",
        Last => "last_over_time",
        Absent => "absent_over_time",
    }
}

spelled! {
    /// A vector aggregation.
    VectorOp {
        Sum => "sum",
        Avg => "avg",
        Max => "max",
        Min => "min",
        Count => "count",
        Stddev => "stddev",
        Stdvar => "stdvar",
        Bottomk => "bottomk",
        Topk => "topk",
        ApproxTopk => "approx_topk",
        Sort => "sort",
        SortDesc => "sort_desc",
    }
}

spelled! {
    /// An operator between two expressions.
    BinaryOp {
        Or => "or",
        And => "and",
        Unless => "unless",
        Add => "+",
        Sub => "-",
        Mul => "*",
        Div => "/",
        Mod => "%",
        Pow => "^",
        Equal => "==",
        NotEqual => "!=",
        Greater => ">",
        GreaterEqual => ">=",
        Less => "<",
        LessEqual => "<=",
    }
}

impl BinaryOp {
    /// Whether it is `or`, `and` or `unless`.
    pub fn is_set(self) -> bool {
        matches!(self, BinaryOp::Or | BinaryOp::And | BinaryOp::Unless)
    }

    /// Whether it compares.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual
                | BinaryOp::Less
                | BinaryOp::LessEqual
        )
    }
}
