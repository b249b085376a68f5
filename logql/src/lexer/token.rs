//! Tokens of LogQL.

use crate::ast::{Conversion, RangeOp, VectorOp, spelled};
use telemetry_core::syntax::Span;

/// A token and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the query.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A name, or a character that starts nothing else.
    Identifier,
    /// A string literal and what it means.
    String(Box<str>),
    /// A number; its value is read by the parser.
    Number,
    /// A duration in nanoseconds, `5m` or `-1.5h`.
    Duration(i64),
    /// A size in bytes, `5MB`.
    Bytes(u64),
    /// `[5m]`: a window in nanoseconds.
    Range(i64),
    /// A word with a meaning of its own, or punctuation.
    Keyword(Keyword),
    /// A range aggregation in front of its parenthesis.
    RangeOp(RangeOp),
    /// A vector aggregation in front of its parenthesis or its grouping.
    VectorOp(VectorOp),
    /// `bytes`, `duration` or `duration_seconds` in front of a parenthesis.
    Conversion(Conversion),
    /// A text that is no token; what is wrong with it.
    Bad(BadToken),
    /// The end of the query.
    End,
}

impl TokenKind {
    /// How a message names the token.
    pub fn describe(&self) -> &'static str {
        match self {
            TokenKind::Identifier => "IDENTIFIER",
            TokenKind::String(_) => "STRING",
            TokenKind::Number => "NUMBER",
            TokenKind::Duration(_) => "DURATION",
            TokenKind::Bytes(_) => "BYTES",
            TokenKind::Range(_) => "RANGE",
            TokenKind::Keyword(keyword) => keyword.as_str(),
            TokenKind::RangeOp(op) => op.as_str(),
            TokenKind::VectorOp(op) => op.as_str(),
            TokenKind::Conversion(Conversion::Bytes) => "bytes",
            TokenKind::Conversion(Conversion::Duration) => "duration",
            TokenKind::Conversion(_) => "duration_seconds",
            TokenKind::Bad(_) => "invalid text",
            TokenKind::End => "$end",
        }
    }
}

/// Why a text is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadToken {
    /// A string literal is broken.
    #[error("{0}")]
    String(#[from] telemetry_core::syntax::string::StringErrorKind),
    /// A window is not closed.
    #[error("missing closing ']' in duration")]
    UnclosedRange,
    /// A window holds what is no duration.
    #[error("not a valid duration string: {0:?}")]
    Duration(Box<str>),
    /// A window holds a duration with a unit that does not exist.
    #[error("unknown unit {unit:?} in duration {text:?}")]
    DurationUnit {
        /// The unit.
        unit: Box<str>,
        /// The whole duration.
        text: Box<str>,
    },
    /// A window that is empty.
    #[error("empty duration string")]
    EmptyDuration,
    /// A window that does not fit into 64 bits of nanoseconds.
    #[error("duration out of range")]
    DurationOverflow,
    /// The query holds bytes that are not UTF-8.
    #[error("invalid UTF-8 encoding")]
    InvalidUtf8,
}

spelled! {
    /// Words and punctuation.
    Keyword {
        OpenBrace => "{",
        CloseBrace => "}",
        OpenParen => "(",
        CloseParen => ")",
        Comma => ",",
        Dot => ".",
        Equal => "=",
        NotEqual => "!=",
        RegexMatch => "=~",
        NotRegexMatch => "!~",
        PipeContains => "|=",
        PipeRegex => "|~",
        PipePattern => "|>",
        NotPattern => "!>",
        Pipe => "|",
        CompareEqual => "==",
        Greater => ">",
        GreaterEqual => ">=",
        Less => "<",
        LessEqual => "<=",
        Add => "+",
        Sub => "-",
        Mul => "*",
        Div => "/",
        Mod => "%",
        Pow => "^",
        Or => "or",
        And => "and",
        Unless => "unless",
        By => "by",
        Without => "without",
        Bool => "bool",
        On => "on",
        Ignoring => "ignoring",
        GroupLeft => "group_left",
        GroupRight => "group_right",
        Offset => "offset",
        Unwrap => "unwrap",
        Json => "json",
        Logfmt => "logfmt",
        Regexp => "regexp",
        Pattern => "pattern",
        Unpack => "unpack",
        LineFormat => "line_format",
        LabelFormat => "label_format",
        Decolorize => "decolorize",
        Drop => "drop",
        Keep => "keep",
        Ip => "ip",
        LabelReplace => "label_replace",
        Vector => "vector",
        Strict => "--strict",
        KeepEmpty => "--keep-empty",
    }
}

/// The word with a meaning that `text` spells in any case, if it has one wherever it stands.
pub(super) fn word(text: &str) -> Option<Keyword> {
    use Keyword as K;
    const WORDS: [Keyword; 22] = [
        K::Or,
        K::And,
        K::Unless,
        K::By,
        K::Without,
        K::Bool,
        K::On,
        K::Ignoring,
        K::GroupLeft,
        K::GroupRight,
        K::Offset,
        K::Unwrap,
        K::Json,
        K::Logfmt,
        K::Regexp,
        K::Pattern,
        K::Unpack,
        K::LineFormat,
        K::LabelFormat,
        K::Decolorize,
        K::Drop,
        K::Keep,
    ];
    WORDS.into_iter().find(|keyword| keyword.as_str().eq_ignore_ascii_case(text))
}

/// What `text` means in front of a parenthesis, in any case.
pub(super) fn function(text: &str) -> Option<TokenKind> {
    let is = |known: &str| known.eq_ignore_ascii_case(text);
    if let Some(op) = RangeOp::ALL.iter().find(|op| is(op.as_str())) {
        return Some(TokenKind::RangeOp(*op));
    }
    if let Some(op) = VectorOp::ALL.iter().find(|op| is(op.as_str())) {
        return Some(TokenKind::VectorOp(*op));
    }
    let conversions = [Conversion::Bytes, Conversion::Duration, Conversion::DurationSeconds];
    if let Some(at) = ["bytes", "duration", "duration_seconds"].iter().position(|known| is(known)) {
        return conversions.get(at).map(|conversion| TokenKind::Conversion(*conversion));
    }
    [Keyword::Ip, Keyword::LabelReplace, Keyword::Vector]
        .into_iter()
        .find(|keyword| is(keyword.as_str()))
        .map(TokenKind::Keyword)
}
