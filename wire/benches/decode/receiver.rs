//! A straightforward receiver: what whoever stores series must do with what `prost` has read.
//!
//! Every series gets its label set, names translated, and the set's hash, and every condition of a
//! query its matcher; nothing is remembered, checked or refused.

use std::hint::black_box;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point};
use telemetry_core::labels::{Labels, METRIC_NAME, MatchOp, Matcher};

use crate::{check, messages};

/// Takes a sample of the series with these labels.
fn sample<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>, time: i64, value: f64) {
    black_box((Labels::from_pairs(labels).hash64(), time, value));
}

pub(crate) fn write_request(request: &messages::WriteRequest) {
    for series in &request.timeseries {
        let labels = || series.labels.iter().map(|pair| (&*pair.name, &*pair.value));
        series.samples.iter().for_each(|it| sample(labels(), it.timestamp, it.value));
    }
}

pub(crate) fn write_request_v2(request: &messages::RequestV2) {
    let text = |number: u32| request.symbols.get(number as usize).map_or("", String::as_str);
    for series in &request.timeseries {
        let (pairs, _) = series.labels_refs.as_chunks::<2>();
        let labels = || pairs.iter().map(|[name, value]| (text(*name), text(*value)));
        series.samples.iter().for_each(|it| sample(labels(), it.timestamp, it.value));
    }
}

pub(crate) fn read_request(request: &messages::ReadRequest) {
    for matcher in request.queries.iter().flat_map(|query| &query.matchers) {
        let op = match matcher.kind {
            0 => MatchOp::Equal,
            1 => MatchOp::NotEqual,
            2 => MatchOp::Regex,
            _ => MatchOp::NotRegex,
        };
        check(Matcher::new(op, &*matcher.name, &*matcher.value));
    }
}

pub(crate) fn family(family: &messages::MetricFamily, target: &[(&str, &str)], time: i64) {
    let [count, sum, bucket] =
        ["_count", "_sum", "_bucket"].map(|part| format!("{}{part}", family.name));
    for metric in &family.metric {
        let own: Vec<_> = metric.label.iter().map(|pair| (&*pair.name, &*pair.value)).collect();
        if let Some(counter) = &metric.counter {
            sample(labels(&family.name, &own, target), time, counter.value);
        }
        let Some(histogram) = &metric.histogram else { continue };
        sample(labels(&count, &own, target), time, histogram.sample_count as f64);
        sample(labels(&sum, &own, target), time, histogram.sample_sum);
        for found in &histogram.bucket {
            let bound = found.upper_bound.to_string();
            let labels = labels(&bucket, &own, target).chain([("le", &*bound)]);
            sample(labels, time, found.cumulative_count as f64);
        }
        let labels = labels(&bucket, &own, target).chain([("le", "+Inf")]);
        sample(labels, time, histogram.sample_count as f64);
    }
}

/// A name with `_` for what cannot stand in it.
fn translated(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

fn value(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

pub(crate) fn otlp(request: &ExportMetricsServiceRequest) {
    for resource in &request.resource_metrics {
        let attributes = resource.resource.iter().flat_map(|resource| &resource.attributes);
        let find = |key: &str| attributes.clone().find(|it| it.key == key).map(value);
        let (job, instance) = (find("service.name"), find("service.instance.id"));
        let (job, instance) = (job.unwrap_or_default(), instance.unwrap_or_default());
        let target = [("job", &*job), ("instance", &*instance)];
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            let name = format!("{}_seconds", translated(&metric.name));
            match &metric.data {
                Some(Data::Sum(sum)) => {
                    let name = name + "_total";
                    for point in &sum.data_points {
                        let Some(number_data_point::Value::AsDouble(number)) = point.value else {
                            continue;
                        };
                        let own = own_labels(&point.attributes);
                        let own = borrowed(&own);
                        let labels = labels(&name, &own, &target);
                        sample(labels, millis(point.time_unix_nano), number);
                    }
                }
                Some(Data::Histogram(histogram)) => {
                    let [count, sum, bucket] =
                        ["_count", "_sum", "_bucket"].map(|part| format!("{name}{part}"));
                    for point in &histogram.data_points {
                        let (own, time) =
                            (own_labels(&point.attributes), millis(point.time_unix_nano));
                        let own = borrowed(&own);
                        let observations = point.count as f64;
                        sample(labels(&count, &own, &target), time, observations);
                        sample(labels(&sum, &own, &target), time, point.sum.unwrap_or_default());
                        let mut total = 0;
                        for (bound, in_bucket) in
                            point.explicit_bounds.iter().zip(&point.bucket_counts)
                        {
                            total += in_bucket;
                            let bound = bound.to_string();
                            let labels = labels(&bucket, &own, &target).chain([("le", &*bound)]);
                            sample(labels, time, total as f64);
                        }
                        let labels = labels(&bucket, &own, &target).chain([("le", "+Inf")]);
                        sample(labels, time, observations);
                    }
                }
                _ => {}
            }
        }
    }
}

fn millis(nanos: u64) -> i64 {
    (nanos / 1_000_000).cast_signed()
}

fn own_labels(attributes: &[KeyValue]) -> Vec<(String, String)> {
    attributes.iter().map(|it| (translated(&it.key), value(it))).collect()
}

fn borrowed(labels: &[(String, String)]) -> Vec<(&str, &str)> {
    labels.iter().map(|(name, value)| (&**name, &**value)).collect()
}

fn labels<'a>(
    name: &'a str,
    own: &[(&'a str, &'a str)],
    target: &[(&'a str, &'a str)],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    [(METRIC_NAME, name)].into_iter().chain(own.iter().copied()).chain(target.iter().copied())
}
