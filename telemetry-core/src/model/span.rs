//! Spans of distributed traces, as OpenTelemetry defines them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::KeyValue;
use crate::time::Nanos;

/// The identity of a trace: 16 bytes, not all zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub [u8; 16]);

/// The identity of a span within its trace: 8 bytes, not all zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub [u8; 8]);

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// More digits than the id has, or none.
    #[error("an id of {bytes} bytes has 1 to {max} hexadecimal digits, found {found}", max = bytes * 2)]
    Length {
        /// Bytes of the id.
        bytes: usize,
        /// Characters found.
        found: usize,
    },
    /// A character that is not a hexadecimal digit.
    #[error("byte {at} of the id is not a hexadecimal digit")]
    Digit {
        /// Offset of the byte.
        at: usize,
    },
}

/// Reads hexadecimal digits, right-aligned: a short id has leading zeros.
fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    if text.is_empty() || text.len() > N * 2 {
        return Err(IdError::Length { bytes: N, found: text.len() });
    }
    let mut id = [0; N];
    let missing = N * 2 - text.len();
    for (at, byte) in text.bytes().enumerate() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return Err(IdError::Digit { at }),
        };
        let position = missing + at;
        id[position / 2] |= if position.is_multiple_of(2) { digit << 4 } else { digit };
    }
    Ok(id)
}

macro_rules! id {
    ($name:ident, $bytes:literal) => {
        impl $name {
            /// Whether every byte is zero, which no valid id is.
            pub fn is_zero(self) -> bool {
                self.0 == [0; $bytes]
            }
        }

        /// Lower-case hexadecimal digits, all of them.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        /// Hexadecimal digits; leading zeros may be left out.
        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map($name)
            }
        }
    };
}

id!(TraceId, 16);
id!(SpanId, 8);

/// What a span did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum SpanKind {
    /// Not said.
    #[default]
    Unspecified = 0,
    /// Work inside one process.
    Internal = 1,
    /// Serves a remote request.
    Server = 2,
    /// Asks a remote service.
    Client = 3,
    /// Sends a message.
    Producer = 4,
    /// Receives a message.
    Consumer = 5,
}

impl SpanKind {
    /// The kind with this number in OTLP; unknown numbers are unspecified.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => SpanKind::Internal,
            2 => SpanKind::Server,
            3 => SpanKind::Client,
            4 => SpanKind::Producer,
            5 => SpanKind::Consumer,
            _ => SpanKind::Unspecified,
        }
    }

    /// The name as TraceQL spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            SpanKind::Unspecified => "unspecified",
            SpanKind::Internal => "internal",
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            SpanKind::Producer => "producer",
            SpanKind::Consumer => "consumer",
        }
    }
}

/// How a span ended; the numbers are those of OTLP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum StatusCode {
    /// Not said.
    #[default]
    Unset = 0,
    /// Well.
    Ok = 1,
    /// With an error.
    Error = 2,
}

impl StatusCode {
    /// The status with this number in OTLP; unknown numbers are unset.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => StatusCode::Ok,
            2 => StatusCode::Error,
            _ => StatusCode::Unset,
        }
    }

    /// The name as TraceQL spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            StatusCode::Unset => "unset",
            StatusCode::Ok => "ok",
            StatusCode::Error => "error",
        }
    }
}

/// A span's status and the message that explains it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SpanStatus {
    /// How it ended.
    pub code: StatusCode,
    /// Why; empty if not said.
    pub message: String,
}

/// Who produced the telemetry: a process, a host, a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// Its attributes, in the order given.
    pub attributes: Vec<KeyValue>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
    /// The schema of the attributes; empty if not said.
    pub schema_url: String,
}

impl Resource {
    /// The value of `service.name`, if it is a string.
    pub fn service_name(&self) -> Option<&str> {
        KeyValue::find(&self.attributes, "service.name").and_then(super::AttributeValue::as_str)
    }
}

/// The library that produced the telemetry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
    /// The schema of the attributes; empty if not said.
    pub schema_url: String,
}

/// Something that happened at one moment of a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanEvent {
    /// When.
    pub time: Nanos,
    /// What.
    pub name: String,
    /// More about it.
    pub attributes: Vec<KeyValue>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
}

/// A reference to a span, often of another trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanLink {
    /// The trace referred to.
    pub trace_id: TraceId,
    /// The span referred to.
    pub span_id: SpanId,
    /// W3C trace state.
    pub trace_state: String,
    /// W3C flags.
    pub flags: u32,
    /// More about it.
    pub attributes: Vec<KeyValue>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
}

/// One operation of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The span that caused it; none for a root.
    pub parent_span_id: Option<SpanId>,
    /// W3C trace state.
    pub trace_state: String,
    /// W3C flags and OTLP's additions.
    pub flags: u32,
    /// The operation.
    pub name: String,
    /// The kind of operation.
    pub kind: SpanKind,
    /// When it began.
    pub start: Nanos,
    /// When it ended; may be before `start` where a producer's clock jumped.
    pub end: Nanos,
    /// Its attributes, in the order given.
    pub attributes: Vec<KeyValue>,
    /// How many attributes the producer dropped.
    pub dropped_attributes_count: u32,
    /// Its events.
    pub events: Vec<SpanEvent>,
    /// How many events the producer dropped.
    pub dropped_events_count: u32,
    /// Its links.
    pub links: Vec<SpanLink>,
    /// How many links the producer dropped.
    pub dropped_links_count: u32,
    /// How it ended.
    pub status: SpanStatus,
    /// Who produced it; shared by the spans of one export.
    pub resource: Arc<Resource>,
    /// The library that produced it; shared likewise.
    pub scope: Arc<Scope>,
}

impl Span {
    /// End minus start in nanoseconds, never negative: a span that ends before it starts took 0.
    pub fn duration_nanos(&self) -> i64 {
        self.end.0.saturating_sub(self.start.0).max(0)
    }
}

/// All stored spans of one trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Its identity.
    pub id: TraceId,
    /// Its spans, by start time.
    pub spans: Vec<Span>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_have_leading_zeros() {
        let id: TraceId = "abc".parse().unwrap();
        assert_eq!(id.to_string(), "00000000000000000000000000000abc");
        let id: SpanId = "0123456789ABCDEF".parse().unwrap();
        assert_eq!(id.to_string(), "0123456789abcdef");
    }

    #[test]
    fn wrong_ids_say_why() {
        assert_eq!("".parse::<SpanId>(), Err(IdError::Length { bytes: 8, found: 0 }));
        assert_eq!("1".repeat(17).parse::<SpanId>(), Err(IdError::Length { bytes: 8, found: 17 }));
        assert_eq!("12g4".parse::<SpanId>(), Err(IdError::Digit { at: 2 }));
    }

    #[test]
    fn a_span_that_ends_before_it_starts_took_no_time() {
        let span = Span { start: Nanos(5), end: Nanos(3), ..Span::default() };
        assert_eq!(span.duration_nanos(), 0);
    }
}
