//! What the grammar refuses.

use crate::lexer::TokenKind;
use std::fmt;
use telemetry_core::syntax::Span;
use telemetry_core::syntax::string::StringErrorKind;
use telemetry_core::time::duration::DurationErrorKind;

/// A place of the text and what is wrong there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SyntaxError {
    pub(crate) kind: SyntaxErrorKind,
    pub(crate) span: Span,
}

/// What can be wrong with a text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// The text is longer than the parser reads.
    #[error("the query has {found} bytes, at most {} are read", super::QUERY_BYTES_MAX)]
    TooLong {
        /// Bytes of the text.
        found: usize,
    },
    /// The tree would be deeper than [`DEPTH_MAX`](crate::ast::DEPTH_MAX).
    #[error("the query is nested too deeply")]
    TooDeep,
    /// There are only comments and white space.
    #[error("no expression found in input")]
    Empty,
    /// A character with which no token begins here.
    #[error("unexpected character: {found:?}")]
    Character {
        /// The character.
        found: char,
    },
    /// A wrong string literal.
    #[error("{0}")]
    String(StringErrorKind),
    /// A string that must be UTF-8 is not.
    #[error("invalid UTF-8 in string")]
    NotUtf8,
    /// Text that begins as a number and goes on as none.
    #[error("bad number or duration syntax")]
    Number,
    /// A wrong duration literal.
    #[error("{0}")]
    Duration(DurationErrorKind),
    /// A token that the grammar has no use for here.
    #[error("unexpected {found}, expected {expected}")]
    Unexpected {
        /// The token.
        found: TokenKind,
        /// What may stand here.
        expected: Expected,
    },
    /// A comma behind the last argument.
    #[error("trailing commas not allowed in function call args")]
    TrailingComma,
    /// An aggregation without an argument.
    #[error("no arguments for aggregate expression provided")]
    NoAggregateArgument,
    /// An aggregation with too few or too many arguments.
    #[error(
        "wrong number of arguments for aggregate expression provided, \
         expected {expected}, got {found}"
    )]
    AggregateArguments {
        /// How many it takes.
        expected: usize,
        /// How many were written.
        found: usize,
    },
    /// A modifier behind an expression that has no use for it.
    #[error(
        "{modifier} modifier must be preceded by an instant vector selector \
         or range vector selector or a subquery"
    )]
    ModifierTarget {
        /// The modifier.
        modifier: Modifier,
    },
    /// A modifier behind a subquery, where only selectors can have it.
    #[error("{modifier} modifier is not supported for subqueries")]
    ModifierOnSubquery {
        /// The modifier.
        modifier: Modifier,
    },
    /// The same modifier twice, or two that exclude each other.
    #[error("{modifier} may not be set multiple times")]
    ModifierTwice {
        /// The second one.
        modifier: Modifier,
    },
    /// A modifier between a selector and its range.
    #[error("no {modifier} modifiers allowed before range")]
    ModifierBeforeRange {
        /// The modifier.
        modifier: Modifier,
    },
    /// A range behind something that is no selector.
    #[error("ranges only allowed for vector selectors")]
    RangeTarget,
    /// A number of seconds that is no duration: too large, or not a number.
    #[error("duration out of range")]
    DurationOutOfRange,
    /// A time that is no timestamp: too large, or not a number.
    #[error("timestamp out of bounds for @ modifier")]
    TimestampOutOfBounds,
    /// Syntax that an option has to switch on.
    #[error("{feature} not enabled")]
    NotEnabled {
        /// What was used.
        feature: Feature,
    },
}

/// What may stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// An expression.
    Expression,
    /// An operator or the end.
    Operator,
    /// This token.
    Token(TokenKind),
    /// A comma or this token.
    CommaOr(TokenKind),
    /// A name of a label.
    Label,
    /// `=`, `!=`, `=~` or `!~`.
    MatchOperator,
    /// A length of time.
    Duration,
    /// `:` or `]`.
    RangeEnd,
    /// A number, `start()` or `end()`.
    Timestamp,
    /// A number.
    Number,
}

/// What can stand behind a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Modifier {
    /// `offset`
    Offset,
    /// `@`
    At,
    /// `anchored`
    Anchored,
    /// `smoothed`
    Smoothed,
}

/// Syntax that [`ParseOptions`](super::ParseOptions) switches on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// Arithmetic where a duration is expected.
    DurationExpressions,
    /// `anchored` and `smoothed`.
    ExtendedRangeSelectors,
    /// `fill`, `fill_left`, `fill_right`.
    FillModifiers,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Expression => f.write_str("an expression"),
            Expected::Operator => f.write_str("an operator or the end"),
            Expected::Token(kind) => write!(f, "{kind}"),
            Expected::CommaOr(kind) => write!(f, "\",\" or {kind}"),
            Expected::Label => f.write_str("a label"),
            Expected::MatchOperator => f.write_str("a label matching operator"),
            Expected::Duration => f.write_str("a number, duration, step() or range()"),
            Expected::RangeEnd => f.write_str("\":\" or \"]\""),
            Expected::Timestamp => f.write_str("a timestamp"),
            Expected::Number => f.write_str("a number"),
        }
    }
}

impl fmt::Display for Modifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Modifier::Offset => "offset",
            Modifier::At => "@",
            Modifier::Anchored => "anchored",
            Modifier::Smoothed => "smoothed",
        })
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Feature::DurationExpressions => "duration expressions are",
            Feature::ExtendedRangeSelectors => "anchored and smoothed modifiers are",
            Feature::FillModifiers => "fill modifiers are",
        })
    }
}
