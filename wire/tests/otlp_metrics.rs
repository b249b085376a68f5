//! The translation of OTLP metrics into Prometheus' model, case by case.
#![cfg(test)]

mod support;

use support::Metrics;
use telemetry_core::model::{BucketSpan, Histogram, MetricKind, SampleValue, is_stale};
use telemetry_core::sink::RefusalReason;
use wire::Outcome;
use wire::otlp::{Encoding, MetricOptions, decode_metrics};

/// A request with one resource, whose attributes and metrics are given as JSON.
fn request(resource: &str, metrics: &str) -> String {
    format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{resource}]}},"scopeMetrics":[{{"metrics":[{metrics}]}}]}}]}}"#
    )
}

fn attribute(key: &str, value: &str) -> String {
    format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
}

fn decode(request: &str) -> (Outcome, Metrics) {
    let mut sink = Metrics::default();
    let options = MetricOptions::default();
    let outcome = decode_metrics(request.as_bytes(), Encoding::Json, &options, &mut sink).unwrap();
    (outcome, sink)
}

#[test]
fn a_cumulative_sum_is_a_counter_with_its_start() {
    let (outcome, sink) = decode(&request(
        &attribute("service.name", "api"),
        r#"{"name":"http.requests","unit":"{request}","description":"Requests.","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[
            {"asInt":"7","startTimeUnixNano":"1000000000","timeUnixNano":"2000000000","attributes":[{"key":"http.method","value":{"stringValue":"GET"}}]},
            {"asDouble":8.5,"timeUnixNano":"3999999999","flags":1}]}}"#,
    ));
    assert!(outcome.is_complete());
    assert_eq!(
        sink.lines()[0],
        r#"{__name__="http_requests_total", http_method="GET", job="api"} 7 @2000"#
    );
    assert_eq!(sink.samples[0].start, 1000);
    // No recorded value: the series ends here.
    assert_eq!(sink.samples[1].time, 3999);
    assert!(sink.samples[1].value.is_stale());
    let (name, metadata) = &sink.metadata[0];
    assert_eq!((name.as_str(), metadata.kind), ("http_requests_total", MetricKind::Counter));
    assert_eq!((metadata.unit.as_str(), metadata.help.as_str()), ("", "Requests."));
}

#[test]
fn a_sum_that_may_fall_is_a_gauge() {
    let (_, sink) = decode(&request(
        "",
        r#"{"name":"queue.size","unit":"By","sum":{"aggregationTemporality":2,"dataPoints":[{"asInt":-3,"timeUnixNano":1000000}]}}"#,
    ));
    assert_eq!(sink.lines(), [r#"{__name__="queue_size_bytes"} -3 @1"#]);
    assert_eq!(sink.metadata[0].1.kind, MetricKind::Gauge);
    assert_eq!(sink.metadata[0].1.unit, "bytes");
}

#[test]
fn a_histogram_counts_up_to_each_bound() {
    let (outcome, sink) = decode(&request(
        "",
        r#"{"name":"duration","unit":"ms","histogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":1000000,"count":6,"sum":42.5,"bucketCounts":["1","2","3"],"explicitBounds":[0.5,10],
             "exemplars":[{"asDouble":0.1,"timeUnixNano":1000000,"traceId":"0af7651916cd43dd8448eb211c80319c","filteredAttributes":[{"key":"user.id","value":{"intValue":7}}]},
                          {"asInt":"99","timeUnixNano":1000000}]}]}}"#,
    ));
    assert_eq!(outcome.items, 1);
    assert_eq!(
        sink.lines(),
        [
            r#"{__name__="duration_milliseconds_sum"} 42.5 @1"#,
            r#"{__name__="duration_milliseconds_count"} 6 @1"#,
            r#"{__name__="duration_milliseconds_bucket", le="0.5"} 1 @1"#,
            r#"{__name__="duration_milliseconds_bucket", le="10"} 3 @1"#,
            r#"{__name__="duration_milliseconds_bucket", le="+Inf"} 6 @1"#,
        ]
    );
    let found: Vec<_> = sink
        .exemplars
        .iter()
        .map(|(series, exemplar)| format!("{:?} {}", series.get("le"), exemplar.labels))
        .collect();
    assert_eq!(
        found,
        [
            r#"Some("0.5") {trace_id="0af7651916cd43dd8448eb211c80319c", "user.id"="7"}"#,
            r#"Some("+Inf") {}"#,
        ]
    );
}

