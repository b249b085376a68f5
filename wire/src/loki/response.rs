//! The answers of Loki's interface, as types of serde: what a host that speaks it puts together, and
//! what a client of a Loki reads.
//!
//! | path | type |
//! |---|---|
//! | `query`, `query_range`, `index/volume`, `index/volume_range` | [`Answer`]`<`[`QueryData`]`>` |
//! | `labels`, `label/{name}/values` | [`Answer`]`<Vec<String>>` |
//! | `series` | [`Answer`]`<Vec<`[`LabelMap`]`>>` |
//! | `format_query` | [`Answer`]`<String>` |
//! | `patterns` | [`Answer`]`<Vec<`[`Pattern`]`>>` |
//! | `index/stats` | [`IndexStats`] |
//! | `detected_fields`, `detected_field/{name}/values`, `detected_labels` | [`DetectedFields`], [`FieldValues`], [`DetectedLabels`] |
//! | a frame of `tail` | [`TailFrame`] |
//! | an error | [`ErrorBody`] |
//!
//! Values are texts, as they are there: a float is spelt as Go spells it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names and values.
pub type LabelMap = BTreeMap<String, String>;

/// `{"status": …, "data": …}`: around most answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer<T> {
    /// How it went.
    #[serde(default)]
    pub status: Status,
    /// What was asked for. Loki leaves it out where a list is empty.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
    /// What is to be known about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl<T> Answer<T> {
    /// The answer of a request that went well.
    pub fn success(data: T) -> Self {
        Answer { status: Status::Success, data: Some(data), warnings: Vec::new() }
    }
}

/// How a request went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Well.
    #[default]
    Success,
    /// Not well.
    Error,
    /// The text is no query.
    InvalidQuery,
}

/// The result of a query with what it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueryData {
    /// The result.
    #[serde(flatten)]
    pub result: QueryResult,
    /// What it took.
    #[serde(default)]
    pub stats: Statistics,
    /// How entries are coded: `categorize-labels` where metadata and parsed labels stand apart.
    #[serde(default, rename = "encodingFlags", skip_serializing_if = "Vec::is_empty")]
    pub encoding_flags: Vec<String>,
}

/// `"resultType"` and `"result"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub enum QueryResult {
    /// Lines by their labels.
    Streams(Vec<Stream>),
    /// Values of series at several times.
    Matrix(Vec<Series>),
    /// Values of series at one time.
    Vector(Vec<Sample>),
    /// One value. Its time is in milliseconds, unlike those of the others.
    Scalar(Point),
}

/// The lines of one label set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The labels.
    pub stream: LabelMap,
    /// The lines, in the order that was asked for.
    pub values: Vec<Entry>,
}

/// `["<nanoseconds>", "<line>", {…}?]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When it was written, in nanoseconds.
    pub time: i64,
    /// The line.
    pub line: String,
    /// Where labels beside those of the stream come from, if that was asked for.
    pub categories: Option<Categories>,
}

/// Labels of a line that are not of its stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Categories {
    /// Structured metadata.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub structured_metadata: LabelMap,
    /// What the query found in the line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parsed: LabelMap,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let len = 2 + usize::from(self.categories.is_some());
        let mut seq = serializer.serialize_seq(Some(len))?;
        seq.serialize_element(&self.time.to_string())?;
        seq.serialize_element(&self.line)?;
        if let Some(categories) = &self.categories {
            seq.serialize_element(categories)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of a time in nanoseconds, as text, and a line")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entry, A::Error> {
                let missing = |at| de::Error::invalid_length(at, &self);
                let time: String = seq.next_element()?.ok_or_else(|| missing(0))?;
                let time = time.parse().map_err(|_| {
                    de::Error::invalid_value(de::Unexpected::Str(&time), &"nanoseconds")
                })?;
                let line = seq.next_element()?.ok_or_else(|| missing(1))?;
                let categories = seq.next_element()?;
                while seq.next_element::<de::IgnoredAny>()?.is_some() {}
                Ok(Entry { time, line, categories })
            }
        }
        deserializer.deserialize_seq(Parts)
    }
}

/// A series with its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The labels.
    pub metric: LabelMap,
    /// The values, by time.
    pub values: Vec<Point>,
}

