//! `|= "a" or ip("…")`: keeps or drops lines by their bytes. Nothing is copied.
//!
//! A filter on lines as they were stored sees them many at a time: texts, and those that an
//! expression or a pattern cannot match without, are searched for in all of them at once, and only
//! lines that have one are looked at further.

use super::ip::IpSet;
use super::needles::Needles;
use super::pattern::PatternFilter;
use crate::ast::{self, FilterArm, FilterText, LineFilterOp};
use crate::error::StageError;
use memchr::memmem::Finder;
use std::ops::Range;
use telemetry_core::labels::regex::{AnyOf, Regex};
use telemetry_core::source::{self, LogColumns};

/// Shorter texts of an expression are in too many lines to be searched for on their own.
const CLUE_BYTES_MIN: usize = 3;

/// A line filter, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct LineFilter {
    negated: bool,
    /// One of these must be found; for a negated filter, none. Never empty.
    any: Vec<Searcher>,
    clues: Option<Clues>,
}

/// Texts of which a line has one if it matches.
#[derive(Clone, Debug)]
struct Clues {
    needles: Needles,
    /// Whether every line that has one matches.
    decide: bool,
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

    /// Texts of which every line that matches has one, and whether every line that has one matches.
    fn clues(&self) -> Option<(Vec<&[u8]>, bool)> {
        match self {
            Searcher::Text(finder) => Some((vec![finder.needle()], true)),
            Searcher::Regex(regex) => Some((clause(regex)?, false)),
            Searcher::Pattern(pattern) => Some((vec![pattern.longest_literal()?], false)),
            Searcher::Ip(_) => None,
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

/// The texts of an expression that narrow a search the most: the longest, then the fewest.
fn clause(regex: &Regex) -> Option<Vec<&[u8]>> {
    let shortest = |clause: &&AnyOf| clause.texts().map(str::len).min().unwrap_or_default();
    let best = regex
        .required_literals()
        .iter()
        .max_by_key(|clause| (shortest(clause), std::cmp::Reverse(clause.texts().len())))?;
    (shortest(&best) >= CLUE_BYTES_MIN).then(|| best.texts().map(str::as_bytes).collect())
}

impl LineFilter {
    pub(crate) fn new(filter: &ast::LineFilter) -> Result<Self, StageError> {
        let any = filter.arms.iter().map(|arm| Searcher::new(filter.op, arm));
        let any: Vec<Searcher> = any.collect::<Result<_, _>>()?;
        let of_arms: Option<Vec<_>> = any.iter().map(Searcher::clues).collect();
        let clues = of_arms.and_then(|of_arms| {
            let texts: Vec<&[u8]> = of_arms.iter().flat_map(|(texts, _)| texts).copied().collect();
            let decide = of_arms.iter().all(|(_, decide)| *decide);
            Some(Clues { needles: Needles::new(&texts)?, decide })
        });
        Ok(LineFilter { negated: filter.op.is_negative(), any, clues })
    }

    /// Whether the line stays.
    pub(crate) fn keeps(&self, line: &[u8]) -> bool {
        self.matches(line) != self.negated
    }

    fn matches(&self, line: &[u8]) -> bool {
        match &self.clues {
            Some(clues) if clues.decide => clues.needles.is_in(line),
            _ => self.any.iter().any(|searcher| searcher.finds(line)),
        }
    }

    /// Takes away those of `rows`, which rise and lie in `block`, that do not stay.
    pub(crate) fn retain(&self, lines: &LogColumns, block: Range<usize>, rows: &mut Vec<usize>) {
        // Where most lines are gone, a search in all is more work than one in each.
        let (true, Some(clues)) = (rows.len() > block.len() / 2, &self.clues) else {
            rows.retain(|row| self.keeps(lines.line(*row)));
            return;
        };
        let mut hits = Vec::new();
        clues.needles.rows(&lines.text, &lines.text_ends, block.clone(), &mut hits);
        if !clues.decide {
            hits.retain(|row| self.matches(lines.line(*row)));
        }
        if !self.negated && rows.len() == block.len() {
            *rows = hits;
            return;
        }
        let mut hits = hits.into_iter().peekable();
        rows.retain(|row| {
            while hits.next_if(|hit| hit < row).is_some() {}
            hits.next_if_eq(row).is_some() != self.negated
        });
    }

    /// The filter as a source may apply it, if it can.
    pub(crate) fn pushed(&self) -> Option<source::LineFilter> {
        let any = self.any.iter().map(Searcher::pushed).collect::<Option<Vec<_>>>()?;
        Some(source::LineFilter { negated: self.negated, any })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::test_support::keeps;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn many_lines_at_once_are_filtered_as_each_alone(
            lines in prop::collection::vec("[ab1.|]{0,8}", 0..40),
            op in prop::sample::select(vec!["|=", "!=", "|~", "!~", "|>", "!>"]),
            arms in prop::collection::vec(
                prop::sample::select(
                    vec!["", "a", "ab", "aba", "bab1", "b.*b", "aba.?b", "(?i)ABA", "<_>aba", "ab1<_>"]),
                1..4),
            first in prop::option::of("[ab1]"),
        ) {
            let arms: Vec<String> = arms.iter().map(|arm| format!("\"{arm}\"")).collect();
            let query = format!("{{a=\"b\"}} {op} {}", arms.join(" or "));
            let Ok(log) = crate::parse::parse_log(&query) else { return Ok(()) };
            let crate::ast::StageKind::LineFilter(filter) = &log.stages[0].kind else { panic!() };
            let Ok(filter) = LineFilter::new(filter) else { return Ok(()) };
            let mut columns = LogColumns::default();
            lines.iter().for_each(|line| columns.push(0, line.as_bytes(), []));
            let block = lines.len() / 4..lines.len();
            let stays_first = |row: &usize| first.as_ref().is_none_or(|text| lines[*row].contains(text));
            let mut rows: Vec<usize> = block.clone().filter(stays_first).collect();
            let expected: Vec<usize> =
                rows.iter().copied().filter(|row| filter.any.iter()
                    .any(|searcher| searcher.finds(lines[*row].as_bytes())) != filter.negated)
                .collect();
            filter.retain(&columns, block, &mut rows);
            prop_assert_eq!(rows, expected, "{}", query);
        }
    }
}
