//! Loki's push: a megabyte of lines in 64 streams.

use std::collections::HashMap;
use std::hint::black_box;

use prost::Message;
use wire::loki::push;

use crate::check;
use crate::prometheus::{decompressed, with_prost};
use crate::sink::Sink;
use crate::table::Table;

const STREAMS: usize = 64;
const LINES: usize = 6_400;
const SECONDS: i64 = 1_700_000_000;

/// The messages as `prost` has them.
mod messages {
    use super::super::messages::Pair;

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

/// The form in JSON, as `serde_json` reads it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Push {
    streams: Vec<Stream>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Stream {
    stream: HashMap<String, String>,
    values: Vec<(String, String)>,
}

fn push_request() -> messages::PushRequest {
    let entry = |at: usize| messages::Entry {
        timestamp: Some(messages::Timestamp { seconds: SECONDS, nanos: at as i32 }),
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
    messages::PushRequest { streams: (0..STREAMS).map(stream).collect() }
}

/// The same lines in JSON.
fn as_json(request: &messages::PushRequest) -> Vec<u8> {
    let value = |entry: &messages::Entry| {
        let nanos = entry.timestamp.as_ref().map_or(0, |time| time.nanos);
        let line = String::from_utf8_lossy(&entry.line).into_owned();
        (format!("{SECONDS}{nanos:09}"), line)
    };
    let stream = |(at, stream): (usize, &messages::Stream)| Stream {
        stream: [("app", "api"), ("host", &format!("host-{at}")), ("level", "info")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        values: stream.entries.iter().map(value).collect(),
    };
    let streams = request.streams.iter().enumerate().map(stream).collect();
    serde_json::to_vec(&Push { streams }).unwrap_or_default()
}

pub(crate) fn push(table: &Table) {
    let request = push_request();
    let json = as_json(&request);
    let compressed = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec());
    let body = compressed.unwrap_or_default();
    let mut receiver = push::Receiver::new(Sink::default());
    let ours = || check(receiver.receive(black_box(&body)));
    let mut prost = || with_prost::<messages::PushRequest>(&body);
    table.row("Loki push, protobuf", LINES, decompressed(&body), ours, ("prost", &mut prost));
    let mut receiver = push::Receiver::new(Sink::default());
    let ours = || check(receiver.receive_as(push::Encoding::Json, black_box(&json)));
    let mut serde = || check(serde_json::from_slice::<Push>(black_box(&json)));
    table.row("Loki push, JSON", LINES, json.len(), ours, ("serde_json", &mut serde));
}
