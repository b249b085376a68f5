//! What can go wrong, from the text of a query to its answer.

use crate::ast::{BinaryOp, RangeOp, VectorOp};
pub use crate::lexer::BadToken;
pub use crate::template::{TemplateError, TemplateErrorKind};
use telemetry_core::labels::RegexError;
use telemetry_core::query::Interrupt;
use telemetry_core::source::SourceError;
use telemetry_core::syntax::{Span, render};

/// Why a query has no answer.
///
/// The texts are Loki's, so that what people know how to read stays readable; where in the query
/// the fault lies says [`Error::span`], and [`Error::render`] draws it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The query is longer than any should be.
    #[error("the query has {bytes} bytes, more than the {bytes_max} that are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// The query nests too deeply.
    #[error("the query nests deeper than {depth_max} levels")]
    TooDeep {
        /// The bound.
        depth_max: usize,
        /// Where it was passed.
        span: Span,
    },
    /// A text is no token.
    #[error("{bad}")]
    Token {
        /// What is wrong with it.
        bad: BadToken,
        /// Where it is.
        span: Span,
    },
    /// A token stands where it must not.
    #[error("syntax error: unexpected {found}{}", Expecting(expected))]
    Syntax {
        /// What was found.
        found: &'static str,
        /// What could have stood there.
        expected: Vec<&'static str>,
        /// Where.
        span: Span,
    },
    /// The query is well-formed but has no meaning.
    #[error("{error}")]
    Check {
        /// What is wrong.
        error: CheckError,
        /// Where.
        span: Span,
    },
    /// A stage of a pipeline cannot be made.
    #[error("stage '{stage}' : {error}")]
    Stage {
        /// The stage as it is printed.
        stage: String,
        /// What is wrong with it.
        error: StageError,
        /// Where.
        span: Span,
    },
    /// The query uses what this version does not have.
    #[error("{what} is not supported")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// Where.
        span: Span,
    },
    /// A log query was asked for samples at an instant.
    #[error(
        "log queries are not supported as an instant query type, please change your query to a \
         range query type"
    )]
    LogInstant,
    /// A metric query was asked for lines.
    #[error("the query gives samples, not lines")]
    NotLog {
        /// The query.
        span: Span,
    },
    /// A log query was asked for samples over a range of times.
    #[error("the query gives lines, not samples")]
    NotMetric {
        /// The query.
        span: Span,
    },
    /// The query of a delete asks for the time at which it is run; a delete has none.
    #[error("the query of a delete must not ask for the time")]
    DeleteAsksTime {
        /// The query.
        span: Span,
    },
    /// A log query stands where samples are needed.
    #[error("a log query gives lines, not samples")]
    LogOperand {
        /// The log query.
        span: Span,
    },
    /// The step of a range query is zero or negative.
    #[error(
        "zero or negative query resolution step widths are not accepted. Try a positive integer"
    )]
    Step,
    /// A range query ends before it starts.
    #[error("end timestamp must not be before start time")]
    Range,
    /// A sample still carries an error of its pipeline.
    #[error(
        "pipeline error: '{name}' for series: '{series}'.\n\
         Use a label filter to intentionally skip this error. (e.g | __error__!=\"{name}\").\n\
         To skip all potential errors you can match empty errors.(e.g __error__=\"\")\n\
         The label filter can also be specified after unwrap. (e.g | unwrap latency | \
         __error__=\"\" )\n"
    )]
    Pipeline {
        /// Name of the error.
        name: String,
        /// Labels of the series, as they are printed.
        series: String,
        /// The range aggregation.
        span: Span,
    },
    /// Two operands do not pair up.
    #[error("{error}")]
    Matching {
        /// Why not.
        error: MatchingError,
        /// The operator's expression.
        span: Span,
    },
    /// `approx_topk` over a range of times.
    #[error("count min sketches are only supported on instant queries")]
    ApproxTopkRange {
        /// The aggregation.
        span: Span,
    },
    /// The query was stopped: cancelled, too slow, or past a limit.
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
    /// The source could not answer.
    #[error(transparent)]
    Source(SourceError),
}

/// Who is at fault, as Loki's interface tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The query, or the data it meets. HTTP 400.
    Query,
    /// The execution. HTTP 500.
    Execution,
}

