//! A push in JSON, turned into the protobuf message.
//!
//! ~~~text
//! {"streams": [
//!   {"stream": {"app": "api"}, "values": [["<nanoseconds>", "<line>", {"<name>": "<value>"}?]]},
//!   {"labels": "{app=\"api\"}", "entries": [{"ts": "<RFC 3339>", "line": "<line>"}]}
//! ]}
//! ~~~
//!
//! The second form is that of Loki before 1.0. What both have in common with protobuf is left to
//! the decoder of that; here is only what JSON can have wrong.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::BTreeMap;

use telemetry_core::syntax::string;
use telemetry_core::time::calendar;

use super::labels;
use crate::error::{Error, JsonErrorKind, StreamLabelsErrorKind};
use crate::json::Reader;
use crate::protobuf::{Bytes, Writer};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The `PushRequest` that the JSON text `input` stands for. It can be decoded without a fault.
pub(super) fn transcode(input: &[u8]) -> Result<Vec<u8>, Error> {
    let mut reader = Reader::new(input)?;
    let mut writer = Writer::default();
    reader.object(|reader, name| match name {
        "streams" if !reader.take_null()? => reader.array(|reader| stream(reader, &mut writer)),
        "streams" => Ok(()),
        _ => reader.skip(0),
    })?;
    reader.end()?;
    Ok(writer.finish())
}

fn stream(reader: &mut Reader<'_>, writer: &mut Writer) -> Result<(), Error> {
    let start = writer.begin(1);
    reader.object(|reader, name| match name {
        "stream" => {
            let text = labels_of_object(reader)?;
            writer.bytes(1, text.as_bytes());
            Ok(())
        }
        "labels" => {
            let at = string_start(reader);
            let text = reader.string()?;
            labels::read(Bytes { bytes: text.as_bytes(), at })?;
            writer.bytes(1, text.as_bytes());
            Ok(())
        }
        "values" => reader.array(|reader| value(reader, writer)),
        "entries" => reader.array(|reader| entry(reader, writer)),
        _ => reader.skip(0),
    })?;
    writer.end(start);
    Ok(())
}

/// Where the content of the string that comes next begins.
fn string_start(reader: &mut Reader<'_>) -> usize {
    reader.peek();
    reader.at() + 1
}

/// Labels as the text that protobuf carries. Of a name that occurs twice the last value counts; a
/// value may be a bare number or word, whose spelling it is then.
fn labels_of_object(reader: &mut Reader<'_>) -> Result<String, Error> {
    let mut labels = BTreeMap::new();
    reader.peek();
    let mut at = reader.at() + 1;
    reader.object(|reader, name| {
        if !is_label_name(name) {
            return Err(Error::StreamLabels { position: at, kind: StreamLabelsErrorKind::Name });
        }
        let value = match reader.peek() {
            b'"' => reader.string()?.into_owned(),
            b't' | b'f' => reader.bool()?.to_string(),
            b'0'..=b'9' | b'-' => reader.number()?.to_owned(),
            _ => return Err(reader.error(JsonErrorKind::Expected { expected: "a label value" })),
        };
        labels.insert(name.to_owned(), value);
        at = reader.at();
        Ok(())
    })?;
    let mut text = String::from("{");
    for (name, value) in &labels {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(name);
        text.push('=');
        // Writing to a string does not fail.
        let _ = string::write_quoted(&mut text, value);
    }
    text.push('}');
    Ok(text)
}

fn is_label_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// `["<nanoseconds>", "<line>", {metadata}?]`; what follows has no meaning.
fn value(reader: &mut Reader<'_>, writer: &mut Writer) -> Result<(), Error> {
    let start = writer.begin(2);
    let mut place = 0_u32;
    reader.array(|reader| {
        place = place.saturating_add(1);
        match place {
            1 => {
                let at = string_start(reader);
                let text = reader.string()?;
                let kind = JsonErrorKind::Number { kind: "a time in nanoseconds" };
                time(writer, text.parse().map_err(|_| reader.error_at(at, kind))?);
                Ok(())
            }
            2 => {
                writer.bytes(2, reader.string()?.as_bytes());
                Ok(())
            }
            3 => metadata(reader, writer),
            _ => reader.skip(0),
        }
    })?;
    if place < 2 {
        return Err(reader.error(JsonErrorKind::Expected { expected: "a time and a line" }));
    }
    writer.end(start);
    Ok(())
}

/// `{"ts": "<RFC 3339>", "line": "<line>"}`.
fn entry(reader: &mut Reader<'_>, writer: &mut Writer) -> Result<(), Error> {
    let start = writer.begin(2);
    reader.object(|reader, name| match name {
        "ts" | "timestamp" => {
            let at = string_start(reader);
            let text = reader.string()?;
            let kind = JsonErrorKind::Expected { expected: "a time of RFC 3339" };
            let nanos = calendar::parse_rfc3339(&text);
            time(writer, nanos.ok_or_else(|| reader.error_at(at, kind))?.0);
            Ok(())
        }
        "line" => {
            writer.bytes(2, reader.string()?.as_bytes());
            Ok(())
        }
        "structuredMetadata" => metadata(reader, writer),
        _ => reader.skip(0),
    })?;
    writer.end(start);
    Ok(())
}

fn time(writer: &mut Writer, nanos: i64) {
    writer.message(1, |time| {
        time.nonzero(1, nanos.div_euclid(NANOS_PER_SECOND).cast_unsigned());
        time.nonzero(2, nanos.rem_euclid(NANOS_PER_SECOND).cast_unsigned());
    });
}

fn metadata(reader: &mut Reader<'_>, writer: &mut Writer) -> Result<(), Error> {
    reader.object(|reader, name| {
        let value = reader.string()?;
        writer.message(3, |pair| {
            pair.bytes(1, name.as_bytes());
            pair.bytes(2, value.as_bytes());
        });
        Ok(())
    })
}
