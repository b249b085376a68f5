//! OTLP: a thousand spans, records and points with the attributes that HTTP servers give theirs.

use std::hint::black_box;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord as OtlpRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan};
use prost::Message;
use wire::otlp::{
    Encoding, LogOptions, MetricOptions, MetricReceiver, decode_logs, decode_metrics, decode_traces,
};

use crate::prometheus::LABEL_SETS;
use crate::sink::Sink;
use crate::table::Table;
use crate::{check, json, receiver};

const ITEMS: usize = 1_000;
const START: u64 = 1_700_000_000_000_000_000;

fn attribute(key: &str, value: impl Into<String>) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.into())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn number(key: &str, value: i64) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::IntValue(value)) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn resource() -> Option<Resource> {
    let attributes = vec![
        attribute("service.name", "checkout"),
        attribute("service.instance.id", "checkout-7d9f-x2k4p"),
        attribute("k8s.namespace.name", "shop"),
        attribute("host.name", "node-17"),
        attribute("telemetry.sdk.language", "rust"),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    let (name, version) = ("checkout.http".to_owned(), "1.4.2".to_owned());
    Some(InstrumentationScope { name, version, ..InstrumentationScope::default() })
}

fn request_attributes(at: usize) -> Vec<KeyValue> {
    vec![
        attribute("http.request.method", ["GET", "POST"][at % 2]),
        attribute("http.route", format!("/api/v1/orders/{}", at % 17)),
        number("http.response.status_code", [200, 404, 500][at % 3]),
        attribute("server.address", "checkout.shop.svc.cluster.local"),
        attribute("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)"),
        number("thread.id", at as i64),
    ]
}

fn spans() -> ExportTraceServiceRequest {
    let span = |at: usize| OtlpSpan {
        trace_id: (at as u128 * 0x9e37_79b9_7f4a_7c15 + 1).to_be_bytes().to_vec(),
        span_id: (at as u64 + 1).to_be_bytes().to_vec(),
        parent_span_id: (at as u64 / 2 + 1).to_be_bytes().to_vec(),
        name: format!("GET /api/v1/orders/{}", at % 17),
        kind: 2,
        start_time_unix_nano: START + at as u64,
        end_time_unix_nano: START + at as u64 + 1_000_000,
        attributes: request_attributes(at),
        ..OtlpSpan::default()
    };
    let spans = (0..ITEMS).map(span).collect();
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: resource(), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

fn records() -> ExportLogsServiceRequest {
    let record = |at: usize| {
        let text = format!("order {at} was paid after {} ms by customer {}", at % 97, at * 31);
        OtlpRecord {
            time_unix_nano: START + at as u64,
            severity_number: 9,
            severity_text: "INFO".to_owned(),
            body: Some(AnyValue { value: Some(Value::StringValue(text)) }),
            attributes: request_attributes(at),
            trace_id: (at as u128 + 1).to_be_bytes().to_vec(),
            span_id: (at as u64 + 1).to_be_bytes().to_vec(),
            ..OtlpRecord::default()
        }
    };
    let log_records = (0..ITEMS).map(record).collect();
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: resource(), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }
}

/// Nine of ten points are of counters, one of a histogram with twelve buckets.
fn points() -> ExportMetricsServiceRequest {
    let mut metrics = Vec::new();
    for metric in 0..ITEMS / 100 {
        let data_points = (0..90).map(|at| NumberDataPoint {
            attributes: request_attributes(at)[..4].to_vec(),
            start_time_unix_nano: START,
            time_unix_nano: START + 15_000_000_000,
            value: Some(number_data_point::Value::AsDouble(at as f64 * 1.5)),
            ..NumberDataPoint::default()
        });
        let sum = Sum {
            data_points: data_points.collect(),
            aggregation_temporality: 2,
            is_monotonic: true,
        };
        let histograms = (0..10).map(|at| HistogramDataPoint {
            attributes: request_attributes(at)[..4].to_vec(),
            time_unix_nano: START + 15_000_000_000,
            count: 66,
            sum: Some(12.5),
            bucket_counts: (0..12).collect(),
            explicit_bounds: (1..12).map(|bound| f64::from(bound) / 100.0).collect(),
            ..HistogramDataPoint::default()
        });
        let histogram = Histogram { data_points: histograms.collect(), aggregation_temporality: 2 };
        for (name, data) in [("requests", Data::Sum(sum)), ("duration", Data::Histogram(histogram))]
        {
            metrics.push(Metric {
                name: format!("http.server.{name}.{metric}"),
                unit: "s".to_owned(),
                data: Some(data),
                ..Metric::default()
            });
        }
    }
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }
}

