//! Reads log records.
//!
//! ~~~text
//! LogRecord  1 time · 2 severity_number · 3 severity_text · 5 body · 6 attributes* · 7 dropped
//!            8 flags · 9 trace_id · 10 span_id · 11 observed_time · 12 event_name
//! ~~~
//!
//! What becomes of it, as Loki's OTLP endpoint does it: resource attributes of a fixed list are the
//! labels of the stream; all other attributes, and every field that is set, are structured metadata
//! under sanitised names, lists flattened with `_`; the body is the line, as JSON where it is not a
//! string. A name that occurs on the record covers the same name on the scope, and that the one on
//! the resource. The time is the record's, else the observed one, else the option's.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::sink::{LogRecord, LogSink, RawLabels, RefusalReason};

use super::metadata::{Pairs, merged};
use super::names::{Names, Number};
use super::options::LogOptions;
use super::stream;
use crate::error::{Error, Fault};
use crate::otlp::json::{Encoding, request};
use crate::otlp::resource::{Group, Producer, groups};
use crate::otlp::texts::Texts;
use crate::otlp::time::nanos;
use crate::otlp::value::{Any, Attribute};
use crate::outcome::Outcome;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader};

/// Hands the records of an `ExportLogsServiceRequest` to `sink` and commits them.
///
/// Items are log records. One without a time is refused unless `options` give one.
///
/// # Errors
///
/// Where the input is not such a request, or the sink cannot store anything. Nothing is committed
/// then, but `sink` may hold records: drop it.
pub fn decode_logs(
    input: &[u8],
    encoding: Encoding,
    options: &LogOptions,
    sink: &mut dyn LogSink,
) -> Result<Outcome, Error> {
    let request = request(input, encoding, &crate::otlp::json::LOGS)?;
    let mut texts = Texts::default();
    walk(&request, options, &mut texts, sink)?;
    Ok(Outcome::of(sink.commit()?, texts.replaced))
}

fn walk(
    request: &[u8],
    options: &LogOptions,
    texts: &mut Texts,
    sink: &mut dyn LogSink,
) -> Result<(), Fault> {
    let (mut of_record, mut names, mut line) = (Pairs::default(), Names::default(), String::new());
    let mut resource_groups = groups(request);
    while let Some(group) = resource_groups.next()? {
        let group = Group::of_resource(group)?;
        let mut of_resource = Pairs::default();
        let (labels, no_stream) =
            match stream::labels(&group.producer, options, &mut of_resource, &mut names, texts)? {
                Ok(labels) => (labels, None),
                Err(reason) => (Default::default(), Some(reason)),
            };
        let labels: Vec<_> = labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        let stream = RawLabels::new(&labels);
        let mut scope_groups = group.members();
        while let Some(group) = scope_groups.next()? {
            let group = Group::of_scope(group)?;
            let of_scope = scope_metadata(&group.producer, &mut names, texts)?;
            let mut records = group.members();
            while let Some(record) = records.next()? {
                let record = Record::read(record, &mut of_record, &mut names, texts)?;
                let lists = [&of_record, &of_scope, &of_resource];
                let mut faults = lists.into_iter().filter_map(Pairs::fault);
                let fault = faults.next().or_else(|| no_stream.clone());
                let time = match fault.map_or_else(|| record.time(options), Err) {
                    Ok(time) => time,
                    Err(reason) => {
                        sink.refuse(reason);
                        continue;
                    }
                };
                // A line is bytes: a string that is not UTF-8 stays as it is.
                line.clear();
                let line = match record.body {
                    Any::String(text) => text.bytes,
                    body => {
                        body.write_text(&mut line, texts)?;
                        line.as_bytes()
                    }
                };
                merged(lists, &names, |metadata| {
                    sink.push(&stream, LogRecord { time, line, metadata });
                });
            }
        }
    }
    Ok(())
}

fn scope_metadata<'a>(
    scope: &Producer<'a>,
    names: &mut Names<'a>,
    texts: &mut Texts,
) -> Result<Pairs<'a>, Fault> {
    let mut pairs = Pairs::default();
    for attribute in &scope.attributes {
        pairs.attribute(attribute, names, texts)?;
    }
    pairs.text(Number::SCOPE_NAME, scope.name, texts);
    pairs.text(Number::SCOPE_VERSION, scope.version, texts);
    let dropped = scope.dropped_attributes_count.into();
    pairs.number(Number::SCOPE_DROPPED_ATTRIBUTES_COUNT, dropped);
    Ok(pairs)
}

/// What of a record is not metadata.
struct Record<'a> {
    time: u64,
    observed_time: u64,
    body: Any<'a>,
}

impl<'a> Record<'a> {
    /// Reads a record; its attributes and fields replace what is in `metadata`.
    fn read(
        mut message: Reader<'a>,
        metadata: &mut Pairs<'a>,
        names: &mut Names<'a>,
        texts: &mut Texts,
    ) -> Result<Self, Fault> {
        metadata.clear();
        let mut record = Record { time: 0, observed_time: 0, body: Any::Empty };
        let mut severity_number = 0;
        let (mut dropped, mut flags) = (0, 0);
        let [mut severity_text, mut event_name, mut trace_id, mut span_id] = [Bytes::default(); 4];
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Fixed64) => record.time = message.fixed64()?,
                (2, Varint) => severity_number = message.int32()?,
                (3, Len) => severity_text = message.bytes()?,
                (5, Len) => record.body = Any::read(message.message()?)?,
                (6, Len) => {
                    metadata.attribute(&Attribute::read(message.message()?)?, names, texts)?
                }
                (7, Varint) => dropped = message.uint32()?,
                (8, Fixed32) => flags = message.fixed32()?,
                (9, Len) => trace_id = message.bytes()?,
                (10, Len) => span_id = message.bytes()?,
                (11, Fixed64) => record.observed_time = message.fixed64()?,
                (12, Len) => event_name = message.bytes()?,
                _ => message.skip(tag)?,
            }
        }
        if record.time != 0 {
            metadata.number(Number::OBSERVED_TIMESTAMP, record.observed_time);
        }
        metadata.number(Number::SEVERITY_NUMBER, severity_number.max(0).unsigned_abs().into());
        metadata.text(Number::SEVERITY_TEXT, severity_text, texts);
        metadata.number(Number::DROPPED_ATTRIBUTES_COUNT, dropped.into());
        metadata.number(Number::FLAGS, flags.into());
        metadata.id(Number::TRACE_ID, trace_id.bytes);
        metadata.id(Number::SPAN_ID, span_id.bytes);
        metadata.text(Number::EVENT_NAME, event_name, texts);
        Ok(record)
    }

    fn time(&self, options: &LogOptions) -> Result<i64, RefusalReason> {
        let time = if self.time != 0 { self.time } else { self.observed_time };
        match (time, options.default_time) {
            (0, Some(time)) => Ok(time.0),
            (0, None) => Err(RefusalReason::Malformed { rule: "a log record has a time" }),
            (time, _) => nanos(time),
        }
    }
}
