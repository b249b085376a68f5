//! Why an input was refused as a whole.

use std::io;

use telemetry_core::labels::RegexError;
use telemetry_core::sink::{RefusalReason, SinkError};

/// An input that cannot be decoded, or whose items could not be stored.
///
/// Positions count bytes from the start of the input as it was handed in; where that is compressed,
/// from the start of what it holds. Nothing was committed. Items that a sink
/// took before the error are not wanted any more: drop the sink, or the batch behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes that are not a protobuf message, or not the one expected.
    #[error("byte {position}: {kind}")]
    Protobuf {
        /// Offset of the byte that is wrong.
        position: usize,
        /// What is wrong with it.
        kind: ProtobufErrorKind,
    },
    /// Text that is not JSON, or not the JSON expected.
    #[error("byte {position}: {kind}")]
    Json {
        /// Offset of the byte that is wrong.
        position: usize,
        /// What is wrong with it.
        kind: JsonErrorKind,
    },
    /// Attribute values nested too deeply.
    #[error("byte {position}: values are nested more than {limit} deep")]
    TooDeep {
        /// Offset of the value that goes too deep.
        position: usize,
        /// How deep values may be nested.
        limit: u32,
    },
    /// A line that is not in the text exposition format, or not in OpenMetrics.
    #[error("line {line} (byte {position}): {kind}")]
    Exposition {
        /// Offset of the byte that is wrong.
        position: usize,
        /// Number of its line, from 1.
        line: usize,
        /// What is wrong with it.
        kind: ExpositionErrorKind,
    },
    /// A profile that breaks a rule of pprof.
    #[error("byte {position} of the profile: {kind}")]
    Pprof {
        /// Offset of the message that breaks the rule.
        position: usize,
        /// The rule.
        kind: PprofErrorKind,
    },
    /// Compressed data that is damaged or ends early.
    #[error("the compressed data is damaged: {source}")]
    Gzip {
        /// The decompressor's own error.
        source: io::Error,
    },
    /// Data that is not one block of snappy.
    #[error("the compressed data is damaged: {source}")]
    Snappy {
        /// The decompressor's own error.
        source: io::Error,
    },
    /// The labels of a log stream that are not spelt as labels.
    #[error("byte {position}: {kind}")]
    StreamLabels {
        /// Offset of the byte that is wrong.
        position: usize,
        /// What is wrong with it.
        kind: StreamLabelsErrorKind,
    },
    /// An input that cannot be read on.
    #[error("the input cannot be read: {source}")]
    Read {
        /// The reader's own error.
        source: io::Error,
    },
    /// A field of an export of the journal whose length is not that of its value.
    #[error("byte {position}: the length of a field of the journal is not that of its value")]
    JournalField {
        /// Offset of the length, from the start of the record.
        position: usize,
    },
    /// A push without a single stream.
    #[error("a push has at least one stream")]
    NoStreams,
    /// A matcher of a remote read that is none.
    #[error("byte {position}: no matcher{}", source.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Matcher {
        /// Offset of the matcher.
        position: usize,
        /// What is wrong with its regular expression; else its type or text does not exist.
        source: Option<Box<RegexError>>,
    },
    /// A series that cannot be stored, in an input that is useless without it.
    #[error("byte {position}: {reason}")]
    Unusable {
        /// Offset of the series.
        position: usize,
        /// What is wrong with it.
        reason: RefusalReason,
    },
    /// A frame whose checksum is another than it says.
    #[error("byte {position}: checksum {found:#010x}, expected {expected:#010x}")]
    Checksum {
        /// Offset of the message in the frame.
        position: usize,
        /// The checksum of what is there.
        found: u32,
        /// The checksum that the frame says.
        expected: u32,
    },
    /// Data that is larger than allowed when decompressed.
    #[error("decompressed, the data has more than the {limit} bytes that are allowed")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// The sink could not store the items.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl Error {
    /// Where in the input it went wrong, where that is known.
    pub fn position(&self) -> Option<usize> {
        match self {
            Error::Protobuf { position, .. }
            | Error::Json { position, .. }
            | Error::TooDeep { position, .. }
            | Error::Exposition { position, .. }
            | Error::StreamLabels { position, .. }
            | Error::Matcher { position, .. }
            | Error::Unusable { position, .. }
            | Error::Checksum { position, .. }
            | Error::JournalField { position }
            | Error::Pprof { position, .. } => Some(*position),
            Error::Gzip { .. }
            | Error::Snappy { .. }
            | Error::TooLarge { .. }
            | Error::NoStreams
            | Error::Read { .. }
            | Error::Sink(_) => None,
        }
    }
}

