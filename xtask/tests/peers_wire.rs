//! What goes over the wire, against a real Prometheus, where `QUADRA_PEERS` names a directory that
//! has one: what it sends is what it stores, and what we send is what it answers.
#![cfg(test)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use telemetry_core::labels;
use telemetry_core::labels::{Labels, MatchOp, Matcher};
use telemetry_core::model::{
    BucketSpan, CUSTOM_BUCKETS_SCHEMA, Exemplar, Histogram, Metadata, MetricKind, SampleValue,
};
use telemetry_core::query::QueryContext;
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{OutOfOrder, Sink, Tsdb};
use wire::prometheus::remote_read::{ReadResponse, ResponseKind, decode_chunks};
use wire::prometheus::remote_write::{Encoder, EncoderV2, Received, Receiver, Version};

mod peers;

use peers::{Server, binaries, differences, everything, held, now, samples, serve, wait_for};

/// A store that takes samples however late they are: shards of a sender run side by side.
fn store() -> Tsdb {
    tsdb::Builder::in_memory().out_of_order(OutOfOrder::Unlimited).open().unwrap()
}

/// Scrapes after which some series are no longer shown.
const VANISHES_AFTER: u64 = 6;

/// Counters, gauges of odd values, a classic histogram with exemplars; `n` scrapes came before.
fn text(n: u64) -> String {
    let mut text = format!(
        "# TYPE w_requests counter\n# HELP w_requests Requests, \\\"all\\\".\n\
         w_requests_total{{code=\"200\",path=\"/a\\\\b\\n\"}} {} # {{trace_id=\"t{n}\"}} {n}.5\n\
         # TYPE w_odd gauge\n\
         w_odd{{is=\"nan\"}} NaN\nw_odd{{is=\"inf\"}} -Inf\nw_odd{{is=\"zero\"}} -0\n\
         w_odd{{is=\"small\"}} 5e-324\nw_odd{{is=\"third\"}} {}\n\
         # TYPE w_seconds histogram\n# UNIT w_seconds seconds\n\
         w_seconds_bucket{{le=\"0.1\"}} {n} # {{trace_id=\"h{n}\"}} 0.05\n\
         w_seconds_bucket{{le=\"+Inf\"}} {}\nw_seconds_count {}\nw_seconds_sum {}\n",
        n * 3,
        n as f64 / 3.0,
        n * 2,
        n * 2,
        n as f64 * 0.7,
    );
    if n < VANISHES_AFTER {
        text += "# TYPE w_gone gauge\nw_gone{l=\"1\"} 1\nw_gone{l=\"2\"} 2\n";
    }
    text + "# EOF\n"
}

/// Native histograms, of integers and of floats, and one that vanishes.
fn messages(n: u64) -> Vec<u8> {
    use wire::prometheus::{Entry, Exposed, ExposedValue, ExpositionWriter, Format};
    let mut writer = ExpositionWriter::new(Format::Protobuf);
    let mut histogram = |name: &str, scale: f64| {
        let n = n as f64 * scale + 1.0;
        let value = Arc::new(native(n));
        let kind = MetricKind::Histogram;
        writer.write(Entry::Type { family: name, kind }).unwrap();
        let exposed = Exposed {
            name,
            labels: &[("l".into(), "ü".into())],
            value: ExposedValue::Histogram(&value),
            time: None,
            start: 0,
            exemplars: &[],
            kind,
        };
        writer.write(Entry::Sample(exposed)).unwrap();
    };
    histogram("w_native", 1.0);
    histogram("w_native_floats", 0.7);
    if n < VANISHES_AFTER {
        histogram("w_native_gone", 1.0);
    }
    writer.finish()
}

