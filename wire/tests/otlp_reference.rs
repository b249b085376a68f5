//! OTLP beside the reference's own types: random requests, coded by `prost` and as JSON, must give
//! the items that a plain translation of the reference's types gives.
#![cfg(test)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue as OtlpKeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as OtlpSpan;
use proptest::prelude::*;
use prost::Message;
use support::json::Style;
use support::respelt::{self, Dice, respelt};
use support::{Logs, Metrics, Spans, json, request};
use telemetry_core::model::{
    AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanLink,
    SpanStatus, StatusCode, TraceId,
};
use telemetry_core::time::Nanos;
use wire::otlp::{Encoding, LogOptions, MetricOptions, decode_logs, decode_metrics, decode_traces};

fn styles() -> impl Strategy<Value = Style> {
    (any::<bool>(), any::<bool>()).prop_map(|(snake, bare)| Style { snake, bare })
}

fn attribute_value(value: &Option<AnyValue>) -> AttributeValue {
    match value.as_ref().and_then(|any| any.value.as_ref()) {
        None => AttributeValue::Empty,
        Some(Value::StringValue(text)) => AttributeValue::String(text.clone()),
        Some(Value::BoolValue(value)) => AttributeValue::Bool(*value),
        Some(Value::IntValue(value)) => AttributeValue::Int(*value),
        Some(Value::DoubleValue(value)) => AttributeValue::Double(*value),
        Some(Value::BytesValue(bytes)) => AttributeValue::Bytes(bytes.clone()),
        Some(Value::ArrayValue(array)) => AttributeValue::Array(
            array.values.iter().map(|value| attribute_value(&Some(value.clone()))).collect(),
        ),
        Some(Value::KvlistValue(list)) => AttributeValue::Map(attributes(&list.values)),
        Some(other) => panic!("{other:?}"),
    }
}

fn attributes(attributes: &[OtlpKeyValue]) -> Vec<KeyValue> {
    let one = |attribute: &OtlpKeyValue| KeyValue {
        key: attribute.key.clone(),
        value: attribute_value(&attribute.value),
    };
    attributes.iter().map(one).collect()
}

fn nanos(time: u64) -> Option<Nanos> {
    i64::try_from(time).ok().map(Nanos)
}

fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    if bytes.is_empty() { Some([0; N]) } else { bytes.try_into().ok() }
}

/// None where the span is refused.
fn span(span: &OtlpSpan, resource: &Arc<Resource>, scope: &Arc<Scope>) -> Option<Span> {
    let events = span.events.iter().map(|event| {
        Some(SpanEvent {
            time: nanos(event.time_unix_nano)?,
            name: event.name.clone(),
            attributes: attributes(&event.attributes),
            dropped_attributes_count: event.dropped_attributes_count,
        })
    });
    let links = span.links.iter().map(|link| {
        Some(SpanLink {
            trace_id: TraceId(id(&link.trace_id)?),
            span_id: SpanId(id(&link.span_id)?),
            trace_state: link.trace_state.clone(),
            flags: link.flags,
            attributes: attributes(&link.attributes),
            dropped_attributes_count: link.dropped_attributes_count,
        })
    });
    let status = span.status.clone().unwrap_or_default();
    Some(Span {
        trace_id: TraceId(id(&span.trace_id)?),
        span_id: SpanId(id(&span.span_id)?),
        parent_span_id: Some(SpanId(id(&span.parent_span_id)?)).filter(|id| !id.is_zero()),
        trace_state: span.trace_state.clone(),
        flags: span.flags,
        name: span.name.clone(),
        kind: SpanKind::from_number(span.kind.into()),
        start: nanos(span.start_time_unix_nano)?,
        end: nanos(span.end_time_unix_nano)?,
        attributes: attributes(&span.attributes),
        dropped_attributes_count: span.dropped_attributes_count,
        events: events.collect::<Option<_>>()?,
        dropped_events_count: span.dropped_events_count,
        links: links.collect::<Option<_>>()?,
        dropped_links_count: span.dropped_links_count,
        status: SpanStatus {
            code: StatusCode::from_number(status.code.into()),
            message: status.message,
        },
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
    })
    .filter(|span| !span.trace_id.is_zero() && !span.span_id.is_zero())
}

/// Per span of the request, in order.
fn spans(request: &ExportTraceServiceRequest) -> Vec<Option<Span>> {
    let mut spans = Vec::new();
    for group in &request.resource_spans {
        let resource = group.resource.clone().unwrap_or_default();
        let resource = Arc::new(Resource {
            attributes: attributes(&resource.attributes),
            dropped_attributes_count: resource.dropped_attributes_count,
            schema_url: group.schema_url.clone(),
        });
        for group in &group.scope_spans {
            let scope = group.scope.clone().unwrap_or_default();
            let scope = Arc::new(Scope {
                name: scope.name,
                version: scope.version,
                attributes: attributes(&scope.attributes),
                dropped_attributes_count: scope.dropped_attributes_count,
                schema_url: group.schema_url.clone(),
            });
            spans.extend(group.spans.iter().map(|one| span(one, &resource, &scope)));
        }
    }
    spans
}

