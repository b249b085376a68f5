//! Reads the messages of a body of version 2.0.
//!
//! ~~~text
//! Request     4 symbols* · 5 timeseries*
//! TimeSeries  1 labels* (numbers of symbols) · 2 samples* · 3 histograms* · 4 exemplars* · 5 metadata
//!             6 created timestamp, of all samples (drafts only)
//! Sample      1 value · 2 timestamp · 3 start timestamp
//! Exemplar    1 labels* (numbers of symbols) · 2 value · 3 timestamp
//! Metadata    1 type · 3 help (symbol) · 4 unit (symbol)
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::HashSet;

use telemetry_core::labels::{LabelsBuilder, METRIC_NAME};
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{MetricSink, RefusalReason, SeriesRef};
use telemetry_core::time::Millis;

use super::decode::metric_kind;
use super::histogram;
use super::known::{Key, Known};
use super::labels::Pairs;
use super::symbols::{SYMBOLS, Symbols, unpack};
use crate::error::Fault;
use crate::pending::{ItemKind, Items, Other};
use crate::prometheus::sample::{self, short_field};
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, packed_varints};

/// The first bytes of a series that is written as all senders do: its labels, packed.
const LABELS_TAG: u8 = 0x0a;
/// Behind the sample comes metadata.
const METADATA_TAG: u8 = 0x2a;

/// The series of a message, or why there is none.
type Resolved = Result<SeriesRef, RefusalReason>;

/// Reads a `Request` into `items`. Series are resolved with `sink`, which gets nothing else.
pub(super) fn request<S: MetricSink + ?Sized>(
    body: &[u8],
    known: &mut Known,
    sink: &mut S,
    items: &mut Items,
) -> Result<(), Fault> {
    // Symbols may stand behind what refers to them.
    let mut symbols = Symbols::new(body.len());
    let mut request = Reader::new(body);
    while let Some(tag) = request.tag()? {
        match tag {
            (SYMBOLS, Len) => symbols.push(request.bytes()?.bytes),
            _ => request.skip(tag)?,
        }
    }
    let (numbers, labels) = (Vec::new(), Pairs::default());
    let (told, last_told) = (HashSet::new(), (0, &[][..]));
    let mut series = SeriesReader { symbols, numbers, labels, told, last_told, known, items };
    let mut request = Reader::new(body);
    while let Some(tag) = request.tag()? {
        match tag {
            (5, Len) => series.read(request.bytes()?, sink)?,
            _ => request.skip(tag)?,
        }
    }
    Ok(())
}

/// What the series of one body share.
struct SeriesReader<'a, 'i> {
    symbols: Symbols<'a>,
    numbers: Vec<u64>,
    labels: Pairs<'a>,
    /// Metadata that was handed on, by its symbols: every series of a metric repeats it. Name,
    /// type, help, unit.
    told: HashSet<(u64, i32, u64, u64)>,
    /// The last of it: the name and the message.
    last_told: (u64, &'a [u8]),
    known: &'i mut Known,
    items: &'i mut Items,
}

impl<'a> SeriesReader<'a, '_> {
    fn read<S: MetricSink + ?Sized>(
        &mut self,
        message: Bytes<'a>,
        sink: &mut S,
    ) -> Result<(), Fault> {
        match self.read_plain(message.bytes, sink) {
            Some(()) => Ok(()),
            None => self.read_fields(message.message(), sink),
        }
    }

    /// Reads a series of packed labels with one float and the metadata of the series before, or
    /// none: nearly all are that. None where it is another; nothing has been done then.
    #[inline]
    fn read_plain<S: MetricSink + ?Sized>(
        &mut self,
        message: &'a [u8],
        sink: &mut S,
    ) -> Option<()> {
        let (packed, rest) = short_field(LABELS_TAG, message)?;
        let ((value, time), rest) = sample::first_plain(rest)?;
        if !rest.is_empty() {
            let (metadata, []) = short_field(METADATA_TAG, rest)? else { return None };
            let told = (self.symbols.name_in_packed(packed)?, metadata);
            if self.last_told != told {
                return None;
            }
        }
        let (key, bytes) = self.symbols.key_of_packed(packed)?;
        self.symbols.spend(bytes).ok()?;
        let found = self.find(key);
        let series = match found.filter(|series| sink.is_live(*series)) {
            Some(series) => Ok(series),
            None => {
                unpack(packed, &mut self.numbers);
                self.resolve_anew(key, found.is_some(), sink)
            }
        };
        match series {
            Ok(series) => self.items.float(series, time, value),
            Err(reason) => self.refuse(&reason, ItemKind::Float),
        }
        Some(())
    }

    fn read_fields<S: MetricSink + ?Sized>(
        &mut self,
        message: Reader<'a>,
        sink: &mut S,
    ) -> Result<(), Fault> {
        let (mut created, mut fields) = (0, message);
        self.numbers.clear();
        while let Some(tag) = fields.tag()? {
            match tag {
                (1, Len) => packed_varints(fields.message()?, &mut self.numbers)?,
                (1, Varint) => self.numbers.push(fields.varint()?),
                (6, Varint) => created = fields.int64()?,
                _ => fields.skip(tag)?,
            }
        }
        let series = self.resolve(sink);
        let mut fields = message;
        while let Some(tag) = fields.tag()? {
            match tag {
                (2, Len) => self.sample(fields.bytes()?, &series, created)?,
                (3, Len) => self.histogram(fields.message()?, &series, created)?,
                (4, Len) => self.exemplar(fields.message()?, &series)?,
                (5, Len) => {
                    let metadata = fields.bytes()?;
                    if let (Some(name), Ok(_)) = (self.name(), &series) {
                        self.metadata(metadata.message(), name)?;
                        self.last_told = (name, metadata.bytes);
                    }
                }
                _ => fields.skip(tag)?,
            }
        }
        Ok(())
    }

