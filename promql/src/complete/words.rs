//! The words of the language, by the place where they may stand.

use super::place::{Operand, Place};
use crate::ast::{AggregateOp, BinaryOp, ValueType};
use crate::functions::signature::SIGNATURES;
use crate::parse::ParseOptions;

/// A word, an operator or a literal of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written.
    pub text: Box<str>,
    /// What it is.
    pub kind: WordKind,
}

/// What a [`Word`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WordKind {
    /// A function; [`signature`](crate::functions::signature::signature) tells more.
    Function,
    /// An aggregation.
    Aggregation,
    /// An operator between two expressions.
    Operator,
    /// An operator of a matcher.
    MatchOperator,
    /// A modifier or clause.
    Keyword,
    /// A length of time.
    Duration,
}

const AGGREGATIONS: [AggregateOp; 14] = [
    AggregateOp::Avg,
    AggregateOp::BottomK,
    AggregateOp::Count,
    AggregateOp::CountValues,
    AggregateOp::Group,
    AggregateOp::LimitK,
    AggregateOp::LimitRatio,
    AggregateOp::Max,
    AggregateOp::Min,
    AggregateOp::Quantile,
    AggregateOp::Stddev,
    AggregateOp::Stdvar,
    AggregateOp::Sum,
    AggregateOp::TopK,
];

const OPERATORS: [BinaryOp; 18] = [
    BinaryOp::Add,
    BinaryOp::Subtract,
    BinaryOp::Multiply,
    BinaryOp::Divide,
    BinaryOp::Modulo,
    BinaryOp::Power,
    BinaryOp::Atan2,
    BinaryOp::Equal,
    BinaryOp::NotEqual,
    BinaryOp::Greater,
    BinaryOp::Less,
    BinaryOp::GreaterOrEqual,
    BinaryOp::LessOrEqual,
    BinaryOp::TrimUpper,
    BinaryOp::TrimLower,
    BinaryOp::And,
    BinaryOp::Or,
    BinaryOp::Unless,
];

/// Offered where a length of time is expected and nothing is typed.
const DURATIONS: [&str; 7] = ["1m", "5m", "15m", "30m", "1h", "1d", "1w"];
/// Offered behind the digits of one.
const UNITS: [&str; 7] = ["ms", "s", "m", "h", "d", "w", "y"];

/// The words that may stand at `place` and begin with `typed`.
pub(super) fn at(place: &Place, typed: &str, options: &ParseOptions) -> Vec<Word> {
    let mut words = Vec::new();
    match place {
        Place::Operand { expects, behind, .. } => {
            operands(*expects, options, &mut words);
            if let Some(behind) = behind {
                let bool_word = behind.comparison.then_some("bool");
                let matching = ["on", "ignoring"].into_iter().filter(|_| behind.matching);
                let group = ["group_left", "group_right"].into_iter().filter(|_| behind.group);
                let fill = ["fill", "fill_left", "fill_right"].into_iter();
                let fill = fill.filter(|_| behind.fill && options.fill_modifiers);
                keywords(
                    bool_word.into_iter().chain(matching).chain(group).chain(fill),
                    &mut words,
                );
            }
        }
        Place::BehindOperand(operand) => behind_operand(*operand, options, &mut words),
        Place::Grouping => keywords(["by", "without"], &mut words),
        Place::MatchOperator => {
            let operators = ["=", "!=", "=~", "!~"].into_iter();
            words.extend(operators.map(|text| word(text, WordKind::MatchOperator)));
        }
        Place::Duration => durations(typed, &mut words),
        Place::AtTime => keywords(["start()", "end()"], &mut words),
        Place::MatcherName { .. }
        | Place::MatcherValue { .. }
        | Place::MetricName { .. }
        | Place::LabelName { .. }
        | Place::Nothing => {}
    }
    let begins = |word: &Word| {
        word.text.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
    };
    words.retain(begins);
    words
}

fn operands(expects: Option<ValueType>, options: &ParseOptions, words: &mut Vec<Word>) {
    // A range vector is made of a selector or of any vector by a sub-query.
    let gives = match expects {
        Some(ValueType::Matrix) => Some(ValueType::Vector),
        expects => expects,
    };
    let fits = |found: ValueType| gives.is_none_or(|gives| gives == found);
    let enabled = |experimental: bool| !experimental || options.experimental_functions;
    let functions = SIGNATURES.iter().filter(|row| fits(row.gives) && enabled(row.experimental));
    words.extend(functions.map(|row| word(row.name, WordKind::Function)));
    if fits(ValueType::Vector) {
        let aggregations = AGGREGATIONS.iter().filter(|op| enabled(op.is_experimental()));
        words.extend(aggregations.map(|op| word(op.name(), WordKind::Aggregation)));
    }
    words.sort_by(|a, b| a.text.cmp(&b.text));
}

fn behind_operand(operand: Operand, options: &ParseOptions, words: &mut Vec<Word>) {
    if operand == Operand::String {
        return;
    }
    if operand != Operand::Range {
        let operators = OPERATORS.iter().filter(|op| operand != Operand::Number || !op.is_set());
        words.extend(operators.map(|op| word(op.name(), WordKind::Operator)));
    }
    if matches!(operand, Operand::Selector | Operand::Range | Operand::Subquery) {
        keywords(["offset", "@"], words);
    }
    if matches!(operand, Operand::Selector | Operand::Range) && options.extended_range_selectors {
        keywords(["anchored", "smoothed"], words);
    }
    if operand == Operand::Aggregation {
        keywords(["by", "without"], words);
    }
}

fn durations(typed: &str, words: &mut Vec<Word>) {
    if typed.is_empty() {
        words.extend(DURATIONS.map(|text| word(text, WordKind::Duration)));
    }
    let digits: String = typed.chars().take_while(char::is_ascii_digit).collect();
    if !digits.is_empty() {
        let longer = |unit| word(&format!("{digits}{unit}"), WordKind::Duration);
        words.extend(UNITS.map(longer));
    }
}

fn keywords(texts: impl IntoIterator<Item = &'static str>, words: &mut Vec<Word>) {
    words.extend(texts.into_iter().map(|text| word(text, WordKind::Keyword)));
}

fn word(text: &str, kind: WordKind) -> Word {
    Word { text: text.into(), kind }
}
