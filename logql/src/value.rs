//! Answers.

use crate::stage::labels::Category;
use std::fmt;
use std::sync::Arc;
use telemetry_core::labels::{Labels, is_classic_name};
use telemetry_core::syntax::string::quote;
use telemetry_core::time::Nanos;

/// Names and values, sorted by name, each name once. Unlike [`Labels`] it may hold empty values:
/// a parser can find a field that is there and empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelSet(Arc<[(Box<str>, Box<str>)]>);

impl LabelSet {
    /// The value of a label; `None` where there is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.0.get(at).map(|(_, value)| &**value)
    }

    /// Names and values by rising name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for LabelSet {
    fn default() -> Self {
        LabelSet(Arc::new([]))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for LabelSet {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Box<str>, Box<str>)> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        pairs.dedup_by(|(later, _), (earlier, _)| later == earlier);
        LabelSet(pairs.into())
    }
}

impl From<&Labels> for LabelSet {
    fn from(labels: &Labels) -> Self {
        labels.iter().collect()
    }
}

impl fmt::Display for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            match is_classic_name(name) {
                true => write!(f, "{comma}{name}={}", quote(value))?,
                false => write!(f, "{comma}{}={}", quote(name), quote(value))?,
            }
        }
        f.write_str("}")
    }
}

impl fmt::Debug for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The lines of an answer that have the same labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// All labels: of the stream, metadata and parsed.
    pub labels: LabelSet,
    /// The lines, in the order that was asked for.
    pub entries: Vec<LogLine>,
}

/// A line of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub time: Nanos,
    /// Its bytes, which need not be UTF-8.
    pub line: Vec<u8>,
    /// Its labels by where they come from; shared between lines.
    pub origin: Arc<LabelOrigin>,
}

impl LogLine {
    /// The line as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.line)
    }
}

/// Labels by where they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelOrigin {
    /// Of the stream.
    pub stream: LabelSet,
    /// Structured metadata.
    pub metadata: LabelSet,
    /// Made by stages.
    pub parsed: LabelSet,
}

impl LabelOrigin {
    pub(crate) fn new(all: &[(String, String, Category)]) -> Self {
        let of = |wanted: Category| -> LabelSet {
            all.iter()
                .filter(|(_, _, category)| *category == wanted)
                .map(|(name, value, _)| (name.as_str(), value.as_str()))
                .collect()
        };
        LabelOrigin {
            stream: of(Category::Stream),
            metadata: of(Category::Metadata),
            parsed: of(Category::Parsed),
        }
    }

    /// All of them together.
    pub fn all(&self) -> LabelSet {
        self.stream.iter().chain(self.metadata.iter()).chain(self.parsed.iter()).collect()
    }
}

/// The answer of a metric query at one time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Instant {
    /// A number without labels.
    Scalar(f64),
    /// A value per series. Sorted by labels, unless the query sorts by value.
    Vector(Vec<VectorSample>),
}

/// A value of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSample {
    /// Labels of the series.
    pub labels: LabelSet,
    /// Its value.
    pub value: f64,
}

/// A series of an answer over a range of times.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: LabelSet,
    /// Its values by rising time; steps without a value are left out.
    pub points: Vec<(Nanos, f64)>,
}