const STYLE: json::Style = json::Style { snake: false, bare: false };

/// Reads `protobuf` with `prost`.
fn with_prost<M: Message + Default>(protobuf: &[u8]) {
    check(M::decode(black_box(protobuf)));
}

/// Reads `json` with `serde_json`.
fn with_serde<M: serde::de::DeserializeOwned>(json: &[u8]) {
    check(serde_json::from_slice::<M>(black_box(json)));
}

pub(crate) fn metrics(table: &Table) {
    type Request = ExportMetricsServiceRequest;
    let points = points();
    let (protobuf, json) = (points.encode_to_vec(), json::metrics(&points, STYLE));
    let options = MetricOptions::default();
    let mut prost = || with_prost::<Request>(&protobuf);
    let mut serde = || with_serde::<Request>(&json);
    let mut receiver = MetricReceiver::new(Sink::default(), options.clone());
    let known = || check(receiver.receive(black_box(&protobuf), Encoding::Protobuf));
    let name = "OTLP metrics, series known";
    table.row(name, ITEMS, protobuf.len(), known, ("prost", &mut prost));
    let decode = |bytes, encoding| {
        check(decode_metrics(black_box(bytes), encoding, &options, &mut Sink::default()));
    };
    let new = || decode(&*protobuf, Encoding::Protobuf);
    let name = "OTLP metrics, series new";
    table.row(name, ITEMS, protobuf.len(), new, ("prost", &mut prost));
    let mut received = || {
        let request = Request::decode(black_box(&*protobuf));
        assert!(request.is_ok());
        receiver::otlp(&request.unwrap_or_default());
    };
    table.row(name, ITEMS, protobuf.len(), new, (LABEL_SETS, &mut received));
    let mut receiver = MetricReceiver::new(Sink::default(), options.clone());
    let known = || check(receiver.receive(black_box(&json), Encoding::Json));
    let name = "OTLP metrics as JSON, series known";
    table.row(name, ITEMS, json.len(), known, ("serde_json", &mut serde));
    let new = || decode(&*json, Encoding::Json);
    let name = "OTLP metrics as JSON, series new";
    table.row(name, ITEMS, json.len(), new, ("serde_json", &mut serde));
}

pub(crate) fn logs(table: &Table) {
    type Request = ExportLogsServiceRequest;
    let records = records();
    let (protobuf, json) = (records.encode_to_vec(), json::logs(&records, STYLE));
    let options = LogOptions::default();
    let decode = |bytes, encoding| {
        check(decode_logs(black_box(bytes), encoding, &options, &mut Sink::default()));
    };
    let ours = || decode(&*protobuf, Encoding::Protobuf);
    let mut prost = || with_prost::<Request>(&protobuf);
    table.row("OTLP logs", ITEMS, protobuf.len(), ours, ("prost", &mut prost));
    let ours = || decode(&*json, Encoding::Json);
    let mut serde = || with_serde::<Request>(&json);
    table.row("OTLP logs as JSON", ITEMS, json.len(), ours, ("serde_json", &mut serde));
}

pub(crate) fn traces(table: &Table) {
    type Request = ExportTraceServiceRequest;
    let spans = spans();
    let (protobuf, json) = (spans.encode_to_vec(), json::traces(&spans, STYLE));
    let decode = |bytes, encoding| {
        check(decode_traces(black_box(bytes), encoding, &mut Sink::default()));
    };
    let ours = || decode(&*protobuf, Encoding::Protobuf);
    let mut prost = || with_prost::<Request>(&protobuf);
    table.row("OTLP traces", ITEMS, protobuf.len(), ours, ("prost", &mut prost));
    let ours = || decode(&*json, Encoding::Json);
    let mut serde = || with_serde::<Request>(&json);
    table.row("OTLP traces as JSON", ITEMS, json.len(), ours, ("serde_json", &mut serde));
}
