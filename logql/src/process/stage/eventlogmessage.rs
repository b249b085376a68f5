//! `stage.eventlogmessage`: values of the message of a Windows event.

use super::{Run, StageSetupError, each, label_names};

/// Extracts values of a text whose lines are `key: value`.
#[derive(Clone, Debug)]
pub struct EventLogMessage {
    /// The extracted value that is read.
    pub source: String,
    /// Whether keys that are no label names are left out; else what cannot stand in one is `_`.
    pub drop_invalid_labels: bool,
    /// Whether values that are there already are replaced; else the key gets `_extracted`.
    pub overwrite_existing: bool,
}

impl Default for EventLogMessage {
    fn default() -> Self {
        let source = "message".to_owned();
        EventLogMessage { source, drop_invalid_labels: false, overwrite_existing: false }
    }
}

impl EventLogMessage {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        const STAGE: &str = "eventlogmessage";
        label_names(STAGE, [self.source.as_str()])?;
        let stage = self.clone();
        Ok(each(move |entry, _| {
            let Some(text) = entry.get(&stage.source).map(|text| text.into_owned()) else { return };
            for line in text.split("\r\n") {
                let Some((key, value)) = line.split_once(':') else { continue };
                let is_name = label_names(STAGE, [key]).is_ok();
                if !is_name && stage.drop_invalid_labels {
                    continue;
                }
                let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                let mut key: String = key.chars().map(word).collect();
                if key.starts_with(|first: char| first.is_ascii_digit()) {
                    key.insert(0, '_');
                }
                if entry.extracted.contains_key(&key) && !stage.overwrite_existing {
                    key.push_str("_extracted");
                }
                entry.extract(&key, value.trim());
            }
        }))
    }
}
