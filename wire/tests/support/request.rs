//! Random OTLP requests, in the reference's types.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> BoxedStrategy<String> {
    prop_oneof!["[a-z._ /é\"\\\\<]{0,8}", Just("service.name".to_owned()), ".{0,4}"].boxed()
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1_u64..2_000_000_000_000_000_000, any::<u64>()]
}

/// A finite number, so that it is equal to itself.
fn double() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), -1e3..1e3, any::<f64>().prop_filter("finite", |x| x.is_finite())]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        text().prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|value| Some(Value::BoolValue(value))),
        any::<i64>().prop_map(|value| Some(Value::IntValue(value))),
        double().prop_map(|value| Some(Value::DoubleValue(value))),
        vec(any::<u8>(), 0..6).prop_map(|bytes| Some(Value::BytesValue(bytes))),
    ];
    let leaf = leaf.prop_map(|value| AnyValue { value });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let named = (text(), option::of(inner.clone())).prop_map(|(key, value)| KeyValue {
            key,
            value,
            ..KeyValue::default()
        });
        let array = vec(inner, 0..3).prop_map(|values| Value::ArrayValue(ArrayValue { values }));
        let list = vec(named, 0..3).prop_map(|values| Value::KvlistValue(KeyValueList { values }));
        prop_oneof![array, list].prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let one = (text(), option::weighted(0.9, any_value())).prop_map(|(key, value)| KeyValue {
        key,
        value,
        ..KeyValue::default()
    });
    vec(one, 0..4)
}

fn resource() -> impl Strategy<Value = Option<Resource>> {
    let resource = (attributes(), 0_u32..3).prop_map(|(attributes, dropped)| Resource {
        attributes,
        dropped_attributes_count: dropped,
        ..Resource::default()
    });
    option::weighted(0.9, resource)
}

fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    let scope = (text(), text(), attributes(), 0_u32..3).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    );
    option::weighted(0.9, scope)
}

/// An id that is right, missing, zero or of the wrong length.
fn id(bytes: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), bytes),
        1 => Just(Vec::new()),
        1 => Just(vec![0; bytes]),
        1 => vec(any::<u8>(), 0..20),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    (time(), text(), attributes(), any::<u32>()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    (id(16), id(8), text(), attributes(), any::<u32>(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

fn status() -> impl Strategy<Value = Option<Status>> {
    let status = (text(), -1_i32..5).prop_map(|(message, code)| Status { message, code });
    option::of(status)
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), id(8), text(), any::<u32>());
    let times = (time(), time(), text(), -1_i32..8);
    let lists = (attributes(), vec(event(), 0..2), vec(link(), 0..2), status());
    let dropped = (any::<u32>(), any::<u32>(), any::<u32>());
    (ids, times, lists, dropped).prop_map(|(ids, times, lists, dropped)| Span {
        trace_id: ids.0,
        span_id: ids.1,
        parent_span_id: ids.2,
        trace_state: ids.3,
        flags: ids.4,
        start_time_unix_nano: times.0,
        end_time_unix_nano: times.1,
        name: times.2,
        kind: times.3,
        attributes: lists.0,
        events: lists.1,
        links: lists.2,
        status: lists.3,
        dropped_attributes_count: dropped.0,
        dropped_events_count: dropped.1,
        dropped_links_count: dropped.2,
    })
}

pub(crate) fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope_spans = (scope(), vec(span(), 0..3), text())
        .prop_map(|(scope, spans, schema_url)| ScopeSpans { scope, spans, schema_url });
    let resource_spans = (resource(), vec(scope_spans, 0..3), text()).prop_map(
        |(resource, scope_spans, schema_url)| ResourceSpans { resource, scope_spans, schema_url },
    );
    vec(resource_spans, 0..3)
        .prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn log_record() -> impl Strategy<Value = LogRecord> {
    let times = (time(), time(), -1_i32..26, text());
    let rest = (option::of(any_value()), attributes(), 0_u32..3, any::<u32>());
    (times, rest, id(16), id(8), text()).prop_map(|(times, rest, trace_id, span_id, name)| {
        LogRecord {
            time_unix_nano: times.0,
            observed_time_unix_nano: times.1,
            severity_number: times.2,
            severity_text: times.3,
            body: rest.0,
            attributes: rest.1,
            dropped_attributes_count: rest.2,
            flags: rest.3,
            trace_id,
            span_id,
            event_name: name,
        }
    })
}

pub(crate) fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scope_logs = (scope(), vec(log_record(), 0..3), text())
        .prop_map(|(scope, log_records, schema_url)| ScopeLogs { scope, log_records, schema_url });
    let resource_logs = (resource(), vec(scope_logs, 0..3), text()).prop_map(
        |(resource, scope_logs, schema_url)| ResourceLogs { resource, scope_logs, schema_url },
    );
    vec(resource_logs, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}

fn exemplar() -> impl Strategy<Value = Exemplar> {
    let value = prop_oneof![
        double().prop_map(exemplar::Value::AsDouble),
        any::<i64>().prop_map(exemplar::Value::AsInt),
    ];
    (attributes(), time(), id(8), id(16), option::of(value)).prop_map(
        |(filtered_attributes, time_unix_nano, span_id, trace_id, value)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value,
        },
    )
}