/// An error on its way out of a decoder: one word, so that what is right costs nothing to return.
pub(crate) type Fault = Box<Error>;

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        *fault
    }
}

/// What is wrong with protobuf bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtobufErrorKind {
    /// The message ends in the middle of a field.
    #[error("the message ends inside a field")]
    Truncated,
    /// A variable-length integer of more than 64 bits.
    #[error("a varint has more than 64 bits")]
    VarintTooLong,
    /// A field number of zero or beyond the largest.
    #[error("no field has the number {number}")]
    FieldNumber {
        /// The number.
        number: u64,
    },
    /// A wire type that does not exist.
    #[error("wire type {found} does not exist")]
    UnknownWireType {
        /// The wire type.
        found: u8,
    },
    /// Packed numbers whose bytes do not divide into numbers.
    #[error("the packed numbers end inside a number")]
    Packed,
    /// A metric family without a name, or with one that is not UTF-8.
    #[error("the metric family has no name, or text that is not UTF-8")]
    FamilyText,
    /// A metric type that does not exist.
    #[error("metric type {found} does not exist")]
    MetricType {
        /// The number of the type.
        found: i32,
    },
    /// A unit that the family's name does not end in.
    #[error("the family's name must end in `_` and the unit")]
    FamilyUnit,
    /// A native histogram whose parts do not fit together.
    #[error("the parts of a histogram do not fit together")]
    Histogram,
    /// Groups that do not end, end unasked, or are nested too deeply.
    #[error("a group does not end, was not begun, or is nested too deeply")]
    Group,
}

/// What is wrong with JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The text is not UTF-8.
    #[error("the text is not valid UTF-8")]
    Utf8,
    /// The text ends too early.
    #[error("the text ends too early")]
    End,
    /// A character that cannot stand here.
    #[error("expected {expected}")]
    Expected {
        /// What could stand here.
        expected: &'static str,
    },
    /// A backslash followed by something that is no escape.
    #[error("no escape is spelt like this")]
    Escape,
    /// A control character inside a string.
    #[error("a control character in a string must be escaped")]
    Control,
    /// A number that the field's type cannot hold.
    #[error("the number does not fit {kind}")]
    Number {
        /// The field's type.
        kind: &'static str,
    },
    /// Text that is not an id in hexadecimal digits.
    #[error("an id consists of pairs of hexadecimal digits")]
    Hex,
    /// Text that is not base64.
    #[error("the text is not base64")]
    Base64,
    /// A name that no value of the enumeration has.
    #[error("no value of the enumeration has this name")]
    EnumName,
    /// Something behind the end of the request.
    #[error("the request has ended before this")]
    Trailing,
    /// Arrays and objects nested too deeply.
    #[error("arrays and objects are nested too deeply")]
    TooDeep,
}

