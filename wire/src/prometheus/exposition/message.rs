//! Protobuf exposition: `io.prometheus.client.MetricFamily` messages, each behind its length.
//!
//! ~~~text
//! MetricFamily  1 name · 2 help · 3 type · 4 metric* · 5 unit
//! Metric        1 label* · 2 gauge · 3 counter · 4 summary · 5 untyped · 6 time · 7 histogram
//! counter       1 value · 2 exemplar · 3 created         gauge, untyped  1 value
//! summary       1 count · 2 sum · 3 quantile* (1 quantile · 2 value) · 4 created
//! histogram     see `histogram`                          label  1 name · 2 value
//! exemplar      1 label* · 2 value · 3 time              time   1 seconds · 2 nanoseconds
//! ~~~
//!
//! A family without a metric says nothing. A time of 0 is none.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use telemetry_core::labels::LabelsBuilder;
use telemetry_core::model::MetricKind;

use super::bound::float_text;
use super::entry::{Entry, Exposed, ExposedExemplar, ExposedValue, Label};
use super::histogram::Read;
use super::text::NORMAL_NAN;
use super::{ReadOptions, histogram};
use crate::error::{Error, Fault, ProtobufErrorKind as Kind};
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, pairs};

/// Hands every entry of the messages to `visit`.
pub(super) fn read(
    input: &[u8],
    options: ReadOptions,
    visit: &mut impl FnMut(Entry<'_>),
) -> Result<(), Error> {
    let mut rest = Reader::new(input);
    while !rest.is_empty() {
        Family::read(rest.message()?)?.visit(options, visit)?;
    }
    Ok(())
}

/// The head of a family, and the message again for its metrics.
struct Family<'a> {
    name: &'a str,
    help: &'a str,
    unit: &'a str,
    kind: MetricKind,
    message: Reader<'a>,
    has_metrics: bool,
}

/// The text that `bytes` are.
fn text(bytes: Bytes<'_>) -> Result<&str, Fault> {
    str::from_utf8(bytes.bytes).map_err(|_| fault(bytes.at, Kind::FamilyText))
}

fn fault(position: usize, kind: Kind) -> Fault {
    Box::new(Error::Protobuf { position, kind })
}

impl<'a> Family<'a> {
    fn read(message: Reader<'a>) -> Result<Self, Fault> {
        let start = message.position();
        let mut family = Family {
            name: "",
            help: "",
            unit: "",
            kind: MetricKind::Counter,
            message,
            has_metrics: false,
        };
        let mut rest = message;
        while let Some(tag) = rest.tag()? {
            match tag {
                (1, Len) => family.name = text(rest.bytes()?)?,
                (2, Len) => family.help = text(rest.bytes()?)?,
                (3, Varint) => {
                    let at = rest.position();
                    let found = rest.int32()?;
                    let kind = kind(found);
                    family.kind = kind.ok_or_else(|| fault(at, Kind::MetricType { found }))?;
                }
                (4, Len) => {
                    family.has_metrics = true;
                    rest.skip(tag)?;
                }
                (5, Len) => family.unit = text(rest.bytes()?)?,
                _ => rest.skip(tag)?,
            }
        }
        if family.has_metrics && family.name.is_empty() {
            return Err(fault(start, Kind::FamilyText));
        }
        if family.has_metrics && !family.unit.is_empty() {
            let counted = family.name.strip_suffix("_total");
            let stem = counted.filter(|_| family.kind == MetricKind::Counter);
            let stem = stem.unwrap_or(family.name).strip_suffix(family.unit);
            if !stem.is_some_and(|stem| stem.ends_with('_')) {
                return Err(fault(start, Kind::FamilyUnit));
            }
        }
        Ok(family)
    }

