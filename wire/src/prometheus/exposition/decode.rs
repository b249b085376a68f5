//! Hands the samples of an exposition to a sink.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use telemetry_core::labels::METRIC_NAME;
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};
use telemetry_core::time::Millis;

use super::entry::{Entry, Exposed, ExposedValue, Label};
use super::visit::Sampled;
use super::{Format, ReadOptions, read};
use crate::error::Error;
use crate::outcome::Outcome;

/// Up to this many labels are handed on without an allocation.
const INLINE_LABELS: usize = 16;

/// Put in front of a label that the target's label of the same name covers.
const EXPORTED: &str = "exported_";

/// Hands the samples of a text in Prometheus' exposition format to `sink` and commits them:
/// [`decode_exposition`] of [`Format::Text`].
///
/// # Errors
///
/// As [`decode_exposition`].
pub fn decode_text(
    input: &[u8],
    default_time: Millis,
    extra_labels: &[(&str, &str)],
    sink: &mut dyn MetricSink,
) -> Result<Outcome, Error> {
    decode_exposition(input, Format::Text, default_time, extra_labels, sink)
}

/// Hands the samples of an exposition to `sink` and commits them.
///
/// Samples without a timestamp get `default_time`. Every series gets `extra_labels`, such as `job`
/// and `instance`; a label of the input that has the same name is kept as `exported_…`. Bounds of
/// histograms and quantiles of summaries are spelt as floats (`1` becomes `1.0`), as Prometheus
/// does since version 3. `_created` series of OpenMetrics are taken as the start timestamps of
/// their metrics. Of a protobuf histogram that is both native and classic, both are stored.
///
/// Items are samples. One whose labels repeat a name, or which the store does not take, is
/// refused.
///
/// # Errors
///
/// Where the input is not in the format: [`Error::Exposition`] with the line and the place in it, or
/// [`Error::Protobuf`]. Nothing is committed then, as Prometheus drops a scrape as a whole, but
/// `sink` may hold samples: drop it.
pub fn decode_exposition(
    input: &[u8],
    format: Format,
    default_time: Millis,
    extra_labels: &[(&str, &str)],
    sink: &mut dyn MetricSink,
) -> Result<Outcome, Error> {
    let mut families = Families::default();
    read(input, format, ReadOptions::default(), &mut |entry| {
        if let Some(sample) = families.take(entry) {
            let series = with_labels(sample.name, sample.labels, extra_labels, sink);
            hand_over(Sampled::from(&sample), series, default_time.0, sink);
        }
    })?;
    families.finish(sink);
    Ok(Outcome::of(sink.commit()?, 0))
}

/// Hands a sample and its exemplars to `sink`, or counts it as refused.
#[inline]
pub(super) fn hand_over<S: MetricSink + ?Sized>(
    sample: Sampled<'_>,
    series: Result<SeriesRef, RefusalReason>,
    default_time: i64,
    sink: &mut S,
) {
    let series = match series {
        Ok(series) => series,
        Err(reason) => return sink.refuse(reason),
    };
    let sampled = sample.time.unwrap_or(default_time);
    let value = match sample.value {
        ExposedValue::Float(value) => SampleValue::Float(value),
        ExposedValue::Histogram(histogram) => SampleValue::Histogram(Arc::clone(histogram)),
    };
    let is_native = matches!(value, SampleValue::Histogram(_));
    sink.append(series, sampled, value, sample.start);
    for exemplar in sample.exemplars {
        // Without a time, repeated exemplars of a native histogram cannot be told from new ones.
        let time = match exemplar.time {
            None if is_native => continue,
            time => Millis(time.unwrap_or(sampled)),
        };
        let (labels, value) = (exemplar.labels.clone(), exemplar.value);
        sink.exemplar(series, Exemplar { labels, value, time });
    }
}

/// Metadata by family, in the order of the input.
#[derive(Default)]
pub(crate) struct Families {
    metadata: HashMap<String, (usize, Metadata)>,
}

