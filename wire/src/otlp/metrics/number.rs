//! Points of gauges and sums.
//!
//! ~~~text
//! NumberDataPoint  2 start · 3 time · 4 as_double · 5 exemplars* · 6 as_int · 7 attributes* · 8 flags
//! ~~~
//!
//! A point without a value is zero: producers leave out what is the default.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use super::exemplar;
use super::metric::{Kind, Metric};
use super::output::{Output, Which};
use super::point::{Point, Times, integer};
use crate::error::Fault;
use crate::otlp::texts::Texts;
use crate::protobuf::Reader;
use crate::protobuf::Wire::*;

/// Hands over one sample.
pub(super) fn translate<'a>(
    mut message: Reader<'a>,
    metric: &Metric<'a>,
    point: &mut Point<'a>,
    output: &mut Output<'_>,
    texts: &mut Texts,
) -> Result<Option<Times>, Fault> {
    point.clear();
    let mut value = 0.0;
    while let Some(tag) = message.tag()? {
        match tag {
            (2, Fixed64) => point.start = message.fixed64()?,
            (3, Fixed64) => point.time = message.fixed64()?,
            (4, Fixed64) => value = message.double()?,
            (5, Len) => point.exemplars.push(message.message()?),
            (6, Fixed64) => value = integer(message.fixed64()?),
            (7, Len) => point.attributes::<7>(&mut message)?,
            (8, Varint) => point.flags = message.uint32()?,
            _ => message.skip(tag)?,
        }
    }
    let times = match point.times() {
        // The start of a gauge means nothing.
        Ok(times) if metric.kind == Kind::Gauge => Times { start: 0, ..times },
        Ok(times) => times,
        Err(reason) => {
            output.refuse(reason);
            return Ok(None);
        }
    };
    if !output.begin(point, 0)? {
        return Ok(None);
    }
    let target = Arc::clone(&output.target);
    let mut labels = output.labels(point, &target);
    let which = Which::name(&metric.name);
    let series = output.sample(&mut labels, which, times, point.value(value));
    if let Some(series) = series.filter(|_| metric.kind == Kind::Sum) {
        exemplar::add_all(&point.exemplars, series, output.sink, texts)?;
    }
    output.finish();
    Ok(Some(times))
}
