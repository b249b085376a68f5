//! Takes a pushed profile apart into series.
//!
//! ~~~text
//! profile, 2 sample types          series  {…, __profile_type__="memory:alloc_space:…"}
//!   sample {thread="a"} 3, 30  ──▶   {thread="a"} 3      {thread="a"} 30
//!   sample {thread="b"} 4, 0         {thread="b"} 4
//! ~~~
//!
//! As in Pyroscope: every sample type is a series of its own, and so is every set of string
//! labels that samples have; numeric labels are left out; labels of the profile win over labels
//! of samples. `span_id` (formerly `profile_id`) and `trace_id` do not make series: they stay
//! with the sample. Equal stacks are added up, zeros are left out.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use telemetry_core::labels::{Labels, LabelsBuilder};
use telemetry_core::model::{Profile, ProfileSample, SampleLabelValue, SpanId};
use telemetry_core::sink::RefusalReason;

use crate::profile_type::ProfileType;

/// The label that carries the profile type.
pub const PROFILE_TYPE: &str = "__profile_type__";

/// The labels that carry the parts of the profile type, in their order.
const TYPE_PARTS: [&str; 5] =
    ["__name__", "__type__", "__unit__", "__period_type__", "__period_unit__"];

/// The samples of one series.
#[derive(Debug)]
pub(crate) struct SeriesSamples<'a> {
    pub(crate) labels: Labels,
    pub(crate) samples: Vec<StackValue<'a>>,
}

/// A stack (locations, leaf first) with its value and the span it was taken in (0 if none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StackValue<'a> {
    pub(crate) stack: &'a [u32],
    pub(crate) span: u64,
    pub(crate) value: i64,
}

/// Samples with their spans, by the string labels that make a series.
type Groups<'a> = BTreeMap<Vec<(u32, u32)>, Vec<(u64, &'a ProfileSample)>>;

/// The series of a valid profile. A series without any value is left out.
pub(crate) fn split<'a>(
    name: &str,
    labels: &Labels,
    profile: &'a Profile,
) -> Result<Vec<SeriesSamples<'a>>, RefusalReason> {
    let mut groups = Groups::new();
    for sample in &profile.samples {
        let (key, span) = group_of(profile, sample)?;
        groups.entry(key).or_default().push((span, sample));
    }
    // Other labels may be the same series: names are told by their text, labels of the profile win.
    let mut by_labels: BTreeMap<Labels, Vec<(u64, &ProfileSample)>> = BTreeMap::new();
    for (key, members) in groups {
        by_labels.entry(group_labels(labels, profile, &key)).or_default().extend(members);
    }
    let mut series = Vec::new();
    for (at, sample_type) in profile.sample_types.iter().enumerate() {
        let kind = ProfileType::new(name, sample_type, &profile.period_type);
        if kind.broken_part().is_some() {
            return Err(RefusalReason::Malformed { rule: "a part of a profile type has no colon" });
        }
        for (labels, members) in &by_labels {
            let samples = added_up(members, at);
            if !samples.is_empty() {
                let labels = series_labels(labels, &kind);
                series.push(SeriesSamples { labels, samples });
            }
        }
    }
    Ok(series)
}

/// The string labels that make a series, sorted, and the span.
fn group_of(
    profile: &Profile,
    sample: &ProfileSample,
) -> Result<(Vec<(u32, u32)>, u64), RefusalReason> {
    let mut key = Vec::new();
    let mut span = 0;
    for label in &sample.labels {
        let SampleLabelValue::Text(value) = label.value else { continue };
        match profile.string(label.key) {
            "span_id" | "profile_id" => span = span_of(profile.string(value))?,
            "trace_id" => {}
            _ => key.push((label.key, value)),
        }
    }
    key.sort_unstable();
    key.dedup();
    Ok((key, span))
}

/// A span id is 16 hexadecimal digits. Anything else is an older kind of id and says nothing.
fn span_of(text: &str) -> Result<u64, RefusalReason> {
    if text.len() != 16 {
        return Ok(0);
    }
    let id: Result<SpanId, _> = text.parse();
    id.map(|id| u64::from_be_bytes(id.0))
        .map_err(|_| RefusalReason::Malformed { rule: "a span id has 16 hexadecimal digits" })
}

/// The labels of the profile and of some of its samples, without those that the store sets.
fn group_labels(labels: &Labels, profile: &Profile, key: &[(u32, u32)]) -> Labels {
    let mut builder = LabelsBuilder::new();
    for (name, value) in key {
        builder.set(profile.string(*name), profile.string(*value));
    }
    for (name, value) in labels.iter() {
        builder.set(name, value);
    }
    for name in TYPE_PARTS.into_iter().chain([PROFILE_TYPE]) {
        builder.remove(name);
    }
    builder.build()
}

