//! Points of summaries.
//!
//! ~~~text
//! SummaryDataPoint  2 start · 3 time · 4 count · 5 sum · 6 quantile values* · 7 attributes* · 8 flags
//! quantile value    1 quantile · 2 value
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::syntax::number::write_f;

use super::metric::Metric;
use super::point::{Output, Point, Times};
use crate::error::Error;
use crate::protobuf::Reader;

/// Hands over `_sum`, `_count` and a sample per quantile.
pub(super) fn translate<'a>(
    mut message: Reader<'a>,
    metric: &Metric<'a>,
    point: &mut Point<'a>,
    output: &mut Output<'_>,
) -> Result<Option<Times>, Error> {
    point.clear();
    let (mut count, mut sum) = (0, 0.0);
    let mut quantiles = Vec::new();
    while let Some(field) = message.next()? {
        match field.number {
            2 => point.start = field.fixed64()?,
            3 => point.time = field.fixed64()?,
            4 => count = field.fixed64()?,
            5 => sum = field.double()?,
            6 => quantiles.push(read_quantile(field.message()?)?),
            7 => point.attribute(field.message()?)?,
            8 => point.flags = field.uint32()?,
            _ => {}
        }
    }
    let times = match point.finish()? {
        Ok(times) => times,
        Err(reason) => {
            output.refuse(reason);
            return Ok(None);
        }
    };
    output.float(point, (&metric.name, "_sum"), None, times, sum);
    output.float(point, (&metric.name, "_count"), None, times, count as f64);
    let mut text = String::new();
    for (quantile, value) in quantiles {
        text.clear();
        // Writing to a string does not fail.
        let _ = write_f(&mut text, quantile);
        output.float(point, (&metric.name, ""), Some(("quantile", &text)), times, value);
    }
    Ok(Some(times))
}

fn read_quantile(mut message: Reader<'_>) -> Result<(f64, f64), Error> {
    let (mut quantile, mut value) = (0.0, 0.0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => quantile = field.double()?,
            2 => value = field.double()?,
            _ => {}
        }
    }
    Ok((quantile, value))
}
