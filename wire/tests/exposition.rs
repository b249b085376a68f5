//! The text exposition format: its own rules, then Prometheus' cases, read in place.
#![cfg(test)]

mod support;

use std::fs;

use serde_json::Value;
use support::{Metrics, shared};
use telemetry_core::model::{Metadata, MetricKind, SampleValue};
use telemetry_core::sink::{Refusal, RefusalReason};
use telemetry_core::time::Millis;
use wire::prometheus::decode_text;
use wire::{Error, Outcome};

const NOW: Millis = Millis(1_000);

fn decode(text: &str) -> (Outcome, Metrics) {
    let mut sink = Metrics::default();
    let outcome = decode_text(text.as_bytes(), NOW, &[], &mut sink).unwrap();
    (outcome, sink)
}

fn error(text: &str) -> String {
    let mut sink = Metrics::default();
    let error = decode_text(text.as_bytes(), NOW, &[], &mut sink).unwrap_err();
    assert_eq!(sink.commits, 0);
    error.to_string()
}

#[test]
fn samples_have_labels_values_and_times() {
    let text = "# HELP http_requests_total Requests \\\\ by\\ncode \\\"x\\\".\n\
                # TYPE http_requests_total counter\n\
                http_requests_total{code=\"200\",} 1027 -1395066363000\n\
                \t  http_requests_total { code = \"a\\\"\\\\\\n\\x\" method=\"\" }\t+Inf \n\
                \n\
                # a comment\n#\n\
                {\"http.requests\", \"k8s.pod\"=\"ä\"} 3";
    let (outcome, sink) = decode(text);
    assert_eq!((outcome.items, outcome.is_complete()), (3, true));
    assert_eq!(
        sink.lines(),
        [
            r#"{__name__="http_requests_total", code="200"} 1027 @-1395066363000"#,
            r#"{__name__="http_requests_total", code="a\"\\\n\\x"} inf @1000"#,
            r#"{__name__="http.requests", "k8s.pod"="ä"} 3 @1000"#,
        ]
    );
    let help = "Requests \\ by\ncode \\\"x\\\".".to_owned();
    let metadata = Metadata { kind: MetricKind::Counter, help, ..Metadata::default() };
    assert_eq!(sink.metadata, [("http_requests_total".to_owned(), metadata)]);
}

#[test]
fn bounds_and_quantiles_are_spelt_in_one_way() {
    let text = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n\
                # TYPE s summary\ns{quantile=\"0.50\"} 3\n# TYPE g gauge\ng{le=\"1\"} 4\n";
    assert_eq!(
        decode(text).1.lines(),
        [
            r#"{__name__="h_bucket", le="1.0"} 1 @1000"#,
            r#"{__name__="h_bucket", le="+Inf"} 2 @1000"#,
            r#"{__name__="s", quantile="0.5"} 3 @1000"#,
            r#"{__name__="g", le="1"} 4 @1000"#,
        ]
    );
}

#[test]
fn no_value_is_a_staleness_marker() {
    let (_, sink) = decode("a NaN\nb nan\nc -Inf\nd 1e3\ne .5\n");
    let bits: Vec<_> = sink
        .samples
        .iter()
        .map(|sample| match &sample.value {
            SampleValue::Float(value) => value.to_bits(),
            SampleValue::Histogram(_) => panic!(),
        })
        .collect();
    let nan = 0x7ff8_0000_0000_0001;
    let rest = [f64::NEG_INFINITY, 1e3, 0.5].map(f64::to_bits);
    assert_eq!(bits, [[nan, nan].as_slice(), &rest].concat());
}

#[test]
fn labels_of_the_target_cover_those_of_the_text() {
    let mut sink = Metrics::default();
    let text = b"up{job=\"own\",exported_job=\"mine\",instance=\"\"} 1\nup 2\n";
    let target = [("job", "node"), ("instance", "a:9100")];
    let outcome = decode_text(text, NOW, &target, &mut sink).unwrap();
    assert!(outcome.is_complete());
    assert_eq!(
        sink.lines(),
        [
            r#"{__name__="up", exported_exported_job="own", exported_job="mine", instance="a:9100", job="node"} 1 @1000"#,
            r#"{__name__="up", instance="a:9100", job="node"} 2 @1000"#,
        ]
    );
}

