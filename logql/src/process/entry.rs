//! A line on its way through the stages.

use std::borrow::Cow;
use std::collections::BTreeMap;

use telemetry_core::syntax::number;

/// A line with all that stages know about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The labels of its stream.
    pub labels: BTreeMap<String, String>,
    /// Structured metadata.
    pub metadata: BTreeMap<String, String>,
    /// When it was written, in nanoseconds.
    pub time: i64,
    /// The line.
    pub line: Vec<u8>,
    /// What stages found in it; the labels, to begin with.
    pub extracted: BTreeMap<String, Value>,
}

/// A value that a stage found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// Nothing, as JSON's null.
    Null,
}

impl Value {
    /// The value as text; none of nothing.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Number(value) => {
                let mut text = String::new();
                // Writing to a string does not fail.
                let _ = number::write_f(&mut text, *value);
                Some(Cow::Owned(text))
            }
            Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Value::Null => None,
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl Entry {
    /// An extracted value as text.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.extracted.get(name)?.text()
    }

    pub(super) fn extract(&mut self, name: &str, value: impl Into<Value>) {
        self.extracted.insert(name.to_owned(), value.into());
    }

    /// The line as text; what is not UTF-8 is replaced.
    pub(super) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.line)
    }

    /// What a stage reads: an extracted value, or the line where it names none.
    pub(super) fn source(&self, name: &str) -> Option<Cow<'_, str>> {
        if name.is_empty() { Some(self.text()) } else { self.get(name) }
    }

    /// Puts back what a stage made of its source.
    pub(super) fn set_source(&mut self, name: &str, text: String) {
        if name.is_empty() {
            self.line = text.into_bytes();
        } else {
            self.extract(name, text);
        }
    }
}
