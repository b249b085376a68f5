//! How fast are the bodies that agents send decoded, and how does that compare with generated code?
//!
//! Remote write: two thousand series of ten labels with a sample each, as a shard of Prometheus
//! sends them; a receiver knows the series after the first body. Loki's push: a megabyte of lines in
//! 64 streams. Sinks look at what they get and throw it away. `prost` decodes the same bytes into
//! its own types and does nothing with them. Both decompress. Not measured: stores, the network.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use harness::{Sink, criterion, measure};
use prost::Message;
use telemetry_core::labels::Labels;
use wire::loki::push;
use wire::prometheus::remote_write::{Encoder, EncoderV2, Receiver, Version};

mod harness;

const SERIES: usize = 2_000;
const STREAMS: usize = 64;
const LINES: usize = 6_400;
const TIME: i64 = 1_700_000_000_000;

/// The messages as `prost` has them.
mod messages {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct WriteRequest {
        #[prost(message, repeated, tag = "1")]
        pub(crate) timeseries: Vec<TimeSeries>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct TimeSeries {
        #[prost(message, repeated, tag = "1")]
        pub(crate) labels: Vec<Pair>,
        #[prost(message, repeated, tag = "2")]
        pub(crate) samples: Vec<Sample>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Pair {
        #[prost(string, tag = "1")]
        pub(crate) name: String,
        #[prost(string, tag = "2")]
        pub(crate) value: String,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Sample {
        #[prost(double, tag = "1")]
        pub(crate) value: f64,
        #[prost(int64, tag = "2")]
        pub(crate) timestamp: i64,
        #[prost(int64, tag = "3")]
        pub(crate) start_timestamp: i64,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct RequestV2 {
        #[prost(string, repeated, tag = "4")]
        pub(crate) symbols: Vec<String>,
        #[prost(message, repeated, tag = "5")]
        pub(crate) timeseries: Vec<TimeSeriesV2>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct TimeSeriesV2 {
        #[prost(uint32, repeated, tag = "1")]
        pub(crate) labels_refs: Vec<u32>,
        #[prost(message, repeated, tag = "2")]
        pub(crate) samples: Vec<Sample>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct PushRequest {
        #[prost(message, repeated, tag = "1")]
        pub(crate) streams: Vec<Stream>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Stream {
        #[prost(string, tag = "1")]
        pub(crate) labels: String,
        #[prost(message, repeated, tag = "2")]
        pub(crate) entries: Vec<Entry>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Entry {
        #[prost(message, tag = "1")]
        pub(crate) timestamp: Option<Timestamp>,
        #[prost(bytes = "vec", tag = "2")]
        pub(crate) line: Vec<u8>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) structured_metadata: Vec<Pair>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Timestamp {
        #[prost(int64, tag = "1")]
        pub(crate) seconds: i64,
        #[prost(int32, tag = "2")]
        pub(crate) nanos: i32,
    }
}

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

fn push_request() -> Vec<u8> {
    let entry = |at: usize| messages::Entry {
        timestamp: Some(messages::Timestamp { seconds: TIME / 1_000, nanos: at as i32 }),
        line: format!(
            "level=info ts=2026-01-01T00:00:00Z caller=http.go:{} msg=\"request done\" method=GET \
             route=/api/v1/orders status=200 took={}us trace_id={:032x}",
            at % 97,
            at * 31,
            at * 7919
        )
        .into_bytes(),
        structured_metadata: Vec::new(),
    };
    let stream = |at: usize| messages::Stream {
        labels: format!("{{app=\"api\", host=\"host-{at}\", level=\"info\"}}"),
        entries: (at..LINES).step_by(STREAMS).map(entry).collect(),
    };
    let request = messages::PushRequest { streams: (0..STREAMS).map(stream).collect() };
    snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap_or_default()
}

fn with_prost<M: Message + Default>(body: &[u8]) {
    let bytes = snap::raw::Decoder::new().decompress_vec(black_box(body)).unwrap_or_default();
    assert!(!bytes.is_empty() && black_box(M::decode(&*bytes)).is_ok());
}

fn decompressed(body: &[u8]) -> usize {
    snap::raw::decompress_len(body).unwrap_or_default()
}

fn received(c: &mut Criterion) {
    let body = write_request();
    let mut receiver = Receiver::new(Sink::default());
    measure(c, "remote write 1.0/ours, series known", SERIES, decompressed(&body), || {
        assert!(receiver.receive(black_box(&body)).is_ok());
    });
    measure(c, "remote write 1.0/ours, series new", SERIES, decompressed(&body), || {
        assert!(Receiver::new(Sink::default()).receive(black_box(&body)).is_ok());
    });
    measure(c, "remote write 1.0/prost", SERIES, decompressed(&body), || {
        with_prost::<messages::WriteRequest>(&body);
    });
    let body = write_request_v2();
    measure(c, "remote write 2.0/ours", SERIES, decompressed(&body), || {
        assert!(receiver.receive_as(Version::V2, black_box(&body)).is_ok());
    });
    measure(c, "remote write 2.0/prost", SERIES, decompressed(&body), || {
        with_prost::<messages::RequestV2>(&body);
    });
    let body = push_request();
    let mut receiver = push::Receiver::new(Sink::default());
    measure(c, "loki push/ours", LINES, decompressed(&body), || {
        assert!(receiver.receive(black_box(&body)).is_ok());
    });
    measure(c, "loki push/prost", LINES, decompressed(&body), || {
        with_prost::<messages::PushRequest>(&body)
    });
}

criterion_group! { name = benches; config = criterion(); targets = received }
criterion_main!(benches);