impl Error {
    /// Where in the query the fault lies, if it lies there.
    pub fn span(&self) -> Option<Span> {
        match self {
            Error::TooDeep { span, .. }
            | Error::Token { span, .. }
            | Error::Syntax { span, .. }
            | Error::Check { span, .. }
            | Error::Stage { span, .. }
            | Error::Unsupported { span, .. }
            | Error::NotLog { span }
            | Error::NotMetric { span }
            | Error::DeleteAsksTime { span }
            | Error::LogOperand { span }
            | Error::Pipeline { span, .. }
            | Error::Matching { span, .. }
            | Error::ApproxTopkRange { span } => Some(*span),
            _ => None,
        }
    }

    /// Who is at fault.
    pub fn class(&self) -> ErrorClass {
        match self {
            Error::Matching { .. }
            | Error::ApproxTopkRange { .. }
            | Error::Interrupted(_)
            | Error::Source(_) => ErrorClass::Execution,
            _ => ErrorClass::Query,
        }
    }

    /// Whether the query was refused for its text, before any data was read.
    pub fn is_parse(&self) -> bool {
        matches!(
            self,
            Error::TooLong { .. }
                | Error::TooDeep { .. }
                | Error::Token { .. }
                | Error::Syntax { .. }
                | Error::Check { .. }
                | Error::Stage { .. }
        )
    }

    /// The message with the query and a caret under the fault.
    pub fn render(&self, query: &str) -> String {
        match self.span() {
            Some(span) => render(query, span, &self.to_string()),
            None => self.to_string(),
        }
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Interrupted(interrupt) => Error::Interrupted(interrupt),
            error => Error::Source(error),
        }
    }
}

/// Prints what was expected, as long as that helps.
struct Expecting<'a>(&'a [&'static str]);

impl std::fmt::Display for Expecting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN_MAX: usize = 4;
        if self.0.is_empty() || self.0.len() > SHOWN_MAX {
            return Ok(());
        }
        write!(f, ", expecting {}", self.0.join(" or "))
    }
}

/// Why a well-formed query has no meaning.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The selector would take every stream.
    #[error(
        "queries require at least one regexp or equality matcher that does not have an \
         empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but \
         app=~\".+\" will"
    )]
    MatchesEverything,
    /// A number is spelled in a way that is no float.
    #[error(
        "unable to parse literal as a float: strconv.ParseFloat: parsing {0:?}: invalid syntax"
    )]
    Number(Box<str>),
    /// A regular expression of a selector or a label filter is refused.
    #[error("{0}")]
    Regex(RegexError),
    /// The regular expression of `label_replace` is refused.
    #[error("invalid regex in label_replace: {0}")]
    LabelReplaceRegex(RegexError),
    /// A regexp parser is refused.
    #[error("invalid regexp parser: {0}")]
    RegexpParser(RegexpParserError),
    /// A pattern parser is refused.
    #[error("invalid pattern parser: {0}")]
    PatternParser(PatternError),
    /// `by` or `without` on an aggregation that has none.
    #[error("grouping not allowed for {0} aggregation")]
    RangeGrouping(RangeOp),
    /// `by` or `without` on an aggregation that has none.
    #[error("grouping not allowed for {0} aggregation")]
    VectorGrouping(VectorOp),
    /// `by` or `without` on `sort`.
    #[error("sort and sort_desc doesn't allow grouping by ")]
    SortGrouping,
    /// An aggregation needs `unwrap`.
    #[error("invalid aggregation {0} without unwrap")]
    NeedsUnwrap(RangeOp),
    /// An aggregation cannot have `unwrap`.
    #[error("invalid aggregation {0} with unwrap")]
    HasUnwrap(RangeOp),
    /// A parameter where none is taken.
    #[error("parameter {text} not supported for operation {op}")]
    RangeParameter {
        /// The parameter.
        text: Box<str>,
        /// The aggregation.
        op: RangeOp,
    },
    /// No parameter where one is needed.
    #[error("parameter required for operation {0}")]
    RangeParameterMissing(RangeOp),
    /// A parameter where none is taken.
    #[error("unsupported parameter for operation {op}({text},")]
    VectorParameter {
        /// The aggregation.
        op: VectorOp,
        /// The parameter.
        text: Box<str>,
    },
    /// No parameter where one is needed.
    #[error("parameter required for operation {0}")]
    VectorParameterMissing(VectorOp),
    /// A `k` that is no integer.
    #[error("invalid parameter {op}({text},")]
    VectorParameterInvalid {
        /// The aggregation.
        op: VectorOp,
        /// The parameter.
        text: Box<str>,
    },
    /// A `k` below one.
    #[error("invalid parameter (must be greater than 0) {op}({text}")]
    VectorParameterZero {
        /// The aggregation.
        op: VectorOp,
        /// The parameter.
        text: Box<str>,
    },
    /// A log query as an operand.
    #[error("unexpected type for {side} leg of binary operation ({op}): *syntax.{node}")]
    OperandType {
        /// `left` or `right`.
        side: &'static str,
        /// The operator.
        op: BinaryOp,
        /// Which kind of log query: Loki's name for it.
        node: &'static str,
    },
    /// A number as an operand of `and`, `or` or `unless`.
    #[error("unexpected literal for {side} leg of logical/set binary operation ({op}): {value:.6}")]
    OperandLiteral {
        /// `left` or `right`.
        side: &'static str,
        /// The operator.
        op: BinaryOp,
        /// The number.
        value: f64,
    },
}