#[test]
fn a_histogram_without_sum_has_none() {
    let (_, sink) = decode(&request(
        "",
        r#"{"name":"d","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":1000000,"count":6}]}}"#,
    ));
    assert_eq!(
        sink.lines(),
        [r#"{__name__="d_count"} 6 @1"#, r#"{__name__="d_bucket", le="+Inf"} 6 @1"#]
    );
}

#[test]
fn an_exponential_histogram_is_native() {
    let (_, sink) = decode(&request(
        "",
        r#"{"name":"d","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":1000000,"count":"9","sum":10,"scale":9,"zeroCount":"1","zeroThreshold":0.1,
             "positive":{"offset":2,"bucketCounts":["1","2","0","3"]},"negative":{"offset":-1,"bucketCounts":[2]}},
            {"timeUnixNano":2000000,"flags":1},
            {"timeUnixNano":3000000,"scale":-5}]}}"#,
    ));
    let SampleValue::Histogram(histogram) = &sink.samples[0].value else { panic!() };
    let expected = Histogram {
        schema: 8,
        zero_threshold: 1e-128,
        zero_count: 1.0,
        count: 9.0,
        sum: 10.0,
        positive_spans: vec![BucketSpan { offset: 2, length: 2 }],
        positive_buckets: vec![3.0, 3.0],
        negative_spans: vec![BucketSpan { offset: 0, length: 1 }],
        negative_buckets: vec![2.0],
        ..Histogram::default()
    };
    assert_eq!(**histogram, expected);
    let SampleValue::Histogram(stale) = &sink.samples[1].value else { panic!() };
    assert!(is_stale(stale.sum));
    assert_eq!(sink.samples.len(), 2);
}

#[test]
fn a_summary_has_a_series_per_quantile() {
    let (_, sink) = decode(&request(
        "",
        r#"{"name":"rpc","unit":"s","summary":{"dataPoints":[{"timeUnixNano":1000000,"count":3,"sum":1.5,"quantileValues":[{"quantile":0.5,"value":0.25},{"quantile":1,"value":2}]}]}}"#,
    ));
    assert_eq!(
        sink.lines(),
        [
            r#"{__name__="rpc_seconds_sum"} 1.5 @1"#,
            r#"{__name__="rpc_seconds_count"} 3 @1"#,
            r#"{__name__="rpc_seconds", quantile="0.5"} 0.25 @1"#,
            r#"{__name__="rpc_seconds", quantile="1"} 2 @1"#,
        ]
    );
}

#[test]
fn the_resource_makes_job_instance_and_target_info() {
    let resource = [
        attribute("service.name", "api"),
        attribute("service.namespace", "shop"),
        attribute("service.instance.id", "i-1"),
        attribute("host.name", "h"),
    ]
    .join(",");
    let gauge = r#"{"name":"up","gauge":{"dataPoints":[{"asInt":1,"timeUnixNano":1000000000},{"asInt":1,"timeUnixNano":200000000000}]}}"#;
    let (outcome, sink) = decode(&request(&resource, gauge));
    assert_eq!(outcome.items, 2);
    let info = r#"{__name__="target_info", host_name="h", instance="i-1", job="shop/api"} 1"#;
    assert_eq!(
        sink.lines(),
        [
            r#"{__name__="up", instance="i-1", job="shop/api"} 1 @1000"#.to_owned(),
            r#"{__name__="up", instance="i-1", job="shop/api"} 1 @200000"#.to_owned(),
            format!("{info} @1000"),
            format!("{info} @151000"),
            format!("{info} @200000"),
        ]
    );
    // Nothing to say beside who it is; or nobody to say it about.
    for resource in [attribute("service.name", "api"), attribute("host.name", "h")] {
        assert_eq!(decode(&request(&resource, gauge)).1.samples.len(), 2);
    }
    let mut options = MetricOptions::default();
    options.target_info = false;
    let mut sink = Metrics::default();
    let request = request(&resource, gauge);
    let outcome = decode_metrics(request.as_bytes(), Encoding::Json, &options, &mut sink).unwrap();
    assert_eq!((outcome.items, sink.samples.len()), (2, 2));
}

#[test]
fn a_sample_that_the_store_refuses_leads_back_to_its_point() {
    let resource = [attribute("service.name", "api"), attribute("host.name", "h")].join(",");
    let metrics = r#"{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":1}]}},
        {"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":1,"sum":1,"bucketCounts":[1,1],"explicitBounds":[1]}]}},
        {"name":"b","gauge":{"dataPoints":[{"timeUnixNano":99999999999999999999},{"timeUnixNano":1}]}}"#;
    let metrics = metrics.replace("99999999999999999999", "18446744073709551615");
    let request = request(&resource, &metrics);
    let refused = |name: &'static str| {
        let mut sink = Metrics::default();
        sink.refuses = Some(name);
        let options = MetricOptions::default();
        let outcome =
            decode_metrics(request.as_bytes(), Encoding::Json, &options, &mut sink).unwrap();
        assert_eq!(outcome.items, 4);
        let indexes: Vec<_> = outcome.refused.iter().map(|refusal| refusal.index).collect();
        (indexes, outcome.derived_refused)
    };
    // The point past the year 2262 is refused in any case.
    assert_eq!(refused("a"), (vec![0, 2], 0));
    assert_eq!(refused("h_bucket"), (vec![1, 2], 0));
    assert_eq!(refused("b"), (vec![2, 3], 0));
    assert_eq!(refused("target_info"), (vec![2], 1));
}

