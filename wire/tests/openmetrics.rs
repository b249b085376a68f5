//! OpenMetrics and protobuf exposition: what is read, what is refused, and that what is written is
//! read again.
#![cfg(test)]

mod support;

use std::sync::Arc;

use support::Metrics;
use telemetry_core::labels;
use telemetry_core::model::{BucketSpan, Histogram, MetricKind, SampleValue};
use telemetry_core::time::Millis;
use wire::Error;
use wire::prometheus::{
    Entry, Exposed, ExposedExemplar, ExposedValue, ExpositionWriter, Format, ReadOptions,
    decode_exposition, read_exposition,
};

const NOW: Millis = Millis(1_000);

fn decode(input: &[u8], format: Format) -> Metrics {
    let mut sink = Metrics::default();
    let outcome = decode_exposition(input, format, NOW, &[], &mut sink).unwrap();
    assert!(outcome.is_complete());
    sink
}

fn error(text: &str) -> String {
    let mut sink = Metrics::default();
    let result = decode_exposition(text.as_bytes(), Format::OpenMetrics, NOW, &[], &mut sink);
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Exposition { .. }));
    assert_eq!(sink.commits, 0);
    error.to_string()
}

const TEXT: &str = "# HELP rpc_seconds Calls \\\"by\\\" code.\n\
    # TYPE rpc_seconds histogram\n\
    # UNIT rpc_seconds seconds\n\
    rpc_seconds_bucket{a=\"b\",le=\"1.0\"} 1.0 2.500 # {trace_id=\"ab\",\"x.y\"=\"z\"} 0.5 2.250\n\
    rpc_seconds_bucket{a=\"b\",le=\"+Inf\"} 3.0 2.500\n\
    rpc_seconds_sum{a=\"b\"} 4.5 2.500\n\
    rpc_seconds_count{a=\"b\"} 3.0 2.500\n\
    rpc_seconds_created{a=\"b\"} 1.500\n\
    # TYPE requests counter\n\
    requests_total 7.0 # {} 1.0\n\
    {\"other.metric\",\"l.1\"=\"\\\\\\n\"} NaN\n\
    # EOF\n";

#[test]
fn samples_have_starts_exemplars_and_metadata() {
    let sink = decode(TEXT.as_bytes(), Format::OpenMetrics);
    assert_eq!(
        sink.lines(),
        [
            r#"{__name__="rpc_seconds_bucket", a="b", le="1.0"} 1 @2500"#,
            r#"{__name__="rpc_seconds_bucket", a="b", le="+Inf"} 3 @2500"#,
            r#"{__name__="rpc_seconds_sum", a="b"} 4.5 @2500"#,
            r#"{__name__="rpc_seconds_count", a="b"} 3 @2500"#,
            r#"{__name__="requests_total"} 7 @1000"#,
            r#"{__name__="other.metric", "l.1"="\\\n"} NaN @1000"#,
        ]
    );
    let starts: Vec<_> = sink.samples.iter().map(|sample| sample.start).collect();
    assert_eq!(starts, [1500, 1500, 1500, 1500, 0, 0]);
    let (_, exemplar) = &sink.exemplars[0];
    assert_eq!(exemplar.labels, labels! { "trace_id" => "ab", "x.y" => "z" });
    assert_eq!((exemplar.value, exemplar.time), (0.5, Millis(2_250)));
    assert_eq!(sink.exemplars[1].1.time, NOW);
    let (name, metadata) = &sink.metadata[0];
    assert_eq!((name.as_str(), metadata.kind), ("rpc_seconds", MetricKind::Histogram));
    assert_eq!((metadata.unit.as_str(), metadata.help.as_str()), ("seconds", "Calls \"by\" code."));
}

#[test]
fn created_lines_can_be_kept_as_series() {
    let options = ReadOptions { created_series: true, ..ReadOptions::default() };
    let mut created = Vec::new();
    read_exposition(TEXT.as_bytes(), Format::OpenMetrics, options, |entry| {
        if let Entry::Sample(sample) = entry {
            assert_eq!(sample.start, 0);
            let is_right = sample.value == ExposedValue::Float(1.5);
            created.extend(sample.name.ends_with("_created").then_some(is_right));
        }
    })
    .unwrap();
    assert_eq!(created, [true]);
}

#[test]
fn errors_name_line_and_byte() {
    let cases = [
        ("a 1\n", "line 2 (byte 4): the text does not end in `# EOF`"),
        ("a 1", "line 1 (byte 3): the text does not end in `# EOF`"),
        ("# EOF\n\n", "line 2 (byte 6): the text has ended before this"),
        ("\n# EOF\n", "line 1 (byte 0): expected a metric name, `{` or `#`"),
        ("a  1\n# EOF\n", "line 1 (byte 2): expected a value"),
        ("a 1 \n# EOF\n", "line 1 (byte 3): the timestamp is not an integer of milliseconds"),
        ("a 1 1 1\n# EOF\n", "line 1 (byte 5): expected the end of the line"),
        ("# UNIT a b\n# EOF\n", "line 1 (byte 8): the family's name must end in `_` and the unit"),
        ("a{\"b\"} 1\n# EOF\n", "line 1 (byte 2): the metric has a name already"),
        ("a{b=\"c\" d=\"e\"} 1\n# EOF\n", "line 1 (byte 7): expected `,` or `}`"),
    ];
    for (text, message) in cases {
        assert_eq!(error(text), message, "{text:?}");
    }
}

