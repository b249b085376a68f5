//! A byte range of a query text.

use std::ops::Range;

/// A range of bytes in a query, `start` included, `end` not. An empty span is a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte; never below `start`.
    pub end: usize,
}

impl Span {
    /// The span of `start..end`. An `end` below `start` is taken as `start`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end: end.max(start) }
    }

    /// The empty span at `offset`.
    pub fn at(offset: usize) -> Self {
        Span { start: offset, end: offset }
    }

    /// The smallest span that covers both.
    pub fn cover(self, other: Span) -> Self {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether this is a position rather than a range.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The text under the span; empty where the span does not lie in `text` on character bounds.
    pub fn text(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Line and column of the start, both counted from 1, columns in bytes as Go counts them.
    pub fn line_column(self, text: &str) -> (usize, usize) {
        let before = text.as_bytes().get(..self.start.min(text.len())).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        (line, column)
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Span::new(range.start, range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let text = "sum(\n  rate(x)\n)";
        assert_eq!(Span::at(0).line_column(text), (1, 1));
        assert_eq!(Span::at(7).line_column(text), (2, 3));
        assert_eq!(Span::at(999).line_column(text), (3, 2));
    }

    #[test]
    fn text_outside_is_empty() {
        assert_eq!(Span::new(1, 3).text("abc"), "bc");
        assert_eq!(Span::new(1, 9).text("abc"), "");
        assert_eq!(Span::new(1, 2).text("é"), "");
    }
}