fn series_labels(labels: &Labels, kind: &ProfileType) -> Labels {
    let mut builder = LabelsBuilder::from(labels);
    builder.set(PROFILE_TYPE, &kind.to_string());
    for (name, value) in TYPE_PARTS.into_iter().zip(kind.parts()) {
        builder.set(name, value);
    }
    builder.build()
}

fn added_up<'a>(members: &[(u64, &'a ProfileSample)], at: usize) -> Vec<StackValue<'a>> {
    let mut positions: HashMap<(&[u32], u64), usize> = HashMap::new();
    let mut samples: Vec<StackValue<'a>> = Vec::new();
    for (span, sample) in members {
        let value = sample.values.get(at).copied().unwrap_or(0);
        if value == 0 {
            continue;
        }
        let position = *positions.entry((&sample.stack, *span)).or_insert(samples.len());
        match samples.get_mut(position) {
            Some(known) => known.value = known.value.saturating_add(value),
            None => samples.push(StackValue { stack: &sample.stack, span: *span, value }),
        }
    }
    samples.retain(|sample| sample.value != 0);
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::model::{SampleLabel, ValueType};

    fn value_type(kind: &str, unit: &str) -> ValueType {
        ValueType { kind: kind.into(), unit: unit.into() }
    }

    fn profile(samples: Vec<ProfileSample>) -> Profile {
        Profile {
            sample_types: vec![value_type("samples", "count"), value_type("cpu", "nanoseconds")],
            period_type: value_type("cpu", "nanoseconds"),
            strings: ["", "thread", "a", "b", "span_id", "00000000000000ff"]
                .map(str::to_owned)
                .to_vec(),
            samples,
            ..Profile::default()
        }
    }

    fn sample(stack: &[u32], values: [i64; 2], labels: &[(u32, u32)]) -> ProfileSample {
        let label = |(key, value): &(u32, u32)| SampleLabel {
            key: *key,
            value: SampleLabelValue::Text(*value),
        };
        ProfileSample {
            stack: stack.to_vec(),
            values: values.to_vec(),
            labels: labels.iter().map(label).collect(),
        }
    }

    #[test]
    fn sample_types_and_labels_make_series() {
        let profile = profile(vec![
            sample(&[1], [1, 10], &[(1, 2)]),
            sample(&[1], [2, 20], &[(1, 2)]),
            sample(&[2], [3, 0], &[(1, 3)]),
        ]);
        let series = split("process_cpu", &labels! { "service" => "x" }, &profile).unwrap();
        let found: Vec<(&str, &str, i64)> = series
            .iter()
            .map(|series| {
                let label = |name| series.labels.get(name).unwrap_or_default();
                (label("__type__"), label("thread"), series.samples[0].value)
            })
            .collect();
        assert_eq!(found, [("samples", "a", 3), ("samples", "b", 3), ("cpu", "a", 30)]);
        assert_eq!(
            series[2].labels.get(PROFILE_TYPE),
            Some("process_cpu:cpu:nanoseconds:cpu:nanoseconds")
        );
    }

    #[test]
    fn labels_of_the_profile_win() {
        let profile = profile(vec![sample(&[1], [1, 1], &[(1, 2)])]);
        let series = split("p", &labels! { "thread" => "mine" }, &profile).unwrap();
        assert_eq!(series[0].labels.get("thread"), Some("mine"));
    }

    #[test]
    fn samples_that_differ_in_what_the_profile_overrides_are_one_series() {
        let mut profile =
            profile(vec![sample(&[1], [1, 1], &[(1, 2)]), sample(&[1], [2, 2], &[(1, 3)])]);
        let series = split("p", &labels! { "thread" => "mine" }, &profile).unwrap();
        assert_eq!(series.len(), 2);
        assert_eq!(series[0].samples[0].value, 3);
        // A string that is there twice has two numbers and one meaning.
        profile.strings[3] = "a".into();
        assert_eq!(split("p", &Labels::default(), &profile).unwrap().len(), 2);
    }

    #[test]
    fn spans_stay_with_the_sample() {
        let profile = profile(vec![sample(&[1], [1, 1], &[(4, 5)]), sample(&[1], [1, 1], &[])]);
        let series = split("p", &Labels::default(), &profile).unwrap();
        assert_eq!(series.len(), 2);
        let spans: Vec<u64> = series[0].samples.iter().map(|sample| sample.span).collect();
        assert_eq!(spans, [255, 0]);
    }
}
