//! A push in JSON, turned into the protobuf message.
//!
//! ~~~text
//! {"streams": [
//!   {"stream": {"app": "api"}, "values": [["<nanoseconds>", "<line>", {"<name>": "<value>"}?]]},
//!   {"labels": "{app=\"api\"}", "entries": [{"ts": "<RFC 3339>", "line": "<line>"}]}
//! ]}
//! ~~~
//!
//! The second form is that of Loki before 1.0.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::time::calendar;

use super::batch::{Batch, Place};
use super::labels::{self, Pairs};
use crate::error::{Error, JsonErrorKind, StreamLabelsErrorKind};
use crate::json::Reader;
use crate::protobuf::Bytes;

/// Reads the push that the JSON text `input` is. What its strings stand for goes to `texts`.
pub(super) fn read(input: &[u8], texts: &mut String, batch: &mut Batch) -> Result<(), Error> {
    texts.clear();
    // Most of it is text; what strings stand for is not longer than they.
    texts.reserve(input.len());
    let mut reader = Reader::new(input)?;
    reader.object(|reader, name| match name {
        "streams" if !reader.take_null()? => reader.array(|reader| stream(reader, texts, batch)),
        "streams" => Ok(()),
        _ => reader.skip(),
    })?;
    reader.end()
}

fn stream(reader: &mut Reader<'_>, texts: &mut String, batch: &mut Batch) -> Result<(), Error> {
    reader.peek();
    let start = reader.at();
    let mut has_labels = false;
    // Of several labels the first ones count.
    let mut add = |pairs: &Pairs<'_>, batch: &mut Batch| {
        if !std::mem::replace(&mut has_labels, true) {
            batch.add_labels(pairs);
        }
    };
    reader.object(|reader, name| match name {
        "stream" => {
            add(&labels_of_object(reader)?, batch);
            Ok(())
        }
        "labels" => {
            let at = string_start(reader);
            let text = reader.string()?;
            add(&labels::read(Bytes { bytes: text.as_bytes(), at })?, batch);
            Ok(())
        }
        "values" => reader.array(|reader| value(reader, texts, batch)),
        "entries" => reader.array(|reader| entry(reader, texts, batch)),
        _ => reader.skip(),
    })?;
    if !has_labels {
        return Err(Error::StreamLabels { position: start, kind: StreamLabelsErrorKind::Open });
    }
    batch.end_stream();
    Ok(())
}

/// Where the content of the string that comes next begins.
fn string_start(reader: &mut Reader<'_>) -> usize {
    reader.peek();
    reader.at() + 1
}

/// Labels in the order of their names. Of a name that occurs twice the last value counts; a value
/// may be a bare number or word, whose spelling it is then.
fn labels_of_object<'a>(reader: &mut Reader<'a>) -> Result<Pairs<'a>, Error> {
    let mut labels = Pairs::new();
    reader.peek();
    let mut at = reader.at() + 1;
    reader.object(|reader, name| {
        if !is_label_name(name) {
            return Err(Error::StreamLabels { position: at, kind: StreamLabelsErrorKind::Name });
        }
        let value = match reader.peek() {
            b'"' => reader.string()?,
            b't' | b'f' => reader.bool()?.to_string().into(),
            b'0'..=b'9' | b'-' => reader.number()?.into(),
            _ => return Err(reader.error(JsonErrorKind::Expected { expected: "a label value" })),
        };
        labels.push((name.to_owned().into(), value));
        at = reader.at();
        Ok(())
    })?;
    // Those of one name stay in their order, so that the last one stands in front.
    labels.reverse();
    labels.sort_by(|one, other| one.0.cmp(&other.0));
    labels.dedup_by(|later, first| later.0 == first.0);
    Ok(labels)
}

fn is_label_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// `["<nanoseconds>", "<line>", {metadata}?]`; what follows has no meaning.
fn value(reader: &mut Reader<'_>, texts: &mut String, batch: &mut Batch) -> Result<(), Error> {
    let mut place = 0_u32;
    let (mut time, mut line) = (0, 0..0);
    reader.array(|reader| {
        place = place.saturating_add(1);
        match place {
            1 => time = nanoseconds(reader)?,
            2 => line = text(reader, texts)?,
            3 => metadata(reader, texts, batch)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if place < 2 {
        return Err(reader.error(JsonErrorKind::Expected { expected: "a time and a line" }));
    }
    batch.end_entry(Some(time), line);
    Ok(())
}

#[inline]
fn nanoseconds(reader: &mut Reader<'_>) -> Result<i64, Error> {
    if let Some(nanos) = reader.take_quoted_integer() {
        return Ok(nanos);
    }
    let at = string_start(reader);
    let text = reader.string()?;
    let kind = JsonErrorKind::Number { kind: "a time in nanoseconds" };
    text.parse().map_err(|_| reader.error_at(at, kind))
}

/// Appends a string to the texts.
#[inline]
fn text(reader: &mut Reader<'_>, texts: &mut String) -> Result<Place, Error> {
    let start = texts.len();
    reader.append_string(texts)?;
    Ok(start..texts.len())
}

/// `{"ts": "<RFC 3339>", "line": "<line>"}`.
fn entry(reader: &mut Reader<'_>, texts: &mut String, batch: &mut Batch) -> Result<(), Error> {
    let (mut time, mut line) = (0, 0..0);
    reader.object(|reader, name| {
        match name {
            "ts" | "timestamp" => {
                let at = string_start(reader);
                let text = reader.string()?;
                let kind = JsonErrorKind::Expected { expected: "a time of RFC 3339" };
                let nanos = calendar::parse_rfc3339(&text);
                time = nanos.ok_or_else(|| reader.error_at(at, kind))?.0;
            }
            "line" => line = text(reader, texts)?,
            "structuredMetadata" => metadata(reader, texts, batch)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    batch.end_entry(Some(time), line);
    Ok(())
}

fn metadata(reader: &mut Reader<'_>, texts: &mut String, batch: &mut Batch) -> Result<(), Error> {
    reader.object(|reader, name| {
        let start = texts.len();
        texts.push_str(name);
        let name = start..texts.len();
        batch.add_metadata(name, text(reader, texts)?);
        Ok(())
    })
}
