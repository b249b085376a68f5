//! Streams that are encoded as OTLP come back as they were.
#![cfg(test)]

mod support;

use support::{Logs, Pushed};
use telemetry_core::labels;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use wire::otlp::{Encoding, LogOptions, decode_logs, encode_logs};

fn decoded(request: &[u8], encoding: Encoding, options: &LogOptions) -> Vec<Pushed> {
    let mut sink = Logs::default();
    let outcome = decode_logs(request, encoding, options, &mut sink).unwrap();
    assert!(outcome.is_complete());
    sink.entries
}

fn pushed(stream: &Labels, entry: &LogEntry) -> Pushed {
    Pushed {
        stream: stream.clone(),
        time: entry.time.0,
        line: entry.line.clone(),
        metadata: entry.metadata.clone(),
    }
}

#[test]
fn what_is_encoded_is_decoded() {
    let api = labels! { "k8s_pod_name" => "p\"1", "service_name" => "api" };
    let db = labels! { "service_name" => "db" };
    let ids = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let entries = [
        LogEntry::new(1, "plain"),
        LogEntry::new(i64::MAX, "\u{1}<ü>")
            .with("dropped_attributes_count", "3")
            .with("event_name", "e")
            .with("flags", "1")
            .with("http_method", "GET")
            .with("observed_timestamp", "9")
            .with("scope_name", "s")
            .with("scope_version", "1.2")
            .with("severity_number", "17")
            .with("severity_text", "ERROR")
            .with("span_id", ids.1)
            .with("trace_id", ids.0),
        // What no field can hold stays what it is.
        LogEntry::new(2, "x")
            .with("flags", "007")
            .with("severity_number", "25")
            .with("trace_id", "none"),
    ];
    let other = [LogEntry::new(3, "")];
    let expected: Vec<Pushed> = entries
        .iter()
        .map(|entry| pushed(&api, entry))
        .chain(other.iter().map(|entry| pushed(&db, entry)))
        .collect();
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let request = encode_logs([(&api, &entries[..]), (&db, &other[..])], encoding);
        assert_eq!(decoded(&request, encoding, &LogOptions::default()), expected, "{encoding:?}");
    }
}

#[test]
fn lines_that_are_no_text_are_bytes() {
    let stream = labels! { "service_name" => "api" };
    let entries = [LogEntry::new(1, b"\xff\x00")];
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let request = encode_logs([(&stream, &entries[..])], encoding);
        // As text bytes are base64, in Loki as here.
        let found = decoded(&request, encoding, &LogOptions::default());
        assert_eq!(found[0].line, b"/wA=", "{encoding:?}");
    }
}
