//! Lines that belong together.
//!
//! ~~~text
//! 2026-11-25 06:34:57 ERROR request failed       ─┐
//! java.lang.IllegalStateException: no route       │ one record
//!     at Router.find(Router.java:17)              │
//! Caused by: …                                   ─┘
//! 2026-11-25 06:34:58 INFO next                    the next one
//! ~~~

/// What a log says at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Nanoseconds since the Unix epoch, if the text tells.
    pub(crate) time: Option<i64>,
    /// The text, line breaks inside included.
    pub(crate) line: Vec<u8>,
    /// What is known beside it: names that are short, values as they were written.
    pub(crate) metadata: Vec<(&'static str, String)>,
    /// Whether the text goes on in the next record of the same form.
    pub(crate) is_partial: bool,
}

/// Bytes past which a record is not made longer.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// Joins what belongs together, a record late.
#[derive(Default)]
pub(crate) struct Joiner {
    open: Option<Record>,
    /// Whether a record of this file had a time: from then on one without a time goes on.
    has_times: bool,
}

impl Joiner {
    /// Takes the next record and gives back the one that is complete by it.
    pub(crate) fn push(&mut self, record: Record) -> Option<Record> {
        let goes_on = self.goes_on(&record);
        let Some(open) = &mut self.open else {
            self.has_times |= record.time.is_some();
            self.open = Some(record);
            return None;
        };
        let fits = open.line.len() + record.line.len() < RECORD_BYTES_MAX;
        if fits && open.is_partial {
            open.line.extend_from_slice(&record.line);
            open.is_partial = record.is_partial;
            return None;
        }
        if fits && goes_on {
            open.line.push(b'\n');
            open.line.extend_from_slice(&record.line);
            return None;
        }
        self.has_times |= record.time.is_some();
        self.open.replace(record)
    }

    /// The last record.
    pub(crate) fn finish(self) -> Option<Record> {
        self.open
    }

    fn goes_on(&self, record: &Record) -> bool {
        if record.time.is_some() || !record.metadata.is_empty() {
            return false;
        }
        let line = &record.line;
        let is_indented = matches!(line.first(), Some(b' ' | b'\t'));
        self.has_times || is_indented || line.starts_with(b"Caused by:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(records: &[(Option<i64>, &str)]) -> Vec<String> {
        let mut joiner = Joiner::default();
        let mut out = Vec::new();
        for (time, line) in records {
            let record =
                Record { time: *time, line: line.as_bytes().to_vec(), ..Record::default() };
            out.extend(joiner.push(record));
        }
        out.extend(joiner.finish());
        out.into_iter().map(|record| String::from_utf8(record.line).unwrap()).collect()
    }

    #[test]
    fn a_line_without_a_time_goes_on_where_others_have_one() {
        assert_eq!(joined(&[(Some(1), "a"), (None, "b"), (Some(2), "c")]), ["a\nb", "c"]);
    }

    #[test]
    fn without_times_only_indented_lines_go_on() {
        assert_eq!(joined(&[(None, "a"), (None, "  b"), (None, "c")]), ["a\n  b", "c"]);
    }
}
