//! `stage.pack`: labels and values packed into the line, as `| unpack` reads it.

use std::collections::BTreeMap;

use super::super::json::write_text;
use super::{Run, StageSetupError, each, required};

/// Makes the line a JSON object of labels, extracted values and, under `_entry`, the line. Labels
/// that are packed are labels no more.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Names of labels and extracted values; of equal names the label counts.
    pub labels: Vec<String>,
    /// Whether the time becomes that of packing.
    pub ingest_timestamp: bool,
}

impl Default for Pack {
    fn default() -> Self {
        Pack { labels: Vec::new(), ingest_timestamp: true }
    }
}

impl Pack {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("pack", "labels", !self.labels.is_empty())?;
        let Pack { labels, ingest_timestamp } = self.clone();
        Ok(each(move |entry, context| {
            let mut packed = BTreeMap::new();
            for name in &labels {
                if let Some(value) = entry.get(name) {
                    packed.insert(name.as_str(), value.into_owned());
                }
                if let Some(value) = entry.labels.remove(name) {
                    packed.insert(name.as_str(), value);
                }
            }
            let mut line = String::from("{");
            for (name, value) in &packed {
                write_text(name, &mut line);
                line.push(':');
                write_text(value, &mut line);
                line.push(',');
            }
            line.push_str("\"_entry\":");
            write_text(&entry.text(), &mut line);
            line.push('}');
            entry.line = line.into_bytes();
            if ingest_timestamp {
                entry.time = context.now;
            }
        }))
    }
}
