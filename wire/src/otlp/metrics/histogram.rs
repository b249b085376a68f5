//! Points of histograms with explicit bounds, as classic histograms.
//!
//! ~~~text
//! HistogramDataPoint  2 start · 3 time · 4 count · 5 sum · 6 bucket counts* · 7 bounds* · 8 exemplars*
//!                     9 attributes* · 10 flags · 11 min · 12 max
//! ~~~
//!
//! As an option they become native histograms whose buckets have these bounds.
//!
//! OTLP counts per bucket, Prometheus up to a bound: the counts are added up. The last bucket is
//! the count of all. An exemplar goes to the first bucket whose bound is not below it.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{CUSTOM_BUCKETS_SCHEMA, Exemplar, Histogram, SampleValue};
use telemetry_core::syntax::number::write_f;

use super::exemplar;
use super::exponential::layout;
use super::metric::Metric;
use super::output::{Output, Which};
use super::point::{Point, Times};
use crate::error::Fault;
use crate::known::Shape;
use crate::otlp::texts::Texts;
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, packed_doubles, packed_fixed64};

/// Reused from point to point.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    counts: Vec<u64>,
    bounds: Vec<f64>,
    exemplars: Vec<Exemplar>,
    /// The bounds that were made texts of, and the texts.
    printed: Vec<f64>,
    texts: Vec<String>,
    shape: Shape,
    /// Whether points become native histograms with these buckets.
    are_native: bool,
}

/// Hands over `_sum` if there is one, `_count`, and a `_bucket` per bound and for infinity; or one
/// native histogram.
pub(super) fn translate<'a>(
    mut message: Reader<'a>,
    metric: &Metric<'a>,
    point: &mut Point<'a>,
    buckets: &mut Buckets,
    output: &mut Output<'_>,
    texts: &mut Texts,
) -> Result<Option<Times>, Fault> {
    point.clear();
    buckets.counts.clear();
    buckets.bounds.clear();
    let (mut count, mut sum) = (0, None);
    while let Some(tag) = message.tag()? {
        match tag {
            (2, Fixed64) => point.start = message.fixed64()?,
            (3, Fixed64) => point.time = message.fixed64()?,
            (4, Fixed64) => count = message.fixed64()?,
            (5, Fixed64) => sum = Some(message.double()?),
            (6, Len) => packed_fixed64(message.bytes()?, &mut buckets.counts)?,
            (6, Fixed64) => buckets.counts.push(message.fixed64()?),
            (7, Len) => packed_doubles(message.bytes()?, &mut buckets.bounds)?,
            (7, Fixed64) => buckets.bounds.push(message.double()?),
            (8, Len) => point.exemplars.push(message.message()?),
            (9, Len) => point.attributes::<9>(&mut message)?,
            (10, Varint) => point.flags = message.uint32()?,
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
    if buckets.are_native {
        return buckets.translate_native(metric, point, times, (count, sum), output, texts);
    }
    // A bound without a count is none.
    buckets.bounds.truncate(buckets.counts.len());
    if !output.begin(point, buckets.shape.of(&buckets.bounds, sum.is_some()))? {
        return Ok(None);
    }
    buckets.read_exemplars(&point.exemplars, texts)?;
    let target = Arc::clone(&output.target);
    let mut labels = output.labels(point, &target);
    buckets.print_bounds();
    if let Some(sum) = sum {
        output.sample(&mut labels, Which::name(&metric.sum), times, point.value(sum));
    }
    let count = point.value(count as f64);
    output.sample(&mut labels, Which::name(&metric.count), times, count);
    let Buckets { counts, bounds, exemplars, texts, .. } = buckets;
    let mut exemplars = exemplars.drain(..).peekable();
    let mut total = 0_u64;
    for ((bound, in_bucket), text) in bounds.iter().zip(counts).zip(texts) {
        // A producer's counts may overflow together; a wrong total is the producer's.
        total = total.wrapping_add(*in_bucket);
        let which = Which { name: &metric.bucket, bound: Some(("le", text)) };
        let series = output.sample(&mut labels, which, times, point.value(total as f64));
        while let Some(exemplar) = exemplars.next_if(|exemplar| exemplar.value <= *bound) {
            if let Some(series) = series {
                output.sink.exemplar(series, exemplar);
            }
        }
    }
    let which = Which { name: &metric.bucket, bound: Some(("le", "+Inf")) };
    if let Some(series) = output.sample(&mut labels, which, times, count) {
        exemplars.for_each(|exemplar| output.sink.exemplar(series, exemplar));
    }
    output.finish();
    Ok(Some(times))
}

impl Buckets {
    pub(super) fn new(are_native: bool) -> Self {
        Buckets { are_native, ..Buckets::default() }
    }

    /// Hands over one native histogram with custom buckets.
    fn translate_native(
        &self,
        metric: &Metric<'_>,
        point: &mut Point<'_>,
        times: Times,
        (count, sum): (u64, Option<f64>),
        output: &mut Output<'_>,
        texts: &mut Texts,
    ) -> Result<Option<Times>, Fault> {
        // The first bucket has the index 0; the layout moves indexes by one.
        let (positive_spans, positive_buckets) = match layout(-1, &self.counts, 0) {
            Ok(layout) => layout,
            Err(reason) => {
                output.refuse(reason);
                return Ok(None);
            }
        };
        if !output.begin(point, 0)? {
            return Ok(None);
        }
        let histogram = Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: count as f64,
            sum: point.value(sum.unwrap_or_default()),
            positive_spans,
            positive_buckets,
            custom_bounds: self.bounds.clone(),
            ..Histogram::default()
        };
        let target = Arc::clone(&output.target);
        let mut labels = output.labels(point, &target);
        let value = SampleValue::Histogram(Arc::new(histogram));
        let series = output.sample(&mut labels, Which::name(&metric.name), times, value);
        if let Some(series) = series {
            exemplar::add_all(&point.exemplars, series, output.sink, texts)?;
        }
        output.finish();
        Ok(Some(times))
    }

    fn read_exemplars(&mut self, messages: &[Reader<'_>], texts: &mut Texts) -> Result<(), Fault> {
        self.exemplars.clear();
        for message in messages {
            self.exemplars.extend(exemplar::read(*message, texts)?);
        }
        self.exemplars.sort_by(|a, b| a.value.total_cmp(&b.value));
        Ok(())
    }

    /// Makes the texts of the bounds, unless they are those of the point before: points of a
    /// metric mostly have the same.
    fn print_bounds(&mut self) {
        let printed = self.printed.iter().map(|bound| bound.to_bits());
        if printed.eq(self.bounds.iter().map(|bound| bound.to_bits())) {
            return;
        }
        self.printed.clone_from(&self.bounds);
        self.texts.clear();
        for bound in &self.bounds {
            let mut text = String::new();
            // Writing to a string does not fail.
            let _ = write_f(&mut text, *bound);
            self.texts.push(text);
        }
    }
}
