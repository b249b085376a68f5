//! Requests of the OpenTelemetry project and Loki's own answers, read in place.
#![cfg(test)]

mod support;

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use support::{Logs, Metrics, Spans, shared};
use telemetry_core::labels;
use telemetry_core::model::{KeyValue, SpanKind};
use telemetry_core::time::Nanos;
use wire::otlp::{
    Encoding, LogOptions, MetricOptions, Signal, decode_logs, decode_metrics, decode_traces, guess,
};

type Pairs = BTreeMap<String, String>;

/// Both codings of an example.
fn example(name: &str) -> Option<[(Vec<u8>, Encoding); 2]> {
    let folder = shared("data/otlp")?;
    let read = |extension: &str| fs::read(folder.join(format!("{name}.{extension}"))).unwrap();
    Some([(read("json"), Encoding::Json), (read("pb"), Encoding::Protobuf)])
}

#[test]
fn files_tell_what_they_are() {
    let signals = [
        ("trace", Signal::Traces),
        ("logs", Signal::Logs),
        ("events", Signal::Logs),
        ("metrics", Signal::Metrics),
    ];
    for (name, signal) in signals {
        for (input, encoding) in example(name).into_iter().flatten() {
            assert_eq!(guess(&input), Some((signal, encoding)), "{name}");
        }
    }
}

#[test]
fn the_span_of_the_example() {
    let Some(codings) = example("trace") else { return };
    for (input, encoding) in codings {
        let mut sink = Spans::default();
        assert!(decode_traces(&input, encoding, &mut sink).unwrap().is_complete());
        let [span] = &*sink.spans else { panic!("{:?}", sink.spans) };
        assert_eq!(span.trace_id.to_string(), "5b8efff798038103d269b633813fc60c");
        assert_eq!(span.parent_span_id.unwrap().to_string(), "eee19b7ec3c1b173");
        assert_eq!((span.name.as_str(), span.kind), ("I'm a server span", SpanKind::Server));
        assert_eq!(span.duration_nanos(), 1_000_000_000);
        assert_eq!(span.attributes, [KeyValue::new("my.span.attr", "some value")]);
        assert_eq!(span.resource.service_name(), Some("my.service"));
        assert_eq!((&*span.scope.name, &*span.scope.version), ("my.library", "1.0.0"));
    }
}

#[test]
fn the_log_records_of_the_examples() {
    let Some(codings) = example("logs") else { return };
    for (input, encoding) in codings {
        let mut sink = Logs::default();
        let options = LogOptions::default();
        assert!(decode_logs(&input, encoding, &options, &mut sink).unwrap().is_complete());
        let [entry] = &*sink.entries else { panic!("{:?}", sink.entries) };
        assert_eq!(entry.stream, labels! { "service_name" => "my.service" });
        assert_eq!(
            (entry.time, &*entry.line),
            (1_544_712_660_300_000_000, &b"Example log record"[..])
        );
        let expected = [
            ("array_attribute", r#"["many","values"]"#),
            ("boolean_attribute", "true"),
            ("double_attribute", "637.704"),
            ("int_attribute", "10"),
            ("map_attribute_some_map_key", "some value"),
            ("my_scope_attribute", "some scope attribute"),
            ("observed_timestamp", "1544712660300000000"),
            ("scope_name", "my.library"),
            ("scope_version", "1.0.0"),
            ("severity_number", "10"),
            ("severity_text", "Information"),
            ("span_id", "eee19b7ec3c1b174"),
            ("string_attribute", "some string"),
            ("trace_id", "5b8efff798038103d269b633813fc60c"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(entry.metadata, expected);
    }
    for (input, encoding) in example("events").unwrap() {
        let mut sink = Logs::default();
        let options = LogOptions::default();
        assert!(decode_logs(&input, encoding, &options, &mut sink).unwrap().is_complete());
        // A body that is a list of names is JSON with the names sorted.
        let line = r#"{"referrer":"https://wwww.google.com","title":"Free Online GUID Generator","type":0,"url":"https://www.guidgenerator.com/online-guid-generator.aspx"}"#;
        assert_eq!(String::from_utf8_lossy(&sink.entries[0].line), line);
        let event = ("event_name".to_owned(), "browser.page_view".to_owned());
        assert!(sink.entries[0].metadata.contains(&event));
    }
}

#[test]
fn the_metrics_of_the_example_are_deltas_but_one() {
    let Some(codings) = example("metrics") else { return };
    for (input, encoding) in codings {
        let mut sink = Metrics::default();
        let outcome =
            decode_metrics(&input, encoding, &MetricOptions::default(), &mut sink).unwrap();
        assert_eq!(outcome.items, 4);
        let refused: Vec<_> = outcome.refused.iter().map(|refusal| refusal.index).collect();
        assert_eq!(refused, [0, 2, 3]);
        assert_eq!(
            outcome.message(),
            "3 refused, first item 0: a metric of delta temporality cannot be stored"
        );
        let expected = r#"{__name__="my_gauge_ratio", job="my.service", my_gauge_attr="some value"} 10 @1544712660300"#;
        assert_eq!(sink.lines(), [expected]);
    }
}

/// What Loki stored: streams and structured metadata. The level that it detects in the text is the
/// work of its distributor, not of this format.
#[test]
fn logs_become_what_loki_made_of_them() {
    let Some(path) = shared("conformance/logql/oracle/otlp.json") else { return };
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    for case in &cases {
        let name = case["id"].as_str().unwrap();
        let mut sink = Logs::default();
        let mut options = LogOptions::default();
        // Times of the oracle count from a base, which is zero here.
        options.default_time = Some(Nanos(0));
        let request = case["request"].to_string();
        let outcome = decode_logs(request.as_bytes(), Encoding::Json, &options, &mut sink).unwrap();
        assert!(outcome.is_complete(), "{name}: {outcome:?}");
        if case["status"] != 204 {
            // Refused by a limit of the store: the stream is in the answer.
            let stream = sink.entries[0].stream.to_string();
            assert!(case["response"].as_str().unwrap().contains(&stream), "{name}: {stream}");
            continue;
        }
        let stored = case["stored"].as_array().unwrap();
        let mut expected: Vec<(String, String, Pairs, Pairs)> = Vec::new();
        for stream in stored {
            for value in stream["values"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().replace("<base>+", "");
                let pairs = |value: &Value| -> Pairs {
                    let object = value.as_object().into_iter().flatten();
                    let pairs = object.map(|(name, value)| (name.clone(), text(value)));
                    pairs.filter(|(name, _)| name != "detected_level").collect()
                };
                let metadata = pairs(&value[2]["structuredMetadata"]);
                let mut labels = pairs(&stream["stream"]);
                labels.retain(|name, _| !metadata.contains_key(name));
                expected.push((text(&value[0]), text(&value[1]), labels, metadata));
            }
        }
        let found: Vec<_> = sink
            .entries
            .iter()
            .map(|entry| {
                let line = String::from_utf8(entry.line.clone()).unwrap();
                let labels = entry.stream.iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
                let metadata = entry.metadata.iter().cloned().collect();
                (entry.time.to_string(), line, labels.collect(), metadata)
            })
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}
