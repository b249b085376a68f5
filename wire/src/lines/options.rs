//! How lines are read, and what was read.

use telemetry_core::labels::Labels;
use telemetry_core::time::Nanos;

use super::form::LineForm;

/// How lines are read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LineOptions {
    /// The stream of the lines.
    pub labels: Labels,
    /// How the file writes its records; none: as its first lines look.
    pub form: Option<LineForm>,
    /// Members of a JSON line that may hold its time, the first that does counts: a text as at the
    /// head of a plain line, or an epoch.
    pub time_fields: Vec<String>,
    /// The time of the first lines, where they have none.
    pub default_time: Nanos,
    /// The latest time that a date without a year can mean, such as when the file was changed. Without
    /// it such dates (RFC 3164) are no times.
    pub latest: Option<Nanos>,
    /// Whether a line that goes on with the one before it, such as those of a stack trace, is one
    /// with it: a line without a time where others have one, or an indented one.
    pub joins_lines: bool,
    /// Whether lines that follow each other at one time are stored a nanosecond apart. Else equal
    /// lines of one time are one.
    pub keeps_equal_lines: bool,
    /// Bytes past which a line is cut into several.
    pub line_bytes_max: usize,
    /// Bytes of lines that are stored at once.
    pub batch_bytes: usize,
}

impl LineOptions {
    /// Lines of the stream `labels`, in the form that their file turns out to have.
    pub fn new(labels: Labels) -> Self {
        let names = ["time", "ts", "timestamp", "@timestamp", "t", "datetime", "date", "Timestamp"];
        LineOptions {
            labels,
            form: None,
            time_fields: names.map(str::to_owned).to_vec(),
            default_time: Nanos(0),
            latest: None,
            joins_lines: false,
            keeps_equal_lines: true,
            line_bytes_max: 16 << 20,
            batch_bytes: 1 << 20,
        }
    }
}

/// What was read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Bytes that were fed; of a packed file what it holds.
    pub bytes: u64,
    /// Bytes of the file itself, to hold against its length: fewer than `bytes` where it is packed.
    pub file_bytes: u64,
    /// Records that were handed to the sink.
    pub lines: u64,
    /// Those of them without a time of their own.
    pub undated: u64,
    /// Those of them that the sink refused.
    pub refused: u64,
    /// Bytes of their text.
    pub line_bytes: u64,
    /// Times of the oldest and the newest record.
    pub range: Option<(i64, i64)>,
    /// The form of the file, once it is known.
    pub form: Option<LineForm>,
}
