//! Texts of which a filter needs one, searched for in many lines at once.
//!
//! ~~~text
//! text of a page   GET /a 200|GET /b 503|GET /c 200|GET /d 503|
//! search for 503          ------------^ row 1
//!                                    ----------------------^ row 3      2 calls for 4 lines
//! ~~~
//!
//! A hit that begins in one line and ends in the next is none; what is left of its line is looked
//! at on its own. So each search takes at least a line, and the whole is linear in text and texts.

use memchr::memmem::Finder;
use regex_automata::util::prefilter::Prefilter;
use regex_automata::{MatchKind, Span};
use std::ops::Range;

/// Texts longer than this are searched for line by line: a search across lines may compare all of
/// a text for each line that it passes.
const NEEDLE_BYTES_MAX: usize = 128;

/// A few texts, none empty.
#[derive(Clone, Debug)]
pub(super) struct Needles {
    search: Search,
}

#[derive(Clone, Debug)]
enum Search {
    One(Box<Finder<'static>>),
    Many(Prefilter),
}

impl Needles {
    /// A search for any of some texts; `None` where it would not be fast.
    pub(super) fn new(texts: &[&[u8]]) -> Option<Self> {
        if texts.iter().any(|text| text.is_empty() || text.len() > NEEDLE_BYTES_MAX) {
            return None;
        }
        let search = match texts {
            [] => return None,
            [text] => Search::One(Box::new(Finder::new(text).into_owned())),
            texts => Search::Many(Prefilter::new(MatchKind::LeftmostFirst, texts)?),
        };
        Some(Needles { search })
    }

    /// The first place of a text.
    fn find(&self, text: &[u8], within: Range<usize>) -> Option<Range<usize>> {
        match &self.search {
            Search::One(finder) => {
                let at = within.start + finder.find(text.get(within)?)?;
                Some(at..at + finder.needle().len())
            }
            Search::Many(prefilter) => {
                prefilter.find(text, Span { start: within.start, end: within.end }).map(Into::into)
            }
        }
    }

    /// Whether a text is in `line`.
    pub(super) fn is_in(&self, line: &[u8]) -> bool {
        self.find(line, 0..line.len()).is_some()
    }

    /// Adds to `rows` those of the lines `block`, which end at `ends`, that have a text.
    pub(super) fn rows(
        &self,
        text: &[u8],
        ends: &[usize],
        block: Range<usize>,
        rows: &mut Vec<usize>,
    ) {
        let end_of = |row: usize| ends.get(row).copied().unwrap_or(text.len());
        let mut row = block.start;
        let mut from = if row == 0 { 0 } else { end_of(row - 1) };
        let Some(limit) = block.end.checked_sub(1).map(end_of) else { return };
        while from < limit {
            let Some(hit) = self.find(text, from..limit) else { return };
            row = row_of(ends, row..block.end, hit.start);
            let end = end_of(row);
            let rest = || text.get(hit.start..end).unwrap_or_default();
            if hit.end <= end || self.is_several() && self.is_in(rest()) {
                rows.push(row);
            }
            row += 1;
            from = end;
        }
    }

    /// Whether another text may lie where one does not fit.
    fn is_several(&self) -> bool {
        matches!(self.search, Search::Many(_))
    }
}

/// The first of `rows` that ends behind the byte `at`: the next few are tried, then halving finds it.
fn row_of(ends: &[usize], rows: Range<usize>, at: usize) -> usize {
    let rest = ends.get(rows.clone()).unwrap_or_default();
    let mut width = 4;
    while width < rest.len() && rest.get(width).is_some_and(|end| *end <= at) {
        width *= 4;
    }
    let near = rest.get(..width.saturating_add(1).min(rest.len())).unwrap_or_default();
    rows.start + near.partition_point(|end| *end <= at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hits_across_lines_are_none() {
        let needles = Needles::new(&[b"ab"]).unwrap();
        let mut rows = Vec::new();
        needles.rows(b"xaba|b", &[1, 2, 4, 6], 0..4, &mut rows);
        assert!(rows.is_empty());
        needles.rows(b"xaab|b", &[1, 1, 4, 6], 0..4, &mut rows);
        assert_eq!(rows, [2]);
    }

    proptest! {
        #[test]
        fn rows_are_those_of_a_search_line_by_line(
            lines in prop::collection::vec("[ab]{0,6}", 0..60),
            texts in prop::collection::vec("[ab]{1,4}", 1..5),
            from in 0_usize..60,
            count in 0_usize..60,
        ) {
            let text = lines.concat();
            let ends: Vec<usize> = lines
                .iter()
                .scan(0, |end, line| {
                    *end += line.len();
                    Some(*end)
                })
                .collect();
            let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            let needles = Needles::new(&texts).unwrap();
            let block = from.min(lines.len())..(from + count).min(lines.len());
            let mut rows = Vec::new();
            needles.rows(text.as_bytes(), &ends, block.clone(), &mut rows);
            let has = |row: &usize| {
                let line = lines[*row].as_bytes();
                texts.iter().any(|text| memchr::memmem::find(line, text).is_some())
            };
            prop_assert_eq!(rows, block.filter(has).collect::<Vec<_>>());
        }
    }
}
