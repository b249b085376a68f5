//! Where the cursor stands: what may be there, and the word that is being typed.

use telemetry_core::labels::Matcher;
use telemetry_core::syntax::Typed;

use super::Ask;
use super::reader::Reader;
use crate::ast::ValueType;
use crate::lexer::{Token, TokenKind, lex};

/// The place of the cursor and the word there.
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) typed: Typed,
}

/// What may stand at the cursor.
#[derive(Debug)]
pub(super) enum Place {
    /// An expression, of a type where only one fits.
    Operand { expects: Option<ValueType>, behind: Option<BehindOperator> },
    /// What follows an operand.
    BehindOperand(Operand),
    /// `by` and `without` in front of the arguments.
    Grouping,
    /// The name of a label in braces.
    MatcherName { matchers: Vec<Matcher> },
    /// `=` and its like in braces.
    MatchOperator,
    /// The value behind it.
    MatcherValue { label: Box<str>, matchers: Vec<Matcher> },
    /// The name of a metric as a text in braces.
    MetricName { matchers: Vec<Matcher> },
    /// A label in the parentheses of `by`, `on`, ….
    LabelName { matchers: Vec<Matcher> },
    /// A length of time.
    Duration,
    /// The argument of `@`.
    AtTime,
    /// Nothing that could be offered.
    Nothing,
}

/// Which modifiers of an operator may still follow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct BehindOperator {
    /// `bool`
    pub(super) comparison: bool,
    /// `on`, `ignoring`
    pub(super) matching: bool,
    /// `group_left`, `group_right`
    pub(super) group: bool,
    /// `fill` and its like
    pub(super) fill: bool,
}

/// What an operand is, as far as it matters for what may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Selector,
    Range,
    Subquery,
    Number,
    String,
    /// An aggregation without a clause so far.
    Aggregation,
    Other,
}

impl Place {
    /// What is to be asked of a source.
    pub(super) fn ask(self) -> Option<Ask> {
        match self {
            Place::Operand { expects, .. } => match expects {
                None | Some(ValueType::Vector | ValueType::Matrix) => {
                    Some(Ask::MetricNames { matchers: Vec::new(), braces: true })
                }
                Some(ValueType::Scalar | ValueType::String) => None,
            },
            Place::MatcherName { matchers } | Place::LabelName { matchers } => {
                Some(Ask::LabelNames { matchers })
            }
            Place::MatcherValue { label, matchers } => Some(Ask::LabelValues { label, matchers }),
            Place::MetricName { matchers } => Some(Ask::MetricNames { matchers, braces: false }),
            _ => None,
        }
    }
}

/// The place of `cursor`, which is a character's boundary.
pub(super) fn find(query: &str, cursor: usize) -> Found {
    let (before, _) = query.split_at(cursor);
    let mut tokens = lex(before).tokens;
    tokens.pop_if(|token| token.kind == TokenKind::End);
    let word = tokens.pop_if(|token| is_word(*token, before, cursor));
    let reader = Reader::over(before, &tokens);
    let Some(word) = word else {
        return Found { place: reader.place(), typed: Typed::nothing(cursor) };
    };
    let (text, start) = (word.span.text(before), word.span.start);
    if text.starts_with(['"', '\'', '`']) {
        return Found {
            place: reader.place_of_text(),
            typed: Typed::literal(query, start, cursor),
        };
    }
    let is_number =
        word.kind == TokenKind::Number && !text.starts_with(|c: char| c.is_alphabetic());
    let place = match reader.place() {
        Place::Operand { .. } if is_number => Place::Nothing,
        place => place,
    };
    Found { place, typed: Typed::word(query, start, cursor) }
}

/// Whether `token` is being typed: it ends at the cursor and could become another one.
fn is_word(token: Token, before: &str, cursor: usize) -> bool {
    match token.kind {
        TokenKind::Name
        | TokenKind::MetricName
        | TokenKind::Keyword(_)
        | TokenKind::Number
        | TokenKind::Duration => token.span.end == cursor,
        // A text without its closing quote, or half an operator.
        TokenKind::Invalid => {
            let text = before.get(token.span.start..).unwrap_or_default();
            text.starts_with(['"', '\'', '`']) || text == "!"
        }
        _ => false,
    }
}
