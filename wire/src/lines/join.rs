//! Records that belong together.
//!
//! ~~~text
//! 2026-11-25 06:34:57 ERROR request failed       ─┐
//! java.lang.IllegalStateException: no route       │ one record
//!     at Router.find(Router.java:17)              │
//! Caused by: …                                   ─┘
//! 2026-11-25 06:34:58 INFO next                    the next one
//! ~~~
//!
//! A text that its form says goes on (`P` of CRI) is always joined, with what its own stream says
//! next: the streams of a container speak in between each other. Its time is that of its first part. A
//! line that goes on with the one before it is so where that is wanted: it has no time of its own where
//! others have one, or is indented.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::collections::VecDeque;

use super::form::Record;

/// Bytes past which a record is not made longer.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// Streams with a text that waits for its end; when one more comes, the first of them ends as it is.
const STREAMS_MAX: usize = 8;

/// Bytes of input in which the end of a text has to come. They bound what is read again by who goes on
/// from a position.
const WAIT_BYTES_MAX: u64 = 16 << 20;

/// A record that may go on, and where in the input it begins.
type Waiting = (Record<'static>, u64);

/// Joins what belongs together, a record late.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    /// Texts that go on, at most one of each stream, in the order in which they began.
    parts: Vec<Waiting>,
    /// The record that lines may go on with.
    open: Option<Waiting>,
    /// Records that are complete.
    whole: VecDeque<Record<'static>>,
    /// Whether a record had a time: from then on one without a time goes on.
    has_times: bool,
}

impl Joiner {
    /// Takes the next record, which begins at byte `at` of the input. `joins` says whether lines may
    /// go on. What is complete by it is to be fetched with [`next_whole`](Self::next_whole).
    pub(super) fn push(&mut self, record: Record<'_>, at: u64, joins: bool) {
        let first = self.parts.first().map_or(at, |(_, at)| *at);
        if at.saturating_sub(first) > WAIT_BYTES_MAX {
            self.end_part(0, joins);
        }
        let of_stream = |(part, _): &Waiting| part.metadata == record.metadata;
        if let Some(index) = self.parts.iter().position(of_stream) {
            if let Some((part, _)) = self.parts.get_mut(index)
                && part.line.len() + record.line.len() < RECORD_BYTES_MAX
            {
                part.line.to_mut().extend_from_slice(&record.line);
                part.is_partial = record.is_partial;
                if !record.is_partial {
                    self.end_part(index, joins);
                }
                return;
            }
            self.end_part(index, joins);
        }
        if !record.is_partial {
            self.line(record, at, joins);
            return;
        }
        if self.parts.len() >= STREAMS_MAX {
            self.end_part(0, joins);
        }
        self.parts.push((owned(record), at));
    }

    /// The text that waits at `index` has come to its end, or will not.
    fn end_part(&mut self, index: usize, joins: bool) {
        if index < self.parts.len() {
            let (part, at) = self.parts.remove(index);
            self.line(part, at, joins);
        }
    }

    /// Takes a record whose text is whole.
    fn line(&mut self, record: Record<'_>, at: u64, joins: bool) {
        if joins
            && self.goes_on(&record)
            && let Some((open, _)) = &mut self.open
            && open.line.len() + record.line.len() < RECORD_BYTES_MAX
        {
            let line = open.line.to_mut();
            line.push(b'\n');
            line.extend_from_slice(&record.line);
            return;
        }
        self.has_times |= record.time.is_some();
        let before = self.open.replace((owned(record), at));
        self.whole.extend(before.map(|(record, _)| record));
        // Without lines that go on, a text that does not go on is whole.
        if !joins {
            self.end_open();
        }
    }

    fn end_open(&mut self) {
        self.whole.extend(self.open.take().map(|(record, _)| record));
    }

