//! Joins the samples of a metric into a protobuf message.

use std::collections::HashMap;
use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::{BucketSpan, Histogram, MetricKind};
use telemetry_core::syntax::number::parse_float;

use super::entry::{Entry, Exposed, ExposedExemplar, ExposedValue};
use super::escape::{Escaping, escape_name};
use crate::prometheus::native::{self, integer, write_span};
use crate::protobuf::Writer;

/// The family under construction, and those before it.
#[derive(Debug, Default)]
pub(super) struct Messages {
    out: Vec<u8>,
    family: Option<Family>,
}

#[derive(Debug, Default)]
struct Family {
    name: String,
    help: String,
    unit: String,
    kind: MetricKind,
    metrics: Vec<Metric>,
    /// Where the metric of these labels and this time is.
    places: HashMap<(Labels, Option<i64>), usize>,
}

#[derive(Debug, Default)]
struct Metric {
    labels: Labels,
    time: Option<i64>,
    start: i64,
    value: f64,
    sum: f64,
    count: f64,
    /// Bounds or quantiles with their values.
    parts: Vec<(f64, f64, Option<ExposedExemplar>)>,
    native: Option<Arc<Histogram>>,
    exemplars: Vec<ExposedExemplar>,
}

impl Messages {
    pub(super) fn add(&mut self, entry: Entry<'_>, escaping: Escaping) {
        match entry {
            Entry::Help { family, text } => text.clone_into(&mut self.enter(family, escaping).help),
            Entry::Type { family, kind } => self.enter(family, escaping).kind = kind,
            Entry::Unit { family, unit } => unit.clone_into(&mut self.enter(family, escaping).unit),
            Entry::Sample(sample) => self.sample(&sample, escaping),
        }
    }

    fn enter(&mut self, name: &str, escaping: Escaping) -> &mut Family {
        let name = escape_name(name, escaping);
        let is_present =
            self.family.as_ref().is_some_and(|f| f.name == name && f.metrics.is_empty());
        if !is_present {
            self.flush();
        }
        self.family.get_or_insert_with(|| Family { name: name.into_owned(), ..Family::default() })
    }

    fn sample(&mut self, sample: &Exposed<'_>, escaping: Escaping) {
        let name = escape_name(sample.name, escaping);
        let present = self.family.take();
        let part = present.as_ref().and_then(|family| family.part(&name));
        self.family = present;
        if part.is_none() {
            self.enter(sample.name, escaping);
        }
        if let Some(family) = &mut self.family {
            family.add(sample, part.unwrap_or(Part::Value), escaping);
        }
    }

    pub(super) fn finish(&mut self) -> Vec<u8> {
        self.flush();
        std::mem::take(&mut self.out)
    }

    fn flush(&mut self) {
        let Some(family) = self.family.take() else { return };
        let mut writer = Writer::default();
        family.write(&mut writer);
        let message = writer.finish();
        let mut framed = Writer::default();
        framed.raw_varint(message.len() as u64);
        self.out.append(&mut framed.finish());
        self.out.extend(message);
    }
}

/// Which part of its metric a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Value,
    Sum,
    Count,
    Bound(&'static str),
}

impl Family {
    /// The part that a sample of this name is; none where it is of another family.
    fn part(&self, name: &str) -> Option<Part> {
        use MetricKind::{Counter, GaugeHistogram, Histogram, Summary};
        let suffix = name.strip_prefix(self.name.as_str());
        match (self.kind, suffix?) {
            (Summary, "") => Some(Part::Bound("quantile")),
            (Histogram | GaugeHistogram, "_bucket") => Some(Part::Bound("le")),
            (Histogram | Summary, "_sum") | (GaugeHistogram, "_gsum" | "_sum") => Some(Part::Sum),
            (Histogram | Summary, "_count") | (GaugeHistogram, "_gcount" | "_count") => {
                Some(Part::Count)
            }
            (_, "") | (Counter, "_total") => Some(Part::Value),
            _ => None,
        }
    }

    fn add(&mut self, sample: &Exposed<'_>, part: Part, escaping: Escaping) {
        let bound = if let Part::Bound(bound) = part { bound } else { "" };
        let (bounds, labels): (Vec<_>, Vec<_>) =
            sample.labels.iter().partition(|(name, _)| name == bound);
        let labels: Labels =
            labels.iter().map(|(name, value)| (escape_name(name, escaping), value)).collect();
        let next = self.metrics.len();
        let place = *self.places.entry((labels.clone(), sample.time)).or_insert(next);
        if place == next {
            self.metrics.push(Metric { labels, time: sample.time, ..Metric::default() });
        }
        let Some(metric) = self.metrics.get_mut(place) else { return };
        metric.start = sample.start;
        let value = match sample.value {
            ExposedValue::Float(value) => value,
            ExposedValue::Histogram(native) => {
                metric.native = Some(Arc::clone(native));
                metric.exemplars.extend_from_slice(sample.exemplars);
                return;
            }
        };
        match part {
            Part::Sum => metric.sum = value,
            Part::Count => metric.count = value,
            Part::Value => {
                metric.value = value;
                metric.exemplars.extend_from_slice(sample.exemplars);
            }
            Part::Bound(_) => {
                let bound = bounds.first().and_then(|(_, text)| parse_float(text).ok());
                let exemplar = sample.exemplars.first().cloned();
                metric.parts.extend(bound.map(|bound| (bound, value, exemplar)));
            }
        }
    }

