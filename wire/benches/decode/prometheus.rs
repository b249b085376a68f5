//! Remote write and read, and expositions.
//!
//! Remote write: two thousand series of ten labels with a sample each, as a shard of Prometheus
//! sends them; a receiver knows the series after the first body.

use std::hint::black_box;

use prost::Message;
use telemetry_core::labels::{Labels, MatchOp, Matcher};
use telemetry_core::model::{Sample, SampleValue};
use telemetry_core::time::{Millis, MillisRange};
use wire::prometheus::remote_read::{
    Chunk, ChunkEncoding, ChunkFrame, ChunkedSeries, Hints, Query, ReadRequest, ReadResponse,
    ReadSeries, ResponseKind, decode_chunks, encode_chunks,
};
use wire::prometheus::remote_write::{Encoder, EncoderV2, Receiver, Version};
use wire::prometheus::{ExpositionReceiver, Format, decode_exposition};

use crate::sink::Sink;
use crate::table::Table;
use crate::{check, messages, receiver};

const SERIES: usize = 2_000;
const TIME: i64 = 1_700_000_000_000;

/// The reference that makes label sets too.
pub(crate) const LABEL_SETS: &str = "prost, then label sets";

/// Series and samples of answers to remote reads.
const READ_SERIES: usize = 100;
const READ_SAMPLES: usize = 240;

/// Samples of an exposition.
const EXPOSED: usize = 1_000;

fn labels(at: usize) -> Labels {
    let host = format!("host_{}", at / 100);
    let (rack, device) = (format!("{}", at % 17), format!("device-{}", at % 100));
    Labels::from_iter([
        ("__name__", "diskio_read_bytes_total"),
        ("arch", "x64"),
        ("datacenter", "eu-central-1a"),
        ("device", &device),
        ("hostname", &host),
        ("os", "Ubuntu 22.04 LTS"),
        ("rack", &rack),
        ("region", "eu-central-1"),
        ("service", "checkout"),
        ("team", "payments"),
    ])
}

fn write_request() -> Vec<u8> {
    let mut encoder = Encoder::new();
    for at in 0..SERIES {
        encoder.series(&labels(at), |series| series.sample(TIME, at as f64 * 1.5));
    }
    encoder.finish().unwrap_or_default()
}

fn write_request_v2() -> Vec<u8> {
    let mut encoder = EncoderV2::new();
    for at in 0..SERIES {
        encoder.series(&labels(at), |series| series.sample(TIME, at as f64 * 1.5, 0));
    }
    encoder.finish().unwrap_or_default()
}

/// Reads a block of snappy with `prost`.
pub(crate) fn with_prost<M: Message + Default>(body: &[u8]) {
    received_with_prost::<M>(body, |message| drop(black_box(message)));
}

/// Reads a block of snappy with `prost` and hands the message on.
fn received_with_prost<M: Message + Default>(body: &[u8], receive: impl FnOnce(M)) {
    let bytes = snap::raw::Decoder::new().decompress_vec(black_box(body)).unwrap_or_default();
    assert!(!bytes.is_empty());
    let message = M::decode(&*bytes);
    assert!(message.is_ok());
    receive(message.unwrap_or_default());
}

pub(crate) fn decompressed(body: &[u8]) -> usize {
    snap::raw::decompress_len(body).unwrap_or_default()
}

pub(crate) fn remote_write(table: &Table) {
    let bodies = [(Version::V1, "1.0", write_request()), (Version::V2, "2.0", write_request_v2())];
    for (version, spelt, body) in bodies {
        let mut prost = || match version {
            Version::V1 => with_prost::<messages::WriteRequest>(&body),
            Version::V2 => with_prost::<messages::RequestV2>(&body),
        };
        let len = decompressed(&body);
        let mut receiver = Receiver::new(Sink::default());
        let known = || check(receiver.receive_as(version, black_box(&body)));
        let name = format!("remote write {spelt}, series known");
        table.row(&name, SERIES, len, known, ("prost", &mut prost));
        let new = || check(Receiver::new(Sink::default()).receive_as(version, black_box(&body)));
        let name = format!("remote write {spelt}, series new");
        table.row(&name, SERIES, len, new, ("prost", &mut prost));
        let mut received = || match version {
            Version::V1 => received_with_prost(&body, |it| receiver::write_request(&it)),
            Version::V2 => received_with_prost(&body, |it| receiver::write_request_v2(&it)),
        };
        table.row(&name, SERIES, len, new, (LABEL_SETS, &mut received));
    }
}

