//! The syntax tree of PromQL: data and spans, no behaviour.
//!
//! ~~~text
//! Expr ── Number · String                                literals
//!      ├─ Selector ── Matrix (selector + range)          what is read from the source
//!      ├─ Subquery (expression + range + step)
//!      ├─ Call · Aggregate                               named operations
//!      └─ Unary · Binary · Paren                         operators
//! ~~~
//!
//! * A tree says what was written, not whether it makes sense: [`check`](crate::check) does that.
//! * Every node carries its [`Span`], a byte range of the text it was parsed from. Two trees are
//!   compared without their spans by clearing them first ([`visit::clear_spans`]).
//! * What can be written in several ways and means the same is kept in one form: a plain duration is
//!   a number of milliseconds, a sign in front of a number is part of the number, an offset of zero
//!   is no offset, a modifier that stands in front of another one is not told from one behind it.
//! * No path from the root is longer than [`DEPTH_MAX`] nodes, so a walk may recurse.
//!
//! What a tree holds follows Prometheus 3.14.

mod binding;
mod name;
pub mod rewrite;
pub mod visit;

pub(crate) use binding::Binding;
pub use telemetry_core::labels::MatchOp;
use telemetry_core::syntax::Span;

/// The longest path from the root of a tree to a leaf, in nodes. A query that needs a deeper tree is
/// refused, so that whoever walks a tree may recurse on an ordinary stack.
pub const DEPTH_MAX: usize = 200;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// `42`, `1h30m`, `-Inf`.
    Number(NumberLiteral),
    /// `"text"`.
    String(StringLiteral),
    /// `name{label="value"} offset 5m`: an instant vector.
    Selector(VectorSelector),
    /// `name[5m]`: a range vector.
    Matrix(MatrixSelector),
    /// `expr[1h:1m]`: a range vector made of evaluations of an instant vector.
    Subquery(Subquery),
    /// `rate(name[5m])`.
    Call(Call),
    /// `sum by (job) (name)`.
    Aggregate(Aggregate),
    /// `-expr`.
    Unary(Unary),
    /// `left + right`.
    Binary(Binary),
    /// `(expr)`.
    Paren(Paren),
}

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// One number.
    Scalar,
    /// A text.
    String,
    /// Series with one sample each (an instant vector).
    Vector,
    /// Series with the samples of a range of time each (a range vector).
    Matrix,
}

/// A number. A sign in front of it is part of it. Two literals of NaN are equal.
#[derive(Clone, Debug)]
pub struct NumberLiteral {
    /// The value; of a duration its seconds.
    pub value: f64,
    /// Whether it was written as a duration (`1h30m`).
    pub is_duration: bool,
    /// Where it stands.
    pub span: Span,
}

/// A text in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text without quotes and escapes. Bytes that are not UTF-8 (`"\xff"`) are U+FFFD here.
    pub value: Box<str>,
    /// The bytes, only where they are not UTF-8.
    pub bytes: Option<Box<[u8]>>,
    /// Where it stands, with its quotes.
    pub span: Span,
}

/// An instant vector selector: which series, and at what time.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSelector {
    /// The metric name as written in front of the braces.
    pub name: Option<Box<str>>,
    /// What stands in the braces, in the order written. A bare string in the braces (`{"name"}`) is
    /// the matcher `__name__="name"`.
    pub matchers: Vec<LabelMatcher>,
    /// `anchored` or `smoothed`. On a range vector it stands here too, in the selector of the matrix.
    pub extension: Option<Extension>,
    /// `offset` and `@`. On a range vector they stand here too, in the selector of the matrix.
    pub modifiers: Modifiers,
    /// From the name or the opening brace to the end of the last modifier (of a matrix: to the brace).
    pub span: Span,
}

/// One matcher in the braces of a selector. It is text; regular expressions are compiled later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMatcher {
    /// How the label's value is compared.
    pub op: MatchOp,
    /// The label's name.
    pub name: Box<str>,
    /// What the value is compared with.
    pub value: Box<str>,
    /// Where it stands.
    pub span: Span,
}

