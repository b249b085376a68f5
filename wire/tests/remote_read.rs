//! Remote read: what is asked and answered is what was meant.
#![cfg(test)]

use std::sync::Arc;

use telemetry_core::labels;
use telemetry_core::labels::{MatchOp, Matcher};
use telemetry_core::model::{Histogram, Sample, SampleValue};
use telemetry_core::time::{Millis, MillisRange};
use wire::Error;
use wire::prometheus::remote_read::{
    Chunk, ChunkEncoding, ChunkFrame, ChunkedSeries, Hints, Query, ReadRequest, ReadResponse,
    ReadSeries, ResponseKind, decode_chunks, encode_chunks,
};

fn request() -> ReadRequest {
    let matcher = |op, name: &str, value: &str| Matcher::new(op, name, value).unwrap();
    ReadRequest {
        queries: vec![Query {
            window: MillisRange::new(-5, 1_700_000_000_000),
            matchers: vec![
                matcher(MatchOp::Equal, "__name__", "up"),
                matcher(MatchOp::NotEqual, "job", ""),
                matcher(MatchOp::Regex, "instance", "a.*|b"),
                matcher(MatchOp::NotRegex, "zone", "x+"),
            ]
            .into(),
            hints: Hints {
                step_ms: 15_000,
                function: "rate".into(),
                start_ms: 1,
                end_ms: 2,
                grouping: vec!["job".into()],
                by: true,
                range_ms: 300_000,
            },
        }],
        accepts: vec![ResponseKind::Chunks, ResponseKind::Samples],
    }
}

#[test]
fn a_request_comes_back() {
    let request = request();
    assert_eq!(ReadRequest::decode(&request.encode().unwrap()).unwrap(), request);
    let empty = ReadRequest::default();
    assert_eq!(ReadRequest::decode(&empty.encode().unwrap()).unwrap(), empty);
}

#[test]
fn queries_that_have_much_in_common_come_back() {
    let one = request().queries.remove(0);
    let mut other = one.clone();
    other.matchers = one.matchers[1..].into();
    other.hints.function = "sum".into();
    let mut longer = other.clone();
    longer.matchers = [&*other.matchers, &[Matcher::equal("more", "")]].concat().into();
    longer.hints.grouping.push("zone".into());
    let bare = Query { matchers: [].into(), hints: Hints::default(), ..one.clone() };
    let all = [&one, &one, &other, &longer, &one, &bare, &longer, &longer, &other];
    let request = ReadRequest { queries: all.map(Query::clone).to_vec(), accepts: vec![] };
    let read = ReadRequest::decode(&request.encode().unwrap()).unwrap();
    assert_eq!(read, request);
    let shares =
        |a: usize, b: usize| Arc::ptr_eq(&read.queries[a].matchers, &read.queries[b].matchers);
    assert!(shares(0, 1) && !shares(1, 2) && !shares(2, 3) && shares(6, 7));
}

#[test]
fn a_request_cut_anywhere_is_an_error_or_a_shorter_one() {
    let body = request().encode().unwrap();
    let message = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
    for end in 0..message.len() {
        let body = snap::raw::Encoder::new().compress_vec(&message[..end]).unwrap();
        match ReadRequest::decode(&body) {
            Ok(shorter) => assert!(shorter.queries.len() + shorter.accepts.len() < 3),
            Err(error) => assert!(error.position().unwrap() <= end, "{error}"),
        }
    }
}

#[test]
fn a_matcher_that_is_none_is_named() {
    // Type 2 with the value `(`, and type 9.
    for matcher in [&b"\x08\x02\x12\x01a\x1a\x01("[..], b"\x08\x09\x12\x01a"] {
        let query = [&[0x1a, matcher.len() as u8], matcher].concat();
        let request = [&[0x0a, query.len() as u8], query.as_slice()].concat();
        let body = snap::raw::Encoder::new().compress_vec(&request).unwrap();
        let error = ReadRequest::decode(&body).unwrap_err();
        assert!(matches!(error, Error::Matcher { position: 4, .. }), "{error}");
    }
}

#[test]
fn an_answer_of_samples_comes_back() {
    let histogram = Histogram { count: 2.0, zero_count: 2.0, ..Histogram::default() };
    let response = ReadResponse {
        results: vec![
            vec![ReadSeries {
                labels: labels! { "__name__" => "up", "job" => "api" },
                samples: vec![
                    Sample { time: Millis(-1), value: SampleValue::Float(-0.5) },
                    Sample { time: Millis(2), value: SampleValue::Histogram(Arc::new(histogram)) },
                ],
            }],
            vec![],
        ],
    };
    assert_eq!(ReadResponse::decode(&response.encode().unwrap()).unwrap(), response);
}

fn frame(query: u64) -> ChunkFrame {
    let chunk = Chunk { start_ms: 1, end_ms: 9, encoding: ChunkEncoding::XOR, data: vec![0, 7, 9] };
    let series = ChunkedSeries {
        labels: labels! { "__name__" => "up" },
        chunks: vec![chunk.clone(), Chunk { encoding: ChunkEncoding::XOR2, ..chunk }],
    };
    ChunkFrame { query, series: vec![series] }
}

#[test]
fn frames_of_chunks_follow_each_other() {
    let mut stream = Vec::new();
    (0..3).for_each(|query| encode_chunks(&frame(query), &mut stream));
    let mut rest = &stream[..];
    for query in 0..3 {
        let (decoded, after) = decode_chunks(rest).unwrap().unwrap();
        assert_eq!(decoded, frame(query));
        rest = after;
    }
    assert_eq!(decode_chunks(rest).unwrap(), None);
}

#[test]
fn a_frame_that_is_cut_or_changed_is_refused() {
    let mut stream = Vec::new();
    encode_chunks(&frame(1), &mut stream);
    for end in 1..stream.len() {
        assert!(decode_chunks(&stream[..end]).is_err(), "cut at {end}");
    }
    for at in 1..stream.len() {
        let mut changed = stream.clone();
        changed[at] ^= 1;
        let error = decode_chunks(&changed).unwrap_err();
        assert!(matches!(error, Error::Checksum { position: 5, .. }), "{at}: {error}");
    }
}
