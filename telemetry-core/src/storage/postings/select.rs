//! From matchers to ids, with the meaning that Prometheus gives them.
//!
//! An id that does not have a label has the empty value. So a matcher that the empty value
//! satisfies also selects ids without the label, and is worked out from its opposite: all ids but
//! those whose value does not satisfy it. A matcher that the empty value does not satisfy selects
//! the ids of the values that satisfy it. Regular expressions run once over the values of their
//! label, not over the ids.

use super::bitmap::Postings;
use crate::labels::{MatchOp, Matcher};
use crate::storage::error::Result;

/// An index that matchers can be asked of.
pub trait PostingsIndex {
    /// All ids.
    ///
    /// # Errors
    /// The index is damaged.
    fn all(&self) -> Result<Postings>;

    /// The ids that have a label.
    ///
    /// # Errors
    /// The index is damaged.
    fn with_name(&self, name: &str) -> Result<Postings>;

    /// The ids whose value of a label is one of these.
    ///
    /// # Errors
    /// The index is damaged.
    fn with_values(&self, name: &str, values: &mut dyn Iterator<Item = &str>) -> Result<Postings>;

    /// The ids whose value of a label begins with `prefix` and is one that `keep` wants; it is
    /// called once for every such value.
    ///
    /// # Errors
    /// The index is damaged.
    fn with_values_where(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Postings>;

    /// The ids whose value of the matcher's label satisfies the matcher, or does not where `wanted`
    /// is false: looks at every value that can be meant. An index that knows where texts occur
    /// looks at fewer.
    ///
    /// # Errors
    /// The index is damaged.
    fn with_values_like(&self, matcher: &Matcher, wanted: bool) -> Result<Postings> {
        // Only what the right side describes begins with its prefix.
        let described = matcher.op().is_negative() != wanted;
        let prefix = if described { matcher.prefix() } else { "" };
        self.with_values_where(matcher.name(), prefix, &mut |value| {
            matcher.matches(value) == wanted
        })
    }

    /// The labels that occur, sorted.
    ///
    /// # Errors
    /// The index is damaged.
    fn names(&self) -> Result<Vec<String>>;

    /// The values of a label that occur, sorted.
    ///
    /// # Errors
    /// The index is damaged.
    fn values(&self, name: &str) -> Result<Vec<String>>;
}

/// The ids that satisfy every matcher; all of them where there is none.
///
/// # Errors
/// The index is damaged.
pub fn select<I: PostingsIndex + ?Sized>(index: &I, matchers: &[Matcher]) -> Result<Postings> {
    // Those that name values come first: they are cheap and leave little for the others.
    let mut selected: Option<Postings> = None;
    let (excluding, selecting): (Vec<_>, Vec<_>) =
        matchers.iter().partition(|matcher| matcher.matches_empty());
    let (named, scanning): (Vec<_>, Vec<_>) =
        selecting.into_iter().partition(|matcher| is_named(matcher));
    for matcher in named.into_iter().chain(scanning) {
        if selected.as_ref().is_some_and(Postings::is_empty) {
            break;
        }
        let ids = matching(index, matcher)?;
        match &mut selected {
            Some(selected) => selected.intersect_with(&ids),
            None => selected = Some(ids),
        }
    }
    let mut selected = match selected {
        Some(selected) => selected,
        None => index.all()?,
    };
    for matcher in excluding {
        if selected.is_empty() {
            break;
        }
        if !matcher.matches_all() {
            selected.subtract(&contradicting(index, matcher)?);
        }
    }
    Ok(selected)
}

fn is_named(matcher: &Matcher) -> bool {
    !matcher.op().is_negative() && matcher.values().is_some()
}

/// Ids that have the label with a value that satisfies the matcher, which the empty one does not.
fn matching<I: PostingsIndex + ?Sized>(index: &I, matcher: &Matcher) -> Result<Postings> {
    let name = matcher.name();
    if matcher.matches_none() {
        return Ok(Postings::new());
    }
    if matcher.op() == MatchOp::NotEqual {
        // Only `!=""` is not satisfied by the empty value.
        return index.with_name(name);
    }
    match matcher.values().filter(|_| !matcher.op().is_negative()) {
        Some(mut values) => index.with_values(name, &mut values),
        None => index.with_values_like(matcher, true),
    }
}

/// Ids that have the label with a value that does not satisfy the matcher, which the empty one
/// does.
fn contradicting<I: PostingsIndex + ?Sized>(index: &I, matcher: &Matcher) -> Result<Postings> {
    let name = matcher.name();
    if matcher.op() == MatchOp::Equal {
        // Only `=""` is satisfied by the empty value.
        return index.with_name(name);
    }
    match matcher.values().filter(|_| matcher.op().is_negative()) {
        Some(mut values) => index.with_values(name, &mut values),
        None => index.with_values_like(matcher, false),
    }
}
