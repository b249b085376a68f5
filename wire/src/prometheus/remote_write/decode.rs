//! Reads the messages of a body of version 1.0.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::LabelsBuilder;
use telemetry_core::model::{Exemplar, Metadata, MetricKind};
use telemetry_core::sink::{MetricSink, RefusalReason, SeriesRef};
use telemetry_core::time::Millis;

use super::histogram;
use super::known::{Key, Known};
use super::labels::Pairs;
use crate::error::Fault;
use crate::pending::{ItemKind, Items, Other};
use crate::prometheus::{label, sample};
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, pairs};

/// Labels that room is made for at first.
const LABELS: usize = 16;

/// The series of a message, or why there is none.
type Resolved = Result<SeriesRef, RefusalReason>;

/// Reads a `WriteRequest` into `items`. Series are resolved with `sink`, which gets nothing else.
pub(super) fn request<S: MetricSink + ?Sized>(
    body: &[u8],
    known: &mut Known,
    sink: &mut S,
    items: &mut Items,
) -> Result<(), Fault> {
    let mut request = Reader::new(body);
    while let Some(tag) = request.tag()? {
        match tag {
            (1, Len) => time_series(request.bytes()?, known, sink, items)?,
            (3, Len) => metadata(request.message()?, items)?,
            _ => request.skip(tag)?,
        }
    }
    Ok(())
}

fn time_series<S: MetricSink + ?Sized>(
    message: Bytes<'_>,
    known: &mut Known,
    sink: &mut S,
    items: &mut Items,
) -> Result<(), Fault> {
    let (series, labels_bytes) = match known.expected(message.bytes) {
        Some((series, labels_bytes)) if sink.is_live(series) => (Ok(series), labels_bytes),
        Some((_, labels_bytes)) => (renew(message, labels_bytes, known, sink)?, labels_bytes),
        None => look_up(message, known, sink)?,
    };
    let mark = items.mark();
    if !samples(message.from(labels_bytes).message(), &series, items)? {
        // Labels behind samples: allowed, though no sender does it.
        items.go_back(mark);
        let series = all_labels(message.message())?.resolve(sink);
        samples_among_labels(message.message(), &series, items)?;
    }
    Ok(())
}

/// The series of the labels at the head of a message, and how many bytes these take.
#[cold]
fn look_up<S: MetricSink + ?Sized>(
    message: Bytes<'_>,
    known: &mut Known,
    sink: &mut S,
) -> Result<(Resolved, usize), Fault> {
    let (labels, _) = label::head(message)?;
    let (key, labels_bytes) = (Key::of(labels), labels.len());
    if let Some(series) = known.find(key) {
        let is_live = sink.is_live(series);
        let series = if is_live { Ok(series) } else { renew(message, labels_bytes, known, sink)? };
        return Ok((series, labels_bytes));
    }
    let series = head_labels(message, labels_bytes)?.resolve(sink);
    if let Ok(series) = series {
        known.insert(key, labels_bytes, series);
    }
    Ok((series, labels_bytes))
}

/// The series of a message that is known, but that the sink has forgotten.
#[cold]
fn renew<S: MetricSink + ?Sized>(
    message: Bytes<'_>,
    labels_bytes: usize,
    known: &mut Known,
    sink: &mut S,
) -> Result<Resolved, Fault> {
    let series = head_labels(message, labels_bytes)?.resolve(sink);
    if let Ok(series) = series {
        known.renew(series);
    }
    Ok(series)
}

/// The labels at the head of a message, which take so many bytes.
fn head_labels(message: Bytes<'_>, labels_bytes: usize) -> Result<Pairs<'_>, Fault> {
    let bytes = message.bytes.get(..labels_bytes).unwrap_or_default();
    let mut pairs = Pairs::with_capacity(LABELS);
    if pairs.add_plain(bytes) {
        Ok(pairs)
    } else {
        all_labels(Bytes { bytes, ..message }.message())
    }
}

/// All labels of a message, wherever they are.
fn all_labels(mut message: Reader<'_>) -> Result<Pairs<'_>, Fault> {
    let mut pairs = Pairs::default();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => {
                let [name, value] = pairs::texts(message.message()?)?;
                pairs.add(name.bytes, value.bytes);
            }
            _ => message.skip(tag)?,
        }
    }
    Ok(pairs)
}