/// The questions behind a dashboard of sixteen panels.
fn read_request() -> ReadRequest {
    let matcher = |name, value| Matcher::new(MatchOp::Equal, name, value).ok();
    let query = |at: i64| Query {
        window: MillisRange::new(TIME + at, TIME + 3_600_000),
        matchers: [("__name__", "http_requests_total"), ("job", "api"), ("zone", "eu-central-1a")]
            .into_iter()
            .filter_map(|(name, value)| matcher(name, value))
            .collect(),
        hints: Hints {
            step_ms: 15_000,
            function: "rate".into(),
            start_ms: TIME + at,
            end_ms: TIME + 3_600_000,
            grouping: vec!["instance".into()],
            by: true,
            range_ms: 300_000,
        },
    };
    let accepts = vec![ResponseKind::Chunks, ResponseKind::Samples];
    ReadRequest { queries: (0..16).map(query).collect(), accepts }
}

fn read_response() -> ReadResponse {
    let samples = |at: usize| {
        (0..READ_SAMPLES).map(move |i| Sample {
            time: Millis(TIME + i as i64 * 15_000),
            value: SampleValue::Float((i * at) as f64 * 0.5),
        })
    };
    let series = |at| ReadSeries { labels: labels(at), samples: samples(at).collect() };
    ReadResponse { results: vec![(0..READ_SERIES).map(series).collect()] }
}

/// Frames as Prometheus cuts them: of a megabyte at most; chunks of 120 samples.
fn read_chunks() -> Vec<u8> {
    let chunk = |at: i64| Chunk {
        start_ms: TIME + at * 1_800_000,
        end_ms: TIME + at * 1_800_000 + 1_785_000,
        encoding: ChunkEncoding::XOR,
        data: (0..180).map(|byte: u8| byte.wrapping_mul(37)).collect(),
    };
    let series = |at| ChunkedSeries { labels: labels(at), chunks: (0..4).map(chunk).collect() };
    let mut stream = Vec::new();
    for frame in 0..4 {
        let series = (frame * 250..(frame + 1) * 250).map(series).collect();
        encode_chunks(&ChunkFrame { query: 0, series }, &mut stream);
    }
    stream
}

/// Reads frames with `prost`; their checksums count, as they do to us.
fn chunks_with_prost(mut stream: &[u8]) {
    while !stream.is_empty() {
        let len = prost::decode_length_delimiter(&mut stream).unwrap_or_default();
        let (sum, rest) = stream.split_at(4);
        let (message, rest) = rest.split_at(len);
        assert_eq!(sum, crc32c::crc32c(message).to_be_bytes());
        check(messages::ChunkedReadResponse::decode(message));
        stream = rest;
    }
}

pub(crate) fn remote_read(table: &Table) {
    let body = read_request().encode().unwrap_or_default();
    let ours = || check(ReadRequest::decode(black_box(&body)));
    let mut prost = || with_prost::<messages::ReadRequest>(&body);
    table.row("remote read, request", 16, decompressed(&body), ours, ("prost", &mut prost));
    let mut received = || received_with_prost(&body, |it| receiver::read_request(&it));
    let reference = ("prost, then matchers", &mut received as &mut dyn FnMut());
    table.row("remote read, request", 16, decompressed(&body), ours, reference);
    let body = read_response().encode().unwrap_or_default();
    let ours = || check(ReadResponse::decode(black_box(&body)));
    let mut prost = || with_prost::<messages::ReadResponse>(&body);
    let items = READ_SERIES * READ_SAMPLES;
    table.row("remote read, samples", items, decompressed(&body), ours, ("prost", &mut prost));
    let stream = read_chunks();
    let ours = || {
        let mut rest = black_box(&*stream);
        while let Ok(Some((frame, after))) = decode_chunks(rest) {
            black_box(frame);
            rest = after;
        }
        assert!(rest.is_empty());
    };
    let mut prost = || chunks_with_prost(black_box(&stream));
    table.row("remote read, chunks", 4_000, stream.len(), ours, ("prost", &mut prost));
}