/// Why a `regexp` stage is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegexpParserError {
    /// The expression is no regular expression.
    #[error("{0}")]
    Regex(#[from] RegexError),
    /// No group has a name.
    #[error("at least one named capture must be supplied")]
    NoCapture,
    /// Two groups have one name.
    #[error("duplicate extracted label name '{0}'")]
    Duplicate(Box<str>),
    /// A group's name cannot be a label.
    #[error("invalid extracted label name '{0}'")]
    Name(Box<str>),
}

/// Why a pattern is refused, as a parser or as a line filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The pattern is empty.
    #[error("syntax error: unexpected $end, expecting IDENTIFIER or LITERAL")]
    Empty,
    /// Nothing is named, so nothing would be extracted.
    #[error("at least one capture is required: invalid expression")]
    NoCapture,
    /// Two captures stand side by side.
    #[error("found consecutive capture '{0}': invalid expression")]
    Consecutive(Box<str>),
    /// A name stands twice.
    #[error("duplicate capture name ({0}): invalid expression")]
    Duplicate(Box<str>),
    /// A line filter names a capture.
    #[error("named captures are not allowed: found '{0}'")]
    Named(Box<str>),
}

/// Why a stage cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// A regular expression is refused.
    #[error("{0}")]
    Regex(#[from] RegexError),
    /// A pattern is refused.
    #[error("{0}")]
    Pattern(#[from] PatternError),
    /// `ip("…")` is no address, range or network.
    #[error("ip: invalid pattern: {0:?}")]
    IpPattern(Box<str>),
    /// `ip("…")` with an operator other than `|=` and `!=`.
    #[error("ip: invalid operation")]
    IpOperation,
    /// A path of `json` or a field of `logfmt` is malformed.
    #[error("cannot parse expression [{text}]: {error}")]
    Path {
        /// The path.
        text: Box<str>,
        /// What is wrong with it.
        error: PathError,
    },
    /// A template of `line_format` is malformed.
    #[error("invalid line template: {0}")]
    LineTemplate(TemplateError),
    /// A template of `label_format` is malformed.
    #[error("invalid template for label '{label}': {error}")]
    LabelTemplate {
        /// The label.
        label: Box<str>,
        /// What is wrong.
        error: TemplateError,
    },
    /// `label_format` sets a label twice.
    #[error("multiple label name '{0}' not allowed in a single format operation")]
    FormatDuplicate(Box<str>),
    /// `label_format` sets `__error__`.
    #[error("{0} cannot be formatted")]
    FormatError(Box<str>),
}

/// Why a path is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A part of a `json` path stands where it must not.
    #[error("syntax error: unexpected {found}{}", Expecting(expected))]
    Unexpected {
        /// What was found.
        found: &'static str,
        /// What could have stood there.
        expected: Vec<&'static str>,
    },
    /// A character of a `logfmt` field or a `json` path.
    #[error("unexpected char {0}")]
    Character(char),
    /// A path that is longer or deeper than any should be.
    #[error("the path has too many parts")]
    TooLong,
}

/// Why two vectors do not pair up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MatchingError {
    /// Many on the side that may hold one.
    #[error(
        "found duplicate series on the {side} hand-side;many-to-many matching not allowed: \
         matching labels must be unique on one side"
    )]
    ManyToMany {
        /// The side.
        side: &'static str,
    },
    /// Many on a side without `group_left` or `group_right`.
    #[error(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    )]
    Implicit,
    /// A grouped match would give one label set twice.
    #[error("multiple matches for labels: grouping labels must ensure unique matches")]
    NotUnique,
}
