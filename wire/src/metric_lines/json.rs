//! Reads a line that is a JSON object: a series with values and timestamps.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::syntax::number::parse_float;
use xxhash_rust::xxh3::xxh3_128;

use super::report::{LineFault, Refused};
use super::row::{Row, Times};
use super::time::TimeForm;
use crate::decimal;
use crate::error::{Error, JsonErrorKind};
use crate::json::Reader;

/// Reads the samples of a line.
pub(super) fn read(line: &str, row: &mut Row) -> Result<(), Refused> {
    let mut metric = None;
    let [mut has_values, mut has_times] = [false; 2];
    let mut times = match std::mem::take(&mut row.times) {
        // Its memory is used again.
        Times::Series(times) => times,
        Times::Row(_) => Vec::new(),
    };
    times.clear();
    let mut reader = Reader::of(line);
    let read = reader.object(|reader, name| match name {
        "metric" => {
            reader.peek();
            let start = reader.at();
            reader.object(|reader, _| reader.string().map(drop))?;
            metric = Some(start..reader.at());
            Ok(())
        }
        "values" => {
            has_values = true;
            row.values.clear();
            reader.numbers(decimal::float, value, &mut row.values)
        }
        "timestamps" => {
            has_times = true;
            times.clear();
            reader.numbers(decimal::integer, time, &mut times)
        }
        _ => reader.skip(),
    });
    let lengths = (row.values.len(), times.len());
    row.times = Times::Series(times);
    read.and_then(|()| reader.end()).map_err(refused)?;
    let missing = |member| Refused::new(0, LineFault::Missing { member });
    row.head = metric.ok_or_else(|| missing("metric"))?;
    if !has_values || !has_times {
        return Err(missing(if has_values { "timestamps" } else { "values" }));
    }
    let (values, timestamps) = lengths;
    if values != timestamps {
        return Err(Refused::new(0, LineFault::Lengths { values, timestamps }));
    }
    row.key = xxh3_128(line.get(row.head.clone()).unwrap_or_default().as_bytes());
    Ok(())
}

/// Makes the labels of the line's series.
pub(super) fn series(line: &str, row: &mut Row) -> Result<(), Refused> {
    row.clear_labels();
    let start = row.head.start;
    let metric = line.get(row.head.clone()).unwrap_or_default();
    let mut reader = Reader::of(metric);
    let read = reader.object(|reader, name| {
        let value = reader.string()?;
        let name = row.keep(|arena| arena.push_str(name));
        let value = row.keep(|arena| arena.push_str(&value));
        row.label(name, value);
        Ok(())
    });
    read.map_err(|error| {
        let refused = refused(error);
        Refused { byte: start + refused.byte, ..refused }
    })
}

/// A number, a text that is one, or `null`.
#[cold]
fn value(reader: &mut Reader<'_>) -> Result<f64, Error> {
    if reader.take_null()? {
        return Ok(f64::NAN);
    }
    let is_text = reader.peek() == b'"';
    let at = reader.at();
    let text = if is_text { reader.string()? } else { reader.number()?.into() };
    let kind = JsonErrorKind::Number { kind: "a value" };
    parse_float(&text).map_err(|_| reader.error_at(at, kind))
}

#[cold]
fn time(reader: &mut Reader<'_>) -> Result<i64, Error> {
    let at = reader.at();
    let millis = TimeForm::Millis.millis(reader.number()?);
    millis.ok_or_else(|| reader.error_at(at, JsonErrorKind::Number { kind: "a timestamp" }))
}

/// Readers give no other errors than these.
fn refused(error: Error) -> Refused {
    match error {
        Error::Json { position, kind } => Refused::new(position, LineFault::Json(kind)),
        _ => Refused::expected(0, "an object"),
    }
}
