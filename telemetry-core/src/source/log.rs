//! The read side of a log store: all that a log language needs.

use std::ops::Range;

use super::SourceError;
use super::log_template::{LogTemplates, PageBuckets};
use super::metric::LabelRequest;
use crate::labels::{Labels, Matcher, regex::Regex};
use crate::query::QueryContext;
use crate::time::{Nanos, NanosRange};

/// A store of streams of lines.
pub trait LogSource: Send + Sync {
    /// Pages of the streams that satisfy every matcher and have lines in `request.window`
    /// (its end is not in). A source may return more lines than the request's filters keep,
    /// never fewer.
    ///
    /// # Errors
    ///
    /// Past a bound of `context` [`SourceError::Interrupted`](super::SourceError::Interrupted);
    /// [`SourceError::Store`](super::SourceError::Store) where the store fails.
    fn select(
        &self,
        request: &LogRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn LogPageSet + '_>, SourceError>;

    /// Label sets of the streams that `request` selects, sorted, each once. The window's ends
    /// are milliseconds; the last one is included whole.
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select).
    fn streams(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, SourceError>;
}

/// Which lines a query reads.
#[derive(Clone, Debug)]
pub struct LogRequest {
    /// All must hold on the stream's labels. A matcher that matches the empty text also matches
    /// an absent label.
    pub matchers: Vec<Matcher>,
    /// Lines outside are not needed: start included, end not.
    pub window: NanosRange,
    /// The order in which pages should come, so that a query with a limit can stop early.
    pub direction: Direction,
    /// All must hold on the line as it was stored. A source may apply some of them: a page says
    /// which it has applied exactly.
    pub filters: Vec<LineFilter>,
}

/// Which lines come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The newest.
    #[default]
    Backward,
    /// The oldest.
    Forward,
}

/// A condition on the bytes of a line.
#[derive(Clone, Debug)]
pub struct LineFilter {
    /// Whether the line must not match instead.
    pub negated: bool,
    /// Any of these must match; with none, nothing matches.
    pub any: Vec<LinePattern>,
}

/// What a line is searched for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LinePattern {
    /// These bytes anywhere in the line.
    Contains(Vec<u8>),
    /// A regular expression that matches anywhere in the line.
    Regex(Regex),
}

/// Selected pages in the request's order: by their newest line, newest first, when reading
/// backward; by their oldest line, oldest first, when reading forward. Pages may overlap in time.
pub trait LogPageSet: Send + Sync {
    /// How many pages were selected.
    fn len(&self) -> usize;

    /// Whether none was.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Page `index`; none past the end.
    fn page<'a>(&'a self, index: usize) -> Option<Box<dyn LogPage + 'a>>;
}

/// A run of lines of one stream, in order of time; lines of equal time in the order they came.
pub trait LogPage: Send + Sync {
    /// The labels of the stream.
    fn labels(&self) -> &Labels;

    /// What is known without decoding.
    fn statistics(&self) -> PageStatistics;

    /// Whether this page has applied filter `index` of the request exactly, so that the language
    /// need not.
    fn has_applied(&self, index: usize) -> bool {
        let _ = index;
        false
    }

    /// Fills `into` with the lines of the page in the request's window that pass the filters the
    /// page applies. What was in `into` is gone.
    ///
    /// # Errors
    ///
    /// Where the page is damaged.
    fn decode(&self, want: LogWant, into: &mut LogColumns) -> Result<(), SourceError>;

    /// The lines as [`decode`](Self::decode) would give them, with all columns, where they lie in
    /// memory like that: nothing need be copied to look at them.
    fn decoded(&self) -> Option<&LogColumns> {
        None
    }

    /// Fills `into` with some of the lines that [`decode`](Self::decode) would give: those at
    /// `rows`, which rise. A query that has found its lines in columns needs the text of few.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    fn decode_rows(
        &self,
        rows: &[usize],
        want: LogWant,
        into: &mut LogColumns,
    ) -> Result<(), SourceError> {
        let mut all = LogColumns::default();
        self.decode(want, &mut all)?;
        into.clear();
        rows.iter().for_each(|row| into.push_row(&all, *row));
        Ok(())
    }

    /// The page as templates and columns, where the store has it so.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    fn templates(&self) -> Result<Option<Box<dyn LogTemplates + '_>>, SourceError> {
        Ok(None)
    }

    /// Fills `into` with the number of lines per stretch of time, of exactly the lines that
    /// [`decode`](Self::decode) would give; false where that is not known without decoding.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    fn buckets(&self, into: &mut PageBuckets) -> Result<bool, SourceError> {
        let _ = into;
        Ok(false)
    }
}

