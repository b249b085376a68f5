//! Selectors and subqueries.

use super::{CheckError, CheckErrorKind, duration, emptiness, refuse};
use crate::ast::{LabelMatcher, MatrixSelector, Modifiers, Subquery, ValueType, VectorSelector};
use telemetry_core::labels::{METRIC_NAME, MatchOp, Matcher};

/// A selector of which at least one matcher keeps series out that lack its label, so that nobody
/// selects everything by a slip.
pub(super) fn vector(node: &VectorSelector) -> Result<(), CheckError> {
    let selective = labels_only(node)?;
    match &node.name {
        Some(name) => match node.matchers.iter().find(|matcher| &*matcher.name == METRIC_NAME) {
            Some(matcher) => {
                let (first, second) = (name.clone(), matcher.value.clone());
                refuse(CheckErrorKind::NameTwice { first, second }, node.span)
            }
            None => Ok(()),
        },
        None if selective => Ok(()),
        None => refuse(CheckErrorKind::MatchesEverything, node.span),
    }
}

/// A selector that may match everything. Returns whether it does not.
pub(super) fn labels_only(node: &VectorSelector) -> Result<bool, CheckError> {
    modifiers(&node.modifiers)?;
    let mut selective = false;
    for matcher in &node.matchers {
        selective |= !matches_empty(matcher)?;
    }
    Ok(selective)
}

/// Whether the empty value, that is an absent label, matches.
fn matches_empty(matcher: &LabelMatcher) -> Result<bool, CheckError> {
    match matcher.op {
        MatchOp::Equal => Ok(matcher.value.is_empty()),
        MatchOp::NotEqual => Ok(!matcher.value.is_empty()),
        MatchOp::Regex | MatchOp::NotRegex => {
            if let Some(empty) = emptiness::of_plain(&matcher.value) {
                return Ok(empty == (matcher.op == MatchOp::Regex));
            }
            match Matcher::new(matcher.op, &*matcher.name, &*matcher.value) {
                Ok(compiled) => Ok(compiled.matches_empty()),
                Err(error) => refuse(CheckErrorKind::Regex { kind: error.kind }, matcher.span),
            }
        }
    }
}

pub(super) fn matrix(node: &MatrixSelector) -> Result<(), CheckError> {
    vector(&node.selector)?;
    duration::positive(&node.range)
}

pub(super) fn subquery(node: &Subquery, found: ValueType) -> Result<(), CheckError> {
    if found != ValueType::Vector {
        return refuse(CheckErrorKind::SubqueryOperand { found }, node.span);
    }
    duration::positive(&node.range)?;
    if let Some(step) = &node.step {
        duration::positive(step)?;
    }
    modifiers(&node.modifiers)
}

fn modifiers(modifiers: &Modifiers) -> Result<(), CheckError> {
    match &modifiers.offset {
        Some(offset) => duration::any_sign(offset),
        None => Ok(()),
    }
}
