//! Points of histograms with explicit bounds, as classic histograms.
//!
//! ~~~text
//! HistogramDataPoint  2 start · 3 time · 4 count · 5 sum · 6 bucket counts* · 7 bounds* · 8 exemplars*
//!                     9 attributes* · 10 flags · 11 min · 12 max
//! ~~~
//!
//! OTLP counts per bucket, Prometheus up to a bound: the counts are added up. The last bucket is
//! the count of all. An exemplar goes to the first bucket whose bound is not below it.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::fmt::Write;

use telemetry_core::model::Exemplar;
use telemetry_core::syntax::number::write_f;

use super::exemplar;
use super::metric::Metric;
use super::point::{Output, Point, Times};
use crate::error::Error;
use crate::otlp::texts::Texts;
use crate::protobuf::{Reader, packed_doubles, packed_fixed64};

/// Reused from point to point.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    counts: Vec<u64>,
    bounds: Vec<f64>,
    exemplars: Vec<Exemplar>,
    text: String,
}

/// Hands over `_sum` if there is one, `_count`, and a `_bucket` per bound and for infinity.
pub(super) fn translate<'a>(
    mut message: Reader<'a>,
    metric: &Metric<'a>,
    point: &mut Point<'a>,
    buckets: &mut Buckets,
    output: &mut Output<'_>,
    texts: &mut Texts,
) -> Result<Option<Times>, Error> {
    point.clear();
    buckets.counts.clear();
    buckets.bounds.clear();
    let (mut count, mut sum) = (0, None);
    while let Some(field) = message.next()? {
        match field.number {
            2 => point.start = field.fixed64()?,
            3 => point.time = field.fixed64()?,
            4 => count = field.fixed64()?,
            5 => sum = Some(field.double()?),
            6 => packed_fixed64(&field, &mut buckets.counts)?,
            7 => packed_doubles(&field, &mut buckets.bounds)?,
            8 => point.exemplars.push(field.message()?),
            9 => point.attribute(field.message()?)?,
            10 => point.flags = field.uint32()?,
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
    if let Some(sum) = sum {
        output.float(point, (&metric.name, "_sum"), None, times, sum);
    }
    output.float(point, (&metric.name, "_count"), None, times, count as f64);
    buckets.translate(metric, point, output, times, count as f64, texts)?;
    Ok(Some(times))
}

impl Buckets {
    fn translate(
        &mut self,
        metric: &Metric<'_>,
        point: &Point<'_>,
        output: &mut Output<'_>,
        times: Times,
        count: f64,
        texts: &mut Texts,
    ) -> Result<(), Error> {
        self.exemplars.clear();
        for message in &point.exemplars {
            self.exemplars.extend(exemplar::read(*message, texts)?);
        }
        self.exemplars.sort_by(|a, b| a.value.total_cmp(&b.value));
        let mut exemplars = self.exemplars.drain(..).peekable();
        let mut total = 0_u64;
        for (bound, in_bucket) in self.bounds.iter().zip(&self.counts) {
            // A producer's counts may overflow together; a wrong total is the producer's.
            total = total.wrapping_add(*in_bucket);
            self.text.clear();
            // Writing to a string does not fail.
            let _ = write_f(&mut self.text, *bound);
            let le = Some(("le", &*self.text));
            let series = output.float(point, (&metric.name, "_bucket"), le, times, total as f64);
            while let Some(exemplar) = exemplars.next_if(|exemplar| exemplar.value <= *bound) {
                if let Some(series) = series {
                    output.sink.exemplar(series, exemplar);
                }
            }
        }
        self.text.clear();
        let _ = self.text.write_str("+Inf");
        let le = Some(("le", &*self.text));
        let series = output.float(point, (&metric.name, "_bucket"), le, times, count);
        if let Some(series) = series {
            exemplars.for_each(|exemplar| output.sink.exemplar(series, exemplar));
        }
        Ok(())
    }
}