fn exemplars() -> impl Strategy<Value = Vec<Exemplar>> {
    vec(exemplar(), 0..3)
}

fn number_point() -> impl Strategy<Value = NumberDataPoint> {
    let value = prop_oneof![
        double().prop_map(number_data_point::Value::AsDouble),
        any::<i64>().prop_map(number_data_point::Value::AsInt),
    ];
    (attributes(), time(), time(), exemplars(), 0_u32..2, option::of(value)).prop_map(
        |(attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value)| {
            NumberDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                exemplars,
                flags,
                value,
            }
        },
    )
}

fn histogram_point() -> impl Strategy<Value = HistogramDataPoint> {
    let buckets = (vec(any::<u64>(), 0..5), vec(double(), 0..5), any::<u64>());
    let rest = (option::of(double()), exemplars(), 0_u32..2);
    (attributes(), time(), time(), buckets, rest).prop_map(
        |(attributes, start, time, buckets, rest)| HistogramDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count: buckets.2,
            sum: rest.0,
            bucket_counts: buckets.0,
            explicit_bounds: buckets.1,
            exemplars: rest.1,
            flags: rest.2,
            min: rest.0,
            max: rest.0,
        },
    )
}

fn buckets() -> impl Strategy<Value = Option<Buckets>> {
    let offset = prop_oneof![-10_i32..10, any::<i32>()];
    let buckets = (offset, vec(0_u64..4, 0..9))
        .prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts });
    option::of(buckets)
}

fn exponential_point() -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let numbers = (any::<u64>(), option::of(double()), -6_i32..12, any::<u64>(), double());
    let rest = (buckets(), buckets(), exemplars(), 0_u32..2);
    (attributes(), time(), time(), numbers, rest).prop_map(
        |(attributes, start, time, numbers, rest)| ExponentialHistogramDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count: numbers.0,
            sum: numbers.1,
            scale: numbers.2,
            zero_count: numbers.3,
            zero_threshold: numbers.4,
            positive: rest.0,
            negative: rest.1,
            exemplars: rest.2,
            flags: rest.3,
            min: None,
            max: numbers.1,
        },
    )
}

fn summary_point() -> impl Strategy<Value = SummaryDataPoint> {
    let quantile =
        (0.0..1.0, double()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (attributes(), time(), time(), any::<u64>(), double(), vec(quantile, 0..3), 0_u32..2).prop_map(
        |(attributes, start, time, count, sum, quantile_values, flags)| SummaryDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count,
            sum,
            quantile_values,
            flags,
        },
    )
}

fn data() -> impl Strategy<Value = Data> {
    let temporality = || prop_oneof![1 => 0_i32..2, 3 => Just(2)];
    prop_oneof![
        vec(number_point(), 0..3).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number_point(), 0..3), temporality(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| {
                Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
            }
        ),
        (vec(histogram_point(), 0..3), temporality()).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::Histogram(Histogram { data_points, aggregation_temporality })
            }
        ),
        (vec(exponential_point(), 0..3), temporality()).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::ExponentialHistogram(ExponentialHistogram {
                    data_points,
                    aggregation_temporality,
                })
            }
        ),
        vec(summary_point(), 0..3).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ]
}

pub(crate) fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let unit = prop_oneof![Just(""), Just("1"), Just("s"), Just("By/s"), Just("{x}/h")];
    let metric = (text(), text(), unit, option::weighted(0.9, data())).prop_map(
        |(name, description, unit, data)| Metric {
            name,
            description,
            unit: unit.to_owned(),
            data,
            ..Metric::default()
        },
    );
    let scope_metrics = (scope(), vec(metric, 0..3), text())
        .prop_map(|(scope, metrics, schema_url)| ScopeMetrics { scope, metrics, schema_url });
    let resource_metrics = (resource(), vec(scope_metrics, 0..3), text()).prop_map(
        |(resource, scope_metrics, schema_url)| ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        },
    );
    vec(resource_metrics, 0..3)
        .prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}