    /// The next record that is complete.
    pub(super) fn next_whole(&mut self) -> Option<Record<'static>> {
        self.whole.pop_front()
    }

    /// Whether no record waits.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.open.is_none()
    }

    /// Whether no record waits that began before byte `at` of the input.
    pub(super) fn begins_at(&self, at: u64) -> bool {
        self.parts.iter().chain(&self.open).all(|(_, begin)| *begin >= at)
    }

    /// Completes every record that waits.
    pub(super) fn finish(&mut self, joins: bool) {
        while !self.parts.is_empty() {
            self.end_part(0, joins);
        }
        self.end_open();
    }

    fn goes_on(&self, record: &Record<'_>) -> bool {
        if record.time.is_some() || !record.metadata.is_empty() {
            return false;
        }
        let line = &record.line;
        let is_indented = matches!(line.first(), Some(b' ' | b'\t'));
        self.has_times || is_indented || line.starts_with(b"Caused by:")
    }
}

fn owned(record: Record<'_>) -> Record<'static> {
    let pair = |(name, value): (&'static str, Cow<'_, str>)| (name, value.into_owned().into());
    Record {
        time: record.time,
        line: record.line.into_owned().into(),
        metadata: record.metadata.into_iter().map(pair).collect(),
        is_partial: record.is_partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(records: &[(Option<i64>, &str)], joins: bool) -> Vec<String> {
        let mut joiner = Joiner::default();
        let mut out = Vec::new();
        for (time, line) in records {
            let is_partial = line.ends_with('…');
            let line = line.trim_end_matches('…').as_bytes().into();
            let record = Record { time: *time, line, is_partial, ..Record::default() };
            joiner.push(record, 0, joins);
            out.extend(std::iter::from_fn(|| joiner.next_whole()));
        }
        joiner.finish(joins);
        out.extend(std::iter::from_fn(|| joiner.next_whole()));
        out.into_iter().map(|record| String::from_utf8(record.line.to_vec()).unwrap()).collect()
    }

    #[test]
    fn a_line_without_a_time_goes_on_where_others_have_one() {
        let lines = [(Some(1), "a"), (None, "b"), (Some(2), "c")];
        assert_eq!(joined(&lines, true), ["a\nb", "c"]);
        assert_eq!(joined(&lines, false), ["a", "b", "c"]);
    }

    #[test]
    fn without_times_only_indented_lines_go_on() {
        assert_eq!(joined(&[(None, "a"), (None, "  b"), (None, "c")], true), ["a\n  b", "c"]);
    }

    #[test]
    fn a_partial_text_is_joined_without_a_line_end() {
        let parts = [(Some(1), "a…"), (Some(2), "b…"), (Some(3), "c"), (Some(4), "d")];
        assert_eq!(joined(&parts, false), ["abc", "d"]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let part = |stream: &'static str, len: usize| Record {
            line: vec![b'x'; len].into(),
            metadata: vec![("stream", stream.into())],
            is_partial: true,
            ..Record::default()
        };
        let names: Vec<&'static str> = "a b c d e f g h i".split(' ').collect();
        let mut joiner = Joiner::default();
        for (at, name) in (0..).zip(&names) {
            joiner.push(part(name, 1), at, false);
        }
        assert_eq!(joiner.parts.len(), STREAMS_MAX);
        assert_eq!(joiner.next_whole().unwrap().metadata, [("stream", "a".into())]);
        // A text ends before it is too long, and where its end does not come.
        joiner.push(part("i", RECORD_BYTES_MAX - 1), 9, false);
        assert_eq!(joiner.next_whole().unwrap().line.len(), 1);
        assert!(joiner.next_whole().is_none());
        joiner.push(part("i", 5), 2 + WAIT_BYTES_MAX, false);
        assert_eq!(joiner.next_whole().unwrap().metadata, [("stream", "b".into())]);
        assert_eq!(joiner.next_whole().unwrap().line.len(), RECORD_BYTES_MAX - 1);
        assert!(joiner.begins_at(2) && !joiner.begins_at(3));
    }
}
