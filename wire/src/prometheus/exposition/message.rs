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
use xxhash_rust::xxh3::xxh3_128;

use super::ReadOptions;
use super::entry::{Entry, ExposedExemplar, Label};
use super::histogram::Read;
use super::series::{Output, Scratch, Series};
use super::visit::Visit;
use crate::error::{Error, Fault, ProtobufErrorKind as Kind};
use crate::prometheus::label;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, pairs};

/// Hands every entry of the messages to `visit`.
pub(super) fn read(
    input: &[u8],
    options: ReadOptions,
    visit: &mut impl Visit,
) -> Result<(), Error> {
    let (mut rest, mut memory) = (Reader::new(input), Memory::default());
    while !rest.is_empty() {
        Family::read(rest.message()?)?.visit(options, &mut memory, visit)?;
    }
    Ok(())
}

/// Reused from metric to metric.
#[derive(Default)]
struct Memory<'a> {
    scratch: Scratch<'a>,
    quantiles: Vec<(f64, f64)>,
    histogram: Read,
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

/// What a metric has beside its labels.
#[derive(Default)]
struct Metric<'a> {
    /// Its labels as they lie in the input, where they are in front of everything else.
    head: Option<&'a [u8]>,
    time: i64,
    start: i64,
    data: Data,
}

/// The values of a metric. Those of which there are several are in the memory.
enum Data {
    Number { value: f64, exemplar: Option<ExposedExemplar> },
    Summary { count: f64, sum: f64 },
    Histogram,
}

impl Default for Data {
    fn default() -> Self {
        Data::Number { value: 0.0, exemplar: None }
    }
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

    fn visit<V: Visit>(
        &self,
        options: ReadOptions,
        memory: &mut Memory<'a>,
        visit: &mut V,
    ) -> Result<(), Fault> {
        if !self.has_metrics {
            return Ok(());
        }
        let family = self.name;
        visit.entry(Entry::Help { family, text: self.help });
        if !self.unit.is_empty() {
            visit.entry(Entry::Unit { family, unit: self.unit });
        }
        visit.entry(Entry::Type { family, kind: self.kind });
        memory.scratch.begin_family();
        let key = if V::REMEMBERS { memory.scratch.key(family, self.field()) } else { 0 };
        let mut rest = self.message;
        while let Some(tag) = rest.tag()? {
            match tag {
                (4, Len) => self.metric(rest.bytes()?, key, memory, options, visit)?,
                _ => rest.skip(tag)?,
            }
        }
        Ok(())
    }

    /// The field of a metric that has its values.
    fn field(&self) -> u8 {
        match self.kind {
            MetricKind::Gauge => 2,
            MetricKind::Counter => 3,
            MetricKind::Summary => 4,
            MetricKind::Histogram | MetricKind::GaugeHistogram => 7,
            _ => 5,
        }
    }

    fn metric<V: Visit>(
        &self,
        message: Bytes<'a>,
        family_key: u128,
        memory: &mut Memory<'a>,
        options: ReadOptions,
        visit: &mut V,
    ) -> Result<(), Fault> {
        let metric = match self.read_metric(message, memory) {
            Ok(metric) => metric,
            Err(fault) => {
                // What is wrong with a label in front of it comes first.
                memory.scratch.read_labels(message, None)?;
                return Err(fault);
            }
        };
        let key = metric.head.filter(|_| V::REMEMBERS).map(|labels| {
            // Turned, so that a name and labels do not stand for labels and a name.
            family_key ^ xxh3_128(labels).rotate_left(29) ^ memory.shape(&metric.data, options)
        });
        let is_known = visit.begin(key);
        if !is_known {
            memory.scratch.read_labels(message, metric.head)?;
        }
        let Memory { scratch, quantiles, histogram } = memory;
        let mut output = Output {
            family: self.name,
            kind: self.kind,
            time: (metric.time != 0).then_some(metric.time),
            start: metric.start,
            is_known,
            scratch,
            visit,
        };
        match metric.data {
            Data::Number { value, exemplar } => {
                output.float(Series::Whole, value, exemplar.as_slice());
            }
            Data::Summary { count, sum } => {
                output.float(Series::Part("_count"), count, &[]);
                output.float(Series::Part("_sum"), sum, &[]);
                for (at, (quantile, value)) in quantiles.iter().enumerate() {
                    let series =
                        Series::Bound { part: "", label: "quantile", at, bound: *quantile };
                    output.float(series, *value, &[]);
                }
            }
            Data::Histogram => output.histogram(histogram, options),
        }
        visit.finish();
        Ok(())
    }

