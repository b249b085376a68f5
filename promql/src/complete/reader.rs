//! The grammar as far as the cursor needs it: one that knows no errors.
//!
//! A push-down machine over the tokens in front of the cursor: a [`State`] says what was just read,
//! a stack of [`Frame`]s which brackets are open. It accepts more than the grammar does; a token
//! that fits nowhere leads to [`State::Lost`], from where there is no way back.

use telemetry_core::labels::{METRIC_NAME, MatchOp, Matcher};
use telemetry_core::syntax::string;

use super::place::{BehindOperator, Operand, Place};
use crate::ast::{AggregateOp, BinaryOp, ValueType};
use crate::functions::signature::{Signature, signature};
use crate::lexer::{Keyword, Token, TokenKind};
use crate::parse::infix;

/// What was read last.
#[derive(Clone, Copy)]
enum State<'q> {
    Operand {
        behind: Option<BehindOperator>,
        signed: bool,
    },
    /// A name that may turn out to be a function's or a metric's.
    Name(&'q str),
    AggregateName(AggregateOp, &'q str),
    /// The clause of an aggregation; its arguments follow.
    Grouped(AggregateOp),
    /// `by`, `on` and their like; a list of labels follows.
    Clause(Then),
    Behind(Operand),
    Fill,
    Offset(Operand),
    At(Operand),
    AtEdge(Operand),
    Label,
    BehindLabel,
    Matcher,
    MatchOperator,
    MatchValue(MatchOp),
    BehindMatcher,
    Duration,
    BehindDuration,
    Lost,
}

/// What follows a list of labels.
#[derive(Clone, Copy)]
enum Then {
    Arguments(AggregateOp),
    Behind,
    Operand(BehindOperator),
}

/// An open bracket.
enum Frame {
    Group,
    Call { signature: Option<&'static Signature>, at: usize },
    Aggregate { op: AggregateOp, at: usize, grouped: bool },
    Labels(Then),
    Braces { metric: Option<Box<str>>, label: Box<str>, matchers: Vec<Matcher> },
    Brackets { colon: bool },
}

/// Reads tokens and knows where it stands.
pub(super) struct Reader<'q> {
    query: &'q str,
    state: State<'q>,
    frames: Vec<Frame>,
    /// The matchers of the selector that was read last: they narrow what a list of labels may hold.
    last: Vec<Matcher>,
}

impl<'q> Reader<'q> {
    /// A reader of `query` that has read `tokens`.
    pub(super) fn over(query: &'q str, tokens: &[Token]) -> Self {
        let state = State::Operand { behind: None, signed: false };
        let mut reader = Reader { query, state, frames: Vec::new(), last: Vec::new() };
        tokens.iter().for_each(|token| reader.read(*token));
        reader
    }

    fn read(&mut self, token: Token) {
        self.state = match self.frames.last() {
            _ if matches!(self.state, State::Lost) => State::Lost,
            Some(Frame::Braces { .. }) => self.in_braces(token),
            Some(Frame::Brackets { .. }) => self.in_brackets(token.kind),
            Some(Frame::Labels(_)) => self.in_labels(token.kind),
            _ => self.in_expression(token),
        };
    }

    fn in_expression(&mut self, token: Token) -> State<'q> {
        let text = token.span.text(self.query);
        match (self.state, token.kind) {
            (State::Operand { behind, .. }, _) => self.operand(token.kind, text, behind),
            (State::Name(name), TokenKind::LeftParen) => {
                self.frames.push(Frame::Call { signature: signature(name), at: 0 });
                State::Operand { behind: None, signed: false }
            }
            (State::AggregateName(op, _), TokenKind::LeftParen) => self.arguments(op, false),
            (State::Grouped(op), TokenKind::LeftParen) => self.arguments(op, true),
            (State::AggregateName(op, _), TokenKind::Keyword(Keyword::By | Keyword::Without)) => {
                State::Clause(Then::Arguments(op))
            }
            (State::Clause(Then::Arguments(op)), TokenKind::LeftParen) => {
                self.last.clear();
                self.labels(Then::Arguments(op))
            }
            (State::Clause(then), TokenKind::LeftParen) => self.labels(then),
            // `group_left` needs no list.
            (State::Clause(Then::Operand(behind)), _) if !behind.matching && !behind.group => {
                self.operand(token.kind, text, Some(behind))
            }
            (State::Name(name) | State::AggregateName(_, name), TokenKind::LeftBrace) => {
                self.braces(Some(name.into()))
            }
            (State::Name(name) | State::AggregateName(_, name), kind) => {
                self.last = vec![Matcher::equal(METRIC_NAME, name)];
                self.behind(Operand::Selector, kind)
            }
            (State::Behind(operand), kind) => self.behind(operand, kind),
            (State::Fill, TokenKind::RightParen) => {
                let fill =
                    BehindOperator { comparison: false, matching: false, group: false, fill: true };
                State::Operand { behind: Some(fill), signed: false }
            }
            (State::Fill, _) => State::Fill,
            (State::Offset(operand), TokenKind::Number | TokenKind::Duration)
            | (State::At(operand), TokenKind::Number | TokenKind::Duration)
            | (State::AtEdge(operand), TokenKind::RightParen) => State::Behind(operand),
            (state @ (State::Offset(_) | State::At(_)), TokenKind::Plus | TokenKind::Minus) => {
                state
            }
            (State::At(operand), TokenKind::Keyword(Keyword::Start | Keyword::End)) => {
                State::AtEdge(operand)
            }
            (state @ State::AtEdge(_), TokenKind::LeftParen) => state,
            _ => State::Lost,
        }
    }

    /// A token where an operand is expected.
    fn operand(
        &mut self,
        kind: TokenKind,
        text: &'q str,
        behind: Option<BehindOperator>,
    ) -> State<'q> {
        match (kind, behind) {
            (TokenKind::LeftParen, _) => {
                self.frames.push(Frame::Group);
                State::Operand { behind: None, signed: false }
            }
            (TokenKind::RightParen, None) => self.close(),
            (TokenKind::LeftBrace, _) => self.braces(None),
            (TokenKind::Number | TokenKind::Duration, _) => State::Behind(Operand::Number),
            (TokenKind::String, _) => State::Behind(Operand::String),
            (TokenKind::Plus | TokenKind::Minus, _) => {
                State::Operand { behind: None, signed: true }
            }
            (TokenKind::Name | TokenKind::MetricName, _) => State::Name(text),
            (TokenKind::Keyword(keyword), Some(behind)) => self.modifier(keyword, text, behind),
            (TokenKind::Keyword(keyword), None) => named(keyword, text),
            _ => State::Lost,
        }
    }

    /// A keyword behind an operator.
    fn modifier(&mut self, keyword: Keyword, text: &'q str, behind: BehindOperator) -> State<'q> {
        match keyword {
            Keyword::Bool => State::Operand {
                behind: Some(BehindOperator { comparison: false, ..behind }),
                signed: false,
            },
            Keyword::On | Keyword::Ignoring => State::Clause(Then::Operand(BehindOperator {
                comparison: false,
                matching: false,
                group: true,
                fill: true,
            })),
            Keyword::GroupLeft | Keyword::GroupRight => {
                State::Clause(Then::Operand(BehindOperator {
                    comparison: false,
                    matching: false,
                    group: false,
                    fill: true,
                }))
            }
            Keyword::Fill | Keyword::FillLeft | Keyword::FillRight => State::Fill,
            keyword => named(keyword, text),
        }
    }

    /// A token behind an operand.
    fn behind(&mut self, operand: Operand, kind: TokenKind) -> State<'q> {
        if let Some((op, _)) = infix(kind) {
            return after_operator(op);
        }
        match kind {
            TokenKind::LeftBracket if operand != Operand::Range => {
                self.frames.push(Frame::Brackets { colon: false });
                State::Duration
            }
            TokenKind::At => State::At(operand),
            TokenKind::Keyword(Keyword::Offset) => State::Offset(operand),
            TokenKind::Keyword(Keyword::Anchored | Keyword::Smoothed) => State::Behind(operand),
            TokenKind::Keyword(Keyword::By | Keyword::Without)
                if operand == Operand::Aggregation =>
            {
                State::Clause(Then::Behind)
            }
            TokenKind::RightParen => self.close(),
            TokenKind::Comma => match self.frames.last_mut() {
                Some(Frame::Call { at, .. } | Frame::Aggregate { at, .. }) => {
                    *at += 1;
                    State::Operand { behind: None, signed: false }
                }
                _ => State::Lost,
            },
            _ => State::Lost,
        }
    }

    /// The closing parenthesis of the innermost frame.
    fn close(&mut self) -> State<'q> {
        match self.frames.pop() {
            Some(Frame::Aggregate { grouped: false, .. }) => State::Behind(Operand::Aggregation),
            Some(Frame::Group | Frame::Call { .. } | Frame::Aggregate { .. }) => {
                State::Behind(Operand::Other)
            }
            _ => State::Lost,
        }
    }

    fn arguments(&mut self, op: AggregateOp, grouped: bool) -> State<'q> {
        self.frames.push(Frame::Aggregate { op, at: 0, grouped });
        State::Operand { behind: None, signed: false }
    }

    fn labels(&mut self, then: Then) -> State<'q> {
        self.frames.push(Frame::Labels(then));
        State::Label
    }

    fn braces(&mut self, metric: Option<Box<str>>) -> State<'q> {
        self.frames.push(Frame::Braces { metric, label: "".into(), matchers: Vec::new() });
        State::Matcher
    }

    fn in_labels(&mut self, kind: TokenKind) -> State<'q> {
        match (self.state, kind) {
            (State::Label | State::BehindLabel, TokenKind::RightParen) => match self.frames.pop() {
                Some(Frame::Labels(Then::Arguments(op))) => State::Grouped(op),
                Some(Frame::Labels(Then::Operand(behind))) => {
                    State::Operand { behind: Some(behind), signed: false }
                }
                _ => State::Behind(Operand::Other),
            },
            (State::BehindLabel, TokenKind::Comma) => State::Label,
            (
                State::Label,
                TokenKind::Name | TokenKind::MetricName | TokenKind::Keyword(_) | TokenKind::String,
            ) => State::BehindLabel,
            _ => State::Lost,
        }
    }

    fn in_braces(&mut self, token: Token) -> State<'q> {
        let text = token.span.text(self.query);
        let Some(Frame::Braces { metric, label, matchers }) = self.frames.last_mut() else {
            return State::Lost;
        };
        match (self.state, token.kind) {
            (State::Matcher, TokenKind::Name) => {
                *label = text.into();
                State::MatchOperator
            }
            (State::Matcher, TokenKind::String) => {
                *label = unquoted(text);
                State::MatchOperator
            }
            (State::MatchOperator, TokenKind::Assign) => State::MatchValue(MatchOp::Equal),
            (State::MatchOperator, TokenKind::NotEqual) => State::MatchValue(MatchOp::NotEqual),
            (State::MatchOperator, TokenKind::RegexMatch) => State::MatchValue(MatchOp::Regex),
            (State::MatchOperator, TokenKind::RegexNoMatch) => State::MatchValue(MatchOp::NotRegex),
            (State::MatchValue(op), TokenKind::String) => {
                matchers.extend(Matcher::new(op, &**label, &*unquoted(text)).ok());
                State::BehindMatcher
            }
            // A bare text is the metric's name.
            (State::MatchOperator, TokenKind::Comma) => {
                *metric = Some(std::mem::take(label));
                State::Matcher
            }
            (State::BehindMatcher, TokenKind::Comma) => State::Matcher,
            (
                State::Matcher | State::BehindMatcher | State::MatchOperator,
                TokenKind::RightBrace,
            ) => {
                if matches!(self.state, State::MatchOperator) {
                    *metric = Some(std::mem::take(label));
                }
                self.last = self.selected();
                self.frames.pop();
                State::Behind(Operand::Selector)
            }
            _ => State::Lost,
        }
    }

    fn in_brackets(&mut self, kind: TokenKind) -> State<'q> {
        let Some(Frame::Brackets { colon }) = self.frames.last_mut() else { return State::Lost };
        match kind {
            TokenKind::Colon => {
                *colon = true;
                State::Duration
            }
            TokenKind::RightBracket => {
                let operand = if *colon { Operand::Subquery } else { Operand::Range };
                self.frames.pop();
                State::Behind(operand)
            }
            TokenKind::Number | TokenKind::Duration | TokenKind::RightParen => {
                State::BehindDuration
            }
            _ => State::Duration,
        }
    }

    /// The matchers of the selector whose braces are open, its name included.
    fn selected(&self) -> Vec<Matcher> {
        let Some(Frame::Braces { metric, matchers, .. }) = self.frames.last() else {
            return Vec::new();
        };
        let name = metric.as_deref().map(|name| Matcher::equal(METRIC_NAME, name));
        name.into_iter().chain(matchers.iter().cloned()).collect()
    }

    /// The place at the end of what was read.
    pub(super) fn place(&self) -> Place {
        match self.state {
            State::Operand { behind, signed } => {
                let expects = if signed || behind.is_some() { None } else { self.expects() };
                Place::Operand { expects, behind }
            }
            State::Name(_) => Place::BehindOperand(Operand::Selector),
            State::AggregateName(..) => Place::Grouping,
            State::Behind(operand) => Place::BehindOperand(operand),
            State::Offset(_) | State::Duration => Place::Duration,
            State::At(_) => Place::AtTime,
            State::Label => Place::LabelName { matchers: self.last.clone() },
            State::Matcher => Place::MatcherName { matchers: self.selected() },
            State::MatchOperator => Place::MatchOperator,
            State::MatchValue(_) => self.value(),
            State::Clause(Then::Operand(behind)) if !behind.group => {
                Place::Operand { expects: None, behind: Some(behind) }
            }
            State::Clause(_)
            | State::Fill
            | State::AtEdge(_)
            | State::Grouped(_)
            | State::BehindLabel
            | State::BehindMatcher
            | State::BehindDuration
            | State::Lost => Place::Nothing,
        }
    }

    /// The place of a text whose quote was opened at the end of what was read.
    pub(super) fn place_of_text(&self) -> Place {
        match (self.state, self.frames.last()) {
            (State::Matcher, Some(Frame::Braces { metric: None, .. })) => {
                Place::MetricName { matchers: self.selected() }
            }
            (State::Matcher | State::MatchValue(_) | State::Label, _) => self.place(),
            _ => Place::Nothing,
        }
    }

    fn value(&self) -> Place {
        let Some(Frame::Braces { label, .. }) = self.frames.last() else { return Place::Nothing };
        let mut matchers = self.selected();
        matchers.retain(|matcher| matcher.name() != &**label);
        Place::MatcherValue { label: label.clone(), matchers }
    }

    /// The type of the argument that begins here.
    fn expects(&self) -> Option<ValueType> {
        match self.frames.last()? {
            Frame::Call { signature, at } => signature.and_then(|row| row.argument(*at)),
            Frame::Aggregate { op, at: 0, .. } if op.takes_param().is_some() => op.takes_param(),
            Frame::Aggregate { .. } => Some(ValueType::Vector),
            _ => None,
        }
    }
}

/// What a keyword is where an operand is expected.
fn named(keyword: Keyword, text: &str) -> State<'_> {
    match keyword {
        Keyword::Aggregate(op) => State::AggregateName(op, text),
        keyword if keyword.names_a_metric() => State::Name(text),
        _ => State::Lost,
    }
}

fn after_operator(op: BinaryOp) -> State<'static> {
    let behind =
        BehindOperator { comparison: op.is_comparison(), matching: true, group: false, fill: true };
    State::Operand { behind: Some(behind), signed: false }
}

fn unquoted(text: &str) -> Box<str> {
    string::read(text).map(|literal| literal.value.into()).unwrap_or_default()
}