impl<T: LogPage + ?Sized> LogPage for &T {
    fn labels(&self) -> &Labels {
        (**self).labels()
    }

    fn statistics(&self) -> PageStatistics {
        (**self).statistics()
    }

    fn has_applied(&self, index: usize) -> bool {
        (**self).has_applied(index)
    }

    fn decode(&self, want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        (**self).decode(want, into)
    }

    fn decoded(&self) -> Option<&LogColumns> {
        (**self).decoded()
    }

    fn decode_rows(
        &self,
        rows: &[usize],
        want: LogWant,
        into: &mut LogColumns,
    ) -> Result<(), SourceError> {
        (**self).decode_rows(rows, want, into)
    }

    fn templates(&self) -> Result<Option<Box<dyn LogTemplates + '_>>, SourceError> {
        (**self).templates()
    }

    fn buckets(&self, into: &mut PageBuckets) -> Result<bool, SourceError> {
        (**self).buckets(into)
    }
}

/// What a page knows about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageStatistics {
    /// Lines on the page.
    pub count: u64,
    /// Bytes of their text, line ends not counted.
    pub line_bytes: u64,
    /// Time of the oldest line.
    pub first: Nanos,
    /// Time of the newest line.
    pub last: Nanos,
    /// Whether any line has structured metadata.
    pub has_metadata: bool,
    /// Whether `count` and `line_bytes` are exactly those of the lines that
    /// [`decode`](LogPage::decode) gives: every line of the page lies in the request's window, and
    /// either no filter was applied or it is known how many lines pass.
    pub is_whole: bool,
}

/// Which columns a query needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogWant {
    /// The text of the lines.
    pub text: bool,
    /// The length of the lines, which a store may know without the text.
    pub lengths: bool,
    /// The structured metadata.
    pub metadata: bool,
}

impl LogWant {
    /// Everything.
    pub const ALL: LogWant = LogWant { text: true, lengths: true, metadata: true };
    /// Only the times.
    pub const TIMES: LogWant = LogWant { text: false, lengths: false, metadata: false };
}

/// Decoded lines: one arena of text, one of metadata, in order of time.
///
/// ~~~text
/// times      t0      t1      t2
/// text       "GET /a" "GET /b" ""          one buffer, cut at `text_ends`
/// metadata   k=v l=w  (none)   k=v         one list, cut at `metadata_ends`
/// ~~~
///
/// Columns that were not wanted are empty. With `lengths` but not `text`, `text_ends` is filled
/// and `text` may stay empty.
#[derive(Clone, Debug, Default)]
pub struct LogColumns {
    /// Times in nanoseconds, ascending.
    pub times: Vec<i64>,
    /// The lines, one after the other.
    pub text: Vec<u8>,
    /// Where each line ends in `text`.
    pub text_ends: Vec<usize>,
    /// Names and values, one after the other.
    pub metadata_text: String,
    /// Where name and value of each pair end in `metadata_text`.
    pub metadata_pairs: Vec<(usize, usize)>,
    /// Where the pairs of each line end in `metadata_pairs`. Empty if no line has metadata.
    pub metadata_ends: Vec<usize>,
}

