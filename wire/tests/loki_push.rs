//! Loki's push: lines arrive as they were sent, under the names that Loki gives.
#![cfg(test)]

mod support;

use support::{Logs, Pushed};
use telemetry_core::labels;
use wire::loki::push::{Receiver, decode};
use wire::{Error, StreamLabelsErrorKind};

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
