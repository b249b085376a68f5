//! Damaged input: cut at every byte, with wrong bytes in it, or nothing but noise. Nothing panics,
//! nothing is committed by halves, and positions lie within the input.
#![cfg(test)]

mod support;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use prost::Message;
use support::json::Style;
use support::{Logs, Metrics, Spans, json, request};
use telemetry_core::model::ValueType;
use telemetry_core::time::Millis;
use wire::otlp::{Encoding, LogOptions, MetricOptions, decode_logs, decode_metrics, decode_traces};
use wire::{Error, Outcome, folded, pprof, prometheus};

/// A decoder that gives nothing but its outcome.
type Decoder = fn(&[u8]) -> Result<Outcome, Error>;

const STYLE: Style = Style { snake: false, bare: false };

fn traces(encoding: Encoding, input: &[u8]) -> Result<Outcome, Error> {
    decode_traces(input, encoding, &mut Spans::default())
}

fn logs(encoding: Encoding, input: &[u8]) -> Result<Outcome, Error> {
    decode_logs(input, encoding, &LogOptions::default(), &mut Logs::default())
}

fn metrics(encoding: Encoding, input: &[u8]) -> Result<Outcome, Error> {
    decode_metrics(input, encoding, &MetricOptions::default(), &mut Metrics::default())
}

fn text(input: &[u8]) -> Result<Outcome, Error> {
    prometheus::decode_text(input, Millis(0), &[("job", "x")], &mut Metrics::default())
}

fn profile(input: &[u8]) -> Result<Outcome, Error> {
    let profile = pprof::decode_within(input, 1 << 20)?;
    assert_eq!(profile.validate(), Ok(()));
    Ok(Outcome::default())
}

fn stacks(input: &[u8]) -> Result<Outcome, Error> {
    assert_eq!(folded::decode(input, ValueType::default()).profile.validate(), Ok(()));
    Ok(Outcome::default())
}

const DECODERS: [Decoder; 9] = [
    |input| traces(Encoding::Protobuf, input),
    |input| traces(Encoding::Json, input),
    |input| logs(Encoding::Protobuf, input),
    |input| logs(Encoding::Json, input),
    |input| metrics(Encoding::Protobuf, input),
    |input| metrics(Encoding::Json, input),
    text,
    profile,
    stacks,
];

