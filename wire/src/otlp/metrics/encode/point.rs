//! Writes data points; the layouts are drawn in `number`, `histogram`, `exponential` and `summary`.

use std::collections::HashMap;

use telemetry_core::labels::Labels;
use telemetry_core::model::{BucketSpan, Exemplar, Histogram};

use super::family::{Data, Point};
use super::series::Sample;
use crate::otlp::hex;
use crate::otlp::value::write_attribute;
use crate::prometheus::native::integer;
use crate::protobuf::Writer;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// The flag that says that there is no value from here on.
const NO_RECORDED_VALUE: u64 = 1;

/// Which message the points of a metric are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Gauge,
    Counter,
    Sum,
    Histogram,
    Exponential,
    Summary,
}

impl Shape {
    pub(super) fn of(data: &Data<'_>) -> Self {
        match data {
            Data::Gauge(_) => Shape::Gauge,
            Data::Counter(_) => Shape::Counter,
            Data::Sum(_) => Shape::Sum,
            Data::Native(histogram) if histogram.has_custom_bounds() => Shape::Histogram,
            Data::Native(_) => Shape::Exponential,
            Data::Histogram { .. } => Shape::Histogram,
            Data::Summary { .. } => Shape::Summary,
        }
    }
}

/// Exemplars that wait for a point of their series.
pub(super) struct Exemplars {
    by_series: HashMap<usize, Vec<Exemplar>>,
    /// The last sample of each of these series.
    last: HashMap<usize, usize>,
}

impl Exemplars {
    pub(super) fn new(by_series: HashMap<usize, Vec<Exemplar>>, samples: &[Sample]) -> Self {
        let places = samples.iter().enumerate().map(|(at, sample)| (sample.series, at));
        let last = places.filter(|(series, _)| by_series.contains_key(series)).collect();
        Exemplars { by_series, last }
    }

    /// Those that go with the sample at position `at`.
    fn take(&mut self, at: usize, sample: &Sample) -> Vec<Exemplar> {
        let Some(waiting) = self.by_series.get_mut(&sample.series) else { return Vec::new() };
        let is_last = self.last.get(&sample.series) == Some(&at);
        waiting.extract_if(.., |exemplar| is_last || exemplar.time.0 <= sample.time).collect()
    }
}

/// Appends a point to its metric's data.
pub(super) fn write(
    point: &Point<'_>,
    samples: &[Sample],
    exemplars: &mut Exemplars,
    out: &mut Writer,
) {
    let at = |at: &usize| samples.get(*at).map(|sample| (*at, sample));
    let of_samples = point.samples.iter().filter_map(at);
    let exemplars: Vec<_> =
        of_samples.flat_map(|(at, sample)| exemplars.take(at, sample)).collect();
    out.message(1, |out| match &point.data {
        Data::Gauge(value) | Data::Counter(value) | Data::Sum(value) => {
            head(point, 7, 8, out);
            if !point.is_stale {
                out.double(4, *value);
            }
            write_exemplars(5, &exemplars, out);
        }
        Data::Native(histogram) if histogram.has_custom_bounds() => {
            head(point, 9, 10, out);
            write_custom(histogram, point.is_stale, out);
            write_exemplars(8, &exemplars, out);
        }
        Data::Native(histogram) => {
            head(point, 1, 10, out);
            write_exponential(histogram, point.is_stale, out);
            write_exemplars(11, &exemplars, out);
        }
        Data::Histogram { count, sum, bounds, populations } => {
            head(point, 9, 10, out);
            out.fixed64(4, *count);
            sum.iter().for_each(|sum| out.double(5, *sum));
            write_populations(populations, out);
            out.doubles(7, bounds);
            write_exemplars(8, &exemplars, out);
        }
        Data::Summary { count, sum, quantiles } => {
            head(point, 7, 8, out);
            out.fixed64(4, *count);
            out.double(5, *sum);
            for (quantile, value) in quantiles {
                out.message(6, |out| {
                    out.double(1, *quantile);
                    out.double(2, *value);
                });
            }
        }
    });
}

