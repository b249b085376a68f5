//! Puts metrics and resources around data points.

use std::collections::HashMap;

use telemetry_core::model::{Metadata, MetricKind};

use super::family::points;
use super::point::{self, Exemplars, Shape};
use super::series::{MetricEncoder, Target};
use crate::otlp::metrics::Translation;
use crate::otlp::metrics::name::{self, Suffix};
use crate::otlp::metrics::unit;
use crate::otlp::value::write_attribute;
use crate::protobuf::Writer;

const CUMULATIVE: u64 = 2;

/// Where a metric says what kind it is in Prometheus, if OTLP has no such kind: the convention of
/// OpenTelemetry's collector.
const PROMETHEUS_TYPE: &str = "prometheus.type";

/// A metric of one target and its points.
struct Metric<'e> {
    target: usize,
    name: &'e str,
    shape: Shape,
    points: Writer,
}

/// The request with all samples of the encoder, which has none left afterwards.
pub(super) fn write(encoder: &mut MetricEncoder) -> Vec<u8> {
    let samples = std::mem::take(&mut encoder.samples);
    let waiting = std::mem::take(&mut encoder.exemplars);
    let encoder = &*encoder;
    let mut exemplars = Exemplars::new(waiting, &samples);
    let mut metrics: Vec<Metric<'_>> = Vec::new();
    let mut places: HashMap<(usize, &str, Shape), usize> = HashMap::new();
    for data_point in &points(encoder, &samples) {
        let key = (data_point.target, data_point.metric, Shape::of(&data_point.data));
        let next = metrics.len();
        let place = *places.entry(key).or_insert(next);
        if place == next {
            let (target, name, shape) = key;
            metrics.push(Metric { target, name, shape, points: Writer::default() });
        }
        if let Some(metric) = metrics.get_mut(place) {
            point::write(data_point, &samples, &mut exemplars, &mut metric.points);
        }
    }
    // A stable sort: metrics of a target stay in their order.
    metrics.sort_by_key(|metric| metric.target);
    let mut request = Writer::default();
    for metrics in metrics.chunk_by(|a, b| a.target == b.target) {
        let target = metrics.first().and_then(|metric| encoder.targets.get(metric.target));
        request.message(1, |group| {
            group.message(1, |resource| {
                target.into_iter().for_each(|target| target.write(resource));
            });
            group.message(2, |scope| {
                for metric in metrics {
                    let metadata = encoder.metadata_of(metric.name);
                    scope.message(2, |out| metric.write(metadata, out));
                }
            });
        });
    }
    request.finish()
}

impl MetricEncoder {
    fn metadata_of(&self, metric: &str) -> Option<&Metadata> {
        let stem = || metric.strip_suffix("_total").and_then(|stem| self.metadata.get(stem));
        self.metadata.get(metric).or_else(stem)
    }

    /// The kind that metadata say, where they say one.
    pub(super) fn kind(&self, metric: &str) -> Option<MetricKind> {
        self.metadata_of(metric).map(|metadata| metadata.kind)
    }
}

impl Target {
    fn write(&self, resource: &mut Writer) {
        if !self.job.is_empty() {
            let (namespace, service) = match self.job.split_once('/') {
                Some((namespace, service)) => (Some(namespace), service),
                None => (None, self.job.as_str()),
            };
            write_attribute(resource, 1, "service.name", service);
            if let Some(namespace) = namespace {
                write_attribute(resource, 1, "service.namespace", namespace);
            }
        }
        if !self.instance.is_empty() {
            write_attribute(resource, 1, "service.instance.id", &self.instance);
        }
        let info = self.info.iter().flat_map(|(_, labels)| labels);
        info.for_each(|(name, value)| write_attribute(resource, 1, name, value));
    }
}

impl Metric<'_> {
    fn write(&self, metadata: Option<&Metadata>, out: &mut Writer) {
        let (number, suffix) = match self.shape {
            Shape::Gauge => (5, Suffix::Gauge),
            Shape::Counter => (7, Suffix::Counter),
            Shape::Sum => (7, Suffix::None),
            Shape::Histogram => (9, Suffix::None),
            Shape::Exponential => (10, Suffix::None),
            Shape::Summary => (11, Suffix::None),
        };
        out.bytes(1, self.name.as_bytes());
        if let Some(metadata) = metadata {
            out.nonempty(2, metadata.help.as_bytes());
            out.nonempty(3, unit_of(self.name, &metadata.unit, suffix).as_bytes());
        }
        out.message(number, |out| {
            out.out().extend_from_slice(self.points.written());
            if !matches!(self.shape, Shape::Gauge | Shape::Summary) {
                out.varint(2, CUMULATIVE);
            }
            if self.shape == Shape::Counter {
                out.varint(3, 1);
            }
        });
        use MetricKind::{Info, StateSet, Unknown};
        if let Some(kind @ (Unknown | Info | StateSet)) = metadata.map(|metadata| metadata.kind) {
            write_attribute(out, 12, PROMETHEUS_TYPE, kind.as_str());
        }
    }
}

/// The unit as OpenTelemetry spells it, where saying it leaves the name as it is; else none.
fn unit_of(name: &str, word: &str, suffix: Suffix) -> String {
    let symbol = unit::symbol(word);
    let strategies =
        [Translation::UnderscoreEscapingWithSuffixes, Translation::NoUtf8EscapingWithSuffixes];
    let is_said = strategies.iter().all(|strategy| {
        let translated = |unit| name::translate(name, unit, suffix, *strategy);
        translated(&symbol) == translated("")
    });
    if is_said { symbol } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_said_only_where_the_name_says_it_too() {
        let cases = [
            ("took_seconds", "seconds", Suffix::None, "s"),
            ("took", "seconds", Suffix::None, ""),
            ("read_bytes_total", "bytes", Suffix::Counter, "By"),
            ("used_ratio", "ratio", Suffix::Gauge, "1"),
            ("flow_widgets", "widgets", Suffix::Gauge, "widgets"),
            ("flow_bytes_per_second", "bytes_per_second", Suffix::Gauge, ""),
            ("a", "", Suffix::Gauge, ""),
        ];
        for (name, word, suffix, unit) in cases {
            assert_eq!(unit_of(name, word, suffix), unit, "{name} {word}");
        }
    }
}