#[test]
fn a_repeated_label_costs_its_sample_only() {
    let many: String = (0..100).map(|at| format!("l{}=\"v\",", at % 99)).collect();
    let text = format!("a{{x=\"1\",x=\"2\"}} 1\na 2\na{{__name__=\"b\"}} 3\na{{{many}}} 4\n");
    let (outcome, sink) = decode(&text);
    let duplicate = |index, name: &str| {
        let reason = RefusalReason::DuplicateLabel { name: name.to_owned() };
        Refusal { index, reason }
    };
    let refused = [duplicate(0, "x"), duplicate(2, "__name__"), duplicate(3, "l0")];
    assert_eq!(outcome.refused, refused);
    assert_eq!(sink.lines(), [r#"{__name__="a"} 2 @1000"#]);
}

#[test]
fn errors_name_line_and_byte() {
    let cases = [
        ("a 1\nb\n", "line 2 (byte 5): expected a value"),
        ("a{b=\"c\n\"} 1", "line 1 (byte 4): expected a label value in double quotes"),
        ("a{b} 1", "line 1 (byte 3): expected `=`"),
        ("a{,} 1", "line 1 (byte 2): expected a label name or `}`"),
        ("{b=\"c\"} 1", "line 1 (byte 0): the metric has no name"),
        ("a true", "line 1 (byte 2): the value is not a number"),
        ("a 1e999", "line 1 (byte 2): the number is out of range"),
        ("a 1 x", "line 1 (byte 4): the timestamp is not an integer of milliseconds"),
        (
            "a 1 99999999999999999999",
            "line 1 (byte 4): the timestamp is not an integer of milliseconds",
        ),
        ("a 1 2 3", "line 1 (byte 6): expected the end of the line"),
        ("\n\n-", "line 3 (byte 2): expected a metric name, `{` or `#`"),
        ("# TYPE a  gauge\n", "line 1 (byte 8): no metric type is called this"),
        ("# TYPE 1 gauge\n", "line 1 (byte 7): expected a metric name after TYPE"),
        ("a\r\n", "line 1 (byte 1): the value is not a number"),
    ];
    for (text, message) in cases {
        assert_eq!(error(text), message, "{text:?}");
    }
    let mut sink = Metrics::default();
    let error = decode_text(b"# HELP a \xff\n", NOW, &[], &mut sink).unwrap_err();
    assert_eq!(error.to_string(), "line 1 (byte 8): the text is not valid UTF-8");
}

/// The text of a case, which may hold bytes that are not UTF-8.
fn input(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        other => {
            let text = other["latin1"].as_str().unwrap();
            text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
        }
    }
}

fn cases() -> Option<Value> {
    let path = shared("conformance/promql/exposition/exposition_cases.json")?;
    Some(serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}

fn is_text_format(case: &Value) -> bool {
    case["format"].as_str().unwrap().starts_with("prometheus-text")
}

#[test]
fn single_cases_of_prometheus_are_accepted_or_refused() {
    let Some(cases) = cases() else { return };
    let mut count = 0;
    for case in cases["single"].as_array().unwrap().iter().filter(|case| is_text_format(case)) {
        let input = input(&case["input"]);
        let result = decode_text(&input, NOW, &[], &mut Metrics::default());
        let shown = String::from_utf8_lossy(&input);
        assert_eq!(result.is_ok(), case["valid"].as_bool().unwrap(), "{shown:?}: {result:?}");
        assert!(!matches!(result, Err(Error::Sink(_))));
        count += 1;
    }
    assert!(count > 20, "{count} cases");
}

#[test]
fn documents_of_prometheus_are_read_entry_by_entry() {
    let Some(cases) = cases() else { return };
    let documents = cases["documents"].as_array().unwrap();
    for document in documents.iter().filter(|document| is_text_format(document)) {
        let name = document["name"].as_str().unwrap();
        let mut sink = Metrics::default();
        let input = input(&document["input"]);
        assert!(decode_text(&input, NOW, &[], &mut sink).unwrap().is_complete(), "{name}");
        let mut samples = sink.samples.iter();
        for entry in document["expected"].as_array().unwrap() {
            let text = entry["text"].as_str().unwrap_or_default();
            let metadata = || sink.metadata.iter().find(|(family, _)| family == text);
            if let Some(help) = entry.get("help") {
                assert_eq!(metadata().unwrap().1.help, help.as_str().unwrap(), "{name}: {text}");
            } else if let Some(kind) = entry.get("type") {
                assert_eq!(metadata().unwrap().1.kind.as_str(), kind.as_str().unwrap(), "{text}");
            } else if let Some(value) = entry.get("value") {
                let sample = samples.next().unwrap();
                let labels = entry["labels"].as_object().unwrap();
                let labels = labels.iter().map(|(n, v)| (n.as_str(), v.as_str().unwrap()));
                assert_eq!(sample.labels, labels.collect(), "{name}: {text}");
                assert_eq!(sample.value, SampleValue::Float(value.as_f64().unwrap()), "{text}");
                let time = entry.get("timestamp_ms").map_or(NOW.0, |time| time.as_i64().unwrap());
                assert_eq!(sample.time, time, "{name}: {text}");
            }
        }
        assert_eq!(samples.next(), None, "{name}");
    }
}

#[test]
fn a_large_text_is_read_whole() {
    let Some(path) = shared("conformance/promql/exposition/alltypes.237mfs.prom.txt") else {
        return;
    };
    let text = fs::read_to_string(path).unwrap();
    let (outcome, sink) = decode(&text);
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
    assert_eq!((outcome.items, outcome.is_complete()), (lines as u64, true));
    assert_eq!(sink.metadata.len(), text.matches("# TYPE ").count());
}
