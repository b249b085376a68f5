//! Tells which request a file without a label is.
//!
//! A request says neither its signal nor its encoding; HTTP does, by path and content type. For
//! files the beginning decides: JSON names its lists, and in protobuf the first item has fields that
//! only one of the three signals has.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::json::{Encoding, first_name};
use super::resource::{Group, groups};
use crate::error::Fault;
use crate::protobuf::Reader;
use crate::protobuf::Wire::*;

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Log records: [`decode_logs`](super::decode_logs).
    Logs,
    /// Data points: [`decode_metrics`](super::decode_metrics).
    Metrics,
    /// Spans: [`decode_traces`](super::decode_traces).
    Traces,
}

/// The signal and the encoding of a request, as far as its beginning tells; none where it is no
/// request or has no items. A guess: the decoder may still find that it is not.
pub fn guess(input: &[u8]) -> Option<(Signal, Encoding)> {
    let first = input.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if *first == b'{' {
        let signal = match first_name(input)?.as_str() {
            "resourceLogs" | "resource_logs" => Signal::Logs,
            "resourceMetrics" | "resource_metrics" => Signal::Metrics,
            "resourceSpans" | "resource_spans" => Signal::Traces,
            _ => return None,
        };
        return Some((signal, Encoding::Json));
    }
    let item = first_item(input).ok().flatten()?;
    Some((signal_of(item).ok().flatten()?, Encoding::Protobuf))
}

fn first_item(input: &[u8]) -> Result<Option<Reader<'_>>, Fault> {
    let mut resource_groups = groups(input);
    while let Some(group) = resource_groups.next()? {
        let mut scope_groups = Group::of_resource(group)?.members();
        while let Some(group) = scope_groups.next()? {
            if let Some(item) = Group::of_scope(group)?.members().next()? {
                return Ok(Some(item));
            }
        }
    }
    Ok(None)
}

/// The signal of which an item has the fields.
fn signal_of(mut item: Reader<'_>) -> Result<Option<Signal>, Fault> {
    while let Some(tag) = item.tag()? {
        let signal = match tag {
            // Time, severity, body, observed time.
            (1 | 11, Fixed64) | (2, Varint) => Signal::Logs,
            // Kind, start, end.
            (6, Varint) | (7 | 8, Fixed64) => Signal::Traces,
            // Sum, histograms and summary; a gauge has the number of a span's name.
            (7 | 9 | 10, Len) => Signal::Metrics,
            (2, Len) => match item.bytes()?.bytes.len() {
                // The second id of a span; of a metric it would be the description.
                8 => Signal::Traces,
                _ => Signal::Metrics,
            },
            (5, Len) => Signal::Metrics,
            _ => {
                item.skip(tag)?;
                continue;
            }
        };
        return Ok(Some(signal));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Writer;

    fn request(item: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.message(1, |group| {
            group.message(1, |_| {});
            group.message(2, |group| group.message(2, item));
        });
        writer.finish()
    }

    #[test]
    fn items_tell_their_signal() {
        let span = request(|span| {
            span.bytes(1, &[7; 16]);
            span.bytes(2, &[7; 8]);
            span.bytes(5, b"name");
        });
        let gauge = request(|metric| {
            metric.bytes(1, b"name");
            metric.message(5, |_| {});
        });
        let log = request(|record| record.fixed64(1, 7));
        for (request, signal) in
            [(span, Signal::Traces), (gauge, Signal::Metrics), (log, Signal::Logs)]
        {
            assert_eq!(guess(&request), Some((signal, Encoding::Protobuf)));
        }
        let json = Some((Signal::Metrics, Encoding::Json));
        assert_eq!(guess(b" { \"resourceMetrics\": []}"), json);
        for none in [&b""[..], b"{}", b"[]", b"{\"x\":1}", b"\x0a\x80", b"\n", b"{"] {
            assert_eq!(guess(none), None, "{none:?}");
        }
    }
}