fn text() -> String {
    let mut text = String::new();
    for family in 0..EXPOSED / 50 {
        text += &format!("# HELP http_requests_{family}_total Requests of kind {family}.\n");
        text += &format!("# TYPE http_requests_{family}_total counter\n");
        for at in 0..50 {
            text += &format!(
                "http_requests_{family}_total{{method=\"GET\",handler=\"/api/v1/orders/{at}\",code=\"200\"}} {}\n",
                at * 1027
            );
        }
    }
    text
}

/// The samples of [`text`] in protobuf, with a histogram of twelve buckets for every ninth.
fn exposed_messages() -> Vec<u8> {
    let pair = |name: &str, value: String| messages::Pair { name: name.to_owned(), value };
    let mut bytes = Vec::new();
    for family in 0..EXPOSED / 50 {
        let is_histogram = family % 10 == 9;
        let metric = |at: usize| {
            let bucket = |at: u32| messages::Bucket {
                cumulative_count: u64::from(at) * 3,
                upper_bound: f64::from(at) / 100.0,
            };
            messages::Metric {
                label: vec![
                    pair("method", "GET".to_owned()),
                    pair("handler", format!("/api/v1/orders/{at}")),
                    pair("code", "200".to_owned()),
                ],
                counter: (!is_histogram).then(|| messages::Counter { value: (at * 1027) as f64 }),
                timestamp_ms: 0,
                histogram: is_histogram.then(|| messages::Histogram {
                    sample_count: 36,
                    sample_sum: 1.5,
                    bucket: (1..=12).map(bucket).collect(),
                }),
            }
        };
        let message = messages::MetricFamily {
            name: format!("http_requests_{family}_total"),
            help: format!("Requests of kind {family}."),
            kind: if is_histogram { 4 } else { 0 },
            metric: (0..50).map(metric).collect(),
            unit: String::new(),
        };
        bytes.extend_from_slice(&message.encode_length_delimited_to_vec());
    }
    bytes
}

fn messages_with_prost(mut bytes: &[u8], receive: impl Fn(&messages::MetricFamily)) {
    while !bytes.is_empty() {
        let family = messages::MetricFamily::decode_length_delimited(&mut bytes);
        assert!(family.is_ok());
        receive(black_box(&family.unwrap_or_default()));
    }
}

/// Reads a text as the crate `prometheus-parse` does.
fn with_prometheus_parse(text: &str) {
    let lines = black_box(text).lines().map(|line| Ok(line.to_owned()));
    check(prometheus_parse::Scrape::parse(lines));
}

pub(crate) fn exposition(table: &Table) {
    let target = [("job", "api"), ("instance", "10.0.0.1:9090")];
    let decode = |input, format| {
        let sink = &mut Sink::default();
        check(decode_exposition(black_box(input), format, Millis(TIME), &target, sink));
    };
    let text = text();
    let ours = || decode(text.as_bytes(), Format::Text);
    let mut parse = || with_prometheus_parse(&text);
    table.row("text 0.0.4", EXPOSED, text.len(), ours, ("prometheus-parse", &mut parse));
    // Counters of OpenMetrics are called as their family with `_total` behind it.
    let open = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) => format!("# {}\n", rest.replacen("_total ", " ", 1)),
            None => format!("{line}\n"),
        })
        .collect::<String>()
        + "# EOF\n";
    let ours = || decode(open.as_bytes(), Format::OpenMetrics);
    let mut parse = || with_prometheus_parse(&open);
    table.row("OpenMetrics 1.0", EXPOSED, open.len(), ours, ("prometheus-parse", &mut parse));
    let protobuf = exposed_messages();
    let mut prost = || messages_with_prost(black_box(&protobuf), |_| {});
    let mut receiver = ExpositionReceiver::new(Sink::default(), Labels::from(target));
    let known = || check(receiver.receive(black_box(&protobuf), Format::Protobuf, Millis(TIME)));
    let name = "protobuf exposition, series known";
    table.row(name, EXPOSED, protobuf.len(), known, ("prost", &mut prost));
    let new = || decode(&protobuf, Format::Protobuf);
    let name = "protobuf exposition, series new";
    table.row(name, EXPOSED, protobuf.len(), new, ("prost", &mut prost));
    let mut received = || {
        messages_with_prost(black_box(&protobuf), |it| receiver::family(it, &target, TIME));
    };
    table.row(name, EXPOSED, protobuf.len(), new, (LABEL_SETS, &mut received));
}
