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
//! A text that its form says goes on (`P` of CRI) is always joined, unless another stream of the
//! container speaks in between: then it ends there. A line that goes on with the one
//! before it is so where that is wanted: it has no time of its own where others have one, or is
//! indented.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use super::form::Record;

/// Bytes past which a record is not made longer.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// Joins what belongs together, a record late.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    /// The record that may go on, and where in the input it begins.
    open: Option<(Record<'static>, u64)>,
    /// Whether a record had a time: from then on one without a time goes on.
    has_times: bool,
}

impl Joiner {
    /// Takes the next record, which begins at byte `at` of the input, and gives back the one that is
    /// complete by it. `joins` says whether lines may go on.
    pub(super) fn push(
        &mut self,
        record: Record<'_>,
        at: u64,
        joins: bool,
    ) -> Option<Record<'static>> {
        let goes_on = joins && self.goes_on(&record);
        if let Some((open, _)) = &mut self.open
            && open.line.len() + record.line.len() < RECORD_BYTES_MAX
            && (open.is_partial && open.metadata == record.metadata || goes_on)
        {
            let line = open.line.to_mut();
            if !open.is_partial {
                line.push(b'\n');
            }
            line.extend_from_slice(&record.line);
            open.is_partial &= record.is_partial;
            return None;
        }
        self.has_times |= record.time.is_some();
        self.open.replace((owned(record), at)).map(|(open, _)| open)
    }

    /// Where in the input the record begins that waits for its end.
    pub(super) fn open_from(&self) -> Option<u64> {
        self.open.as_ref().map(|(_, at)| *at)
    }

    /// The record that waits, if its text does not go on.
    pub(super) fn finish_whole(&mut self) -> Option<Record<'static>> {
        self.open.take_if(|(open, _)| !open.is_partial).map(|(open, _)| open)
    }

    /// The record that waits.
    pub(super) fn finish(&mut self) -> Option<Record<'static>> {
        self.open.take().map(|(open, _)| open)
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
            out.extend(joiner.push(record, 0, joins));
            out.extend(if joins { None } else { joiner.finish_whole() });
        }
        out.extend(joiner.finish());
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
}
