//! [`Matcher`]: a condition on the value of one label.
//!
//! An absent label has the empty value. Regular expressions have Go's syntax and match the whole
//! value ([`Regex::anchored`]). Matchers are immutable and shared by reference counts.

use super::name::is_classic_name;
use super::regex::{Regex, RegexError};
use super::set::Labels;
use crate::syntax::string::write_quoted;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// The operator as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        }
    }

    /// Whether this is `!=` or `!~`.
    pub const fn is_negative(self) -> bool {
        matches!(self, MatchOp::NotEqual | MatchOp::NotRegex)
    }

    /// Whether this is `=~` or `!~`.
    pub const fn is_regex(self) -> bool {
        matches!(self, MatchOp::Regex | MatchOp::NotRegex)
    }

    /// The operator that matches exactly what this one does not.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            MatchOp::Equal => MatchOp::NotEqual,
            MatchOp::NotEqual => MatchOp::Equal,
            MatchOp::Regex => MatchOp::NotRegex,
            MatchOp::NotRegex => MatchOp::Regex,
        }
    }
}

impl fmt::Display for MatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A condition on one label. Equal matchers have the same operator, name and value text.
///
/// ```
/// use telemetry_core::labels::{MatchOp, Matcher};
/// let matcher = Matcher::new(MatchOp::Regex, "job", "api|web")?;
/// assert!(matcher.matches("web") && !matcher.matches("webs"));
/// assert_eq!(matcher.to_string(), r#"job=~"api|web""#);
/// # Ok::<(), telemetry_core::labels::RegexError>(())
/// ```
#[derive(Clone)]
pub struct Matcher {
    op: MatchOp,
    name: Arc<str>,
    value: Arc<str>,
    /// There for `=~` and `!~` only.
    regex: Option<Regex>,
}

impl Matcher {
    /// A matcher; the value of `=~` and `!~` is compiled as [`Regex::anchored`].
    ///
    /// # Errors
    /// The value is no regular expression in Go's syntax.
    pub fn new(
        op: MatchOp,
        name: impl Into<Arc<str>>,
        value: impl Into<Arc<str>>,
    ) -> Result<Self, RegexError> {
        let value = value.into();
        let regex = if op.is_regex() { Some(Regex::anchored(&value)?) } else { None };
        Ok(Matcher { op, name: name.into(), value, regex })
    }

    /// `name="value"`.
    pub fn equal(name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Matcher { op: MatchOp::Equal, name: name.into(), value: value.into(), regex: None }
    }

    /// `name!="value"`.
    pub fn not_equal(name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Matcher { op: MatchOp::NotEqual, name: name.into(), value: value.into(), regex: None }
    }

    /// `name=~"regex"`, or `!~` where `negative`, with a regular expression that is compiled
    /// already, for languages whose options are not those of [`Matcher::new`].
    pub fn with_regex(name: impl Into<Arc<str>>, regex: Regex, negative: bool) -> Self {
        let op = if negative { MatchOp::NotRegex } else { MatchOp::Regex };
        Matcher { op, name: name.into(), value: regex.pattern().into(), regex: Some(regex) }
    }

    /// How it compares.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value or the text of the regular expression.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The regular expression of `=~` and `!~`.
    pub fn regex(&self) -> Option<&Regex> {
        self.regex.as_ref()
    }

    /// Whether the condition holds for a value; the empty value stands for an absent label.
    #[inline]
    pub fn matches(&self, value: &str) -> bool {
        self.fits(value) != self.op.is_negative()
    }