/// How a range selector treats the ends of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extension {
    /// Samples stand for the ends of the range, nothing is extrapolated.
    Anchored,
    /// Values at the ends of the range are interpolated.
    Smoothed,
}

/// `offset` and `@`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modifiers {
    /// How far to look back; negative: ahead. Never a plain zero.
    pub offset: Option<Duration>,
    /// The time to look at instead of the evaluation time.
    pub at: Option<At>,
}

/// The argument of an `@` modifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// The time.
    pub time: AtTime,
    /// From the `@` to the end of its argument.
    pub span: Span,
}

/// A fixed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTime {
    /// Milliseconds since the Unix epoch.
    Millis(i64),
    /// `start()`: the first evaluation time of the query.
    Start,
    /// `end()`: the last one.
    End,
}

/// A range vector selector. Modifiers behind the range belong to `selector`.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixSelector {
    /// What is read.
    pub selector: VectorSelector,
    /// How much of it: samples in `(t - range, t]`.
    pub range: Duration,
    /// From the selector to the last modifier.
    pub span: Span,
}

/// An expression evaluated at several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Subquery {
    /// The expression.
    pub expr: Box<Expr>,
    /// The times lie in `(t - range, t]`.
    pub range: Duration,
    /// Their distance; `None`: the default of the engine. Times are multiples of it.
    pub step: Option<Duration>,
    /// Its `offset` and `@`.
    pub modifiers: Modifiers,
    /// From the expression to the last modifier.
    pub span: Span,
}

/// A length of time: the range of a range vector, the range and step of a subquery, an offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Duration {
    /// Its value.
    pub kind: DurationKind,
    /// Where it stands.
    pub span: Span,
}

/// Whether a duration is known from the text alone.
#[derive(Clone, Debug, PartialEq)]
pub enum DurationKind {
    /// A single literal, in milliseconds.
    Millis(i64),
    /// Anything else, in seconds, to be computed for a query.
    Expr(Box<DurationExpr>),
}

/// Arithmetic between durations; everything is in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct DurationExpr {
    /// The operation.
    pub kind: DurationExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What a duration is computed from.
#[derive(Clone, Debug, PartialEq)]
pub enum DurationExprKind {
    /// A literal. Its value is in seconds, a sign in front is part of it.
    Number {
        /// Seconds.
        value: f64,
        /// Whether it was written as a duration (`1m`).
        is_duration: bool,
    },
    /// `step()`: the step of the query, 0 in an instant query.
    Step,
    /// `range()`: the distance of the first and the last evaluation time, 0 in an instant query.
    Range,
    /// `min_of(a, b)`.
    MinOf(Box<DurationExpr>, Box<DurationExpr>),
    /// `max_of(a, b)`.
    MaxOf(Box<DurationExpr>, Box<DurationExpr>),
    /// `-a`. A plus sign leaves no trace.
    Negate(Box<DurationExpr>),
    /// `a + b`.
    Binary(DurationOp, Box<DurationExpr>, Box<DurationExpr>),
    /// `(a)`.
    Paren(Box<DurationExpr>),
}

/// An operator between durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DurationOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `^`
    Power,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function's name as written; it may not exist.
    pub name: Box<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The arguments.
    pub args: Vec<Expr>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

/// An aggregation over the series of a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Which one.
    pub op: AggregateOp,
    /// The first of two arguments, where the operation takes one ([`AggregateOp::takes_param`]).
    pub param: Option<Box<Expr>>,
    /// The vector.
    pub expr: Box<Expr>,
    /// Which series come together.
    pub grouping: Grouping,
    /// From the name to the end of the last clause.
    pub span: Span,
}