#[test]
fn metrics_that_cannot_be_stored_are_refused_point_by_point() {
    let points = r#"{"dataPoints":[{"timeUnixNano":1},{"timeUnixNano":2}]"#;
    let (outcome, sink) = decode(&request(
        "",
        &format!(
            r#"{{"name":"delta","sum":{points},"aggregationTemporality":1}}}},
               {{"name":"none","histogram":{points}}}}},
               {{"name":"...","gauge":{points}}}}},
               {{"name":"no data"}},
               {{"name":"ok","gauge":{{"dataPoints":[{{"timeUnixNano":1,"attributes":[{{"key":""}}]}},{{"timeUnixNano":1}}]}}}}"#
        ),
    ));
    let reasons: Vec<_> = outcome.refused.iter().map(|refusal| refusal.to_string()).collect();
    assert_eq!(
        reasons,
        [
            "item 0: a metric of delta temporality cannot be stored",
            "item 1: a metric of delta temporality cannot be stored",
            "item 2: not well formed: a sum or histogram has a temporality",
            "item 3: not well formed: a sum or histogram has a temporality",
            "item 4: not well formed: a metric name has a letter or a digit",
            "item 5: not well formed: a metric name has a letter or a digit",
            "item 6: label \"\" is not valid",
        ]
    );
    assert_eq!(sink.lines(), [r#"{__name__="ok"} 0 @0"#]);
    assert!(matches!(outcome.refused[0].reason, RefusalReason::Unsupported { .. }));
}

/// What one gauge with a resource and a scope becomes.
fn translated(options: &MetricOptions) -> Vec<String> {
    let text = |key: &str, value: &str| attribute(key, value);
    let resource = [
        text("service.name", "api"),
        text("k8s.pod", "p-1"),
        text("host.name", "h"),
        text("http.method", "covered"),
    ];
    let request = format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{}]}},"scopeMetrics":[{{
            "schemaUrl":"https://x/1","scope":{{"name":"lib","version":"2","attributes":[{}]}},"metrics":[
            {{"name":"cpu.use","unit":"1","gauge":{{"dataPoints":[{{"asDouble":0.5,"timeUnixNano":1000000,"attributes":[{}]}}]}}}}]}}]}}]}}"#,
        resource.join(","),
        text("1st.x", "y"),
        text("http.method", "GET"),
    );
    let mut sink = Metrics::default();
    let outcome = decode_metrics(request.as_bytes(), Encoding::Json, options, &mut sink).unwrap();
    assert!(outcome.is_complete());
    sink.lines()
}

#[test]
fn translations_decide_about_names_of_metrics_and_labels() {
    use wire::otlp::Translation::{
        NoTranslation, NoUtf8EscapingWithSuffixes, UnderscoreEscapingWithSuffixes,
        UnderscoreEscapingWithoutSuffixes,
    };
    let cases = [
        (
            UnderscoreEscapingWithSuffixes,
            r#"{__name__="cpu_use_ratio", http_method="GET", job="api"} 0.5 @1"#,
        ),
        (
            UnderscoreEscapingWithoutSuffixes,
            r#"{__name__="cpu_use", http_method="GET", job="api"} 0.5 @1"#,
        ),
        (
            NoUtf8EscapingWithSuffixes,
            r#"{__name__="cpu.use_ratio", "http.method"="GET", job="api"} 0.5 @1"#,
        ),
        (NoTranslation, r#"{__name__="cpu.use", "http.method"="GET", job="api"} 0.5 @1"#),
    ];
    for (translation, expected) in cases {
        let mut options = MetricOptions::default();
        options.translation = translation;
        assert_eq!(translated(&options)[0], expected, "{translation:?}");
    }
}

#[test]
fn attributes_of_the_resource_are_promoted() {
    use wire::otlp::Promotion;
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    let mut options = MetricOptions::default();
    options.target_info = false;
    options.promotion = Promotion::Only(keys(&["k8s.pod", "http.method", "missing"]));
    assert_eq!(
        translated(&options),
        [r#"{__name__="cpu_use_ratio", http_method="GET", job="api", k8s_pod="p-1"} 0.5 @1"#]
    );
    options.promotion = Promotion::AllExcept(keys(&["k8s.pod", "service.name"]));
    assert_eq!(
        translated(&options),
        [r#"{__name__="cpu_use_ratio", host_name="h", http_method="GET", job="api"} 0.5 @1"#]
    );
}

#[test]
fn the_scope_can_be_promoted_and_target_info_keep_who_it_is() {
    let mut options = MetricOptions::default();
    options.promote_scope_metadata = true;
    options.keep_identifying_resource_attributes = true;
    let lines = translated(&options);
    assert_eq!(
        lines[0],
        r#"{__name__="cpu_use_ratio", http_method="GET", job="api", otel_scope_1st_x="y", otel_scope_name="lib", otel_scope_schema_url="https://x/1", otel_scope_version="2"} 0.5 @1"#
    );
    assert!(lines[1].contains(r#"__name__="target_info""#), "{}", lines[1]);
    assert!(lines[1].contains(r#"service_name="api""#), "{}", lines[1]);
    assert!(!lines[1].contains("otel_scope"), "{}", lines[1]);
}
