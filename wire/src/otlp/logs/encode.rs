//! Streams as an `ExportLogsServiceRequest`: the way back of `decode`.
//!
//! ~~~text
//! labels      attributes of the resource; those that Loki makes of a fixed list under their own names
//! metadata    the fields of a record of which `decode` makes metadata: severity, ids, flags, names;
//!             else attributes, as text
//! line        the body: a string, or bytes where it is not UTF-8
//! ~~~
//!
//! What comes back is what Loki's names tell: an attribute that had a dot has `_`, a number is text.

use std::fmt::Write;

use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;

use super::options::INDEX_ATTRIBUTES;
use crate::base64;
use crate::json::write_string;
use crate::otlp::hex;
use crate::otlp::json::Encoding;
use crate::otlp::name::LOKI;
use crate::protobuf::Writer;

/// The export request with these streams, each with its entries. Times before 1970, which OTLP
/// cannot say, are left out; the receiver then takes its own.
pub fn encode_logs<'a>(
    streams: impl IntoIterator<Item = (&'a Labels, &'a [LogEntry])>,
    encoding: Encoding,
) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => {
            let mut request = Writer::default();
            for (labels, entries) in streams {
                request.message(1, |group| protobuf::group(group, labels, entries));
            }
            request.finish()
        }
        Encoding::Json => {
            let mut out = String::from("{\"resourceLogs\":[");
            for (labels, entries) in streams {
                json::separate(&mut out);
                json::group(&mut out, labels, entries);
            }
            out.push_str("]}");
            out.into_bytes()
        }
    }
}

/// The attribute of a label.
fn attribute_of(label: &str) -> &str {
    let is_it = |attribute: &&&str| {
        let mut name = String::new();
        LOKI.append(attribute, &mut name);
        name == label
    };
    INDEX_ATTRIBUTES.iter().find(is_it).copied().unwrap_or(label)
}

/// Runs of entries of one scope: its name and version, and the records.
fn scopes(entries: &[LogEntry]) -> Vec<(Scope<'_>, Vec<Record<'_>>)> {
    let mut scopes: Vec<(Scope<'_>, Vec<Record<'_>>)> = Vec::new();
    for entry in entries {
        let (scope, record) = split(entry);
        match scopes.last_mut() {
            Some((known, records)) if *known == scope => records.push(record),
            _ => scopes.push((scope, vec![record])),
        }
    }
    scopes
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Scope<'a> {
    name: &'a str,
    version: &'a str,
}

/// An entry as the fields of a record.
#[derive(Debug, Default)]
struct Record<'a> {
    time: u64,
    observed_time: u64,
    severity_number: u64,
    severity_text: &'a str,
    line: &'a [u8],
    attributes: Vec<(&'a str, &'a str)>,
    dropped_attributes_count: u64,
    flags: u32,
    trace_id: Vec<u8>,
    span_id: Vec<u8>,
    event_name: &'a str,
}

/// Takes metadata that stands for a field where it does; what a field cannot hold stays an attribute.
fn split(entry: &LogEntry) -> (Scope<'_>, Record<'_>) {
    let (mut scope, mut record) = (Scope::default(), Record::default());
    record.time = u64::try_from(entry.time.0).unwrap_or(0);
    record.line = &entry.line;
    for (name, value) in &entry.metadata {
        let is_field = match name.as_str() {
            "scope_name" => set(&mut scope.name, Some(value.as_str())),
            "scope_version" => set(&mut scope.version, Some(value.as_str())),
            // The observed time goes with a time only.
            "observed_timestamp" if record.time > 0 => {
                set(&mut record.observed_time, number(value))
            }
            "severity_number" => {
                set(&mut record.severity_number, number(value).filter(|n| (1..=24).contains(n)))
            }
            "severity_text" => set(&mut record.severity_text, Some(value.as_str())),
            "dropped_attributes_count" => set(
                &mut record.dropped_attributes_count,
                number(value).filter(|n| *n <= u64::from(u32::MAX)),
            ),
            "flags" => set(&mut record.flags, number(value).and_then(|n| u32::try_from(n).ok())),
            "trace_id" => set(&mut record.trace_id, id(value, 16)),
            "span_id" => set(&mut record.span_id, id(value, 8)),
            "event_name" => set(&mut record.event_name, Some(value.as_str())),
            _ => false,
        };
        if !is_field {
            record.attributes.push((name, value));
        }
    }
    (scope, record)
}

fn set<T>(field: &mut T, value: Option<T>) -> bool {
    value.map(|value| *field = value).is_some()
}

/// A number that is spelt as it would be written again.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| *number > 0 && number.to_string() == text)
}

fn id(text: &str, len: usize) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let is_lower = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 2 * len || !digits.iter().all(is_lower) {
        return None;
    }
    let half = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
    let pairs = digits.as_chunks::<2>().0.iter();
    let id: Vec<u8> = pairs.map(|[high, low]| half(*high) << 4 | half(*low)).collect();
    hex::is_set(&id).then_some(id)
}

