//! `|= "a" or ip("…")`: keeps or drops lines by their bytes. Nothing is copied.

use super::ip::IpSet;
use super::pattern::PatternFilter;
use crate::ast::{self, FilterArm, FilterText, LineFilterOp};
use crate::error::StageError;
use memchr::memmem::Finder;
use telemetry_core::labels::regex::Regex;
use telemetry_core::source;

/// A line filter, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct LineFilter {
    negated: bool,
    /// One of these must be found; for a negated filter, none. Never empty.
    any: Vec<Searcher>,
}

#[derive(Clone, Debug)]
enum Searcher {
    Text(Box<Finder<'static>>),
    Regex(Regex),
    Pattern(PatternFilter),
    Ip(IpSet),
}

impl Searcher {
    fn new(op: LineFilterOp, arm: &FilterArm) -> Result<Self, StageError> {
        use LineFilterOp as Op;
        Ok(match (&arm.text, op) {
            (FilterText::Text(text), Op::Contains | Op::NotContains) => {
                Searcher::Text(Box::new(Finder::new(text.as_bytes()).into_owned()))
            }
            (FilterText::Text(text), Op::Regex | Op::NotRegex) => {
                Searcher::Regex(Regex::new(text)?)
            }
            (FilterText::Text(text), Op::Pattern | Op::NotPattern) => {
                Searcher::Pattern(PatternFilter::new(text)?)
            }
            (FilterText::Ip(pattern), Op::Contains | Op::NotContains) => {
                Searcher::Ip(IpSet::parse(pattern)?)
            }
            (FilterText::Ip(_), _) => return Err(StageError::IpOperation),
        })
    }

    fn finds(&self, line: &[u8]) -> bool {
        match self {
            Searcher::Text(finder) => finder.find(line).is_some(),
            Searcher::Regex(regex) => regex.is_match(line),
            Searcher::Pattern(pattern) => pattern.is_match(line),
            Searcher::Ip(set) => set.is_in(line),
        }
    }

    /// The same condition in the words of a source, if it has words for it.
    fn pushed(&self) -> Option<source::LinePattern> {
        match self {
            Searcher::Text(finder) => Some(source::LinePattern::Contains(finder.needle().to_vec())),
            Searcher::Regex(regex) => Some(source::LinePattern::Regex(regex.clone())),
            Searcher::Pattern(_) | Searcher::Ip(_) => None,
        }
    }
}

impl LineFilter {
    pub(crate) fn new(filter: &ast::LineFilter) -> Result<Self, StageError> {
        let any = filter.arms.iter().map(|arm| Searcher::new(filter.op, arm));
        Ok(LineFilter { negated: filter.op.is_negative(), any: any.collect::<Result<_, _>>()? })
    }

    /// Whether the line stays.
    pub(crate) fn keeps(&self, line: &[u8]) -> bool {
        self.any.iter().any(|searcher| searcher.finds(line)) != self.negated
    }

    /// The filter as a source may apply it, if it can.
    pub(crate) fn pushed(&self) -> Option<source::LineFilter> {
        let any = self.any.iter().map(Searcher::pushed).collect::<Option<Vec<_>>>()?;
        Some(source::LineFilter { negated: self.negated, any })
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::keeps;

    #[test]
    fn arms_and_negation() {
        for (stage, line, kept) in [
            (r#"|= "a" or "b""#, "xb", true),
            (r#"|= "a" or "b""#, "x", false),
            (r#"!= "a" or "b""#, "xb", false),
            (r#"!= "a" or "b""#, "x", true),
            (r#"|~ "^a.c$""#, "abc", true),
            (r#"|~ "a.c""#, "a\nc", false),
            (r#"!~ "b+""#, "abc", false),
            (r#"|= """#, "", true),
            (r#"!~ """#, "x", false),
            (r#"|= ip("10.0.0.0/8") or "x""#, "from 10.1.1.1", true),
            (r#"|> "<_> b""#, "a b", true),
            (r#"!> "<_> b""#, "a b", false),
        ] {
            assert_eq!(keeps(stage, line), kept, "{stage} {line}");
        }
    }
}
