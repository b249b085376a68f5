//! `stage.logfmt`: values of logfmt lines.

use super::{Mapping, Run, StageSetupError, each, mapping, optional, other, required};
use crate::stage::logfmt::Logfmt as Pairs;

const STAGE: &str = "logfmt";

/// Extracts values of pairs.
#[derive(Clone, Debug, Default)]
pub struct Logfmt {
    /// Names, and the key of each value; an empty key is the name.
    pub mapping: Mapping,
    /// Pairs whose keys this matches are extracted under their keys as well.
    pub regex: String,
    /// The extracted value that is read; empty: the line.
    pub source: String,
}

impl Logfmt {
    /// Extracts these values of the line.
    pub fn of<N: Into<String>, V: Into<String>>(
        mapping_of: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Logfmt { mapping: mapping(mapping_of), ..Logfmt::default() }
    }

    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let is_there = !self.mapping.is_empty() || !self.regex.is_empty();
        required(STAGE, "mapping or regex", is_there)?;
        let regex = optional(STAGE, &self.regex)?;
        let Logfmt { mapping, source, .. } = self.clone();
        Ok(each(move |entry, _| {
            let Some(text) = entry.source(&source).map(|text| text.into_owned()) else { return };
            // A pair that is none does not hide those behind it.
            for pair in Pairs::new(text.as_bytes()).flatten() {
                let Ok(key) = std::str::from_utf8(pair.key) else { continue };
                let mut value = String::new();
                pair.value.text_into(&mut value);
                if regex.as_ref().is_some_and(|regex| regex.is_match_str(key)) {
                    entry.extract(key, value.as_str());
                }
                for wanted in mapping.iter().filter(|pair| other(pair) == key) {
                    entry.extract(&wanted.0, value.as_str());
                }
            }
        }))
    }
}
