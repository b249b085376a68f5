//! Writes a protobuf message as JSON along a schema: the way back of `transcode`.
//!
//! Names are in camelCase, integers of 64 bits in quotes, ids in hexadecimal digits, other bytes in
//! base64, enumerations as numbers, as OTLP wants them; what is not finite is `NaN`, `Infinity` or
//! `-Infinity` in quotes. Fields come in the order of the schema, those that are not there are left out.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::fmt::Write;

use telemetry_core::syntax::number;

use super::schema::{Field, Kind, Message};
use crate::base64;
use crate::error::Fault;
use crate::json::write_string;
use crate::otlp::hex;
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, Tag};

/// The JSON text of a message that this crate has written.
pub(in crate::otlp) fn print(message: &[u8], schema: &'static Message) -> Vec<u8> {
    let mut out = String::with_capacity(2 * message.len());
    let printed = print_message(Reader::new(message), schema, &mut out);
    debug_assert!(printed.is_ok(), "what is written here is a message");
    out.into_bytes()
}

fn print_message(
    message: Reader<'_>,
    schema: &'static Message,
    out: &mut String,
) -> Result<(), Fault> {
    out.push('{');
    for field in schema.fields {
        let mut rest = message;
        let mut is_first = true;
        while let Some(tag) = rest.tag()? {
            if tag.0 != field.number {
                rest.skip(tag)?;
                continue;
            }
            if std::mem::take(&mut is_first) {
                separate(out);
                // Writing to a string does not fail.
                let _ = write!(out, "\"{}\":", field.json_name);
                out.push_str(if field.repeated { "[" } else { "" });
            }
            print_field(&mut rest, tag, field, out)?;
        }
        if field.repeated && !is_first {
            out.push(']');
        }
    }
    out.push('}');
    Ok(())
}

/// A comma, unless something has just been opened.
fn separate(out: &mut String) {
    if !out.ends_with(['[', '{']) {
        out.push(',');
    }
}

/// Prints a field, or all numbers that are packed in it.
fn print_field(
    rest: &mut Reader<'_>,
    tag: Tag,
    field: &Field,
    out: &mut String,
) -> Result<(), Fault> {
    let is_number = !matches!(field.kind, Kind::String | Kind::Id | Kind::Bytes | Kind::Message(_));
    if tag.1 == Len && is_number {
        let mut packed = rest.message()?;
        while !packed.is_empty() {
            print_value(&mut packed, field, out)?;
        }
        return Ok(());
    }
    print_value(rest, field, out)
}

fn print_value(rest: &mut Reader<'_>, field: &Field, out: &mut String) -> Result<(), Fault> {
    if field.repeated {
        separate(out);
    }
    // Writing to a string does not fail.
    match field.kind {
        Kind::String => write_string(&rest.bytes()?.text(), out, |_| false),
        Kind::Id => quoted(rest.bytes()?.bytes, hex::append, out),
        Kind::Bytes => quoted(rest.bytes()?.bytes, base64::encode, out),
        Kind::Bool => out.push_str(if rest.bool()? { "true" } else { "false" }),
        Kind::Int64 => drop(write!(out, "\"{}\"", rest.int64()?)),
        Kind::Uint32 => drop(write!(out, "{}", rest.uint32()?)),
        Kind::Uint64 => drop(write!(out, "\"{}\"", rest.varint()?)),
        Kind::Sint32 => drop(write!(out, "{}", rest.sint32()?)),
        Kind::Fixed32 => drop(write!(out, "{}", rest.fixed32()?)),
        Kind::Fixed64 => drop(write!(out, "\"{}\"", rest.fixed64()?)),
        Kind::Sfixed64 => drop(write!(out, "\"{}\"", rest.fixed64()?.cast_signed())),
        Kind::Double => double(rest.double()?, out),
        Kind::Enum(_) => drop(write!(out, "{}", rest.int32()?)),
        Kind::Message(schema) => print_message(rest.message()?, schema, out)?,
    }
    Ok(())
}

fn quoted(bytes: &[u8], write: fn(&[u8], &mut String), out: &mut String) {
    out.push('"');
    write(bytes, out);
    out.push('"');
}

fn double(value: f64, out: &mut String) {
    let special = match value {
        value if value.is_finite() => {
            let _ = number::write_json(out, value);
            return;
        }
        value if value.is_nan() => "\"NaN\"",
        value if value > 0.0 => "\"Infinity\"",
        _ => "\"-Infinity\"",
    };
    out.push_str(special);
}

#[cfg(test)]
mod tests {
    use super::super::schema::METRICS;
    use super::super::transcode::transcode;
    use super::*;

    #[test]
    fn what_is_read_is_printed() {
        let text = concat!(
            r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"a\"","value":{"stringValue":"ü\n"}}]},"#,
            r#""scopeMetrics":[{"scope":{"name":"s"},"metrics":[{"name":"m","histogram":{"dataPoints":["#,
            r#"{"timeUnixNano":"7","count":"3","sum":"NaN","bucketCounts":["1","2"],"explicitBounds":[-0.5],"#,
            r#""exemplars":[{"asDouble":1e+21,"spanId":"b7ad6b7169203331"}],"flags":1,"max":"-Infinity"}],"#,
            r#""aggregationTemporality":2}},{"name":"n","exponentialHistogram":{"dataPoints":["#,
            r#"{"scale":-3,"positive":{"offset":-7,"bucketCounts":["0","18446744073709551615"]}}]}}]}]}]}"#,
        );
        let message = transcode(text.as_bytes(), &METRICS).unwrap();
        assert_eq!(String::from_utf8(print(&message, &METRICS)).unwrap(), text);
        assert_eq!(print(b"", &METRICS), b"{}");
    }
}
