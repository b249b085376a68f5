//! Points of gauges and sums.
//!
//! ~~~text
//! NumberDataPoint  2 start · 3 time · 4 as_double · 5 exemplars* · 6 as_int · 7 attributes* · 8 flags
//! ~~~
//!
//! A point without a value is zero: producers leave out what is the default.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::exemplar;
use super::metric::{Kind, Metric};
use super::point::{Output, Point, Times, integer};
use crate::error::Error;
use crate::otlp::texts::Texts;
use crate::protobuf::Reader;

/// Hands over one sample.
pub(super) fn translate<'a>(
    mut message: Reader<'a>,
    metric: &Metric<'a>,
    point: &mut Point<'a>,
    output: &mut Output<'_>,
    texts: &mut Texts,
) -> Result<Option<Times>, Error> {
    point.clear();
    let mut value = 0.0;
    while let Some(field) = message.next()? {
        match field.number {
            2 => point.start = field.fixed64()?,
            3 => point.time = field.fixed64()?,
            4 => value = field.double()?,
            5 => point.exemplars.push(field.message()?),
            6 => value = integer(field.fixed64()?),
            7 => point.attribute(field.message()?)?,
            8 => point.flags = field.uint32()?,
            _ => {}
        }
    }
    let times = match point.finish()? {
        // The start of a gauge means nothing.
        Ok(times) if metric.kind == Kind::Gauge => Times { start: 0, ..times },
        Ok(times) => times,
        Err(reason) => {
            output.refuse(reason);
            return Ok(None);
        }
    };
    let series = output.float(point, (&metric.name, ""), None, times, value);
    if let Some(series) = series.filter(|_| metric.kind == Kind::Sum) {
        exemplar::add_all(&point.exemplars, series, output.sink, texts)?;
    }
    Ok(Some(times))
}
