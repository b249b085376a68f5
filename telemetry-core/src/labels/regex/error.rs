//! Why a pattern is refused.

use crate::syntax::Span;

/// Why a pattern is refused, and where. Printed as Go's `regexp/syntax.Error`.
///
/// ```
/// use telemetry_core::labels::Regex;
/// let error = Regex::new("a**").unwrap_err();
/// assert_eq!(error.to_string(), "error parsing regexp: invalid nested repetition operator: `**`");
/// assert_eq!((error.span.start, error.span.end), (1, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {kind}: `{text}`")]
pub struct RegexError {
    /// What is wrong.
    pub kind: RegexErrorKind,
    /// The part of the pattern at fault, as Go names it; for some kinds the whole pattern.
    pub text: Box<str>,
    /// Where that part is in the pattern.
    pub span: Span,
}

/// What can be wrong with a pattern. The kinds are Go's; invalid UTF-8 cannot occur in a `&str`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RegexErrorKind {
    /// A range that ends before it starts, or a class that has no such name.
    #[error("invalid character class range")]
    CharacterRange,
    /// A backslash before what is no escape; back references among them.
    #[error("invalid escape sequence")]
    Escape,
    /// A group's name is malformed.
    #[error("invalid named capture")]
    NamedCapture,
    /// `(?` before what is not supported, such as look-around.
    #[error("invalid or unsupported Perl syntax")]
    PerlSyntax,
    /// A repetition of a repetition, such as `a**`.
    #[error("invalid nested repetition operator")]
    NestedRepetition,
    /// A repeat count above the limit, by itself or multiplied with those around it.
    #[error("invalid repeat count")]
    RepeatCount,
    /// A class without its end.
    #[error("missing closing ]")]
    MissingBracket,
    /// A group without its end.
    #[error("missing closing )")]
    MissingParenthesis,
    /// A repetition of nothing.
    #[error("missing argument to repetition operator")]
    MissingRepeatArgument,
    /// A backslash at the end.
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    /// The end of a group that was not opened.
    #[error("unexpected )")]
    UnexpectedParenthesis,
    /// Groups or repetitions nest too deeply.
    #[error("expression nests too deeply")]
    NestingDepth,
    /// The pattern would take too much memory.
    #[error("expression too large")]
    Large,
}
