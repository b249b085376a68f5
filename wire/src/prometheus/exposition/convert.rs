//! Turns classic histograms into native ones with custom buckets: Prometheus'
//! `convert_classic_histograms_to_nhcb`.
//!
//! 1. Samples `x_bucket`, `x_sum` and `x_count` are collected while the last type entry says that `x`
//!    is a histogram, and labels but `le` stay the same.
//! 2. Whatever comes next ends the histogram: it becomes one sample of `x`, with the time of the last
//!    of its samples, the start of the first, and the exemplars of all.
//! 3. A histogram that was exposed natively before its classic form is not converted.
//!
//! What cannot be converted, because counts fall, are negative, or do not agree, is left out, as there.
//! A bucket that comes twice counts once; a bucket at infinity that is missing has the count, and a
//! count that is missing is that of the last bucket.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::sync::Arc;

use telemetry_core::model::{CUSTOM_BUCKETS_SCHEMA, Histogram, MetricKind};
use telemetry_core::syntax::number::parse_float;

use super::entry::{Entry, Exposed, ExposedExemplar, ExposedValue, Label};
use crate::prometheus::native::{compacted, integer};

const BOUND: &str = "le";

/// So many empty buckets in a row are kept between others, of integer populations.
const GAP_MAX: usize = 2;

/// Converts what passes through it.
#[derive(Debug)]
pub(super) struct Converter {
    /// Whether the classic form passes too.
    keeps_classic: bool,
    family: String,
    kind: MetricKind,
    collected: Option<Collected>,
    /// The labels of the last native histogram, if no other has come since.
    native: Option<(String, Vec<Label<'static>>)>,
}

/// Which part of a histogram a sample is.
#[derive(Clone, Copy, Debug)]
enum Part {
    Bucket(f64),
    Sum,
    Count,
}

/// The samples of a histogram so far.
#[derive(Debug, Default)]
struct Collected {
    labels: Vec<Label<'static>>,
    /// Bounds rise, and counts do not fall.
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: Option<f64>,
    time: Option<i64>,
    start: i64,
    exemplars: Vec<ExposedExemplar>,
    /// Whether it cannot be converted.
    is_broken: bool,
}

impl Converter {
    pub(super) fn new(keeps_classic: bool) -> Self {
        let (family, collected, native) = Default::default();
        Converter { keeps_classic, family, kind: MetricKind::Unknown, collected, native }
    }

    /// Takes the next entry and hands on what it leads to.
    pub(super) fn take(&mut self, entry: Entry<'_>, visit: &mut impl FnMut(Entry<'_>)) {
        let sample = match entry {
            Entry::Sample(sample) => sample,
            entry => {
                self.finish(visit);
                if let Entry::Type { family, kind } = entry {
                    family.clone_into(&mut self.family);
                    self.kind = kind;
                }
                return visit(entry);
            }
        };
        let (name, labels) = (sample.name, sample.labels);
        let value = match sample.value {
            ExposedValue::Float(value) => value,
            ExposedValue::Histogram(_) => {
                self.finish(visit);
                self.native = Some((name.to_owned(), owned(labels)));
                return visit(entry);
            }
        };
        let part = self.part(&sample).filter(|_| !self.is_native(labels));
        let Some(part) = part else {
            self.finish(visit);
            return visit(entry);
        };
        let is_same = |collected: &Collected| eq_without_bound(&collected.labels, labels);
        if !self.collected.as_ref().is_some_and(is_same) {
            self.finish(visit);
        }
        let collected = self.collected.get_or_insert_with(|| Collected {
            labels: owned(labels),
            start: sample.start,
            ..Collected::default()
        });
        collected.add(part, value);
        collected.time = sample.time;
        collected.exemplars.extend_from_slice(sample.exemplars);
        if self.keeps_classic {
            visit(entry);
        }
    }

    /// What a sample is to the histogram that the last type entry names.
    fn part(&self, sample: &Exposed<'_>) -> Option<Part> {
        if self.kind != MetricKind::Histogram {
            return None;
        }
        match sample.name.strip_prefix(self.family.as_str())? {
            "_sum" => Some(Part::Sum),
            "_count" => Some(Part::Count),
            "_bucket" => {
                let (_, bound) = sample.labels.iter().find(|(name, _)| name == BOUND)?;
                parse_float(bound).ok().filter(|bound| !bound.is_nan()).map(Part::Bucket)
            }
            _ => None,
        }
    }

