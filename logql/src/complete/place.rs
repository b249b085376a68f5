//! Where in the grammar the cursor stands.
//!
//! A push-down machine over the tokens in front of the cursor: a [`State`] says what was just read,
//! a stack of [`Frame`]s which brackets are open. It accepts more than the grammar does.

use telemetry_core::labels::{MatchOp, Matcher};
use telemetry_core::syntax::{Span, Typed};

use super::Ask;
use crate::ast::{RangeOp, VectorOp};
use crate::lexer::{BadToken, Keyword, Token, TokenKind, tokenize};

/// The place of the cursor and the word there.
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) typed: Typed,
}

/// What may stand at the cursor.
#[derive(Debug)]
pub(super) enum Place {
    /// A query or an operand.
    Operand { is_operator: bool },
    /// What follows an operand that gives samples.
    BehindMetric { may_group: bool },
    /// `by` and `without` in front of the arguments.
    Grouping,
    /// `=` and its like in braces.
    Matchers,
    /// A stage, or the range.
    Pipeline { in_range: bool },
    /// What follows `|`: a stage's name, or a label to filter by.
    Stage { in_range: bool, matchers: Vec<Matcher> },
    /// The flags of `logfmt`.
    Flags,
    /// What follows `unwrap`.
    Unwrap { matchers: Vec<Matcher> },
    /// What a line filter looks for.
    FilterText,
    /// `[…]`, being written.
    Range,
    /// A label's name.
    LabelName { matchers: Vec<Matcher> },
    /// A label's value.
    LabelValue { label: Box<str>, matchers: Vec<Matcher> },
    /// Nothing that could be offered.
    Nothing,
}

impl Place {
    /// What is to be asked of a source.
    pub(super) fn ask(self) -> Option<Ask> {
        match self {
            Place::LabelName { matchers }
            | Place::Stage { matchers, .. }
            | Place::Unwrap { matchers } => Some(Ask::LabelNames { matchers }),
            Place::LabelValue { label, matchers } => Some(Ask::LabelValues { label, matchers }),
            _ => None,
        }
    }
}

/// What was read last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Operand {
        is_operator: bool,
    },
    /// The name of an aggregation; `true`: over a range.
    Aggregation {
        is_range: bool,
        is_grouped: bool,
    },
    /// `by`, `on`; a list of labels follows.
    Clause {
        after: After,
    },
    Labels {
        after: After,
    },
    Matcher,
    MatchOperator,
    MatchValue(MatchOp),
    BehindMatcher,
    /// A selector or a whole stage.
    Pipeline,
    Stage,
    Logfmt,
    Unwrap,
    FilterText,
    /// In the arguments of a stage, where labels may be named.
    StageLabel,
    /// In the arguments of a stage.
    InStage,
    BehindMetric {
        may_group: bool,
    },
}

/// What follows a list of labels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Arguments { is_range: bool },
    Behind,
    Operator,
}

/// An open parenthesis.
#[derive(Clone, Copy)]
enum Frame {
    Group,
    Arguments { is_range: bool, is_grouped: bool },
}

/// The place of `cursor`, which is a character's boundary.
pub(super) fn find(query: &str, cursor: usize) -> Found {
    let (before, after) = query.split_at(cursor);
    let mut tokens = tokenize(before);
    tokens.pop_if(|token| token.kind == TokenKind::End);
    let mut reader = Reader {
        query: before,
        state: State::Operand { is_operator: false },
        frames: Vec::new(),
        label: "".into(),
        matchers: Vec::new(),
    };
    let word = tokens.pop_if(|token| is_word(token, before, cursor));
    let Some(word) = word else {
        tokens.iter().for_each(|token| reader.read(token));
        return Found { place: reader.place(), typed: Typed::nothing(cursor) };
    };
    let mut start = word.span.start;
    if before.get(..start).is_some_and(|head| head.ends_with("--")) {
        // The dashes of a flag are tokens of their own until its word is complete.
        tokens.truncate(tokens.len().saturating_sub(2));
        start -= 2;
    }
    tokens.iter().for_each(|token| reader.read(token));
    let text = before.get(start..).unwrap_or_default();
    if text.starts_with(['"', '`']) {
        let place = match reader.place() {
            place @ Place::LabelValue { .. } => place,
            _ => Place::Nothing,
        };
        return Found { place, typed: Typed::literal(query, start, cursor) };
    }
    if text.starts_with('[') {
        let closed = after.split('\n').next().and_then(|line| line.find(']'));
        let end = closed.map_or(cursor, |at| cursor + at + 1);
        let typed = Typed { span: Span::new(start, end), text: text.into() };
        return Found { place: Place::Range, typed };
    }
    Found { place: reader.place(), typed: Typed::word(query, start, cursor) }
}