    /// Reads everything but the labels.
    fn read_metric(
        &self,
        message: Bytes<'a>,
        memory: &mut Memory<'a>,
    ) -> Result<Metric<'a>, Fault> {
        let (head, mut fields) = label::head(message)?;
        let mut metric = Metric { head: Some(head), ..Metric::default() };
        let (wanted, mut data) = (u32::from(self.field()), Reader::default());
        while let Some(tag) = fields.tag()? {
            match tag {
                (1, Len) => {
                    metric.head = None;
                    fields.skip(tag)?;
                }
                (6, Varint) => metric.time = fields.int64()?,
                (number, Len) if number == wanted => data = fields.message()?,
                _ => fields.skip(tag)?,
            }
        }
        match self.kind {
            MetricKind::Summary => metric.read_summary(data, &mut memory.quantiles)?,
            MetricKind::Histogram | MetricKind::GaugeHistogram => {
                memory.histogram.read(data)?;
                metric.start = memory.histogram.start;
                metric.data = Data::Histogram;
            }
            kind => metric.read_number(data, kind == MetricKind::Counter)?,
        }
        Ok(metric)
    }
}

impl Metric<'_> {
    fn read_number(&mut self, mut data: Reader<'_>, is_counter: bool) -> Result<(), Fault> {
        let (mut number, mut found) = (0.0, None);
        while let Some(tag) = data.tag()? {
            match tag {
                (1, Fixed64) => number = data.double()?,
                (2, Len) if is_counter => found = Some(exemplar(data.message()?)?),
                (3, Len) if is_counter => self.start = timestamp(data.message()?)?,
                _ => data.skip(tag)?,
            }
        }
        self.data = Data::Number { value: number, exemplar: found };
        Ok(())
    }

    fn read_summary(
        &mut self,
        mut data: Reader<'_>,
        quantiles: &mut Vec<(f64, f64)>,
    ) -> Result<(), Fault> {
        let (mut observations, mut total) = (0, 0.0);
        quantiles.clear();
        while let Some(tag) = data.tag()? {
            match tag {
                (1, Varint) => observations = data.varint()?,
                (2, Fixed64) => total = data.double()?,
                (3, Len) => quantiles.push(pairs::doubles(data.message()?)?),
                (4, Len) => self.start = timestamp(data.message()?)?,
                _ => data.skip(tag)?,
            }
        }
        self.data = Data::Summary { count: observations as f64, sum: total };
        Ok(())
    }
}

impl Memory<'_> {
    /// What the series of a metric hang on beside its labels.
    fn shape(&mut self, data: &Data, options: ReadOptions) -> u128 {
        let Memory { scratch, quantiles, histogram } = self;
        let shape = match data {
            Data::Number { .. } => return 0,
            Data::Summary { .. } => {
                scratch.shape(quantiles.iter().map(|(quantile, _)| *quantile), false)
            }
            Data::Histogram => {
                let is_native = histogram.native.is_some() && !options.ignore_native;
                scratch.shape(histogram.buckets.iter().map(|bucket| bucket.bound), is_native)
            }
        };
        u128::from(shape) << 64 | u128::from(shape)
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

pub(super) fn read_label(message: Reader<'_>) -> Result<Label<'_>, Fault> {
    let [name, value] = pairs::texts(message)?;
    Ok((Cow::Borrowed(text(name)?), Cow::Borrowed(text(value)?)))
}

pub(super) fn exemplar(mut message: Reader<'_>) -> Result<ExposedExemplar, Fault> {
    let mut builder = LabelsBuilder::new();
    let (mut value, mut time) = (0.0, None);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => {
                let (name, value) = read_label(message.message()?)?;
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
