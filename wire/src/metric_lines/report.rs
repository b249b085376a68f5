//! What became of lines.

use std::fmt;

use telemetry_core::sink::RefusalReason;

use crate::error::JsonErrorKind;

/// What was read so far. An item is a sample, or a line that holds none because it is wrong.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Imported {
    /// Bytes that were fed.
    pub bytes: u64,
    /// Lines whose ends have come, empty ones too.
    pub lines: u64,
    /// Samples that are stored.
    pub stored: u64,
    /// Items that are not.
    pub refused: u64,
    /// The first of them, up to [`LineOptions::refusals_max`](super::LineOptions::refusals_max), in
    /// the order of the lines.
    pub refusals: Vec<RefusedLine>,
    /// Times of the oldest and the newest sample handed to the sink, in milliseconds.
    pub range: Option<(i64, i64)>,
}

/// An item that is not stored.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedLine {
    /// Number of its line, from 1.
    pub line: u64,
    /// Offset in the line of what is wrong, where it is a place.
    pub byte: Option<usize>,
    /// What is wrong.
    pub fault: LineFault,
}

impl fmt::Display for RefusedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.byte {
            Some(byte) => write!(f, "line {}, byte {byte}: {}", self.line, self.fault),
            None => write!(f, "line {}: {}", self.line, self.fault),
        }
    }
}

/// What is wrong with a line, or with a value in it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// The store refused it.
    #[error(transparent)]
    Store(#[from] RefusalReason),
    /// More bytes than allowed.
    #[error("the line has more than {limit} bytes")]
    TooLong {
        /// Bytes allowed.
        limit: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("the text is not valid UTF-8")]
    Utf8,
    /// JSON that is wrong.
    #[error("{0}")]
    Json(JsonErrorKind),
    /// A JSON object without one of its members.
    #[error("the member {member:?} is missing")]
    Missing {
        /// The member.
        member: &'static str,
    },
    /// Lists of different lengths.
    #[error("{values} values have {timestamps} timestamps")]
    Lengths {
        /// Values found.
        values: usize,
        /// Timestamps found.
        timestamps: usize,
    },
    /// Fewer cells than the layout names.
    #[error("there is no column {column}")]
    NoColumn {
        /// Number of the column, from 1.
        column: usize,
    },
    /// A name in the first line that is missing, or repeated.
    #[error("the first line names no column {name:?}, or several")]
    Header {
        /// The name.
        name: String,
    },
    /// Quotes that do not end, or not at the end of the cell or value.
    #[error("the quotes do not end where they should")]
    Quotes,
    /// Something else than what must stand here.
    #[error("expected {expected}")]
    Expected {
        /// What could stand here.
        expected: &'static str,
    },
    /// A value that is no number.
    #[error("the value is not a number")]
    Number,
    /// A value that is a text, which no sample can be.
    #[error("a text cannot be stored as a sample")]
    Text,
    /// A time that is not of its form, or out of range.
    #[error("the time is not of its form, or out of range")]
    Time,
}

/// A fault and its place, on its way to a report.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) byte: usize,
    pub(super) fault: LineFault,
}

impl Refused {
    pub(super) fn new(byte: usize, fault: LineFault) -> Self {
        Refused { byte, fault }
    }

    pub(super) fn expected(byte: usize, expected: &'static str) -> Self {
        Refused { byte, fault: LineFault::Expected { expected } }
    }
}