    fn find(&mut self, key: Key) -> Option<SeriesRef> {
        self.known.expected_key(key).or_else(|| self.known.find(key))
    }

    /// The series of the present labels.
    fn resolve<S: MetricSink + ?Sized>(&mut self, sink: &mut S) -> Resolved {
        let key = self.symbols.key(&self.numbers)?;
        let found = self.find(key);
        if let Some(series) = found.filter(|series| sink.is_live(*series)) {
            return Ok(series);
        }
        self.resolve_anew(key, found.is_some(), sink)
    }

    /// The series of the present labels, which the sink has forgotten where it was found.
    fn resolve_anew<S: MetricSink + ?Sized>(
        &mut self,
        key: Key,
        is_found: bool,
        sink: &mut S,
    ) -> Resolved {
        self.symbols.labels(&self.numbers, &mut self.labels)?;
        let series = self.labels.resolve(sink)?;
        if is_found {
            self.known.renew(series);
        } else {
            self.known.insert(key, 0, series);
        }
        Ok(series)
    }

    /// The number of the metric's name.
    fn name(&self) -> Option<u64> {
        let (pairs, _) = self.numbers.as_chunks::<2>();
        let is_name = |number: u64| self.symbols.get(number) == Some(METRIC_NAME.as_bytes());
        pairs.iter().find(|[name, _]| is_name(*name)).map(|[_, value]| *value)
    }

    #[inline]
    fn sample(&mut self, message: Bytes<'_>, series: &Resolved, created: i64) -> Result<(), Fault> {
        let (value, time, start) = match sample::plain(message.bytes) {
            Some((value, time)) => (value, time, created),
            None => sample_with_start(message.message(), created)?,
        };
        match series {
            Ok(series) if start == 0 => self.items.float(*series, time, value),
            Ok(series) => {
                let value = SampleValue::Float(value);
                self.items.other(Other::Sample { series: *series, time, value, start });
            }
            Err(reason) => self.refuse(reason, ItemKind::Float),
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        message: Reader<'_>,
        series: &Resolved,
        created: i64,
    ) -> Result<(), Fault> {
        let sent = histogram::read(message)?;
        let start = if sent.start == 0 { created } else { sent.start };
        match (series, sent.value) {
            (Ok(series), Ok(value)) => {
                self.items.other(Other::Sample { series: *series, time: sent.time, value, start });
            }
            (Err(reason), _) => self.refuse(reason, ItemKind::Histogram),
            (_, Err(reason)) => self.refuse(&reason, ItemKind::Histogram),
        }
        Ok(())
    }

    fn refuse(&mut self, reason: &RefusalReason, kind: ItemKind) {
        self.items.other(Other::Refused { reason: reason.clone(), kind });
    }

    /// Exemplars are no items: one that cannot be stored is left out.
    fn exemplar(&mut self, mut message: Reader<'_>, series: &Resolved) -> Result<(), Fault> {
        let (mut numbers, mut value, mut time) = (Vec::new(), 0.0, 0);
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => packed_varints(message.message()?, &mut numbers)?,
                (1, Varint) => numbers.push(message.varint()?),
                (2, Fixed64) => value = message.double()?,
                (3, Varint) => time = message.int64()?,
                _ => message.skip(tag)?,
            }
        }
        // Spends what the texts take.
        let labels = self.symbols.key(&numbers).and_then(|_| {
            self.symbols.labels(&numbers, &mut self.labels)?;
            self.labels.build(&mut LabelsBuilder::new())
        });
        if let (Ok(series), Ok(labels)) = (series, labels) {
            let exemplar = Exemplar { labels, value, time: Millis(time) };
            self.items.other(Other::Exemplar { series: *series, exemplar });
        }
        Ok(())
    }

    /// Metadata that says nothing is what a sender writes that knows nothing.
    fn metadata(&mut self, mut message: Reader<'_>, name: u64) -> Result<(), Fault> {
        let (mut kind, mut help, mut unit) = (0, 0, 0);
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Varint) => kind = message.int32()?,
                (3, Varint) => help = message.varint()?,
                (4, Varint) => unit = message.varint()?,
                _ => message.skip(tag)?,
            }
        }
        let told = (name, kind, help, unit);
        if !self.told.insert(told) {
            return Ok(());
        }
        let texts = [name, help, unit].map(|number| self.symbols.get(number).unwrap_or_default());
        let bytes = texts.iter().map(|text| text.len()).sum();
        if self.symbols.spend(bytes).is_err() {
            return Ok(());
        }
        let [name, help, unit] = texts.map(|text| String::from_utf8_lossy(text).into_owned());
        let metadata = Metadata { kind: metric_kind(kind), unit, help };
        if metadata != Metadata::default() {
            self.items.other(Other::Metadata { metric: name, metadata });
        }
        Ok(())
    }
}

fn sample_with_start(mut message: Reader<'_>, created: i64) -> Result<(f64, i64, i64), Fault> {
    let (mut value, mut time, mut start) = (0.0, 0, created);
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Fixed64) => value = message.double()?,
            (2, Varint) => time = message.int64()?,
            (3, Varint) => start = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    Ok((value, time, start))
}