mod protobuf {
    use super::*;

    pub(super) fn group(group: &mut Writer, labels: &Labels, entries: &[LogEntry]) {
        group.message(1, |resource| {
            for (name, value) in labels.iter() {
                attribute(resource, 1, attribute_of(name), value);
            }
        });
        for (scope, records) in scopes(entries) {
            group.message(2, |group| {
                group.message(1, |out| {
                    out.nonempty(1, scope.name.as_bytes());
                    out.nonempty(2, scope.version.as_bytes());
                });
                for one in &records {
                    group.message(2, |out| record(out, one));
                }
            });
        }
    }

    fn attribute(out: &mut Writer, number: u32, name: &str, value: &str) {
        out.message(number, |pair| {
            pair.bytes(1, name.as_bytes());
            pair.message(2, |any| any.bytes(1, value.as_bytes()));
        });
    }

    fn record(out: &mut Writer, record: &Record<'_>) {
        out.fixed64(1, record.time);
        out.nonzero(2, record.severity_number);
        out.nonempty(3, record.severity_text.as_bytes());
        let number = if std::str::from_utf8(record.line).is_ok() { 1 } else { 7 };
        out.message(5, |any| any.bytes(number, record.line));
        for (name, value) in &record.attributes {
            attribute(out, 6, name, value);
        }
        out.nonzero(7, record.dropped_attributes_count);
        if record.flags != 0 {
            out.fixed32(8, record.flags);
        }
        out.nonempty(9, &record.trace_id);
        out.nonempty(10, &record.span_id);
        if record.observed_time != 0 {
            out.fixed64(11, record.observed_time);
        }
        out.nonempty(12, record.event_name.as_bytes());
    }
}

mod json {
    use super::*;

    /// A comma, unless something has just been opened.
    pub(super) fn separate(out: &mut String) {
        if !out.ends_with(['[', '{']) {
            out.push(',');
        }
    }

    fn text(out: &mut String, text: &str) {
        write_string(text, out, |_| false);
    }

    fn attributes<'a>(out: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
        out.push_str("\"attributes\":[");
        for (name, value) in pairs {
            separate(out);
            out.push_str("{\"key\":");
            text(out, name);
            out.push_str(",\"value\":{\"stringValue\":");
            text(out, value);
            out.push_str("}}");
        }
        out.push(']');
    }

    /// A member with a text, unless that is empty.
    fn member(out: &mut String, name: &str, value: &str) {
        if !value.is_empty() {
            separate(out);
            text(out, name);
            out.push(':');
            text(out, value);
        }
    }

    /// A member with a number of 64 bits, which is a string, or of 32 bits, unless it is zero.
    fn number(out: &mut String, name: &str, value: u64, quote: &str) {
        if value != 0 {
            separate(out);
            // Writing to a string does not fail.
            let _ = write!(out, "\"{name}\":{quote}{value}{quote}");
        }
    }

    pub(super) fn group(out: &mut String, labels: &Labels, entries: &[LogEntry]) {
        out.push_str("{\"resource\":{");
        attributes(out, labels.iter().map(|(name, value)| (attribute_of(name), value)));
        out.push_str("},\"scopeLogs\":[");
        for (scope, records) in scopes(entries) {
            separate(out);
            out.push_str("{\"scope\":{");
            member(out, "name", scope.name);
            member(out, "version", scope.version);
            out.push_str("},\"logRecords\":[");
            for one in &records {
                separate(out);
                record(out, one);
            }
            out.push_str("]}");
        }
        out.push_str("]}");
    }

    fn record(out: &mut String, record: &Record<'_>) {
        out.push('{');
        number(out, "timeUnixNano", record.time, "\"");
        number(out, "observedTimeUnixNano", record.observed_time, "\"");
        number(out, "severityNumber", record.severity_number, "");
        member(out, "severityText", record.severity_text);
        separate(out);
        match std::str::from_utf8(record.line) {
            Ok(line) => {
                out.push_str("\"body\":{\"stringValue\":");
                text(out, line);
            }
            Err(_) => {
                out.push_str("\"body\":{\"bytesValue\":\"");
                base64::encode(record.line, out);
                out.push('"');
            }
        }
        out.push_str("},");
        attributes(out, record.attributes.iter().copied());
        number(out, "droppedAttributesCount", record.dropped_attributes_count, "");
        number(out, "flags", record.flags.into(), "");
        for (name, id) in [("traceId", &record.trace_id), ("spanId", &record.span_id)] {
            let mut digits = String::new();
            hex::append(id, &mut digits);
            member(out, name, &digits);
        }
        member(out, "eventName", record.event_name);
        out.push('}');
    }
}
