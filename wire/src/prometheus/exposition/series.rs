//! The samples of a metric of a message: which series they are of, and who takes them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use telemetry_core::model::MetricKind;
use xxhash_rust::xxh3::xxh3_128;

use super::ReadOptions;
use super::bound::float_text;
use super::entry::{Entry, Exposed, ExposedExemplar, ExposedValue, Label};
use super::histogram::Read;
use super::message::read_label;
use super::text::NORMAL_NAN;
use super::visit::{Sampled, Visit};
use crate::error::Fault;
use crate::known::Shape;
use crate::prometheus::label;
use crate::protobuf::Bytes;
use crate::protobuf::Wire::*;

/// A series of a metric.
#[derive(Clone, Copy, Debug)]
pub(super) enum Series {
    /// The one that is called like the family.
    Whole,
    /// The one that has this at the end of its name.
    Part(&'static str),
    /// One of several that differ in a label: the one at this place.
    Bound { part: &'static str, label: &'static str, at: usize, bound: f64 },
}

/// Reused from metric to metric.
#[derive(Default)]
pub(super) struct Scratch<'a> {
    labels: Vec<Label<'a>>,
    /// The name of the family with a part at the end, and that part.
    name: String,
    part: &'static str,
    /// Bounds by their place, the bits and the text: the metrics of a family have the same ones.
    bounds: Vec<(u64, String)>,
    /// The memory of a bound's text.
    spare: String,
    /// Bounds of the present metric.
    numbers: Vec<f64>,
    shape: Shape,
}

impl<'a> Scratch<'a> {
    /// The metrics that follow are of another family.
    pub(super) fn begin_family(&mut self) {
        self.part = "";
    }

    /// A hash of a family.
    pub(super) fn key(&mut self, family: &str, field: u8) -> u128 {
        self.name.clear();
        self.name.push_str(family);
        self.name.push(char::from(field));
        xxh3_128(self.name.as_bytes())
    }

    /// A hash of the bounds of a metric.
    pub(super) fn shape(&mut self, bounds: impl Iterator<Item = f64>, is_native: bool) -> u64 {
        self.numbers.clear();
        self.numbers.extend(bounds);
        self.shape.of(&self.numbers, is_native)
    }

    /// Reads the labels of a metric, wherever in the message they are. Where it is known that all
    /// are at its head, `head` is that.
    pub(super) fn read_labels(
        &mut self,
        message: Bytes<'a>,
        head: Option<&'a [u8]>,
    ) -> Result<(), Fault> {
        self.labels.clear();
        let labels = &mut self.labels;
        let push = |name, value| labels.push((Cow::Borrowed(name), Cow::Borrowed(value)));
        if head.is_some_and(|head| label::plain(head, push).is_some()) {
            return Ok(());
        }
        self.labels.clear();
        let mut fields = message.message();
        while let Some(tag) = fields.tag()? {
            match tag {
                (1, Len) => self.labels.push(read_label(fields.message()?)?),
                _ => fields.skip(tag)?,
            }
        }
        Ok(())
    }

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

    fn set_part(&mut self, family: &str, part: &'static str) {
        if self.part != part {
            self.name.clear();
            self.name.push_str(family);
            self.name.push_str(part);
            self.part = part;
        }
    }
}

/// What the samples of one metric share.
pub(super) struct Output<'a, 's, 'v, V> {
    pub(super) family: &'a str,
    pub(super) kind: MetricKind,
    pub(super) time: Option<i64>,
    pub(super) start: i64,
    /// Whether its series are known.
    pub(super) is_known: bool,
    pub(super) scratch: &'s mut Scratch<'a>,
    pub(super) visit: &'v mut V,
}

impl<V: Visit> Output<'_, '_, '_, V> {
    /// Hands over a histogram: the native one, then the classic one.
    pub(super) fn histogram(&mut self, read: &Read, options: ReadOptions) {
        let is_native = read.native.is_some() && !options.ignore_native;
        if let Some(native) = read.native.as_ref().filter(|_| is_native) {
            let exemplars = read.native_exemplars();
            self.emit(Series::Whole, ExposedValue::Histogram(native), &exemplars);
        }
        if is_native && (options.native_alone || read.buckets.is_empty()) {
            return;
        }
        self.float(Series::Part("_count"), read.count, &[]);
        self.float(Series::Part("_sum"), read.sum, &[]);
        let bucket = |at, bound| Series::Bound { part: "_bucket", label: "le", at, bound };
        for (at, found) in read.buckets.iter().enumerate() {
            self.float(bucket(at, found.bound), found.count, found.exemplar.as_slice());
            if found.bound == f64::INFINITY {
                return;
            }
        }
        self.float(bucket(read.buckets.len(), f64::INFINITY), read.count, &[]);
    }

    /// Hands over a float. None is the staleness marker.
    #[inline]
    pub(super) fn float(&mut self, series: Series, value: f64, exemplars: &[ExposedExemplar]) {
        let value = if value.is_nan() { NORMAL_NAN } else { value };
        self.emit(series, ExposedValue::Float(value), exemplars);
    }

    #[inline]
    fn emit(&mut self, series: Series, value: ExposedValue<'_>, exemplars: &[ExposedExemplar]) {
        if self.is_known {
            let (time, start) = (self.time, self.start);
            self.visit.known(Sampled { value, time, start, exemplars });
        } else {
            self.emit_entry(series, value, exemplars);
        }
    }

    fn emit_entry(
        &mut self,
        series: Series,
        value: ExposedValue<'_>,
        exemplars: &[ExposedExemplar],
    ) {
        let part = match series {
            Series::Whole => "",
            Series::Part(part) => part,
            Series::Bound { part, label, at, bound } => {
                self.scratch.push_bound(label, at, bound);
                part
            }
        };
        let name = if part.is_empty() {
            self.family
        } else {
            self.scratch.set_part(self.family, part);
            &self.scratch.name
        };
        let Output { kind, time, start, .. } = *self;
        let labels = &self.scratch.labels;
        let sample = Exposed { name, labels, value, time, start, exemplars, kind };
        self.visit.entry(Entry::Sample(sample));
        if let Series::Bound { .. } = series {
            self.scratch.pop_bound();
        }
    }
}
