//! Loki's push: lines arrive as they were sent, under the names that Loki gives.
#![cfg(test)]

mod support;

use support::{Logs, Pushed};
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use wire::loki::push::{Encoding, Receiver, decode, decode_as, encode};
use wire::{Error, JsonErrorKind, StreamLabelsErrorKind};

/// A field of wire type 2.
fn field(number: u8, body: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut len = body.len();
    while len >= 0x80 {
        field.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    field.push(len as u8);
    field.extend_from_slice(body);
    field
}

/// An entry at a number of seconds below 128, one nanosecond later.
fn entry(seconds: u8, line: &[u8], metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut body = field(1, &[0x08, seconds, 0x10, 1]);
    body.extend(field(2, line));
    for (name, value) in metadata {
        let pair = [field(1, name.as_bytes()), field(2, value.as_bytes())].concat();
        body.extend(field(3, &pair));
    }
    field(2, &body)
}

fn stream(labels: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    field(1, &[field(1, labels.as_bytes()), entries.concat()].concat())
}

fn compress(request: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(request).unwrap()
}

#[test]
fn lines_arrive_with_their_streams() {
    let request = [
        stream(r#"{app="api", env="prod"}"#, &[entry(1, b"one", &[]), entry(2, b"\xfftwo\n", &[])]),
        stream("{app=`db`}", &[entry(1, b"", &[])]),
        stream("{app=`none`}", &[]),
    ];
    let mut receiver = Receiver::new(Logs::default());
    let outcome = receiver.receive(&compress(&request.concat())).unwrap();
    assert_eq!((outcome.items, outcome.is_complete()), (3, true));
    let api = labels! { "app" => "api", "env" => "prod" };
    let pushed = |stream: &_, seconds: i64, line: &[u8]| Pushed {
        stream: Clone::clone(stream),
        time: seconds * 1_000_000_000 + 1,
        line: line.to_vec(),
        metadata: Vec::new(),
    };
    let expected = [
        pushed(&api, 1, b"one"),
        pushed(&api, 2, b"\xfftwo\n"),
        pushed(&labels! { "app" => "db" }, 1, b""),
    ];
    assert_eq!(receiver.into_sink().entries, expected);
}

#[test]
fn metadata_has_the_names_that_loki_gives() {
    let given = [("user.id", "7"), ("1st", "x"), ("app", "other"), ("empty", ""), ("plain", "y")];
    let request = stream(r#"{app="api"}"#, &[entry(1, b"one", &given), entry(2, b"two", &[])]);
    let mut sink = Logs::default();
    let outcome = decode(&compress(&request), &mut sink).unwrap();
    assert!(outcome.is_complete());
    let expected = [("app_extracted", "other"), ("key_1st", "x"), ("plain", "y"), ("user_id", "7")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sink.entries[0].metadata, expected);
    assert!(sink.entries[1].metadata.is_empty());
}

#[test]
fn one_wrong_stream_refuses_the_push_and_names_the_byte() {
    let request = [
        stream(r#"{app="api"}"#, &[entry(1, b"one", &[])]),
        stream(r#"{bad-name="x"}"#, &[entry(1, b"two", &[])]),
    ]
    .concat();
    let mut receiver = Receiver::new(Logs::default());
    let error = receiver.receive(&compress(&request)).unwrap_err();
    let position = request.windows(4).position(|bytes| bytes == b"bad-").unwrap() + 3;
    assert!(matches!(
        error,
        Error::StreamLabels { position: at, kind: StreamLabelsErrorKind::Equal } if at == position
    ));
    assert!(receiver.sink().entries.is_empty());
}

#[test]
fn a_push_that_is_cut_changes_nothing() {
    let request = stream(r#"{app="api"}"#, &[entry(1, b"one", &[("a", "b")]), entry(2, b"", &[])]);
    let mut receiver = Receiver::new(Logs::default());
    for end in 1..request.len() {
        let error = receiver.receive(&compress(&request[..end])).unwrap_err();
        assert!(error.position().unwrap() <= end, "{error}");
    }
    assert!(receiver.sink().entries.is_empty());
    assert_eq!(receiver.receive(&compress(&request)).unwrap().items, 2);
}

#[test]
fn a_time_that_does_not_fit_is_refused() {
    let seconds = b"\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
    let late = field(2, &[field(1, seconds), field(2, b"late")].concat());
    let request = stream(r#"{app="api"}"#, &[late, entry(1, b"one", &[])]);
    let mut sink = Logs::default();
    let outcome = decode(&compress(&request), &mut sink).unwrap();
    assert_eq!((outcome.items, outcome.stored(), outcome.refused[0].index), (2, 1, 0));
}

fn json(text: &str) -> Result<Vec<Pushed>, Error> {
    let mut sink = Logs::default();
    let outcome = decode_as(Encoding::Json, text.as_bytes(), &mut sink)?;
    assert_eq!(outcome.items, sink.entries.len() as u64);
    Ok(sink.entries)
}

fn pushed(stream: &telemetry_core::labels::Labels, time: i64, line: &str) -> Pushed {
    Pushed { stream: stream.clone(), time, line: line.into(), metadata: Vec::new() }
}

#[test]
fn both_forms_of_json_are_read() {
    let api = labels! { "app" => "api", "n" => "1.50" };
    let streams = [
        r#"{"values": [["-1", "one"], ["20", "a\"b\n", {}, ["more"]]], "stream": {"app": "api", "n": 1.50}}"#,
        r#"{"labels": "{app=\"api\", n=\"1.50\"}", "entries": [
            {"ts": "1970-01-01T00:00:00.5Z", "line": "two", "structuredMetadata": {"k": "v"}}]}"#,
    ];
    let text = format!(r#"{{"other": [1], "streams": [{}]}}"#, streams.join(","));
    let mut third = pushed(&api, 500_000_000, "two");
    third.metadata.push(("k".into(), "v".into()));
    let expected = [pushed(&api, -1, "one"), pushed(&api, 20, "a\"b\n"), third];
    assert_eq!(json(&text).unwrap(), expected);
}

#[test]
fn of_labels_in_json_the_last_of_a_name_counts_and_empty_ones_are_none() {
    let text = r#"{"streams":[{"stream":{"a":"1","b":"","a":"2","c":true},"values":[["0","x"]]}]}"#;
    assert_eq!(json(text).unwrap()[0].stream, labels! { "a" => "2", "c" => "true" });
    let text = r#"{"streams":[{"stream":{},"values":[["0","x"]]}]}"#;
    assert!(json(text).unwrap()[0].stream.is_empty());
}

#[test]
fn json_that_is_no_push_is_named_with_its_place() {
    let kind = |kind| Some(kind);
    for (text, position, expected) in [
        (r#"{"streams": ["#, 13, kind(JsonErrorKind::End)),
        (r#"{"streams":[{"stream":{"a":{}}}]}"#, 27, None),
        (r#"{"streams":[{"values":[[1,"x"]]}]}"#, 24, None),
        (r#"{"streams":[{"values":[["x","x"]]}]}"#, 25, None),
        (r#"{"streams":[{"values":[["1"]]}]}"#, 28, None),
        (r#"{"streams":[{"values":[["1","x",{"k":1}]]}]}"#, 37, None),
        (r#"{"streams":[{"entries":[{"ts":"noon"}]}]}"#, 31, None),
    ] {
        match json(text).unwrap_err() {
            Error::Json { position: at, kind } => {
                assert_eq!(at, position, "{text}");
                assert!(expected.is_none_or(|expected| kind == expected), "{text}: {kind}");
            }
            other => panic!("{text}: {other}"),
        }
    }
    for (text, position) in [
        (r#"{"streams":[{"stream":{"bad-name":"x"}}]}"#, 23),
        (r#"{"streams":[{"stream":{"a":"x", "1":"y"}}]}"#, 30),
    ] {
        let error = json(text).unwrap_err();
        let kind = StreamLabelsErrorKind::Name;
        assert!(
            matches!(error, Error::StreamLabels { kind: found, .. } if found == kind),
            "{text}"
        );
        assert_eq!(error.position(), Some(position), "{text}");
    }
}

#[test]
fn a_push_without_a_stream_is_refused() {
    for text in ["{}", r#"{"streams":[]}"#, r#"{"streams":null}"#] {
        assert!(matches!(json(text), Err(Error::NoStreams)), "{text}");
    }
    assert!(matches!(decode(&compress(b""), &mut Logs::default()), Err(Error::NoStreams)));
}

#[test]
fn what_is_encoded_is_decoded() {
    let (api, db) = (labels! { "app" => "a\"\u{7f}\n", "b" => "ü" }, labels! { "app" => "db" });
    let entries = [
        LogEntry::new(-1, "before the epoch"),
        LogEntry::new(i64::MAX, "\u{1}<\"\\").with("trace_id", "7").with("z", "ü\n"),
        LogEntry::new(0, ""),
    ];
    let expected: Vec<Pushed> = entries
        .iter()
        .map(|entry| Pushed {
            stream: api.clone(),
            time: entry.time.0,
            line: entry.line.clone(),
            metadata: entry.metadata.clone(),
        })
        .chain([pushed(&db, 5, "x")])
        .collect();
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let other = [LogEntry::new(5, "x")];
        let body = encode([(&api, &entries[..]), (&db, &other[..])], encoding).unwrap();
        let mut sink = Logs::default();
        assert!(decode_as(encoding, &body, &mut sink).unwrap().is_complete());
        assert_eq!(sink.entries, expected, "{encoding:?}");
    }
}