    /// Whether the histogram with these labels was exposed natively.
    fn is_native(&self, labels: &[Label<'_>]) -> bool {
        let native = self.native.as_ref().filter(|(name, _)| *name == self.family);
        native.is_some_and(|(_, native)| eq_without_bound(native, labels))
    }

    /// Hands on what is collected.
    pub(super) fn finish(&mut self, visit: &mut impl FnMut(Entry<'_>)) {
        let Some(collected) = self.collected.take() else { return };
        self.native = None;
        let Collected { time, start, .. } = collected;
        let (labels, exemplars, histogram) = collected.histogram();
        if let Some(histogram) = histogram {
            visit(Entry::Sample(Exposed {
                name: &self.family,
                labels: &labels,
                value: ExposedValue::Histogram(&Arc::new(histogram)),
                time,
                start,
                exemplars: &exemplars,
                kind: MetricKind::Histogram,
            }));
        }
    }
}

impl Collected {
    fn add(&mut self, part: Part, value: f64) {
        match part {
            Part::Sum => self.sum = value,
            Part::Count => {
                self.is_broken |= value < 0.0;
                self.count = Some(value);
            }
            Part::Bucket(bound) => {
                let at = self.buckets.partition_point(|bucket| bucket.0 < bound);
                let after = self.buckets.get(at);
                if after.is_some_and(|after| after.0 == bound) {
                    return;
                }
                let before = at.checked_sub(1).and_then(|at| self.buckets.get(at));
                self.is_broken |= value < 0.0
                    || before.is_some_and(|before| value < before.1)
                    || after.is_some_and(|after| value > after.1);
                self.buckets.insert(at, (bound, value));
            }
        }
    }

    /// Its labels and exemplars, and the histogram if it is one.
    fn histogram(mut self) -> (Vec<Label<'static>>, Vec<ExposedExemplar>, Option<Histogram>) {
        let (labels, exemplars) =
            (std::mem::take(&mut self.labels), std::mem::take(&mut self.exemplars));
        (labels, exemplars, self.converted())
    }

    fn converted(mut self) -> Option<Histogram> {
        let last = self.buckets.last().copied();
        let count = self.count.or(last.map(|last| last.1)).filter(|_| !self.is_broken)?;
        if last.is_none_or(|last| last.0 != f64::INFINITY) {
            self.buckets.push((f64::INFINITY, count));
        }
        if self.buckets.last()?.1 != count {
            return None;
        }
        let is_integer = self.buckets.iter().all(|bucket| integer(bucket.1).is_some());
        let mut before = 0.0;
        let populations: Vec<f64> = (self.buckets.iter())
            .map(|bucket| bucket.1 - std::mem::replace(&mut before, bucket.1))
            .collect();
        let gap_max = if is_integer { GAP_MAX } else { 0 };
        let (positive_spans, positive_buckets) = compacted(&populations, gap_max);
        let bounds = self.buckets.iter().map(|bucket| bucket.0);
        let histogram = Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count,
            sum: self.sum,
            positive_spans,
            positive_buckets,
            custom_bounds: bounds.take(self.buckets.len() - 1).collect(),
            ..Histogram::default()
        };
        histogram.validate().is_ok().then_some(histogram)
    }
}

/// The labels but the bound.
fn owned(labels: &[Label<'_>]) -> Vec<Label<'static>> {
    let labels = labels.iter().filter(|(name, _)| name != BOUND);
    let own = |text: &Cow<'_, str>| Cow::Owned(text.to_string());
    labels.map(|(name, value)| (own(name), own(value))).collect()
}

/// Whether `labels` but the bound are `without`, in any order.
fn eq_without_bound(without: &[Label<'_>], labels: &[Label<'_>]) -> bool {
    let mut own: Vec<_> = labels.iter().filter(|(name, _)| name != BOUND).collect();
    if own.len() != without.len() {
        return false;
    }
    if own.iter().zip(without).all(|(a, b)| *a == b) {
        return true;
    }
    let mut without: Vec<_> = without.iter().collect();
    own.sort();
    without.sort();
    own == without
}