/// The aggregations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    /// `avg`
    Avg,
    /// `bottomk(k, v)`
    BottomK,
    /// `count`
    Count,
    /// `count_values("label", v)`
    CountValues,
    /// `group`
    Group,
    /// `limitk(k, v)`, experimental
    LimitK,
    /// `limit_ratio(r, v)`, experimental
    LimitRatio,
    /// `max`
    Max,
    /// `min`
    Min,
    /// `quantile(phi, v)`
    Quantile,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `sum`
    Sum,
    /// `topk(k, v)`
    TopK,
}

/// The labels by which an aggregation groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// `by (…)`: by these; by none of them where no clause was written.
    By(Vec<Box<str>>),
    /// `without (…)`: by all others.
    Without(Vec<Box<str>>),
}

impl Default for Grouping {
    fn default() -> Self {
        Grouping::By(Vec::new())
    }
}

/// A sign in front of an expression that is not a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Unary {
    /// The sign.
    pub op: UnaryOp,
    /// What it stands in front of.
    pub expr: Box<Expr>,
    /// From the sign to the end of the expression.
    pub span: Span,
}

/// The signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// Two expressions and an operator between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// `bool`: comparisons give 0 and 1 instead of filtering.
    pub return_bool: bool,
    /// Which series meet, where both sides are vectors.
    pub matching: Matching,
    /// The left side.
    pub left: Box<Expr>,
    /// The right side.
    pub right: Box<Expr>,
    /// From the left side to the right one.
    pub span: Span,
}

/// The operators between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `^`
    Power,
    /// `atan2`
    Atan2,
    /// `</`: the observations of a histogram up to a bound.
    TrimUpper,
    /// `>/`: the observations of a histogram from a bound on.
    TrimLower,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterOrEqual,
    /// `<=`
    LessOrEqual,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

/// Which series of two vectors meet. The default, matching by all labels one to one, is also what is
/// here where nothing was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matching {
    /// `on (…)` or `ignoring (…)`.
    pub labels: MatchingLabels,
    /// `group_left (…)` or `group_right (…)`.
    pub group: Option<GroupModifier>,
    /// `fill (…)`.
    pub fill: Fill,
}

/// The labels by which series meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchingLabels {
    /// `on (…)`: these.
    On(Vec<Box<str>>),
    /// `ignoring (…)`: all others.
    Ignoring(Vec<Box<str>>),
}

impl Default for MatchingLabels {
    fn default() -> Self {
        MatchingLabels::Ignoring(Vec::new())
    }
}

/// Many series of one side meet one of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupModifier {
    /// The side of the many.
    pub many: Side,
    /// Labels taken over from the one.
    pub include: Vec<Box<str>>,
}

/// A side of a binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// In front of the operator (`group_left`).
    Left,
    /// Behind it (`group_right`).
    Right,
}

/// What stands in for a series that is missing on one side. Two literals of NaN are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fill {
    /// On the left (`fill_left`, `fill`).
    pub left: Option<f64>,
    /// On the right (`fill_right`, `fill`).
    pub right: Option<f64>,
}

/// An expression in parentheses.
#[derive(Clone, Debug, PartialEq)]
pub struct Paren {
    /// The expression.
    pub expr: Box<Expr>,
    /// With the parentheses.
    pub span: Span,
}

impl PartialEq for NumberLiteral {
    fn eq(&self, other: &Self) -> bool {
        same_number(self.value, other.value)
            && self.is_duration == other.is_duration
            && self.span == other.span
    }
}

impl PartialEq for Fill {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => same_number(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same(self.left, other.left) && same(self.right, other.right)
    }
}

fn same_number(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

impl Expr {
    /// Where the expression stands in the text.
    pub fn span(&self) -> Span {
        match self {
            Expr::Number(node) => node.span,
            Expr::String(node) => node.span,
            Expr::Selector(node) => node.span,
            Expr::Matrix(node) => node.span,
            Expr::Subquery(node) => node.span,
            Expr::Call(node) => node.span,
            Expr::Aggregate(node) => node.span,
            Expr::Unary(node) => node.span,
            Expr::Binary(node) => node.span,
            Expr::Paren(node) => node.span,
        }
    }
}