/// Per log record whether it is refused, and its time.
fn log_times(request: &ExportLogsServiceRequest) -> Vec<Option<i64>> {
    let groups = request.resource_logs.iter().flat_map(|group| &group.scope_logs);
    let records = groups.flat_map(|group| &group.log_records);
    let time = |time: u64, observed: u64| match (time, observed) {
        (0, 0) => None,
        (0, observed) => i64::try_from(observed).ok(),
        (time, _) => i64::try_from(time).ok(),
    };
    records.map(|record| time(record.time_unix_nano, record.observed_time_unix_nano)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn spans_are_those_of_the_reference(request in request::traces(), style in styles()) {
        let expected = spans(&request);
        let refused: Vec<_> = (0..).zip(&expected).filter(|(_, s)| s.is_none()).map(|(at, _)| at).collect();
        let protobuf = request.encode_to_vec();
        let json = json::traces(&request, style);
        for (input, encoding) in [(&protobuf, Encoding::Protobuf), (&json, Encoding::Json)] {
            let mut sink = Spans::default();
            let outcome = decode_traces(input, encoding, &mut sink).unwrap();
            prop_assert_eq!(outcome.items, expected.len() as u64);
            let indexes: Vec<u64> = outcome.refused.iter().map(|refusal| refusal.index).collect();
            prop_assert_eq!(&indexes, &refused);
            let stored: Vec<_> = expected.iter().flatten().cloned().collect();
            prop_assert_eq!(&sink.spans, &stored);
        }
    }

    /// The order of fields, values replaced by later ones, unknown fields and long varints change
    /// nothing.
    #[test]
    fn spans_do_not_depend_on_their_spelling(request in request::traces(), seed: u64) {
        let input = respelt(&request.encode_to_vec(), &respelt::TRACES, &mut Dice(seed));
        prop_assert_eq!(&ExportTraceServiceRequest::decode(&*input).unwrap(), &request);
        let mut sink = Spans::default();
        let outcome = decode_traces(&input, Encoding::Protobuf, &mut sink).unwrap();
        let expected = spans(&request);
        prop_assert_eq!(outcome.items, expected.len() as u64);
        let stored: Vec<_> = expected.into_iter().flatten().collect();
        prop_assert_eq!(&sink.spans, &stored);
    }

    #[test]
    fn log_records_do_not_depend_on_their_spelling(request in request::logs(), seed: u64) {
        let plain = request.encode_to_vec();
        let input = respelt(&plain, &respelt::LOGS, &mut Dice(seed));
        prop_assert_eq!(&ExportLogsServiceRequest::decode(&*input).unwrap(), &request);
        let [plain, other] = [plain, input].map(|input| {
            let mut sink = Logs::default();
            let outcome =
                decode_logs(&input, Encoding::Protobuf, &LogOptions::default(), &mut sink).unwrap();
            (outcome, sink.entries)
        });
        prop_assert_eq!(plain, other);
    }

    #[test]
    fn log_records_are_those_of_the_reference(request in request::logs(), style in styles()) {
        let times = log_times(&request);
        let mut both = Vec::new();
        let protobuf = request.encode_to_vec();
        let json = json::logs(&request, style);
        for (input, encoding) in [(&protobuf, Encoding::Protobuf), (&json, Encoding::Json)] {
            let mut sink = Logs::default();
            let outcome = decode_logs(input, encoding, &LogOptions::default(), &mut sink).unwrap();
            prop_assert_eq!(outcome.items, times.len() as u64);
            let stored: Vec<_> = sink.entries.iter().map(|entry| entry.time).collect();
            prop_assert_eq!(stored, times.iter().flatten().copied().collect::<Vec<_>>());
            for entry in &sink.entries {
                prop_assert!(entry.stream.get("service_name").is_some());
                let names: BTreeMap<_, _> = entry.metadata.iter().cloned().collect();
                prop_assert_eq!(names.len(), entry.metadata.len(), "a name occurs twice");
                prop_assert!(entry.metadata.iter().all(|(_, value)| !value.is_empty()));
            }
            both.push((outcome, sink.entries));
        }
        prop_assert_eq!(&both[0], &both[1]);
    }

    #[test]
    fn both_encodings_of_metrics_mean_the_same(request in request::metrics(), style in styles()) {
        let protobuf = request.encode_to_vec();
        let json = json::metrics(&request, style);
        let mut both = Vec::new();
        for (input, encoding) in [(&protobuf, Encoding::Protobuf), (&json, Encoding::Json)] {
            let mut sink = Metrics::default();
            let outcome =
                decode_metrics(input, encoding, &MetricOptions::default(), &mut sink).unwrap();
            for sample in &sink.samples {
                if let telemetry_core::model::SampleValue::Histogram(histogram) = &sample.value {
                    prop_assert_eq!(histogram.validate(), Ok(()));
                }
            }
            // Stale markers are not equal to themselves: compare what is printed.
            both.push((outcome, sink.lines(), format!("{:?}", sink.exemplars), sink.metadata));
        }
        prop_assert_eq!(&both[0], &both[1]);
        let points = count_points(&request);
        prop_assert_eq!(both[0].0.items, points);
    }
}

fn count_points(
    request: &opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest,
) -> u64 {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    let scopes = request.resource_metrics.iter().flat_map(|group| &group.scope_metrics);
    let points = |data: &Data| match data {
        Data::Gauge(data) => data.data_points.len(),
        Data::Sum(data) => data.data_points.len(),
        Data::Histogram(data) => data.data_points.len(),
        Data::ExponentialHistogram(data) => data.data_points.len(),
        Data::Summary(data) => data.data_points.len(),
    };
    let data = scopes.flat_map(|group| &group.metrics).filter_map(|metric| metric.data.as_ref());
    data.map(points).sum::<usize>() as u64
}