    fn write(&self, out: &mut Writer) {
        out.nonempty(1, self.name.as_bytes());
        out.nonempty(2, self.help.as_bytes());
        let kind = match self.kind {
            MetricKind::Counter => 0,
            MetricKind::Gauge => 1,
            MetricKind::Summary => 2,
            MetricKind::Histogram => 4,
            MetricKind::GaugeHistogram => 5,
            MetricKind::Unknown | MetricKind::Info | MetricKind::StateSet => 3,
        };
        out.varint(3, kind);
        for metric in &self.metrics {
            out.message(4, |out| metric.write(self.kind, out));
        }
        out.nonempty(5, self.unit.as_bytes());
    }
}

impl Metric {
    fn write(&self, kind: MetricKind, out: &mut Writer) {
        write_labels(&self.labels, out);
        match kind {
            MetricKind::Gauge => out.message(2, |out| out.double(1, self.value)),
            MetricKind::Counter => out.message(3, |out| {
                out.double(1, self.value);
                self.exemplars.iter().take(1).for_each(|exemplar| write_exemplar(2, exemplar, out));
                write_time(3, self.start, out);
            }),
            MetricKind::Summary => out.message(4, |out| {
                out.varint(1, integer(self.count).unwrap_or_default());
                out.double(2, self.sum);
                for (quantile, value, _) in &self.parts {
                    out.message(3, |out| {
                        out.double(1, *quantile);
                        out.double(2, *value);
                    });
                }
                write_time(4, self.start, out);
            }),
            MetricKind::Histogram | MetricKind::GaugeHistogram => {
                out.message(7, |out| self.write_histogram(out));
            }
            MetricKind::Unknown | MetricKind::Info | MetricKind::StateSet => {
                out.message(5, |out| out.double(1, self.value));
            }
        }
        if let Some(time) = self.time {
            out.varint(6, time.cast_unsigned());
        }
    }

    fn write_histogram(&self, out: &mut Writer) {
        let (count, sum) = self
            .native
            .as_ref()
            .map_or((self.count, self.sum), |native| (native.count, native.sum));
        let is_integer = self.native.as_ref().is_none_or(|native| native::is_integer(native));
        match integer(count).filter(|_| is_integer) {
            Some(count) => out.varint(1, count),
            None => out.double(4, count),
        }
        out.double(2, sum);
        for (bound, count, exemplar) in &self.parts {
            out.message(3, |out| {
                match integer(*count) {
                    Some(count) => out.varint(1, count),
                    None => out.double(4, *count),
                }
                out.double(2, *bound);
                exemplar.iter().for_each(|exemplar| write_exemplar(3, exemplar, out));
            });
        }
        if let Some(native) = &self.native {
            write_native(native, is_integer, out);
        }
        write_time(15, self.start, out);
        self.exemplars.iter().for_each(|exemplar| write_exemplar(16, exemplar, out));
    }
}

fn write_native(native: &Histogram, is_integer: bool, out: &mut Writer) {
    out.sint(5, native.schema.into());
    out.double(6, native.zero_threshold);
    match integer(native.zero_count).filter(|_| is_integer) {
        Some(zeros) => out.varint(7, zeros),
        None => out.double(8, native.zero_count),
    }
    let sides = [
        (9, &native.negative_spans, &native.negative_buckets),
        (12, &native.positive_spans, &native.positive_buckets),
    ];
    for (number, spans, buckets) in sides {
        spans.iter().for_each(|span| write_span(number, *span, out));
        if is_integer {
            native::write_deltas(buckets, |delta| out.sint(number + 1, delta));
        } else {
            buckets.iter().for_each(|population| out.double(number + 2, *population));
        }
    }
    if native.positive_spans.is_empty() && native.negative_spans.is_empty() {
        // A span without buckets says that the histogram is native.
        write_span(12, BucketSpan::default(), out);
    }
}

fn write_labels(labels: &Labels, out: &mut Writer) {
    for (name, value) in labels {
        out.message(1, |out| {
            out.bytes(1, name.as_bytes());
            out.bytes(2, value.as_bytes());
        });
    }
}

fn write_exemplar(number: u32, exemplar: &ExposedExemplar, out: &mut Writer) {
    out.message(number, |out| {
        write_labels(&exemplar.labels, out);
        out.double(2, exemplar.value);
        if let Some(time) = exemplar.time {
            out.message(3, |out| write_parts(time, out));
        }
    });
}

/// A time in milliseconds, unless it is 0.
fn write_time(number: u32, time: i64, out: &mut Writer) {
    if time != 0 {
        out.message(number, |out| write_parts(time, out));
    }
}

/// Seconds and nanoseconds.
fn write_parts(time: i64, out: &mut Writer) {
    out.varint(1, time.div_euclid(1_000).cast_unsigned());
    out.varint(2, (time.rem_euclid(1_000) * 1_000_000).cast_unsigned());
}
