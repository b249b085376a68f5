//! What a receiver of OTLP metrics remembers: the series of points, and totals of deltas.
#![cfg(test)]

mod support;

use proptest::prelude::*;
use prost::Message;
use support::Metrics;
use telemetry_core::model::{CUSTOM_BUCKETS_SCHEMA, SampleValue};
use telemetry_core::sink::RefusalReason;
use wire::otlp::{DeltaOptions, Encoding, MetricOptions, MetricReceiver, decode_metrics};

/// A request of one metric, given as JSON.
fn request(metric: &str) -> String {
    format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}"#)
}

/// A sum of one point that began and ended at these seconds.
fn delta(start: u32, time: u32, value: i32) -> String {
    request(&format!(
        r#"{{"name":"hits","sum":{{"isMonotonic":true,"aggregationTemporality":1,"dataPoints":[
            {{"asInt":"{value}","startTimeUnixNano":"{start}000000000","timeUnixNano":"{time}000000000"}}]}}}}"#
    ))
}

fn accumulating() -> MetricReceiver<Metrics> {
    let mut options = MetricOptions::default();
    options.deltas = Some(DeltaOptions::default());
    MetricReceiver::new(Metrics::default(), options)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is remembered changes nothing: three requests, each sent twice.
    #[test]
    fn known_points_become_the_same_samples(requests in prop::collection::vec(support::request::metrics(), 3)) {
        let options = MetricOptions::default();
        let mut receiver = MetricReceiver::new(Metrics::default(), options.clone());
        let mut forgetful = MetricReceiver::new(Metrics::forgetful(), options.clone());
        let mut sink = Metrics::default();
        for request in requests.iter().chain(&requests) {
            let bytes = request.encode_to_vec();
            let expected = decode_metrics(&bytes, Encoding::Protobuf, &options, &mut sink).unwrap();
            let outcome = receiver.receive(&bytes, Encoding::Protobuf).unwrap();
            prop_assert_eq!(&outcome, &expected);
            prop_assert_eq!(forgetful.receive(&bytes, Encoding::Protobuf).unwrap(), expected);
        }
        prop_assert_eq!(&receiver.sink().lines(), &sink.lines());
        prop_assert_eq!(&forgetful.sink().lines(), &sink.lines());
        prop_assert_eq!(&receiver.sink().exemplars, &sink.exemplars);
    }
}

