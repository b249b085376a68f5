//! Walks JSON text along a schema and writes the protobuf message.
//!
//! Fields are written in the order of the text, defaults included: whether a field of a `oneof` or
//! an optional one is there makes a difference. The output is valid protobuf of the schema, so what
//! decodes it afterwards finds no fault in it.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::number::{double, integer};
use super::schema::{Field, Kind, Message};
use crate::base64;
use crate::error::{Error, JsonErrorKind};
use crate::json::Reader;
use crate::otlp::hex;
use crate::otlp::value::VALUE_DEPTH_MAX;
use crate::protobuf::Writer;

/// The protobuf message that the JSON text `input` stands for.
pub(super) fn transcode(input: &[u8], schema: &'static Message) -> Result<Vec<u8>, Error> {
    let mut reader = Reader::new(input)?;
    let mut writer = Writer::default();
    message(&mut reader, &mut writer, schema, 0)?;
    reader.end()?;
    Ok(writer.finish())
}

/// Writes the fields of a message; `values` values are around it.
fn message(
    reader: &mut Reader<'_>,
    writer: &mut Writer,
    schema: &'static Message,
    values: u32,
) -> Result<(), Error> {
    // The same bound as on protobuf, where the outermost value is at depth zero.
    let values = values + u32::from(schema.is_value);
    if values > VALUE_DEPTH_MAX + 1 {
        return Err(Error::TooDeep { position: reader.at(), limit: VALUE_DEPTH_MAX });
    }
    reader.object(|reader, name| {
        let Some(field) = schema.field(name) else { return reader.skip() };
        if reader.take_null()? {
            return Ok(());
        }
        if !field.repeated {
            return value(reader, writer, field, values);
        }
        reader.array(|reader| {
            // In a list, null holds the place of a default value.
            if reader.take_null()? {
                default(writer, field);
                Ok(())
            } else {
                value(reader, writer, field, values)
            }
        })
    })
}

fn value(
    reader: &mut Reader<'_>,
    writer: &mut Writer,
    field: &'static Field,
    values: u32,
) -> Result<(), Error> {
    let number = field.number;
    match field.kind {
        Kind::String => writer.bytes(number, reader.string()?.as_bytes()),
        Kind::Id => id(reader, writer, number)?,
        Kind::Bytes => bytes(reader, writer, number)?,
        Kind::Bool => writer.varint(number, reader.bool()?.into()),
        Kind::Int64 => {
            let value: i64 = checked(reader, "int64")?;
            writer.varint(number, value.cast_unsigned());
        }
        Kind::Uint32 => writer.varint(number, checked::<u32>(reader, "uint32")?.into()),
        Kind::Uint64 => writer.varint(number, checked(reader, "uint64")?),
        Kind::Sint32 => {
            let value: i32 = checked(reader, "int32")?;
            writer.varint(number, ((value << 1) ^ (value >> 31)).cast_unsigned().into());
        }
        Kind::Fixed32 => writer.fixed32(number, checked(reader, "uint32")?),
        Kind::Fixed64 => writer.fixed64(number, checked(reader, "uint64")?),
        Kind::Sfixed64 => {
            let value: i64 = checked(reader, "int64")?;
            writer.fixed64(number, value.cast_unsigned());
        }
        Kind::Double => writer.fixed64(number, double(reader)?.to_bits()),
        Kind::Enum(names) => enumeration(reader, writer, number, names)?,
        Kind::Message(schema) if schema.is_group => {
            writer.message(number, |writer| message(reader, writer, schema, values))?;
        }
        Kind::Message(schema) => {
            writer.short_message(number, |writer| message(reader, writer, schema, values))?;
        }
    }
    Ok(())
}

/// The default value of an element.
fn default(writer: &mut Writer, field: &Field) {
    match field.kind {
        Kind::String | Kind::Id | Kind::Bytes | Kind::Message(_) => writer.bytes(field.number, b""),
        Kind::Fixed32 => writer.fixed32(field.number, 0),
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => writer.fixed64(field.number, 0),
        _ => writer.varint(field.number, 0),
    }
}

/// An integer within the bounds of its type.
#[inline]
fn checked<T>(reader: &mut Reader<'_>, kind: &'static str) -> Result<T, Error>
where
    T: TryFrom<i64> + TryFrom<i128>,
{
    reader.peek();
    let at = reader.at();
    if let Some(value) = reader.take_quoted_integer().or_else(|| reader.take_integer()) {
        return T::try_from(value).map_err(|_| reader.error_at(at, JsonErrorKind::Number { kind }));
    }
    let value = integer(reader, kind)?;
    T::try_from(value).map_err(|_| reader.error_at(at, JsonErrorKind::Number { kind }))
}

fn id(reader: &mut Reader<'_>, writer: &mut Writer, number: u32) -> Result<(), Error> {
    reader.peek();
    let at = reader.at();
    let text = reader.string()?;
    let (pairs, rest) = text.as_bytes().as_chunks();
    let mut right = rest.is_empty();
    writer.short_message(number, |writer| {
        writer.out().extend(pairs.iter().map(|[high, low]| {
            let (high, low) = (hex::digit(*high), hex::digit(*low));
            right &= high | low < 16;
            high << 4 | low & 15
        }));
    });
    if right { Ok(()) } else { Err(reader.error_at(at, JsonErrorKind::Hex)) }
}

