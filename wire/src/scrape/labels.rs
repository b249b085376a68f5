//! The labels of a series: what is exposed, with the target's labels and the rules applied.

use telemetry_core::labels::{
    Labels, LabelsBuilder, METRIC_NAME, is_classic_metric_name, is_classic_name,
};

use super::ingest::ScrapeError;
use super::options::ScrapeOptions;
use crate::prometheus::Label;

/// Put in front of an exposed label that the target's label of the same name covers.
const EXPORTED: &str = "exported_";

/// The labels of a series; none where the rules drop it.
pub(super) fn make(
    name: &str,
    exposed: &[Label<'_>],
    target: &Labels,
    options: &ScrapeOptions,
) -> Result<Option<Labels>, ScrapeError> {
    let mut builder = LabelsBuilder::new();
    builder.set(METRIC_NAME, name);
    for (at, (label, value)) in exposed.iter().enumerate() {
        let is_repeated = exposed.iter().take(at).any(|(other, _)| other == label);
        if is_repeated || label == METRIC_NAME {
            return Err(ScrapeError::DuplicateLabel { name: label.to_string() });
        }
        builder.set(label, value);
    }
    if options.honor_labels {
        for (label, value) in target {
            // An exposed label that is empty covers the target's too.
            if label != METRIC_NAME && !exposed.iter().any(|(other, _)| other == label) {
                builder.set(label, value);
            }
        }
    } else {
        cover(&mut builder, target);
    }
    if !options.metric_relabeling.apply_to(&mut builder) {
        return Ok(None);
    }
    let labels = builder.build();
    if labels.is_empty() {
        return Ok(None);
    }
    if labels.name().is_none() {
        return Err(ScrapeError::NoName);
    }
    check(&labels, options)?;
    Ok(Some(labels))
}

/// Sets the target's labels; those that they cover are kept under other names, the shortest first.
fn cover(builder: &mut LabelsBuilder, target: &Labels) {
    let mut covered: Vec<(String, String)> = Vec::new();
    for (label, value) in target {
        covered.extend(builder.get(label).map(|own| (label.to_owned(), own.to_owned())));
        builder.set(label, value);
    }
    covered.sort_by_key(|(label, _)| label.len());
    for (label, value) in covered {
        let mut renamed = format!("{EXPORTED}{label}");
        while builder.get(&renamed).is_some() {
            renamed.insert_str(0, EXPORTED);
        }
        builder.set(&renamed, &value);
    }
}

fn check(labels: &Labels, options: &ScrapeOptions) -> Result<(), ScrapeError> {
    let exceeds = |found: usize, limit: usize| limit > 0 && found > limit;
    let error = |what, found, limit| {
        let metric = labels.name().unwrap_or_default().to_owned();
        Err(ScrapeError::LabelLimit { what, metric, found, limit })
    };
    if options.legacy_names {
        let is_right = |(name, value): &(&str, &str)| match *name {
            METRIC_NAME => is_classic_metric_name(value),
            name => is_classic_name(name),
        };
        if let Some((name, value)) = labels.iter().find(|label| !is_right(label)) {
            let name = if name == METRIC_NAME { value } else { name }.to_owned();
            return Err(ScrapeError::InvalidName { name });
        }
    }
    let count = labels.len();
    if exceeds(count, options.label_limit) {
        return error("labels", count, options.label_limit);
    }
    for (name, value) in labels {
        if exceeds(name.len(), options.label_name_length_limit) {
            return error("bytes of a label name", name.len(), options.label_name_length_limit);
        }
        if exceeds(value.len(), options.label_value_length_limit) {
            return error("bytes of a label value", value.len(), options.label_value_length_limit);
        }
    }
    Ok(())
}
