//! Remote write: what is sent is stored, by sender's own rules and Prometheus' where it is silent.
#![cfg(test)]

mod support;

use std::sync::Arc;

use support::{Appended, Metrics};
use telemetry_core::labels;
use telemetry_core::labels::Labels;
use telemetry_core::model::{
    BucketSpan, Exemplar, Histogram, Metadata, MetricKind, STALE_MARKER, SampleValue,
};
use telemetry_core::sink::RefusalReason;
use telemetry_core::time::Millis;
use wire::Error;
use wire::prometheus::remote_write::{
    Encoder, EncoderV2, Receiver, SeriesEncoder, Version, decode,
};

fn up(instance: &str) -> Labels {
    labels! { "__name__" => "up", "instance" => instance }
}

fn body(series: &[Labels], content: impl Fn(&mut SeriesEncoder<'_>)) -> Vec<u8> {
    let mut encoder = Encoder::new();
    series.iter().for_each(|labels| encoder.series(labels, &content));
    encoder.finish().unwrap()
}

fn body_v2(series: &[Labels], time: i64) -> Vec<u8> {
    let mut encoder = EncoderV2::new();
    series.iter().for_each(|labels| encoder.series(labels, |series| series.sample(time, 1.0, 0)));
    encoder.finish().unwrap()
}

fn sample(labels: &Labels, time: i64, value: f64) -> Appended {
    Appended { labels: labels.clone(), time, value: value.into(), start: 0 }
}

#[test]
fn floats_histograms_exemplars_and_metadata_arrive_as_they_were_sent() {
    let histogram = Histogram {
        schema: 3,
        count: 3.0,
        sum: 4.5,
        positive_spans: vec![BucketSpan { offset: -1, length: 2 }],
        positive_buckets: vec![1.0, 2.0],
        ..Histogram::default()
    };
    let exemplar = Exemplar {
        labels: labels! { "trace_id" => "7f" },
        value: 0.25,
        time: Millis(1_700_000_000_001),
    };
    let known = Metadata { kind: MetricKind::Gauge, unit: "s".into(), help: "Is it up?".into() };
    let mut encoder = Encoder::new();
    encoder.metadata("up", &known);
    encoder.series(&up("a"), |series| {
        series.sample(1_700_000_000_000, 1.5);
        series.sample(1_700_000_000_001, -0.0);
        series.exemplar(&exemplar);
    });
    encoder.series(&up("b"), |series| {
        series.sample(-1, 0.0);
        series.histogram(7, &histogram);
        series.sample(8, f64::from_bits(STALE_MARKER.to_bits()));
    });
    let mut receiver = Receiver::new(Metrics::default());
    let received = receiver.receive(&encoder.finish().unwrap()).unwrap();
    assert_eq!((received.samples, received.histograms, received.exemplars), (4, 1, 1));
    assert!(received.outcome.is_complete());

    let sink = receiver.into_sink();
    let (floats, rest) = sink.samples.split_at(3);
    assert_eq!(floats[0], sample(&up("a"), 1_700_000_000_000, 1.5));
    assert_eq!(floats[1].value, SampleValue::Float(0.0));
    assert!(matches!(floats[1].value, SampleValue::Float(zero) if zero.is_sign_negative()));
    assert_eq!(floats[2], sample(&up("b"), -1, 0.0));
    assert_eq!(rest[0].value, SampleValue::Histogram(Arc::new(histogram)));
    assert!(rest[1].value.is_stale());
    assert_eq!(sink.exemplars, [(up("a"), exemplar)]);
    assert_eq!(sink.metadata, [("up".to_owned(), known)]);
    assert_eq!(sink.commits, 1);
}

#[test]
fn a_sender_is_understood_whatever_order_its_series_come_in() {
    let names = ["a", "b", "c", "d", "e"].map(up);
    let orders: [&[usize]; 6] =
        [&[0, 1, 2], &[0, 1, 2], &[2, 0, 1], &[0, 3, 1, 4, 2], &[4], &[0, 3, 1, 4, 2]];
    let mut receiver = Receiver::new(Metrics::default());
    let mut expected = Vec::new();
    for (time, order) in (0..).zip(orders) {
        let series: Vec<_> = order.iter().map(|at| names[*at].clone()).collect();
        expected.extend(series.iter().map(|labels| sample(labels, time, 1.0)));
        let received = receiver.receive(&body(&series, |series| series.sample(time, 1.0))).unwrap();
        assert_eq!(received.samples, series.len() as u64);
    }
    assert_eq!(receiver.sink().samples, expected);
}

#[test]
fn a_series_that_cannot_be_stored_is_refused_sample_by_sample() {
    // Written by hand: no label set of ours has such labels.
    let label = |name: &[u8], value: &[u8]| {
        let pair = [&[0x0a, name.len() as u8], name, &[0x12, value.len() as u8], value].concat();
        [&[0x0a, pair.len() as u8], pair.as_slice()].concat()
    };
    let two_samples = b"\x12\x02\x10\x01\x12\x02\x10\x02";
    let series = |labels: &[Vec<u8>]| {
        let message = [labels.concat().as_slice(), two_samples].concat();
        [&[0x0a, message.len() as u8], message.as_slice()].concat()
    };
    let name = label(b"__name__", b"up");
    let request = [
        series(&[label(b"job", b"x")]),
        series(&[name.clone(), label(b"job", b"x"), label(b"job", b"y")]),
        series(&[name.clone(), label(b"job", b"\xff")]),
        series(&[name.clone(), label(b"", b"x")]),
        series(&[label(b"zone", b""), label(b"instance", b"a"), name]),
    ];
    let body = snap::raw::Encoder::new().compress_vec(&request.concat()).unwrap();
    let mut sink = Metrics::default();
    let received = decode(Version::V1, &body, &mut sink).unwrap();
    assert_eq!((received.samples, received.outcome.items), (2, 10));
    let reasons: Vec<_> = received.outcome.refused.iter().map(|refusal| &refusal.reason).collect();
    let invalid = |name: &str| RefusalReason::InvalidLabel { name: name.into() };
    let expected = [
        RefusalReason::Malformed { rule: "a series has a metric name" },
        RefusalReason::DuplicateLabel { name: "job".into() },
        invalid("job"),
        invalid(""),
    ];
    assert!(reasons.iter().copied().eq(expected.iter().flat_map(|reason| [reason, reason])));
    assert_eq!(sink.samples, [sample(&up("a"), 1, 0.0), sample(&up("a"), 2, 0.0)]);
}

#[test]
fn labels_behind_samples_belong_to_the_series_too() {
    // up{instance="a"} with a sample between its labels.
    let message =
        b"\x0a\x0e\x0a\x08__name__\x12\x02up\x12\x02\x10\x05\x0a\x0d\x0a\x08instance\x12\x01a";
    let request = [&[0x0a, message.len() as u8], message.as_slice()].concat();
    let body = snap::raw::Encoder::new().compress_vec(&request).unwrap();
    let mut receiver = Receiver::new(Metrics::default());
    for _ in 0..2 {
        assert_eq!(receiver.receive(&body).unwrap().samples, 1);
    }
    assert_eq!(receiver.into_sink().samples, vec![sample(&up("a"), 5, 0.0); 2]);
}

#[test]
fn a_damaged_body_changes_nothing_and_the_next_one_is_taken() {
    let series = ["a", "b"].map(up);
    let whole = body(&series, |series| series.sample(1, 1.0));
    let request = snap::raw::Decoder::new().decompress_vec(&whole).unwrap();
    let mut receiver = Receiver::new(Metrics::default());
    for end in 0..request.len() {
        let cut = snap::raw::Encoder::new().compress_vec(&request[..end]).unwrap();
        match receiver.receive(&cut) {
            Ok(received) => assert!(received.outcome.is_complete()),
            Err(error) => assert!(error.position().unwrap() <= end, "{error}"),
        }
        assert!(receiver.receive(&whole[..end.min(whole.len() - 1)]).is_err());
    }
    // Only cuts between two messages are bodies: of nothing, and of the first series.
    assert_eq!(receiver.sink().samples, [sample(&up("a"), 1, 1.0)]);
    assert_eq!(receiver.receive(&whole).unwrap().samples, 2);
}

#[test]
fn a_body_past_the_bound_is_not_decompressed() {
    let large = body(&[up("a")], |series| (0..1000).for_each(|time| series.sample(time, 1.0)));
    let mut receiver = Receiver::new(Metrics::default()).body_bytes_max(1000);
    assert!(matches!(receiver.receive(&large), Err(Error::TooLarge { limit: 1000 })));
    assert!(receiver.sink().samples.is_empty());
}

#[test]
fn what_the_sink_refuses_is_counted_by_kind() {
    let mut encoder = Encoder::new();
    encoder.series(&up("a"), |series| {
        series.sample(1, 1.0);
        series.histogram(2, &Histogram::default());
        series.sample(3, 1.0);
    });
    encoder.series(&labels! { "__name__" => "other" }, |series| {
        series.histogram(2, &Histogram::default());
    });
    let mut sink = Metrics::default();
    sink.refuses = Some("up");
    let received = decode(Version::V1, &encoder.finish().unwrap(), &mut sink).unwrap();
    assert_eq!((received.samples, received.histograms), (0, 1));
    let refused: Vec<_> = received.outcome.refused.iter().map(|refusal| refusal.index).collect();
    assert_eq!(refused, [0, 1, 2]);
}

#[test]
fn version_2_carries_start_timestamps_and_metadata_per_series() {
    let histogram = Histogram { count: 1.0, zero_count: 1.0, ..Histogram::default() };
    let exemplar =
        Exemplar { labels: labels! { "trace_id" => "up" }, value: 0.5, time: Millis(11) };
    let known = Metadata { kind: MetricKind::Counter, unit: String::new(), help: "up".into() };
    let mut encoder = EncoderV2::new();
    for instance in ["a", "b"] {
        encoder.series(&up(instance), |series| {
            series.sample(10, 1.0, 0);
            series.sample(20, 2.0, 5);
            series.histogram(30, &histogram, 6);
            series.exemplar(&exemplar);
            series.metadata(&known);
        });
    }
    let body = encoder.finish().unwrap();
    let mut receiver = Receiver::new(Metrics::default());
    let received = receiver.receive_as(Version::V2, &body).unwrap();
    assert_eq!((received.samples, received.histograms, received.exemplars), (4, 2, 2));
    let sink = receiver.into_sink();
    let starts: Vec<_> = sink.samples.iter().map(|sample| (sample.time, sample.start)).collect();
    assert_eq!(starts, [(10, 0), (20, 5), (30, 6), (10, 0), (20, 5), (30, 6)]);
    assert!(sink.samples[..3].iter().all(|sample| sample.labels == up("a")));
    assert_eq!(sink.exemplars, [(up("a"), exemplar.clone()), (up("b"), exemplar)]);
    assert_eq!(sink.metadata, [("up".to_owned(), known)]);
}

#[test]
fn version_2_takes_symbols_behind_series_and_created_timestamps() {
    // up{} by the symbols 1 and 2, two samples, one with a start of its own; created at 3.
    let series = b"\x2a\x10\x30\x03\x12\x02\x10\x09\x12\x04\x10\x0a\x18\x04\x0a\x02\x01\x02";
    let symbols = b"\x22\0\x22\x08__name__\x22\x02up";
    for order in [[&series[..], symbols], [symbols, &series[..]]] {
        let body = snap::raw::Encoder::new().compress_vec(&order.concat()).unwrap();
        let mut sink = Metrics::default();
        let received = decode(Version::V2, &body, &mut sink).unwrap();
        assert_eq!(received.samples, 2);
        let starts: Vec<_> =
            sink.samples.iter().map(|sample| (sample.time, sample.start)).collect();
        assert_eq!(starts, [(9, 3), (10, 4)]);
        assert_eq!(sink.samples[0].labels, labels! { "__name__" => "up" });
    }
}

#[test]
fn version_2_refuses_series_whose_symbols_are_missing() {
    let series = |numbers: &[u8]| {
        let message = [&[0x0a, numbers.len() as u8], numbers, b"\x12\x02\x10\x09"].concat();
        [&[0x2a, message.len() as u8], message.as_slice()].concat()
    };
    let request = [
        b"\x22\0\x22\x08__name__\x22\x02up".to_vec(),
        series(&[1]),
        series(&[1, 7]),
        series(&[1, 2]),
    ];
    let body = snap::raw::Encoder::new().compress_vec(&request.concat()).unwrap();
    let received = decode(Version::V2, &body, &mut Metrics::default()).unwrap();
    assert_eq!((received.samples, received.outcome.refused.len()), (1, 2));
}

#[test]
fn a_small_body_does_not_stand_for_gigabytes_of_labels() {
    let value = vec![b'v'; 10_000];
    let mut request = b"\x22\0\x22\x08__name__\x22\x90\x4e".to_vec();
    request.extend(value);
    for _ in 0..10_000 {
        request.extend(b"\x2a\x08\x0a\x02\x01\x02\x12\x02\x10\x09");
    }
    let body = snap::raw::Encoder::new().compress_vec(&request).unwrap();
    let received = decode(Version::V2, &body, &mut Metrics::default()).unwrap();
    let too_long = received.outcome.refused.last().unwrap();
    assert!(matches!(too_long.reason, RefusalReason::TooLong { .. }), "{too_long}");
    assert!(received.samples > 100 && received.samples < 1_000);
}

#[test]
fn series_that_the_sink_has_forgotten_are_resolved_again() {
    for version in [Version::V1, Version::V2] {
        let mut receiver = Receiver::new(Metrics::forgetful());
        let (mut sent, mut expected) = (vec!["a", "b", "c", "d"], Vec::new());
        for time in 1..6 {
            // In the order of before, and in another one.
            if time % 2 == 0 {
                sent.reverse();
            }
            let series: Vec<Labels> = sent.iter().map(|instance| up(instance)).collect();
            let body = match version {
                Version::V1 => body(&series, |series| series.sample(time, 1.0)),
                _ => body_v2(&series, time),
            };
            let received = receiver.receive_as(version, &body).unwrap();
            assert_eq!((received.samples, received.outcome.is_complete()), (4, true));
            expected.extend(series.iter().map(|labels| sample(labels, time, 1.0)));
        }
        assert_eq!(receiver.sink().samples, expected);
    }
}

#[test]
fn version_2_tells_series_apart_that_have_the_same_texts_in_other_places() {
    let flags = |[a, b, c, d]: [&str; 4]| labels! { "__name__" => "m", "a" => a, "b" => b, "c" => c, "d" => d };
    let series: Vec<_> = (0..16)
        .map(|bits| flags([0, 1, 2, 3].map(|at| if bits >> at & 1 == 1 { "yes" } else { "no" })))
        .collect();
    let mut receiver = Receiver::new(Metrics::default());
    // The second time in another order, so that the symbols have other numbers.
    let turned: Vec<_> = series.iter().rev().cloned().collect();
    for (time, series) in [(1, series), (2, turned)] {
        let received = receiver.receive_as(Version::V2, &body_v2(&series, time)).unwrap();
        assert!(received.outcome.is_complete());
        let stored = receiver.sink().samples.iter().filter(|sample| sample.time == time);
        assert!(stored.map(|sample| &sample.labels).eq(&series));
    }
}