    /// Whether the condition holds for the label's value in `labels`.
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.matches(labels.get(&self.name).unwrap_or_default())
    }

    /// Whether the condition holds for the empty value, hence for sets without the label.
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    /// Whether `value` is what the right side describes, whatever the sign of the operator.
    #[inline]
    fn fits(&self, value: &str) -> bool {
        match &self.regex {
            // Empty text may have no memory behind it, which makes comparing it slow.
            None if value.is_empty() => self.value.is_empty(),
            None => *self.value == *value,
            Some(regex) => regex.is_match_str(value),
        }
    }

    /// The only values that the right side describes, where these are a finite set that is known:
    /// the value of `=`, the alternatives of `=~"a|b"`. A positive matcher matches exactly these;
    /// a negative one everything else. Sorted, without duplicates; may hold the empty value.
    pub fn values(&self) -> Option<Values<'_>> {
        match &self.regex {
            None => Some(Values { one: Some(&self.value), more: [].iter() }),
            Some(regex) => Some(Values { one: None, more: regex.set()?.iter() }),
        }
    }

    /// Text that every value described by the right side begins with; empty where there is none.
    pub fn prefix(&self) -> &str {
        match &self.regex {
            None => &self.value,
            Some(regex) => regex.prefix(),
        }
    }

    /// Whether every value satisfies it, absent ones included: `=~".*"`.
    pub fn matches_all(&self) -> bool {
        self.op == MatchOp::Regex && self.regex.as_ref().is_some_and(Regex::matches_all)
    }

    /// Whether no value satisfies it: `!~".*"`.
    pub fn matches_none(&self) -> bool {
        self.op == MatchOp::NotRegex && self.regex.as_ref().is_some_and(Regex::matches_all)
    }

    /// The matcher that holds exactly where this one does not.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Matcher { op: self.op.inverse(), ..self.clone() }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.name == other.name && self.value == other.value
    }
}

impl Eq for Matcher {}

impl Hash for Matcher {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.op, &self.name, &self.value).hash(state);
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_classic_name(&self.name) {
            f.write_str(&self.name)?;
        } else {
            write_quoted(f, &self.name)?;
        }
        f.write_str(self.op.as_str())?;
        write_quoted(f, &self.value)
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The values of [`Matcher::values`].
#[derive(Clone, Debug)]
pub struct Values<'a> {
    one: Option<&'a str>,
    more: std::slice::Iter<'a, Box<str>>,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.one.take().or_else(|| self.more.next().map(AsRef::as_ref))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = usize::from(self.one.is_some()) + self.more.len();
        (count, Some(count))
    }
}

impl ExactSizeIterator for Values<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;

    fn matcher(op: MatchOp, value: &str) -> Matcher {
        Matcher::new(op, "l", value).unwrap()
    }

    #[test]
    fn an_absent_label_is_empty() {
        let set = labels! { "other" => "x" };
        assert!(matcher(MatchOp::Equal, "").matches_labels(&set));
        assert!(matcher(MatchOp::NotEqual, "x").matches_labels(&set));
        assert!(matcher(MatchOp::Regex, "x|").matches_empty());
        assert!(!matcher(MatchOp::Regex, ".+").matches_empty());
        assert!(matcher(MatchOp::NotRegex, ".+").matches_empty());
    }

    #[test]
    fn regular_expressions_match_the_whole_value() {
        assert!(!matcher(MatchOp::Regex, "a").matches("ab"));
        assert!(!matcher(MatchOp::Regex, "a|b").matches("ab"));
        assert!(matcher(MatchOp::Regex, "a.b").matches("a\nb"));
        assert!(matcher(MatchOp::NotRegex, "a").matches("ab"));
    }

    #[test]
    fn finite_sets_are_known() {
        let values = |op, value| {
            matcher(op, value).values().map(|values| values.collect::<Vec<_>>().join(","))
        };
        assert_eq!(values(MatchOp::Equal, "x"), Some("x".into()));
        assert_eq!(values(MatchOp::Regex, "b|a[12]|b"), Some("a1,a2,b".into()));
        assert_eq!(values(MatchOp::NotRegex, "b|a"), Some("a,b".into()));
        assert_eq!(values(MatchOp::Regex, "a.*"), None);
        assert_eq!(matcher(MatchOp::Regex, "ab.*|abc").prefix(), "ab");
    }

    #[test]
    fn names_that_are_not_classic_are_quoted() {
        let matcher = Matcher::equal("a.b", "c\"d");
        assert_eq!(matcher.to_string(), r#""a.b"="c\"d""#);
    }

    #[test]
    fn the_inverse_holds_where_the_matcher_does_not() {
        for op in [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex] {
            let matcher = matcher(op, "a");
            for value in ["", "a", "b"] {
                assert_ne!(matcher.matches(value), matcher.inverse().matches(value));
            }
        }
    }
}