fn bytes(reader: &mut Reader<'_>, writer: &mut Writer, number: u32) -> Result<(), Error> {
    reader.peek();
    let at = reader.at();
    let text = reader.string()?;
    let right = writer.message(number, |out| base64::decode(text.as_bytes(), out.out()));
    if right { Ok(()) } else { Err(reader.error_at(at, JsonErrorKind::Base64)) }
}

/// A number, or the name of one.
fn enumeration(
    reader: &mut Reader<'_>,
    writer: &mut Writer,
    number: u32,
    names: &'static [&'static str],
) -> Result<(), Error> {
    let is_text = reader.peek() == b'"';
    let (at, before) = (reader.at(), *reader);
    if is_text {
        let text = reader.string()?;
        if let Some(value) = names.iter().position(|name| *name == text) {
            writer.varint(number, value as u64);
            return Ok(());
        }
        if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return Err(reader.error_at(at, JsonErrorKind::EnumName));
        }
        *reader = before;
    }
    let value: i32 = checked(reader, "an enumeration")?;
    writer.varint(number, i64::from(value).cast_unsigned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
    use prost::Message as _;

    use super::super::schema::{LOGS, METRICS, TRACES};
    use super::*;

    fn traces(text: &str) -> ExportTraceServiceRequest {
        let bytes = transcode(text.as_bytes(), &TRACES).unwrap();
        ExportTraceServiceRequest::decode(&*bytes).unwrap()
    }

    fn error(text: &str, schema: &'static Message) -> String {
        transcode(text.as_bytes(), schema).unwrap_err().to_string()
    }

    #[test]
    fn both_spellings_of_names_and_numbers_are_read() {
        let camel = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0A","startTimeUnixNano":"7","kind":2,"status":{"code":"STATUS_CODE_ERROR"}}]}]}]}"#;
        let snake = r#" { "resource_spans" : [ { "scope_spans" : [ { "spans" : [ { "unknown": {"x": [1, null, "\u0041"]}, "trace_id":"0a", "start_time_unix_nano": 7, "kind":"SPAN_KIND_SERVER", "status":{"code":"2"}, "name": null} ] } ] } ] } "#;
        let request = traces(camel);
        assert_eq!(traces(snake), request);
        let span = &request.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!((&*span.trace_id, span.start_time_unix_nano, span.kind), (&[10][..], 7, 2));
        assert_eq!(span.status.as_ref().unwrap().code, 2);
    }

    #[test]
    fn zero_is_there_and_null_is_not() {
        let text = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":"0"},{"asInt":-5},{"asDouble":0},{"asDouble":null},{}]}}]}]}]}"#;
        let bytes = transcode(text.as_bytes(), &METRICS).unwrap();
        let request = ExportMetricsServiceRequest::decode(&*bytes).unwrap();
        let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(metric::Data::Gauge(gauge)) = &metric.data else { panic!("{metric:?}") };
        let values: Vec<_> = gauge.data_points.iter().map(|point| point.value).collect();
        use number_data_point::Value::{AsDouble, AsInt};
        assert_eq!(values, [Some(AsInt(0)), Some(AsInt(-5)), Some(AsDouble(0.0)), None, None]);
    }

    #[test]
    fn empty_values_hold_their_place() {
        let text = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"arrayValue":{"values":[null,{},{"stringValue":""},{"bytesValue":"aGk"}]}},"attributes":[{"key":"a","value":null},{"key":"b","value":{}}]}]}]}]}"#;
        let bytes = transcode(text.as_bytes(), &LOGS).unwrap();
        let request = ExportLogsServiceRequest::decode(&*bytes).unwrap();
        let record = &request.resource_logs[0].scope_logs[0].log_records[0];
        let Some(Value::ArrayValue(array)) = record.body.clone().unwrap().value else { panic!() };
        let values: Vec<_> = array.values.into_iter().map(|any| any.value).collect();
        let (text, bytes) = (String::new(), b"hi".to_vec());
        let expected = [None, None, Some(Value::StringValue(text)), Some(Value::BytesValue(bytes))];
        assert_eq!(values, expected);
        assert_eq!(record.attributes.len(), 2);
        assert_eq!(record.attributes[0].value, None);
    }

    #[test]
    fn wrong_values_are_named_with_their_byte() {
        let cases = [
            (r#"{"resourceSpans":{}}"#, "byte 17: expected an array"),
            (r#"{"resourceSpans":[7]}"#, "byte 18: expected an object"),
            (
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0"}]}]}]}"#,
                "byte 54: an id consists of pairs of hexadecimal digits",
            ),
            (
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"flags":-1}]}]}]}"#,
                "byte 52: the number does not fit uint32",
            ),
            (
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SERVER"}]}]}]}"#,
                "byte 51: no value of the enumeration has this name",
            ),
            ("[]", "byte 0: expected an object"),
            ("", "byte 0: the text ends too early"),
        ];
        for (text, message) in cases {
            assert_eq!(error(text, &TRACES), message, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let mut value = r#"{"boolValue":true}"#.to_owned();
        for _ in 0..VALUE_DEPTH_MAX {
            value = format!(r#"{{"arrayValue":{{"values":[{value}]}}}}"#);
        }
        let request = |value: &str| {
            format!(
                r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}"#
            )
        };
        assert!(transcode(request(&value).as_bytes(), &LOGS).is_ok());
        let deeper = format!(r#"{{"arrayValue":{{"values":[{value}]}}}}"#);
        let error = transcode(request(&deeper).as_bytes(), &LOGS).unwrap_err();
        assert!(matches!(error, Error::TooDeep { .. }), "{error}");
    }
}