/// Whether `token` is being typed: it ends at the cursor and could become another one.
fn is_word(token: &Token, before: &str, cursor: usize) -> bool {
    let text = before.get(token.span.start..).unwrap_or_default();
    let begins = |c: char| c == '_' || c.is_alphabetic() || c == '-';
    match &token.kind {
        TokenKind::Bad(BadToken::UnclosedRange) => true,
        TokenKind::Bad(_) => text.starts_with(['"', '`']),
        TokenKind::String(_) | TokenKind::Range(_) | TokenKind::End => false,
        _ => token.span.end == cursor && text.starts_with(begins) && text != "-",
    }
}

struct Reader<'q> {
    query: &'q str,
    state: State,
    frames: Vec<Frame>,
    /// The label whose matcher is being read.
    label: Box<str>,
    /// The matchers of the selector that was read last, or is being read.
    matchers: Vec<Matcher>,
}

impl Reader<'_> {
    fn read(&mut self, token: &Token) {
        self.state = match (self.state, &token.kind) {
            (State::Matcher, _) => self.in_braces(token),
            (State::MatchOperator, TokenKind::Keyword(op)) => match op {
                Keyword::Equal => State::MatchValue(MatchOp::Equal),
                Keyword::NotEqual => State::MatchValue(MatchOp::NotEqual),
                Keyword::RegexMatch => State::MatchValue(MatchOp::Regex),
                Keyword::NotRegexMatch => State::MatchValue(MatchOp::NotRegex),
                _ => State::MatchOperator,
            },
            (State::MatchValue(op), TokenKind::String(value)) => {
                self.matchers.extend(Matcher::new(op, &*self.label, &**value).ok());
                State::BehindMatcher
            }
            (State::BehindMatcher, TokenKind::Keyword(Keyword::Comma)) => State::Matcher,
            (State::BehindMatcher, TokenKind::Keyword(Keyword::CloseBrace)) => State::Pipeline,
            (State::Clause { after }, TokenKind::Keyword(Keyword::OpenParen)) => {
                State::Labels { after }
            }
            (State::Labels { after }, TokenKind::Keyword(Keyword::CloseParen)) => match after {
                After::Arguments { is_range } => State::Aggregation { is_range, is_grouped: true },
                After::Behind => State::BehindMetric { may_group: false },
                After::Operator => State::Operand { is_operator: true },
            },
            (state @ State::Labels { .. }, _) => state,
            (_, TokenKind::Keyword(keyword)) => self.keyword(*keyword),
            (State::Operand { .. }, TokenKind::RangeOp(_)) => {
                State::Aggregation { is_range: true, is_grouped: false }
            }
            (State::Operand { .. }, TokenKind::VectorOp(_)) => {
                State::Aggregation { is_range: false, is_grouped: false }
            }
            (State::Operand { .. }, TokenKind::Number) => State::BehindMetric { may_group: false },
            // Without a parenthesis behind it the lexer takes it for a name.
            (State::Operand { .. }, TokenKind::Identifier) => self.named(token),
            (_, TokenKind::Range(_)) => State::BehindMetric { may_group: false },
            (State::Stage | State::StageLabel | State::Unwrap | State::Logfmt, _) => State::InStage,
            (State::FilterText, _) => State::Pipeline,
            (State::InStage, TokenKind::String(_)) => State::Pipeline,
            (state, _) => state,
        };
    }

    /// A name where an operand is expected: that of an aggregation, or none that could go on.
    fn named(&self, token: &Token) -> State {
        let name = token.span.text(self.query);
        let is_range = RangeOp::ALL.iter().any(|op| op.as_str() == name);
        if is_range || VectorOp::ALL.iter().any(|op| op.as_str() == name) {
            return State::Aggregation { is_range, is_grouped: false };
        }
        self.state
    }

    /// A word or punctuation outside of braces and lists of labels.
    fn keyword(&mut self, keyword: Keyword) -> State {
        let is_metric = matches!(self.state, State::BehindMetric { .. });
        match (keyword, self.state) {
            (Keyword::OpenBrace, _) => {
                self.matchers.clear();
                State::Matcher
            }
            (Keyword::OpenParen, State::Aggregation { is_range, is_grouped }) => {
                self.frames.push(Frame::Arguments { is_range, is_grouped });
                State::Operand { is_operator: false }
            }
            (Keyword::OpenParen, State::Operand { .. }) => {
                self.frames.push(Frame::Group);
                State::Operand { is_operator: false }
            }
            (Keyword::CloseParen, State::InStage) => State::Pipeline,
            (Keyword::CloseParen, _) => match self.frames.pop() {
                Some(Frame::Arguments { is_grouped, .. }) => {
                    State::BehindMetric { may_group: !is_grouped }
                }
                _ => State::BehindMetric { may_group: false },
            },
            (Keyword::By | Keyword::Without, State::Aggregation { is_range, .. }) => {
                State::Clause { after: After::Arguments { is_range } }
            }
            (Keyword::By | Keyword::Without, _) => State::Clause { after: After::Behind },
            (Keyword::On | Keyword::Ignoring | Keyword::GroupLeft | Keyword::GroupRight, _) => {
                State::Clause { after: After::Operator }
            }
            (Keyword::Bool, _) => State::Operand { is_operator: true },
            (
                Keyword::PipeContains
                | Keyword::PipeRegex
                | Keyword::PipePattern
                | Keyword::NotPattern,
                _,
            ) => State::FilterText,
            (Keyword::NotEqual | Keyword::NotRegexMatch, State::Pipeline) => State::FilterText,
            (Keyword::Or, State::Pipeline) => State::FilterText,
            (Keyword::Pipe, _) => State::Stage,
            (Keyword::Comma, State::Pipeline | State::InStage | State::StageLabel) => {
                State::StageLabel
            }
            (Keyword::Comma, _) => State::Operand { is_operator: false },
            (Keyword::Logfmt, State::Stage) => State::Logfmt,
            (Keyword::Strict | Keyword::KeepEmpty, _) => State::Logfmt,
            (Keyword::Unwrap, _) => State::Unwrap,
            (Keyword::Decolorize | Keyword::Unpack, State::Stage) => State::Pipeline,
            (Keyword::Drop | Keyword::Keep | Keyword::LabelFormat, State::Stage) => {
                State::StageLabel
            }
            (Keyword::Json, State::Stage) => State::Pipeline,
            (Keyword::And | Keyword::Or, State::InStage) => State::StageLabel,
            (_, State::Stage | State::StageLabel | State::InStage | State::Unwrap) => {
                State::InStage
            }
            (_, _) if is_metric => State::Operand { is_operator: true },
            (Keyword::Vector | Keyword::LabelReplace, _) => {
                State::Aggregation { is_range: false, is_grouped: true }
            }
            (_, state) => state,
        }
    }

    fn in_braces(&mut self, token: &Token) -> State {
        match &token.kind {
            TokenKind::Keyword(Keyword::CloseBrace) => State::Pipeline,
            TokenKind::Keyword(Keyword::Comma) => State::Matcher,
            TokenKind::String(name) => {
                self.label = name.clone();
                State::MatchOperator
            }
            _ => {
                self.label = token.span.text(self.query).into();
                State::MatchOperator
            }
        }
    }

    /// The place at the end of what was read.
    fn place(&self) -> Place {
        let in_range = self
            .frames
            .iter()
            .any(|frame| matches!(frame, Frame::Arguments { is_range: true, .. }));
        let matchers = || self.matchers.clone();
        match self.state {
            State::Operand { is_operator } => Place::Operand { is_operator },
            State::Aggregation { is_grouped: false, .. } => Place::Grouping,
            State::Labels { .. } | State::Matcher | State::StageLabel => {
                Place::LabelName { matchers: matchers() }
            }
            State::MatchOperator => Place::Matchers,
            State::MatchValue(_) => {
                let mut others = matchers();
                others.retain(|matcher| matcher.name() != &*self.label);
                Place::LabelValue { label: self.label.clone(), matchers: others }
            }
            State::Pipeline => Place::Pipeline { in_range },
            State::Stage => Place::Stage { in_range, matchers: matchers() },
            State::Logfmt => Place::Flags,
            State::Unwrap => Place::Unwrap { matchers: matchers() },
            State::FilterText => Place::FilterText,
            State::BehindMetric { may_group } => Place::BehindMetric { may_group },
            State::Aggregation { .. }
            | State::Clause { .. }
            | State::BehindMatcher
            | State::InStage => Place::Nothing,
        }
    }
}