/// Writes what is read of `text`, in `format`.
fn rewrite(text: &[u8], from: Format, to: Format) -> Vec<u8> {
    let mut writer = ExpositionWriter::new(to);
    read_exposition(text, from, ReadOptions::default(), |entry| writer.write(entry).unwrap())
        .unwrap();
    writer.finish()
}

#[test]
fn openmetrics_comes_back_as_it_was() {
    let again = rewrite(TEXT.as_bytes(), Format::OpenMetrics, Format::OpenMetrics);
    assert_eq!(String::from_utf8(again).unwrap(), TEXT);
}

#[test]
fn protobuf_holds_what_openmetrics_says() {
    let protobuf = rewrite(TEXT.as_bytes(), Format::OpenMetrics, Format::Protobuf);
    let sink = decode(&protobuf, Format::Protobuf);
    assert_eq!(
        sink.lines(),
        [
            r#"{__name__="rpc_seconds_count", a="b"} 3 @2500"#,
            r#"{__name__="rpc_seconds_sum", a="b"} 4.5 @2500"#,
            r#"{__name__="rpc_seconds_bucket", a="b", le="1.0"} 1 @2500"#,
            r#"{__name__="rpc_seconds_bucket", a="b", le="+Inf"} 3 @2500"#,
            r#"{__name__="requests"} 7 @1000"#,
            r#"{__name__="other.metric", "l.1"="\\\n"} NaN @1000"#,
        ]
    );
    assert_eq!(sink.samples[2].start, 1500);
    assert_eq!(sink.exemplars.len(), 2);
    let help = &sink.metadata[0].1.help;
    assert_eq!(help, "Calls \"by\" code.");
}

#[test]
fn a_native_histogram_goes_through_protobuf_only() {
    let histogram = Arc::new(Histogram {
        schema: 3,
        zero_threshold: 1e-3,
        zero_count: 1.0,
        count: 7.0,
        sum: -2.5,
        positive_spans: vec![BucketSpan { offset: -2, length: 2 }],
        positive_buckets: vec![4.0, 1.0],
        negative_spans: vec![BucketSpan { offset: 0, length: 1 }],
        negative_buckets: vec![1.0],
        ..Histogram::default()
    });
    let empty = Arc::new(Histogram::default());
    let halves = Arc::new(Histogram { count: 7.5, zero_count: 1.5, ..(*histogram).clone() });
    let labels = [("a".into(), "b".into())];
    let exemplar = |time| ExposedExemplar { labels: labels! { "t" => "1" }, value: 0.5, time };
    for histogram in [histogram, empty, halves] {
        let exemplars = [exemplar(Some(7)), exemplar(None)];
        let sample = Entry::Sample(Exposed {
            name: "h",
            labels: &labels,
            value: ExposedValue::Histogram(&histogram),
            time: Some(-5),
            start: 3,
            exemplars: &exemplars,
            kind: MetricKind::Histogram,
        });
        let mut writer = ExpositionWriter::new(Format::Protobuf);
        writer.write(Entry::Type { family: "h", kind: MetricKind::Histogram }).unwrap();
        writer.write(sample).unwrap();
        let sink = decode(&writer.finish(), Format::Protobuf);
        assert_eq!(sink.samples.len(), 1);
        assert_eq!(sink.samples[0].value, SampleValue::Histogram(Arc::clone(&histogram)));
        assert_eq!((sink.samples[0].time, sink.samples[0].start), (-5, 3));
        // One without a time cannot be told from the same one scraped before.
        assert_eq!(sink.exemplars.len(), 1);
        for format in [Format::Text, Format::OpenMetrics] {
            assert!(ExpositionWriter::new(format).write(sample).is_err());
        }
    }
}

#[test]
fn damaged_messages_are_refused_with_their_place() {
    let protobuf = rewrite(TEXT.as_bytes(), Format::OpenMetrics, Format::Protobuf);
    for len in 1..protobuf.len() {
        let mut sink = Metrics::default();
        let cut = &protobuf[..len];
        let result = decode_exposition(cut, Format::Protobuf, NOW, &[], &mut sink);
        assert!(result.is_ok() || result.unwrap_err().position().unwrap() <= len);
    }
    let mut sink = Metrics::default();
    // A family of type 9.
    let input = b"\x09\x0a\x01a\x18\x09\x22\x02\x08\x00";
    let error = decode_exposition(input, Format::Protobuf, NOW, &[], &mut sink).unwrap_err();
    assert_eq!(error.to_string(), "byte 5: metric type 9 does not exist");
}