    fn visit(&self, options: ReadOptions, visit: &mut impl FnMut(Entry<'_>)) -> Result<(), Fault> {
        if !self.has_metrics {
            return Ok(());
        }
        let family = self.name;
        visit(Entry::Help { family, text: self.help });
        if !self.unit.is_empty() {
            visit(Entry::Unit { family, unit: self.unit });
        }
        visit(Entry::Type { family, kind: self.kind });
        let mut scratch = Scratch::default();
        let mut rest = self.message;
        while let Some(tag) = rest.tag()? {
            match tag {
                (4, Len) => self.metric(rest.message()?, &mut scratch, options, visit)?,
                _ => rest.skip(tag)?,
            }
        }
        Ok(())
    }

    fn metric(
        &self,
        mut message: Reader<'a>,
        scratch: &mut Scratch<'a>,
        options: ReadOptions,
        visit: &mut impl FnMut(Entry<'_>),
    ) -> Result<(), Fault> {
        scratch.clear();
        let mut time = 0;
        let mut data = Reader::default();
        let wanted = match self.kind {
            MetricKind::Gauge => 2,
            MetricKind::Counter => 3,
            MetricKind::Summary => 4,
            MetricKind::Histogram | MetricKind::GaugeHistogram => 7,
            _ => 5,
        };
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => scratch.labels.push(label(message.message()?)?),
                (6, Varint) => time = message.int64()?,
                (number, Len) if number == wanted => data = message.message()?,
                _ => message.skip(tag)?,
            }
        }
        let mut output =
            Output { kind: self.kind, time: (time != 0).then_some(time), start: 0, visit };
        match self.kind {
            MetricKind::Summary => self.summary(data, scratch, &mut output),
            MetricKind::Histogram | MetricKind::GaugeHistogram => {
                let histogram = histogram::read(data)?;
                self.histogram(histogram, scratch, options, &mut output);
                Ok(())
            }
            _ => self.number(data, scratch, &mut output),
        }
    }

    fn number(
        &self,
        mut data: Reader<'a>,
        scratch: &Scratch<'a>,
        output: &mut Output<'_, impl FnMut(Entry<'_>)>,
    ) -> Result<(), Fault> {
        let is_counter = self.kind == MetricKind::Counter;
        let (mut value, mut found) = (0.0, None);
        while let Some(tag) = data.tag()? {
            match tag {
                (1, Fixed64) => value = data.double()?,
                (2, Len) if is_counter => found = Some(exemplar(data.message()?)?),
                (3, Len) if is_counter => output.start = timestamp(data.message()?)?,
                _ => data.skip(tag)?,
            }
        }
        output.float(self.name, &scratch.labels, value, found.as_slice());
        Ok(())
    }

    fn summary(
        &self,
        mut data: Reader<'a>,
        scratch: &mut Scratch<'a>,
        output: &mut Output<'_, impl FnMut(Entry<'_>)>,
    ) -> Result<(), Fault> {
        let (mut count, mut sum) = (0, 0.0);
        let mut quantiles = Vec::new();
        while let Some(tag) = data.tag()? {
            match tag {
                (1, Varint) => count = data.varint()?,
                (2, Fixed64) => sum = data.double()?,
                (3, Len) => quantiles.push(pairs::doubles(data.message()?)?),
                (4, Len) => output.start = timestamp(data.message()?)?,
                _ => data.skip(tag)?,
            }
        }
        scratch.suffix(self.name, "_count");
        output.float(&scratch.name, &scratch.labels, count as f64, &[]);
        scratch.suffix(self.name, "_sum");
        output.float(&scratch.name, &scratch.labels, sum, &[]);
        for (at, (quantile, value)) in quantiles.into_iter().enumerate() {
            scratch.push_bound("quantile", at, quantile);
            output.float(self.name, &scratch.labels, value, &[]);
            scratch.pop_bound();
        }
        Ok(())
    }

    fn histogram(
        &self,
        read: Read,
        scratch: &mut Scratch<'a>,
        options: ReadOptions,
        output: &mut Output<'_, impl FnMut(Entry<'_>)>,
    ) {
        output.start = read.start;
        let is_native = read.native.is_some() && !options.ignore_native;
        if let Some(native) = read.native.as_ref().filter(|_| is_native) {
            let exemplars = read.native_exemplars();
            let value = ExposedValue::Histogram(native);
            output.emit(self.name, &scratch.labels, value, &exemplars);
        }
        if is_native && (options.native_alone || read.buckets.is_empty()) {
            return;
        }
        scratch.suffix(self.name, "_count");
        output.float(&scratch.name, &scratch.labels, read.count, &[]);
        scratch.suffix(self.name, "_sum");
        output.float(&scratch.name, &scratch.labels, read.sum, &[]);
        scratch.suffix(self.name, "_bucket");
        let mut has_last = false;
        for (at, bucket) in read.buckets.iter().enumerate() {
            scratch.push_bound("le", at, bucket.bound);
            let exemplars = bucket.exemplar.as_slice();
            output.float(&scratch.name, &scratch.labels, bucket.count, exemplars);
            scratch.pop_bound();
            has_last = bucket.bound == f64::INFINITY;
            if has_last {
                break;
            }
        }
        if !has_last {
            scratch.labels.push(("le".into(), "+Inf".into()));
            output.float(&scratch.name, &scratch.labels, read.count, &[]);
            scratch.labels.pop();
        }
    }
}

