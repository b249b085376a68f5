//! A target that exposes again and again: what is remembered of it changes nothing.
#![cfg(test)]

mod support;

use std::sync::Arc;

use support::Metrics;
use telemetry_core::labels;
use telemetry_core::model::{BucketSpan, Histogram, MetricKind};
use telemetry_core::time::Millis;
use wire::prometheus::{
    Entry, Exposed, ExposedExemplar, ExposedValue, ExpositionReceiver, ExpositionWriter, Format,
    Label, decode_exposition,
};

/// A body under construction.
struct Body {
    writer: ExpositionWriter,
    kind: MetricKind,
    labels: Vec<Label<'static>>,
    start: i64,
    exemplars: Vec<ExposedExemplar>,
}

impl Body {
    fn new() -> Self {
        let writer = ExpositionWriter::new(Format::Protobuf);
        let (labels, exemplars) = (Vec::new(), Vec::new());
        Body { writer, kind: MetricKind::Unknown, labels, start: 0, exemplars }
    }

    fn family(&mut self, family: &str, kind: MetricKind) -> &mut Self {
        self.kind = kind;
        self.writer.write(Entry::Help { family, text: "what it is" }).unwrap();
        self.writer.write(Entry::Type { family, kind }).unwrap();
        self
    }

    fn labels(&mut self, labels: &[(&'static str, &str)]) -> &mut Self {
        let label =
            |(name, value): &(&'static str, &str)| ((*name).into(), (*value).to_owned().into());
        self.labels = labels.iter().map(label).collect();
        self
    }

    fn value(&mut self, name: &str, value: ExposedValue<'_>) -> &mut Self {
        let (labels, exemplars) = (&*self.labels, &*self.exemplars);
        let (start, kind) = (self.start, self.kind);
        let sample = Exposed { name, labels, value, time: None, start, exemplars, kind };
        self.writer.write(Entry::Sample(sample)).unwrap();
        self
    }

    fn float(&mut self, name: &str, value: f64) -> &mut Self {
        self.value(name, ExposedValue::Float(value))
    }

    fn finish(self) -> Vec<u8> {
        self.writer.finish()
    }
}

/// Counters, a gauge, a summary, a classic and a native histogram; all values grow by `at`. The
/// classic histogram has one bound more from 3 on, and the summary another quantile.
fn body(at: u32) -> Vec<u8> {
    let mut body = Body::new();
    let more = f64::from(at);
    body.family("requests_total", MetricKind::Counter);
    for path in ["/", "/ü", "/a"] {
        body.labels(&[("path", path), ("job", "own"), ("empty", "")]);
        body.start = if path == "/" { 0 } else { 500 };
        let labels = labels! { "trace_id" => "abc" };
        let exemplar = ExposedExemplar { labels, value: more, time: (path == "/a").then_some(7) };
        body.exemplars = if path == "/" { Vec::new() } else { vec![exemplar] };
        body.float("requests_total", 3.0 + more);
    }
    (body.start, body.exemplars) = (0, Vec::new());
    body.family("heat", MetricKind::Gauge).labels(&[]).float("heat", f64::NAN);
    body.family("size", MetricKind::Summary).labels(&[]);
    body.float("size_count", 7.0 + more).float("size_sum", 70.0);
    let quantile = if at < 3 { "0.5" } else { "0.75" };
    body.labels(&[("quantile", quantile)]).float("size", 10.0 + more);
    body.family("latency", MetricKind::Histogram);
    for host in ["a", "b"] {
        body.labels(&[("host", host)]);
        body.float("latency_count", 300.0 + more).float("latency_sum", 2.5);
        let bounds: &[_] = if at < 3 { &["0.1", "1"] } else { &["0.1", "1", "10"] };
        for (n, bound) in (1..).zip(bounds) {
            body.labels(&[("host", host), ("le", bound)]);
            body.float("latency_bucket", f64::from(n) * 70.0);
        }
    }
    let native = Histogram {
        schema: 2,
        count: 3.0 + more,
        sum: 4.0,
        positive_spans: vec![BucketSpan { offset: 1, length: 1 }],
        positive_buckets: vec![3.0 + more],
        ..Histogram::default()
    };
    let native = Arc::new(native);
    body.family("spread", MetricKind::Histogram).labels(&[("host", "a")]);
    body.value("spread", ExposedValue::Histogram(&native));
    body.finish()
}

const NOW: Millis = Millis(1_000);
const TARGET: [(&str, &str); 2] = [("instance", "a:1"), ("job", "api")];

/// What a body is that is read for the first time.
fn first(body: &[u8], format: Format) -> Metrics {
    let mut sink = Metrics::default();
    let outcome = decode_exposition(body, format, NOW, &TARGET, &mut sink).unwrap();
    assert!(outcome.is_complete());
    sink
}

fn receiver(sink: Metrics) -> ExpositionReceiver<Metrics> {
    ExpositionReceiver::new(sink, TARGET.into())
}

#[test]
fn what_is_known_is_what_is_read() {
    for sink in [Metrics::default(), Metrics::forgetful()] {
        let mut receiver = receiver(sink);
        let mut seen = 0;
        for at in [0, 1, 2, 3, 4, 2] {
            let body = body(at);
            let expected = first(&body, Format::Protobuf);
            let outcome = receiver.receive(&body, Format::Protobuf, NOW).unwrap();
            assert_eq!(outcome.items, expected.samples.len() as u64);
            let sink = receiver.sink();
            let samples = format!("{:?}", &sink.samples[seen..]);
            assert_eq!(samples, format!("{:?}", expected.samples), "{at}");
            seen = sink.samples.len();
            assert!(sink.exemplars.ends_with(&expected.exemplars));
            assert!(sink.metadata.ends_with(&expected.metadata));
        }
    }
}

#[test]
fn texts_are_read_as_ever() {
    let text = b"# TYPE up gauge\nup 1\nup{job=\"x\"} 2\n";
    let mut receiver = receiver(Metrics::default());
    for _ in 0..2 {
        let outcome = receiver.receive(text, Format::Text, NOW).unwrap();
        assert_eq!((outcome.items, outcome.is_complete()), (2, true));
    }
    let expected = first(text, Format::Text);
    let sink = receiver.into_sink();
    assert_eq!(sink.lines(), [expected.lines(), expected.lines()].concat());
}

#[test]
fn a_damaged_body_leaves_nothing() {
    let mut receiver = receiver(Metrics::default());
    let whole = body(0);
    for end in (1..whole.len()).step_by(3) {
        // Cut between two families it is a shorter body.
        if let Ok(outcome) = receiver.receive(&whole[..end], Format::Protobuf, NOW) {
            assert!(outcome.is_complete());
        }
    }
    let seen = receiver.sink().samples.len();
    let _ = receiver.receive(&whole, Format::Protobuf, NOW).unwrap();
    let samples = format!("{:?}", &receiver.sink().samples[seen..]);
    assert_eq!(samples, format!("{:?}", first(&whole, Format::Protobuf).samples));
}

#[test]
fn a_repeated_label_is_refused_every_time() {
    // 1: name · 3: a gauge · 4: a metric with the label `a` twice and a value.
    let body = b"\x26\x0a\x05twice\x18\x01\x22\x1b\x0a\x06\x0a\x01a\x12\x011\
                 \x0a\x06\x0a\x01a\x12\x012\x12\x09\x09\0\0\0\0\0\0\xf0\x3f";
    let mut receiver = receiver(Metrics::default());
    for _ in 0..3 {
        let outcome = receiver.receive(body, Format::Protobuf, NOW).unwrap();
        assert_eq!((outcome.items, outcome.refused.len()), (1, 1));
    }
}
