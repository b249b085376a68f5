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

use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;

use super::options::INDEX_ATTRIBUTES;
use crate::otlp::hex;
use crate::otlp::json::{self, Encoding};
use crate::otlp::name::LOKI;
use crate::otlp::value::write_attribute;
use crate::protobuf::Writer;

/// The export request with these streams, each with its entries. Times before 1970, which OTLP
/// cannot say, are left out; the receiver then takes its own.
pub fn encode_logs<'a>(
    streams: impl IntoIterator<Item = (&'a Labels, &'a [LogEntry])>,
    encoding: Encoding,
) -> Vec<u8> {
    let mut request = Writer::default();
    for (labels, entries) in streams {
        request.message(1, |out| group(out, labels, entries));
    }
    let request = request.finish();
    match encoding {
        Encoding::Protobuf => request,
        Encoding::Json => json::print(&request, &json::LOGS),
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
            "trace_id" => set(&mut record.trace_id, hex::parse(value, 16)),
            "span_id" => set(&mut record.span_id, hex::parse(value, 8)),
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

fn group(group: &mut Writer, labels: &Labels, entries: &[LogEntry]) {
    group.message(1, |resource| {
        for (name, value) in labels.iter() {
            write_attribute(resource, 1, attribute_of(name), value);
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

fn record(out: &mut Writer, record: &Record<'_>) {
    out.fixed64(1, record.time);
    out.nonzero(2, record.severity_number);
    out.nonempty(3, record.severity_text.as_bytes());
    let number = if std::str::from_utf8(record.line).is_ok() { 1 } else { 7 };
    out.message(5, |any| any.bytes(number, record.line));
    for (name, value) in &record.attributes {
        write_attribute(out, 6, name, value);
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
