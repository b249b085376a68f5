//! What the lexer makes of a text.

use crate::ast::AggregateOp;
use std::fmt;
use telemetry_core::syntax::Span;

/// A piece of the text that the grammar takes as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `,`
    Comma,
    /// `:` in brackets
    Colon,
    /// `@`
    At,
    /// `=`
    Assign,
    /// `=~`
    RegexMatch,
    /// `!~`
    RegexNoMatch,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `</`
    TrimUpper,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `>/`
    TrimLower,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `^`
    Caret,
    /// A number, `Inf` and `NaN` included.
    Number,
    /// A number with units of time.
    Duration,
    /// A text in quotes.
    String,
    /// A name without a colon that is no keyword; in braces keywords are names too.
    Name,
    /// A name with a colon.
    MetricName,
    /// A word with a meaning of its own.
    Keyword(Keyword),
    /// Bytes that are no token; nothing behind them is read.
    Invalid,
    /// The end of the text.
    End,
}

/// Words with a meaning of their own, in any letter case. Most may also name a metric, all a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are named as they are spelled")]
pub enum Keyword {
    And,
    Or,
    Unless,
    Atan2,
    Bool,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Offset,
    Anchored,
    Smoothed,
    Start,
    End,
    Step,
    Range,
    MinOf,
    MaxOf,
    Aggregate(AggregateOp),
}

/// Bytes of the longest keyword.
const KEYWORD_BYTES_MAX: usize = 12;

/// What a word is outside braces: a keyword, `Inf` or `NaN`, or a name.
pub(super) fn classify(word: &str) -> TokenKind {
    let mut lower = [0; KEYWORD_BYTES_MAX];
    let Some(lower) = lower.get_mut(..word.len()) else { return TokenKind::Name };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let keyword = match &*lower {
        b"inf" | b"nan" => return TokenKind::Number,
        b"and" => Keyword::And,
        b"or" => Keyword::Or,
        b"unless" => Keyword::Unless,
        b"atan2" => Keyword::Atan2,
        b"bool" => Keyword::Bool,
        b"by" => Keyword::By,
        b"without" => Keyword::Without,
        b"on" => Keyword::On,
        b"ignoring" => Keyword::Ignoring,
        b"group_left" => Keyword::GroupLeft,
        b"group_right" => Keyword::GroupRight,
        b"fill" => Keyword::Fill,
        b"fill_left" => Keyword::FillLeft,
        b"fill_right" => Keyword::FillRight,
        b"offset" => Keyword::Offset,
        b"anchored" => Keyword::Anchored,
        b"smoothed" => Keyword::Smoothed,
        b"start" => Keyword::Start,
        b"end" => Keyword::End,
        b"step" => Keyword::Step,
        b"range" => Keyword::Range,
        b"min_of" => Keyword::MinOf,
        b"max_of" => Keyword::MaxOf,
        b"avg" => Keyword::Aggregate(AggregateOp::Avg),
        b"bottomk" => Keyword::Aggregate(AggregateOp::BottomK),
        b"count" => Keyword::Aggregate(AggregateOp::Count),
        b"count_values" => Keyword::Aggregate(AggregateOp::CountValues),
        b"group" => Keyword::Aggregate(AggregateOp::Group),
        b"limitk" => Keyword::Aggregate(AggregateOp::LimitK),
        b"limit_ratio" => Keyword::Aggregate(AggregateOp::LimitRatio),
        b"max" => Keyword::Aggregate(AggregateOp::Max),
        b"min" => Keyword::Aggregate(AggregateOp::Min),
        b"quantile" => Keyword::Aggregate(AggregateOp::Quantile),
        b"stddev" => Keyword::Aggregate(AggregateOp::Stddev),
        b"stdvar" => Keyword::Aggregate(AggregateOp::Stdvar),
        b"sum" => Keyword::Aggregate(AggregateOp::Sum),
        b"topk" => Keyword::Aggregate(AggregateOp::TopK),
        _ => return TokenKind::Name,
    };
    TokenKind::Keyword(keyword)
}

impl Keyword {
    /// Whether the word may stand where a metric's name is expected.
    pub(crate) fn names_a_metric(self) -> bool {
        !matches!(
            self,
            Keyword::Atan2
                | Keyword::Bool
                | Keyword::On
                | Keyword::Ignoring
                | Keyword::GroupLeft
                | Keyword::GroupRight
        )
    }

    /// Whether the word names a function where a parenthesis follows.
    pub(crate) fn names_a_function(self) -> bool {
        matches!(
            self,
            Keyword::Start
                | Keyword::End
                | Keyword::Step
                | Keyword::Range
                | Keyword::MinOf
                | Keyword::MaxOf
        )
    }
}

/// Whether `name`, written bare, is read back as the name of a metric.
pub(crate) fn is_bare_metric_name(name: &str) -> bool {
    telemetry_core::labels::is_classic_metric_name(name)
        && match classify(name) {
            TokenKind::Keyword(keyword) => keyword.names_a_metric(),
            kind => kind == TokenKind::Name,
        }
}

/// Whether `name`, written bare in a clause such as `by`, is read back as a name: keywords are names
/// there, numbers are not.
pub(crate) fn is_bare_label(name: &str) -> bool {
    telemetry_core::labels::is_classic_name(name) && classify(name) != TokenKind::Number
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenKind::LeftParen => "\"(\"",
            TokenKind::RightParen => "\")\"",
            TokenKind::LeftBrace => "\"{\"",
            TokenKind::RightBrace => "\"}\"",
            TokenKind::LeftBracket => "\"[\"",
            TokenKind::RightBracket => "\"]\"",
            TokenKind::Comma => "\",\"",
            TokenKind::Colon => "\":\"",
            TokenKind::At => "\"@\"",
            TokenKind::Assign => "\"=\"",
            TokenKind::RegexMatch => "\"=~\"",
            TokenKind::RegexNoMatch => "\"!~\"",
            TokenKind::Equal => "\"==\"",
            TokenKind::NotEqual => "\"!=\"",
            TokenKind::Less => "\"<\"",
            TokenKind::LessOrEqual => "\"<=\"",
            TokenKind::TrimUpper => "\"</\"",
            TokenKind::Greater => "\">\"",
            TokenKind::GreaterOrEqual => "\">=\"",
            TokenKind::TrimLower => "\">/\"",
            TokenKind::Plus => "\"+\"",
            TokenKind::Minus => "\"-\"",
            TokenKind::Star => "\"*\"",
            TokenKind::Slash => "\"/\"",
            TokenKind::Percent => "\"%\"",
            TokenKind::Caret => "\"^\"",
            TokenKind::Number => "number",
            TokenKind::Duration => "duration",
            TokenKind::String => "string",
            TokenKind::Name => "name",
            TokenKind::MetricName => "metric name",
            TokenKind::Keyword(Keyword::Aggregate(op)) => {
                return write!(f, "keyword {}", op.name());
            }
            TokenKind::Keyword(keyword) => return write!(f, "keyword {keyword:?}"),
            TokenKind::Invalid => "invalid text",
            TokenKind::End => "end of input",
        })
    }
}