/// Reused from metric to metric.
#[derive(Default)]
struct Scratch<'a> {
    labels: Vec<Label<'a>>,
    name: String,
    /// Bounds by their place, the bits and the text: the metrics of a family have the same ones.
    bounds: Vec<(u64, String)>,
    /// The memory of a bound's text.
    spare: String,
}

impl Scratch<'_> {
    /// Adds the label of the bound at place `at` of a metric.
    fn push_bound(&mut self, name: &'static str, at: usize, bound: f64) {
        let mut text = std::mem::take(&mut self.spare);
        text.clear();
        let bits = bound.to_bits();
        match self.bounds.get_mut(at) {
            Some((known, printed)) if *known == bits => text.push_str(printed),
            Some(other) => {
                text.push_str(&float_text(bound));
                *other = (bits, text.clone());
            }
            None => {
                text.push_str(&float_text(bound));
                self.bounds.push((bits, text.clone()));
            }
        }
        self.labels.push((Cow::Borrowed(name), Cow::Owned(text)));
    }

    /// Removes that label.
    fn pop_bound(&mut self) {
        if let Some((_, Cow::Owned(text))) = self.labels.pop() {
            self.spare = text;
        }
    }

    fn clear(&mut self) {
        self.labels.clear();
    }

    fn suffix(&mut self, name: &str, suffix: &str) {
        self.name.clear();
        self.name.push_str(name);
        self.name.push_str(suffix);
    }
}

/// What the samples of one metric share.
struct Output<'v, V> {
    kind: MetricKind,
    time: Option<i64>,
    start: i64,
    visit: &'v mut V,
}

impl<V: FnMut(Entry<'_>)> Output<'_, V> {
    fn float(
        &mut self,
        name: &str,
        labels: &[Label<'_>],
        value: f64,
        exemplars: &[ExposedExemplar],
    ) {
        let value = if value.is_nan() { NORMAL_NAN } else { value };
        self.emit(name, labels, ExposedValue::Float(value), exemplars);
    }

    fn emit(
        &mut self,
        name: &str,
        labels: &[Label<'_>],
        value: ExposedValue<'_>,
        exemplars: &[ExposedExemplar],
    ) {
        let Output { kind, time, start, .. } = *self;
        (self.visit)(Entry::Sample(Exposed { name, labels, value, time, start, exemplars, kind }));
    }
}

fn kind(number: i32) -> Option<MetricKind> {
    Some(match number {
        0 => MetricKind::Counter,
        1 => MetricKind::Gauge,
        2 => MetricKind::Summary,
        3 => MetricKind::Unknown,
        4 => MetricKind::Histogram,
        5 => MetricKind::GaugeHistogram,
        _ => return None,
    })
}

fn label(message: Reader<'_>) -> Result<Label<'_>, Fault> {
    let [name, value] = pairs::texts(message)?;
    Ok((Cow::Borrowed(text(name)?), Cow::Borrowed(text(value)?)))
}

pub(super) fn exemplar(mut message: Reader<'_>) -> Result<ExposedExemplar, Fault> {
    let mut builder = LabelsBuilder::new();
    let (mut value, mut time) = (0.0, None);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => {
                let (name, value) = label(message.message()?)?;
                builder.set(&name, &value);
            }
            (2, Fixed64) => value = message.double()?,
            (3, Len) => time = Some(timestamp(message.message()?)?),
            _ => message.skip(tag)?,
        }
    }
    Ok(ExposedExemplar { labels: builder.build(), value, time })
}

/// Milliseconds.
pub(super) fn timestamp(message: Reader<'_>) -> Result<i64, Fault> {
    let (seconds, nanos) = pairs::timestamp(message)?;
    Ok(seconds.saturating_mul(1_000).saturating_add(i64::from(nanos / 1_000_000)))
}