fn check(decoder: Decoder, input: &[u8]) {
    match decoder(input) {
        Ok(outcome) => assert!(outcome.refused.len() as u64 <= outcome.items),
        Err(error) => {
            assert!(error.position().is_none_or(|position| position <= input.len()), "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
}

/// A request of some size, the same in every run.
fn sample<T>(strategy: impl Strategy<Value = T>, size: impl Fn(&T) -> usize) -> T {
    let mut runner = TestRunner::deterministic();
    loop {
        let value = strategy.new_tree(&mut runner).unwrap().current();
        if (300..1_500).contains(&size(&value)) {
            return value;
        }
    }
}

fn samples() -> Vec<(Decoder, Vec<u8>)> {
    let spans = sample(request::traces(), Message::encoded_len);
    let records = sample(request::logs(), Message::encoded_len);
    let points = sample(request::metrics(), Message::encoded_len);
    let text = b"# HELP h \\\\ help\n# TYPE h histogram\nh_bucket{a=\"\\\"\\n\",le=\"1\",job=\"y\"} 1 7\n{\"x.y\"} NaN\n";
    let stacks = b"main;work 10\nmain;\xff 2.5\n";
    let profile = folded::decode(stacks, ValueType { kind: "cpu".into(), unit: "ns".into() });
    let inputs = [
        spans.encode_to_vec(),
        json::traces(&spans, STYLE),
        records.encode_to_vec(),
        json::logs(&records, STYLE),
        points.encode_to_vec(),
        json::metrics(&points, STYLE),
        text.to_vec(),
        pprof::encode(&profile.profile),
        stacks.to_vec(),
    ];
    let mut samples: Vec<_> = DECODERS.into_iter().zip(inputs).collect();
    samples.push((DECODERS[7], pprof::encode_gzip(&profile.profile)));
    samples
}

#[test]
fn what_is_cut_anywhere_is_an_error_or_a_shorter_input() {
    for (decoder, input) in samples() {
        assert!(decoder(&input).is_ok());
        for end in 0..input.len() {
            check(decoder, &input[..end]);
        }
    }
}

#[test]
fn a_message_cut_inside_is_an_error_with_a_position() {
    for (decoder, input) in samples().into_iter().take(6) {
        // Between two resources a cut protobuf message is a shorter one; cut JSON never is.
        let cuts = (1..input.len()).map(|end| decoder(&input[..end]));
        let errors = cuts.filter(Result::is_err).count();
        assert!(errors + 8 > input.len() - 1, "{errors} errors in {} cuts", input.len() - 1);
    }
}

#[test]
fn wrong_bytes_do_no_harm() {
    for (decoder, input) in samples() {
        for at in 0..input.len() {
            for flip in [1, 0x80, 0xff] {
                let mut wrong = input.clone();
                wrong[at] ^= flip;
                check(decoder, &wrong);
            }
        }
    }
}

proptest! {
    #[test]
    fn noise_does_no_harm(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        for decoder in DECODERS {
            check(decoder, &input);
        }
    }

    /// Bytes that mean something to a decoder of protobuf more often than noise does.
    #[test]
    fn nearly_protobuf_does_no_harm(
        input in proptest::collection::vec(prop_oneof![0_u8..64, Just(0x0a), Just(0x12), Just(0x80)], 0..200),
    ) {
        for decoder in DECODERS {
            check(decoder, &input);
        }
    }

    #[test]
    fn nearly_text_does_no_harm(input in "[a-z{}\\[\\]\",:=# \\\\\n\t0-9.eENaIf+-]{0,80}") {
        for decoder in DECODERS {
            check(decoder, input.as_bytes());
        }
    }
}

/// Values may be nested as deeply as bytes allow: the answer is an error, not a stack overflow.
#[test]
fn nesting_without_end_is_refused() {
    let mut value = Vec::new();
    for _ in 0..20_000 {
        // An array with one value, and the value that it is.
        value = nested(value, &[1, 5]);
    }
    // The value is the body of a record, and an attribute's value.
    for (field, decoder) in [(5, DECODERS[2]), (9, DECODERS[0])] {
        let path: &[u8] = if field == 9 { &[2, 9, 2, 2, 1] } else { &[5, 2, 2, 1] };
        let result = decoder(&nested(value.clone(), path));
        // A record without a time is refused before its body is made a line.
        let is_refused = result.as_ref().is_ok_and(|outcome| !outcome.is_complete());
        assert!(is_refused || matches!(result, Err(Error::TooDeep { .. })), "{result:?}");
    }
    let json = "[".repeat(100_000);
    let json = format!(r#"{{"resourceSpans":[{{"x":{json}"#);
    assert!(matches!(DECODERS[1](json.as_bytes()), Err(Error::Json { .. })));
}

/// `message` as the field at the end of a path of fields, given from the inside.
fn nested(mut message: Vec<u8>, path: &[u8]) -> Vec<u8> {
    for number in path {
        let mut outer = vec![number << 3 | 2];
        prost::encoding::encode_varint(message.len() as u64, &mut outer);
        outer.append(&mut message);
        message = outer;
    }
    message
}

fn attribute(key: &str, value: &str) -> Vec<u8> {
    let value = nested(nested(value.into(), &[1]), &[2]);
    [nested(key.into(), &[1]), value].concat()
}

/// A few bytes per item, many items, many names: no step may be quadratic.
#[test]
fn many_small_things_take_no_longer_than_their_bytes() {
    // Attributes of a gauge's point, many of one name.
    let point: Vec<_> = (0..200_000)
        .flat_map(|at| nested(attribute(&format!("k{}", at % 9), "value"), &[7]))
        .collect();
    let metric = [nested(b"m".to_vec(), &[1]), nested(point, &[1, 5])].concat();
    let outcome = metrics(Encoding::Protobuf, &nested(metric, &[2, 2, 1])).unwrap();
    assert_eq!((outcome.items, outcome.is_complete()), (1, true));
    // Labels of a text.
    let labels: String = (0..100_000).map(|at| format!("l{at}=\"v\",")).collect();
    assert!(text(format!("m{{{labels}}} 1").as_bytes()).unwrap().is_complete());
}

/// A name in front of many names is not repeated without end.
#[test]
fn nested_names_are_bounded_together() {
    let entries: Vec<_> = (0..10_000).flat_map(|_| nested(attribute("k", "v"), &[1])).collect();
    let list = [nested("x".repeat(10_000).into(), &[1]), nested(entries, &[6, 2])].concat();
    let record = [vec![9, 1, 0, 0, 0, 0, 0, 0, 0], nested(list, &[6])].concat();
    let outcome = logs(Encoding::Protobuf, &nested(record, &[2, 2, 1])).unwrap();
    let expected = "1 refused, first item 0: the names of nested attributes has 100020000 bytes, \
                    at most 1048576 are allowed";
    assert_eq!(outcome.message(), expected);
}

/// Names that are empty all the way down: what has no name is called `_`.
#[test]
fn attributes_without_names_have_one() {
    let entry = nested(nested(attribute("", "v"), &[1]), &[6, 2]);
    let list = [nested(Vec::new(), &[1]), entry].concat();
    let record = [vec![9, 1, 0, 0, 0, 0, 0, 0, 0], nested(list, &[6])].concat();
    let record = [record, nested(attribute("", "w"), &[6])].concat();
    let mut sink = Logs::default();
    let request = nested(record, &[2, 2, 1]);
    let options = LogOptions::default();
    assert!(decode_logs(&request, Encoding::Protobuf, &options, &mut sink).unwrap().is_complete());
    assert_eq!(sink.entries[0].metadata, [("_".to_owned(), "v".to_owned())]);
}

/// Two points a lifetime apart, often: `target_info` between them stays within a bound.
#[test]
fn target_info_is_bounded() {
    let time = |time: u64| [&[0x19], time.to_le_bytes().as_slice()].concat();
    let points = [nested(time(0), &[1]), nested(time(i64::MAX.cast_unsigned()), &[1])].concat();
    let metric = [nested(b"m".to_vec(), &[1]), nested(points, &[5])].concat();
    let request: Vec<_> = (0..200)
        .flat_map(|at| {
            let name = nested(attribute("service.name", &format!("s{at}")), &[1]);
            let other = nested(attribute("host", "h"), &[1]);
            let resource = nested([name, other].concat(), &[1]);
            nested([resource, nested(metric.clone(), &[2, 2])].concat(), &[1])
        })
        .collect();
    let mut sink = Metrics::default();
    let options = MetricOptions::default();
    let outcome = decode_metrics(&request, Encoding::Protobuf, &options, &mut sink).unwrap();
    assert_eq!((outcome.items, outcome.is_complete()), (400, true));
    assert_eq!(sink.samples.len(), 400 + (1 << 18));
}
