//! Hands the samples of a text to a sink.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use telemetry_core::labels::METRIC_NAME;
use telemetry_core::model::{Metadata, MetricKind};
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};
use telemetry_core::syntax::number::{parse_float, write_g};
use telemetry_core::time::Millis;

use super::cursor::Cursor;
use super::line::{self, Label, Line};
use crate::error::Error;
use crate::outcome::Outcome;

/// Up to this many labels are handed on without an allocation.
const INLINE_LABELS: usize = 32;

/// Put in front of a label that the target's label of the same name covers.
const EXPORTED: &str = "exported_";

/// Hands the samples of a text in Prometheus' exposition format to `sink` and commits them.
///
/// Samples without a timestamp get `default_time`. Every series gets `extra_labels`, such as `job`
/// and `instance`; a label of the text that has the same name is kept as `exported_…`. Bounds of
/// histograms and quantiles of summaries are spelt as floats (`1` becomes `1.0`), as Prometheus
/// does since version 3.
///
/// Items are samples. One whose labels repeat a name, or which the store does not take, is
/// refused.
///
/// # Errors
///
/// Where a line is not in the format: [`Error::Exposition`] with its number, and the place in it.
/// Nothing is committed then, as Prometheus drops a scrape as a whole, but `sink` may hold samples:
/// drop it.
pub fn decode_text(
    input: &[u8],
    default_time: Millis,
    extra_labels: &[(&str, &str)],
    sink: &mut dyn MetricSink,
) -> Result<Outcome, Error> {
    let mut cursor = Cursor::new(input);
    let mut labels = Vec::new();
    let mut families = Families::default();
    while !cursor.is_at_end() {
        match line::read(&mut cursor, &mut labels)? {
            Line::Nothing => {}
            Line::Help { family, text } => families.enter(family).help = text,
            Line::Type { family, kind } => {
                families.enter(family).kind = kind;
                families.kind = kind;
            }
            Line::Sample { name, value, time } => {
                normalise(&mut labels, families.kind);
                let time = time.unwrap_or(default_time.0);
                match with_labels(&name, &labels, extra_labels, sink) {
                    Ok(series) => sink.append(series, time, value.into(), 0),
                    Err(reason) => sink.refuse(reason),
                }
            }
        }
    }
    families.finish(sink);
    Ok(Outcome::of(sink.commit()?, 0))
}

/// Metadata by family, and the type that the next samples have.
#[derive(Default)]
struct Families<'a> {
    /// With the position of the family's first appearance.
    metadata: HashMap<Cow<'a, str>, (usize, Metadata)>,
    present: Option<Cow<'a, str>>,
    kind: MetricKind,
}

impl<'a> Families<'a> {
    /// The metadata of `family`. A type holds until another family's metadata begins, whatever the
    /// names of the samples in between.
    fn enter(&mut self, family: Cow<'a, str>) -> &mut Metadata {
        if self.present.as_ref() != Some(&family) {
            self.present = Some(family.clone());
            self.kind = MetricKind::Unknown;
        }
        let next = self.metadata.len();
        let (_, metadata) =
            self.metadata.entry(family).or_insert_with(|| (next, Metadata::default()));
        metadata
    }

    /// Hands the metadata to `sink`, in the order of the text.
    fn finish(self, sink: &mut dyn MetricSink) {
        let mut families: Vec<_> = self.metadata.into_iter().collect();
        families.sort_unstable_by_key(|(_, (position, _))| *position);
        for (name, (_, metadata)) in families {
            sink.metadata(&name, &metadata);
        }
    }
}

/// Spells the bounds of histograms and the quantiles of summaries in one way.
fn normalise(labels: &mut [Label<'_>], kind: MetricKind) {
    let bound = match kind {
        MetricKind::Histogram => "le",
        MetricKind::Summary => "quantile",
        _ => return,
    };
    for (name, value) in labels {
        if name == bound
            && let Ok(number) = parse_float(value)
        {
            let text = float_text(number);
            if *value != text {
                *value = Cow::Owned(text);
            }
        }
    }
}

/// A float as OpenMetrics spells it: never without a point or an exponent.
fn float_text(value: f64) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_g(&mut text, value);
    if value.is_finite() && !text.contains(['e', '.']) {
        let _ = text.write_str(".0");
    }
    text
}

/// Resolves the series of a sample.
fn with_labels(
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
    for (slot, pair) in pairs.iter_mut().zip(all) {
        *slot = pair;
        len += 1;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_a_point_or_an_exponent() {
        let cases = [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (0.25, "0.25"),
            (1e6, "1e+06"),
            (f64::INFINITY, "+Inf"),
            (1e-5, "1e-05"),
        ];
        for (value, text) in cases {
            assert_eq!(float_text(value), text);
        }
    }
}
