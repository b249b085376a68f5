//! Reads a selector: `name{a="b", c=~"d", "e.f"!="g"}`.
//!
//! The grammar is that of Prometheus' series selectors without their modifiers. A name in front of
//! the braces, or one in quotes inside them, is a matcher on [`METRIC_NAME`]; a classic metric name
//! may hold colons. A comma may end the list. Unlike in PromQL, a selector may match everything: the
//! caller decides what that means.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::matcher::{MatchOp, Matcher};
use super::regex::RegexError;
use super::set::METRIC_NAME;
use crate::syntax::Span;
use crate::syntax::string::{self, StringError};
use std::borrow::Cow;

/// Why a text is no selector, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SelectorError {
    /// What is wrong.
    pub kind: SelectorErrorKind,
    /// Where it is in the text.
    pub span: Span,
}

/// What can be wrong with a selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorErrorKind {
    /// There is neither a name nor an opening brace.
    #[error("expected a metric name or \"{{\"")]
    ExpectedSelector,
    /// There is no label name.
    #[error("expected a label name, a quoted name or \"}}\"")]
    ExpectedName,
    /// There is no operator.
    #[error("expected one of =, !=, =~, !~")]
    ExpectedOperator,
    /// There is neither a comma nor a closing brace.
    #[error("expected \",\" or \"}}\"")]
    ExpectedComma,
    /// Text follows the selector.
    #[error("unexpected text after the selector")]
    Trailing,
    /// The metric's name is given twice.
    #[error("metric name must not be set twice")]
    NameTwice,
    /// A string literal is wrong.
    #[error(transparent)]
    String(StringError),
    /// A regular expression is wrong.
    #[error(transparent)]
    Regex(RegexError),
}