fn native(n: f64) -> Histogram {
    Histogram {
        schema: 3,
        zero_threshold: 1e-128,
        zero_count: n,
        count: 7.0 * n,
        sum: n / 3.0,
        positive_spans: vec![
            BucketSpan { offset: -2, length: 2 },
            BucketSpan { offset: 5, length: 1 },
        ],
        positive_buckets: vec![n, 2.0 * n, n],
        negative_spans: vec![BucketSpan { offset: 0, length: 1 }],
        negative_buckets: vec![2.0 * n],
        ..Histogram::default()
    }
}

/// Shows `body(scrapes before this one)` under a content type.
fn expose(content_type: &str, body: fn(u64) -> Vec<u8>) -> u16 {
    let (scrapes, headers) = (AtomicU64::new(0), format!("Content-Type: {content_type}\r\n"));
    serve(move |_| Ok((headers.clone(), body(scrapes.fetch_add(1, Ordering::SeqCst)))))
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Takes remote writes of a version into a store.
fn receive(version: Version, db: &Tsdb) -> u16 {
    let receiver: Mutex<Receiver<Sink>> = Mutex::new(Receiver::new(db.sink()));
    serve(move |request| {
        let named = request.headers.get("content-type").map(String::as_str);
        assert_eq!(named.and_then(Version::of_content_type), Some(version));
        let received = receiver.lock().unwrap().receive_as(version, &request.body).unwrap();
        let Received { outcome, samples, histograms, exemplars, .. } = received;
        assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
        let written = "X-Prometheus-Remote-Write";
        let headers = format!(
            "{written}-Samples-Written: {samples}\r\n{written}-Histograms-Written: {histograms}\r\n\
             {written}-Exemplars-Written: {exemplars}\r\n"
        );
        Ok((headers, Vec::new()))
    })
}

#[test]
fn what_it_writes_to_us_is_what_it_stores() {
    let Some(bin) = binaries() else { return };
    let stores = [(Version::V1, store()), (Version::V2, store())];
    let written: Vec<_> = stores
        .iter()
        .map(|(version, db)| {
            let message = match version {
                Version::V1 => "prometheus.WriteRequest",
                Version::V2 => "io.prometheus.write.v2.Request",
            };
            format!(
                "{{url: 'http://127.0.0.1:{}/w', protobuf_message: {message}, send_exemplars: true, \
                 send_native_histograms: true, metadata_config: {{send_interval: 1s}}, \
                 queue_config: {{batch_send_deadline: 200ms}}}}",
                receive(*version, db)
            )
        })
        .collect();
    let config = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\n\
         storage: {{exemplars: {{max_exemplars: 10000}}}}\n\
         remote_write: [{}]\n\
         scrape_configs:\n\
         - {{job_name: text, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}\n\
         - {{job_name: messages, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}\n",
        written.join(", "),
        expose(OPEN_METRICS, |n| text(n).into_bytes()),
        expose(PROTOBUF, messages),
    );
    let (data, begun) = (tempfile::tempdir().unwrap(), now());
    let server = Server::start(&bin, data.path(), &config, &[]);
    let window = wait_for("scrapes", || {
        let window = MillisRange::new(begun, now());
        let theirs = server.everything(window);
        let ended = |series: &String| series.contains("\"w_gone\"");
        let enough = theirs.iter().filter(|(series, _)| series.contains("=\"up\""));
        let all = enough.filter(|(_, samples)| samples.len() as u64 >= 2 * VANISHES_AFTER).count();
        (all == 2 && theirs.keys().any(ended)).then_some(window)
    });
    let theirs = server.everything(window);
    // All kinds of samples are there, markers of series that ended among them.
    let count =
        |text: &str| theirs.values().filter(|at| at.values().any(|v| v.contains(text))).count();
    assert!(count("7ff0000000000002") >= 2 && count("schema 3") == 3, "{theirs:?}");
    for (version, db) in &stores {
        wait_for("what is written arrives", || {
            differences(&theirs, &held(db, window)).is_empty().then_some(())
        });
        // Exemplars and metadata come the same way.
        let path = format!(
            "/api/v1/query_exemplars?query={}&start={}&end={}",
            peers::escape(r#"{__name__=~"w_.+"}"#),
            begun as f64 / 1e3,
            window.end.0 as f64 / 1e3
        );
        let exemplars = server.api(&path);
        let mut there = Vec::new();
        for series in exemplars.as_array().unwrap() {
            for exemplar in series["exemplars"].as_array().unwrap() {
                let time = (exemplar["timestamp"].as_f64().unwrap() * 1e3).round() as i64;
                let id = exemplar["labels"]["trace_id"].as_str().unwrap();
                let name = series["seriesLabels"]["__name__"].as_str().unwrap();
                there.push((time, name.to_owned(), id.to_owned(), exemplar["value"].to_string()));
            }
        }
        there.sort();
        let here = || {
            let all = db.query_exemplars(&[vec![]], window, &QueryContext::new()).unwrap();
            let mut here = Vec::new();
            for series in &all {
                let name = series.labels.get("__name__").unwrap_or_default();
                for exemplar in &series.exemplars {
                    let id = exemplar.labels.get("trace_id").unwrap_or_default().to_owned();
                    let value = format!("\"{}\"", exemplar.value);
                    here.push((exemplar.time.0, name.to_owned(), id, value));
                }
            }
            here.sort();
            here
        };
        assert!(there.len() >= 10, "{there:?}");
        wait_for("exemplars arrive", || (here() == there).then_some(()));
        let metadata = wait_for("metadata arrive", || {
            db.metadata("w_requests").or(db.metadata("w_requests_total"))
        });
        assert_eq!(metadata.help, "Requests, \"all\".", "{version:?}");
        assert_eq!(metadata.kind, MetricKind::Counter, "{version:?}");
    }
}

/// Floats and histograms of every kind, as a store holds them.
fn ours() -> Vec<(Labels, Vec<(i64, SampleValue)>)> {
    let start = now() - 600_000;
    let floats = [0.1, -0.0, f64::INFINITY, f64::MIN_POSITIVE, telemetry_core::model::STALE_MARKER];
    let custom = Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: 3.0,
        sum: 0.25,
        positive_spans: vec![BucketSpan { offset: 0, length: 2 }],
        positive_buckets: vec![1.0, 2.0],
        custom_bounds: vec![0.5, 1.0],
        ..Histogram::default()
    };
    let at = |i: usize| start + 15_000 * i as i64;
    let histograms = |value: fn(f64) -> Histogram| {
        (0..9).map(|i| (at(i), SampleValue::Histogram(Arc::new(value(1.0 + i as f64))))).collect()
    };
    vec![
        (
            labels! { "__name__" => "s_floats", "l.ü" => "a\"\\\n" },
            floats.into_iter().enumerate().map(|(i, value)| (at(i), value.into())).collect(),
        ),
        (
            labels! { "__name__" => "s_many" },
            (0..300).map(|i| (at(i % 40) + i as i64, (i as f64 / 7.0).into())).collect(),
        ),
        (labels! { "__name__" => "s_native" }, histograms(native)),
        // Floats all along: its snapshots (as of 3.5) lose some where integers come between.
        (labels! { "__name__" => "s_halves" }, histograms(|n| native(n - 0.5))),
        (
            labels! { "__name__" => "s_custom" },
            vec![(at(0), SampleValue::Histogram(Arc::new(custom)))],
        ),
    ]
}

#[test]
fn what_we_write_and_ask_is_what_it_answers() {
    let Some(bin) = binaries() else { return };
    for version in [Version::V1, Version::V2] {
        let db = store();
        let (mut one, mut two, mut sink) = (Encoder::new(), EncoderV2::new(), db.batch());
        for (labels, mut samples) in ours() {
            samples.sort_by_key(|(time, _)| *time);
            let series = db.series(&labels).unwrap();
            let exemplar = Exemplar {
                labels: labels! { "trace_id" => "x" },
                value: 0.5,
                time: Millis(samples[0].0),
            };
            one.series(&labels, |out| {
                for (time, value) in &samples {
                    match value {
                        SampleValue::Float(value) => out.sample(*time, *value),
                        SampleValue::Histogram(value) => out.histogram(*time, value),
                    }
                }
                out.exemplar(&exemplar);
            });
            two.series(&labels, |out| {
                for (time, value) in &samples {
                    match value {
                        SampleValue::Float(value) => out.sample(*time, *value, 0),
                        SampleValue::Histogram(value) => out.histogram(*time, value, 0),
                    }
                }
                out.exemplar(&exemplar);
                out.metadata(&Metadata {
                    kind: MetricKind::Gauge,
                    help: "ours".to_owned(),
                    ..Metadata::default()
                });
            });
            for (time, value) in samples {
                sink.append(&series, time, value);
            }
        }
        sink.commit().unwrap();
        let (body, kind) = match version {
            Version::V1 => (one.finish().unwrap(), "application/x-protobuf"),
            Version::V2 => (
                two.finish().unwrap(),
                "application/x-protobuf;proto=io.prometheus.write.v2.Request",
            ),
        };
        let data = tempfile::tempdir().unwrap();
        let config =
            "storage: {exemplars: {max_exemplars: 100}, tsdb: {out_of_order_time_window: 1h}}\n";
        let server =
            Server::start(&bin, data.path(), config, &["--web.enable-remote-write-receiver"]);
        let headers = [("Content-Encoding", "snappy"), ("Content-Type", kind)];
        let (status, answer) = server.call("POST", "/api/v1/write", &headers, &body).unwrap();
        assert!(status / 100 == 2, "{status} {}", String::from_utf8_lossy(&answer));
        let window = MillisRange::new(now() - 3_600_000, now() + 60_000);
        let ours = held(&db, window);
        let told = differences(&server.stored(window), &ours);
        assert!(told.is_empty(), "{version:?}: {told}");
        // Asked for samples, it says neither custom buckets nor the sign of a zero.
        let mut request = everything(window);
        let custom = Matcher::new(MatchOp::NotEqual, "__name__", "s_custom").unwrap();
        let matchers = &mut request.queries[0].matchers;
        *matchers = matchers.iter().cloned().chain([custom]).collect();
        let answer = ReadResponse::decode(&server.read(&request)).unwrap();
        let mut without = ours.clone();
        without.retain(|series, _| !series.contains("s_custom"));
        let zeros = [-0.0, 0.0].map(|zero: f64| peers::exact(&zero.into()));
        let values = without.values_mut().flat_map(|at| at.values_mut());
        values.filter(|value| **value == zeros[0]).for_each(|value| value.clone_from(&zeros[1]));
        let told = differences(&samples(&answer), &without);
        assert!(told.is_empty(), "{version:?}: {told}");
        // The same question, answered with chunks.
        let mut request = everything(window);
        request.accepts = vec![ResponseKind::Chunks];
        let stream = server.read(&request);
        let (mut rest, mut found) = (&*stream, Vec::new());
        while let Some((frame, after)) = decode_chunks(rest).unwrap() {
            assert_eq!(frame.query, 0);
            for series in frame.series {
                assert!(!series.chunks.is_empty());
                for chunk in &series.chunks {
                    // A chunk begins with the number of its samples.
                    let count = u16::from_be_bytes(chunk.data[..2].try_into().unwrap());
                    let times = ours[&series.labels.to_string()].keys();
                    let within = times.filter(|at| (chunk.start_ms..=chunk.end_ms).contains(at));
                    assert_eq!(within.count(), usize::from(count), "{}", series.labels);
                }
                found.push(series.labels.to_string());
            }
            rest = after;
        }
        found.sort();
        assert!(ours.keys().eq(&found), "{found:?}");
    }
}