/// What is wrong with a line of the text exposition format or of OpenMetrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpositionErrorKind {
    /// A line that starts with nothing that may start one.
    #[error("expected a metric name, `{{` or `#`")]
    Start,
    /// `HELP` or `TYPE` without a metric name.
    #[error("expected a metric name after {keyword}")]
    FamilyName {
        /// The keyword.
        keyword: &'static str,
    },
    /// A metric type that does not exist.
    #[error("no metric type is called this")]
    MetricType,
    /// Labels without a metric name.
    #[error("the metric has no name")]
    NoName,
    /// Something else than a label name in braces.
    #[error("expected a label name or `}}`")]
    LabelName,
    /// A label name without `=`.
    #[error("expected `=`")]
    Equal,
    /// A label without a quoted value on the same line.
    #[error("expected a label value in double quotes")]
    LabelValue,
    /// A metric without a value.
    #[error("expected a value")]
    Value,
    /// A value that is no number.
    #[error("the value is not a number")]
    Number,
    /// A number that fits no float.
    #[error("the number is out of range")]
    OutOfRange,
    /// A timestamp that is no integer of 64 bits.
    #[error("the timestamp is not an integer of milliseconds")]
    Timestamp,
    /// Something behind the value and the timestamp.
    #[error("expected the end of the line")]
    LineEnd,
    /// A name, value or help text that is not UTF-8.
    #[error("the text is not valid UTF-8")]
    Utf8,
    /// A second metric name in braces.
    #[error("the metric has a name already")]
    SecondName,
    /// `HELP`, `TYPE` or `UNIT` without a text behind the name.
    #[error("expected a space and a text on this line")]
    Text,
    /// A unit that the family's name does not end in.
    #[error("the family's name must end in `_` and the unit")]
    Unit,
    /// Labels that are not separated by one comma.
    #[error("expected `,` or `}}`")]
    LabelSeparator,
    /// OpenMetrics that does not end in `# EOF`.
    #[error("the text does not end in `# EOF`")]
    NoEof,
    /// Something behind `# EOF`.
    #[error("the text has ended before this")]
    AfterEof,
}

/// What is wrong with the labels of a log stream, `{name="value", …}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamLabelsErrorKind {
    /// The text is not UTF-8.
    #[error("the labels are not valid UTF-8")]
    Utf8,
    /// Something else than `{` in front.
    #[error("expected `{{`")]
    Open,
    /// Something else than a name.
    #[error("expected a label name")]
    Name,
    /// A name without `=`.
    #[error("expected `=`")]
    Equal,
    /// Something else than a quoted value.
    #[error("expected a label value in quotes")]
    Value,
    /// A value without `,` or `}` behind it.
    #[error("expected `,` or `}}`")]
    Separator,
    /// Something behind `}`.
    #[error("the labels have ended before this")]
    Trailing,
}

/// A rule of pprof that a profile breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PprofErrorKind {
    /// A format from before protobuf, which is not read.
    #[error("a profile in a format from before protobuf ({format})")]
    Legacy {
        /// The format.
        format: &'static str,
    },
    /// Not a profile: it has neither sample types nor anything else.
    #[error("there is no sample type")]
    NoSampleType,
    /// A string table that does not start with the empty string.
    #[error("the first string must be empty")]
    FirstString,
    /// A position past the end of the string table.
    #[error("there is no string {index}, only {len}")]
    NoString {
        /// The position.
        index: i64,
        /// Length of the table.
        len: usize,
    },
    /// An id of zero beside ids that are not.
    #[error("a {table} has the id 0")]
    ZeroId {
        /// The table.
        table: &'static str,
    },
    /// An id that occurs twice.
    #[error("two entries of the table of {table}s have the id {id}")]
    DuplicateId {
        /// The table.
        table: &'static str,
        /// The id.
        id: u64,
    },
    /// An id that no entry of the table has.
    #[error("no {table} has the id {id}")]
    NoSuchId {
        /// The table.
        table: &'static str,
        /// The id.
        id: u64,
    },
    /// A sample with more or fewer values than there are sample types.
    #[error("the sample has {found} values for {expected} sample types")]
    Values {
        /// Values of the sample.
        found: usize,
        /// Sample types of the profile.
        expected: usize,
    },
    /// A table of more entries than can be referred to.
    #[error("a table has too many entries")]
    TableTooLong,
}
