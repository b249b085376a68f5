//! One line of a log.

use crate::time::Nanos;

/// A line with its time and structured metadata.
///
/// The line is bytes: it may be invalid UTF-8 and comes back as it went in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogEntry {
    /// When it was written.
    pub time: Nanos,
    /// The line, without its line end.
    pub line: Vec<u8>,
    /// Names and values beside the line, sorted by name, each name once. A value may be empty.
    pub metadata: Vec<(String, String)>,
}

impl LogEntry {
    /// A line without structured metadata.
    pub fn new(time: impl Into<Nanos>, line: impl AsRef<[u8]>) -> Self {
        LogEntry { time: time.into(), line: line.as_ref().to_vec(), metadata: Vec::new() }
    }

    /// The same entry with `name` set to `value` in its metadata.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.metadata.binary_search_by(|(known, _)| known.as_str().cmp(&name)) {
            Ok(at) => self.metadata[at].1 = value,
            Err(at) => self.metadata.insert(at, (name, value)),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_stays_sorted_and_unique() {
        let entry = LogEntry::new(1, "x").with("b", "1").with("a", "2").with("b", "");
        assert_eq!(entry.metadata, [("a".into(), "2".into()), ("b".into(), String::new())]);
    }
}