/// A series with one value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The labels.
    pub metric: LabelMap,
    /// The value.
    pub value: Point,
}

/// `[seconds, "<value>"]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point(
    /// Seconds, with a fraction where there is one; milliseconds in a scalar.
    pub Number,
    /// The value, spelt as Go spells it.
    pub String,
);

/// A number of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// A whole one.
    Whole(i64),
    /// One with a fraction.
    Float(f64),
}

impl Default for Number {
    fn default() -> Self {
        Number::Whole(0)
    }
}

impl Point {
    /// A value at a time in nanoseconds.
    pub fn at(nanos: i64, value: f64) -> Self {
        const NANOS_PER_SECOND: i64 = 1_000_000_000;
        let time = match nanos % NANOS_PER_SECOND {
            0 => Number::Whole(nanos / NANOS_PER_SECOND),
            _ => Number::Float(nanos as f64 / NANOS_PER_SECOND as f64),
        };
        Point(time, telemetry_core::syntax::number::format_f(value))
    }
}

/// What a query took: `summary`, and the figures of Loki's parts as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// All together.
    #[serde(default)]
    pub summary: Summary,
    /// `querier`, `ingester`, `cache`, `index`.
    #[serde(flatten)]
    pub parts: BTreeMap<String, Figures>,
}

/// What a query took, all together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// Bytes of lines a second.
    pub bytes_processed_per_second: i64,
    /// Lines a second.
    pub lines_processed_per_second: i64,
    /// Bytes of lines.
    pub total_bytes_processed: i64,
    /// Lines.
    pub total_lines_processed: i64,
    /// Seconds that it ran.
    pub exec_time: Number,
    /// Seconds that it waited.
    pub queue_time: Number,
    /// Lines or series of the answer.
    pub total_entries_returned: i64,
    /// The others.
    #[serde(flatten)]
    pub more: BTreeMap<String, Figures>,
}

/// Figures under names, as deep as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Figures {
    /// A flag.
    Flag(bool),
    /// A figure.
    Number(Number),
    /// Several.
    Group(BTreeMap<String, Figures>),
}

/// How much a selection holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IndexStats {
    /// Streams.
    pub streams: u64,
    /// Chunks or pages.
    pub chunks: u64,
    /// Bytes of lines.
    pub bytes: u64,
    /// Lines.
    pub entries: u64,
}

/// A pattern with how often lines had it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// The pattern, `<_>` for what varies.
    pub pattern: String,
    /// The level of the lines, where it is told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub level: String,
    /// Times in seconds, and lines.
    pub samples: Vec<(i64, i64)>,
}

/// Fields that lines have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectedFields {
    /// The fields.
    #[serde(default)]
    pub fields: Vec<DetectedField>,
    /// Fields that may be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A field that lines have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectedField {
    /// Its name.
    pub label: String,
    /// `string`, `int`, `float`, `boolean`, `duration` or `bytes`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many values it has, roughly.
    pub cardinality: u64,
    /// The parsers that find it; none for structured metadata.
    pub parsers: Option<Vec<String>>,
    /// Where in a JSON line it is.
    #[serde(default, rename = "jsonPath", skip_serializing_if = "Vec::is_empty")]
    pub json_path: Vec<String>,
}

/// Values of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldValues {
    /// The values.
    #[serde(default)]
    pub values: Vec<String>,
    /// Values that may be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Labels with how many values they have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetectedLabels {
    /// The labels.
    #[serde(default)]
    pub detected_labels: Vec<DetectedLabel>,
}

/// A label with how many values it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectedLabel {
    /// Its name.
    pub label: String,
    /// How many values it has.
    pub cardinality: u64,
}

/// What has come since the last frame of a tail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailFrame {
    /// New lines.
    pub streams: Vec<Stream>,
    /// Lines that were left out because they came too fast.
    #[serde(default)]
    pub dropped_entries: Option<Vec<DroppedEntry>>,
}

/// A line that a tail left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedEntry {
    /// When it was written, in nanoseconds, as text.
    pub timestamp: String,
    /// The labels of its stream.
    pub labels: LabelMap,
}

/// An error where Loki answers in JSON; elsewhere its answer is plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What kind of error.
    pub status: Status,
    /// The error.
    pub error: String,
}
