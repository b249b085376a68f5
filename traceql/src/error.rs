//! What can go wrong between a query text and its answer.

use telemetry_core::labels::RegexError;
use telemetry_core::query::Interrupt;
use telemetry_core::source::SourceError;
use telemetry_core::source::span::SpanValueKind;
use telemetry_core::syntax::string::StringErrorKind;
use telemetry_core::syntax::{Span, render};

use crate::lexer::{QUERY_BYTES_MAX, Symbol};
use crate::parse::{DEPTH_MAX, OPERATORS_MAX};

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no query.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The text is a query, but one that has no meaning, or one that is not supported.
    #[error(transparent)]
    Invalid(#[from] CheckError),
    /// The query cannot be evaluated over this data.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// The query is of the other kind: a search where metrics were asked for, or the reverse.
    #[error("the query gives {found}, not {wanted}")]
    Shape {
        /// What the call gives.
        wanted: &'static str,
        /// What the query gives.
        found: &'static str,
    },
    /// The source could not answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A step of a metrics query that divides no time.
    #[error("the step of a metrics query must be above zero and its range must not be empty")]
    Step,
}

impl From<Interrupt> for Error {
    fn from(interrupt: Interrupt) -> Self {
        Error::Source(interrupt.into())
    }
}

impl Error {
    /// The part of the query at fault, where there is one.
    pub fn span(&self) -> Option<Span> {
        match self {
            Error::Syntax(error) => Some(error.span),
            Error::Invalid(error) => Some(error.span),
            _ => None,
        }
    }

    /// The message, with the query and a caret under the part at fault where there is one.
    pub fn render(&self, query: &str) -> String {
        match self.span() {
            Some(span) => render(query, span, &self.to_string()),
            None => self.to_string(),
        }
    }
}

/// Why a text is no query, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// The part at fault.
    pub span: Span,
}

/// What makes a text no query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// The text is longer than a query may be.
    #[error("a query has at most {QUERY_BYTES_MAX} bytes")]
    TooLong,
    /// Brackets or unary operators nest too deep.
    #[error("the query nests deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// More operators than a query may have.
    #[error("a query has at most {OPERATORS_MAX} operators")]
    TooManyOperators,
    /// A character that begins no token.
    #[error("unexpected character {character:?}")]
    Character {
        /// The character.
        character: char,
    },
    /// A number that does not fit, or is not spelt as one.
    #[error("invalid number")]
    Number,
    /// A string literal that is not one.
    #[error("{kind}")]
    String {
        /// What is wrong with it.
        kind: StringErrorKind,
    },
    /// A quoted part of an attribute name without its closing quote.
    #[error("the quoted attribute name does not end")]
    UnterminatedName,
    /// A backslash in a quoted attribute name before anything but a quote or a backslash.
    #[error("only \\\" and \\\\ are escapes in an attribute name")]
    NameEscape,
    /// A scope without a name behind it.
    #[error("expected an attribute name")]
    EmptyName,
    /// A scope that has no such intrinsic.
    #[error("`{scope}:` has no intrinsic of that name")]
    UnknownIntrinsic {
        /// The scope.
        scope: &'static str,
    },
    /// A word that means nothing here.
    #[error("unknown identifier: {name}")]
    UnknownIdentifier {
        /// The word.
        name: String,
    },
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What could stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// An operator between operands that it does not take.
    #[error("`{operator}` does not join {left} and {right}")]
    Operands {
        /// The operator.
        operator: Symbol,
        /// What stands left of it.
        left: &'static str,
        /// What stands right of it.
        right: &'static str,
    },
    /// A duration as an operand of arithmetic between metrics.
    #[error("a duration is no operand of arithmetic between metrics")]
    DurationOperand,
    /// An expression that is no query by itself.
    #[error("{found} is no query")]
    NotAQuery {
        /// What it is.
        found: &'static str,
    },
}

/// Why a query has no meaning, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct CheckError {
    /// What is wrong.
    pub kind: CheckErrorKind,
    /// The part at fault.
    pub span: Span,
}

/// What makes a query meaningless or unsupported.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckErrorKind {
    /// Operands of types that nothing joins.
    #[error("`{operator}` needs operands of one type, not {left} and {right}")]
    TypeMismatch {
        /// The operator.
        operator: Symbol,
        /// Type of the left operand.
        left: TypeName,
        /// Type of the right operand.
        right: TypeName,
    },
    /// An operator that its operands' type does not have.
    #[error("`{operator}` is not defined for {operand}")]
    IllegalOperator {
        /// The operator.
        operator: Symbol,
        /// Type of the operand.
        operand: TypeName,
    },
    /// A filter that gives no boolean.
    #[error("a span filter must give a boolean, not {found}")]
    FilterType {
        /// What it gives.
        found: TypeName,
    },
    /// An aggregate over what is no number.
    #[error("an aggregate needs numbers, not {found}")]
    AggregateType {
        /// What it is given.
        found: TypeName,
    },
    /// An aggregate over a constant.
    #[error("an aggregate must look at the span")]
    AggregateConstant,
    /// Grouping by a constant.
    #[error("by() must look at the span")]
    GroupConstant,
    /// A pattern that is no regular expression.
    #[error("invalid regular expression: {error}")]
    Regex {
        /// What is wrong with it.
        error: RegexError,
    },
    /// A regular expression that is not a string literal, or not on the right.
    #[error("the right side of `=~` and `!~` must be a string")]
    RegexOperand,
    /// A comparison of something that always exists with nil.
    #[error("`{field}` cannot be nil")]
    NeverNil {
        /// The field.
        field: String,
    },
    /// `topk` or `bottomk` of nothing.
    #[error("the number of series must be above zero")]
    LimitZero,
    /// A quantile outside of 0 to 1.
    #[error("a quantile lies between 0 and 1")]
    Quantile,
    /// A second stage or arithmetic on `compare()`.
    #[error("compare() takes no second stage and no arithmetic")]
    CompareStage,
    /// What Quadra does not evaluate (and Tempo does not either, where nothing else is said).
    #[error("{what} is not supported")]
    Unsupported {
        /// The feature.
        what: &'static str,
    },
}

/// A type, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeName {
    /// Known before any span is looked at.
    Value(SpanValueKind),
    /// That of an attribute, known only when a span is looked at.
    Attribute,
}

impl std::fmt::Display for TypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TypeName::Attribute => "an attribute",
            TypeName::Value(kind) => match kind {
                SpanValueKind::Nil => "nil",
                SpanValueKind::Int => "an integer",
                SpanValueKind::Float => "a float",
                SpanValueKind::String => "a string",
                SpanValueKind::Bool => "a boolean",
                SpanValueKind::Duration => "a duration",
                SpanValueKind::Status => "a status",
                SpanValueKind::Kind => "a kind",
                SpanValueKind::Ints
                | SpanValueKind::Floats
                | SpanValueKind::Strings
                | SpanValueKind::Bools => "an array",
            },
        })
    }
}

/// Why a query cannot be evaluated over some data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// An integer divided by the integer zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The remainder of a division by the integer zero.
    #[error("modulo by zero")]
    ModuloByZero,
    /// Arithmetic on an array.
    #[error("arithmetic on arrays is not defined")]
    ArrayArithmetic,
    /// A comparison of two arrays.
    #[error("of two compared values only one may be an array")]
    TwoArrays,
    /// A structural operator over the groups that `by()` made.
    #[error("a structural operator needs one spanset per trace: use coalesce() after by()")]
    SeveralSpansets,
}
