//! Answers.

use crate::stage::labels::Category;
use std::fmt;
use std::sync::Arc;
use telemetry_core::labels::{Labels, is_classic_name};
use telemetry_core::syntax::string::quote;
use telemetry_core::time::Nanos;

/// Names and values, sorted by name, each name once. Unlike [`Labels`] it may hold empty values:
/// a parser can find a field that is there and empty.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LabelSet(Arc<Packed>);

/// All names and values in one text.
#[derive(Default, PartialEq, Eq, Hash)]
struct Packed {
    text: Box<str>,
    /// Where each name and each value ends.
    ends: Box<[(usize, usize)]>,
}

impl LabelSet {
    /// The value of a label; `None` where there is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        let numbers = 0..self.len();
        let (mut from, mut to) = (numbers.start, numbers.end);
        while from < to {
            let middle = from + (to - from) / 2;
            let (known, value) = self.pair(middle);
            match known.cmp(name) {
                std::cmp::Ordering::Equal => return Some(value),
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// Names and values by rising name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        (0..self.len()).map(|number| self.pair(number))
    }

    fn pair(&self, number: usize) -> (&str, &str) {
        let ends = &self.0.ends;
        let start = match number {
            0 => 0,
            _ => ends.get(number - 1).map_or(0, |(_, end)| *end),
        };
        let (name_end, end) = ends.get(number).copied().unwrap_or_default();
        let piece = |from: usize, to: usize| self.0.text.get(from..to).unwrap_or_default();
        (piece(start, name_end), piece(name_end, end))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.ends.is_empty()
    }

    /// A set of labels that are sorted by name, each name once.
    pub(crate) fn of_sorted<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let bytes = pairs.clone().map(|(name, value)| name.len() + value.len()).sum();
        let mut text = String::with_capacity(bytes);
        let mut ends = Vec::with_capacity(pairs.clone().count());
        for (name, value) in pairs {
            text.push_str(name);
            let name_end = text.len();
            text.push_str(value);
            ends.push((name_end, text.len()));
        }
        LabelSet(Arc::new(Packed { text: text.into(), ends: ends.into() }))
    }
}

/// Label by label: by name, then by value.
impl Ord for LabelSet {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for LabelSet {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Default for LabelSet {
    fn default() -> Self {
        LabelSet(Arc::new(Packed::default()))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for LabelSet {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut pairs: Vec<(&str, &str)> = pairs.into_iter().collect();
        pairs.sort_by_key(|(name, _)| *name);
        pairs.dedup_by(|(later, _), (earlier, _)| later == earlier);
        LabelSet::of_sorted(pairs.iter().copied())
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
    /// The labels of a line, sorted by name, each name once.
    pub(crate) fn new(all: &[(&str, &str, Category)]) -> Self {
        let of = |wanted: Category| {
            let own = all.iter().filter(move |(_, _, category)| *category == wanted);
            LabelSet::of_sorted(own.map(|(name, value, _)| (*name, *value)))
        };
        LabelOrigin {
            stream: of(Category::Stream),
            metadata: of(Category::Metadata),
            parsed: of(Category::Parsed),
        }
    }

    /// Whether these are the labels of a line, sorted by name.
    pub(crate) fn is(&self, all: &[(&str, &str, Category)]) -> bool {
        let of = |wanted: Category, set: &LabelSet| {
            let own = all.iter().filter(|(_, _, category)| *category == wanted);
            set.iter().eq(own.map(|(name, value, _)| (*name, *value)))
        };
        of(Category::Stream, &self.stream)
            && of(Category::Metadata, &self.metadata)
            && of(Category::Parsed, &self.parsed)
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