impl LogColumns {
    /// Number of lines.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Forgets the lines, keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.text.clear();
        self.text_ends.clear();
        self.metadata_text.clear();
        self.metadata_pairs.clear();
        self.metadata_ends.clear();
    }

    /// Adds a line with all its columns.
    pub fn push<'a>(
        &mut self,
        time: i64,
        line: &[u8],
        metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        let before = self.times.len();
        self.times.push(time);
        self.text.extend_from_slice(line);
        self.text_ends.push(self.text.len());
        let pairs = self.metadata_pairs.len();
        for (name, value) in metadata {
            self.metadata_text.push_str(name);
            let name_end = self.metadata_text.len();
            self.metadata_text.push_str(value);
            self.metadata_pairs.push((name_end, self.metadata_text.len()));
        }
        if self.metadata_pairs.len() > pairs || !self.metadata_ends.is_empty() {
            self.metadata_ends.resize(before, pairs);
            self.metadata_ends.push(self.metadata_pairs.len());
        }
    }

    /// Adds line `row` of `other` with the columns that it has.
    pub fn push_row(&mut self, other: &LogColumns, row: usize) {
        let Some(time) = other.times.get(row) else { return };
        let metadata = other.metadata(row);
        if other.text_ends.is_empty() {
            self.push(*time, &[], metadata);
            self.text_ends.clear();
        } else if other.text.is_empty() {
            // Lengths without text: the ends count on.
            let end = self.text_ends.last().copied().unwrap_or_default() + other.line_bytes(row);
            self.push(*time, &[], metadata);
            if let Some(last) = self.text_ends.last_mut() {
                *last = end;
            }
        } else {
            self.push(*time, other.line(row), metadata);
        }
    }

    /// The text of line `index`; empty past the end and where text was not wanted.
    pub fn line(&self, index: usize) -> &[u8] {
        self.text.get(part(&self.text_ends, index)).unwrap_or_default()
    }

    /// The length of line `index` in bytes; 0 past the end and where lengths were not wanted.
    pub fn line_bytes(&self, index: usize) -> usize {
        part(&self.text_ends, index).len()
    }

    /// Names and values of the metadata of line `index`, sorted by name.
    pub fn metadata(&self, index: usize) -> impl Iterator<Item = (&str, &str)> + '_ {
        part(&self.metadata_ends, index).filter_map(|pair| {
            let start = match pair {
                0 => 0,
                _ => self.metadata_pairs.get(pair - 1)?.1,
            };
            let (name_end, end) = *self.metadata_pairs.get(pair)?;
            let name = self.metadata_text.get(start..name_end)?;
            Some((name, self.metadata_text.get(name_end..end)?))
        })
    }
}

/// The range of item `index` in a buffer that is cut at `ends`; empty past the end.
fn part(ends: &[usize], index: usize) -> Range<usize> {
    let Some(end) = ends.get(index) else { return 0..0 };
    let start = match index {
        0 => 0,
        _ => ends.get(index - 1).copied().unwrap_or(*end),
    };
    start..*end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_metadata_come_back() {
        let mut columns = LogColumns::default();
        columns.push(1, b"one", []);
        columns.push(2, b"", [("a", "1"), ("b", "")]);
        columns.push(3, b"three", []);
        assert_eq!(columns.line(0), b"one");
        assert_eq!(columns.line(1), b"");
        assert_eq!(columns.line(2), b"three");
        assert_eq!(columns.line(3), b"");
        assert_eq!(columns.metadata(0).count(), 0);
        assert_eq!(columns.metadata(1).collect::<Vec<_>>(), [("a", "1"), ("b", "")]);
        assert_eq!(columns.metadata(2).count(), 0);
        assert_eq!(columns.metadata(9).count(), 0);
    }

    #[test]
    fn rows_are_taken_with_the_columns_they_have() {
        let mut all = LogColumns::default();
        all.push(1, b"one", [("a", "1")]);
        all.push(2, b"", []);
        all.push(3, b"three", [("b", "2")]);
        let mut some = LogColumns::default();
        [0, 2].into_iter().for_each(|row| some.push_row(&all, row));
        assert_eq!(some.times, [1, 3]);
        assert_eq!((some.line(0), some.line(1)), (&b"one"[..], &b"three"[..]));
        assert_eq!(some.metadata(1).collect::<Vec<_>>(), [("b", "2")]);
        let lengths = LogColumns { text: Vec::new(), ..all.clone() };
        some.clear();
        [1, 2].into_iter().for_each(|row| some.push_row(&lengths, row));
        assert_eq!((some.line_bytes(0), some.line_bytes(1)), (0, 5));
        let times = LogColumns { text_ends: Vec::new(), ..lengths };
        some.clear();
        [1, 2].into_iter().for_each(|row| some.push_row(&times, row));
        assert_eq!((some.len(), some.text_ends.len()), (2, 0));
    }

    #[test]
    fn metadata_column_stays_empty_without_metadata() {
        let mut columns = LogColumns::default();
        columns.push(1, b"one", []);
        assert!(columns.metadata_ends.is_empty());
    }
}