impl Families {
    /// Takes what is metadata and gives back what is a sample.
    pub(crate) fn take<'e>(&mut self, entry: Entry<'e>) -> Option<Exposed<'e>> {
        match entry {
            Entry::Help { family, text } => text.clone_into(&mut self.enter(family).help),
            Entry::Type { family, kind } => self.enter(family).kind = kind,
            Entry::Unit { family, unit } => unit.clone_into(&mut self.enter(family).unit),
            Entry::Sample(sample) => return Some(sample),
        }
        None
    }

    /// The metadata of `family`.
    fn enter(&mut self, family: &str) -> &mut Metadata {
        let next = self.metadata.len();
        let entry = self.metadata.entry(family.to_owned());
        &mut entry.or_insert_with(|| (next, Metadata::default())).1
    }

    /// Hands the metadata to `sink`, in the order of the input.
    pub(crate) fn finish(self, sink: &mut dyn MetricSink) {
        let mut families: Vec<_> = self.metadata.into_iter().collect();
        families.sort_unstable_by_key(|(_, (position, _))| *position);
        for (name, (_, metadata)) in families {
            sink.metadata(&name, &metadata);
        }
    }
}

/// Resolves the series of a sample.
pub(super) fn with_labels(
    name: &str,
    labels: &[Label<'_>],
    extra: &[(&str, &str)],
    sink: &mut dyn MetricSink,
) -> Result<SeriesRef, RefusalReason> {
    let is_covered =
        |name: &str| extra.iter().any(|(other, value)| *other == name && !value.is_empty());
    if labels.iter().any(|(name, _)| is_covered(name)) {
        return with_exported(name, labels, extra, sink);
    }
    let own = labels.iter().map(|(name, value)| (&**name, &**value));
    let all = [(METRIC_NAME, name)].into_iter().chain(own).chain(extra.iter().copied());
    let all = all.filter(|(_, value)| !value.is_empty());
    if labels.len() + extra.len() >= INLINE_LABELS {
        return resolve(&all.collect::<Vec<_>>(), sink);
    }
    let mut pairs = [("", ""); INLINE_LABELS];
    let mut len = 0;
    all.for_each(|pair| {
        if let Some(slot) = pairs.get_mut(len) {
            *slot = pair;
            len += 1;
        }
    });
    resolve(pairs.get(..len).unwrap_or_default(), sink)
}

/// As [`with_labels`] where the target covers some of the labels.
fn with_exported(
    name: &str,
    labels: &[Label<'_>],
    extra: &[(&str, &str)],
    sink: &mut dyn MetricSink,
) -> Result<SeriesRef, RefusalReason> {
    let mut taken: HashSet<Cow<'_, str>> =
        labels.iter().map(|(name, _)| Cow::Borrowed(&**name)).collect();
    taken.extend(extra.iter().map(|(name, _)| Cow::Borrowed(*name)));
    let mut names = Vec::with_capacity(labels.len());
    for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
        let mut renamed = Cow::Borrowed(&**name);
        if extra.iter().any(|(other, value)| other == name && !value.is_empty()) {
            while taken.contains(&renamed) {
                renamed = Cow::Owned(format!("{EXPORTED}{renamed}"));
            }
            taken.insert(renamed.clone());
        }
        names.push((renamed, &**value));
    }
    let own = names.iter().map(|(name, value)| (&**name, *value));
    let all = [(METRIC_NAME, name)].into_iter().chain(own).chain(extra.iter().copied());
    resolve(&all.filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>(), sink)
}

fn resolve(pairs: &[(&str, &str)], sink: &mut dyn MetricSink) -> Result<SeriesRef, RefusalReason> {
    let labels = RawLabels::new(pairs);
    if let Some(name) = labels.duplicate() {
        return Err(RefusalReason::DuplicateLabel { name: name.to_owned() });
    }
    sink.resolve(&labels)
}
