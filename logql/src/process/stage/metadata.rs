//! `stage.structured_metadata` and `stage.structured_metadata_drop`.

use super::{Mapping, Run, StageSetupError, each, mapping, optional, other, required};

/// Makes structured metadata of extracted values.
#[derive(Clone, Debug, Default)]
pub struct StructuredMetadata {
    /// Names of metadata, and the extracted value of each; an empty one is the name.
    pub values: Mapping,
    /// Extracted values whose names this matches become metadata under their names as well.
    pub regex: String,
}

/// Removes structured metadata.
#[derive(Clone, Debug, Default)]
pub struct StructuredMetadataDrop {
    /// The names.
    pub values: Vec<String>,
}

impl StructuredMetadata {
    /// Makes this metadata.
    pub fn of<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        StructuredMetadata { values: mapping(values), ..StructuredMetadata::default() }
    }

    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        const STAGE: &str = "structured_metadata";
        let is_there = !self.values.is_empty() || !self.regex.is_empty();
        required(STAGE, "values or regex", is_there)?;
        let regex = optional(STAGE, &self.regex)?;
        let values = self.values.clone();
        Ok(each(move |entry, _| {
            if let Some(regex) = &regex {
                let matching = entry.extracted.iter().filter(|pair| regex.is_match_str(pair.0));
                let texts = matching.filter_map(|(name, value)| Some((name, value.text()?)));
                entry
                    .metadata
                    .extend(texts.map(|(name, value)| (name.clone(), value.into_owned())));
            }
            for pair in &values {
                if let Some(value) = entry.get(other(pair)).map(|value| value.into_owned()) {
                    entry.metadata.insert(pair.0.clone(), value);
                }
            }
        }))
    }
}

impl StructuredMetadataDrop {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("structured_metadata_drop", "values", !self.values.is_empty())?;
        let values = self.values.clone();
        Ok(each(move |entry, _| entry.metadata.retain(|name, _| !values.contains(name))))
    }
}