/// Reads what follows the labels. Gives false where there is another label.
#[inline]
fn samples(mut message: Reader<'_>, series: &Resolved, items: &mut Items) -> Result<bool, Fault> {
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => return Ok(false),
            (2, Len) => float(message.bytes()?, series, items)?,
            _ => rest(tag, &mut message, series, items)?,
        }
    }
    Ok(true)
}

#[cold]
fn samples_among_labels(
    mut message: Reader<'_>,
    series: &Resolved,
    items: &mut Items,
) -> Result<(), Fault> {
    while let Some(tag) = message.tag()? {
        match tag {
            (2, Len) => float(message.bytes()?, series, items)?,
            _ => rest(tag, &mut message, series, items)?,
        }
    }
    Ok(())
}

/// Reads what of a series is neither label nor float.
fn rest(
    tag: crate::protobuf::Tag,
    message: &mut Reader<'_>,
    series: &Resolved,
    items: &mut Items,
) -> Result<(), Fault> {
    match tag {
        (3, Len) => exemplar(message.message()?, series, items),
        (4, Len) => {
            let sent = histogram::read(message.message()?)?;
            let other = match series.clone().and_then(|series| Ok((series, sent.value?))) {
                Ok((series, value)) => {
                    Other::Sample { series, time: sent.time, value, start: sent.start }
                }
                Err(reason) => Other::Refused { reason, kind: ItemKind::Histogram },
            };
            items.other(other);
            Ok(())
        }
        _ => message.skip(tag),
    }
}

#[inline]
fn float(message: Bytes<'_>, series: &Resolved, items: &mut Items) -> Result<(), Fault> {
    let (value, time) = sample::read(message)?;
    match series {
        Ok(series) => items.float(*series, time, value),
        Err(reason) => {
            items.other(Other::Refused { reason: reason.clone(), kind: ItemKind::Float });
        }
    }
    Ok(())
}

/// Exemplars are no items: one that cannot be stored is left out.
fn exemplar(mut message: Reader<'_>, series: &Resolved, items: &mut Items) -> Result<(), Fault> {
    let (mut labels, mut value, mut time) = (Pairs::default(), 0.0, 0);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => {
                let [name, value] = pairs::texts(message.message()?)?;
                labels.add(name.bytes, value.bytes);
            }
            (2, Fixed64) => value = message.double()?,
            (3, Varint) => time = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    if let (Ok(series), Ok(labels)) = (series, labels.build(&mut LabelsBuilder::new())) {
        let exemplar = Exemplar { labels, value, time: Millis(time) };
        items.other(Other::Exemplar { series: *series, exemplar });
    }
    Ok(())
}

fn metadata(mut message: Reader<'_>, items: &mut Items) -> Result<(), Fault> {
    let (mut kind, [mut metric, mut help, mut unit]) = (0, [Bytes::default(); 3]);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => kind = message.int32()?,
            (2, Len) => metric = message.bytes()?,
            (4, Len) => help = message.bytes()?,
            (5, Len) => unit = message.bytes()?,
            _ => message.skip(tag)?,
        }
    }
    let metadata = Metadata {
        kind: metric_kind(kind),
        unit: unit.text().into_owned(),
        help: help.text().into_owned(),
    };
    if !metric.bytes.is_empty() {
        items.other(Other::Metadata { metric: metric.text().into_owned(), metadata });
    }
    Ok(())
}

/// The type of a metric by its number, which is the same in both versions.
pub(super) fn metric_kind(number: i32) -> MetricKind {
    match number {
        1 => MetricKind::Counter,
        2 => MetricKind::Gauge,
        3 => MetricKind::Histogram,
        4 => MetricKind::GaugeHistogram,
        5 => MetricKind::Summary,
        6 => MetricKind::Info,
        7 => MetricKind::StateSet,
        _ => MetricKind::Unknown,
    }
}
