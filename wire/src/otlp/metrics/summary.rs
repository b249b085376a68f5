//! Points of summaries.
//!
//! ~~~text
//! SummaryDataPoint  2 start · 3 time · 4 count · 5 sum · 6 quantile values* · 7 attributes* · 8 flags
//! quantile value    1 quantile · 2 value
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::syntax::number::write_f;

use super::metric::Metric;
use super::output::{Output, Which};
use super::point::{Point, Times};
use crate::error::Fault;
use crate::known::Shape;
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, pairs};

/// Hands over `_sum`, `_count` and a sample per quantile.
pub(super) fn translate<'a>(
    mut message: Reader<'a>,
    metric: &Metric<'a>,
    point: &mut Point<'a>,
    output: &mut Output<'_>,
) -> Result<Option<Times>, Fault> {
    point.clear();
    let (mut count, mut sum) = (0, 0.0);
    let mut quantiles = Vec::new();
    while let Some(tag) = message.tag()? {
        match tag {
            (2, Fixed64) => point.start = message.fixed64()?,
            (3, Fixed64) => point.time = message.fixed64()?,
            (4, Fixed64) => count = message.fixed64()?,
            (5, Fixed64) => sum = message.double()?,
            (6, Len) => quantiles.push(pairs::doubles(message.message()?)?),
            (7, Len) => point.attributes::<7>(&mut message)?,
            (8, Varint) => point.flags = message.uint32()?,
            _ => message.skip(tag)?,
        }
    }
    let times = match point.times() {
        Ok(times) => times,
        Err(reason) => {
            output.refuse(reason);
            return Ok(None);
        }
    };
    let bounds: Vec<_> = quantiles.iter().map(|(quantile, _)| *quantile).collect();
    if !output.begin(point, Shape::default().of(&bounds, true))? {
        return Ok(None);
    }
    let target = Arc::clone(&output.target);
    let texts: Vec<_> = bounds.into_iter().map(float_text).collect();
    let mut labels = output.labels(point, &target);
    output.sample(&mut labels, Which::name(&metric.sum), times, point.value(sum));
    output.sample(&mut labels, Which::name(&metric.count), times, point.value(count as f64));
    for ((_, value), text) in quantiles.iter().zip(&texts) {
        let which = Which { name: &metric.name, bound: Some(("quantile", text)) };
        output.sample(&mut labels, which, times, point.value(*value));
    }
    output.finish();
    Ok(Some(times))
}

fn float_text(value: f64) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_f(&mut text, value);
    text
}