#[test]
fn points_that_differ_in_bounds_or_attributes_are_kept_apart() {
    let histogram = |bounds: &str, key: &str| {
        request(&format!(
            r#"{{"name":"took","histogram":{{"aggregationTemporality":2,"dataPoints":[
                {{"timeUnixNano":"1000000","count":"3","sum":1,"bucketCounts":["1","2"],"explicitBounds":[{bounds}],
                  "attributes":[{{"key":"{key}","value":{{"stringValue":"v"}}}}]}}]}}}}"#
        ))
    };
    let requests = [histogram("1", "a"), histogram("2", "a"), histogram("1", "b")];
    let mut receiver = MetricReceiver::new(Metrics::default(), MetricOptions::default());
    for request in requests.iter().chain(&requests) {
        assert!(receiver.receive(request.as_bytes(), Encoding::Json).unwrap().is_complete());
    }
    let lines = receiver.sink().lines();
    let (first, again) = lines.split_at(lines.len() / 2);
    assert_eq!(first, again);
    assert_eq!(first[2], r#"{__name__="took_bucket", a="v", le="1"} 1 @1"#);
    assert_eq!(first[6], r#"{__name__="took_bucket", a="v", le="2"} 1 @1"#);
    assert_eq!(first[10], r#"{__name__="took_bucket", b="v", le="1"} 1 @1"#);
}

#[test]
fn deltas_become_totals_that_keep_their_start() {
    let mut receiver = accumulating();
    for (start, time, value) in [(10, 20, 3), (20, 30, 4), (30, 40, 5)] {
        let outcome = receiver.receive(delta(start, time, value).as_bytes(), Encoding::Json);
        assert!(outcome.unwrap().is_complete());
    }
    let samples = &receiver.sink().samples;
    let seen: Vec<_> = samples.iter().map(|it| (it.start, it.time, it.value.clone())).collect();
    let expected = [(20_000, 3.0), (30_000, 7.0), (40_000, 12.0)];
    assert_eq!(seen, expected.map(|(time, value)| (10_000, time, SampleValue::Float(value))));
}

#[test]
fn a_delta_that_comes_twice_is_refused() {
    let mut receiver = accumulating();
    let body = delta(10, 20, 3);
    assert!(receiver.receive(body.as_bytes(), Encoding::Json).unwrap().is_complete());
    let outcome = receiver.receive(body.as_bytes(), Encoding::Json).unwrap();
    let late = RefusalReason::OutOfOrder { time: 20_000, newest: 20_000 };
    assert_eq!(outcome.refused[0].reason, late);
}

#[test]
fn a_damaged_request_adds_nothing() {
    let mut receiver = accumulating();
    // Two resources in protobuf, the second of them cut off: the first has been read by then.
    let resource = |value: i64| {
        use opentelemetry_proto::tonic::metrics::v1 as otlp;
        let point = otlp::NumberDataPoint {
            time_unix_nano: 20_000_000_000,
            value: Some(otlp::number_data_point::Value::AsInt(value)),
            ..Default::default()
        };
        let sum =
            otlp::Sum { data_points: vec![point], aggregation_temporality: 1, is_monotonic: true };
        let data = Some(otlp::metric::Data::Sum(sum));
        let metric = otlp::Metric { name: format!("hits{value}"), data, ..Default::default() };
        let scope = otlp::ScopeMetrics { metrics: vec![metric], ..Default::default() };
        otlp::ResourceMetrics { scope_metrics: vec![scope], ..Default::default() }
    };
    let resource_metrics = vec![resource(3), resource(4)];
    let request = opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest {
        resource_metrics,
    };
    let whole = request.encode_to_vec();
    let damaged = &whole[..whole.len() - 3];
    assert!(receiver.receive(damaged, Encoding::Protobuf).is_err());
    assert!(receiver.sink().samples.is_empty());
    assert!(receiver.receive(&whole, Encoding::Protobuf).unwrap().is_complete());
    let values: Vec<_> = receiver.sink().samples.iter().map(|it| it.value.clone()).collect();
    assert_eq!(values, [SampleValue::Float(3.0), SampleValue::Float(4.0)]);
}

#[test]
fn without_a_memory_deltas_are_refused() {
    let mut options = MetricOptions::default();
    options.deltas = Some(DeltaOptions::default());
    let (body, mut sink) = (delta(10, 20, 3), Metrics::default());
    let outcome = decode_metrics(body.as_bytes(), Encoding::Json, &options, &mut sink).unwrap();
    assert!(matches!(outcome.refused[0].reason, RefusalReason::Unsupported { .. }));
    let mut receiver = MetricReceiver::new(Metrics::default(), MetricOptions::default());
    let outcome = receiver.receive(body.as_bytes(), Encoding::Json).unwrap();
    assert_eq!(outcome.refused.len(), 1);
}

#[test]
fn exponential_deltas_add_up_in_the_coarser_scale() {
    let point = |time: u32, scale: i32, counts: &str| {
        request(&format!(
            r#"{{"name":"took","exponentialHistogram":{{"aggregationTemporality":1,"dataPoints":[
                {{"startTimeUnixNano":"1000000","timeUnixNano":"{time}000000","count":"3","sum":1.5,"scale":{scale},
                  "positive":{{"offset":0,"bucketCounts":[{counts}]}}}}]}}}}"#
        ))
    };
    let mut receiver = accumulating();
    for body in [point(10, 1, r#""1","2""#), point(20, 0, r#""3""#)] {
        assert!(receiver.receive(body.as_bytes(), Encoding::Json).unwrap().is_complete());
    }
    let SampleValue::Histogram(total) = &receiver.sink().samples[1].value else { panic!() };
    assert_eq!((total.schema, total.count, total.sum), (0, 6.0, 3.0));
    assert_eq!(total.positive().collect::<Vec<_>>(), [(1, 6.0)]);
}

#[test]
fn explicit_bounds_become_custom_buckets_where_that_is_wanted() {
    let body = request(
        r#"{"name":"took","unit":"s","histogram":{"aggregationTemporality":2,"dataPoints":[
            {"startTimeUnixNano":"1000000","timeUnixNano":"9000000","count":"6","sum":4.5,
             "bucketCounts":["1","0","0","0","5"],"explicitBounds":[0.1,0.5,1,5]}]}}"#,
    );
    let mut options = MetricOptions::default();
    options.histograms_as_custom_buckets = true;
    let mut sink = Metrics::default();
    let outcome = decode_metrics(body.as_bytes(), Encoding::Json, &options, &mut sink).unwrap();
    assert!(outcome.is_complete());
    let sample = &sink.samples[0];
    assert_eq!(sample.labels.to_string(), r#"{__name__="took_seconds"}"#);
    let SampleValue::Histogram(histogram) = &sample.value else { panic!() };
    assert_eq!(histogram.validate(), Ok(()));
    assert_eq!((histogram.schema, histogram.count), (CUSTOM_BUCKETS_SCHEMA, 6.0));
    assert_eq!(histogram.custom_bounds, [0.1, 0.5, 1.0, 5.0]);
    assert_eq!(histogram.positive().collect::<Vec<_>>(), [(0, 1.0), (4, 5.0)]);
}