/// What all points have; the numbers of two of the fields differ.
fn head(point: &Point<'_>, attributes: u32, flags: u32, out: &mut Writer) {
    let labels: &Labels = &point.attributes;
    labels.iter().for_each(|(name, value)| write_attribute(out, attributes, name, value));
    if point.start != 0 {
        out.fixed64(2, nanos(point.start));
    }
    out.fixed64(3, nanos(point.time));
    if point.is_stale {
        out.varint(flags, NO_RECORDED_VALUE);
    }
}

/// Nanoseconds; the time has been checked.
fn nanos(millis: i64) -> u64 {
    millis.unsigned_abs().saturating_mul(NANOS_PER_MILLI)
}

fn write_populations(populations: &[u64], out: &mut Writer) {
    out.message(6, |out| {
        populations.iter().for_each(|n| out.out().extend_from_slice(&n.to_le_bytes()));
    });
}

/// A native histogram with custom buckets: explicit bounds, and a population for each.
fn write_custom(histogram: &Histogram, is_stale: bool, out: &mut Writer) {
    out.fixed64(4, integer(histogram.count).unwrap_or_default());
    if !is_stale {
        out.double(5, histogram.sum);
    }
    let mut populations = vec![0; histogram.custom_bounds.len() + 1];
    for (index, population) in histogram.positive() {
        let place = usize::try_from(index).ok().and_then(|index| populations.get_mut(index));
        if let Some(place) = place {
            *place = integer(population).unwrap_or_default();
        }
    }
    write_populations(&populations, out);
    out.doubles(7, &histogram.custom_bounds);
}

fn write_exponential(histogram: &Histogram, is_stale: bool, out: &mut Writer) {
    out.fixed64(4, integer(histogram.count).unwrap_or_default());
    if !is_stale {
        out.double(5, histogram.sum);
    }
    out.nonzero_sint(6, histogram.schema.into());
    out.fixed64(7, integer(histogram.zero_count).unwrap_or_default());
    let sides = [
        (8, &histogram.positive_spans, &histogram.positive_buckets),
        (9, &histogram.negative_spans, &histogram.negative_buckets),
    ];
    // Buckets without values have not been checked, and any gap could be between them.
    for (number, spans, populations) in sides.into_iter().filter(|_| !is_stale) {
        write_side(number, spans, populations, out);
    }
    out.nonzero_double(14, histogram.zero_threshold);
}

/// One side's buckets, the gaps between the spans filled with empty ones. Bucket `i` of OTLP starts
/// where bucket `i` of Prometheus ends.
fn write_side(number: u32, spans: &[BucketSpan], populations: &[f64], out: &mut Writer) {
    let Some(first) = spans.first().filter(|_| !populations.is_empty()) else { return };
    out.message(number, |out| {
        out.nonzero_sint(1, i64::from(first.offset) - 1);
        out.message(2, |out| {
            let mut rest = populations.iter();
            for (at, span) in spans.iter().enumerate() {
                let gap = if at == 0 { 0 } else { span.offset.unsigned_abs() };
                (0..gap).for_each(|_| out.raw_varint(0));
                let length = usize::try_from(span.length).unwrap_or(usize::MAX);
                for population in rest.by_ref().take(length) {
                    out.raw_varint(integer(*population).unwrap_or_default());
                }
            }
        });
    });
}

fn write_exemplars(number: u32, exemplars: &[Exemplar], out: &mut Writer) {
    for exemplar in exemplars.iter().filter(|exemplar| exemplar.time.0 >= 0) {
        out.message(number, |out| {
            out.fixed64(2, nanos(exemplar.time.0));
            out.double(3, exemplar.value);
            for (name, value) in &exemplar.labels {
                let (field, bytes) = match name {
                    "span_id" => (4, hex::parse(value, 8)),
                    "trace_id" => (5, hex::parse(value, 16)),
                    _ => (7, None),
                };
                match bytes {
                    Some(id) => out.bytes(field, &id),
                    None => write_attribute(out, 7, name, value),
                }
            }
        });
    }
}
