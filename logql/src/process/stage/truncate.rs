//! `stage.truncate`: texts cut to a length.

use super::super::entry::{Entry, Value};
use super::{Run, StageSetupError, each, required};

/// Cuts what is too long.
#[derive(Clone, Debug, Default)]
pub struct Truncate {
    /// Each for itself, in order.
    pub rules: Vec<TruncateRule>,
}

/// What is cut, and to what length.
#[derive(Clone, Debug, Default)]
pub struct TruncateRule {
    /// Bytes that stay, `suffix` among them.
    pub limit: usize,
    /// What is cut.
    pub source_type: TruncateSource,
    /// Names of what is cut; without any all of that kind.
    pub sources: Vec<String>,
    /// What stands at the end of what was cut.
    pub suffix: String,
}

/// Where texts are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TruncateSource {
    /// The line.
    #[default]
    Line,
    /// Labels.
    Label,
    /// Structured metadata.
    StructuredMetadata,
    /// Extracted values that are texts.
    Extracted,
}

impl Truncate {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("truncate", "rules", !self.rules.is_empty())?;
        for rule in &self.rules {
            if rule.limit <= rule.suffix.len() {
                let (option, rule) = ("limit", "larger than the suffix is long");
                return Err(StageSetupError::Option { stage: "truncate", option, rule });
            }
        }
        let rules = self.rules.clone();
        Ok(each(move |entry, _| rules.iter().for_each(|rule| rule.apply(entry))))
    }
}

impl TruncateRule {
    fn apply(&self, entry: &mut Entry) {
        match self.source_type {
            TruncateSource::Line if entry.line.len() > self.limit => {
                let end = match std::str::from_utf8(&entry.line) {
                    Ok(line) => line.floor_char_boundary(self.limit - self.suffix.len()),
                    Err(_) => self.limit - self.suffix.len(),
                };
                entry.line.truncate(end);
                entry.line.extend_from_slice(self.suffix.as_bytes());
            }
            TruncateSource::Line => {}
            TruncateSource::Label => self.cut(entry.labels.iter_mut()),
            TruncateSource::StructuredMetadata => self.cut(entry.metadata.iter_mut()),
            TruncateSource::Extracted => {
                self.cut(entry.extracted.iter_mut().filter_map(|(name, value)| match value {
                    Value::Text(text) => Some((name, text)),
                    _ => None,
                }));
            }
        }
    }

    fn cut<'e>(&self, texts: impl Iterator<Item = (&'e String, &'e mut String)>) {
        for (name, text) in texts {
            let is_named = self.sources.is_empty() || self.sources.contains(name);
            if is_named && text.len() > self.limit {
                text.truncate(text.floor_char_boundary(self.limit - self.suffix.len()));
                text.push_str(&self.suffix);
            }
        }
    }
}
