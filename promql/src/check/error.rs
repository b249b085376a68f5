//! What makes no sense.

use crate::ast::{BinaryOp, Extension, ValueType};
use telemetry_core::labels::RegexErrorKind;
use telemetry_core::syntax::Span;

/// A place of the text and what makes no sense there.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckError {
    /// What is wrong.
    pub kind: CheckErrorKind,
    /// Where.
    pub span: Span,
}

/// What can make no sense about a tree.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckErrorKind {
    /// A function that does not exist.
    #[error("unknown function with name {name:?}")]
    UnknownFunction {
        /// The name.
        name: Box<str>,
    },
    /// An experimental function or aggregation, and they are not switched on.
    #[error("{name:?} is experimental and must be enabled with experimental functions")]
    Experimental {
        /// The name.
        name: Box<str>,
    },
    /// Too few or too many arguments.
    #[error("expected {expected} argument(s) in call to {function:?}, got {found}")]
    ArgumentCount {
        /// The function.
        function: &'static str,
        /// How many it takes.
        expected: ArgumentCount,
        /// How many were given.
        found: usize,
    },
    /// An expression of the wrong type.
    #[error("expected type {} in {place}, got {}", expected.name(), found.name())]
    Type {
        /// The type that fits.
        expected: ValueType,
        /// The type of the expression.
        found: ValueType,
        /// What the expression is part of.
        place: Place,
    },
    /// The second argument of `info` has a metric's name.
    #[error("expected label selectors only, got vector selector instead")]
    InfoSelector,
    /// A sign in front of something that has no sign.
    #[error(
        "unary expression only allowed on expressions of type scalar or instant vector, got {:?}",
        found.name()
    )]
    UnaryOperand {
        /// The type of the expression.
        found: ValueType,
    },
    /// An operator beside a text or a range vector.
    #[error("binary expression must contain only scalar and instant vector types")]
    BinaryOperand,
    /// `bool` behind an operator that does not compare.
    #[error("bool modifier can only be used on comparison operators")]
    BoolWithoutComparison,
    /// Two scalars compared without `bool`.
    #[error("comparisons between scalars must use BOOL modifier")]
    ScalarComparison,
    /// A set operator beside a scalar.
    #[error("set operator {:?} not allowed in binary scalar expression", op.name())]
    SetOperatorOnScalar {
        /// The operator.
        op: BinaryOp,
    },
    /// `on` or `ignoring` beside a scalar.
    #[error("vector matching only allowed between instant vectors")]
    MatchingOnScalar,
    /// `fill` beside a scalar.
    #[error("filling in missing series only allowed between instant vectors")]
    FillOnScalar,
    /// `group_left` or `group_right` with a set operator.
    #[error("no grouping allowed for {:?} operation", op.name())]
    GroupingOnSetOperator {
        /// The operator.
        op: BinaryOp,
    },
    /// `fill` with a set operator.
    #[error("filling in missing series not allowed for set operators")]
    FillOnSetOperator,
    /// A label both in `on` and in `group_left` or `group_right`.
    #[error("label {label:?} must not occur in ON and GROUP clause at once")]
    LabelOnAndIncluded {
        /// The label.
        label: Box<str>,
    },
    /// A text that is no name of a label.
    #[error("invalid label name {quoted}")]
    LabelName {
        /// The text, in quotes and with escapes.
        quoted: Box<str>,
    },
    /// A subquery over something that is no instant vector.
    #[error("subquery is only allowed on instant vector, got {} instead", found.name())]
    SubqueryOperand {
        /// The type of the expression.
        found: ValueType,
    },
    /// A selector whose matchers all match the empty value, hence everything.
    #[error("vector selector must contain at least one non-empty matcher")]
    MatchesEverything,
    /// A name both in front of the braces and in them.
    #[error("metric name must not be set twice: {first:?} or {second:?}")]
    NameTwice {
        /// In front of the braces.
        first: Box<str>,
        /// In the braces.
        second: Box<str>,
    },
    /// A wrong regular expression in a matcher.
    #[error("invalid regular expression: {kind}")]
    Regex {
        /// What is wrong with it.
        kind: RegexErrorKind,
    },
    /// A range or step that is zero or negative.
    #[error("duration must be greater than 0")]
    DurationNotPositive,
    /// A duration that comes out too large, or as no number.
    #[error("duration out of range")]
    DurationOutOfRange,
    /// A duration divided by a zero that is written there.
    #[error("division by zero")]
    DivisionByZero,
    /// As above, for the remainder.
    #[error("modulo by zero")]
    ModuloByZero,
    /// `anchored` or `smoothed` in a function that does not know it.
    #[error("{} - not with {function}", extension_users(*extension))]
    ExtensionInFunction {
        /// Which one.
        extension: Extension,
        /// The function.
        function: &'static str,
    },
}

/// How many arguments a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentCount {
    /// This many.
    Exactly(usize),
    /// This many or more.
    AtLeast(usize),
    /// This many or fewer.
    AtMost(usize),
}

/// What an expression is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// An argument of this function.
    Call(&'static str),
    /// What an aggregation goes over.
    Aggregation,
    /// The first of two arguments of an aggregation.
    AggregationParameter,
}

impl std::fmt::Display for ArgumentCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ArgumentCount::Exactly(count) => write!(f, "{count}"),
            ArgumentCount::AtLeast(count) => write!(f, "at least {count}"),
            ArgumentCount::AtMost(count) => write!(f, "at most {count}"),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Call(function) => write!(f, "call to function {function:?}"),
            Place::Aggregation => f.write_str("aggregation expression"),
            Place::AggregationParameter => f.write_str("aggregation parameter"),
        }
    }
}

fn extension_users(extension: Extension) -> &'static str {
    match extension {
        Extension::Anchored => {
            "anchored modifier can only be used with: changes, delta, increase, rate, resets"
        }
        Extension::Smoothed => "smoothed modifier can only be used with: delta, increase, rate",
    }
}
