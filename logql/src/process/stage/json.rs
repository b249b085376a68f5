//! `stage.json`: values of JSON documents.

use super::super::json::Json as Document;
use super::super::path::Path;
use super::{Mapping, Run, StageSetupError, mapping, optional, other, required, some};

const STAGE: &str = "json";

/// Extracts values of a JSON object.
#[derive(Clone, Debug, Default)]
pub struct Json {
    /// Names, and the path of each value as in JMESPath; an empty path is the name.
    pub expressions: Mapping,
    /// Members whose names this matches are extracted under their names as well.
    pub regex: String,
    /// The extracted value that is the document; empty: the line.
    pub source: String,
    /// Whether lines with a malformed document are dropped.
    pub drop_malformed: bool,
}

impl Json {
    /// Extracts these values of the line.
    pub fn of<N: Into<String>, V: Into<String>>(
        expressions: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Json { expressions: mapping(expressions), ..Json::default() }
    }

    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let is_there = !self.expressions.is_empty() || !self.regex.is_empty();
        required(STAGE, "expressions or regex", is_there)?;
        let path = |pair| match Path::parse(STAGE, other(pair)) {
            Ok(path) => Ok((pair.0.clone(), path)),
            Err(error) => Err(error),
        };
        let paths: Vec<_> = self.expressions.iter().map(path).collect::<Result<_, _>>()?;
        let regex = optional(STAGE, &self.regex)?;
        let Json { source, drop_malformed, .. } = self.clone();
        Ok(some("malformed_json".to_owned(), move |entry, _| {
            let Some(text) = entry.source(&source) else { return true };
            let document = Document::read(text.as_bytes());
            let Some(document @ Document::Object(_)) = document else { return !drop_malformed };
            if let (Some(regex), Document::Object(members)) = (&regex, &document) {
                let matching = members.iter().filter(|(name, _)| regex.is_match_str(name));
                matching.for_each(|(name, value)| entry.extract(name, value.to_value()));
            }
            for (name, path) in &paths {
                if let Some(value) = path.find(&document) {
                    entry.extract(name, value.to_value());
                }
            }
            true
        }))
    }
}