/// The matchers of a selector in the order in which they stand.
///
/// # Errors
/// [`SelectorError`] with the place.
///
/// ```
/// use telemetry_core::labels::parse_selector;
/// let matchers = parse_selector(r#"up{job=~"api|web", "a.b"!=""}"#)?;
/// let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
/// assert_eq!(texts, [r#"__name__="up""#, r#"job=~"api|web""#, r#""a.b"!="""#]);
/// # Ok::<(), telemetry_core::labels::SelectorError>(())
/// ```
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, SelectorError> {
    let mut reader = Reader { text, at: 0 };
    let mut matchers = Vec::new();
    reader.skip_space();
    let name = reader.identifier(true);
    if let Some(name) = name {
        matchers.push(Matcher::equal(METRIC_NAME, name));
        reader.skip_space();
    }
    if reader.eat("{") {
        reader.matchers(&mut matchers, name.is_some())?;
    } else if name.is_none() {
        return Err(reader.error_here(SelectorErrorKind::ExpectedSelector));
    }
    reader.skip_space();
    if !reader.rest().is_empty() {
        return Err(reader.error(SelectorErrorKind::Trailing, reader.at, text.len()));
    }
    Ok(matchers)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn matchers(
        &mut self,
        matchers: &mut Vec<Matcher>,
        mut is_named: bool,
    ) -> Result<(), SelectorError> {
        loop {
            self.skip_space();
            if self.eat("}") {
                return Ok(());
            }
            let start = self.at;
            let (name, quoted) = self.label_name()?;
            self.skip_space();
            match self.operator() {
                Some(op) => {
                    self.skip_space();
                    let value_start = self.at;
                    let value = self.literal()?;
                    let matcher = Matcher::new(op, &*name, &*value).map_err(|error| {
                        self.error(SelectorErrorKind::Regex(error), value_start, self.at)
                    })?;
                    matchers.push(matcher);
                }
                None if quoted && is_named => {
                    return Err(self.error(SelectorErrorKind::NameTwice, start, self.at));
                }
                None if quoted => {
                    is_named = true;
                    matchers.push(Matcher::equal(METRIC_NAME, &*name));
                }
                None => return Err(self.error_here(SelectorErrorKind::ExpectedOperator)),
            }
            self.skip_space();
            if !self.eat(",") && !self.rest().starts_with('}') {
                return Err(self.error_here(SelectorErrorKind::ExpectedComma));
            }
        }
    }

    /// A label's name and whether it is quoted.
    fn label_name(&mut self) -> Result<(Cow<'a, str>, bool), SelectorError> {
        if let Some(name) = self.identifier(false) {
            return Ok((Cow::Borrowed(name), false));
        }
        if self.rest().starts_with(['"', '\'', '`']) {
            return Ok((self.literal()?, true));
        }
        Err(self.error_here(SelectorErrorKind::ExpectedName))
    }

    fn literal(&mut self) -> Result<Cow<'a, str>, SelectorError> {
        let start = self.at;
        let literal = string::read(self.rest()).map_err(|error| {
            let span = (start + error.span.start, start + error.span.end);
            self.error(SelectorErrorKind::String(error), span.0, span.1)
        })?;
        self.at += literal.len;
        Ok(literal.value)
    }

    fn operator(&mut self) -> Option<MatchOp> {
        // The longer ones first.
        let ops = [MatchOp::Regex, MatchOp::NotRegex, MatchOp::NotEqual, MatchOp::Equal];
        ops.into_iter().find(|op| self.eat(op.as_str()))
    }

    fn identifier(&mut self, colons: bool) -> Option<&'a str> {
        let rest = self.rest();
        let is_part = |c: char| c == '_' || c.is_ascii_alphanumeric() || (colons && c == ':');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = rest.get(..end)?;
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += end;
        Some(name)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn error(&self, kind: SelectorErrorKind, start: usize, end: usize) -> SelectorError {
        SelectorError { kind, span: Span::new(start, end) }
    }

    fn error_here(&self, kind: SelectorErrorKind) -> SelectorError {
        let len = self.rest().chars().next().map_or(0, char::len_utf8);
        self.error(kind, self.at, self.at + len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        let matchers = parse_selector(text).unwrap();
        matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn reads_every_form() {
        assert_eq!(printed("up"), r#"__name__="up""#);
        assert_eq!(printed("a:b { }"), r#"__name__="a:b""#);
        assert_eq!(printed("{}"), "");
        assert_eq!(printed("{a='1',b!=`2`,}"), r#"a="1" b!="2""#);
        assert_eq!(printed(r#" { a =~ "1.*" , b!~"2" } "#), r#"a=~"1.*" b!~"2""#);
        assert_eq!(printed(r#"{"a.b", "c d"="e"}"#), r#"__name__="a.b" "c d"="e""#);
    }

    #[test]
    fn errors_say_where() {
        use SelectorErrorKind::*;
        let error = |text| parse_selector(text).unwrap_err();
        for (text, kind, at) in [
            ("", ExpectedSelector, 0),
            ("1a", ExpectedSelector, 0),
            ("{", ExpectedName, 1),
            ("{a", ExpectedOperator, 2),
            ("{a:b=\"c\"}", ExpectedOperator, 2),
            ("{a=\"b\" c=\"d\"}", ExpectedComma, 7),
            ("{a=\"b\"", ExpectedComma, 6),
            ("{,}", ExpectedName, 1),
            ("a{\"b\"}", NameTwice, 2),
            ("{\"a\",\"b\"}", NameTwice, 5),
            ("{} x", Trailing, 3),
        ] {
            let error = error(text);
            assert_eq!((error.kind, error.span.start), (kind, at), "{text}");
        }
        assert!(matches!(error("{a=b}").kind, String(_)));
        assert_eq!(error(r#"{a="\q"}"#).span, Span::new(4, 6));
        let regex = error(r#"{a=~"b**"}"#);
        assert!(matches!(regex.kind, Regex(_)));
        assert_eq!(regex.span, Span::new(4, 9));
    }
}
