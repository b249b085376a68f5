//! `stage.labels`, `stage.static_labels`, `stage.label_drop`, `stage.label_keep`, `stage.tenant`.

use super::{Mapping, Run, StageSetupError, each, label_names, mapping, other, required};

/// The label that carries a tenant.
const TENANT: &str = "__tenant_id__";

/// Makes labels of extracted values or of structured metadata.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Names of labels, and the name of the value of each; an empty one is that of the label.
    pub values: Mapping,
    /// Where the values are.
    pub source_type: LabelSource,
}

/// Where values of labels come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelSource {
    /// Extracted values.
    #[default]
    Extracted,
    /// Structured metadata, which stays.
    StructuredMetadata,
}

/// Sets labels to fixed values.
#[derive(Clone, Debug, Default)]
pub struct StaticLabels {
    /// Names and values.
    pub values: Mapping,
}

/// Removes labels.
#[derive(Clone, Debug, Default)]
pub struct LabelDrop {
    /// Their names.
    pub values: Vec<String>,
}

/// Removes all labels but some.
#[derive(Clone, Debug, Default)]
pub struct LabelKeep {
    /// The names of those that stay.
    pub values: Vec<String>,
}

/// Sets the label `__tenant_id__`. One of the three says to what.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// To that label.
    pub label: String,
    /// To that extracted value.
    pub source: String,
    /// To this.
    pub value: String,
}

impl Labels {
    /// Makes these labels of extracted values.
    pub fn of<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        Labels { values: mapping(values), ..Labels::default() }
    }

    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("labels", "values", !self.values.is_empty())?;
        label_names("labels", self.values.iter().map(|pair| &*pair.0))?;
        let Labels { values, source_type } = self.clone();
        Ok(each(move |entry, _| {
            for pair in &values {
                let value = match source_type {
                    LabelSource::Extracted => {
                        entry.get(other(pair)).map(|value| value.into_owned())
                    }
                    LabelSource::StructuredMetadata => entry.metadata.get(other(pair)).cloned(),
                };
                if let Some(value) = value {
                    entry.labels.insert(pair.0.clone(), value);
                }
            }
        }))
    }
}

impl StaticLabels {
    /// Sets these labels.
    pub fn of<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        StaticLabels { values: mapping(values) }
    }

    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        label_names("static_labels", self.values.iter().map(|pair| &*pair.0))?;
        let values = self.values.clone();
        Ok(each(move |entry, _| entry.labels.extend(values.iter().cloned())))
    }
}

impl LabelDrop {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("label_drop", "values", !self.values.is_empty())?;
        let values = self.values.clone();
        Ok(each(move |entry, _| entry.labels.retain(|name, _| !values.contains(name))))
    }
}

impl LabelKeep {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("label_keep", "values", !self.values.is_empty())?;
        let values = self.values.clone();
        Ok(each(move |entry, _| entry.labels.retain(|name, _| values.contains(name))))
    }
}

impl Tenant {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let given = [&self.label, &self.source, &self.value];
        let one = given.iter().filter(|text| !text.is_empty()).count() == 1;
        required("tenant", "one of label, source and value", one)?;
        let tenant = self.clone();
        Ok(each(move |entry, _| {
            let value = match &tenant {
                Tenant { label, .. } if !label.is_empty() => entry.labels.get(label).cloned(),
                Tenant { source, .. } if !source.is_empty() => {
                    entry.get(source).map(|value| value.into_owned())
                }
                Tenant { value, .. } => Some(value.clone()),
            };
            if let Some(value) = value {
                entry.labels.insert(TENANT.to_owned(), value);
            }
        }))
    }
}
