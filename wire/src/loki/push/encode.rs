//! Streams as the body of a push: what an agent would send.

use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::syntax::string;

use super::Encoding;
use crate::error::Error;
use crate::json::write_string;
use crate::protobuf::Writer;
use crate::snappy;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The body of a push with these streams, each with its entries. JSON carries text only: what of a
/// line is not UTF-8 is U+FFFD there. Protobuf carries the bytes, but receivers may want text.
///
/// # Errors
///
/// In protobuf, where there are more than the 4 GiB that a block of snappy holds.
///
/// ```
/// use telemetry_core::{labels, model::LogEntry};
/// use wire::loki::push::{Encoding, encode};
///
/// let (labels, entries) = (labels! { "app" => "api" }, [LogEntry::new(1, "it works")]);
/// let body = encode([(&labels, &entries[..])], Encoding::Json)?;
/// assert_eq!(body, br#"{"streams":[{"stream":{"app":"api"},"values":[["1","it works"]]}]}"#);
/// # Ok::<(), wire::Error>(())
/// ```
pub fn encode<'a>(
    streams: impl IntoIterator<Item = (&'a Labels, &'a [LogEntry])>,
    encoding: Encoding,
) -> Result<Vec<u8>, Error> {
    match encoding {
        Encoding::Protobuf => {
            let mut request = Writer::default();
            for (labels, entries) in streams {
                request.message(1, |stream| write_stream(stream, labels, entries));
            }
            snappy::compress(&request.finish())
        }
        Encoding::Json => {
            let mut text = String::from("{\"streams\":[");
            for (labels, entries) in streams {
                separate(&mut text, '[');
                write_json(&mut text, labels, entries);
            }
            text.push_str("]}");
            Ok(text.into_bytes())
        }
    }
}

fn write_stream(stream: &mut Writer, labels: &Labels, entries: &[LogEntry]) {
    let mut text = String::from("{");
    for (name, value) in labels.iter() {
        if text.len() > 1 {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push('=');
        // Writing to a string does not fail.
        let _ = string::write_quoted(&mut text, value);
    }
    text.push('}');
    stream.bytes(1, text.as_bytes());
    for entry in entries {
        stream.message(2, |out| {
            out.message(1, |time| {
                time.nonzero(1, entry.time.0.div_euclid(NANOS_PER_SECOND).cast_unsigned());
                time.nonzero(2, entry.time.0.rem_euclid(NANOS_PER_SECOND).cast_unsigned());
            });
            out.nonempty(2, &entry.line);
            for (name, value) in &entry.metadata {
                out.message(3, |pair| {
                    pair.bytes(1, name.as_bytes());
                    pair.nonempty(2, value.as_bytes());
                });
            }
        });
    }
}

fn write_json(text: &mut String, labels: &Labels, entries: &[LogEntry]) {
    text.push_str("{\"stream\":");
    write_object(text, labels.iter());
    text.push_str(",\"values\":[");
    for entry in entries {
        separate(text, '[');
        text.push_str("[\"");
        text.push_str(&entry.time.0.to_string());
        text.push_str("\",");
        write_string(&String::from_utf8_lossy(&entry.line), text, |_| false);
        if !entry.metadata.is_empty() {
            text.push(',');
            let pairs = entry.metadata.iter();
            write_object(text, pairs.map(|(name, value)| (&**name, &**value)));
        }
        text.push(']');
    }
    text.push_str("]}");
}

fn write_object<'a>(text: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    text.push('{');
    for (name, value) in pairs {
        separate(text, '{');
        write_string(name, text, |_| false);
        text.push(':');
        write_string(value, text, |_| false);
    }
    text.push('}');
}

/// A comma, unless this is the first after `open`.
fn separate(text: &mut String, open: char) {
    if !text.ends_with(open) {
        text.push(',');
    }
}
