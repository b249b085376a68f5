//! Which labels a parser has to extract.
//!
//! A metric query that groups `by` some labels needs those, and those that later stages read;
//! parsers skip the rest, and stop once all are found. What is wrong with a line behind that
//! point is then not noticed, which Loki does too and its users rely on: `sum(count_over_time({…}
//! | json [1m]))` extracts nothing and counts broken lines.

use super::labels::{ERROR, EXTRACTED, LineLabels};

/// What parsers are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    /// Nothing at all.
    nothing: bool,
    /// Only these, if there are any.
    required: Vec<Box<str>>,
    /// Errors are wanted as labels.
    preserve_error: bool,
}

impl Hints {
    /// Everything is wanted.
    pub(crate) fn everything() -> Self {
        Hints::default()
    }

    /// Only `names` are wanted; without any, nothing is.
    pub(crate) fn only<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut required: Vec<Box<str>> = Vec::new();
        for name in names {
            required.push(name.into());
            // A clash is stored under the longer name, and read under the shorter one.
            if let Some(short) = name.strip_suffix(EXTRACTED) {
                required.push(short.into());
            }
        }
        required.sort();
        required.dedup();
        let preserve_error = required.iter().any(|name| **name == *ERROR);
        Hints { nothing: required.is_empty(), required, preserve_error }
    }

    /// Whether every label is wanted.
    pub(crate) fn wants_all(&self) -> bool {
        !self.nothing && self.required.is_empty()
    }

    /// Whether some labels are wanted, and not all.
    pub(crate) fn is_narrow(&self) -> bool {
        !self.required.is_empty()
    }

    /// Whether a parser can be left out.
    pub(crate) fn is_nothing(&self, labels: &LineLabels) -> bool {
        self.nothing || self.is_done(labels)
    }

    /// Whether all that is wanted has been found.
    pub(crate) fn is_done(&self, labels: &LineLabels) -> bool {
        !self.required.is_empty() && labels.extracted_count() == self.required.len()
    }

    /// Whether a label of this name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.required.is_empty() || self.required.iter().any(|required| **required == *name)
    }

    /// Whether neither a label of this name, nor one that begins with it, is wanted. Says no where
    /// the name would have to be sanitised first.
    pub(crate) fn skips(&self, name: &[u8]) -> bool {
        if self.required.is_empty() {
            return false;
        }
        let clean = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let wanted = |required: &str| required.as_bytes().starts_with(name);
        !self.required.iter().any(|required| wanted(required))
            && name.first().is_some_and(|byte| !byte.is_ascii_digit())
            && name.iter().all(clean)
    }

    /// Whether a label whose name starts so may be wanted.
    pub(crate) fn wants_prefix(&self, prefix: &str) -> bool {
        self.required.is_empty() || self.required.iter().any(|name| name.starts_with(prefix))
    }

    /// Whether an error must not fail the query.
    pub(crate) fn preserves_error(&self) -> bool {
        self.preserve_error
    }
}
